// What `check` of the embedded stores finds: nothing in stores that were used, and every kind of damage.
#include <rocksdb/db.h>

#include <boost/test/unit_test.hpp>
#include <set>

#include "tahoe/store/archive_fingerprint.hpp"
#include "tahoe/store/identity_rows.hpp"
#include "tahoe/store/lake_rules.hpp"
#include "tahoe/store/rocksdb_home.hpp"
#include "tahoe/store/rocksdb_lake.hpp"
#include "tahoe/store/rocksdb_stores.hpp"
#include "tahoe/store/row.hpp"
#include "tests/fixtures/embedded_archive.hpp"
#include "tests/fixtures/migrations.hpp"
#include "tests/fixtures/report_talk.hpp"

namespace cybexd::tests {
namespace {

using store::family;

std::vector<std::string> faults_of(const store::stores& all) {
  std::vector<std::string> faults;
  const auto complain = [&](const std::string& fault) { faults.push_back(fault); };
  must(all.lake->check({complain}));
  must(all.reports->check({complain}));
  must(all.identity->check({complain}));
  return faults;
}

/// What a check answers that its listener gives up after so many rows.
failure given_up(std::uint64_t after,
                 const std::function<expected<void>(const store::check_listener&)>& check) {
  std::uint64_t told = 0;
  store::check_listener listener{[](const std::string&) {}};
  listener.seen = [&](std::string_view, std::uint64_t, std::uint64_t) { return ++told < after; };
  const auto done = check(listener);
  BOOST_REQUIRE(!done);
  BOOST_TEST(told == after);  // and no row more
  return done.error().kind;
}

/// A filled home, with its rows changed while nobody looks.
struct damaged_home {
  embedded_home home;

  damaged_home() { fill(home.all, 1, 40); }
  /// The first key of a family that begins with the prefix and, where asked, ends with the letter.
  std::string key(store::rocksdb_home& at, family f, const std::string& prefix = "", char last = 0) {
    const std::unique_ptr<rocksdb::Iterator> rows(at.db().NewIterator(rocksdb::ReadOptions(), at.handle(f)));
    for (rows->Seek(prefix); rows->Valid(); rows->Next())
      if (rows->key().ToString().starts_with(prefix) && (last == 0 || rows->key().ToString().back() == last))
        return rows->key().ToString();
    BOOST_FAIL("no such row");
    return {};
  }
  std::vector<std::string> after(const std::function<void(store::rocksdb_home&)>& damage) {
    home.all = {};
    damage(*open_home(home.options.directory));
    home.all = embedded_home::opened(home.options);
    return faults_of(home.all);
  }
  void erase(store::rocksdb_home& at, family f, const std::string& row) {
    BOOST_REQUIRE(at.db().Delete(rocksdb::WriteOptions(), at.handle(f), row).ok());
  }
  void put(store::rocksdb_home& at, family f, const std::string& key, const std::string& row) {
    BOOST_REQUIRE(at.db().Put(rocksdb::WriteOptions(), at.handle(f), key, row).ok());
  }
};

void expect(const std::vector<std::string>& faults, const std::string& words) {
  const auto found = std::any_of(faults.begin(), faults.end(),
                                 [&](const auto& f) { return f.find(words) != std::string::npos; });
  std::string all;
  for (const auto& f : faults) all += f + "\n";
  BOOST_TEST(found, words << " is not among " << faults.size() << " faults:\n" << all);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(store_check)

// Symptom: a server that was told to stop waited until all rows of a large lake had been read.
BOOST_AUTO_TEST_CASE(each_ends_when_it_is_given_up) {
  const damaged_home on;
  auto& all = on.home.all;
  for (const std::uint64_t after : {1u, 5u}) {
    BOOST_TEST((given_up(after, [&](const auto& l) { return all.lake->check(l); }) == failure::cancelled));
    BOOST_TEST((given_up(after, [&](const auto& l) { return all.reports->check(l); }) == failure::cancelled));
    BOOST_TEST(
        (given_up(after, [&](const auto& l) { return all.identity->check(l); }) == failure::cancelled));
  }
}

BOOST_AUTO_TEST_CASE(nothing_is_found_in_stores_that_were_used) {
  const seed_of_test seed;
  embedded_home home;
  BOOST_TEST(faults_of(home.all).empty());
  fill(home.all, seed.value, 60);
  for (const auto& fault : faults_of(home.all)) BOOST_ERROR(fault);
  auto& lake = *home.all.lake;
  const auto aside = must(lake.set_aside("", 100, false));
  BOOST_REQUIRE(aside.size() > 2);
  must(lake.retry(std::vector{aside[0].entry.id}));
  must(lake.drop(std::vector{aside[1].entry.id}));
  for (const auto& e : must(lake.take({}))) lake_talk::mark(lake, {lake_talk::done(e.id, e.records)});
  embedded_home other;
  check_complete(must(migrate(home.all, other.all)));
  home.reopen();
  for (const auto& fault : faults_of(home.all)) BOOST_ERROR(fault);
  for (const auto& fault : faults_of(other.all)) BOOST_ERROR(fault);
}

BOOST_AUTO_TEST_CASE(a_check_of_the_archive_and_a_fingerprint_end_when_they_are_told) {
  const seed_of_test seed;
  embedded_home home;
  fill(home.all, seed.value, 60);
  std::set<std::string, std::less<>> parts;
  std::uint64_t calls = 0;
  const auto complain = [](const std::string& fault) { BOOST_ERROR(fault); };
  must(home.all.archive->check_index({complain, [&](std::string_view what, std::uint64_t, std::uint64_t) {
                                        parts.emplace(what);
                                        return ++calls > 0;
                                      }}));
  BOOST_TEST(parts.size() >= 6u);
  // In each part, and at its end as well: with no complaint about what was not counted.
  for (const auto& part : parts) {
    std::uint64_t after = 0;
    const auto ended = home.all.archive->check_index(
        {complain, [&](std::string_view what, std::uint64_t, std::uint64_t) {
           BOOST_TEST(after == 0u, part << ": went on after it was told to end");
           after += what == part ? 1 : 0;
           return after == 0;
         }});
    BOOST_REQUIRE(!ended);
    BOOST_TEST((ended.error().kind == failure::cancelled));
  }
  std::uint64_t seen = 0;
  const auto given_up = store::fingerprint_of(*home.all.archive, [&](std::uint64_t documents) {
    seen = documents;
    return documents < 5;
  });
  BOOST_REQUIRE(!given_up);
  BOOST_TEST((given_up.error().kind == failure::cancelled));
  BOOST_TEST(seen == 5u);
}

BOOST_AUTO_TEST_CASE(every_kind_of_damage_of_the_lake_is_found) {
  const std::vector<std::pair<std::string, std::function<void(damaged_home&, store::rocksdb_home&)>>> kinds{
      {"waits and is not listed",
       [](auto& d, auto& at) { d.erase(at, family::lake_waiting, d.key(at, family::lake_waiting)); }},
      {"is listed as waiting and does not wait",
       [](auto& d, auto& at) {
         const auto marked = d.key(at, family::lake_entries, "", 'm').substr(0, 8);
         d.put(at, family::lake_waiting, marked, "");
       }},
      {"is set aside and not listed",
       [](auto& d, auto& at) { d.erase(at, family::lake_aside, d.key(at, family::lake_aside)); }},
      {"is listed as set aside and is not",
       [](auto& d, auto& at) {
         d.put(at, family::lake_aside, d.key(at, family::lake_waiting), store::number_key(3));
       }},
      {"is listed as set aside for another reason",
       [](auto& d, auto& at) {
         d.put(at, family::lake_aside, d.key(at, family::lake_aside), store::number_key(9));
       }},
      {"has no envelope",
       [](auto& d, auto& at) { d.erase(at, family::lake_files, d.key(at, family::lake_files)); }},
      {"is not there, and other rows name it",
       [](auto& d, auto& at) { d.put(at, family::lake_files, store::number_key(99'999), "x"); }},
      {"cannot be read",
       [](auto& d, auto& at) {
         d.put(at, family::lake_entries, d.key(at, family::lake_entries, "", 'e'), "x");
       }},
      {"the books are not those", [](auto& d, auto& at) { d.erase(at, family::lake_meta, "books"); }},
  };
  for (const auto& [words, damage] : kinds) {
    damaged_home home;
    expect(home.after([&, &change = damage](store::rocksdb_home& at) { change(home, at); }), words);
  }
}

BOOST_AUTO_TEST_CASE(every_kind_of_damage_of_reports_and_identities_is_found) {
  const std::vector<std::pair<std::string, std::function<void(damaged_home&, store::rocksdb_home&)>>> kinds{
      {"is not filed as what it is",
       [](auto& d, auto& at) { d.erase(at, family::report_index, d.key(at, family::report_index, "w")); }},
      {"as what it is not",
       [](auto& d, auto& at) {
         const auto waiting = d.key(at, family::report_index, "w");
         d.put(at, family::report_index, "p" + waiting.substr(1), "");
       }},
      {"cannot be read",
       [](auto& d, auto& at) { d.put(at, family::report_docs, d.key(at, family::report_docs), "x"); }},
      {"is not filed under u",
       [](auto& d, auto& at) {
         d.erase(at, family::identity_index, d.key(at, family::identity_index, "u"));
       }},
      {"is not filed under v",
       [](auto& d, auto& at) {
         d.erase(at, family::identity_index, d.key(at, family::identity_index, "v"));
       }},
      {"a row names u ghost@example.com",
       [](auto& d, auto& at) {
         d.put(at, family::identity_index, "ughost@example.com", std::string(crypto::sha256("x").view()));
       }},
      {"a row names m ",
       [](auto& d, auto& at) {
         auto seen = d.key(at, family::identity_index, "m");
         seen[5] = static_cast<char>(seen[5] ^ 1);
         d.put(at, family::identity_index, seen, "");
       }},
  };
  for (const auto& [words, damage] : kinds) {
    damaged_home home;
    expect(home.after([&, &change = damage](store::rocksdb_home& at) { change(home, at); }), words);
  }
}

BOOST_AUTO_TEST_CASE(a_query_that_cannot_be_read_keeps_no_other_from_being_taken) {
  damaged_home damaged;
  auto& home = damaged.home;
  home.all = {};
  home.options.directory = home.room / "another";
  home.all = embedded_home::opened(home.options);
  std::vector<store::document> queries;
  for (const auto* name : {"first", "second", "third"})
    queries.push_back(report_talk::query(name, "wait", static_cast<double>(queries.size())));
  report_talk::put(*home.all.reports, queries);
  auto faults = damaged.after([&](store::rocksdb_home& at) {
    damaged.put(at, family::report_docs, std::string(queries[0].hash.view()), "damage");
  });
  expect(faults, crypto::to_hex(queries[0].hash));
  for (const std::size_t limit : {1u, 10u}) {
    const auto some = must(home.all.reports->takeable(100, 600, limit));
    BOOST_REQUIRE(!some.empty());
    BOOST_TEST((some.front().hash == queries[1].hash));
    BOOST_TEST(some.size() == std::min<std::size_t>(limit, 2));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
