// The decryptors alone.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/archive_line.hpp"

using namespace cybexd;
using namespace cybexd::tests;

namespace {

struct decryptors : archive_line_fixture {
  messages::decryptor_actor pool;

  void start_alone() { pool = keep(actors::spawn_decryptors(system, {.workers = 1}, open, metrics)); }

  std::optional<messages::files_opened> opened(std::vector<store::entry_id> ids) {
    const auto answer = ask<messages::files_opened>(
        pool, messages::open_files{std::make_shared<const std::vector<store::entry_id>>(std::move(ids))});
    run();
    return *answer;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(decryptor, decryptors)

BOOST_AUTO_TEST_CASE(each_file_gives_its_text_or_why_it_has_none) {
  start_alone();
  const auto good = put("one"), other = put("two");
  const auto damaged = put(store::new_entry{.name = "n", .orgid = "org", .typetag = "t", .sealed = "short"});
  const auto answer = opened({other, damaged, good});
  BOOST_REQUIRE(answer && answer->files);
  BOOST_TEST(answer->unavailable == "");
  BOOST_REQUIRE_EQUAL(answer->files->size(), 3u);
  BOOST_TEST(*answer->files->at(0).text == "two");
  BOOST_TEST(!answer->files->at(1).text);
  BOOST_TEST(answer->files->at(1).reason != "");
  BOOST_TEST(*answer->files->at(2).text == "one");
  BOOST_TEST(answer->files->at(2).reason == "");
  BOOST_TEST(metrics.render().find("cybexd_envelope_failures_total{reason=\"too_short\"} 1") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_lake_that_is_away_is_no_bad_data) {
  start_alone();
  const auto id = put("one");
  trouble->down = true;
  const auto away = opened({id});
  BOOST_REQUIRE(away);
  BOOST_TEST(!away->files);
  BOOST_TEST(away->unavailable.find("lake.read_files") != std::string::npos);
  trouble->heal();
  const auto back = opened({id});
  BOOST_REQUIRE(back && back->files);
  BOOST_TEST(*back->files->front().text == "one");
  BOOST_TEST(metrics.render().find("cybexd_actor_restarts_total{actor=\"decryptor\"} 0") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_that_kills_its_worker_is_not_answered_and_the_next_one_is) {
  trouble->on_call = [](std::string_view) { throw std::runtime_error("it fell over"); };
  start_alone();
  const auto id = put("one");
  BOOST_TEST(!opened({id}));
  BOOST_TEST(metrics.render().find("cybexd_actor_restarts_total{actor=\"decryptor\"} 1") !=
             std::string::npos);
  trouble->on_call = nullptr;
  BOOST_TEST(opened({id}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
