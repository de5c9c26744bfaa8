// Raw records that wait for a filter, where other modules left some of them twice.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/archive_on_mongodb.hpp"
#include "tests/fixtures/same_archives.hpp"

namespace cybexd::tests {

using namespace store;

namespace {

const std::vector<std::string> kinds{"cowrie"};

document raw_of(const std::string& text, const std::string& orgid, bool ran) {
  auto raw = must(tahoe::make_raw("cowrie", tahoe::object{{"text", text}}, orgid, "UTC"));
  if (ran) raw.filters = {"filter"};
  return raw;
}

/// An archive that holds these as they are, so that its index over hashes cannot be unique.
struct old_archive : archive_on_mongodb {
  explicit old_archive(const std::vector<document>& documents) : archive_on_mongodb(false) {
    for (const auto& d : documents) insert(d);
    open();
  }

  /// Filters what waits, page by page; what came, as text and organisation.
  [[nodiscard]] std::vector<std::string> caught_up(std::size_t page) const {
    std::vector<std::string> came;
    std::optional<hash256> after;
    for (int pages = 0; pages < 20; ++pages) {
      const auto some = must(archive->unfiltered(kinds, after, page));
      if (some.empty()) return came;
      for (const auto& record : some) {
        came.push_back(*record.raw.data.find("text")->text() + " of " + record.orgid);
        after = record.raw.hash;
        auto raw = record.raw;
        raw.orgid = record.orgid;
        filter_result result;
        result.filter_id = "filter";
        result.product.usable = true;
        write(*archive, {{raw, result}});
      }
    }
    BOOST_ERROR("the pages have no end");
    return came;
  }
  [[nodiscard]] std::uint64_t waiting() const { return must(archive->unfiltered_count(kinds)); }
};

using texts = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_waiting, *with_mongodb())

BOOST_AUTO_TEST_CASE(a_record_that_stands_there_twice_is_filtered_once) {
  for (const std::size_t page : {1u, 2u, 100u}) {
    const auto a = raw_of("a", "org1", false), b = raw_of("b", "org1", false), c = raw_of("c", "org1", false);
    const old_archive on({a, b, a, c, b});
    BOOST_TEST((on.caught_up(page) == texts{"a of org1", "b of org1", "c of org1"}));
    BOOST_TEST(on.waiting() == 0u);
    BOOST_TEST(on.caught_up(page).empty());
  }
}

BOOST_AUTO_TEST_CASE(what_one_of_two_says_was_filtered_is_not_filtered_again) {
  const old_archive on({raw_of("a", "org1", true), raw_of("a", "org1", false), raw_of("b", "org1", false)});
  BOOST_TEST((on.caught_up(1) == texts{"b of org1"}));
  BOOST_TEST(on.waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(what_one_of_two_says_is_of_no_use_waits_no_more) {
  auto useless = raw_of("a", "org1", false);
  useless.valid = false;
  useless.reason = "of no use";
  const old_archive on({raw_of("a", "org1", false), useless});
  BOOST_TEST(on.caught_up(10).empty());
  BOOST_TEST(on.waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(each_organisation_that_has_its_own_is_filtered_for) {
  const old_archive on({raw_of("a", "org1", false), raw_of("a", "org2", false)});
  BOOST_TEST((on.caught_up(10) == texts{"a of org1", "a of org2"}));
  BOOST_TEST(on.waiting() == 0u);
  BOOST_TEST(on.caught_up(10).empty());
}

BOOST_AUTO_TEST_CASE(what_no_filter_can_take_waits_no_more) {
  const old_archive on({raw_of("a", "org1", false), raw_of("b", "org1", false), raw_of("c", "org1", false)});
  const auto spoil = [&](const char* text, const bson& change) {
    bulk_write one;
    one.update_many(by_hash(raw_of(text, "org1", false).hash), change);
    must(on.raw.write(std::move(one), "test: spoil"));
  };
  spoil("a", bson().add("$unset", bson().add("orgid", "")));
  spoil("b", bson().add("$set", bson().add("_ref", "none")));
  BOOST_TEST((on.caught_up(1) == texts{"c of org1"}));
  BOOST_TEST(on.waiting() == 0u);
  for (const auto* text : {"a", "b"}) {
    const auto stored = must(on.raw.find_one(by_hash(raw_of(text, "org1", false).hash), {}, "test: read"));
    BOOST_TEST((stored->find("_valid").boolean() == false), text);
    BOOST_TEST(!stored->find("_cybexd_reason").text().value().empty(), text);
  }
}

BOOST_AUTO_TEST_CASE(that_nothing_waits_takes_one_command) {
  const archive_on_mongodb on;
  write(*on.archive, {record_with("a", simple_plan())});
  const std::vector<std::string> many{"a", "cowrie", "email", "sighting", "unknown"};
  const auto before = on.commands();
  BOOST_TEST(must(on.archive->unfiltered(many, std::nullopt, 100)).empty());
  BOOST_TEST(on.commands() - before == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
