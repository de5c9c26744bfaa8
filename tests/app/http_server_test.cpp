// The server alone, with handlers of the test, spoken to byte by byte.
#include "app/http/server.hpp"

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "tests/fixtures/raw_client.hpp"

namespace http = cybexd::app::http;
using cybexd::fixtures::http_answer;
using cybexd::fixtures::raw_client;
using namespace std::chrono_literals;

namespace {

/// Responders that the test answers when it likes.
class pending {
 public:
  void put(http::responder r) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(r));
    changed_.notify_all();
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return waiting_.size() >= count; });
  }
  void answer_all() {
    const std::lock_guard lock(mutex_);
    for (const auto& r : waiting_) r(http::message(200, "late"));
    waiting_.clear();
  }
  void forget_all() {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<http::responder> waiting_;
};

void echo(http::request&& r, const http::responder& respond) {
  http::response answer;
  answer.body = std::to_string(r.body.size()) + ":" + r.body.substr(0, 64);
  respond(answer);
}

struct running_server {
  explicit running_server(http::server_limits limits = {}) {
    http::server_options options;
    options.limits = limits;
    http::server_hooks hooks;
    hooks.authenticate = [](const std::string& token) -> cybexd::expected<std::string> {
      if (token == "good") return std::string(64, 'a');
      return cybexd::fail(cybexd::failure::not_allowed, "no");
    };
    hooks.finished = [this](std::string_view route, unsigned status, double) {
      const std::lock_guard lock(mutex);
      finished.emplace_back(std::string(route) + " " + std::to_string(status));
    };
    made = std::make_unique<http::server>(options, hooks);
    const auto ports =
        made->start({{"127.0.0.1", 0, {}, false, std::make_shared<const http::router>(routes())}});
    BOOST_REQUIRE(ports);
    port = ports->front();
  }

  std::vector<http::route> routes() {
    std::vector<http::route> all;
    all.push_back({.method = "GET",
                   .pattern = "/ping",
                   .run = [](http::request&&, const http::responder& r) { r(http::message(200, "pong")); },
                   .where = http::runs_on::connection,
                   .needs_token = false});
    all.push_back({.method = "POST",
                   .pattern = "/open",
                   .run = echo,
                   .body = http::body_size::json,
                   .needs_token = false});
    all.push_back({.method = "POST", .pattern = "/echo", .run = echo, .body = http::body_size::json});
    all.push_back({.method = "GET",
                   .pattern = "/late",
                   .run = [this](http::request&&, const http::responder& r) { late.put(r); },
                   .needs_token = false});
    all.push_back({.method = "GET",
                   .pattern = "/wait",
                   .run = [this](http::request&&, const http::responder& r) { late.put(r); },
                   .needs_token = false,
                   .may_wait = true});
    all.push_back({.method = "GET",
                   .pattern = "/throws",
                   .run = [](http::request&&, const http::responder&) { throw std::bad_alloc(); },
                   .needs_token = false});
    return all;
  }

  pending late;
  std::mutex mutex;
  std::vector<std::string> finished;
  std::unique_ptr<http::server> made;  // last: its end comes before that of what the handlers use
  std::uint16_t port = 0;
};

std::string get(std::string_view path) { return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n"; }
std::string post(std::string_view path, std::string_view body, std::string_view more = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" + std::string(more) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_server)

BOOST_AUTO_TEST_CASE(a_request_is_answered_and_the_connection_kept) {
  running_server s;
  raw_client c(s.port);
  for (int i = 0; i < 3; ++i) {
    const auto a = c.ask(get("/ping"));
    BOOST_TEST(a.status == 200);
    BOOST_TEST(a.body == R"({"message":"pong"})");
    BOOST_TEST(a.headers.at("connection") == "keep-alive");
    BOOST_TEST(a.headers.at("content-type") == "application/json");
    BOOST_TEST(a.headers.at("date").ends_with(" GMT"));
  }
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order) {
  running_server s;
  raw_client c(s.port);
  c.send(get("/ping") + post("/open", "abc") + get("/nowhere") + post("/open", "") + get("/ping"));
  BOOST_TEST(c.receive().body == R"({"message":"pong"})");
  BOOST_TEST(c.receive().body == "3:abc");
  BOOST_TEST(c.receive().status == 404u);
  BOOST_TEST(c.receive().body == "0:");
  BOOST_TEST(c.receive().status == 200u);
}

BOOST_AUTO_TEST_CASE(paths_and_methods_that_do_not_exist) {
  running_server s;
  raw_client c(s.port);
  BOOST_TEST(c.ask(get("///ping")).status == 200u);
  BOOST_TEST(c.ask(get("//ping?x=1")).status == 200u);
  BOOST_TEST(c.ask(get("http://h/ping")).status == 200u);
  BOOST_TEST(c.ask(get("/ping/")).status == 404u);
  BOOST_TEST(c.ask(get("/%zz")).status == 400u);
  const auto wrong = c.ask("DELETE /ping HTTP/1.1\r\nHost: h\r\n\r\n");
  BOOST_TEST(wrong.status == 405u);
  BOOST_TEST(wrong.headers.at("allow") == "GET, HEAD");
  BOOST_TEST(c.ask(get("/echo")).status == 405u);
}

BOOST_AUTO_TEST_CASE(head_has_the_length_but_no_body) {
  running_server s;
  raw_client c(s.port);
  c.send("HEAD /ping HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto a = c.receive(true);
  BOOST_TEST(a.status == 200u);
  BOOST_TEST(a.headers.at("content-length") == "18");
  BOOST_TEST(c.ask(get("/ping")).body == R"({"message":"pong"})");
}

BOOST_AUTO_TEST_CASE(http_1_0_and_close_end_the_connection) {
  running_server s;
  raw_client old(s.port);
  BOOST_TEST(old.ask("GET /ping HTTP/1.0\r\n\r\n").headers.at("connection") == "close");
  BOOST_TEST(old.ends());
  raw_client closing(s.port);
  BOOST_TEST(closing.ask("GET /ping HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").status == 200u);
  BOOST_TEST(closing.ends());
}

BOOST_AUTO_TEST_CASE(a_token_is_judged_before_the_body) {
  running_server s;
  raw_client none(s.port);
  const auto a = none.ask(post("/echo", "{"));
  BOOST_TEST(a.status == 401u);
  BOOST_TEST(a.headers.at("www-authenticate") == "Bearer");
  for (const std::string wrong : {"Bearer bad", "Basic good", "Bearer", "good", "Bearer  "}) {
    raw_client c(s.port);
    BOOST_TEST(c.ask(post("/echo", "x", "Authorization: " + wrong + "\r\n")).body == a.body);
  }
  raw_client twice(s.port);
  BOOST_TEST(
      twice.ask(post("/echo", "x", "Authorization: Bearer good\r\nAuthorization: Bearer good\r\n")).status ==
      401u);
  raw_client good(s.port);
  BOOST_TEST(good.ask(post("/echo", "x", "Authorization: bearer good\r\n")).body == "1:x");
  raw_client expecting(s.port);  // the body is never sent
  BOOST_TEST(
      expecting.ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
          .status == 401u);
}

BOOST_AUTO_TEST_CASE(expect_100_continue_is_answered_before_the_body) {
  running_server s;
  raw_client c(s.port);
  c.send("POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  BOOST_TEST(c.receive().status == 100u);
  BOOST_TEST(c.ask("abc").body == "3:abc");
}

BOOST_AUTO_TEST_CASE(chunked_bodies) {
  running_server s;
  raw_client c(s.port);
  const std::string head = "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  BOOST_TEST(c.ask(head + "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n").body ==
             "13:abc0123456789");
  BOOST_TEST(c.ask(head + "0\r\n\r\n").body == "0:");
  BOOST_TEST(c.ask(head + "zz\r\n").status == 400u);
  BOOST_TEST(c.ends());
}

BOOST_AUTO_TEST_CASE(framing_that_can_be_read_in_two_ways_is_refused) {
  running_server s;
  const std::vector<std::string> attempts{
      "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
      "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
      "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
      "Content-Length: 3, 3\r\n\r\nabc",
      "Content-Length: +3\r\n\r\nabc",
      "Content-Length: -1\r\n\r\nabc",
      "Content-Length: 0x3\r\n\r\nabc",
      "Content-Length: 99999999999999999999\r\n\r\nabc",
      "Content-Length:\r\n\r\nabc",
      "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: identity\r\n\r\nabc",
      "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "Host: other\r\nContent-Length: 3\r\n\r\nabc",
      std::string("X: a\0b\r\n\r\n", 10),
      "no colon\r\n\r\n"};
  for (const auto& attempt : attempts) {
    raw_client c(s.port);
    const auto a = c.ask("POST /open HTTP/1.1\r\nHost: h\r\n" + attempt);
    BOOST_TEST(a.status == 400u, "not refused: " << attempt);
    BOOST_TEST(a.body.starts_with(R"({"message":)"));
    BOOST_TEST(c.ends());
  }
  for (const std::string whole : {"GET /ping HTTP/2.0\r\n\r\n", "GET /ping\r\n\r\n",
                                  "\x16\x03\x01\x02\r\n\r\n", "GET /ping HTTP/1.1\r\n\r\n"}) {
    raw_client c(s.port);
    BOOST_TEST(c.ask(whole).status == 400u, whole);
  }
}

BOOST_AUTO_TEST_CASE(bodies_that_are_too_large_are_refused_and_the_client_reads_it) {
  http::server_limits limits;
  limits.json_bytes = 1'000;
  running_server s(limits);
  raw_client fits(s.port);
  BOOST_TEST(fits.ask(post("/open", std::string(1'000, 'x'))).status == 200u);
  raw_client announced(s.port);
  BOOST_TEST(announced.ask(post("/open", std::string(3'000'000, 'x'))).status == 413u);
  raw_client chunked(s.port);
  std::string body = "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 50; ++i) body += "64\r\n" + std::string(100, 'x') + "\r\n";
  BOOST_TEST(chunked.ask(body).status == 413u);
  raw_client none(s.port);
  BOOST_TEST(none.ask("POST /open HTTP/1.1\r\nHost: h\r\n\r\n").status == 411u);
  raw_client with_get(s.port);
  BOOST_TEST(with_get.ask("GET /ping HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde").status == 413u);
}

BOOST_AUTO_TEST_CASE(heads_that_are_too_large) {
  http::server_limits limits;
  limits.header_bytes = 2'000;
  limits.target_bytes = 1'000;
  running_server s(limits);
  raw_client fields(s.port);
  BOOST_TEST(fields.ask("GET /ping HTTP/1.1\r\nHost: h\r\nX: " + std::string(100'000, 'x')).status == 431u);
  raw_client target(s.port);
  BOOST_TEST(target.ask("GET /" + std::string(100'000, 'x')).status == 414u);
  raw_client shorter(s.port);
  BOOST_TEST(shorter.ask(get("/" + std::string(1'100, 'x'))).status == 414u);
  raw_client many(s.port);
  std::string all = "GET /ping HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 2'000; ++i) all += "A: b\r\n";
  BOOST_TEST(many.ask(all + "\r\n").status == 431u);
}

BOOST_AUTO_TEST_CASE(slow_clients_are_told_and_cost_nothing) {
  http::server_limits limits;
  limits.header_time = 100ms;
  limits.body_time = 100ms;
  limits.idle_time = 100ms;
  running_server s(limits);
  raw_client head(s.port), body(s.port), silent(s.port), idle(s.port);
  head.send("GET /pi");
  body.send("POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  BOOST_TEST(idle.ask(get("/ping")).status == 200u);
  BOOST_TEST(head.receive().status == 408u);
  BOOST_TEST(body.receive().status == 408u);
  BOOST_TEST(silent.ends());
  BOOST_TEST(idle.ends());
  BOOST_TEST(s.made->body_bytes_in_use() == 0u);
}

BOOST_AUTO_TEST_CASE(a_request_that_ends_in_the_middle) {
  running_server s;
  raw_client c(s.port);
  c.send("POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  c.half_close();
  BOOST_TEST(c.receive().status == 400u);
  BOOST_TEST(c.ends());
}

BOOST_AUTO_TEST_CASE(beyond_the_byte_budget_is_503) {
  http::server_limits limits;
  limits.body_bytes = 3'000;
  running_server s(limits);
  raw_client holds(s.port), refused(s.port);
  holds.send("POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n" + std::string(1'999, 'x'));
  while (s.made->body_bytes_in_use() == 0) std::this_thread::yield();
  const auto a = refused.ask(post("/open", std::string(2'000, 'x')));
  BOOST_TEST(a.status == 503u);
  BOOST_TEST(a.headers.at("retry-after") == "1");
  BOOST_TEST(holds.ask("x").status == 200u);
  raw_client again(s.port);
  BOOST_TEST(again.ask(post("/open", std::string(2'000, 'x'))).status == 200u);
}

BOOST_AUTO_TEST_CASE(beyond_the_requests_in_flight_is_503) {
  http::server_limits limits;
  limits.requests = 1;
  limits.waiting_requests = 2;
  running_server s(limits);
  raw_client a(s.port), b(s.port), c(s.port), d(s.port), e(s.port);
  a.send(get("/late"));
  BOOST_REQUIRE(s.late.wait_for(1));
  BOOST_TEST(b.ask(get("/late")).status == 503u);
  c.send(get("/wait"));
  d.send(get("/wait"));
  BOOST_REQUIRE(s.late.wait_for(3));
  BOOST_TEST(e.ask(get("/wait")).status == 503u);
  s.late.answer_all();
  BOOST_TEST(a.receive().status == 200u);
  BOOST_TEST(c.receive().status == 200u);
  BOOST_TEST(d.receive().status == 200u);
  BOOST_TEST(b.ask(get("/ping")).status == 200u);
}

BOOST_AUTO_TEST_CASE(beyond_the_connections_is_503) {
  http::server_limits limits;
  limits.connections = 2;
  running_server s(limits);
  raw_client a(s.port), b(s.port);
  BOOST_TEST(a.ask(get("/ping")).status == 200u);
  BOOST_TEST(b.ask(get("/ping")).status == 200u);
  raw_client c(s.port);
  const auto refused = c.receive();
  BOOST_TEST(refused.status == 503u);
  BOOST_TEST(refused.headers.at("retry-after") == "1");
  BOOST_TEST(c.ends());
}

BOOST_AUTO_TEST_CASE(a_request_that_nobody_answers_ends_with_an_error) {
  http::server_limits limits;
  limits.work_time = 100ms;
  running_server s(limits);
  raw_client dropped(s.port), thrown(s.port), slow(s.port);
  dropped.send(get("/late"));
  BOOST_REQUIRE(s.late.wait_for(1));
  s.late.forget_all();
  BOOST_TEST(dropped.receive().status == 500u);
  BOOST_TEST(thrown.ask(get("/throws")).status == 500u);
  slow.send(get("/late"));
  BOOST_TEST(slow.receive().status == 503u);
  s.late.answer_all();  // too late: it must not become the answer to the next request
  BOOST_TEST(slow.ask(get("/ping")).body == R"({"message":"pong"})");
}

BOOST_AUTO_TEST_CASE(requests_beyond_the_rate_of_an_address_are_429) {
  http::server_limits limits;
  limits.rate = 3;
  running_server s(limits);
  raw_client c(s.port);
  c.send(get("/ping") + get("/ping") + get("/ping") + get("/ping"));
  for (int i = 0; i < 3; ++i) BOOST_TEST(c.receive().status == 200u);
  const auto a = c.receive();
  BOOST_TEST(a.status == 429u);
  BOOST_TEST(a.headers.at("retry-after") == "1");
}

BOOST_AUTO_TEST_CASE(routes_in_metrics_are_patterns) {
  running_server s;
  raw_client c(s.port);
  c.ask(get("/secret-path"));
  c.ask(get("//ping"));
  const std::lock_guard lock(s.mutex);
  BOOST_TEST(s.finished == (std::vector<std::string>{"other 404", "/ping 200"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_stop_finishes_what_is_in_flight) {
  running_server s;
  raw_client busy(s.port), idle(s.port);
  BOOST_TEST(idle.ask(get("/ping")).status == 200u);
  busy.send(get("/late"));
  BOOST_REQUIRE(s.late.wait_for(1));
  std::thread stopping([&] { BOOST_TEST(s.made->stop(10s)); });
  BOOST_TEST(idle.ends());
  s.late.answer_all();
  const auto a = busy.receive();
  BOOST_TEST(a.status == 200u);
  BOOST_TEST(a.headers.at("connection") == "close");
  busy.half_close();
  stopping.join();
  raw_client late(s.port);
  BOOST_TEST(!late.connected());
}

BOOST_AUTO_TEST_CASE(a_stop_cuts_off_what_takes_too_long) {
  running_server s;
  raw_client busy(s.port);
  busy.send(get("/late"));
  BOOST_REQUIRE(s.late.wait_for(1));
  BOOST_TEST(!s.made->stop(50ms));
  BOOST_TEST(busy.ends());
  s.late.answer_all();  // finds nobody
}

BOOST_AUTO_TEST_SUITE_END()
