// The whole interface over a backend of the test: routes and answers.
#include "tests/fixtures/eventually.hpp"
#include "tests/fixtures/running_service.hpp"

namespace http = cybexd::app::http;
namespace messages = cybexd::messages;
namespace tahoe = cybexd::tahoe;
using cybexd::fail;
using cybexd::failure;
using namespace cybexd::tests;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(http_service)

BOOST_AUTO_TEST_CASE(uploads_are_handed_to_the_intake) {
  running_service s;
  const auto one = s.ask("POST", "//raw", form(), form_header);
  BOOST_TEST(one.status == 201u);
  BOOST_TEST(one.body == R"({"message":"File uploaded successfully!"})");
  const auto many = s.ask("POST", "/raw?orgid=o&typetag=t&timezone=Asia/Tokyo&name=x", packed("{}\n\n{}"),
                          lines_header + "Content-Encoding: gzip\r\n");
  BOOST_TEST(many.status == 201u);
  BOOST_TEST(many.body == R"({"message":"File uploaded successfully!","records":2})");
  BOOST_REQUIRE(s.uploads.size() == 2u);
  BOOST_TEST(s.uploads[0].token == "good");
  BOOST_TEST(s.uploads[1].timezone == "Asia/Tokyo");
  BOOST_TEST(s.uploads[1].text == "{}\n\n{}");
  BOOST_TEST(s.ask("POST", "/raw", form() + "x", form_header).status == 400u);
  BOOST_TEST(s.ask("POST", "/raw?typetag=t", "{}", lines_header).body.find("orgid") != std::string::npos);
  BOOST_TEST(eventually([&] { return s.service.body_bytes_in_use() == 0; }));
}

BOOST_AUTO_TEST_CASE(failures_behind_a_route_become_answers) {
  running_service s;
  const std::vector<std::pair<failure, unsigned>> all{
      {failure::bad_input, 400},  {failure::not_allowed, 401}, {failure::too_large, 413},
      {failure::overloaded, 503}, {failure::unavailable, 503}, {failure::internal, 500}};
  for (const auto& [kind, status] : all) {
    s.next_failure = kind;
    const auto a = s.ask("POST", "/raw", form(), form_header);
    BOOST_TEST(a.status == status);
    BOOST_TEST(a.headers.contains("retry-after") == (status == 503));
    BOOST_TEST((a.body.find("a sentence") != std::string::npos) == (status < 500), a.body);
  }
  const auto down = s.ask("GET", "/user/info/self", "", "Authorization: Bearer down\r\n");
  BOOST_TEST(down.status == 503u);
  BOOST_TEST(down.body.find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_route_but_ping_and_login_needs_a_token) {
  running_service s;
  BOOST_TEST(s.ask("GET", "/ping", "", "").status == 200u);
  const std::vector<std::pair<std::string, std::string>> all{
      {"POST", "/raw"},           {"POST", "/query"},        {"POST", "/create/user"},
      {"POST", "/create/org"},    {"POST", "/org/add/user"}, {"POST", "/org/del/user"},
      {"POST", "/org/info"},      {"GET", "/orgs/admin_of"}, {"GET", "/orgs/user_of"},
      {"GET", "/user/info/self"}, {"GET", "/report/x"}};
  for (const auto& [method, path] : all) {
    for (const std::string token : {"", "Authorization: Bearer bad\r\n", "Authorization: Basic good\r\n"}) {
      const auto a = s.ask(method, path, "}", token);
      BOOST_TEST(a.status == 401u, path);
      BOOST_TEST(a.body == R"({"message":"Invalid/missing token in auth header!"})");
    }
  }
}

BOOST_AUTO_TEST_CASE(queries) {
  running_service s;
  const auto ready =
      s.ask("POST", "/query", R"({"type": "count", "data": {"sub_type": "ip"}, "redo": true})");
  BOOST_TEST(ready.status == 201u);
  BOOST_TEST(tahoe::parse_json(ready.body).value().find("itype")->text()->c_str() == "report");
  BOOST_TEST(s.queries.at(0).redo);
  BOOST_TEST(s.queries.at(0).token == "good");
  const auto slow = s.ask("POST", "/query", R"({"type": "slow", "data": {}})");
  BOOST_TEST(slow.status == 202u);
  BOOST_TEST(slow.body == R"({"message":"check back later","status":"processing"})");
  BOOST_TEST(!s.queries.at(1).redo);
  BOOST_TEST(s.ask("POST", "/query", R"({"type": "bad-type", "data": {}})").status == 400u);
  const std::vector<std::pair<std::string, std::string>> wrong{
      {R"({"data": {}})", "type: "},
      {R"({"type": 1, "data": {}})", "type: "},
      {R"({"type": "count"})", "data: "},
      {R"({"type": "count", "data": []})", "data: "},
      {R"({"type": "count", "data": {}, "redo": 1})", "redo: "},
      {"[]", "object"},
      {"", "JSON"},
      {std::string(1'000, '['), "JSON"}};
  for (const auto& [body, word] : wrong) {
    const auto a = s.ask("POST", "/query", body);
    BOOST_TEST(a.status == 400u, body);
    BOOST_TEST(a.body.find(word) != std::string::npos, a.body);
  }
}

BOOST_AUTO_TEST_CASE(reports_are_shown_to_those_who_asked) {
  running_service s;
  const auto hash = cybexd::crypto::to_hex(some_report().hash);
  BOOST_TEST(s.ask("GET", "/report/" + hash).status == 200u);
  const auto none = s.ask("GET", "/report/" + std::string(64, '0'));
  BOOST_TEST(none.status == 404u);
  BOOST_TEST(s.ask("GET", "/report/nonsense").body == none.body);
}

BOOST_AUTO_TEST_CASE(log_in_and_identities) {
  running_service s;
  const auto in = s.ask("POST", "/login", R"({"email": "a@b.c", "password": "p"})", "");
  BOOST_TEST(in.status == 200u);
  BOOST_TEST(tahoe::parse_json(in.body).value().find("token")->text()->c_str() == "tok");
  BOOST_TEST(s.ask("POST", "/login", R"({"email": "a@b.c", "password": "wrong"})", "").status == 401u);
  const auto slow = s.ask("POST", "/login", R"({"email": "a@b.c", "password": "again"})", "");
  BOOST_TEST(slow.status == 429u);
  BOOST_TEST(slow.headers.at("retry-after") == "4");
  BOOST_TEST(s.ask("POST", "/login", R"({"email": "a@b.c"})", "").body.find("password: ") !=
             std::string::npos);

  const auto user =
      s.ask("POST", "/create/user", R"({"email": "e", "password": "p", "password2": "p", "name": "n"})");
  BOOST_TEST(user.status == 201u);
  BOOST_TEST(user.body == R"({"message":"User created!","result":{"org":""},"token":"tok"})");
  BOOST_TEST(
      s.ask("POST", "/create/user", R"({"email": "e", "password": "p", "password2": "q", "name": "n"})")
          .status == 400u);
  const auto org = s.ask("POST", "/create/org", R"({"orgname": "x", "user": [], "admin": "h", "name": "n"})");
  BOOST_TEST(org.body == R"({"message":"Org created!","result":{"org":"x"}})");
  const std::string members = R"({"org_hash": "x", "user": "h", "add_to": ["acl"], "del_from": "all"})";
  BOOST_TEST(s.ask("POST", "/org/add/user", members).body == R"({"message":"User/s successfully added!"})");
  const auto removed = s.ask("POST", "/org/del/user", members);
  BOOST_TEST(removed.status == 201u);
  BOOST_TEST(removed.body == R"({"message":"User/s successfully deleted!"})");
  BOOST_TEST(s.ask("POST", "/org/info", R"({"org_hash": "x"})").body ==
             R"({"result":{"org":"x"},"message":"See result."})");
  BOOST_TEST(s.ask("POST", "/org/info", R"({"org_hash": "x", "return_type": 1})").status == 400u);
  BOOST_TEST(s.ask("GET", "/user/info/self").status == 200u);
}
BOOST_AUTO_TEST_SUITE_END()
