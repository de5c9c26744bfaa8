// The database's clock, on a machine whose own clock is wrong or is set while the server runs.
#include "tahoe/store/mongodb_identity_changes.hpp"
#include "tests/fixtures/identity_on_mongodb.hpp"
#include "tests/fixtures/mongodb_homes.hpp"

namespace cybexd::tests {

using namespace store;

namespace {

double true_time() { return mongodb_clock::this_machine().wall(); }

/// A machine whose wall clock is `wrong` seconds off. It must outlive the clock.
struct odd_machine {
  double wrong = 0, slept = 0;
  mongodb_clock clock{{},
                      {[this] { return true_time() + wrong; },
                       [this] { return mongodb_clock::this_machine().steady() - slept; }}};
  [[nodiscard]] double error() const { return std::abs(clock.now() - true_time()); }
};

/// The test's and the database's clock are the same one; the answer takes its time.
constexpr double near = 5;

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_clocks, *with_mongodb())

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_moves_no_deadline) {
  const mongodb_places places;
  const auto home = places.home();
  odd_machine here;
  here.wrong = -1000;
  must(here.clock.compare(*home));
  BOOST_TEST(here.error() < near);
  BOOST_TEST(std::abs(here.clock.ahead() - 1000) < near);
  for (const double set_to : {0.0, -90.0, 500.0}) {
    here.wrong = set_to;
    BOOST_TEST(here.error() < near);
    BOOST_TEST(std::abs(here.clock.ahead() + set_to) < near);
  }
}

/// Times that a claim was written with and is asked with must compare exactly.
BOOST_AUTO_TEST_CASE(what_the_clocks_are_apart_does_not_tremble) {
  const mongodb_places places;
  mongodb_clock clock;
  BOOST_TEST(clock.ahead() == 0.0);
  must(clock.compare(*places.home()));
  const auto first = clock.ahead();
  for (int i = 0; i < 10'000; ++i) BOOST_REQUIRE(clock.ahead() == first);
}

BOOST_AUTO_TEST_CASE(the_database_is_asked_again_after_a_sleep_and_not_at_each_turn) {
  const mongodb_places places;
  const auto home = places.home();
  odd_machine here;
  here.clock.compare_now_and_then(*home);
  BOOST_TEST(here.error() < near);
  const auto before = home->counts().commands;
  for (int i = 0; i < 10; ++i) here.clock.compare_now_and_then(*home);
  BOOST_TEST(home->counts().commands == before);
  here.slept = 300;  // its steady clock stood still meanwhile
  BOOST_TEST(here.error() > 290);
  here.clock.compare_now_and_then(*home);
  BOOST_TEST(here.error() < near);
  BOOST_TEST(home->counts().commands == before + 1);
}

BOOST_AUTO_TEST_CASE(the_lock_of_changes_ends_by_the_databases_clock) {
  const mongodb_places places;
  const auto raw = beside(places);
  const auto lock_until = [&] {
    auto lock = must(beside(places, "_cybexd_changes").find_one(bson().add("_id", "lock"), {}, "test: read"));
    BOOST_REQUIRE(lock);
    return lock->find("until").number().value_or(0);
  };
  for (const double wrong : {-100.0, 100.0}) {
    const auto clock = std::make_shared<mongodb_clock>(
        std::function<double()>(), mongodb_clock::machine{[wrong] { return true_time() + wrong; },
                                                          mongodb_clock::this_machine().steady});
    identity_changes changes(raw, identity_log(raw), {}, clock);
    double left = 0;
    must(changes.run({}, [&](const std::string&) -> expected<std::vector<identity_step>> {
      left = lock_until() - true_time();
      return std::vector<identity_step>();
    }));
    BOOST_TEST(std::abs(left - 10) < near);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
