#include "tahoe/store/archive_layout.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace cybexd::store::archive_layout {

namespace {

constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;

auto damaged(std::string_view what) {
  return fail(failure::corrupt, "archive: " + std::string(what) + " cannot be read");
}

}  // namespace

void put_varint(std::string& out, std::uint64_t n) {
  for (; n >= 0x80; n >>= 7) out.push_back(static_cast<char>(n | 0x80));
  out.push_back(static_cast<char>(n));
}

bool get_varint(std::string_view& in, std::uint64_t& n) {
  n = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    n |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

void put_number(std::string& out, std::uint64_t n) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(n >> shift));
}

std::uint64_t number_at(std::string_view bytes, std::size_t offset) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < 8; ++i) n = n << 8 | static_cast<std::uint8_t>(bytes[offset + i]);
  return n;
}

std::string number_key(std::uint64_t n) {
  std::string key;
  put_number(key, n);
  return key;
}

std::string tagged_key(char tag, std::uint64_t n) {
  std::string key(1, tag);
  put_number(key, n);
  return key;
}

std::uint64_t time_key(double timestamp) {
  const auto bits = std::bit_cast<std::uint64_t>(timestamp == 0 ? 0.0 : timestamp);
  return bits & sign_bit ? bits : ~(bits | sign_bit);
}

double time_of(std::uint64_t key) { return std::bit_cast<double>(key & sign_bit ? key : ~key & ~sign_bit); }

position::position(double timestamp, const hash256& hash) {
  auto key = time_key(timestamp);
  for (std::size_t i = 8; i-- > 0; key >>= 8) bytes[i] = static_cast<std::uint8_t>(key);
  std::copy_n(hash.bytes.begin(), size - 8, bytes.begin() + 8);
}

std::pair<position, position> positions_between(double from, double to) {
  hash256 first, last;
  last.bytes.fill(0xff);
  return {position(to, first), position(from, last)};
}

position position_at(std::string_view key, std::size_t offset) {
  position p;
  std::copy_n(key.begin() + static_cast<std::ptrdiff_t>(offset), position::size, p.bytes.begin());
  return p;
}

std::string posting_key(local_id attribute, const position& at, local_id event) {
  std::string key;
  key.reserve(posting_key_size);
  put_number(key, attribute);
  key.append(at.view());
  put_number(key, event);
  return key;
}

std::string encode_event(const event_row& row) {
  std::string out;
  put_number(out, std::bit_cast<std::uint64_t>(row.timestamp));
  put_varint(out, row.org);
  out.push_back(static_cast<char>(row.category));
  local_id last = 0;
  for (const auto& part : row.parts) {
    const auto flags =
        std::uint64_t{part.direct} | std::uint64_t{part.attribute} << 1 | std::uint64_t{part.context} << 2;
    put_varint(out, (part.id - last) << 4 | flags);
    last = part.id;
  }
  return out;
}

expected<event_row> decode_event(std::string_view bytes) {
  event_row row;
  if (auto decoded = decode_event(bytes, row); !decoded) return fail(decoded.error());
  return row;
}

expected<void> decode_event(std::string_view bytes, event_row& row) {
  row.parts.clear();
  if (bytes.size() < 10) return damaged("an event row");
  row.timestamp = std::bit_cast<double>(number_at(bytes));
  bytes.remove_prefix(8);
  if (!get_varint(bytes, row.org) || bytes.empty() || bytes.front() > 2) return damaged("an event row");
  row.category = static_cast<tahoe::category>(bytes.front());
  bytes.remove_prefix(1);
  local_id last = 0;
  while (!bytes.empty()) {
    std::uint64_t n = 0;
    if (!get_varint(bytes, n)) return damaged("an event row");
    last += n >> 4;
    row.parts.push_back({last, (n & 1) != 0, (n & 2) != 0, static_cast<std::uint8_t>(n >> 2 & 3)});
  }
  return {};
}

std::uint64_t bucket::total() const {
  std::uint64_t sum = 0;
  for (const auto& c : counts) sum += c.count;
  return sum;
}

std::string node_key(local_id attribute, std::size_t depth, const position& prefix) {
  std::string key;
  put_number(key, attribute);
  key.push_back(static_cast<char>(depth));
  key.append(prefix.view().substr(0, depth / 2));
  if (depth % 2 == 1) key.push_back(static_cast<char>(prefix.bytes[depth / 2] & 0xf0));
  return key;
}

std::string encode_node(const bucket_node& node) {
  std::string out;
  for (const auto& b : node.buckets) {
    out.push_back(static_cast<char>(b.digit << 1 | (b.split ? 1 : 0)));
    put_varint(out, b.counts.size());
    for (const auto& c : b.counts) {
      put_varint(out, c.packed);
      put_varint(out, c.count);
    }
  }
  return out;
}

expected<bucket_node> decode_node(std::string_view bytes) {
  bucket_node node;
  while (!bytes.empty()) {
    bucket b;
    const auto head = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    b.digit = head >> 1;
    b.split = head & 1;
    std::uint64_t classes = 0;
    if (b.digit > 15 || !get_varint(bytes, classes) || classes > bytes.size()) return damaged("a bucket");
    for (; classes > 0; --classes) {
      class_count c;
      if (!get_varint(bytes, c.packed) || !get_varint(bytes, c.count)) return damaged("a bucket");
      b.counts.push_back(c);
    }
    node.buckets.push_back(std::move(b));
  }
  return node;
}

std::string encode_counters(const counters& c) {
  std::string out;
  put_varint(out, c.next_id);
  put_varint(out, c.unfiltered);
  put_varint(out, c.edits);
  return out;
}

expected<counters> decode_counters(std::string_view bytes) {
  counters c;
  if (!get_varint(bytes, c.next_id) || !get_varint(bytes, c.unfiltered) || c.next_id == 0)
    return damaged("the counters");
  if (!bytes.empty() && !get_varint(bytes, c.edits)) return damaged("the counters");
  return c;
}

}  // namespace cybexd::store::archive_layout
