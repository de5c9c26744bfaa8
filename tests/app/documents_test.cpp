// Documents that come in, and the check of those that are there.
#include <boost/test/unit_test.hpp>
#include <set>

#include "tahoe/json.hpp"
#include "tahoe/store/archive_rules.hpp"
#include "tests/fixtures/operated.hpp"

using namespace cybexd;

namespace {

/// Sound documents around one address, and others that name what they do not hold, or leave out what they do.
struct world {
  tahoe::document part = tahoe::make_attribute("ipv4", "7.7.7.7").value();
  tahoe::document other = tahoe::make_attribute("ipv4", "6.6.6.6").value();
  tahoe::document outer = tahoe::make_object("dst", {&part}).value();

  [[nodiscard]] tahoe::document event(double when) const {
    return tahoe::make_event("sighting", {&outer}, {"org", when, {}, {}, {}}).value();
  }
  [[nodiscard]] tahoe::document session() const {
    auto made = tahoe::make_session("s", {&part}).value();
    made.ref.push_back(event(1).hash);
    store::archive_rules::normalise(made.ref);
    return made;
  }
  [[nodiscard]] std::vector<tahoe::document> sound() const {
    return {part, other, outer, event(1), event(2), session()};
  }
  [[nodiscard]] std::vector<tahoe::document> poisoned() const {
    auto empty = event(3), more = event(4), flat = event(5), deep = event(6);
    empty.cref = empty.ref = {};
    more.ref.push_back(other.hash);
    flat.ref = flat.cref;
    deep.cref = deep.ref;
    auto strange = tahoe::make_object("src", {&part}).value();
    strange.cref = strange.ref = {other.hash};
    auto alone = tahoe::make_session("t", {&part}).value();
    alone.cref = {};
    alone.ref = {other.hash};
    std::vector<tahoe::document> all{empty, more, flat, deep, strange, alone};
    for (auto& d : all) store::archive_rules::normalise(d.ref);
    return all;
  }
};

tahoe::array lines_of(const std::vector<tahoe::document>& all) {
  tahoe::array lines;
  for (const auto& d : all) lines.emplace_back(tahoe::to_json(tahoe::to_value(d)));
  return lines;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(documents, tests::operated)

BOOST_AUTO_TEST_CASE(documents_whose_references_contradict_their_data_are_refused) {
  // Symptom: counts went by the references of an import, and the filters did not mend them.
  const world of_one;
  const auto poisoned = of_one.poisoned();
  const auto made = call("import", {{"store", "archive"}, {"lines", lines_of(poisoned)}});
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().text));
  BOOST_TEST(*made->find("stored")->get_if<std::int64_t>() == 0);
  const auto& refused = *made->find("refused")->get_if<tahoe::array>();
  BOOST_REQUIRE_EQUAL(refused.size(), poisoned.size());
  for (std::size_t i = 0; i < refused.size(); ++i) {
    BOOST_TEST(*refused[i].find("line")->get_if<std::int64_t>() == static_cast<std::int64_t>(i));
    BOOST_TEST((refused[i].find("error")->text()->find("ref contradicts data: ") != std::string::npos));
  }
  const auto sound = of_one.sound();
  const auto good = call("import", {{"store", "archive"}, {"lines", lines_of(sound)}});
  BOOST_REQUIRE(good);
  BOOST_TEST(*good->find("stored")->get_if<std::int64_t>() == static_cast<std::int64_t>(sound.size()));
  BOOST_TEST(*call("verify").value().find("problems")->get_if<std::int64_t>() == 0);
}

BOOST_AUTO_TEST_CASE(a_check_finds_references_that_contradict_the_data) {
  // Symptom: "0 problems".
  const world of_one;
  const auto poisoned = of_one.poisoned();
  BOOST_REQUIRE(inner.archive->import(std::vector{of_one.part, of_one.other, of_one.outer}));
  BOOST_REQUIRE(inner.archive->import(poisoned));
  const auto made = call("verify");
  BOOST_REQUIRE(made);
  std::set<std::string> named;
  for (const auto& example : *made->find("examples")->get_if<tahoe::array>()) {
    BOOST_TEST((example.find("problem")->text()->find("ref contradicts data: ") != std::string::npos));
    named.insert(*example.find("hash")->text());
  }
  BOOST_TEST(named.size() == poisoned.size());
  BOOST_TEST(*made->find("problems")->get_if<std::int64_t>() == static_cast<std::int64_t>(poisoned.size()));
}

BOOST_AUTO_TEST_CASE(what_a_longer_limit_let_in_is_sound) {
  // Symptom: with `archive.max_canonical` above 16 MiB: "its unique string cannot be made".
  const tahoe::canonical_limits limits{.size = 64u << 20};
  const auto large =
      tahoe::make_raw("test_json", tahoe::object{{"a", std::string(5'000'000, '\\')}}, "org", "UTC", limits);
  BOOST_REQUIRE(large);
  BOOST_REQUIRE(inner.archive->import(std::vector{*large}));
  const auto made = call("verify");
  BOOST_REQUIRE(made);
  BOOST_TEST(*made->find("problems")->get_if<std::int64_t>() == 0);
}

BOOST_AUTO_TEST_CASE(a_part_that_is_missing_is_told_once) {
  // Symptom: once for `_cref` and once for `_ref`.
  const world of_one;
  BOOST_REQUIRE(inner.archive->import(std::vector{of_one.outer}));
  const auto made = call("verify");
  BOOST_REQUIRE(made);
  BOOST_TEST(*made->find("problems")->get_if<std::int64_t>() == 1);
}

BOOST_AUTO_TEST_CASE(names_that_are_no_text_are_refused) {
  // Symptom: the lists that had such a typetag could not be read any more.
  for (const auto* name : {"typetag", "org", "timezone"}) {
    tahoe::value input = tahoe::object{{"typetag", "cowrie"}, {"org", "o"}, {"timezone", "UTC"}};
    input.set(name, "\xff");
    const auto made = call("raw_put", *input.get_if<tahoe::object>());
    BOOST_REQUIRE(!made);
    BOOST_TEST(made.error().text == std::string(name) + ": is not UTF-8");
  }
  const tahoe::object query{{"type", "count"}, {"data", "{}"}, {"user", "\xff"}};
  const auto asked = call("report", {{"queries", tahoe::array{query}}});
  BOOST_REQUIRE(!asked);
  BOOST_TEST(asked.error().text == "queries: is not UTF-8");
}

BOOST_AUTO_TEST_SUITE_END()
