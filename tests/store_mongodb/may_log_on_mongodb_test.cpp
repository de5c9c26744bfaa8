// The log of a real honeypot on MongoDB: the same fingerprint and the same reports as those of the embedded
// archive. Its beginning, or the whole of it, which takes minutes, where CYBEXD_TEST_WHOLE_LOG is set.
#include <cstdlib>
#include <set>

#include "report/answer.hpp"
#include "tests/fixtures/archive_on_mongodb.hpp"
#include "tests/fixtures/may_log.hpp"

namespace cybexd::tests {

namespace {

constexpr double now = 1'600'000'000;

using question = std::pair<std::string, tahoe::object>;

/// Counts and pages of some attributes, from rare ones to hubs, and ranks of some events.
std::vector<question> questions_about(store::archive_store& archive) {
  static const std::set<std::string> asked{"ipv4", "url", "filename", "sha256", "hostname"};
  std::vector<tahoe::document> attributes;
  std::vector<question> all;
  std::size_t events = 0;
  must(archive.each([&](const document& d) {
    if (d.kind == tahoe::itype::attribute && asked.contains(d.sub_type)) attributes.push_back(d);
    if (d.kind == tahoe::itype::event && ++events % 400 == 1 && events < 1000)
      all.emplace_back("threatrank", tahoe::object{{"_hash", crypto::to_hex(d.hash)}});
    return true;
  }));
  const auto step = std::max<std::size_t>(1, attributes.size() / 6);
  for (std::size_t i = 0; i < attributes.size(); i += step) {
    const tahoe::object about{{"sub_type", attributes[i].sub_type}, {"data", attributes[i].data}};
    const auto with = [&](const tahoe::object& more) {
      auto query = about;
      query.insert(query.end(), more.begin(), more.end());
      return query;
    };
    all.emplace_back("count", about);
    all.emplace_back("count", with({{"to", "2018-05-07 12:00"}, {"context", "unknown"}}));
    for (const int level : {1, 2, 3}) {
      all.emplace_back("related", with({{"level", level}}));
      all.emplace_back("related", with({{"level", level}, {"page", 2}, {"summary", false}}));
      all.emplace_back("related", with({{"level", level}, {"summary_graph", true}}));
    }
  }
  return all;
}

void same_reports(store::archive_store& one, store::archive_store& other, const std::string& orgid) {
  const report::asker who{"u", true, {false, {orgid}}};
  const auto questions = questions_about(one);
  BOOST_TEST(questions.size() > 50u);
  std::set<std::string> answers;
  for (const auto& [type, query] : questions) {
    auto ours = must(one.view()), theirs = must(other.view());
    const auto left = must(report::answer(type, query, who, *ours, now));
    const auto right = must(report::answer(type, query, who, *theirs, now));
    BOOST_TEST((left.ready && right.ready));
    const auto text = text_of(left.report);
    BOOST_TEST(text == text_of(right.report), type << " " << tahoe::to_json(query));
    answers.insert(text);
  }
  BOOST_TEST(answers.size() > questions.size() / 4);  // they are not all empty
}

}  // namespace

BOOST_AUTO_TEST_SUITE(may_log_on_mongodb, *with_mongodb())

BOOST_AUTO_TEST_CASE(the_log_gives_the_same_fingerprint_and_reports_in_every_home) {
  const bool whole = std::getenv("CYBEXD_TEST_WHOLE_LOG") != nullptr;
  const auto lines = fixtures::may_log(whole ? SIZE_MAX : 1'500);
  const auto vectors = fixtures::golden("cowrie-2018-05");
  const auto& golden = fixtures::at(vectors, "cases");
  const auto orgid = fixtures::text_at(golden, "orgid"), timezone = fixtures::text_at(golden, "timezone");
  const archive_on_mongodb on;
  fixtures::archive_log(*on.archive, lines, orgid, timezone);
  const auto made = fixtures::fingerprint_of(*on.archive);
  if (whole) {
    for (const auto* key : {"instances", "sha256_of_sorted_hashes", "sha256_of_sorted_parts"})
      BOOST_TEST(tahoe::to_json(fixtures::at(made, key)) == tahoe::to_json(fixtures::at(golden, key)));
  }
  const temp_dir room;
  const auto embedded = must(store::open_embedded({.directory = (room.path() / "store").string()}));
  fixtures::archive_log(*embedded.archive, lines, orgid, timezone);
  BOOST_TEST(tahoe::to_json(made) == tahoe::to_json(fixtures::fingerprint_of(*embedded.archive)));
  BOOST_TEST(faults_in(*on.archive).empty());
  same_reports(*on.archive, *embedded.archive, orgid);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
