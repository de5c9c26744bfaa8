// Looks, when there are fewer connections than they want.
#include <boost/test/unit_test.hpp>
#include <future>

#include "tests/fixtures/archive_on_mongodb.hpp"

namespace cybexd::tests {

using namespace store;

BOOST_AUTO_TEST_SUITE(mongodb_look, *with_mongodb())

// Each holds a connection until it goes. One that waits for a connection must not keep others from giving
// theirs back.
BOOST_AUTO_TEST_CASE(one_that_ends_makes_room_for_one_that_waits) {
  archive_on_mongodb on;
  auto few = on.places.archive;
  few.url += "&maxPoolSize=2&waitQueueTimeoutMS=20000";
  const auto archive = must(make_mongodb_archive(few, {}));
  auto first = must(archive->view());
  auto second = must(archive->view());
  const hash256 any = crypto::sha256("any");
  event_filter all;
  all.who.everything = true;
  must(first->count(any, all));
  must(second->count(any, all));
  auto waits = std::async(std::launch::async, [&] {
    auto third = must(archive->view());
    return third->count(any, all);
  });
  // If it has not come to wait yet, this shows less, and fails no more.
  BOOST_REQUIRE((waits.wait_for(std::chrono::milliseconds(200)) == std::future_status::timeout));
  const auto began = std::chrono::steady_clock::now();
  first.reset();
  BOOST_TEST((std::chrono::steady_clock::now() - began < std::chrono::seconds(10)));
  const auto counted = waits.get();
  BOOST_REQUIRE_MESSAGE(counted, (counted ? "" : counted.error().text));
  BOOST_TEST(*counted == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
