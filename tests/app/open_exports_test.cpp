// The thread of an export: whatever it meets costs that export and nothing else.
#include "app/operations/open_exports.hpp"

#include <boost/test/unit_test.hpp>
#include <new>

#include "tests/fixtures/failing_store.hpp"

using namespace cybexd;
using namespace std::chrono_literals;
namespace ops = app::operations;

BOOST_AUTO_TEST_SUITE(open_exports)

BOOST_AUTO_TEST_CASE(one_without_memory_ends_and_the_next_one_goes_on) {
  // Symptom: its thread ended the process.
  const auto trouble = std::make_shared<tests::faults>();
  const auto stores = tests::failing(store::make_memory(), trouble);
  trouble->on_call = [](std::string_view now) {
    if (now == "archive.each") throw std::bad_alloc();
  };
  const ops::export_choice whole_archive{"archive", {}, {}, false};
  ops::open_exports exports(ops::export_times{2min, 2min});
  const auto without = exports.begin(stores, whole_archive);
  BOOST_REQUIRE(without);
  const auto page = exports.next(*without);
  BOOST_REQUIRE(!page);
  BOOST_TEST((page.error().kind == failure::internal));
  trouble->on_call = nullptr;
  const auto with = exports.begin(stores, whole_archive);
  BOOST_REQUIRE(with);
  const auto last = exports.next(*with);
  BOOST_REQUIRE(last);
  BOOST_TEST(last->last);
}

BOOST_AUTO_TEST_SUITE_END()
