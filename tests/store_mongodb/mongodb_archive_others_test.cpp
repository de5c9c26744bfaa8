// The archive on MongoDB and what other modules leave there that is none of TAHOE's, or nearly.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/archive_on_mongodb.hpp"

namespace cybexd::tests {

using namespace store;

BOOST_AUTO_TEST_SUITE(mongodb_archive_others, *with_mongodb())

BOOST_AUTO_TEST_CASE(what_mongodb_refuses_for_good_costs_its_own_record_only) {
  const archive_on_mongodb on;
  // Sessions and a raw record of another module, without a list where ours join.
  std::vector<record_write> join;
  for (const auto& [id, ref] : {std::pair("s1", tahoe::value()), std::pair("s2", tahoe::value("none"))}) {
    auto theirs = tahoe::to_value(session_of(id));
    theirs.set("_ref", ref);
    on.insert(must(bson::from(theirs)));
    join.push_back(record_with(id, simple_plan()));
    join.back().filtered->product.sessions.push_back(
        {session_of(id), {join.back().filtered->product.documents.back().hash}});
  }
  const auto other = record_with("other", simple_plan());
  const auto results = write(*on.archive, {join[0], other, join[1]});
  BOOST_TEST((!results[0].known && !results[1].known && !results[2].known));
  for (const auto& record : join) {
    const auto refused = must(on.archive->get(record.raw.hash));
    BOOST_TEST((refused->valid == false && refused->filters.empty()));
    BOOST_TEST(refused->reason.find("is refused by MongoDB: ") != std::string::npos, refused->reason);
  }
  BOOST_TEST(must(on.archive->get(other.raw.hash))->filters.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_document_that_cannot_be_read_is_left_out_of_answers) {
  const archive_on_mongodb on;
  auto plan = simple_plan();
  for (const auto time : {1000.0, 3000.0}) {
    plan.timestamp = time;
    write(*on.archive, {record_with(std::to_string(time), plan)});
  }
  plan.timestamp = 2000;
  const auto event = make_parts(plan).back();
  auto odd = tahoe::to_value(event);
  odd.set("category", "odd");
  on.insert(must(bson::from(odd)));
  event_filter f;
  f.who.everything = true;
  const auto method = attribute("method", "ssh").hash;
  for (int again = 0; again < 2; ++again) {
    const auto view = must(on.archive->view());
    BOOST_TEST(must(view->count(method, f)) == 3u);
    std::vector<hash256> hashes;
    std::vector<double> times;
    for (std::uint64_t at = 0; at < 3; ++at)
      for (const auto& one : must(view->page(method, f, at, 1))) {
        hashes.push_back(one.hash);
        times.push_back(one.timestamp);
      }
    BOOST_TEST(times == (std::vector{3000.0, 2000.0, 1000.0}), boost::test_tools::per_element());
    BOOST_TEST(must(view->get_many(hashes)).size() == 2u);
    const auto asked = view->get(event.hash);
    BOOST_REQUIRE(!asked);
    BOOST_TEST((asked.error().kind == failure::corrupt));
  }
  const auto said = on.sentences();
  BOOST_TEST(std::count_if(said.begin(), said.end(), [](const std::string& s) {
               return s.find("left out of answers") != std::string::npos;
             }) == 1);
}

BOOST_AUTO_TEST_CASE(raw_records_that_other_modules_left_odd_stop_no_filter) {
  const archive_on_mongodb on;
  const auto put = [&](const std::string& text,
                       const std::vector<std::pair<std::string, tahoe::value>>& fields) {
    const auto raw = raw_of(text, "org1");
    auto json = tahoe::to_value(raw);
    for (const auto& [field, v] : fields) json.set(field, v);
    on.insert(must(bson::from(json)));
    return raw.hash;
  };
  put("cannot be read", {{"_ref", "none"}});
  const auto nulls = put("nulls", {{"filters", tahoe::value()},
                                   {"timezone", tahoe::value()},
                                   {"_valid", tahoe::value()},
                                   {"_ref", tahoe::value()}});
  const auto last = put("last", {});
  const auto waiting = must(on.archive->unfiltered(cowrie, std::nullopt, 10));
  BOOST_REQUIRE_EQUAL(waiting.size(), 2u);
  BOOST_TEST((waiting[0].raw.hash == nulls && waiting[1].raw.hash == last));
  BOOST_TEST(must(on.archive->get(nulls)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
