// What an archive does, whatever its home: each case runs against all of them.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/archive_homes.hpp"

namespace cybexd::tests {

CYBEXD_CONFORMANCE_SUITE(archive_conformance)

BOOST_AUTO_TEST_CASE(a_record_written_twice_is_known_and_changes_nothing) {
  in_every_home([](store::archive_store& archive) {
    const auto w = record_with("a", simple_plan());
    BOOST_TEST(!write(archive, {w})[0].known);
    const auto before = all_of(archive);
    BOOST_TEST(before.size() == 4u);
    const auto again = write(archive, {w, w});
    BOOST_TEST((again[0].known && again[1].known));
    const auto after = all_of(archive);
    BOOST_REQUIRE_EQUAL(after.size(), before.size());
    for (std::size_t i = 0; i < after.size(); ++i) BOOST_TEST(text_of(after[i]) == text_of(before[i]));
    BOOST_TEST((only(archive, tahoe::itype::raw).filters == std::vector<std::string>{"filter-1"}));
  });
}

BOOST_AUTO_TEST_CASE(an_unknown_hash_is_nothing) {
  in_every_home([](store::archive_store& archive) {
    const auto nowhere = attribute("ipv4", "10.9.9.9").hash;
    BOOST_TEST(!must(archive.get(nowhere)));
    auto view = must(archive.view());
    BOOST_TEST(must(view->count(nowhere, {})) == 0u);
    BOOST_TEST(must(view->page(nowhere, {}, 0, 10)).empty());
    BOOST_TEST(must(view->sessions_of(nowhere)).empty());
    BOOST_TEST(!must(view->event_node(nowhere, {true, {}})));
    BOOST_TEST(!must(view->facts(12345, {true, {}})));
  });
}

BOOST_AUTO_TEST_CASE(nothing_is_visible_by_default) {
  in_every_home([](store::archive_store& archive) {
    write(archive, {record_with("a", simple_plan())});
    auto view = must(archive.view());
    store::event_filter f;
    const auto ip = attribute("ipv4", "10.0.0.1").hash;
    BOOST_TEST(must(view->count(ip, f)) == 0u);
    f.who.orgids = {"org2", "nobody"};
    BOOST_TEST(must(view->count(ip, f)) == 0u);
    f.who.orgids = {"org1"};
    BOOST_TEST(must(view->count(ip, f)) == 1u);
  });
}

BOOST_AUTO_TEST_CASE(the_graver_category_stays_and_contexts_grow_in_any_order) {
  auto benign = simple_plan(), malicious = simple_plan();
  benign.category = tahoe::category::benign;
  for (const auto& a : benign.attributes) benign.benign.push_back(a.hash);
  malicious.category = tahoe::category::malicious;
  malicious.malicious = {malicious.attributes[0].hash};
  for (const bool turned : {false, true}) {
    in_every_home([&](store::archive_store& archive) {
      write(archive, {record_with("a", turned ? malicious : benign)});
      write(archive, {record_with("b", turned ? benign : malicious)});
      const auto event = only(archive, tahoe::itype::event);
      BOOST_TEST((event.category == tahoe::category::malicious));
      BOOST_TEST((event.mal_ref == std::vector<hash256>{malicious.attributes[0].hash}));
      BOOST_TEST((event.ben_ref == std::vector<hash256>{benign.attributes[1].hash}));
      auto view = must(archive.view());
      store::event_filter f;
      f.who.everything = true;
      f.category = tahoe::category::malicious;
      f.context = store::context_filter::malicious;
      BOOST_TEST(must(view->count(malicious.attributes[0].hash, f)) == 1u);
      f.context = store::context_filter::benign;
      BOOST_TEST(must(view->count(malicious.attributes[0].hash, f)) == 0u);
      BOOST_TEST(must(view->count(malicious.attributes[1].hash, f)) == 1u);
      f.category = tahoe::category::benign;
      f.context = store::context_filter::all;
      BOOST_TEST(must(view->count(malicious.attributes[0].hash, f)) == 0u);
    });
  }
}

BOOST_AUTO_TEST_CASE(a_second_organisation_is_noted_and_filtered_for) {
  in_every_home([](store::archive_store& archive) {
    auto first = simple_plan(), second = simple_plan();
    second.orgid = "org2";
    write(archive, {record_with("a", first)});
    auto w = record_with("a", second);
    w.raw.timezone = "Europe/Vilnius";
    const auto result = write(archive, {w, w});
    BOOST_TEST((result[0].raw == w.raw.hash));
    BOOST_TEST((!result[0].known && result[1].known));
    const auto raw = only(archive, tahoe::itype::raw);
    BOOST_TEST(raw.orgid == "org1");
    BOOST_REQUIRE_EQUAL(raw.submissions.size(), 1u);
    BOOST_TEST(raw.submissions[0].orgid == "org2");
    BOOST_TEST(raw.submissions[0].timezone == "Europe/Vilnius");
    BOOST_TEST((raw.submissions[0].filters == std::vector<std::string>{"filter-1"}));
    BOOST_TEST(raw.ref.size() == 4u);  // two attributes, two events
    auto view = must(archive.view());
    store::event_filter f;
    f.who.orgids = {"org2"};
    BOOST_TEST(must(view->count(first.attributes[0].hash, f)) == 1u);
    f.who.orgids = {"org2", "org1"};
    BOOST_TEST(must(view->count(first.attributes[0].hash, f)) == 2u);
  });
}

BOOST_AUTO_TEST_CASE(what_no_filter_has_run_on_is_listed_once_for_each_organisation) {
  in_every_home([](store::archive_store& archive) {
    record_write bare, other, foreign;
    bare.raw = raw_of("a", "org1");
    other.raw = raw_of("a", "org2");
    foreign.raw = raw_of("b", "org1", "unheard_of");
    write(archive, {bare, other, foreign});
    BOOST_TEST(unfiltered_in(archive) == 3u);
    BOOST_TEST(must(archive.unfiltered_count(cowrie)) == 2u);
    BOOST_TEST(must(archive.unfiltered_count(std::vector<std::string>{"unheard_of", "email"})) == 1u);
    BOOST_TEST(must(archive.unfiltered_count({})) == 0u);
    auto listed = must(archive.unfiltered(cowrie, std::nullopt, 10));
    BOOST_REQUIRE_EQUAL(listed.size(), 2u);
    BOOST_TEST(listed[0].orgid == "org1");
    BOOST_TEST(listed[1].orgid == "org2");
    BOOST_TEST(listed[1].raw.orgid == "org2");
    for (const auto& l : listed) {
      auto plan = simple_plan();
      plan.orgid = l.orgid;
      record_write w{l.raw, filtered(make_parts(plan))};
      BOOST_TEST(write(archive, {w})[0].known);
    }
    BOOST_TEST(must(archive.unfiltered(cowrie, std::nullopt, 10)).empty());
    BOOST_TEST((unfiltered_in(archive) == 1u && must(archive.unfiltered_count(cowrie)) == 0u));
    BOOST_TEST((must(archive.raw_sub_types()) == std::vector<std::string>{"cowrie", "unheard_of"}));
  });
}

BOOST_AUTO_TEST_CASE(what_waits_is_counted_by_kind_also_after_a_restart) {
  in_every_home_reopened([](archive_pointer archive, const reopen_archive& reopen) {
    const std::vector<std::string> foreign{"unheard_of"};
    const auto put = [&](const std::string& text, const std::string& sub_type) {
      record_write bare;
      bare.raw = raw_of(text, "org1", sub_type);
      write(*archive, {bare});
      return bare.raw;
    };
    const auto counts = [&](std::uint64_t ours, std::uint64_t others) {
      BOOST_TEST(must(archive->unfiltered_count(cowrie)) == ours);
      BOOST_TEST(must(archive->unfiltered_count(foreign)) == others);
    };
    const auto first = put("a", "cowrie");
    put("a", "unheard_of");
    put("b", "unheard_of");
    counts(1, 2);
    reopen(archive);
    counts(1, 2);
    put("b", "cowrie");
    counts(2, 2);
    write(*archive, {record_write{first, filtered(make_parts(simple_plan()))}});
    counts(1, 2);
    reopen(archive);
    put("c", "unheard_of");
    counts(1, 3);
  });
}

BOOST_AUTO_TEST_CASE(a_useless_record_keeps_only_its_raw_document) {
  in_every_home([](store::archive_store& archive) {
    record_write w;
    w.raw = raw_of("a", "org1");
    w.filtered = filtered({});
    w.filtered->product.usable = false;
    w.filtered->product.reason = "no eventid";
    write(archive, {w});
    const auto raw = only(archive, tahoe::itype::raw);
    BOOST_TEST((raw.valid == false));
    BOOST_TEST(raw.reason == "no eventid");
    BOOST_TEST(raw.filters.empty());
    BOOST_TEST(all_of(archive).size() == 1u);
    BOOST_TEST(must(archive.unfiltered(cowrie, std::nullopt, 10)).empty());
    BOOST_TEST(unfiltered_in(archive) == 0u);
  });
}

BOOST_AUTO_TEST_CASE(the_first_run_of_a_sighting_is_kept_and_a_second_product_dropped) {
  in_every_home([](store::archive_store& archive) {
    auto w = record_with("a", simple_plan());
    w.filtered->product.keeps_first_run = true;
    w.filtered->first_run = 1000.5;
    write(archive, {w});
    auto late = simple_plan();
    late.timestamp = 2000;
    auto again = record_with("a", late);
    again.filtered->product.keeps_first_run = true;
    again.filtered->first_run = 2000.5;
    write(archive, {again});
    BOOST_TEST(only(archive, tahoe::itype::event).timestamp == 1000);
    const auto raw = only(archive, tahoe::itype::raw);
    BOOST_REQUIRE_EQUAL(raw.extra.size(), 1u);
    BOOST_TEST(raw.extra[0].first == "_cybexd_first_run");
    BOOST_TEST((raw.extra[0].second == value(1000.5)));
  });
}

BOOST_AUTO_TEST_CASE(sessions_gather_events_and_keep_their_widest_times_in_any_order) {
  const auto id = attribute("sessionid", "s1");
  auto opened = session_of("s1"), closed = session_of("s1"), early = session_of("s1");
  opened.start_time = 50.0;
  closed.end_time = 80.0;
  closed.duration = value(std::int64_t{30});
  early.end_time = 70.0;
  early.duration = value(20.5);
  std::vector<int> order{0, 1, 2, 3};
  do {
    in_every_home([&](store::archive_store& archive) {
      for (const auto step : order) {
        auto plan = simple_plan();
        plan.timestamp = 50 + step;
        auto w = record_with("record " + std::to_string(step), plan);
        const auto event = w.filtered->product.documents.back().hash;
        w.filtered->product.documents.push_back(id);
        const document* sessions[] = {&opened, &closed, &early, nullptr};
        w.filtered->product.sessions.push_back(
            {sessions[step] ? *sessions[step] : session_of("s1"), {event}});
        write(archive, {w});
      }
      const auto session = only(archive, tahoe::itype::session);
      BOOST_TEST((session.start_time == value(50.0)));
      BOOST_TEST((session.end_time == value(80.0)));
      BOOST_TEST((session.duration == value(std::int64_t{30})));
      BOOST_TEST(session.ref.size() == 5u);
      BOOST_TEST((session.cref == std::vector<hash256>{id.hash}));
      auto view = must(archive.view());
      store::event_filter f;
      f.who.everything = true;
      f.from = 51;
      const auto events = must(view->events_of_session(session.hash, f));
      BOOST_REQUIRE_EQUAL(events.size(), 3u);
      BOOST_TEST(events[0].timestamp == 53);
      BOOST_TEST((must(view->sessions_of(events[0].hash)) == std::vector<hash256>{session.hash}));
      // A raw record names the session it joined, not the session's own parts.
      for (const auto& d : all_of(archive)) {
        if (d.kind != tahoe::itype::raw) continue;
        BOOST_TEST(std::count(d.ref.begin(), d.ref.end(), session.hash) == 1);
        BOOST_TEST(std::count(d.ref.begin(), d.ref.end(), id.hash) == 0);
      }
    });
  } while (std::next_permutation(order.begin(), order.end()));
}

BOOST_AUTO_TEST_CASE(a_view_does_not_see_later_writes) {
  in_every_home([](store::archive_store& archive) {
    const auto ip = attribute("ipv4", "10.0.0.1").hash;
    store::event_filter f;
    f.who.everything = true;
    std::vector<std::unique_ptr<store::archive_view>> views;
    for (int i = 0; i < 12; ++i) {
      views.push_back(must(archive.view()));
      auto plan = simple_plan();
      plan.timestamp = i;
      write(archive, {record_with(std::to_string(i), plan)});
    }
    for (std::size_t i = 0; i < views.size(); ++i) {
      BOOST_TEST(must(views[i]->count(ip, f)) == i);
      BOOST_TEST(must(views[i]->page(ip, f, 0, 100)).size() == i);
      std::size_t seen = 0;
      must(views[i]->all_events(f.who, [&](const auto&) { return ++seen > 0; }));
      BOOST_TEST(seen == i);
    }
  });
}

BOOST_AUTO_TEST_CASE(visitors_may_stop_and_may_ask_in_between) {
  in_every_home([](store::archive_store& archive) {
    for (int i = 0; i < 10; ++i) {
      auto plan = simple_plan();
      plan.timestamp = i;
      write(archive, {record_with(std::to_string(i), plan)});
    }
    auto view = must(archive.view());
    const store::visibility who{true, {}};
    std::size_t outer = 0, inner = 0;
    must(view->all_events(who, [&](const auto& f) {
      for (const auto a : f.attributes) {
        must(view->events_of(a, who, [&](const auto& g) {
          BOOST_TEST(must(view->degree(g.attributes[0], who)) == 10u);
          return ++inner % 10 != 3;
        }));
      }
      return ++outer < 4;
    }));
    BOOST_TEST(outer == 4u);
    std::size_t seen = 0;
    must(archive.each([&](const document&) { return ++seen < 5; }));
    BOOST_TEST(seen == 5u);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
