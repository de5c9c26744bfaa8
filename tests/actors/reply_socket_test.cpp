#include "actors/reply_socket.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <future>
#include <optional>
#include <string>

#include "tests/fixtures/actor_system.hpp"

using namespace cybexd;
using actors::reply_options;
using outcome = messages::socket_told::outcome;

namespace {

/// A socket on the loopback address. Without a backlog it does not listen: connections are refused.
struct listener {
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port = 0;

  explicit listener(std::optional<int> backlog = 4) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    BOOST_REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0);
    BOOST_REQUIRE((!backlog || ::listen(socket, *backlog) == 0));
    BOOST_REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
  }
  listener(const listener&) = delete;
  ~listener() { ::close(socket); }

  [[nodiscard]] std::string received() const {
    const int peer = ::accept(socket, nullptr, nullptr);
    std::string text;
    char room[256];
    for (ssize_t n = 0; (n = ::read(peer, room, sizeof room)) > 0;)
      text.append(room, static_cast<std::size_t>(n));
    ::close(peer);
    return text;
  }
};

outcome tell(const reply_options& options, const messages::tell_socket& whom) {
  actors::name_lookup names;
  return actors::tell_waiting(options, whom, names).what;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reply_socket)

BOOST_AUTO_TEST_CASE(names_of_this_machine_stand_for_the_api_host) {
  const reply_options options{"10.1.2.3", {}, {}};
  for (const auto* name : {"0.0.0.0", "127.0.0.1", "localhost"})
    BOOST_TEST(actors::reply_host(options, name) == "10.1.2.3");
  BOOST_TEST(actors::reply_host(options, "10.9.9.9") == "10.9.9.9");
}

BOOST_AUTO_TEST_CASE(only_what_the_configuration_allows_is_connected_to) {
  const reply_options api_only{"10.1.2.3", {}, {}};
  BOOST_TEST(actors::reply_allowed(api_only, "10.1.2.3", 1));
  BOOST_TEST(!actors::reply_allowed(api_only, "10.1.2.4", 1));
  BOOST_TEST(!actors::reply_allowed(api_only, "10.1.2.3", 0));
  const reply_options listed{"10.1.2.3", {"hub.example.org:4000", "10.5.5.5", "localhost:7000"}, {}};
  BOOST_TEST(actors::reply_allowed(listed, "hub.example.org", 4000));
  BOOST_TEST(!actors::reply_allowed(listed, "hub.example.org", 4001));
  BOOST_TEST(actors::reply_allowed(listed, "10.5.5.5", 22));
  BOOST_TEST(actors::reply_allowed(listed, "10.1.2.3", 7000));
  BOOST_TEST(!actors::reply_allowed(listed, "10.1.2.3", 7001));
  BOOST_TEST((tell(api_only, {"evil.example.net", 80, "x"}) == outcome::not_allowed));
}

// Symptom: an IPv6 address was cut at its last colon, so that none was ever allowed.
BOOST_AUTO_TEST_CASE(ipv6_addresses_are_allowed_with_and_without_a_port) {
  const reply_options listed{"10.1.2.3", {"2001:db8::1", "[2001:db8::2]:4000", "[2001:db8::3]"}, {}};
  BOOST_TEST(actors::reply_allowed(listed, "2001:db8::1", 22));
  BOOST_TEST(actors::reply_allowed(listed, "2001:db8::2", 4000));
  BOOST_TEST(!actors::reply_allowed(listed, "2001:db8::2", 4001));
  BOOST_TEST(actors::reply_allowed(listed, "2001:db8::3", 22));
  BOOST_TEST(!actors::reply_allowed(listed, "2001:db8:", 1));
  for (const auto* nothing : {"[2001:db8::4", "[2001:db8::4]:", "2001:db8::4:", ":1"})
    BOOST_TEST(!actors::reply_allowed({"10.1.2.3", {nothing}, {}}, "2001:db8::4", 1), nothing);
  BOOST_TEST(!actors::reply_allowed({"10.1.2.3", {"hub.example.org:"}, {}}, "hub.example.org", 1));
}

BOOST_AUTO_TEST_CASE(the_nonce_arrives_and_the_connection_closes) {
  const listener waiting;
  BOOST_TEST((tell({}, {"0.0.0.0", waiting.port, "00112233445566778899aabbccddeeff"}) == outcome::told));
  BOOST_TEST(waiting.received() == "00112233445566778899aabbccddeeff");
}

BOOST_AUTO_TEST_CASE(a_socket_that_refuses_costs_nothing) {
  const listener refuses(std::nullopt);
  BOOST_TEST((tell({}, {"localhost", refuses.port, "x"}) == outcome::refused));
}

BOOST_AUTO_TEST_CASE(a_socket_that_takes_nothing_costs_the_time_out_at_most) {
  const listener deaf(0);
  const reply_options quick{"127.0.0.1", {}, std::chrono::milliseconds(50)};
  const std::string much(64u << 20, 'x');  // more than the kernel keeps for a peer that does not read
  BOOST_TEST((tell(quick, {"localhost", deaf.port, much}) == outcome::timed_out));
}

// Symptom: the name of an allowed host was looked up for as long as the system's resolver took.
BOOST_AUTO_TEST_CASE(a_resolver_that_hangs_costs_the_time_out_at_most) {
  std::promise<void> over;
  actors::name_lookup names([until = over.get_future().share()](const std::string&, std::uint16_t) {
    until.wait();
    return std::vector<actors::socket_address>();
  });
  const reply_options quick{"127.0.0.1", {"hub.example.org"}, std::chrono::milliseconds(50)};
  BOOST_TEST((actors::tell_waiting(quick, {"hub.example.org", 4000, "x"}, names).what == outcome::timed_out));
  over.set_value();
}

BOOST_AUTO_TEST_CASE(a_name_is_told_at_the_address_that_it_has) {
  const listener waiting;
  actors::name_lookup names([](const std::string& host, std::uint16_t port) {
    return actors::resolve(host == "hub.example.org" ? "127.0.0.1" : "", port);
  });
  const reply_options named{"127.0.0.1", {"hub.example.org"}, std::chrono::seconds(5)};
  BOOST_TEST(
      (actors::tell_waiting(named, {"hub.example.org", waiting.port, "nonce"}, names).what == outcome::told));
  BOOST_TEST(waiting.received() == "nonce");
}

BOOST_AUTO_TEST_CASE(a_name_without_an_address_refuses) {
  actors::name_lookup names(
      [](const std::string&, std::uint16_t) { return std::vector<actors::socket_address>(); });
  const reply_options named{"127.0.0.1", {"hub.example.org"}, std::chrono::seconds(5)};
  BOOST_TEST((actors::tell_waiting(named, {"hub.example.org", 1, "x"}, names).what == outcome::refused));
}

BOOST_AUTO_TEST_CASE(the_actor_tells_one_after_the_other_and_counts_how_each_ended) {
  actors::telemetry metrics{"test"};
  tests::actor_system_fixture on;
  const auto actor =
      on.spawn(actors::reply_socket, reply_options{}, std::make_shared<actors::name_lookup>(), &metrics);
  const listener waiting, refuses(std::nullopt);
  std::vector<std::shared_ptr<std::optional<messages::socket_told>>> told;
  for (const auto& whom : {messages::tell_socket{"localhost", refuses.port, "x"},
                           messages::tell_socket{"evil.example.net", 80, "x"},
                           messages::tell_socket{"localhost", waiting.port, "a nonce"}})
    told.push_back(on.ask<messages::socket_told>(actor, whom));
  on.run();
  const std::vector<outcome> wanted{outcome::refused, outcome::not_allowed, outcome::told};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    BOOST_REQUIRE(told[i]->has_value());
    BOOST_TEST(((*told[i])->what == wanted[i]));
  }
  BOOST_TEST(waiting.received() == "a nonce");
  for (const auto* how : {"refused", "not_allowed", "told"})
    BOOST_TEST(metrics.render().find("cybexd_reply_total{outcome=\"" + std::string(how) + "\"} 1") !=
               std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
