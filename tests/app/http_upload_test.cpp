// Uploads as forms and as lines, packed or not.
#include <boost/test/unit_test.hpp>
#include <memory>

#include "app/http/gzip.hpp"
#include "app/http/upload.hpp"
#include "tests/fixtures/http_bodies.hpp"

namespace http = cybexd::app::http;
using cybexd::failure;
using namespace cybexd::tests;

namespace {

http::request form_request(const std::string& parts) {
  http::request r;
  r.content_type = "multipart/form-data; boundary=B";
  r.body = parts + "--B--\r\n";
  return r;
}

/// The error's text of an upload, or empty.
std::string problem_of(http::request r, http::upload_limits limits = {}) {
  const auto read = http::read_upload(r, limits);
  return read ? "" : read.error().text;
}

http::request lines_request(std::string body) {
  http::request r;
  r.content_type = "application/x-ndjson";
  r.parameters = {{"orgid", "o"}, {"typetag", "cowrie"}};
  r.body = std::move(body);
  return r;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_upload)

BOOST_AUTO_TEST_CASE(gzip_valid) {
  const auto budget = std::make_shared<http::budget>(10u << 20);
  for (const std::size_t size : {0u, 1u, 1'000u, 262'144u, 262'145u, 2'000'000u}) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; i += 7) text[i] = static_cast<char>(i * 31);
    http::share bytes(budget);
    const auto out = http::gunzip(packed(text), 2'000'000, bytes);
    BOOST_REQUIRE(out);
    BOOST_TEST((*out == text));
  }
  http::share bytes(budget);
  BOOST_TEST(http::gunzip(packed("ab") + packed("") + packed("cd"), 4, bytes).value() == "abcd");
  bytes.release();
  BOOST_TEST(budget->used() == 0u);
}

BOOST_AUTO_TEST_CASE(gzip_invalid) {
  const auto budget = std::make_shared<http::budget>(1u << 20);
  const auto kind = [&](const std::string& text, std::size_t limit) {
    http::share bytes(budget);
    const auto out = http::gunzip(text, limit, bytes);
    return out ? failure::internal : out.error().kind;
  };
  const auto good = packed(std::string(5'000, 'x'));
  for (std::size_t size = 0; size < good.size(); ++size)
    BOOST_TEST((kind(good.substr(0, size), 10'000) == failure::bad_input), size);
  BOOST_TEST((kind(good + "x", 10'000) == failure::bad_input));
  BOOST_TEST((kind("not gzip at all", 10'000) == failure::bad_input));
  auto damaged = good;
  damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 1);
  BOOST_TEST((kind(damaged, 10'000) == failure::bad_input));
  BOOST_TEST((kind(good, 4'999) == failure::too_large));
  const auto bomb = packed(std::string(50'000'000, '\0'));
  BOOST_TEST((kind(bomb, 1'000'000) == failure::too_large));
  BOOST_TEST((kind(bomb, 100'000'000) == failure::overloaded));  // the budget has 1 MiB
  BOOST_TEST(budget->used() == 0u);
}

BOOST_AUTO_TEST_CASE(form_uploads_valid) {
  auto r = form_request(whole_form);
  r.token = "t";
  const auto read = http::read_upload(r, {});
  BOOST_REQUIRE(read);
  BOOST_TEST(read->text == "{\"a\": 1}");
  BOOST_TEST(read->name == "n");
  BOOST_TEST(read->org == "o");
  BOOST_TEST(read->typetag == "cowrie");
  BOOST_TEST(read->timezone == "US/Pacific");
  BOOST_TEST(read->token == "t");
  BOOST_TEST(!read->ndjson);
  auto bytes = form_request(part("file", std::string("\xff\0", 2)) + part("name", "n") + part("orgid", "o") +
                            part("typetag", "t"));
  const auto odd = http::read_upload(bytes, {});
  BOOST_REQUIRE(odd);
  BOOST_TEST(odd->text == std::string("\xff\0", 2));
  BOOST_TEST(odd->timezone == "UTC");
}

BOOST_AUTO_TEST_CASE(form_uploads_invalid_name_the_field) {
  const std::vector<std::pair<std::string, std::string>> parts{{"file", part("file", "x")},
                                                               {"name", part("name", "n")},
                                                               {"orgid", part("orgid", "o")},
                                                               {"typetag", part("typetag", "t")}};
  for (const auto& [missing, unused] : parts) {
    std::string body, twice;
    for (const auto& [name, text] : parts) {
      if (name != missing) body += text;
      twice += name == missing ? text + text : text;
    }
    BOOST_TEST(problem_of(form_request(body)).starts_with(missing + ": is missing"), missing);
    BOOST_TEST(problem_of(form_request(twice)).starts_with(missing + ": is there more than once"), missing);
  }
  BOOST_TEST(problem_of(form_request(whole_form + part("colour", "x"))).find("colour") != std::string::npos);
  const auto with = [&](const std::string& field, const std::string& text) {
    std::string body;
    for (const auto& [name, whole] : parts) body += name == field ? "" : whole;
    return problem_of(form_request(body + part(field, text)));
  };
  BOOST_TEST(with("orgid", "").starts_with("orgid: is empty"));
  BOOST_TEST(with("typetag", "").starts_with("typetag: is empty"));
  BOOST_TEST(with("typetag", "\xff").starts_with("typetag: is not UTF-8"));
  BOOST_TEST(with("name", std::string(1, '\0')).starts_with("name: holds"));
  BOOST_TEST(with("name", std::string(5'000, 'x')).starts_with("name: is longer"));
  for (const std::string zone : {"", "Mars/Base", "UTC ", "../../etc/passwd", "utc+3"})
    BOOST_TEST(with("timezone", zone).starts_with("timezone: "), zone);
  auto other = form_request(whole_form);
  other.content_type = "application/json";
  BOOST_TEST(problem_of(std::move(other)).starts_with("Content-Type: "));
}

BOOST_AUTO_TEST_CASE(line_uploads) {
  auto r = lines_request("{}\n\n \t\r\n1\r\nnot JSON");
  const auto read = http::read_upload(r, {});
  BOOST_REQUIRE(read);
  BOOST_TEST(read->records == 3u);
  BOOST_TEST(read->ndjson);
  auto zipped = lines_request(packed("{}\n{}\n"));
  zipped.content_encoding = "gzip";
  BOOST_TEST(http::read_upload(zipped, {})->text == "{}\n{}\n");

  BOOST_TEST(problem_of(lines_request("\n \n")).find("no record") != std::string::npos);
  BOOST_TEST(problem_of(lines_request("{}\n\xff\n{}")).starts_with("Line 2 is not UTF-8"));
  http::upload_limits two;
  two.records = 2;
  BOOST_TEST(problem_of(lines_request("1\n2\n"), two).empty());
  BOOST_TEST(problem_of(lines_request("1\n2\n3"), two).find("2 records") != std::string::npos);
  auto unknown = lines_request("1");
  unknown.parameters.push_back({"color", "x"});
  BOOST_TEST(problem_of(std::move(unknown)).find("color") != std::string::npos);
  auto twice = lines_request("1");
  twice.parameters.push_back({"orgid", "p"});
  BOOST_TEST(problem_of(std::move(twice)).starts_with("orgid: is there more than once"));
  auto other = lines_request("1");
  other.content_encoding = "br";
  BOOST_TEST(problem_of(std::move(other)).starts_with("Content-Encoding: "));
}

BOOST_AUTO_TEST_SUITE_END()
