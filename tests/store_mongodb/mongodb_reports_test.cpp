// What the reports on MongoDB do besides what every home does: other modules write there too, and other
// servers.
#include <atomic>
#include <set>
#include <thread>

#include "tahoe/store/mongodb_documents.hpp"
#include "tahoe/store/mongodb_reports_query.hpp"
#include "tests/fixtures/golden.hpp"
#include "tests/fixtures/mongodb_homes.hpp"
#include "tests/fixtures/mongodb_raw.hpp"

namespace cybexd::tests {
namespace {

using namespace store;
using fixtures::at;
using fixtures::golden;
using fixtures::list_at;
using tahoe::array;
using tahoe::object;
using tahoe::value;

document attribute(const std::string& type, const value& data) {
  return must(tahoe::make_attribute(type, data));
}

/// The query document of the original's first case after a step of its life.
document golden_query(std::string_view step) {
  static const value all = golden("tdql");
  for (const auto& one : list_at(list_at(all, "cases").front(), "steps"))
    if (fixtures::text_at(one, "step") == step) return must(tahoe::from_value(at(one, "doc")));
  BOOST_FAIL("no such step: " << step);
  return {};
}

struct reports_case {
  mongodb_report_home home;
  report_store& reports = *home.all.reports;
  mongodb_collection raw{home.places.home(), home.places.report.db, home.places.report.coll};

  void put_raw(const value& v) { must(insert(raw, v)); }
  std::optional<bson> raw_of(const hash256& hash) {
    return must(raw.find_one(by_hash(hash), {}, "test: read"));
  }
  void put(const std::vector<document>& documents) { must(reports.put(documents)); }
  document get(const hash256& hash) {
    auto found = must(reports.get(hash));
    BOOST_REQUIRE(found);
    return *found;
  }
};

query_update taking(const document& query, const std::string& owner = "me", double deadline = 100) {
  query_update u;
  u.query = query;
  u.query.data.set("status", one("processing"));
  u.new_children = {attribute("status", "processing")};
  u.only_if_status = "wait";
  u.claim = query_claim{owner, deadline};
  return u;
}

query_update finishing(const document& query, const std::string& report, const std::string& owner = "me") {
  query_update u;
  u.query = query;
  u.query.data.set("status", one("ready"));
  u.query.data.set("report_id", one(report));
  u.new_children = {attribute("status", "ready"), attribute("report_id", report)};
  u.only_if_status = "processing";
  u.only_if_claimed_by = owner;
  return u;
}

std::set<std::string> texts(const value& list) {
  std::set<std::string> all;
  for (const auto& item : *list.get_if<array>()) all.insert(*item.text());
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_reports, *with_mongodb())

BOOST_AUTO_TEST_CASE(a_query_lives_as_the_originals_did_with_its_types) {
  reports_case on;
  const auto start = golden_query("wait"), end = golden_query("report_id set");
  on.put({start});
  BOOST_TEST(must(on.reports.update(taking(start))));
  const auto report_id = *at(end.data, "report_id").get_if<array>()->front().text();
  BOOST_TEST(must(on.reports.update(finishing(on.get(start.hash), report_id))));
  const auto stored = on.raw_of(start.hash);
  BOOST_REQUIRE(stored);
  BOOST_TEST((stored->find("_id").id().has_value()));
  const auto ended = must(stored->view().to_value());
  BOOST_TEST(fixtures::unordered(at(ended, "data")) == fixtures::unordered(end.data));
  for (const auto list : {"_cref", "_ref"})
    BOOST_TEST(texts(at(ended, list)) == texts(at(tahoe::to_value(end), list)),
               boost::test_tools::per_element());
  const auto type = [&](std::string_view path) { return int{stored->view().find_dotted(path).type()}; };
  BOOST_TEST(type("data.timestamp.0") == 0x01);
  BOOST_TEST(type("data.socket.0.port.0") == 0x10);
  BOOST_TEST(type("data.encrypted.0") == 0x08);
  BOOST_TEST(type("data.qdata.0") == 0x02);
  BOOST_TEST(!stored->find("timestamp").exists());
  std::set<int> kinds;
  each_type(stored->view(), [&](std::string_view path, std::uint8_t kind) {
    if (path != "_id") kinds.insert(kind);
  });
  for (const auto kind : kinds)  // what becomes JSON: no date, no binary
    BOOST_TEST((std::set<int>{0x01, 0x02, 0x03, 0x04, 0x08, 0x0a, 0x10, 0x12}.contains(kind)), kind);
}

BOOST_AUTO_TEST_CASE(what_the_api_edits_meanwhile_stays) {
  reports_case on;
  const auto before = golden_query("created");  // the socket is not set yet
  auto waiting = golden_query("wait");          // it is here
  waiting.extra = {{"_cybexd_owner", "an old one"}, {"_cybexd_until", 1e12}, {"of_another_module", 7}};
  on.put_raw(tahoe::to_value(waiting));
  auto stale = before;
  stale.data.set("status", one("wait"));
  BOOST_TEST(must(on.reports.update(taking(stale))));
  auto processing = golden_query("processing");
  auto now = on.get(waiting.hash);
  BOOST_TEST((at(now.data, "socket") == at(waiting.data, "socket")));
  BOOST_TEST((now.cref == processing.cref && now.ref == processing.ref));
  BOOST_TEST((now.extra == object{{"of_another_module", 7}}));
}

BOOST_AUTO_TEST_CASE(no_claim_bars_a_query_in_wait) {
  reports_case on;
  auto query = golden_query("wait");
  query.extra = {{"_cybexd_owner", "an old one"}, {"_cybexd_until", 1e12}};
  query.data.set("status", one("processing"));  // as one half of an edit would leave it
  on.put_raw(tahoe::to_value(query));
  auto take = taking(query);
  take.only_if_status = "processing";
  take.only_if_claim_free_at = 50;
  BOOST_TEST(must(on.reports.update(take)));
  BOOST_TEST(!must(on.reports.update(take)));  // now the claim is ours, and `_cref` says processing
}

BOOST_AUTO_TEST_CASE(odd_queries_hide_no_others) {
  reports_case on;
  const auto good = golden_query("wait");
  const auto with = [&](const std::function<void(value&)>& spoil) {
    static int number = 0;
    auto json = tahoe::to_value(good);
    json.set("_hash", hex(crypto::sha256("odd " + std::to_string(++number))));
    spoil(json);
    on.put_raw(json);
  };
  const auto wait = hex(status_hash("wait"));
  for (const auto field : {"itype", "_hash", "_ref", "data"}) with([&](value& v) { v.erase(field); });
  for (const auto field : {"itype", "_hash", "_ref", "data"})
    for (const auto& odd : {value(7), value("x"), value(array{1, "y", nullptr}), value(nullptr)})
      with([&](value& v) { v.set(field, odd); });
  for (const auto child :
       {"qtype", "qhash", "qdata", "userid", "timestamp", "encrypted", "socket", "report_id"}) {
    with([&](value& v) { v.find("data")->erase(child); });
    for (const auto& odd : {value(7), value("x"), value(array{}), value(object{{"0", "wait"}})})
      with([&](value& v) { v.find("data")->set(child, odd); });
  }
  with([&](value& v) { v.set("_cref", wait); });
  with([&](value& v) { v.set("_cref", array{1, wait}); });
  with([&](value& v) { v.find("data")->set("status", object{{"0", "wait"}}); });
  on.put({good});
  const auto found = must(on.reports.takeable(2e9, 600, 1000));
  BOOST_TEST(std::count_if(found.begin(), found.end(), [&](auto& d) { return d.hash == good.hash; }) == 1);
  for (const auto& query : found) {
    BOOST_TEST(must(on.reports.update(taking(query))), hex(query.hash));
    const auto taken = on.get(query.hash);
    BOOST_TEST(
        (std::find(taken.cref.begin(), taken.cref.end(), status_hash("processing")) != taken.cref.end()));
  }
  const auto rest = must(on.reports.takeable(50, 600, 1000));
  BOOST_TEST(rest.empty());
  // However many of them there are, the oldest queries that can be read are found.
  for (int i = 0; i < 30; ++i) with([&](value& v) { v.set("_hash", i); });
  auto late = golden_query("wait");
  late.hash = crypto::sha256("late");
  late.data.set("timestamp", one(1.9e9));
  on.put({late});
  const auto last = must(on.reports.takeable(50, 600, 2));
  BOOST_REQUIRE_EQUAL(last.size(), 1u);
  BOOST_TEST((last.front().hash == late.hash));
}

BOOST_AUTO_TEST_CASE(doubles_follow_the_one_that_counts) {
  reports_case on;
  const auto query = golden_query("wait");
  auto twin = query;
  twin.extra = {{"double", true}};
  for (const auto& d : {query, twin}) on.put_raw(tahoe::to_value(d));
  on.put({query, golden_query("created")});  // it is there
  BOOST_TEST(must(on.raw.find_all(bson(), {}, "test: read")).size() == 2u);
  BOOST_TEST(must(on.reports.takeable(0, 600, 10)).size() == 1u);
  BOOST_TEST(must(on.reports.update(taking(query))));
  BOOST_TEST(must(on.reports.takeable(0, 600, 10)).empty());
  BOOST_TEST(!must(on.reports.update(taking(query, "you"))));
  BOOST_TEST(must(on.reports.update(finishing(query, std::string(64, 'a')))));
  for (const auto& one : must(on.raw.find_all(by_hash(query.hash), {}, "test: read")))
    BOOST_TEST(one.view().find_dotted("data.status.0").text().value() == "ready");
  std::size_t visits = 0;
  must(on.reports.each([&](const document& d) { return ++visits, d.extra.empty(); }));
  BOOST_TEST(visits == 4u);  // and the attributes: processing, ready, report_id
}

BOOST_AUTO_TEST_CASE(of_several_servers_one_takes_a_query_and_one_finishes_it) {
  reports_case on;
  constexpr std::size_t servers = 3, queries = 40;
  std::vector<document> all;
  for (std::size_t i = 0; i < queries; ++i) {
    auto query = golden_query("wait");
    query.hash = crypto::sha256("query " + std::to_string(i));
    all.push_back(query);
  }
  on.put(all);
  std::vector<store::stores> stores;
  for (std::size_t s = 0; s < servers; ++s) stores.push_back(on.home.after_a_kill());
  std::atomic<std::size_t> taken{0}, finished{0}, failed{0};
  std::vector<std::thread> threads;
  for (std::size_t s = 0; s < servers; ++s)
    threads.emplace_back([&, s] {
      const auto name = std::to_string(s);
      const auto count = [&](const expected<bool>& done, std::atomic<std::size_t>& which) {
        if (!done) ++failed;
        if (done && *done) ++which;
      };
      for (const auto& query : all) count(stores[s].reports->update(taking(query, name)), taken);
      for (const auto& query : all)
        count(stores[s].reports->update(finishing(query, std::string(64, 'a'), name)), finished);
    });
  for (auto& t : threads) t.join();
  BOOST_TEST(failed == 0u);
  BOOST_TEST(taken == queries);
  BOOST_TEST(finished == queries);
}

BOOST_AUTO_TEST_CASE(a_query_costs_few_round_trips) {
  reports_case on;
  const auto query = golden_query("wait");
  on.put({query});
  const auto home = on.home.places.home();
  const auto cost = [&](auto call) {
    const auto before = home->counts().commands;
    call();
    return home->counts().commands - before;
  };
  const auto parts = std::vector<document>{attribute("status", "x"), attribute("status", "y"), query};
  BOOST_TEST(cost([&] { on.put(parts); }) == 1u);
  BOOST_TEST(cost([&] {
               must(on.reports.renew(std::vector{query.hash, parts[0].hash}, {"me", 100}));
             }) == 1u);
  auto put_taken = taking(query);
  put_taken.query.hash = crypto::sha256("another");
  put_taken.only_if_absent = true;
  BOOST_TEST(cost([&] { BOOST_TEST(must(on.reports.update(put_taken))); }) == 1u);
  BOOST_TEST(cost([&] { must(on.reports.takeable(0, 600, 256)); }) == 2u);
  BOOST_TEST(cost([&] { must(on.reports.update(taking(query))); }) == 2u);
  BOOST_TEST(cost([&] { must(on.reports.update(finishing(query, std::string(64, 'a')))); }) == 2u);
  BOOST_TEST(cost([&] { (void)on.get(query.hash); }) == 1u);
  BOOST_TEST(
      cost([&] { must(on.reports.queries_with("x", query.hash, [](const auto&) { return true; })); }) == 1u);
}

BOOST_AUTO_TEST_CASE(reports_hold_any_key_and_no_more_than_mongodb_takes) {
  reports_case on;
  const value odd = object{{"$where", 1}, {"a.b", object{{"$set", "x"}, {"", 2}}}};
  const auto small = must(tahoe::make_report("count", odd, std::string(64, 'a'), 1.5, 1, 2));
  on.put({small});
  BOOST_TEST((on.get(small.hash).data == odd));
  const auto stored = on.raw_of(small.hash);
  BOOST_TEST(int{stored->find("timestamp").type()} == 0x01);
  BOOST_TEST(int{stored->find("current_page").type()} == 0x10);
  auto large = small;
  large.hash = crypto::sha256("large");
  large.data = std::string(16u << 20, 'x');
  const auto part = attribute("status", "stored with it");
  const auto refused = on.reports.put(std::vector<document>{part, large});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().kind == failure::too_large), refused.error().text);
  BOOST_TEST(!must(on.reports.get(part.hash)));  // all or none
}

BOOST_AUTO_TEST_CASE(indexes_are_made_and_told) {
  const mongodb_places places;
  std::string text;
  store_ties ties;
  ties.say->listen([&](const std::string& sentence) { text += sentence + "\n"; });
  const auto reports = opened(make_mongodb_reports(places.report, ties));
  BOOST_TEST(text.empty());  // no network yet
  BOOST_TEST(!must(reports->get(crypto::sha256("absent"))));
  for (const auto index : {"_hash_1", "_cref_1", "data.report_id_1"})
    BOOST_TEST(text.find("made the index " + std::string(index)) != std::string::npos, text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
