#include "tahoe/store/archive_rules.hpp"

#include <boost/test/unit_test.hpp>

#include "tahoe/json.hpp"

using namespace cybexd;
using namespace cybexd::tahoe;

BOOST_AUTO_TEST_SUITE(archive_rules)

BOOST_AUTO_TEST_CASE(the_times_of_a_session_do_not_depend_on_the_order) {
  // Symptom: of two ends at the same time with the durations 1 and 1.0, the one that came first stayed.
  const std::vector<value> ascending{-1.5,
                                     -0.0,
                                     0.0,
                                     1,
                                     1.0,
                                     2,
                                     "",
                                     "2",
                                     "20",
                                     "3",
                                     false,
                                     true,
                                     array{1},
                                     array{2},
                                     array{},
                                     object{{"a", 1}},
                                     object{{"b", 0}},
                                     object{}};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t k = 0; k < ascending.size(); ++k) {
      document stored, again;
      stored.end_time = again.end_time = 80.0;
      stored.duration = ascending[i];
      again.duration = ascending[k];
      const auto what = to_json(ascending[i]) + " and " + to_json(ascending[k]);
      BOOST_TEST(store::archive_rules::merge_times(stored, again) == (k > i), what);
      BOOST_TEST(to_json(*stored.duration) == to_json(ascending[std::max(i, k)]), what);
    }
  }
}

BOOST_AUTO_TEST_CASE(null_is_no_time) {
  document stored, again;
  stored.end_time = again.end_time = 80.0;
  again.duration = value();
  BOOST_TEST(!store::archive_rules::merge_times(stored, again));
  stored.duration = value();
  again.duration = -1;
  BOOST_TEST(store::archive_rules::merge_times(stored, again));
  BOOST_TEST((stored.duration == value(-1)));
  again.end_time = 81.0;
  again.duration = value();
  BOOST_TEST(store::archive_rules::merge_times(stored, again));
  BOOST_TEST((stored.end_time == value(81.0) && !stored.duration));
  again.end_time = again.start_time = value();
  BOOST_TEST(!store::archive_rules::tells_times(again));
  const auto noted = store::archive_rules::noted_for(again, "org1");
  BOOST_REQUIRE(noted);
  BOOST_TEST((!noted->start_time && !noted->end_time && !noted->duration && noted->extra.empty()));
}

BOOST_AUTO_TEST_SUITE_END()
