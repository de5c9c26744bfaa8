#include "actors/cache_poller.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/fixtures/archive_line.hpp"

using namespace cybexd;
using namespace cybexd::tests;
using namespace std::chrono_literals;
using store::entry_state;

BOOST_FIXTURE_TEST_SUITE(cache_poller_deaths, archive_line_fixture)

BOOST_AUTO_TEST_CASE(a_record_that_kills_its_parser_ends_in_quarantine_and_delays_nobody) {
  int deaths = 0;
  parse = [&deaths](const messages::parse_records& job) {
    for (const auto& text : *job.texts)
      if (text.text->substr(text.offset, text.size).find("poison") != std::string::npos) {
        ++deaths;
        throw std::runtime_error("the parser was poisoned");
      }
    return actors::parse_texts(job);
  };
  std::vector<store::entry_id> good;
  for (int i = 0; i < 20; ++i) good.push_back(put(cowrie_line(i)));
  const auto poison = put("\"poison\"");
  for (int i = 20; i < 40; ++i) good.push_back(put(cowrie_line(i)));
  const auto many = put(cowrie_line(50) + "\npoison\n" + cowrie_line(51) + "\n", "cowrie", true);
  start();
  settle();
  settle();
  for (const auto& id : good) BOOST_TEST((state_of(id) == entry_state::processed));
  BOOST_TEST((state_of(poison) == entry_state::quarantined));
  BOOST_TEST(reason_of(poison).find("the parser was poisoned") != std::string::npos);
  const auto report = inner.lake->find(many).value();
  BOOST_TEST((report->mark.state == entry_state::processed));
  BOOST_TEST(report->mark.archived == 2);
  BOOST_REQUIRE_EQUAL(report->mark.bad_lines.size(), 1);
  BOOST_TEST(report->mark.bad_lines.front().number == 2);
  BOOST_TEST(deaths == 6);
  const auto listed = inner.lake->set_aside("", 10, true).value();
  BOOST_REQUIRE_EQUAL(listed.size(), 2);  // an operator sees the entry of the line, too
  BOOST_TEST((listed[0].entry.id == poison && listed[1].entry.id == many));
  BOOST_TEST(books().quarantined_entries == 2u);
  BOOST_TEST(books().pending == 0);
}

BOOST_AUTO_TEST_CASE(without_a_pool_it_ends_and_gives_back_what_it_had) {
  const auto id = put(cowrie_line(1));
  options.start_at_once = false;
  start();
  const auto once = ask<messages::archive_summary>(poller, messages::archive_once{});
  caf::anon_send_exit(parsers, caf::exit_reason::kill);
  run();
  BOOST_TEST(has_ended(poller));
  BOOST_TEST((state_of(id) == entry_state::waiting));
  BOOST_TEST(inner.lake->take({}).value().size() == 1u);  // nothing stays taken
}

BOOST_AUTO_TEST_CASE(a_record_that_the_store_chokes_on_is_quarantined_alone) {
  trouble->on_record = [](const store::document& raw) {
    const auto* session = raw.data.find("session");
    if (session != nullptr && *session->text() == "s13") throw std::runtime_error("the store choked");
  };
  std::vector<store::entry_id> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(put(cowrie_line(i)));
  start();
  settle();
  settle();
  for (std::size_t i = 0; i < ids.size(); ++i)
    BOOST_TEST((state_of(ids[i]) == (i == 13 ? entry_state::quarantined : entry_state::processed)));
}

BOOST_AUTO_TEST_CASE(a_writer_that_dies_is_replaced_and_nothing_is_lost) {
  std::vector<messages::archive_writer_actor> writers;
  const auto ids = {put(cowrie_line(1)), put(cowrie_line(2))};
  actors::poller_partners with;
  with.lake = stores.lake;
  with.archive = stores.archive;
  const actors::pool_options pool{.workers = 1, .queue = 64};
  with.decryptors = keep(actors::spawn_decryptors(system, pool, open, metrics));
  with.parsers = keep(actors::spawn_parsers(system, pool, parse, metrics));
  with.analysts = keep(actors::spawn_analysts(system, pool, filter, metrics));
  with.make_writer = [&] {
    writers.push_back(actors::spawn_archive_writer(system, {}, stores.commit, metrics));
    return writers.back();
  };
  with.catch_up = keep(actors::spawn_filter_catch_up(system, {}, stores.archive, with.analysts, metrics));
  poller = keep(actors::spawn_cache_poller(system, options, with, metrics));
  run();  // the writer has gathered, and waits for its 20 ms
  caf::anon_send_exit(writers.front(), caf::exit_reason::kill);
  advance(5s);
  BOOST_TEST(writers.size() == 2u);
  for (const auto& id : ids) BOOST_TEST((state_of(id) == entry_state::processed));
  writers.clear();
}

BOOST_AUTO_TEST_CASE(a_decryptor_that_dies_once_costs_nobody_anything) {
  int deaths = 0;
  open = [this, &deaths](const messages::open_files& job) {
    if (deaths++ == 0) throw std::runtime_error("out of memory, once");
    return actors::open_envelopes(*stores.lake, test_key(), job, metrics);
  };
  std::vector<store::entry_id> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(put(cowrie_line(i)));
  start();
  settle();
  for (const auto& id : ids) BOOST_TEST((state_of(id) == entry_state::processed));
  BOOST_TEST(metrics.render().find("cybexd_actor_restarts_total{actor=\"decryptor\"} 1") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_filter_that_dies_of_one_line_sets_that_line_aside) {
  filter = [this](const messages::filter_records& job) {
    for (const auto& raw : *job.documents)
      if (const auto* session = raw.data.find("session"); session != nullptr && *session->text() == "s777")
        throw std::runtime_error("the filter fell over");
    return actors::run_filters(job, {"cowrie"}, 1'600'000'000, metrics);
  };
  std::string text;
  for (int i = 0; i < 1500; ++i) text += cowrie_line(i) + "\n";
  const auto id = put(text, "cowrie", true);
  start();
  for (int i = 0; i < 10; ++i) settle();
  const auto report = inner.lake->find(id).value();
  BOOST_TEST((report->mark.state == entry_state::processed));
  BOOST_TEST(report->mark.archived == 1499);
  BOOST_REQUIRE_EQUAL(report->mark.bad_lines.size(), 1);
  BOOST_TEST(report->mark.bad_lines.front().number == 778);
  BOOST_TEST((report->mark.bad_lines.front().state == entry_state::quarantined));
}

BOOST_AUTO_TEST_CASE(many_lines_that_cannot_be_opened_are_quarantined_as_one_entry) {
  const auto many = put(cowrie_line(1) + "\n" + cowrie_line(2), "cowrie", true);
  const auto good = put(cowrie_line(3));
  open = [this, many](const messages::open_files& job) {
    if (job.ids->front() == many) throw std::runtime_error("the decryptor fell over");
    return actors::open_envelopes(*stores.lake, test_key(), job, metrics);
  };
  start();
  settle();
  BOOST_TEST((state_of(good) == entry_state::processed));
  BOOST_TEST((state_of(many) == entry_state::quarantined));
  BOOST_TEST(books().set_aside == 2);
  BOOST_TEST(status().credit_in_use == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
