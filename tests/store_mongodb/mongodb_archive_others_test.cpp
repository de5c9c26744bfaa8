// The archive on MongoDB and what other modules leave there that is none of TAHOE's, or nearly.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "tests/fixtures/archive_on_mongodb.hpp"

namespace cybexd::tests {

using namespace store;

BOOST_AUTO_TEST_SUITE(mongodb_archive_others, *with_mongodb())

BOOST_AUTO_TEST_CASE(what_mongodb_refuses_for_good_costs_its_own_record_only) {
  const archive_on_mongodb on;
  // Sessions of another module, without a list where ours join.
  std::vector<record_write> join;
  for (const auto& [id, ref] : {std::pair("s1", tahoe::value(7)), std::pair("s2", tahoe::value("none"))}) {
    auto theirs = tahoe::to_value(session_of(id));
    theirs.set("_ref", ref);
    on.insert(must(bson::from(theirs)));
    auto plan = simple_plan();
    plan.attributes.push_back(attribute("filename", id));
    join.push_back(record_with(id, plan));
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
    BOOST_TEST(!must(on.archive->get(record.filtered->product.documents.back().hash)));
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

BOOST_AUTO_TEST_CASE(an_event_that_cannot_be_read_is_left_out_of_a_walk_from_others) {
  const archive_on_mongodb on;
  auto plan = simple_plan();
  std::vector<hash256> events;
  for (const auto time : {1000.0, 3000.0}) {
    plan.timestamp = time;
    write(*on.archive, {record_with(std::to_string(time), plan)});
    events.push_back(make_parts(plan).back().hash);
  }
  std::vector<hash256> odd;
  for (const auto& [field, v] : {std::pair("category", tahoe::value("odd")),
                                 {"timestamp", tahoe::value("noon")},
                                 {"timestamp", tahoe::value()}}) {
    plan.timestamp += 1;
    odd.push_back(make_parts(plan).back().hash);
    auto json = tahoe::to_value(make_parts(plan).back());
    json.set(field, v);
    on.insert(must(bson::from(json)));
  }
  visibility who;
  who.everything = true;
  const auto view = must(on.archive->view());
  const auto event = must(view->event_node(events[0], who));
  const auto attribute_node = must(view->facts(*event, who))->attributes.at(0);
  std::set<double> times;
  const auto note = [&](const event_facts& facts) { return times.insert(facts.timestamp).second || true; };
  must(view->events_of(attribute_node, who, note));
  BOOST_TEST(times == (std::set{1000.0, 3000.0}), boost::test_tools::per_element());
  times.clear();
  must(view->all_events(who, note));
  BOOST_TEST(times == (std::set{1000.0, 3000.0}), boost::test_tools::per_element());
  for (const auto& hash : odd) {
    const auto asked = view->event_node(hash, who);
    BOOST_REQUIRE(!asked);
    BOOST_TEST((asked.error().kind == failure::corrupt), asked.error().text);
  }
  const auto said = on.sentences();
  BOOST_TEST(std::any_of(said.begin(), said.end(), [](const std::string& s) {
    return s.find("left out of answers") != std::string::npos;
  }));
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

BOOST_AUTO_TEST_CASE(nulls_of_other_modules_become_lists_where_something_is_to_be_noted) {
  const archive_on_mongodb on;
  const auto put = [&](const document& d, const std::vector<std::string>& nulls) {
    auto json = tahoe::to_value(d);
    for (const auto& field : nulls) json.set(field, tahoe::value());
    on.insert(must(bson::from(json)));
  };
  auto plan = simple_plan();
  plan.category = tahoe::category::malicious;
  plan.malicious = {plan.attributes[0].hash};
  auto mild = simple_plan();
  const auto event = make_parts(mild).back();
  BOOST_REQUIRE((make_parts(plan).back().hash == event.hash));
  put(event, {"_mal_ref", "_ben_ref", "category"});
  put(session_of("s1"), {"_ref"});
  for (const auto* text : {"first", "later"}) put(raw_of(text, "org1"), {"filters", "_ref"});
  put(raw_of("filters only", "org1"), {"filters"});
  std::vector<record_write> records;
  for (const auto* text : {"first", "later", "filters only"}) {
    records.push_back(record_with(text, plan));
    records.back().filtered->product.sessions.push_back({session_of("s1"), {event.hash}});
  }
  records[1].raw.orgid = "org2";
  for (int again = 0; again < 2; ++again) {
    write(*on.archive, records);
    for (const auto& record : records) {
      const auto raw = must(on.archive->get(record.raw.hash));
      BOOST_TEST((!raw->valid && raw->reason.empty()), raw->reason);
      BOOST_TEST(raw->ref.size() == 4u);
    }
    BOOST_TEST(must(on.archive->get(records[0].raw.hash))->filters.size() == 1u);
    BOOST_TEST(must(on.archive->get(records[1].raw.hash))->submissions.at(0).filters.size() == 1u);
    const auto merged = must(on.archive->get(event.hash));
    BOOST_TEST((merged->category == tahoe::category::malicious && merged->mal_ref == plan.malicious));
    const auto session = must(on.archive->get(session_of("s1").hash));
    BOOST_TEST((std::count(session->ref.begin(), session->ref.end(), event.hash) == 1));
  }
}

/// Up to MongoDB 7 an index has the same place for `filters: []` and the test for null.
BOOST_AUTO_TEST_CASE(what_waits_is_found_however_others_left_its_filters) {
  const archive_on_mongodb on;
  std::vector<hash256> wanted;
  const auto put = [&](const std::string& text, const std::optional<tahoe::value>& filters) {
    const auto raw = raw_of(text, "org1");
    auto json = tahoe::to_value(raw);
    filters ? json.set("filters", *filters) : static_cast<void>(json.erase("filters"));
    on.insert(must(bson::from(json)));
    return raw.hash;
  };
  for (int round = 0; round < 2; ++round) {
    const auto name = std::to_string(round);
    wanted.push_back(put("null " + name, tahoe::value()));
    wanted.push_back(put("none " + name, std::nullopt));
    wanted.push_back(put("empty " + name, tahoe::array()));
    put("done " + name, tahoe::array{"filter-1"});
  }
  std::vector<hash256> found;
  for (const auto& waiting : must(on.archive->unfiltered(cowrie, std::nullopt, 10)))
    found.push_back(waiting.raw.hash);
  BOOST_TEST((found == wanted));
  BOOST_TEST(must(on.archive->unfiltered_count(cowrie)) == 6u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
