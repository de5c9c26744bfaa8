// What one home takes over from another: entries with their marks, documents that are there already, tokens
// and lines of the audit log.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/archive_homes.hpp"
#include "tests/fixtures/lake_talk.hpp"

namespace cybexd::tests {
namespace {

using namespace lake_talk;

/// All that a lake keeps, for another.
std::vector<kept_entry> contents(cache_lake& lake) {
  std::vector<kept_entry> all;
  for (entry_id after;;) {
    auto some = must(lake.entries(after, 2));
    if (some.empty()) return all;
    after = some.back().entry.id;
    for (auto& report : some) {
      auto file = must(lake.read_files(std::vector{report.entry.id})).front();
      all.push_back({std::move(report), file ? std::optional(*file) : std::nullopt});
    }
  }
}

/// An entry as text, its id left out.
std::string text_of(const kept_entry& kept) {
  const auto& [e, m] = kept.report;
  std::string text = e.name + "|" + e.orgid + "|" + e.typetag + "|" + e.timezone + "|" +
                     std::to_string(e.timestamp) + (e.ndjson ? "|lines|" : "|one|") +
                     std::to_string(e.records) + "|" + std::to_string(e.bytes) + "|" +
                     std::string(to_string(m.state)) + "|" + m.reason + "|" + std::to_string(m.archived) +
                     "," + std::to_string(m.known) + "," + std::to_string(m.set_aside);
  for (const auto& ref : m.refs) text += "|" + crypto::to_hex(ref);
  for (const auto& line : m.bad_lines)
    text += "|" + std::to_string(line.number) + std::string(to_string(line.state)) + line.reason;
  return text + "|" + kept.sealed.value_or("no file");
}

std::vector<std::string> texts_of(cache_lake& lake) {
  std::vector<std::string> texts;
  for (const auto& kept : contents(lake)) texts.push_back(text_of(kept));
  return texts;
}

void same_books(cache_lake& a, cache_lake& b) {
  const auto left = books(a), right = books(b);
  BOOST_TEST(left.accepted == right.accepted);
  BOOST_TEST(left.archived == right.archived);
  BOOST_TEST(left.known == right.known);
  BOOST_TEST(left.set_aside == right.set_aside);
  BOOST_TEST(left.pending == right.pending);
  BOOST_TEST(left.waiting_entries == right.waiting_entries);
  BOOST_TEST(left.quarantined_entries == right.quarantined_entries);
  BOOST_TEST((left.oldest_eligible == right.oldest_eligible));
}

void adopt(cache_lake& lake, const std::vector<kept_entry>& entries) {
  auto done = lake.adopt(entries);
  BOOST_REQUIRE_MESSAGE(done, done.error().text);
}

/// Entries in every state there is. Names their ids.
std::vector<entry_id> in_every_state(cache_lake& lake) {
  const auto ids =
      put(lake, {entry("waits"), entry("archived"), entry("known"), entry("lines", 5), entry("unheard of"),
                 entry("wrong"), entry("broken"), entry("kills"), entry("waits too")});
  auto lines = done(ids[3], 2, 1);
  lines.bad_lines = {{2, entry_state::error, "no JSON"}, {4, entry_state::error, "too deep"}};
  lines.set_aside = 2;
  mark(lake, {done(ids[1]), done(ids[2], 0, 1), lines, aside(ids[4], entry_state::not_supported),
              aside(ids[5], entry_state::error), aside(ids[6], entry_state::bad_data),
              aside(ids[7], entry_state::quarantined)});
  return ids;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(adoption)

BOOST_AUTO_TEST_CASE_TEMPLATE(all_entries_are_listed_in_order_whatever_their_state, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  BOOST_TEST(must(lake.entries("", 10)).empty());
  const auto ids = in_every_state(lake);
  std::vector<entry_id> seen;
  for (const auto& kept : contents(lake)) {
    seen.push_back(kept.report.entry.id);
    const auto found = must(lake.find(seen.back()));
    BOOST_REQUIRE(found);
    BOOST_TEST(text_of(kept) == text_of({*found, kept.sealed}));
    BOOST_TEST(kept.report.mark.id == seen.back());
    BOOST_TEST(kept.sealed.has_value() == (kept.report.mark.state != entry_state::processed));
  }
  BOOST_TEST(seen == ids, boost::test_tools::per_element());
  BOOST_TEST(must(lake.entries(ids[7], 10)).size() == 1u);
  BOOST_TEST(must(lake.entries(ids[8], 10)).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_lake_takes_over_another_with_marks_books_and_files, Home, homes) {
  Home from, to;
  in_every_state(*from.all.lake);
  const auto all = contents(*from.all.lake);
  adopt(*to.all.lake, all);
  if constexpr (Home::durable) to.reopen();
  auto& lake = *to.all.lake;
  BOOST_TEST(texts_of(lake) == texts_of(*from.all.lake), boost::test_tools::per_element());
  same_books(lake, *from.all.lake);
  BOOST_TEST(must(lake.set_aside("", 10, true)).size() == 1u);
  BOOST_TEST(must(lake.set_aside("", 10, false)).size() == 4u);
  BOOST_TEST(take(lake) == (names{"waits", "waits too"}), boost::test_tools::per_element());
  // And they go on as if they had come here.
  const auto ids = must(lake.set_aside("", 10, false));
  BOOST_REQUIRE(lake.retry(std::vector{ids[3].entry.id}));
  BOOST_REQUIRE(lake.drop(std::vector{ids[0].entry.id}));
  BOOST_TEST(take(lake) == (names{"kills"}), boost::test_tools::per_element());
  mark(lake, {done(ids[3].entry.id)});
  check_books(lake, {13, 4, 2, 5, 2}, 2);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(taking_over_again_doubles_nothing, Home, homes) {
  Home from, to;
  in_every_state(*from.all.lake);
  const auto all = contents(*from.all.lake);
  std::vector<hash256> origins;
  for (const auto& kept : all) origins.push_back(origin_of(kept.report.entry));
  adopt(*to.all.lake, {all.begin(), all.begin() + 4});
  auto known = must(to.all.lake->adopted(origins));
  BOOST_TEST(known == (std::vector<bool>{true, true, true, true, false, false, false, false, false}),
             boost::test_tools::per_element());
  if constexpr (Home::durable) to.reopen();
  auto twice = all;
  twice.insert(twice.end(), all.begin(), all.end());
  adopt(*to.all.lake, twice);
  adopt(*to.all.lake, all);
  adopt(*to.all.lake, {});
  BOOST_TEST(texts_of(*to.all.lake) == texts_of(*from.all.lake), boost::test_tools::per_element());
  same_books(*to.all.lake, *from.all.lake);
  known = must(to.all.lake->adopted(origins));
  BOOST_TEST(std::count(known.begin(), known.end(), true) == 9);
  BOOST_TEST(must(from.all.lake->adopted(origins)) == std::vector<bool>(9, false),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_was_there_before_stays_and_comes_first, Home, homes) {
  Home from, to;
  put(*to.all.lake, {entry("mine")});
  put(*from.all.lake, {entry("a"), entry("b", 3)});
  take(*to.all.lake);
  adopt(*to.all.lake, contents(*from.all.lake));
  put(*to.all.lake, {entry("later")});
  BOOST_TEST(take(*to.all.lake) == (names{"a", "b", "later"}), boost::test_tools::per_element());
  check_books(*to.all.lake, {6, 0, 0, 0, 6}, 4);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_entry_without_its_file_is_bad_data_there_too, Home, homes) {
  Home from, to;
  put(*from.all.lake, {entry("a")});
  auto all = contents(*from.all.lake);
  all.front().sealed.reset();
  adopt(*to.all.lake, all);
  const auto some = must(to.all.lake->take({}));
  BOOST_REQUIRE_EQUAL(some.size(), 1u);
  const auto files = must(to.all.lake->read_files(std::vector{some.front().id}));
  BOOST_TEST((!files.front() && files.front().error().kind == failure::not_found));
}

BOOST_AUTO_TEST_CASE(an_archive_takes_over_what_another_one_knows_more) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  BOOST_TEST_CONTEXT("seed " << seed) {
    in_every_home([&](store::archive_store& behind) {
      archive_world world(seed);
      auto ahead = store::make_memory_archive();
      std::vector<record_write> first, all;
      for (int i = 0; i < 120; ++i) all.push_back(world.record());
      first.assign(all.begin(), all.begin() + 60);
      must(behind.write(first));
      must(ahead->write(all));
      const auto wanted = all_of(*ahead);
      for (int round = 0; round < 2; ++round) {  // the second changes nothing
        std::size_t stored = 0;
        for (std::size_t at = 0; at < wanted.size(); at += 50) {
          const auto batch = std::span(wanted).subspan(at, std::min<std::size_t>(50, wanted.size() - at));
          for (const auto& r : must(behind.adopt(batch))) {
            BOOST_TEST(!r.refused);
            stored += r.stored ? 1u : 0u;
          }
        }
        BOOST_TEST((stored == 0) == (round == 1));
        const auto got = all_of(behind);
        BOOST_REQUIRE_EQUAL(got.size(), wanted.size());
        for (std::size_t i = 0; i < got.size(); ++i) BOOST_TEST(text_of(got[i]) == text_of(wanted[i]));
        must(behind.check_index([](const std::string& fault) { BOOST_ERROR(fault); }));
        BOOST_TEST(must(behind.unfiltered_count()) == must(ahead->unfiltered_count()));
        BOOST_TEST(must(behind.size()) >= wanted.size());
      }
    });
  }
}

BOOST_AUTO_TEST_CASE(an_archive_that_is_ahead_loses_nothing) {
  in_every_home([](store::archive_store& ahead) {
    auto plan = simple_plan();
    auto behind = store::make_memory_archive();
    must(behind->write(std::vector{record_with("r", plan)}));
    plan.category = tahoe::category::malicious;
    plan.malicious = {plan.attributes[0].hash};
    write(ahead, {record_with("r", plan)});
    must(ahead.write(std::vector<record_write>{{raw_of("r", "org2"), std::nullopt}}));
    const auto before = all_of(ahead);
    must(ahead.adopt(all_of(*behind)));
    const auto after = all_of(ahead);
    BOOST_REQUIRE_EQUAL(before.size(), after.size());
    for (std::size_t i = 0; i < before.size(); ++i) BOOST_TEST(text_of(after[i]) == text_of(before[i]));
  });
}

BOOST_AUTO_TEST_CASE(an_archive_refuses_what_an_import_would) {
  in_every_home([](store::archive_store& archive) {
    const auto report = must(tahoe::make_report("count", std::int64_t{1}, "user", 1, 1, 1));
    auto results = must(archive.adopt(std::vector{report, attribute("port", std::int64_t{1})}));
    BOOST_TEST((results[0].refused && !results[0].stored));
    BOOST_TEST((!results[1].refused && results[1].stored));
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(identities_are_taken_over_as_they_are, Home, homes) {
  Home home;
  const auto user = [](const std::string& email, const std::string& password, const std::string& kind) {
    document d;
    d.kind = tahoe::itype::object;
    d.sub_type = kind;
    d.hash = crypto::sha256({"object", kind, email});
    d.data = tahoe::object{{"email_addr", tahoe::array{email}}, {"password", tahoe::array{password}}};
    d.cref = d.ref = {attribute("password", password).hash};
    return d;
  };
  const auto plain = user("a@example.com", "old", "cybexp_user");
  const auto fresh = user("a@example.com", "new", "cybexp_user");
  const auto super = user("a@example.com", "new", "cybexp_superuser");
  const auto u = plain.hash;
  identity_adoption what;
  what.documents = {plain, attribute("password", "old")};
  what.tokens = {{"t1", u, 1, 2.5, false}, {"t2", u, 1, std::nullopt, true}};
  what.lines = {{0, {1, "who", "what", "whom"}}, {1, {1, "who", "what", "whom"}}};
  for (int i = 0; i < 3; ++i) {  // again and again
    auto done = home.all.identity->adopt(what);
    BOOST_REQUIRE_MESSAGE(done, done.error().text);
    if constexpr (Home::durable) home.reopen();
  }
  auto& identity = *home.all.identity;
  BOOST_TEST((must(identity.user_by_email("a@example.com"))->data == plain.data));
  BOOST_TEST(must(identity.audit(10)).size() == 2u);  // two lines that are alike are two lines

  what = {};
  what.documents = {fresh};
  what.erase = {attribute("password", "old").hash};
  what.tokens = {{"t1", u, 9, 9.0, true}, {"t2", u, 9, 9.0, false}};
  what.lines = {{1, {1, "who", "what", "whom"}}, {2, {3, "who", "later", "whom"}}};
  must(identity.adopt(what));
  BOOST_TEST((must(identity.user_by_email("a@example.com"))->data == fresh.data));
  BOOST_TEST(!must(identity.get(attribute("password", "old").hash)));
  const auto one = must(identity.token("t1")), two = must(identity.token("t2"));
  BOOST_TEST((one && one->revoked && one->issued == 1 && one->expires == 2.5));
  BOOST_TEST((two && two->revoked && !two->expires));

  what = {};
  what.documents = {super};
  what.erase = {plain.hash};
  must(identity.adopt(what));
  BOOST_TEST((must(identity.user_by_email("a@example.com"))->hash == super.hash));
  BOOST_TEST(must(identity.users()).size() == 1u);

  names jtis, lines;
  must(identity.each_token([&](const token_record& t) {
    jtis.push_back(t.jti);
    return true;
  }));
  must(identity.each_line([&](const audit_line& line) {
    lines.push_back(line.what);
    return true;
  }));
  std::sort(jtis.begin(), jtis.end());
  BOOST_TEST(jtis == (names{"t1", "t2"}), boost::test_tools::per_element());
  BOOST_TEST(lines == (names{"what", "what", "later"}), boost::test_tools::per_element());
  std::size_t visits = 0;
  must(identity.each_line([&](const audit_line&) { return ++visits < 2; }));
  must(identity.each_token([&](const token_record&) { return ++visits < 3; }));
  BOOST_TEST(visits == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
