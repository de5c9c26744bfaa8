// The whole interface over a backend of the test: routes, answers, ports, the Unix socket, TLS.
#include "app/http/http.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <mutex>

#include "tahoe/json.hpp"
#include "tests/fixtures/http_bodies.hpp"
#include "tests/fixtures/raw_client.hpp"
#include "tests/fixtures/temp_dir.hpp"
#include "tests/fixtures/tls_client.hpp"

namespace http = cybexd::app::http;
namespace messages = cybexd::messages;
namespace tahoe = cybexd::tahoe;
using cybexd::fail;
using cybexd::failure;
using namespace cybexd::tests;
using namespace std::chrono_literals;

namespace {

tahoe::document some_report() {
  return tahoe::make_report("count", 7, std::string(64, 'a'), 1.5, 1, 1).value();
}

struct running_service {
  explicit running_service(bool with_tls = false) {
    options.port = 0;
    options.operators_port = 0;
    options.unix_socket = folder / "hub.sock";
    if (with_tls) {
      options.tls = {folder / "cert.pem", folder / "key.pem"};
      write_certificate(options.tls.certificate, options.tls.key, 1);
    }
    const auto started = service.start(options, backend());
    BOOST_REQUIRE_MESSAGE(started, (started ? "" : started.error().text));
    ports = *started;
  }
  ~running_service() { service.stop(1s); }

  http::http_backend backend() {
    http::http_backend b;
    b.authenticate = [](const std::string& token) -> cybexd::expected<std::string> {
      if (token == "good") return std::string(64, 'a');
      if (token == "down") return fail(failure::unavailable, "rocksdb: /secret/path");
      return fail(failure::not_allowed, "the token is bad in some way that is nobody's business");
    };
    b.submit = [this](const messages::submit& s) {
      const std::lock_guard lock(mutex);
      uploads.push_back(*s.what);
      if (next_failure) return (*s.reply)(fail(*next_failure, "orgid: a sentence"));
      (*s.reply)(messages::submitted{"0000000000000001", s.what->records});
    };
    b.ask = [this](const messages::ask_query& q) {
      const std::lock_guard lock(mutex);
      queries.push_back(*q.what);
      if (q.what->type == "bad-type") return (*q.reply)(fail(failure::bad_input, "type: is no identifier"));
      if (q.what->type == "slow") return (*q.reply)(messages::query_answer{});
      (*q.reply)(messages::query_answer{messages::query_answer::outcome::ready, some_report()});
    };
    b.identity = [](const messages::ask_identity& i) {
      if (i.what->password == "wrong")
        return (*i.reply)(fail(failure::not_allowed, "Wrong e-mail or password."));
      if (i.what->password == "again") return (*i.reply)(messages::identity_answer{{}, {}, 3.2});
      (*i.reply)(messages::identity_answer{tahoe::object{{"org", i.what->org}}, "tok", 0});
    };
    b.find_report = [](const std::string& user,
                       const tahoe::hash256& hash) -> cybexd::expected<std::optional<tahoe::document>> {
      if (user == std::string(64, 'a') && hash == some_report().hash) return some_report();
      return std::optional<tahoe::document>{};
    };
    b.metrics = [] { return std::string("# TYPE x gauge\nx 1\n"); };
    b.ready = [this] {
      const std::lock_guard lock(mutex);
      return http::readiness{is_ready,
                             is_ready ? std::vector<std::string>{} : std::vector<std::string>{"the lake"}};
    };
    b.operate = [](const std::string& name, const tahoe::value& input) {
      return http::json(200, tahoe::object{{"name", name}, {"input", input}});
    };
    return b;
  }

  http_answer ask(const std::string& method, const std::string& path, const std::string& body = "",
                  const std::string& more = "Authorization: Bearer good\r\n") {
    raw_client c(ports.http);
    return c.ask(method + " " + path + " HTTP/1.1\r\nHost: h\r\n" + more +
                 (method == "GET" ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" +
                 body);
  }

  temp_dir folder;
  std::mutex mutex;
  std::vector<messages::submission> uploads;
  std::vector<messages::query_request> queries;
  std::optional<failure> next_failure;
  bool is_ready = true;
  http::http_options options;
  http::http_service service;
  http::http_ports ports;
};

std::string form() {
  return part("file", "{}") + part("name", "n") + part("orgid", "o") + part("typetag", "t") + "--B--\r\n";
}
const std::string form_header =
    "Authorization: Bearer good\r\nContent-Type: multipart/form-data; boundary=B\r\n";
const std::string lines_header = "Authorization: Bearer good\r\nContent-Type: application/x-ndjson\r\n";

}  // namespace

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
  BOOST_TEST(s.service.body_bytes_in_use() == 0u);
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

BOOST_AUTO_TEST_CASE(operators_have_a_port_and_a_socket_of_their_own) {
  running_service s;
  for (const std::string path : {"/metrics", "/healthz", "/readyz", "/operator/status"})
    BOOST_TEST(s.ask("GET", path).status == 404u, path);
  raw_client port(s.ports.operators);
  const auto metrics = port.ask("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
  BOOST_TEST(metrics.body == "# TYPE x gauge\nx 1\n");
  BOOST_TEST(metrics.headers.at("content-type").starts_with("text/plain; version=0.0.4"));
  BOOST_TEST(port.ask("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n").status == 200u);
  BOOST_TEST(port.ask("GET /readyz HTTP/1.1\r\nHost: h\r\n\r\n").status == 200u);
  s.is_ready = false;
  const auto waiting = port.ask("GET /readyz HTTP/1.1\r\nHost: h\r\n\r\n");
  BOOST_TEST(waiting.status == 503u);
  BOOST_TEST(waiting.body.find(R"("waits_for":["the lake"])") != std::string::npos);
  BOOST_TEST(port.ask("GET /ping HTTP/1.1\r\nHost: h\r\n\r\n").status == 404u);
  BOOST_TEST(port.ask("POST /operator/status HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}").status ==
             404u);

  struct stat about {};
  BOOST_REQUIRE(stat(s.options.unix_socket.c_str(), &about) == 0);
  BOOST_TEST((about.st_mode & 0777) == 0600u);
  raw_client local(s.options.unix_socket);
  const auto done =
      local.ask("POST /operator/org.add HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{\"a\": 12}");
  BOOST_TEST(done.body == R"({"name":"org.add","input":{"a":12}})");
  BOOST_TEST(local.ask("POST /operator/x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n{").status == 400u);
  BOOST_TEST(local.ask("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n").status == 200u);
}

BOOST_AUTO_TEST_CASE(a_stop_leaves_the_operators_side_until_the_end) {
  running_service s;
  BOOST_TEST(s.service.stop_public(1s));
  raw_client gone(s.ports.http);
  BOOST_TEST(!gone.connected());
  raw_client port(s.ports.operators);
  BOOST_TEST(port.ask("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n").status == 200u);
  s.service.stop(1s);
  struct stat about {};
  BOOST_TEST(stat(s.options.unix_socket.c_str(), &about) != 0);
}

BOOST_AUTO_TEST_CASE(a_port_that_is_taken_is_said) {
  running_service s;
  http::http_service second;
  auto options = s.options;
  options.port = s.ports.http;
  options.unix_socket += "2";
  const auto started = second.start(options, {});
  BOOST_REQUIRE(!started);
  BOOST_TEST(started.error().text.find(std::to_string(s.ports.http)) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(tls_and_its_files_read_again) {
  running_service s(true);
  const std::string ping = "GET /ping HTTP/1.1\r\nHost: h\r\n\r\n";
  tls_client first(s.ports.http);
  BOOST_REQUIRE(first.connected());
  BOOST_TEST(first.serial() == 1);
  BOOST_TEST(first.ask(ping, "}").ends_with(R"({"message":"pong"})"));
  BOOST_TEST(tls_client(s.ports.http, TLS1_2_VERSION).connected());
  BOOST_TEST(!tls_client(s.ports.http, TLS1_1_VERSION).connected());
  raw_client plain(s.ports.http);
  BOOST_TEST(plain.ask(ping).status == 0u);

  write_certificate(s.options.tls.certificate, s.options.tls.key, 2);
  BOOST_REQUIRE(s.service.reload(s.options));
  tls_client second(s.ports.http);
  BOOST_TEST(second.serial() == 2);
  BOOST_TEST(first.ask(ping, "}").ends_with(R"({"message":"pong"})"));

  write_certificate(s.options.tls.certificate, s.folder / "other.pem", 3);
  BOOST_TEST(!s.service.reload(s.options));
  BOOST_TEST(tls_client(s.ports.http).serial() == 2);
  BOOST_TEST(second.ask("GET /ping HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "}").ends_with("}"));
}

BOOST_AUTO_TEST_SUITE_END()
