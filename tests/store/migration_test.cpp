// One home into another: whole, again, cut short anywhere, over what is there.
#include "tahoe/store/migration.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

#include "tests/fixtures/child_case.hpp"
#include "tests/fixtures/failing_store.hpp"
#include "tests/fixtures/killed_migration.hpp"
#include "tests/fixtures/migrations.hpp"

namespace cybexd::tests {
namespace {

migration_options small_batches() {
  migration_options options;
  options.batch_items = 7;
  options.now = 5000;
  return options;
}

/// A home read only by another process: what the test's directory `name` holds.
store::embedded_options at(const std::string& directory, bool read_only = false) {
  store::embedded_options options;
  options.directory = directory;
  options.cache_bytes = 32u << 20;
  options.read_only = read_only;
  return options;
}

store::stores opened(const std::string& directory, bool read_only = false) {
  return must(store::open_embedded(at(directory, read_only)));
}

std::map<std::string, std::filesystem::file_time_type> files_of(const std::string& directory) {
  std::map<std::string, std::filesystem::file_time_type> found;
  for (const auto& file : std::filesystem::directory_iterator(directory))
    found[file.path().filename().string() + " " + std::to_string(file.file_size())] = file.last_write_time();
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(migration)

BOOST_AUTO_TEST_CASE(from_home_to_home_and_back) {
  const seed_of_test seed;
  auto first = store::make_memory();
  fill(first, seed.value);
  embedded_home second;
  auto third = store::make_memory();
  check_complete(must(migrate(first, second.all, small_batches())));
  same_contents(first, second.all);
  second.reopen();
  const auto result = must(migrate(second.all, third, small_batches()));
  check_complete(result);
  same_contents(first, third);
  BOOST_TEST(result.entries.total == 60u);
  BOOST_TEST(result.entries.copied == 60u);
  BOOST_TEST(result.documents.copied == result.documents.total);
  BOOST_TEST(result.reports.copied == 62u);
  BOOST_TEST(result.tokens.copied == 5u);
  BOOST_TEST(result.audit_lines.copied == 7u);
}

BOOST_AUTO_TEST_CASE(again_copies_nothing_and_later_what_is_new) {
  const seed_of_test seed;
  auto from = store::make_memory();
  fill(from, seed.value);
  embedded_home to;
  check_complete(must(migrate(from, to.all)));
  auto again = must(migrate(from, to.all));
  check_complete(again);
  for (const auto* counts : {&again.documents, &again.entries, &again.reports, &again.identities,
                             &again.tokens, &again.audit_lines}) {
    BOOST_TEST(counts->copied == 0u);
    BOOST_TEST(counts->total > 0u);
  }
  // The source goes on: more records for the same sessions and events, a revocation, a user.
  archive_world world(seed.value + 1);
  std::vector<record_write> more;
  for (int i = 0; i < 60; ++i) more.push_back(world.record());
  must(from.archive->write(more));
  lake_talk::put(*from.lake, {lake_talk::entry("new")});
  store::identity_change revoke;
  revoke.token = must(from.identity->token("jti-1"));
  revoke.token->revoked = true;
  revoke.audit = {9, "operator", "token.revoke", "jti-1"};
  must(from.identity->apply(revoke));
  add_user(from, user_named("new@example.com", "x"), "x");
  again = must(migrate(from, to.all));
  check_complete(again);
  BOOST_TEST(again.entries.copied == 1u);
  BOOST_TEST(again.audit_lines.copied == 2u);
  same_contents(from, to.all);
}

BOOST_AUTO_TEST_CASE(cut_short_at_every_call_and_finished_later) {
  const seed_of_test seed;
  auto from = store::make_memory();
  fill(from, seed.value, 25);
  std::uint64_t calls = 0;
  for (std::int64_t n = 1; calls == 0 || n <= static_cast<std::int64_t>(calls); ++n) {
    embedded_home to;
    auto trouble = std::make_shared<faults>();
    trouble->fail_from(n);
    const auto cut = migrate(from, failing(to.all, trouble), small_batches());
    if (calls == 0) {  // how many there are is known when none fails
      auto whole = store::make_memory();
      auto counter = std::make_shared<faults>();
      must(migrate(from, failing(whole, counter), small_batches()));
      calls = counter->calls();
    }
    BOOST_TEST_CONTEXT("call " << n << " of " << calls) {
      BOOST_REQUIRE(!cut);
      BOOST_TEST((cut.error().kind == failure::unavailable));
      to.reopen();
      check_complete(must(migrate(from, to.all, small_batches())));
      if (n % 10 == 1) same_contents(from, to.all);
    }
    if (n > 40) n += static_cast<std::int64_t>(seed.value % 5);  // the later ones are alike
  }
}

BOOST_AUTO_TEST_CASE(child_migrates, *boost::unit_test::disabled()) {
  if (!child_case::inside()) return;
  const auto room = child_case::argument();
  auto options = small_batches();
  options.batch_items = 2;
  options.on_progress = tell_parent;
  must(migrate(opened(room + "/from", true), opened(room + "/to"), options));
}

BOOST_AUTO_TEST_CASE(killed_at_any_moment_and_run_again) {
  if (child_case::inside()) return;
  const seed_of_test seed;
  std::mt19937_64 random(seed.value);
  const temp_dir room;
  {
    auto from = opened(room / "from");
    fill(from, seed.value, 40);
  }
  const auto before = files_of(room / "from");
  const int kills = kill_now_and_then("migration/child_migrates", room.path().string(), random,
                                      {.runs = 12, .short_run = 40, .long_run = 400});
  BOOST_TEST_MESSAGE(kills << " kills");
  BOOST_TEST(kills > 0);
  auto from = opened(room / "from", true), to = opened(room / "to");
  check_complete(must(migrate(from, to, small_batches())));
  same_contents(from, to);
  BOOST_TEST((files_of(room / "from") == before));  // nothing is written to the source
}

BOOST_AUTO_TEST_CASE(a_source_is_only_read) {
  const temp_dir room;
  auto missing = store::open_embedded(at(room / "nowhere", true));
  BOOST_REQUIRE(!missing);
  BOOST_TEST((missing.error().kind == failure::not_found));
  BOOST_TEST(!std::filesystem::exists(room / "nowhere"));
  {
    auto from = opened(room / "from");
    fill(from, 1, 10);
  }
  const auto before = files_of(room / "from");
  auto from = opened(room / "from", true);
  BOOST_TEST(!from.lake->put(std::vector{lake_talk::entry("a")}));
  BOOST_TEST(!from.archive->import(std::vector{attribute("port", std::int64_t{77777})}));
  BOOST_TEST(!from.reports->put(std::vector{attribute("port", std::int64_t{77777})}));
  from = {};
  BOOST_TEST((files_of(room / "from") == before));
}

BOOST_AUTO_TEST_CASE(what_the_target_has_of_its_own_stays) {
  const seed_of_test seed;
  auto from = store::make_memory(), to = store::make_memory();
  fill(from, seed.value);
  must(to.archive->import(std::vector{attribute("only", "here")}));
  must(to.reports->put(std::vector{attribute("only", "here")}));
  lake_talk::put(*to.lake, {lake_talk::entry("mine")});
  add_user(to, user_named("mine@example.com", "x"), "x");
  const auto result = must(migrate(from, to));
  BOOST_TEST(result.complete());
  BOOST_TEST(!result.equal());
  BOOST_TEST(result.documents.differing == 0u);
  BOOST_TEST(must(to.archive->get(attribute("only", "here").hash)).has_value());
  BOOST_TEST(must(to.identity->user_by_email("mine@example.com")).has_value());
  BOOST_TEST(lake_talk::take(*to.lake).front() == "mine");
}

BOOST_AUTO_TEST_CASE(parts_that_both_sides_share_are_left_out) {
  const seed_of_test seed;
  auto from = store::make_memory(), to = store::make_memory();
  fill(from, seed.value);
  migration_options options;
  options.identity = options.lake = options.reports = false;
  const auto result = must(migrate(from, to, options));
  check_complete(result);
  BOOST_TEST(result.documents.copied > 0u);
  BOOST_TEST(must(to.lake->entries("", 10)).empty());
  BOOST_TEST(must(to.identity->users()).empty());
}

BOOST_AUTO_TEST_CASE(what_the_target_cannot_keep_is_told_and_the_rest_is_copied) {
  const seed_of_test seed;
  auto from = store::make_memory();
  fill(from, seed.value, 20);
  // The report store in memory has no limit for a document; the one on the disk has BSON's.
  auto huge = attribute("body", "x");
  huge.data = std::string(17u << 20, 'x');
  must(from.reports->put(std::vector{huge}));
  embedded_home to;
  const auto result = must(migrate(from, to.all));
  BOOST_TEST(!result.complete());
  BOOST_TEST(result.reports.refused == 1u);
  BOOST_TEST(result.reports.missing == 1u);
  BOOST_TEST(result.reports.copied == result.reports.total - 1);
  BOOST_TEST(result.documents.copied == result.documents.total);
  BOOST_REQUIRE(!result.faults.empty());
  BOOST_TEST(result.faults.front().item == crypto::to_hex(huge.hash));
}

BOOST_AUTO_TEST_CASE(batches_are_bounded_in_bytes) {
  auto from = store::make_memory(), to = store::make_memory();
  std::vector<store::new_entry> entries;
  for (int i = 0; i < 10; ++i) {
    entries.push_back(lake_talk::entry(std::to_string(i)));
    entries.back().sealed = std::string(1000, 'x');
  }
  lake_talk::put(*from.lake, entries);
  std::size_t adoptions = 0;
  auto counter = std::make_shared<faults>();
  counter->on_call = [&](std::string_view call) { adoptions += call == "lake.adopt" ? 1u : 0u; };
  migration_options options;
  options.batch_bytes = 2500;
  check_complete(must(migrate(from, failing(to, counter), options)));
  BOOST_TEST(adoptions == 5u);
  options.batch_bytes = 1;  // at least one at a time
  auto other = store::make_memory();
  adoptions = 0;
  check_complete(must(migrate(from, failing(other, counter), options)));
  BOOST_TEST(adoptions == 10u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
