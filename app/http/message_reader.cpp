// The one file that compiles Boost.Beast's HTTP parser.
#include "app/http/message_reader.hpp"

#include <algorithm>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <limits>
#include <string_view>

namespace cybexd::app::http {

namespace {

namespace beast = boost::beast;
namespace bhttp = beast::http;
using code = beast::error_code;

constexpr std::size_t first_room = 4'096;
constexpr std::size_t body_room = 64u << 10;

/// A body in a string that grows as bytes come: an announced length alone takes no memory.
struct growing_body {
  using value_type = std::string;

  class reader {
   public:
    template <bool is_request, class Fields>
    reader(bhttp::header<is_request, Fields>&, value_type& body) : body_(body) {}

    void init(const boost::optional<std::uint64_t>& length, code& ec) {
      announced_ = static_cast<std::size_t>(length.value_or(0));
      ec = {};
    }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, code& ec) {
      const beast::net::const_buffer piece = *beast::net::buffer_sequence_begin(buffers);
      const auto size = body_.size() + piece.size();
      if (size > body_.capacity()) {
        // By a quarter: what is taken beyond the bytes that came is nowhere counted.
        const auto grown = std::max(size, body_.capacity() + body_.capacity() / 4);
        body_.reserve(announced_ >= size ? std::min(announced_, grown) : grown);
      }
      body_.append(static_cast<const char*>(piece.data()), piece.size());
      ec = {};
      return piece.size();
    }
    void finish(code& ec) { ec = {}; }

   private:
    value_type& body_;
    std::size_t announced_ = 0;
  };
};

using parser = bhttp::request_parser<growing_body>;

std::string text_of(beast::string_view text) { return {text.data(), text.size()}; }

/// How many fields have this name; the last one's value goes to `last`.
std::size_t count_of(const parser::value_type& message, bhttp::field name, std::string& last) {
  std::size_t count = 0;
  const auto [begin, end] = message.equal_range(name);
  for (auto at = begin; at != end; ++at, ++count) last = text_of(at->value());
  return count;
}

}  // namespace

struct message_reader::parts {
  beast::flat_buffer buffer;
  std::optional<parser> message;
  std::size_t header_limit = 0;
  response problem;

  [[nodiscard]] std::string_view seen() const {
    const auto data = buffer.data();
    return {static_cast<const char*>(data.data()), data.size()};
  }

  step give_up(response answer) {
    problem = std::move(answer);
    return step::failed;
  }

  step failed(const code& ec) {
    if (ec == bhttp::error::body_limit)
      return give_up(message_of(413, "The body is larger than allowed here."));
    if (ec == bhttp::error::header_limit) return header_too_large();
    return give_up(message_of(400, "This is not a valid HTTP request: " + ec.message() + "."));
  }
  step header_too_large() {
    const bool line_came = !message->get().target().empty() || seen().find('\n') != std::string_view::npos;
    return give_up(line_came ? message_of(431, "The header is too large.")
                             : message_of(414, "The URL is too long."));
  }
  static response message_of(unsigned status, const std::string& text) { return http::message(status, text); }

  /// Feeds what is in the buffer until the parser wants more, is done, or fails.
  template <class Done>
  step feed(Done done) {
    while (!done()) {
      if (buffer.size() == 0) return step::needs_more;
      code ec;
      const auto used = message->put(buffer.data(), ec);
      buffer.consume(used);
      if (ec == bhttp::error::need_more) {
        if (buffer.size() >= header_limit + body_room)
          return give_up(message_of(400, "A chunk's head is too long."));
        return step::needs_more;
      }
      if (ec) return failed(ec);
    }
    return step::done;
  }
};

message_reader::message_reader() : parts_(std::make_unique<parts>()) {}
message_reader::~message_reader() = default;

void message_reader::begin(std::size_t header_limit) {
  auto& p = *parts_;
  p.header_limit = header_limit;
  p.message.emplace();
  p.message->header_limit(static_cast<std::uint32_t>(header_limit));
  // The route's limit is set when the route is known. Not boost::none: 1.74 takes that for a limit of
  // nothing.
  p.message->body_limit(std::numeric_limits<std::uint64_t>::max());
  if (p.buffer.size() == 0 && p.buffer.capacity() > first_room) p.buffer.shrink_to_fit();
}

bool message_reader::has_bytes() const { return parts_->buffer.size() > 0; }

std::span<char> message_reader::room() {
  auto& p = *parts_;
  const bool in_body = p.message && p.message->is_header_done() && !p.message->is_done();
  auto wanted = first_room;
  if (in_body) {
    const auto left = p.message->content_length_remaining();
    wanted = std::max(first_room,
                      static_cast<std::size_t>(std::min<std::uint64_t>(left.value_or(body_room), body_room)));
  }
  const auto space = p.buffer.prepare(wanted);
  return {static_cast<char*>(space.data()), space.size()};
}

void message_reader::came(std::size_t size) { parts_->buffer.commit(size); }

message_reader::step message_reader::read_head() {
  auto& p = *parts_;
  const auto result = p.feed([&p] { return p.message->is_header_done(); });
  if (result == step::needs_more && p.buffer.size() >= p.header_limit) return p.header_too_large();
  return result;
}

request_head message_reader::head() const {
  const auto& message = parts_->message->get();
  request_head head;
  std::string ignored;
  head.method = text_of(message.method_string());
  head.target = text_of(message.target());
  head.version = message.version();
  head.keep_alive = message.keep_alive();
  head.chunked = parts_->message->chunked();
  head.hosts = count_of(message, bhttp::field::host, ignored);
  head.lengths = count_of(message, bhttp::field::content_length, head.length_text);
  head.codings = count_of(message, bhttp::field::transfer_encoding, head.transfer_encoding);
  head.authorizations = count_of(message, bhttp::field::authorization, head.authorization);
  count_of(message, bhttp::field::expect, head.expect);
  count_of(message, bhttp::field::content_type, head.content_type);
  count_of(message, bhttp::field::content_encoding, head.content_encoding);
  if (const auto length = parts_->message->content_length()) head.content_length = *length;
  return head;
}

void message_reader::begin_body(std::uint64_t limit) {
  parts_->message->body_limit(limit);
  parts_->message->eager(true);
}

message_reader::step message_reader::read_body() {
  auto& p = *parts_;
  return p.feed([&p] { return p.message->is_done(); });
}

bool message_reader::complete() const { return parts_->message && parts_->message->is_done(); }
std::size_t message_reader::body_size() const { return parts_->message->get().body().size(); }
std::string message_reader::take_body() { return std::move(parts_->message->get().body()); }
const response& message_reader::problem() const { return parts_->problem; }
response message_reader::cut_short() { return message(400, "The request ends in the middle."); }
response message_reader::too_slow() { return message(408, "The request did not come in time."); }

}  // namespace cybexd::app::http
