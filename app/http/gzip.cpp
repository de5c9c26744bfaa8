#include "app/http/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <memory>

namespace cybexd::app::http {

namespace {

constexpr std::size_t first_room = 256u << 10;
constexpr int gzip_only = 15 + 16;  // the largest window, gzip header required

struct stream_end {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

tl::unexpected<error> damaged() {
  return fail(failure::bad_input, "The body is damaged: it is announced as gzip and does not unpack.");
}

tl::unexpected<error> too_much(std::size_t limit) {
  return fail(failure::too_large,
              "The unpacked body is larger than the " + std::to_string(limit) + " bytes allowed.");
}

/// More room at the end of `out`, within limit and budget. One byte beyond the limit tells a text that has
/// just the allowed size (and is followed by gzip's trailer) from one that is too large.
expected<void> grow(std::string& out, std::size_t limit, std::size_t covered, share& bytes) {
  if (out.size() > limit) return too_much(limit);
  const auto room = std::min(limit + 1, std::max(first_room, out.size() * 2));
  if (!bytes.grow_to(covered + room)) return fail(failure::overloaded, "too many bytes in flight");
  out.resize(room);
  return {};
}

}  // namespace

expected<std::string> gunzip(std::string_view packed, std::size_t limit, share& bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, gzip_only) != Z_OK) return fail(failure::overloaded, "no memory to unpack");
  const std::unique_ptr<z_stream, stream_end> guard(&stream);

  const auto covered = static_cast<std::size_t>(bytes.amount());
  std::string out;
  std::size_t used = 0;
  std::size_t taken = 0;  // zlib counts in 32 bits: both sides go in pieces
  for (;;) {
    if (used == out.size()) {
      if (auto grown = grow(out, limit, covered, bytes); !grown) return fail(grown.error());
    }
    const auto piece = std::min<std::size_t>(packed.size() - taken, 1u << 20);
    const auto room = std::min<std::size_t>(out.size() - used, 1u << 20);
    stream.next_in =
        reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + taken));  // zlib does not write there
    stream.avail_in = static_cast<uInt>(piece);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream.avail_out = static_cast<uInt>(room);
    const int status = inflate(&stream, Z_NO_FLUSH);
    const auto read = piece - stream.avail_in;
    const auto written = room - stream.avail_out;
    taken += read;
    used += written;
    if (status == Z_STREAM_END) {
      if (taken == packed.size()) break;
      if (inflateReset(&stream) != Z_OK) return damaged();
    } else if (status != Z_OK || (read == 0 && written == 0)) {
      return damaged();
    }
  }
  if (used > limit) return too_much(limit);
  out.resize(used);
  return out;
}

}  // namespace cybexd::app::http
