#include "actors/name_lookup.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <future>

using namespace cybexd;
using addresses = std::vector<actors::socket_address>;

namespace {

std::chrono::steady_clock::time_point in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}
constexpr std::chrono::milliseconds at_once{0}, soon{30'000};

/// A resolver that answers nobody before it is let go.
class held_resolver {
 public:
  ~held_resolver() {
    if (!gone_) let_go();
  }
  void let_go() {
    gone_ = true;
    over_.set_value();
  }
  actors::resolver function() {
    return [until = until_, calls = calls](const std::string& host, std::uint16_t) {
      ++*calls;
      until.wait();
      return addresses{{1, host}};
    };
  }
  std::shared_ptr<std::atomic<int>> calls = std::make_shared<std::atomic<int>>(0);

 private:
  std::promise<void> over_;
  std::shared_future<void> until_ = over_.get_future().share();
  bool gone_ = false;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(name_lookup)

BOOST_AUTO_TEST_CASE(an_address_needs_no_resolver) {
  held_resolver held;
  actors::name_lookup names(held.function());
  for (const auto* address : {"127.0.0.1", "::1", "192.0.2.7"})
    BOOST_TEST(names.find(address, 80, in(at_once)).value().size() == 1u);
  BOOST_TEST(*held.calls == 0);
}

BOOST_AUTO_TEST_CASE(who_waits_gets_the_addresses) {
  actors::name_lookup names([](const std::string& host, std::uint16_t port) {
    return addresses{{1, host}, {2, std::to_string(port)}};
  });
  const auto found = names.find("hub.example.org", 4000, in(soon)).value();
  BOOST_REQUIRE(found.size() == 2u);
  BOOST_TEST(found[0].bytes == "hub.example.org");
  BOOST_TEST(found[1].bytes == "4000");
}

BOOST_AUTO_TEST_CASE(nobody_waits_past_the_deadline_and_one_look_up_serves_all_who_ask) {
  held_resolver held;
  actors::name_lookup names(held.function());
  for (int i = 0; i < 20; ++i) BOOST_TEST(!names.find("hub.example.org", 4000, in(at_once)));
  auto late = std::async(std::launch::async, [&] { return names.find("hub.example.org", 4000, in(soon)); });
  held.let_go();
  BOOST_TEST(late.get().value().at(0).bytes == "hub.example.org");
  BOOST_TEST(*held.calls <= 2);  // the last one may have come after the first answer
}

BOOST_AUTO_TEST_CASE(look_ups_that_hang_are_bounded) {
  held_resolver held;
  actors::name_lookup names(held.function(), 2);
  BOOST_TEST(!names.find("one.example.org", 1, in(at_once)));
  BOOST_TEST(!names.find("two.example.org", 1, in(at_once)));
  BOOST_TEST(!names.find("three.example.org", 1, in(soon)));  // answers at once: there is no room
  held.let_go();
  BOOST_TEST(names.find("one.example.org", 1, in(soon)).has_value());
  BOOST_TEST(names.find("two.example.org", 1, in(soon)).has_value());
  BOOST_TEST(names.find("three.example.org", 1, in(soon)).has_value());
}

BOOST_AUTO_TEST_CASE(a_resolver_without_memory_knows_nobody_and_ends_nothing) {
  // Symptom: what its thread threw ended the process.
  actors::name_lookup names([](const std::string&, std::uint16_t) -> addresses { throw std::bad_alloc(); });
  BOOST_TEST(names.find("hub.example.org", 4000, in(soon)).value().empty());
}

BOOST_AUTO_TEST_CASE(a_look_up_may_outlive_who_started_it) {
  held_resolver held;
  {
    actors::name_lookup names(held.function());
    BOOST_TEST(!names.find("hub.example.org", 4000, in(at_once)));
  }
  held.let_go();
}

BOOST_AUTO_TEST_SUITE_END()
