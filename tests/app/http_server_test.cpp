// What the server answers, spoken to byte by byte.
#include <boost/test/unit_test.hpp>
#include <thread>

#include "tests/fixtures/eventually.hpp"
#include "tests/fixtures/http_server.hpp"

using namespace cybexd::tests;
using namespace std::chrono_literals;

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

BOOST_AUTO_TEST_CASE(a_token_whose_look_up_throws_costs_one_request) {
  // Symptom: no memory while a token was looked up ended the process.
  running_server s;
  raw_client c(s.port), other(s.port);
  BOOST_TEST(
      c.ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nAuthorization: Bearer throws\r\n\r\nx")
          .status == 500u);
  BOOST_TEST(other.ask(get("/ping")).status == 200u);
  BOOST_TEST(s.warnings() == std::vector<std::string>{"POST /echo was answered with 500: the token could not "
                                                      "be looked at: std::bad_alloc"},
             boost::test_tools::per_element());
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

BOOST_AUTO_TEST_CASE(a_request_that_ends_in_the_middle) {
  running_server s;
  raw_client c(s.port);
  c.send("POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  c.half_close();
  BOOST_TEST(c.receive().status == 400u);
  BOOST_TEST(c.ends());
}

BOOST_AUTO_TEST_CASE(a_request_that_nobody_answers_ends_with_an_error) {
  running_server s;
  raw_client dropped(s.port), thrown(s.port);
  dropped.send(get("/late"));
  BOOST_REQUIRE(s.late.wait_for(1));
  s.late.forget_all();
  BOOST_TEST(dropped.receive().status == 500u);
  BOOST_TEST(thrown.ask(get("/throws?name=a.secret.token")).status == 500u);
  // Symptom: an operator found 500 in the metrics and nothing in the log.
  const std::vector<std::string> told{"GET /late was answered with 500: whoever had it did not answer",
                                      "GET /throws was answered with 500: std::bad_alloc"};
  BOOST_TEST(s.warnings() == told, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_request_that_is_answered_too_late_has_ended_with_503) {
  http::server_limits limits;
  limits.work_time = 100ms;
  running_server s(limits);
  raw_client slow(s.port);
  slow.send(get("/late"));
  BOOST_TEST(slow.receive().status == 503u);
  s.late.answer_all();  // too late: it must not become the answer to the next request
  BOOST_TEST(slow.ask(get("/ping")).body == R"({"message":"pong"})");
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_while_it_waits_is_noticed_at_once) {
  // Symptom: it was noticed only when the answer was written, five seconds later, and its report was made.
  running_server s;
  {
    raw_client leaves(s.port), early(s.port);
    leaves.send(get("/wait"));
    early.send(get("/wait") + get("/ping"));  // what it has sent already does not hide that it leaves
    BOOST_REQUIRE(s.late.wait_for(2));
    BOOST_TEST(s.left == 0);
  }
  BOOST_TEST(eventually([&] { return s.left == 2; }));
  BOOST_TEST(eventually([&] { return s.made->connections() == 0; }));
  s.late.answer_all();  // finds nobody
  const std::lock_guard lock(s.mutex);
  BOOST_TEST(s.finished == (std::vector<std::string>{"/wait 499", "/wait 499"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_client_that_is_answered_has_not_left) {
  running_server s;
  {
    raw_client c(s.port);
    for (int i = 0; i < 3; ++i) {
      c.send(get("/wait"));
      BOOST_REQUIRE(s.late.wait_for(1));
      s.late.answer_all();
      BOOST_TEST(c.receive().status == 200u);
    }
    BOOST_TEST(c.ask(get("/ping")).status == 200u);
    c.send(get("/wait") + get("/ping"));
    BOOST_REQUIRE(s.late.wait_for(1));
    s.late.answer_all();
    BOOST_TEST(c.receive().status == 200u);
    BOOST_TEST(c.receive().body == R"({"message":"pong"})");
  }
  BOOST_TEST(eventually([&] { return s.made->connections() == 0; }));
  BOOST_TEST(s.left == 0);
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
