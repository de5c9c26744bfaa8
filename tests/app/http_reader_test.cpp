// The reader of requests gives the same whatever the pieces in which the bytes come, for good and for damaged
// ones.
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <functional>
#include <random>

#include "app/http/message_reader.hpp"

namespace http = cybexd::app::http;
using step = http::message_reader::step;

namespace {

constexpr std::size_t body_limit = 500;

void give(http::message_reader& reader, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto room = reader.room();
    const auto size = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), size);
    reader.came(size);
    bytes.remove_prefix(size);
  }
}

/// Everything that was read of a stream, as text: requests with their bodies, and how it ended.
std::string read_all(std::string_view stream, const std::function<std::size_t()>& piece) {
  http::message_reader reader;
  std::string told;
  for (int requests = 0; requests < 10; ++requests) {
    reader.begin(8'192);
    bool in_body = false;
    for (;;) {
      const auto now = in_body ? reader.read_body() : reader.read_head();
      if (now == step::failed) return told + "failed " + std::to_string(reader.problem().status);
      if (now == step::needs_more) {
        if (stream.empty()) return told + (in_body ? "body cut" : "head cut");
        const auto size = std::min(stream.size(), std::max<std::size_t>(1, piece()));
        give(reader, stream.substr(0, size));
        stream.remove_prefix(size);
        continue;
      }
      if (in_body) break;
      const auto head = reader.head();
      told += head.method + " " + head.target + " " + std::to_string(head.lengths) + head.authorization + " ";
      // As the conversation does: what is ambiguous or too large ends it.
      if (http::problem_of(head, {}) || head.content_length.value_or(0) > body_limit) return told + "refused";
      reader.begin_body(body_limit);
      in_body = true;
    }
    told += "[" + reader.take_body() + "] ";
  }
  return told;
}

/// A head that is cut may be refused for what came of it, or wait for the rest: both are right, and which one
/// it is depends on the pieces.
std::string without_cut_heads(std::string told) {
  if (told.ends_with("head cut")) told.replace(told.size() - 8, 8, "failed 400");
  return told;
}

const std::string good =
    "POST /raw?x=1 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer t\r\nContent-Length: 5\r\n\r\nhello"
    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: "
    "t\r\n\r\n"
    "GET /ping HTTP/1.1\r\nHost: h\r\n\r\n"
    "POST /e HTTP/1.0\r\nContent-Length: 0\r\n\r\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(http_reader)

BOOST_AUTO_TEST_CASE(pieces_do_not_matter) {
  const auto whole = read_all(good, [] { return good.size(); });
  BOOST_TEST(whole ==
             "POST /raw?x=1 1Bearer t [hello] POST /c 0 [abcde] GET /ping 0 [] POST /e 1 [] head cut");
  for (std::size_t size = 1; size < 40; ++size) BOOST_TEST(read_all(good, [size] { return size; }) == whole);
}

BOOST_AUTO_TEST_CASE(a_body_beyond_the_limit_fails) {
  const std::string head = "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string chunks;
  for (int i = 0; i < 6; ++i) chunks += "64\r\n" + std::string(100, 'x') + "\r\n";
  BOOST_TEST(read_all(head + chunks, [] { return std::size_t{7}; }) == "POST /c 0 failed 413");
  BOOST_TEST(read_all(head + "3e8\r\n", [] { return std::size_t{7}; }) == "POST /c 0 failed 413");
  BOOST_TEST(read_all(head + "ffffffffffffffffff\r\n", [] { return std::size_t{7}; }) ==
             "POST /c 0 failed 400");
}

BOOST_AUTO_TEST_CASE(damaged_streams_end_the_same_whatever_the_pieces) {
  const unsigned seed = 411;
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    auto stream = good;
    for (auto changes = random() % 3 + 1; changes > 0 && !stream.empty(); --changes) {
      const auto at = random() % stream.size();
      switch (random() % 4) {
        case 0:
          stream[at] = static_cast<char>(random());
          break;
        case 1:
          stream.erase(at, random() % 10 + 1);
          break;
        case 2:
          stream.insert(at, good.substr(random() % good.size(), random() % 40));
          break;
        default:
          stream.resize(at);
          break;
      }
    }
    const auto whole = without_cut_heads(read_all(stream, [] { return std::size_t{100'000}; }));
    BOOST_TEST_REQUIRE(without_cut_heads(read_all(stream, [] { return std::size_t{1}; })) == whole, stream);
    BOOST_TEST_REQUIRE(without_cut_heads(read_all(stream, [&random] { return random() % 50; })) == whole,
                       stream);
  }
}

BOOST_AUTO_TEST_SUITE_END()
