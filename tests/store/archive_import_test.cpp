// Imports into an archive, whatever its home: what is refused, and what comes in the wrong order.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/archive_homes.hpp"

namespace cybexd::tests {

CYBEXD_CONFORMANCE_SUITE(archive_import)

BOOST_AUTO_TEST_CASE(imports_refuse_what_contradicts_itself_and_keep_the_rest) {
  in_every_home([](store::archive_store& archive) {
    auto parts = make_parts(simple_plan());
    std::vector<document> wrong;
    wrong.push_back(must(tahoe::make_report("count", std::int64_t{1}, "user", 1, 1, 1)));
    auto event = parts.back();
    event.ben_ref = event.mal_ref = {parts[0].hash};
    wrong.push_back(event);
    event = parts.back();
    event.ref.clear();
    wrong.push_back(event);
    event = parts.back();
    event.timestamp = std::nan("");
    wrong.push_back(event);
    event = parts.back();
    event.ref.push_back(event.hash);
    store::archive_rules::normalise(event.ref);
    wrong.push_back(event);
    auto both = wrong;
    both.insert(both.end(), parts.begin(), parts.end());
    const auto results = must(archive.import(both));
    for (std::size_t i = 0; i < wrong.size(); ++i) {
      BOOST_TEST(
          (results[i].refused && results[i].refused->kind == failure::bad_input && !results[i].stored));
    }
    for (std::size_t i = wrong.size(); i < both.size(); ++i)
      BOOST_TEST((results[i].stored && !results[i].refused));
    for (const auto& r : must(archive.import(parts))) BOOST_TEST((!r.stored && !r.refused));
    BOOST_TEST(all_of(archive).size() == parts.size());
  });
}

// Each walk filtered them again: a run was noted in the first of the submissions alone.
BOOST_AUTO_TEST_CASE(a_second_submission_of_an_organisation_does_not_wait_for_ever) {
  auto twice = raw_of("later ones", "org1"), first = raw_of("the first", "org1");
  twice.submissions = {{"org2", "UTC", {}}, {"org3", "UTC", {"other"}}, {"org2", "MST", {}}};
  first.submissions = {{"org1", "MST", {}}};
  in_every_home([&](store::archive_store& archive) {
    must(archive.import(std::vector<document>{twice, first}));
    std::size_t runs = 0, walks = 0;
    for (std::size_t waiting = 1; waiting > 0 && walks < 5; ++walks) {
      const auto some = must(archive.unfiltered(cowrie, std::nullopt, 100));
      waiting = some.size();
      runs += walks > 0 ? some.size() : 0;
      for (const auto& record : some) write(archive, {{record.raw, filtered(make_parts(simple_plan()))}});
    }
    BOOST_TEST(walks < 5u);
    BOOST_TEST(runs == 0u);
    BOOST_TEST(must(archive.unfiltered_count(cowrie)) == 0u);
  });
}

// An embedded home filtered it for nobody, and MongoDB gave it up.
BOOST_AUTO_TEST_CASE(a_raw_record_of_no_organisation_is_refused) {
  in_every_home([](store::archive_store& archive) {
    auto whole = raw_of("a", "org1"), none = raw_of("b", ""), later = raw_of("c", "org1"),
         useless = raw_of("d", "");
    later.submissions = {{"", "UTC", {}}};
    useless.valid = false;  // as a home keeps it that could not refuse it
    const auto results = must(archive.import(std::vector<document>{none, whole, later, useless}));
    for (const auto i : {0u, 2u}) {
      BOOST_REQUIRE(results[i].refused);
      BOOST_TEST(results[i].refused->text.find("orgid is missing") != std::string::npos);
    }
    BOOST_TEST((results[1].stored && results[3].stored));
    BOOST_TEST(must(archive.unfiltered(cowrie, std::nullopt, 100)).size() == 1u);
  });
}

BOOST_AUTO_TEST_CASE(references_to_what_comes_later_are_mended) {
  in_every_home([](store::archive_store& archive) {
    const auto plan = simple_plan();
    auto parts = make_parts(plan);
    const auto event = parts.back();
    auto session = session_of("s1");
    session.ref.push_back(event.hash);
    store::archive_rules::normalise(session.ref);
    must(archive.import(std::vector<document>{session}));
    auto stored = must(archive.get(session.hash));
    BOOST_REQUIRE(stored);
    BOOST_TEST(text_of(*stored) == text_of(session));
    store::event_filter f;
    f.who.everything = true;
    BOOST_TEST(must(must(archive.view())->events_of_session(session.hash, f)).empty());
    must(archive.import(std::vector<document>{event}));
    BOOST_TEST(must(must(archive.view())->events_of_session(session.hash, f)).size() == 1u);
    BOOST_TEST(!must(archive.get(plan.attributes[0].hash)));
    must(archive.import(plan.attributes));
    auto view = must(archive.view());
    BOOST_TEST(must(view->count(plan.attributes[0].hash, f)) == 1u);
    BOOST_TEST(text_of(*must(archive.get(session.hash))) == text_of(session));
    BOOST_TEST(text_of(*must(archive.get(event.hash))) == text_of(event));
  });
}

BOOST_AUTO_TEST_CASE(hashes_that_begin_alike_are_told_apart) {
  in_every_home([](store::archive_store& archive) {
    std::vector<document> alike;
    for (int i = 0; i < 6; ++i) {
      auto d = attribute("port", std::int64_t{i});
      d.hash.bytes.fill(7);
      d.hash.bytes[9] = static_cast<std::uint8_t>(9 - i);
      alike.push_back(d);
    }
    must(archive.import(std::span(alike).first(3)));
    must(archive.import(std::span(alike).subspan(2)));
    for (const auto& d : alike) {
      auto found = must(archive.get(d.hash));
      BOOST_REQUIRE(found);
      BOOST_TEST(text_of(*found) == text_of(d));
    }
    const auto all = all_of(archive);
    BOOST_REQUIRE_EQUAL(all.size(), alike.size());
    for (std::size_t i = 0; i < all.size(); ++i)
      BOOST_TEST((all[i].hash == alike[alike.size() - 1 - i].hash));
    auto nobody = alike[0].hash;
    nobody.bytes[31] = 1;
    BOOST_TEST(!must(archive.get(nobody)));
  });
}

BOOST_AUTO_TEST_CASE(a_part_that_turns_out_to_be_no_attribute_leaves_the_graph) {
  in_every_home([](store::archive_store& archive) {
    const auto plan = simple_plan();
    auto event = make_parts(plan).back();
    const auto stranger = must(tahoe::make_object("file", {&plan.attributes[0]}));
    event.ref.push_back(stranger.hash);  // which the event's data says nothing of
    store::archive_rules::normalise(event.ref);
    must(archive.import(std::vector<document>{event}));
    store::event_filter f;
    f.who.everything = true;
    BOOST_TEST(must(must(archive.view())->count(stranger.hash, f)) == 1u);
    must(archive.import(std::vector<document>{stranger}));
    auto view = must(archive.view());
    BOOST_TEST(must(view->count(stranger.hash, f)) == 0u);
    const auto node = must(view->event_node(event.hash, f.who));
    BOOST_TEST(must(view->facts(*node, f.who))->attributes.size() == 2u);
    BOOST_TEST(text_of(*must(archive.get(event.hash))) == text_of(event));
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
