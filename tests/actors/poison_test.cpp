// A record that kills its worker every time, at each stage of the line: it ends in quarantine with the
// reason, and nothing else is lost, set aside or delayed.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/archive_line.hpp"

using namespace cybexd;
using namespace cybexd::tests;
using namespace std::chrono_literals;
using store::entry_state;

namespace {

constexpr auto step = 5ms;
const std::string deadly = R"("a deadly record")";

/// What is thrown: something that no library's catch for std::exception stops, so that the actor itself dies.
struct end_of_a_worker {};

struct poisoned : archive_line_fixture {
  std::vector<store::entry_id> good;
  store::entry_id bad;

  /// Good ones before and behind, as single records and as lines of one upload.
  void fill(bool with_poison, bool as_lines) {
    for (int i = 0; i < 20; ++i) good.push_back(put(cowrie_line(i)));
    if (as_lines) {
      std::string text;
      for (int i = 100; i < 150; ++i) text += cowrie_line(i) + "\n";
      if (with_poison) text += deadly + "\n";
      for (int i = 150; i < 200; ++i) text += cowrie_line(i) + "\n";
      bad = put(text, "cowrie", true);
    } else if (with_poison) {
      bad = put(deadly);
    }
    for (int i = 20; i < 40; ++i) good.push_back(put(cowrie_line(i)));
  }

  bool all_archived() {
    return std::all_of(good.begin(), good.end(),
                       [this](const auto& id) { return state_of(id) == entry_state::processed; });
  }

  /// Simulated time until every good one is archived.
  std::chrono::milliseconds time_of_the_good() {
    std::chrono::milliseconds passed{0};
    for (run(); !all_archived() && passed < 10s; passed += step) advance(step);
    return passed;
  }
};

bool is_deadly(const tahoe::document& raw) {
  return raw.data.text() && *raw.data.text() == "a deadly record";
}

struct stage {
  const char* name;
  void (*poison)(poisoned& on, int& deaths);
};

const std::vector<stage> stages{
    {"decryptor",
     [](poisoned& on, int& deaths) {
       on.open = [&on, &deaths](const messages::open_files& job) {
         if (std::find(job.ids->begin(), job.ids->end(), on.bad) != job.ids->end()) {
           ++deaths;
           throw end_of_a_worker();
         }
         return actors::open_envelopes(*on.stores.lake, test_key(), job, on.metrics);
       };
     }},
    {"parser",
     [](poisoned& on, int& deaths) {
       on.parse = [&deaths](const messages::parse_records& job) {
         for (const auto& text : *job.texts)
           if (text.text->substr(text.offset, text.size).find(deadly) != std::string::npos) {
             ++deaths;
             throw end_of_a_worker();
           }
         return actors::parse_texts(job);
       };
     }},
    {"analyst",
     [](poisoned& on, int& deaths) {
       on.filter = [&on, &deaths](const messages::filter_records& job) {
         if (std::any_of(job.documents->begin(), job.documents->end(), is_deadly)) {
           ++deaths;
           throw end_of_a_worker();
         }
         return actors::run_filters(job, {"cowrie"}, 1'600'000'000, on.metrics);
       };
     }},
    {"archive_writer", [](poisoned& on, int& deaths) {
       on.trouble->on_record = [&deaths](const store::document& raw) {
         if (!is_deadly(raw)) return;
         ++deaths;
         throw end_of_a_worker();
       };
     }}};

std::chrono::milliseconds time_without_poison(bool as_lines) {
  poisoned calm;
  calm.fill(false, as_lines);
  calm.start();
  return calm.time_of_the_good();
}

void check(const stage& where, bool as_lines) {
  poisoned world;
  int deaths = 0;
  world.fill(true, as_lines);
  where.poison(world, deaths);
  world.start();
  const auto taken = world.time_of_the_good();
  // A record that had a worker's death in common with the poison is tried again alone: three times the
  // writer's 20 ms at the most.
  BOOST_TEST(taken.count() <= (time_without_poison(as_lines) + 60ms).count(), where.name);
  for (int i = 0; i < 40; ++i) world.settle();
  const bool whole = as_lines && std::string_view(where.name) == "decryptor";  // it never saw the lines
  const auto report = world.inner.lake->find(world.bad).value();
  const auto& mark = report->mark;
  BOOST_TEST((mark.state == (as_lines && !whole ? entry_state::processed : entry_state::quarantined)),
             where.name);
  const auto reason = mark.bad_lines.empty() ? mark.reason : mark.bad_lines.front().reason;
  BOOST_TEST(reason.find("cost 3 workers") != std::string::npos, where.name << ": " << reason);
  BOOST_TEST(mark.archived == (as_lines && !whole ? 100u : 0u), where.name);
  BOOST_TEST(mark.set_aside == (whole ? 101u : 1u), where.name);
  if (as_lines && !whole) BOOST_TEST(mark.bad_lines.front().number == 51u, where.name);
  BOOST_TEST(deaths == 3, where.name << " died " << deaths << " times");
  const auto restarts = "cybexd_actor_restarts_total{actor=\"" + std::string(where.name) + "\"} 3";
  BOOST_TEST(world.metrics.render().find(restarts) != std::string::npos, where.name);
  const auto late = world.put(cowrie_line(99));
  act::post(world.poller, messages::nudge{});
  world.settle();
  BOOST_TEST((world.state_of(late) == entry_state::processed), where.name);
  BOOST_TEST(world.books().pending == 0u);
  BOOST_TEST(world.inner.lake->set_aside("", 10, true)->size() == 1u);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(poison)

BOOST_AUTO_TEST_CASE(a_single_record_at_every_stage) {
  for (const auto& where : stages) check(where, false);
}

BOOST_AUTO_TEST_CASE(a_line_among_many_at_every_stage) {
  for (const auto& where : stages) check(where, true);
}

BOOST_AUTO_TEST_CASE(after_the_cause_is_gone_a_retry_archives_it) {
  poisoned world;
  bool gone = false;
  world.fill(true, true);
  world.parse = [&gone](const messages::parse_records& job) {
    for (const auto& text : *job.texts)
      if (!gone && text.text->substr(text.offset, text.size).find(deadly) != std::string::npos)
        throw std::runtime_error("the parser was poisoned");
    return actors::parse_texts(job);
  };
  world.start();
  for (int i = 0; i < 40; ++i) world.settle();
  BOOST_TEST(world.books().set_aside == 1u);
  gone = true;
  BOOST_REQUIRE(world.inner.lake->retry(std::vector{world.bad}));
  act::post(world.poller, messages::nudge{});
  for (int i = 0; i < 10; ++i) world.settle();
  const auto report = world.inner.lake->find(world.bad).value();
  BOOST_TEST((report->mark.archived == 1u && report->mark.known == 100u && report->mark.bad_lines.empty()));
  BOOST_TEST(world.books().set_aside == 0u);
}

// Such an entry stayed taken until the restart, and nobody could try it.
BOOST_AUTO_TEST_CASE(one_that_cannot_even_be_set_aside_is_tried_again_later) {
  std::string said;
  poisoned world;
  actors::set_log_sink([&said](actors::log_level, std::string_view, std::string_view text) {
    said += std::string(text) + "\n";
  });
  bool gone = false;
  int deaths = 0;
  world.fill(true, false);
  world.open = [&](const messages::open_files& job) {
    if (!gone && std::find(job.ids->begin(), job.ids->end(), world.bad) != job.ids->end()) {
      ++deaths;
      throw end_of_a_worker();
    }
    return actors::open_envelopes(*world.stores.lake, test_key(), job, world.metrics);
  };
  world.trouble->on_commit = [&](const store::entry_work& work) {
    return !gone && work.mark.id == world.bad;
  };
  world.start();
  for (int i = 0; i < 40; ++i) world.settle();
  BOOST_TEST(world.all_archived());
  BOOST_TEST((world.state_of(world.bad) == entry_state::waiting));
  BOOST_TEST(said.find(world.bad + " cannot even be set aside") != std::string::npos);
  BOOST_TEST(said.find(world.bad + " stays waiting, and is tried again in 3600 s") != std::string::npos);
  const auto before = deaths;
  act::post(world.poller, messages::nudge{});  // arrivals do not make it a storm
  world.settle();
  BOOST_TEST(deaths == before);
  gone = true;
  world.advance(3601s);
  for (int i = 0; i < 10; ++i) world.settle();
  BOOST_TEST((world.state_of(world.bad) == entry_state::processed));
  BOOST_TEST(world.books().pending == 0u);
}

BOOST_AUTO_TEST_CASE(one_that_cannot_even_be_set_aside_is_free_once_the_line_stops) {
  poisoned world;
  world.fill(true, false);
  world.open = [&](const messages::open_files& job) {
    if (std::find(job.ids->begin(), job.ids->end(), world.bad) != job.ids->end()) throw end_of_a_worker();
    return actors::open_envelopes(*world.stores.lake, test_key(), job, world.metrics);
  };
  world.trouble->on_commit = [&](const store::entry_work& work) { return work.mark.id == world.bad; };
  world.start();
  for (int i = 0; i < 40; ++i) world.settle();
  BOOST_TEST(world.inner.lake->take({})->empty());
  const auto answer = world.ask<messages::drained>(world.poller, messages::drain{});
  world.run();
  BOOST_TEST(answer->value().clean);
  const auto taken = world.inner.lake->take({}).value();
  BOOST_REQUIRE_EQUAL(taken.size(), 1u);
  BOOST_TEST(taken.front().id == world.bad);
}

// Symptom: a line that had been set aside was counted once more when its upload was.
BOOST_AUTO_TEST_CASE(each_record_of_an_upload_that_is_set_aside_at_its_end_counts_once) {
  poisoned world;
  const auto id = world.put(cowrie_line(1) + "\nno JSON\n", "cowrie", true);
  world.trouble->on_commit = [](const store::entry_work& work) {
    return work.last && work.mark.state == entry_state::processed;
  };
  world.start();
  for (int i = 0; i < 40; ++i) world.settle();
  BOOST_TEST((world.state_of(id) == entry_state::quarantined));
  double counted = 0;
  for (const auto* outcome : {"archived", "known", "not_supported", "error", "bad_data"})
    counted += world.metrics.value(actors::counter::archive_entries, {outcome});
  BOOST_TEST(counted == 2);
}

BOOST_AUTO_TEST_SUITE_END()
