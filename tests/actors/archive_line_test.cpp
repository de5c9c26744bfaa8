#include "actors/archive_line.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <vector>

#include "actors/telemetry.hpp"

using namespace cybexd;
using namespace cybexd::actors;

namespace {

/// A line whose stages only note what they are asked.
struct noted_line {
  explicit noted_line(line_limits limits) : line(limits, stages(), metrics) {}

  line_stages stages() {
    line_stages out;
    out.open = [this](std::uint64_t unit, const messages::open_files& job) {
      opened[unit] = job.ids->size();
      sizes.push_back(job.ids->size());
    };
    out.parse = [](std::uint64_t, const messages::parse_records&) {};
    out.filter = [](std::uint64_t, const messages::filter_records&) {};
    out.commit = [](std::uint64_t, const messages::commit_work&) {};
    out.sub_type_of = [](const std::string&) { return std::string("unknown"); };
    out.left = [](std::uint64_t, bool) {};
    return out;
  }

  void add(std::size_t entries, std::uint64_t bytes = 1024) {
    for (std::size_t i = 0; i < entries; ++i) {
      store::lake_entry entry;
      entry.bytes = bytes;
      entry.records = 1;
      line.add(std::move(entry), 1);
    }
    line.pump();
  }

  telemetry metrics{"test"};
  std::map<std::uint64_t, std::size_t> opened;
  std::vector<std::size_t> sizes;
  archive_line line;
};

using sizes = std::vector<std::size_t>;

void check_sizes(const noted_line& of, const sizes& expected) {
  BOOST_TEST(of.sizes == expected, boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(archive_line)

BOOST_AUTO_TEST_CASE(few_entries_are_shared_out_among_the_workers) {
  noted_line some({.unit_entries = 128, .busy_units = 4});
  some.add(100);
  check_sizes(some, {25, 25, 25, 25});
}

BOOST_AUTO_TEST_CASE(very_few_entries_stay_together) {
  noted_line some({.unit_entries = 128, .busy_units = 4});
  some.add(20);
  check_sizes(some, {16, 4});
}

BOOST_AUTO_TEST_CASE(many_entries_go_in_large_units) {
  noted_line many({.unit_entries = 128, .busy_units = 4});
  many.add(1000);
  check_sizes(many, {128, 128, 128, 128, 128, 128, 128, 104});
}

BOOST_AUTO_TEST_CASE(with_all_workers_busy_there_is_no_hurry_to_share) {
  noted_line busy({.unit_entries = 128, .busy_units = 4});
  busy.add(512);
  busy.add(100);
  check_sizes(busy, {128, 128, 128, 128, 100});
}

BOOST_AUTO_TEST_CASE(the_bytes_of_a_unit_are_bounded_and_one_large_entry_goes_alone) {
  noted_line large({.unit_entries = 128, .unit_bytes = 10'000, .busy_units = 1});
  large.add(5, 4'000);
  large.add(1, 1'000'000);
  check_sizes(large, {2, 2, 1, 1});
}

BOOST_AUTO_TEST_CASE(records_on_their_way_are_bounded) {
  noted_line bounded({.unit_entries = 128, .busy_units = 1, .unit_records_total = 300});
  bounded.add(1000);
  check_sizes(bounded, {128, 128});
  bounded.line.unavailable(bounded.opened.begin()->first, "the store is away");
  BOOST_TEST(bounded.line.entries() == 1000u);
  BOOST_TEST(bounded.line.resume(2) == 872u);  // the other unit is still on its way
  bounded.line.pump();
  check_sizes(bounded, {128, 128, 128});
}

BOOST_AUTO_TEST_SUITE_END()
