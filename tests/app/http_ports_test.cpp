// The interface's doors over a backend of the test: ports, the Unix socket, TLS, the stop.
#include "tests/fixtures/running_service.hpp"

#include <future>

namespace http = cybexd::app::http;
namespace messages = cybexd::messages;
namespace tahoe = cybexd::tahoe;
using cybexd::fail;
using cybexd::failure;
using namespace cybexd::tests;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(http_ports)

BOOST_AUTO_TEST_CASE(a_scrape_that_waits_for_a_store_holds_up_no_probe) {
  // Symptom: /readyz stood behind scrapes, each as slow as the stores that were away.
  running_service s;
  std::promise<void> store_answers;
  s.on_scrape = [goes_on = store_answers.get_future().share()] { goes_on.wait(); };
  raw_client scrape(s.ports.operators), probe(s.ports.operators);
  scrape.send("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
  for (int i = 0; i < 3; ++i)
    for (const std::string path : {"/readyz", "/healthz"})
      BOOST_TEST(probe.ask("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n").status == 200u);
  store_answers.set_value();
  BOOST_TEST(scrape.receive().status == 200u);
}

// Symptom: whoever could reach the operators' port could keep the commands out, for a while.
BOOST_AUTO_TEST_CASE(the_socket_of_the_commands_is_open_when_the_operators_port_is_full) {
  running_service s;
  const std::string healthz = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
  std::vector<std::unique_ptr<raw_client>> kept;
  for (int i = 0; i < 128; ++i) {
    kept.push_back(std::make_unique<raw_client>(s.ports.operators));
    BOOST_REQUIRE_EQUAL(kept.back()->ask(healthz).status, 200u);
  }
  raw_client refused(s.ports.operators);
  BOOST_TEST(refused.receive().status == 503u);
  raw_client local(s.options.unix_socket);
  BOOST_TEST(local.ask(healthz).status == 200u);
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
  BOOST_TEST(started.error().text.starts_with("http.listen: "));
}

BOOST_AUTO_TEST_CASE(tls_and_its_files_read_again) {
  running_service s(true);
  const std::string ping = "GET /ping HTTP/1.1\r\nHost: h\r\n\r\n";
  tls_client first(s.ports.http);
  BOOST_REQUIRE(first.connected());
  BOOST_TEST(first.serial() == 1);
  BOOST_TEST(first.ask(ping, "}").ends_with(R"({"message":"pong"})"));
  BOOST_TEST(tls_client(s.ports.http, tls_client::highest::tls_1_2).connected());
  BOOST_TEST(!tls_client(s.ports.http, tls_client::highest::tls_1_1).connected());
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
