// The wrappers that other tests rely on.
#include "tests/fixtures/failing_store.hpp"

#include <boost/test/unit_test.hpp>

namespace cybexd::tests {

BOOST_AUTO_TEST_SUITE(failing_store)

BOOST_AUTO_TEST_CASE(fails_when_told_and_only_then) {
  auto plan = std::make_shared<faults>();
  auto all = failing(store::make_memory(), plan);
  BOOST_TEST(all.lake->books().has_value());
  plan->down = true;
  auto down = all.lake->books();
  BOOST_REQUIRE(!down);
  BOOST_TEST((down.error().kind == failure::unavailable));
  BOOST_TEST(!all.identity->users().has_value());
  BOOST_TEST(!all.reports->takeable(0, 0, 1).has_value());
  BOOST_TEST(!all.archive->raw_sub_types().has_value());
  BOOST_TEST(!all.commit->commit({}).has_value());
  plan->heal();
  BOOST_TEST(all.lake->books().has_value());
  plan->fail_once(2);
  BOOST_TEST(all.lake->books().has_value());
  BOOST_TEST(!all.lake->books().has_value());
  BOOST_TEST(all.lake->books().has_value());
  plan->fail_from(2);
  BOOST_TEST(all.lake->books().has_value());
  BOOST_TEST(!all.lake->books().has_value());
  BOOST_TEST(!all.lake->books().has_value());
}

BOOST_AUTO_TEST_CASE(fails_only_the_calls_that_are_named) {
  auto plan = std::make_shared<faults>();
  plan->only = "lake.mark";
  auto all = failing(store::make_memory(), plan);
  plan->down = true;
  BOOST_TEST(all.lake->books().has_value());
  BOOST_TEST(!all.lake->mark({}).has_value());
  BOOST_TEST(plan->calls() == 2u);
}

BOOST_AUTO_TEST_CASE(a_record_may_throw) {
  auto plan = std::make_shared<faults>();
  auto all = failing(store::make_memory(), plan);
  plan->on_record = [](const store::document& raw) {
    if (raw.sub_type == "poison") throw std::runtime_error("poison");
  };
  std::vector<store::entry_work> batch(1);
  batch[0].records.resize(1);
  batch[0].records[0].raw.sub_type = "poison";
  BOOST_CHECK_THROW((void)all.commit->commit(batch), std::runtime_error);
  BOOST_CHECK_THROW((void)all.archive->write(batch[0].records), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
