// URLs, routes, fields of JSON bodies, rates.
#include <boost/test/unit_test.hpp>
#include <chrono>

#include "app/http/fields.hpp"
#include "app/http/rate_limit.hpp"
#include "app/http/router.hpp"
#include "app/http/url.hpp"

namespace http = cybexd::app::http;

BOOST_AUTO_TEST_SUITE(http_url)

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
  BOOST_TEST(http::texts_field(*body, "e").value().empty());
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
