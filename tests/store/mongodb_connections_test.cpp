// Ending the connections that this process made to a database.
#include "tahoe/store/mongodb_connections.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

using namespace cybexd;

namespace {

struct closing {
  int number = -1;
  explicit closing(int n) : number(n) { BOOST_REQUIRE(n >= 0); }
  closing(const closing&) = delete;
  ~closing() { ::close(number); }
};

sockaddr_in name_of(int socket) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  BOOST_REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size) == 0);
  return name;
}
std::string port_of(int socket) { return std::to_string(ntohs(name_of(socket).sin_port)); }

/// A server that accepts and never answers.
struct silent_server {
  closing listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  silent_server() {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    BOOST_REQUIRE(::bind(listener.number, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0);
    BOOST_REQUIRE(::listen(listener.number, 4) == 0);
  }
  int connect() const {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto to = name_of(listener.number);
    BOOST_REQUIRE(::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    return socket;
  }
};

/// Whether the other end, or we, have ended it.
bool is_over(int socket) {
  char byte = 0;
  return ::recv(socket, &byte, 1, MSG_DONTWAIT) == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_connections)

BOOST_AUTO_TEST_CASE(those_to_the_place_end_and_others_stay) {
  const silent_server database, other;
  const closing asked(database.connect()), elsewhere(other.connect());
  store::cut_connections({port_of(database.listener.number), "/tmp/no-such.sock"});
  BOOST_TEST(is_over(asked.number));
  BOOST_TEST(!is_over(elsewhere.number));
}

BOOST_AUTO_TEST_CASE(one_that_was_accepted_stays_whatever_its_other_port) {
  const silent_server ours;
  const closing theirs(ours.connect());
  const closing accepted(::accept(ours.listener.number, nullptr, nullptr));
  store::cut_connections({port_of(theirs.number)});  // a client whose port is that of a database
  BOOST_TEST(!is_over(accepted.number));
  BOOST_TEST(!is_over(theirs.number));
}

BOOST_AUTO_TEST_SUITE_END()
