// What commands do to the stores: their early end, and what they say while a store is away.
#include "app/operations.hpp"

#include <boost/test/unit_test.hpp>
#include <future>

#include "app/http_backend.hpp"
#include "app/operations/open_exports.hpp"
#include "tests/fixtures/eventually.hpp"
#include "tests/fixtures/operated.hpp"

using namespace cybexd;
using tests::attributes;
using tests::operated;
using namespace std::chrono_literals;
namespace ops = app::operations;

namespace {

constexpr const char* second_secret = "vX2mN7pL4sR9tY1wB6cD3fG5hJ0kQZq8";

using times = ops::export_times;
const ops::export_choice whole_archive{"archive", {}, {}, false};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(operations, operated)

BOOST_AUTO_TEST_CASE(a_digest_ends_early) {
  BOOST_TEST(call("digest").has_value());
  BOOST_TEST((cancelled_at("archive.each", "digest") == failure::cancelled));
  BOOST_TEST((call("digest").error().kind == failure::cancelled));  // one that begins later, too
}

BOOST_AUTO_TEST_CASE(a_check_of_the_archive_ends_early) {
  const auto made = call("verify");
  BOOST_REQUIRE(made);
  BOOST_TEST(*made->find("documents")->get_if<std::int64_t>() == 100);
  BOOST_TEST((cancelled_at("archive.each", "verify") == failure::cancelled));
}

BOOST_AUTO_TEST_CASE(a_check_of_the_lake_ends_early) {
  const store::new_entry entry{"one", std::string(64, 'a'), "cowrie", "UTC", 1, false, 1, "sealed"};
  BOOST_REQUIRE(inner.lake->put(std::vector{entry}));
  BOOST_TEST((cancelled_at("lake.entries", "verify") == failure::cancelled));
}

BOOST_AUTO_TEST_CASE(a_check_ends_early_before_its_last_walks) {
  BOOST_TEST((cancelled_at("lake.check", "verify") == failure::cancelled));
}

BOOST_AUTO_TEST_CASE(one_that_its_caller_gives_up_ends_and_others_go_on) {
  trouble->on_call = [this](std::string_view now) {
    if (now == "lake.check") BOOST_TEST(call("cancel", {{"task", "mine"}}).has_value());
  };
  const auto made = call("verify", {{"task", "mine"}});
  BOOST_REQUIRE(!made);
  BOOST_TEST((made.error().kind == failure::cancelled));
  BOOST_TEST(made.error().text.find("told to end") != std::string::npos);
  trouble->on_call = {};
  BOOST_TEST(call("verify", {{"task", "another"}}).has_value());
  BOOST_TEST((call("cancel", {{"task", "nobody's"}}).error().kind == failure::not_found));
}

BOOST_AUTO_TEST_CASE(an_export_ends_early) {
  BOOST_TEST((cancelled_at("archive.each", "export", {{"store", "archive"}}) == failure::cancelled));
  BOOST_TEST((call("export", {{"store", "archive"}}).error().kind == failure::cancelled));
}

BOOST_AUTO_TEST_CASE(an_export_whose_pages_wait_ends_early) {
  BOOST_REQUIRE(inner.archive->import(attributes(12, 1u << 20)));
  const auto first = call("export", {{"store", "archive"}});
  BOOST_REQUIRE(first);
  over->cancel_operations();  // its reader waits until the next page is fetched
  const auto next = call("export", {{"cursor", *first->find("cursor")->text()}});
  BOOST_REQUIRE(!next);
  BOOST_TEST((next.error().kind == failure::cancelled));
}

BOOST_AUTO_TEST_CASE(a_page_that_does_not_fill_goes_out) {
  // Symptom: an export whose documents are rare failed, since a page did not fill within two minutes.
  ops::open_exports exports(times{2min, 1ms});
  std::promise<void> asked;
  trouble->on_call = [goes_on = asked.get_future().share()](std::string_view now) {
    if (now == "archive.each") goes_on.wait();
  };
  const auto name = exports.begin(over->stores(), whole_archive);
  BOOST_REQUIRE(name);
  for (int i = 0; i < 3; ++i) {
    const auto page = exports.next(*name);
    BOOST_REQUIRE_MESSAGE(page, (page ? "" : page.error().text));
    BOOST_TEST((page->lines.empty() && !page->last));
  }
  asked.set_value();
  std::size_t lines = 0;
  for (bool last = false; !last;) {
    const auto page = exports.next(*name);
    BOOST_REQUIRE(page);
    lines += page->lines.size();
    last = page->last;
  }
  BOOST_TEST(lines == 100u);
  BOOST_TEST((exports.next(*name).error().kind == failure::not_found));
}

BOOST_AUTO_TEST_CASE(exports_that_nobody_fetches_make_room) {
  // Symptom: `cybexd export | head`, eight times: no export until the server was started again.
  ops::open_exports exports(times{0ms, 1s});
  for (int i = 0; i < 50; ++i)
    BOOST_TEST(tests::eventually([&] { return exports.begin(over->stores(), whole_archive).has_value(); }));
}

BOOST_AUTO_TEST_CASE(exports_that_are_fetched_are_kept) {
  ops::open_exports exports(times{2min, 1s});
  std::vector<std::string> names;
  for (int i = 0; i < 8; ++i) names.push_back(exports.begin(over->stores(), whole_archive).value());
  const auto ninth = exports.begin(over->stores(), whole_archive);
  BOOST_REQUIRE(!ninth);
  BOOST_TEST((ninth.error().kind == failure::overloaded));
  for (const auto& name : names) BOOST_TEST(exports.next(name).has_value());
}

BOOST_AUTO_TEST_CASE(the_status_says_which_store_is_away) {
  // Symptom: `cybexd status` failed as a whole, just when it was needed.
  trouble->only = "lake.books";
  trouble->down = true;
  auto made = call("status");
  BOOST_REQUIRE(made);
  BOOST_TEST(made->find("lake")->find("error")->text()->starts_with("lake.books"));
  BOOST_TEST(*made->find("unfiltered")->get_if<std::int64_t>() == 0);
  BOOST_TEST(made->find("oldest_waiting_seconds")->is_null());
  trouble->only = "archive.";
  made = call("status");
  BOOST_REQUIRE(made);
  BOOST_TEST(*made->find("lake")->find("accepted")->get_if<std::int64_t>() == 0);
  BOOST_TEST(made->find("unfiltered")->find("error")->text()->starts_with("archive.unfiltered_count"));
  BOOST_TEST(made->find("store_bytes"));
}

BOOST_AUTO_TEST_CASE(the_status_counts_records_that_wait_for_a_filter_of_ours) {
  std::vector<tahoe::document> raws;
  for (const auto* sub_type : {"cowrie", "sighting", "test_json"})
    raws.push_back(tahoe::make_raw(sub_type, tahoe::object{{"url", "a"}}, "org", "UTC").value());
  BOOST_REQUIRE(inner.archive->import(raws));
  const auto waiting = [&] { return *call("status").value().find("unfiltered")->get_if<std::int64_t>(); };
  BOOST_TEST(waiting() == 2);
  auto values = settings();
  values.archive.filters = {"cowrie"};
  over->replace(values);
  BOOST_TEST(waiting() == 1);
  values.archive.filters = {};
  over->replace(values);
  BOOST_TEST(waiting() == 0);
}

BOOST_AUTO_TEST_CASE(without_an_embedded_store_there_are_no_bytes_of_it) {
  auto values = settings();
  values.store.kind = "mongodb";
  over->replace(values);
  const auto made = call("status");
  BOOST_REQUIRE(made);
  BOOST_TEST(!made->find("store_bytes"));
}

BOOST_AUTO_TEST_CASE(a_token_secret_that_cannot_be_used_leaves_the_one_that_is_there) {
  // Symptom: SIGHUP while the file could be read by others, or was half written: every token was refused.
  BOOST_REQUIRE(call("user_add", {{"email", "a@example.org"}, {"name", "A"}, {"with_token", true}}));
  const auto made = call("token_new", {{"email", "a@example.org"}});
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().text));
  const auto& token = *made->find("token")->text();
  const auto is_good = [&] { return over->accounts().authenticate(token, app::unix_now()).has_value(); };
  BOOST_TEST(is_good());
  for (const auto& [text, mode] :
       {std::pair{std::string(second_secret), 0644}, {std::string("short"), 0600}}) {
    write_secret(text, static_cast<mode_t>(mode));
    over->replace(settings());
    BOOST_TEST(is_good(), text << " " << mode);
    BOOST_TEST(call("token_new", {{"email", "a@example.org"}}).has_value());
  }
  write_secret(second_secret, 0600);
  over->replace(settings());
  BOOST_TEST(!is_good());
  BOOST_TEST(over->accounts().has_token_secret());
}

BOOST_AUTO_TEST_CASE(queries_wait_as_long_as_they_may) {
  auto values = settings();
  BOOST_TEST((app::http_options_of(values).limits.work_time == 60s));
  values.http.query_patience = 1h;  // 202 is promised after this, so nobody gives up before
  BOOST_TEST((app::http_options_of(values).limits.work_time > 1h));
}

BOOST_AUTO_TEST_SUITE_END()
