#include "tests/fixtures/mongodb_server.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "tahoe/bson.hpp"
#include "tahoe/json.hpp"
#include "tests/fixtures/eventually.hpp"

namespace cybexd::tests {
namespace {

std::string program() { return CYBEXD_SOURCE_DIR "/build/mongo-test-server/bin/secantusd-py"; }

/// The port in the server's line "listening on 127.0.0.1:PORT", or 0.
int port_in(const std::string& log) {
  std::ifstream file(log);
  std::stringstream text;
  text << file.rdbuf();
  constexpr std::string_view before = "listening on 127.0.0.1:";
  const auto all = text.str();
  const auto at = all.rfind(before);
  return at == std::string::npos ? 0 : std::atoi(all.c_str() + at + before.size());
}

const char* outside() {
  const char* url = std::getenv("CYBEXD_TEST_MONGO");
  return url == nullptr || *url == '\0' ? nullptr : url;
}

bool server_can_be_had() { return outside() != nullptr || ::access(program().c_str(), X_OK) == 0; }

[[noreturn]] void become_server(int port, const std::string& files, const std::string& log,
                                const std::vector<std::string>& more) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // does not outlive a test that is killed
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(out, 1);
  ::dup2(out, 2);
  const auto name = program(), number = std::to_string(port);
  std::vector<const char*> words{name.c_str(),   "--host",         "127.0.0.1",   "--port",
                                 number.c_str(), "--storage-path", files.c_str(), "--enable-test-commands"};
  for (const auto& word : more) words.push_back(word.c_str());
  words.push_back(nullptr);
  ::execv(name.c_str(), const_cast<char* const*>(words.data()));
  ::_exit(127);
}

}  // namespace

mongodb_server::mongodb_server(std::vector<std::string> more) : more_(std::move(more)) { start(); }
mongodb_server::~mongodb_server() {
  if (process_ > 0) kill();
  let_port_go();
}

void mongodb_server::start() {
  const auto log = room_ / "log", files = room_ / "files";
  std::filesystem::remove(log);
  process_ = ::fork();
  if (process_ == 0) become_server(port_, files, log, more_);
  const auto ended = [&] { return ::waitpid(process_, nullptr, WNOHANG) != 0; };
  const bool said_so = process_ > 0 && eventually([&] { return port_in(log) != 0 || ended(); });
  if (!said_so || port_in(log) == 0) {
    std::ifstream said(log);
    std::stringstream text;
    text << said.rdbuf();
    throw std::runtime_error("the MongoDB server for tests does not start: " + text.str());
  }
  port_ = port_in(log);
  let_port_go();
}

void mongodb_server::kill() {
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
  // Another process might take the port. Nobody listens on it: connections are refused.
  kept_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int yes = 1;
  (void)::setsockopt(kept_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  (void)::bind(kept_, reinterpret_cast<sockaddr*>(&address), sizeof address);
}

void mongodb_server::let_port_go() {
  if (kept_ >= 0) ::close(kept_);
  kept_ = -1;
}

void mongodb_server::start_again() { start(); }

std::string mongodb_server::url(const std::string& more) const {
  return "mongodb://127.0.0.1:" + std::to_string(port_) + "/?retryWrites=false&directConnection=true" + more;
}

void mongodb_server::fail_commands(const std::string& mode, const std::string& data) {
  const auto text = R"({"configureFailPoint":"failCommand","mode":)" + mode + R"(,"data":)" + data + "}";
  const auto json = tahoe::parse_json(text);
  BOOST_REQUIRE_MESSAGE(json, (json ? "" : json.error().text));
  auto command = store::bson::from(*json);
  BOOST_REQUIRE(command);
  if (!own_) own_ = store::mongodb_home::open({.url = url("&appName=the-test-itself")}).value();
  auto set = own_->command("admin", *command, false, "test: fail point");
  BOOST_REQUIRE_MESSAGE(set, set.error().text);
}

void mongodb_server::heal() { fail_commands(R"("off")", "{}"); }

const std::string& mongodb_url() {
  static std::unique_ptr<mongodb_server> server;
  static std::shared_ptr<store::mongodb_home> kept;  // one set of connections for all cases
  static const std::string url = [] {
    std::string where = outside() == nullptr ? "" : outside();
    if (where.empty()) {
      server = std::make_unique<mongodb_server>();
      where = server->url();
    }
    if (auto home = store::mongodb_home::open({.url = where})) kept = *home;
    return where;
  }();
  return url;
}

namespace {

boost::test_tools::assertion_result mongodb_there(boost::unit_test::test_unit_id) {
  const char* ci = std::getenv("CI");
  if (server_can_be_had() || (ci != nullptr && std::string(ci) == "true")) return true;
  std::cout << "SKIPPED: no MongoDB server for tests; run deploy/mongo-test-server\n";
  return false;
}

}  // namespace

boost::unit_test::decorator::precondition with_mongodb() {
  return boost::unit_test::decorator::precondition(&mongodb_there);
}

namespace {

std::string fresh_name(const char* what) {
  static int last = 0;
  return "cybexd_test_" + std::to_string(::getpid()) + "_" + std::to_string(++last) + "_" + what;
}

}  // namespace

mongodb_places::mongodb_places(std::string url)
    : cache{url, fresh_name("cache"), "file_entries"},
      archive{url, fresh_name("tahoe"), "instance"},
      report{url, fresh_name("report"), "instance"},
      identity{url, fresh_name("identity"), "instance"} {}

mongodb_places::~mongodb_places() {
  const auto where = store::mongodb_home::open({.url = cache.url});
  if (!where) return;
  for (const auto* place : {&cache, &archive, &report, &identity})
    (void)(*where)->command(place->db, store::bson().add("dropDatabase", 1), true, "test: drop");
}

std::shared_ptr<store::mongodb_home> mongodb_places::home() const {
  auto where = store::mongodb_home::open({.url = cache.url});
  BOOST_REQUIRE_MESSAGE(where, where.error().text);
  return *where;
}

}  // namespace cybexd::tests
