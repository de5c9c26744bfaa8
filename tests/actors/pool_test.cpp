#include "actors/pool.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/fixtures/actor_system.hpp"

using namespace cybexd;
using namespace cybexd::actors;
using namespace cybexd::messages;

namespace {

// A worker whose answer tells the text it was given; "die" kills it.
decryptor_actor::behavior_type worker(decryptor_actor::pointer self, actors::telemetry* metrics) {
  behave(self, metrics->actor("worker"));
  return {[](const open_files& job) -> caf::result<files_opened> {
    if (job.ids->front() == "die") throw std::runtime_error("it was a bad day");
    return files_opened{nullptr, job.ids->front()};
  }};
}

struct fixture : tests::actor_system_fixture {
  fixture() { set_log_sink({}); }
  actors::telemetry metrics{"test"};

  decryptor_actor make(pool_options options) {
    return spawn(actors::pool<decryptor_actor, open_files, files_opened>, options,
                 std::function<decryptor_actor()>([this] { return system.spawn(worker, &metrics); }),
                 &metrics);
  }
  static open_files job(std::string word) {
    return {std::make_shared<const std::vector<store::entry_id>>(1, std::move(word))};
  }
  /// Asks and tells how it ended, once it has.
  std::shared_ptr<std::string> send(const decryptor_actor& to, const std::string& word) {
    auto end = std::make_shared<std::string>("open");
    spawn([=](caf::event_based_actor* asker) {
      asker->request(to, std::chrono::minutes(60), job(word))
          .then([=](files_opened& answer) { *end = answer.unavailable; },
                [=](caf::error& e) { *end = "error: " + error_text(asker, e); });
    });
    return end;
  }
  std::string restarts() {
    const auto text = metrics.render();
    const std::string name = "cybexd_actor_restarts_total{actor=\"worker\"} ";
    const auto at = text.find(name) + name.size();
    return text.substr(at, text.find('\n', at) - at);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pool, fixture)

BOOST_AUTO_TEST_CASE(every_job_is_answered) {
  const auto pool = make({.name = "worker", .workers = 3});
  std::vector<std::shared_ptr<std::string>> ends;
  for (int i = 0; i < 20; ++i) ends.push_back(send(pool, std::to_string(i)));
  run();
  for (std::size_t i = 0; i < ends.size(); ++i) BOOST_TEST(*ends[i] == std::to_string(i));
}

BOOST_AUTO_TEST_CASE(a_job_that_kills_its_worker_fails_alone_and_the_worker_is_replaced) {
  const auto pool = make({.name = "worker", .workers = 2});
  const auto before = send(pool, "a"), bad = send(pool, "die"), after = send(pool, "b");
  run();
  BOOST_TEST(*before == "a");
  BOOST_TEST(*after == "b");
  BOOST_TEST(*bad == "error: it was a bad day");
  BOOST_TEST(restarts() == "1");
}

BOOST_AUTO_TEST_CASE(a_job_is_tried_on_as_many_workers_as_it_may_cost) {
  const auto pool = make({.name = "worker", .workers = 1, .tries = 3});
  const auto bad = send(pool, "die");
  run();
  BOOST_TEST(*bad == "error: it was a bad day");
  BOOST_TEST(restarts() == "3");
  const auto good = send(pool, "still here");
  run();
  BOOST_TEST(*good == "still here");
}

BOOST_AUTO_TEST_CASE(a_full_queue_refuses_at_once) {
  const auto pool = make({.name = "worker", .workers = 0, .queue = 2});
  const auto first = send(pool, "a"), second = send(pool, "b"), third = send(pool, "c");
  run();
  BOOST_TEST(*first == "open");
  BOOST_TEST(*second == "open");
  BOOST_TEST(third->starts_with("error: "));
}

BOOST_AUTO_TEST_SUITE_END()
