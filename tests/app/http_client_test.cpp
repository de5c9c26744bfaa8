// The client of the commands, against servers that lose patience.
#include "app/client/http_client.hpp"

#include "tests/fixtures/eventually.hpp"
#include "tests/fixtures/http_server.hpp"
#include "tests/fixtures/temp_dir.hpp"
#include "tests/fixtures/tls_client.hpp"

using namespace cybexd::tests;
using namespace std::chrono_literals;
namespace client = cybexd::app::client;

namespace {

constexpr auto patient = 30s;

/// Serves one route, plain, with TLS and on a Unix socket, and closes a connection on which nothing is asked
/// for two seconds, within which a machine that is held up makes a handshake, too.
struct impatient_server {
  impatient_server() {
    http::server_options options;
    options.limits.header_time = options.limits.idle_time = 2s;
    options.tls = {folder / "cert.pem", folder / "key.pem"};
    write_certificate(options.tls.certificate, options.tls.key, 1);
    const auto shared = std::make_shared<const http::router>(std::vector<http::route>{ping_route()});
    made = std::make_unique<http::server>(options, http::server_hooks{});
    const auto ports = made->start({{"127.0.0.1", 0, {}, false, shared},
                                    {"127.0.0.1", 0, {}, true, shared},
                                    {{}, 0, folder / "server.sock", false, shared}});
    BOOST_REQUIRE(ports);
    plain = "http://127.0.0.1:" + std::to_string(ports->at(0));
    secure = "https://127.0.0.1:" + std::to_string(ports->at(1));
  }

  /// Every connection was closed by the server.
  [[nodiscard]] bool has_closed_all() const {
    return eventually([this] { return made->connections() == 0; });
  }

  temp_dir folder;
  std::unique_ptr<http::server> made;
  std::string plain, secure;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_client)

BOOST_AUTO_TEST_CASE(a_pause_of_the_caller_costs_nothing) {
  // Symptom: `(sleep 15; cat x) | cybexd raw put - --lines` with a server running: "localhost: end of
  // stream".
  impatient_server s;
  std::vector<cybexd::expected<client::http_client>> clients;
  clients.push_back(client::http_client::to_socket(s.folder / "server.sock"));
  clients.push_back(client::http_client::to_url(s.plain));
  clients.push_back(client::http_client::to_url(s.secure, s.folder / "cert.pem"));
  client::http_request ping;
  ping.method = "GET";
  ping.target = "/ping";
  // Before the first request of each, and between two.
  for (int round = 0; round < 2; ++round) {
    BOOST_REQUIRE(s.has_closed_all());
    for (auto& to : clients) {
      BOOST_REQUIRE_MESSAGE(to, (to ? "" : to.error().text));
      for (int again = 0; again < 2; ++again) {
        const auto answer = to->send(ping, patient);
        BOOST_REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().text));
        BOOST_TEST(answer->status == 200u);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_server_that_is_gone_is_told) {
  impatient_server s;
  auto to = client::http_client::to_socket(s.folder / "server.sock");
  BOOST_REQUIRE(to);
  s.made.reset();
  client::http_request ping;
  ping.method = "GET";
  ping.target = "/ping";
  const auto answer = to->send(ping, patient);
  BOOST_REQUIRE(!answer);
  BOOST_TEST((answer.error().kind == cybexd::failure::unavailable));
}

BOOST_AUTO_TEST_SUITE_END()
