// What is too much, too large or too slow is refused, and costs the others nothing.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/eventually.hpp"
#include "tests/fixtures/http_server.hpp"

using namespace cybexd::tests;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(http_limits)

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
  BOOST_TEST(
      with_get.ask("GET /ping HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n" + std::string(1'001, 'x'))
          .status == 413u);
}

// Symptom: 413 "larger than the 0 bytes allowed here". Clients of the original send `{}` with every request.
BOOST_AUTO_TEST_CASE(a_body_that_nobody_asked_for_is_read_and_dropped) {
  running_server s;
  raw_client c(s.port);
  for (int i = 0; i < 2; ++i) {  // on one connection: the next request is found behind it
    BOOST_TEST(c.ask("GET /ping HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde").status == 200u);
    BOOST_TEST(
        c.ask("GET /large HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
            .status == 200u);
  }
  BOOST_TEST(eventually([&] { return s.made->body_bytes_in_use() == 0u; }));
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
  // Long enough for a test that is held up between a connection and what it sends on it.
  limits.header_time = 3s;
  limits.body_time = 3s;
  limits.idle_time = 3s;
  running_server s(limits);
  raw_client idle(s.port);
  BOOST_TEST(idle.ask(get("/ping")).status == 200u);
  raw_client head(s.port);
  head.send("GET /pi");
  raw_client body(s.port);
  body.send("POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  raw_client silent(s.port);
  BOOST_TEST(head.receive().status == 408u);
  BOOST_TEST(body.receive().status == 408u);
  BOOST_TEST(silent.ends());
  BOOST_TEST(idle.ends());
  BOOST_TEST(eventually([&] { return s.made->body_bytes_in_use() == 0; }));
}

BOOST_AUTO_TEST_CASE(beyond_the_byte_budget_is_503) {
  http::server_limits limits;
  limits.body_bytes = 3'000;
  running_server s(limits);
  raw_client holds(s.port), refused(s.port);
  holds.send("POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n" + std::string(1'999, 'x'));
  BOOST_REQUIRE(eventually([&] { return s.made->body_bytes_in_use() > 0; }));
  const auto a = refused.ask(post("/open", std::string(2'000, 'x')));
  BOOST_TEST(a.status == 503u);
  BOOST_TEST(a.headers.at("retry-after") == "1");
  BOOST_TEST(holds.ask("x").status == 200u);
  // A request has its share until its worker has let it go, which may be after the answer.
  BOOST_REQUIRE(eventually([&] { return s.made->body_bytes_in_use() == 0; }));
  raw_client again(s.port);
  BOOST_TEST(again.ask(post("/open", std::string(2'000, 'x'))).status == 200u);
}

BOOST_AUTO_TEST_CASE(large_answers_count_against_the_byte_budget) {
  http::server_limits limits;
  limits.body_bytes = 100'002;  // with its quotes
  running_server enough(limits);
  raw_client c(enough.port);
  BOOST_TEST(c.ask(get("/large")).body.size() == 100'002u);
  BOOST_TEST(c.ask(get("/large")).status == 200u);
  limits.body_bytes = 100'001;
  running_server less(limits);
  raw_client d(less.port);
  BOOST_TEST(d.ask(get("/large")).status == 503u);
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

// Symptom: one client without a token, which connected as often as it could and said nothing, shut everybody
// else out.
BOOST_AUTO_TEST_CASE(beyond_the_connections_who_has_said_nothing_for_longest_gives_way) {
  http::server_limits limits;
  limits.connections = 3;
  running_server s(limits);
  raw_client served(s.port);
  BOOST_TEST(served.ask(get("/ping")).status == 200u);
  raw_client silent(s.port), halfway(s.port);
  halfway.send("GET /ping HTTP/1.1\r\nX");
  BOOST_REQUIRE(eventually([&] { return s.made->connections() == 3; }));
  raw_client first(s.port);
  BOOST_TEST(first.ask(get("/ping")).status == 200u);
  BOOST_TEST(silent.ends());
  raw_client second(s.port);
  BOOST_TEST(second.ask(get("/ping")).status == 200u);
  BOOST_TEST(halfway.ends());
  raw_client third(s.port);  // all have asked something
  BOOST_TEST(third.receive().status == 503u);
  BOOST_TEST(served.ask(get("/ping")).status == 200u);
  BOOST_TEST(s.has_finished("other 503"));
  BOOST_REQUIRE_EQUAL(s.warnings().size(), 1u);  // a minute is not over
  BOOST_TEST(s.warnings().front().find("connections of http are taken") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(requests_beyond_the_rate_of_an_address_are_429) {
  http::server_limits limits;
  limits.rate = 3;
  running_server s(limits);
  raw_client c(s.port);
  std::string many;
  for (int i = 0; i < 30; ++i) many += get("/ping");
  c.send(many);
  for (int i = 0; i < 3; ++i) BOOST_TEST(c.receive().status == 200u);
  auto a = c.receive();  // one more passes for each third of a second that the server is held up
  for (int i = 4; i < 30 && a.status == 200u; ++i) a = c.receive();
  BOOST_TEST(a.status == 429u);
  BOOST_TEST(a.headers.at("retry-after") == "1");
}

BOOST_AUTO_TEST_SUITE_END()
