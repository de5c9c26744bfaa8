// Rows of documents, see `archive_layout.hpp`. After the hash:
//   kind (1) | sub_type | links | fields of a raw record | BSON of data | BSON of all other fields, if there
//   are any
// A text is its length and its bytes. Links are their number and, by id, (distance from the last id) * 2 +
// direct.
#include <algorithm>

#include "tahoe/bson.hpp"
#include "tahoe/store/archive_layout.hpp"
#include "tahoe/store/archive_rules.hpp"

namespace cybexd::store::archive_layout {

namespace {

auto damaged(std::string_view what) {
  return fail(failure::corrupt, "archive: " + std::string(what) + " cannot be read");
}

void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}

bool get_text(std::string_view& in, std::string_view& text) {
  std::uint64_t size = 0;
  if (!get_varint(in, size) || size > in.size()) return false;
  text = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

bool get_text(std::string_view& in, std::string& text) {
  std::string_view found;
  if (!get_text(in, found)) return false;
  text = found;
  return true;
}

void put_texts(std::string& out, const std::vector<std::string>& texts) {
  put_varint(out, texts.size());
  for (const auto& text : texts) put_text(out, text);
}

bool get_texts(std::string_view& in, std::vector<std::string>& texts) {
  std::uint64_t size = 0;
  if (!get_varint(in, size) || size > in.size()) return false;
  for (; size > 0; --size) {
    texts.emplace_back();
    if (!get_text(in, texts.back())) return false;
  }
  return true;
}

void put_links(std::string& out, const std::vector<link>& links) {
  put_varint(out, links.size());
  local_id last = 0;
  for (const auto& l : links) {
    put_varint(out, (l.id - last) << 1 | (l.direct ? 1 : 0));
    last = l.id;
  }
}

bool get_links(std::string_view& in, std::vector<link>& links) {
  std::uint64_t size = 0, n = 0;
  if (!get_varint(in, size) || size > in.size()) return false;
  links.reserve(size);
  local_id last = 0;
  for (; size > 0; --size) {
    if (!get_varint(in, n)) return false;
    last += n >> 1;
    links.push_back({last, (n & 1) != 0});
  }
  return true;
}

void put_raw(std::string& out, const document& d, std::uint64_t org,
             const std::vector<submission_row>& submissions) {
  put_varint(out, org);
  put_text(out, d.timezone);
  put_texts(out, d.filters);
  out.push_back(d.valid ? (*d.valid ? 1 : 2) : 0);
  put_text(out, d.reason);
  put_varint(out, submissions.size());
  for (const auto& s : submissions) {
    put_varint(out, s.org);
    put_text(out, s.timezone);
    put_texts(out, s.filters);
  }
}

bool get_raw(std::string_view& in, document_row& row) {
  auto& d = row.bare;
  if (!get_varint(in, row.org) || !get_text(in, d.timezone) || !get_texts(in, d.filters) || in.empty())
    return false;
  const auto valid = in.front();
  in.remove_prefix(1);
  if (valid != 0) d.valid = valid == 1;
  std::uint64_t size = 0;
  if (!get_text(in, d.reason) || !get_varint(in, size) || size > in.size()) return false;
  for (; size > 0; --size) {
    auto& s = row.submissions.emplace_back();
    if (!get_varint(in, s.org) || !get_text(in, s.timezone) || !get_texts(in, s.filters)) return false;
  }
  return true;
}

constexpr std::uint8_t wrapped = 0x80;  // data is no object, so it is the one member of one

}  // namespace

expected<std::string> encode_document(const document& d, const tahoe::value& data,
                                      const std::vector<link>& links, std::uint64_t org,
                                      const std::vector<submission_row>& submissions) {
  const bool scalar = data.get_if<tahoe::object>() == nullptr;
  auto body = scalar ? tahoe::to_bson(tahoe::object{{"", data}}) : tahoe::to_bson(data);
  if (!body) return fail(body.error());
  std::string out(d.hash.view());
  out.push_back(static_cast<char>(static_cast<std::uint8_t>(d.kind) | (scalar ? wrapped : 0)));
  put_text(out, d.sub_type);
  if (d.kind != tahoe::itype::attribute && d.kind != tahoe::itype::event) put_links(out, links);
  if (d.kind == tahoe::itype::raw) put_raw(out, d, org, submissions);
  put_text(out, *body);
  if (!d.extra.empty()) {
    auto more = tahoe::to_bson(d.extra);
    if (!more) return fail(more.error());
    put_text(out, *more);
  }
  return out;
}

expected<document_head> peek_document(std::string_view bytes) {
  document_head head;
  if (bytes.size() < head.hash.bytes.size()) return damaged("a document row");
  std::copy_n(bytes.begin(), head.hash.bytes.size(), head.hash.bytes.begin());
  bytes.remove_prefix(head.hash.bytes.size());
  if (bytes.empty()) return head;
  const auto kind = static_cast<std::uint8_t>(bytes.front()) & ~wrapped;
  if (kind < 1 || kind > 6) return damaged("a document row");
  head.kind = static_cast<tahoe::itype>(kind);
  return head;
}

expected<document_row> decode_document(std::string_view bytes) {
  const auto head = peek_document(bytes);
  if (!head) return fail(head.error());
  expected<document_row> row;
  row->hash = head->hash;
  row->kind = head->kind;
  if (!row->kind) return row;
  const auto name = "document " + crypto::to_hex(row->hash);
  const bool scalar = (static_cast<std::uint8_t>(bytes[row->hash.bytes.size()]) & wrapped) != 0;
  bytes.remove_prefix(row->hash.bytes.size() + 1);
  auto& d = row->bare;
  d.kind = *row->kind;
  d.hash = row->hash;
  std::string_view data;
  const bool linked = d.kind != tahoe::itype::attribute && d.kind != tahoe::itype::event;
  if (!get_text(bytes, d.sub_type) || (linked && !get_links(bytes, row->links)) ||
      (d.kind == tahoe::itype::raw && !get_raw(bytes, *row)) || !get_text(bytes, data)) {
    return damaged(name);
  }
  auto stored = tahoe::from_bson(data);
  if (!stored) return fail(stored.error());
  if (scalar) {
    auto* inner = stored->find("");
    if (!inner) return damaged(name);
    d.data = std::move(*inner);
  } else {
    d.data = std::move(*stored);
  }
  if (bytes.empty()) return row;
  std::string_view more;
  if (!get_text(bytes, more)) return damaged(name);
  auto rare = tahoe::from_bson(more);
  if (!rare) return fail(rare.error());
  if (auto* members = rare->get_if<tahoe::object>()) d.extra = std::move(*members);
  return row;
}

expected<std::string> encode_times(const document& session) {
  tahoe::object times;
  if (session.start_time) times.emplace_back("s", *session.start_time);
  if (session.end_time) times.emplace_back("e", *session.end_time);
  if (session.duration) times.emplace_back("d", *session.duration);
  if (const auto* own = archive_rules::own_times_of(session)) times.emplace_back("o", *own);
  return tahoe::to_bson(times);
}

expected<void> decode_times(std::string_view bytes, document& session) {
  auto times = tahoe::from_bson(bytes);
  if (!times) return fail(times.error());
  if (const auto* v = times->find("s")) session.start_time = *v;
  if (const auto* v = times->find("e")) session.end_time = *v;
  if (const auto* v = times->find("d")) session.duration = *v;
  if (const auto* v = times->find("o")) archive_rules::set_own_times(session, *v);
  archive_rules::forget_null_times(session);  // earlier versions kept what a record gave
  return {};
}

}  // namespace cybexd::store::archive_layout
