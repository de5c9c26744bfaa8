// The parsers alone.
#include "actors/parser.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/archive_work.hpp"
#include "tests/fixtures/actor_system.hpp"

using namespace cybexd;
using store::entry_state;

namespace {

struct parsers : tests::actor_system_fixture {
  actors::telemetry metrics{"test"};
  messages::parser_actor pool = keep(actors::spawn_parsers(
      system, {.workers = 1}, [](const messages::parse_records& job) { return actors::parse_texts(job); },
      metrics));
  std::vector<messages::record_text> texts;

  parsers() { actors::set_log_sink({}); }

  messages::record_text& add(const std::string& text, const std::string& sub_type) {
    messages::record_text one;
    one.text = std::make_shared<const std::string>(text);
    one.size = text.size();
    one.typetag = "a_tag";
    one.sub_type = sub_type;
    one.orgid = std::string(64, 'a');
    one.timezone = "UTC";
    texts.push_back(std::move(one));
    return texts.back();
  }
  messages::parsed_batch parsed() {
    const auto answer = ask<messages::records_parsed>(
        pool, messages::parse_records{
                  std::make_shared<const std::vector<messages::record_text>>(std::exchange(texts, {}))});
    run();
    BOOST_REQUIRE(answer->has_value());
    return *(*answer)->batch;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(parser, parsers)

BOOST_AUTO_TEST_CASE(records_become_raw_documents_that_know_where_they_come_from) {
  add(R"({"a": 1})", "one");
  add(R"(["b"])", "two");
  const auto batch = parsed();
  BOOST_TEST(batch.refused.empty());
  BOOST_REQUIRE_EQUAL(batch.documents.size(), 2u);
  BOOST_REQUIRE_EQUAL(batch.origins.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    BOOST_TEST((batch.documents[i].kind == tahoe::itype::raw));
    BOOST_TEST(batch.documents[i].sub_type == (i == 0 ? "one" : "two"));
    BOOST_TEST(batch.origins[i].text == i);
  }
}

BOOST_AUTO_TEST_CASE(a_slice_of_lines_is_read_line_by_line_with_its_numbers) {
  const std::string before = "not ours\n", lines = "{\"a\": 1}\n\n{\"a\": NaN}\n{\"a\": 2}\n";
  auto& slice = add(before + lines, "one");
  slice.offset = before.size();
  slice.size = lines.size();
  slice.lines = true;
  slice.first_line = 7;
  const auto batch = parsed();
  BOOST_REQUIRE_EQUAL(batch.origins.size(), 2u);
  BOOST_TEST(batch.origins[0].line == 7u);
  BOOST_TEST(batch.origins[1].line == 10u);
  BOOST_REQUIRE_EQUAL(batch.refused.size(), 1u);
  BOOST_TEST(batch.refused[0].origin.line == 9u);
  BOOST_TEST((batch.refused[0].state == entry_state::error));
  BOOST_TEST(batch.refused[0].reason != "");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_refused_and_costs_the_others_nothing) {
  add("{}", "");  // nobody knows its typetag
  add(std::string(500, '[') + std::string(500, ']'), "one");
  add(R"({"a": 1})", "one");
  const auto batch = parsed();
  BOOST_REQUIRE_EQUAL(batch.origins.size(), 1u);
  BOOST_TEST(batch.origins[0].text == 2u);
  BOOST_REQUIRE_EQUAL(batch.refused.size(), 2u);
  BOOST_TEST((batch.refused[0].state == entry_state::not_supported));
  BOOST_TEST(batch.refused[0].reason.find("a_tag") != std::string::npos);
  BOOST_TEST((batch.refused[1].state == entry_state::error));
  BOOST_TEST(batch.refused[1].origin.text == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
