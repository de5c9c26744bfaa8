// Forms, valid and not, and a hundred thousand damaged ones.
#include <boost/test/unit_test.hpp>
#include <random>

#include "app/http/multipart.hpp"
#include "tests/fixtures/http_bodies.hpp"

namespace http = cybexd::app::http;
using namespace cybexd::tests;

namespace {

/// name=content of each part, or the error's text.
std::string read_form(const std::string& body, http::multipart_limits limits = {}) {
  const auto parts = http::read_multipart("B", body, limits);
  if (!parts) return parts.error().text;
  std::string all;
  for (const auto& p : *parts) all += "[" + p.name + "=" + body.substr(p.offset, p.size) + "]";
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_multipart)

BOOST_AUTO_TEST_CASE(multipart_valid) {
  BOOST_TEST(read_form(part("a", "1") + part("b", "") + "--B--\r\n") == "[a=1][b=]");
  BOOST_TEST(read_form(part("a", "1") + "--B--") == "[a=1]");
  BOOST_TEST(read_form("\r\n" + part("a", "1") + "--B--") == "[a=1]");
  BOOST_TEST(read_form(part("a", "x\r\ny\r\n\r\n--C\r\n--b") + "--B--") == "[a=x\r\ny\r\n\r\n--C\r\n--b]");
  BOOST_TEST(read_form(part("a", std::string("\0\xff", 2)) + "--B--") == std::string("[a=\0\xff]", 6));
  BOOST_TEST(read_form("--B \t\r\ncontent-disposition:form-data;name=a\r\nX-Y: z\r\n\r\n1\r\n--B--  \r\n") ==
             "[a=1]");
  BOOST_TEST(read_form(part("a\\\"b", "1") + "--B--") == "[a\"b=1]");
  BOOST_TEST(read_form("--B--\r\n") == "");
  const auto parts = http::read_multipart("B", part("f", "1", "; filename=\"C:\\\\x;y.json\"") + "--B--");
  BOOST_REQUIRE(parts);
  BOOST_TEST(parts->front().filename.value() == "C:\\x;y.json");
}

BOOST_AUTO_TEST_CASE(multipart_invalid) {
  const std::vector<std::string> wrong{
      "",
      "B",
      "--B",
      "--B\r\n",
      part("a", "1"),
      "preamble\r\n" + part("a", "1") + "--B--",
      part("a", "1") + "--B--\r\nepilogue",
      part("a", "1") + "--B--" + part("b", "2"),
      part("a", "1") + "--Bx--\r\n",
      "--Bx\r\n\r\n",
      "--B\r\nno colon\r\n\r\n1\r\n--B--",
      "--B\r\n\r\n1\r\n--B--",
      "--B\r\nContent-Disposition: form-data\r\n\r\n1\r\n--B--",
      "--B\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--B--",
      "--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--B--",
      "--B\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n1\r\n--B--",
      "--B\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n1\r\n--B--",
      "--B\r\nContent-Disposition: form-data; name=\"a\"b\r\n\r\n1\r\n--B--",
      "--B\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\n1\r\n--B--",
      "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; "
      "name=b\r\n\r\n1\r\n--B--",
      "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: "
      "base64\r\n\r\nMQ==\r\n--B--",
      "--B\nContent-Disposition: form-data; name=a\n\n1\n--B--"};
  for (const auto& body : wrong) {
    BOOST_TEST(!http::read_multipart("B", body), "accepted: " << body);
  }
  std::string many;
  for (int i = 0; i < 33; ++i) many += part("a", "1");
  BOOST_TEST(!http::read_multipart("B", many + "--B--"));
  BOOST_TEST(!http::read_multipart("B", part("a", "1", "\r\nX: " + std::string(9'000, 'x')) + "--B--"));
}

BOOST_AUTO_TEST_CASE(multipart_boundaries) {
  BOOST_TEST(http::boundary_of("multipart/form-data; boundary=abc").value() == "abc");
  BOOST_TEST(http::boundary_of("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"").value() == "a b");
  for (const std::string wrong :
       {"", "multipart/form-data", "multipart/form-data; boundary=", "text/plain; boundary=a",
        "multipart/form-data; boundary=\"a", "multipart/form-data; boundary=a; boundary=b",
        "multipart/mixed; boundary=a", "multipart/form-data; boundary=\x01"})
    BOOST_TEST(!http::boundary_of(wrong), wrong);
  BOOST_TEST(!http::boundary_of("multipart/form-data; boundary=" + std::string(71, 'a')));
}

BOOST_AUTO_TEST_CASE(multipart_mutations_stay_within_the_body) {
  const unsigned seed = 20180506;
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const std::string good = whole_form + "--B--\r\n";
  std::size_t accepted = 0;
  for (int round = 0; round < 100'000; ++round) {
    auto body = good;
    for (auto changes = random() % 4 + 1; changes > 0; --changes) {
      if (body.empty()) break;
      const auto at = random() % body.size();
      switch (random() % 4) {
        case 0:
          body[at] = static_cast<char>(random());
          break;
        case 1:
          body.erase(at, random() % 20 + 1);
          break;
        case 2:
          body.insert(at, good.substr(random() % good.size(), random() % 20));
          break;
        default:
          body.resize(at + 1);
          break;
      }
    }
    const auto parts = http::read_multipart("B", body);
    if (!parts) continue;
    ++accepted;
    for (const auto& p : *parts) BOOST_REQUIRE(p.offset <= body.size() && p.size <= body.size() - p.offset);
  }
  BOOST_TEST(accepted > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
