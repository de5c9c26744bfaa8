// What reads the client's bytes without a socket: forms, URLs, gzip, uploads.
#include <zlib.h>

#include <boost/test/unit_test.hpp>
#include <random>

#include "app/http/fields.hpp"
#include "app/http/gzip.hpp"
#include "app/http/multipart.hpp"
#include "app/http/rate_limit.hpp"
#include "app/http/router.hpp"
#include "app/http/upload.hpp"
#include "app/http/url.hpp"

namespace http = cybexd::app::http;
using cybexd::failure;

namespace {

std::string part(const std::string& name, const std::string& content, const std::string& more = "") {
  return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"" + more + "\r\n\r\n" + content +
         "\r\n";
}

/// name=content of each part, or the error's text.
std::string read_form(const std::string& body, http::multipart_limits limits = {}) {
  const auto parts = http::read_multipart("B", body, limits);
  if (!parts) return parts.error().text;
  std::string all;
  for (const auto& p : *parts) all += "[" + p.name + "=" + body.substr(p.offset, p.size) + "]";
  return all;
}

std::string packed(const std::string& text) {
  z_stream stream{};
  BOOST_REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  BOOST_REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

http::request form_request(const std::string& parts) {
  http::request r;
  r.content_type = "multipart/form-data; boundary=B";
  r.body = parts + "--B--\r\n";
  return r;
}

const std::string whole_form = part("file", "{\"a\": 1}", "; filename=\"x.json\"") + part("name", "n") +
                               part("orgid", "o") + part("typetag", "cowrie") +
                               part("timezone", "US/Pacific");

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

BOOST_AUTO_TEST_SUITE(http_parsing)

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

BOOST_AUTO_TEST_CASE(urls) {
  const auto t = http::read_target("///raw?orgid=a%20b+c&typetag=%C3%A9&x&&y=1=2#z");
  BOOST_REQUIRE(t);
  BOOST_TEST(t->path == "/raw");
  BOOST_REQUIRE(t->parameters.size() == 4u);
  BOOST_TEST(t->parameters[0].value == "a b c");
  BOOST_TEST(t->parameters[1].value == "\xC3\xA9");
  BOOST_TEST(t->parameters[2].name == "x");
  BOOST_TEST(t->parameters[3].value == "1=2");
  BOOST_TEST(http::read_target("/")->path == "/");
  BOOST_TEST(http::read_target("////")->path == "/");
  BOOST_TEST(http::read_target("/a//b")->path == "/a//b");
  BOOST_TEST(http::read_target("/a+b")->path == "/a+b");
  BOOST_TEST(http::read_target("http://host:1/a?b=c")->path == "/a");
  BOOST_TEST(http::read_target("http://host")->path == "/");
  for (const std::string wrong : {"/%", "/%1", "/%g0", "/?a=%", "/?%00=1", "/%00", "/%ff", "/?a=%c3%28"})
    BOOST_TEST(!http::read_target(wrong), wrong);
  std::string many = "/?";
  for (int i = 0; i < 65; ++i) many += "a=1&";
  BOOST_TEST(!http::read_target(many));
}

BOOST_AUTO_TEST_CASE(routes_are_found_by_path_and_method) {
  const http::handler nothing = [](http::request&&, const http::responder&) {};
  std::vector<http::route> all;
  all.push_back({.method = "GET", .pattern = "/a", .run = nothing});
  all.push_back({.method = "POST", .pattern = "/a", .run = nothing});
  all.push_back({.method = "GET", .pattern = "/r/{hash}", .run = nothing});
  const http::router router(std::move(all));
  BOOST_TEST(router.find("POST", "/a").found->method == "POST");
  BOOST_TEST(router.find("HEAD", "/a").found->method == "GET");
  BOOST_TEST(router.find("PUT", "/a").allow == "GET, HEAD, POST");
  BOOST_TEST(router.find("GET", "/r/12").tail == "12");
  for (const std::string path : {"/r/", "/r/1/2", "/r", "/A", ""}) {
    BOOST_TEST(router.find("GET", path).found == nullptr, path);
    BOOST_TEST(router.find("GET", path).allow == "", path);
  }
}

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

BOOST_AUTO_TEST_CASE(json_fields_are_strict) {
  const auto body =
      http::read_object(R"({"s": "x", "l": ["a", "b"], "n": 1, "t": true, "e": [], "m": ["a", 1]})");
  BOOST_REQUIRE(body);
  BOOST_TEST(http::text_field(*body, "s").value() == "x");
  BOOST_TEST(http::texts_field(*body, "s").value().size() == 1u);
  BOOST_TEST(http::texts_field(*body, "l").value().size() == 2u);
  BOOST_TEST(http::flag_field(*body, "t", false).value());
  BOOST_TEST(http::flag_field(*body, "x", true).value());
  BOOST_TEST(http::text_field(*body, "n").error().text == "n: is an integer, it must be a string.");
  BOOST_TEST(http::text_field(*body, "x").error().text == "x: is missing, it must be a string.");
  BOOST_TEST(!http::flag_field(*body, "n", true));
  BOOST_TEST(!http::texts_field(*body, "e"));
  BOOST_TEST(!http::texts_field(*body, "m"));
  for (const std::string wrong : {"", "[]", "1", "{", "{\"a\": NaN}", "null"})
    BOOST_TEST(!http::read_object(wrong), wrong);
}

BOOST_AUTO_TEST_CASE(rates_are_counted_for_each_address) {
  http::rate_limit rates;
  const http::rate_limit::time start{};
  BOOST_TEST(rates.allow("a", 2, start));
  BOOST_TEST(rates.allow("a", 2, start));
  BOOST_TEST(!rates.allow("a", 2, start));
  BOOST_TEST(rates.allow("b", 2, start));
  BOOST_TEST(rates.allow("a", 2, start + std::chrono::milliseconds(600)));
  BOOST_TEST(!rates.allow("a", 2, start + std::chrono::milliseconds(600)));
  BOOST_TEST(rates.allow("a", 0, start));
  for (std::size_t i = 0; i < http::rate_limit::table_size * 2; ++i)
    BOOST_TEST_REQUIRE(rates.allow(std::to_string(i), 2, start));
}

BOOST_AUTO_TEST_SUITE_END()
