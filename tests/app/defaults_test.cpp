#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "app/config/settings.hpp"
#include "tahoe/filters/filter.hpp"

BOOST_AUTO_TEST_SUITE(defaults)

// The names of two filters differed between the settings and the registry, so they never ran.
BOOST_AUTO_TEST_CASE(every_built_in_filter_runs_by_default) {
  std::vector<std::string> built_in;
  for (const auto& filter : cybexd::tahoe::filters::all()) built_in.emplace_back(filter.name);
  std::sort(built_in.begin(), built_in.end());
  auto configured = cybexd::app::settings{}.archive.filters;
  std::sort(configured.begin(), configured.end());
  BOOST_TEST(configured == built_in, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
