// The running wiring over stores that may throw: real threads, real keys.
#include "app/wiring.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <future>

#include "app/http_backend.hpp"
#include "app/operations.hpp"
#include "crypto/keys.hpp"
#include "tests/fixtures/eventually.hpp"
#include "tests/fixtures/failing_store.hpp"
#include "tests/fixtures/temp_dir.hpp"

using namespace cybexd;
using namespace std::chrono_literals;
using outcome = messages::query_answer::outcome;

namespace {

struct wired {
  tests::temp_dir folder;
  std::shared_ptr<tests::faults> trouble = std::make_shared<tests::faults>();
  std::atomic<int> deaths_due{0};
  std::unique_ptr<app::engine> over;
  std::shared_ptr<app::actor_host> actors;

  wired() {
    trouble->on_call = [this](std::string_view call) {
      if (call == "reports.update" && deaths_due.fetch_sub(1) > 0)  // nobody but the desk makes one first
        throw std::runtime_error("the report store fell over");
    };
    over = std::make_unique<app::engine>(
        settings(), std::map<std::string, std::string>{}, tests::failing(store::make_memory(), trouble),
        [this](app::engine&) -> expected<std::shared_ptr<app::running_actors>> { return actors; });
    over->serving = true;
    actors = std::make_shared<app::actor_host>(*over);
  }
  ~wired() { actors.reset(); }

  app::settings settings() const {
    app::settings values;
    values.keys.private_key.path = folder / "priv.pem";
    values.keys.public_key.path = folder / "pub.pem";
    values.data_dir.path = folder / "data";
    const auto pair = crypto::generate_key_pair(2048);
    BOOST_REQUIRE(pair);
    write(values.keys.private_key.path, std::string(pair->private_pem.view()));
    write(values.keys.public_key.path, pair->public_pem);
    return values;
  }

  static void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0600);
  }

  /// A count by this machine's operator.
  expected<messages::query_answer> count(const std::string& address) {
    messages::query_request query;
    query.user = std::string(64, 'a');
    query.type = "count";
    query.data = tahoe::object{{"sub_type", "ipv4"}, {"data", address}};
    query.redo = true;
    const auto got = std::make_shared<std::promise<expected<messages::query_answer>>>();
    auto future = got->get_future();
    actors->ask(std::move(query), 10s,
                [got](expected<messages::query_answer> answer) { got->set_value(std::move(answer)); });
    BOOST_REQUIRE((future.wait_for(60s) == std::future_status::ready));
    return future.get();
  }

  bool answers() {
    const auto got = count("192.0.2.1");
    return got && got->status == outcome::failed;  // nobody has that hash: a report, and it says so
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(wiring, wired)

BOOST_AUTO_TEST_CASE(a_query_desk_that_dies_is_replaced_and_the_next_query_is_answered) {
  // Symptom: nobody watched the running query desk; once dead, every query got 503 until a restart.
  BOOST_REQUIRE(actors->start_all());
  BOOST_TEST(answers());
  deaths_due = 1;
  const auto lost = count("192.0.2.2");
  BOOST_REQUIRE(!lost);
  BOOST_TEST((lost.error().kind == failure::overloaded));
  BOOST_TEST(tests::eventually([this] { return answers(); }));
  BOOST_TEST(tests::eventually([this] { return actors->waits_for().empty(); }));
  BOOST_TEST(actors->metrics().render().find("cybexd_actor_restarts_total{actor=\"query_desk\"} 1") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(over_http_the_asker_is_told_to_come_again) {
  BOOST_REQUIRE(actors->start_all());
  const auto backend = app::make_http_backend(*over, actors);
  deaths_due = 1;
  auto request = std::make_shared<messages::query_request>();
  request->user = std::string(64, 'a');
  request->type = "count";
  request->data = tahoe::object{};
  std::promise<expected<messages::query_answer>> got;
  backend.ask({request, 5s,
               std::make_shared<messages::reply_once<messages::query_answer>>(
                   [&got](expected<messages::query_answer> answer) { got.set_value(std::move(answer)); })});
  auto future = got.get_future();
  BOOST_REQUIRE((future.wait_for(60s) == std::future_status::ready));
  const auto answer = future.get();
  BOOST_REQUIRE(!answer);
  const auto shown = app::http::answer_to(answer.error());
  BOOST_TEST(shown.status == 503u);
  BOOST_TEST(shown.retry_after.has_value());
}

BOOST_AUTO_TEST_CASE(a_renewal_leaves_the_query_side_alone_and_takes_new_keys) {
  BOOST_REQUIRE(actors->start_all());
  BOOST_TEST(answers());
  over->replace(settings());  // a new key pair
  std::promise<expected<messages::drained>> done;
  actors->renew_line(10s, [&done](expected<messages::drained> answer) { done.set_value(std::move(answer)); });
  BOOST_TEST(answers());
  auto future = done.get_future();
  BOOST_REQUIRE((future.wait_for(60s) == std::future_status::ready));
  const auto renewed = future.get();
  BOOST_REQUIRE_MESSAGE(renewed, (renewed ? "" : renewed.error().text));
  BOOST_TEST(renewed->clean, renewed->left);
  BOOST_TEST(answers());
  BOOST_TEST(actors->stop(10s) == "");
  const auto late = count("192.0.2.1");
  BOOST_TEST((!late && late.error().kind == failure::unavailable));
}

BOOST_AUTO_TEST_CASE(keys_that_do_not_fit_leave_the_line_as_it_was) {
  BOOST_REQUIRE(actors->start_all());
  auto wrong = settings();
  wrong.keys.public_key.path = folder / "absent.pem";
  over->replace(wrong);
  std::promise<expected<messages::drained>> done;
  actors->renew_line(10s, [&done](expected<messages::drained> answer) { done.set_value(std::move(answer)); });
  auto future = done.get_future();
  BOOST_REQUIRE((future.wait_for(60s) == std::future_status::ready));
  const auto renewed = future.get();
  BOOST_REQUIRE(!renewed);
  BOOST_TEST(renewed.error().text.find("absent.pem") != std::string::npos);
  BOOST_TEST(actors->status(5s).has_value());
}

BOOST_AUTO_TEST_CASE(a_batch_of_large_reports_is_answered_in_parts) {
  // Symptom: all reports were made, and then the answer was larger than a server's may be: 503, every time.
  tahoe::array queries;
  for (int i = 0; i < 20; ++i)
    queries.push_back(tahoe::object{
        {"type", "count"},
        {"user", std::string(64, 'a')},
        {"data", tahoe::object{{"sub_type", "ipv4"}, {"data", "192.0.2." + std::to_string(i)}}}});
  const auto answered = [&](std::int64_t bytes) {
    const auto made =
        app::call_operation(*over, "report", tahoe::object{{"queries", queries}, {"bytes", bytes}});
    BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().text));
    const auto answers = *made->find("answers")->get_if<tahoe::array>();
    for (const auto& one : answers) BOOST_TEST(*one.find("status")->text() == "failed");  // nobody asks
    return answers.size();
  };
  const auto all = answered(1 << 20);
  BOOST_TEST(all == queries.size());
  BOOST_TEST(answered(1) == 1u);
  BOOST_TEST(answered(0) == 1u);
  const auto some = answered(5'000);
  BOOST_TEST(some > 1u);
  BOOST_TEST(some < queries.size());
  queries.clear();
  BOOST_TEST(answered(1) == 0u);
}

BOOST_AUTO_TEST_CASE(a_command_starts_the_side_that_it_needs) {
  over->serving = false;
  BOOST_TEST(answers());
  const auto done = actors->once(false, 20s);
  BOOST_REQUIRE(done);
  BOOST_TEST(done->completed, done->reason);
  BOOST_TEST(answers());
  BOOST_TEST(actors->stop(10s) == "");
}

BOOST_AUTO_TEST_SUITE_END()
