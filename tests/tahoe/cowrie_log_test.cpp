// The whole log of a real honeypot, through parser, filter and the archive's merge rules.
#include <boost/test/unit_test.hpp>
#include <cstdio>

#include "tahoe/filters/filter.hpp"
#include "tahoe/fingerprint.hpp"
#include "tahoe/parse.hpp"
#include "tahoe/store/stores.hpp"
#include "tests/fixtures/golden.hpp"

using namespace cybexd;
using fixtures::at;
using fixtures::golden;
using fixtures::text_at;

namespace {

std::vector<std::string> lines_of_the_log() {
  std::vector<std::string> lines;
  auto* pipe = popen("gzip -dc '" CYBEXD_SHARED_DIR "/data/cowrie-2018-05.jsonl.gz'", "r");
  BOOST_REQUIRE(pipe != nullptr);
  char* line = nullptr;
  std::size_t room = 0;
  for (ssize_t size = 0; (size = getline(&line, &room, pipe)) > 0;)
    lines.emplace_back(line, static_cast<std::size_t>(line[size - 1] == '\n' ? size - 1 : size));
  free(line);
  BOOST_REQUIRE_EQUAL(pclose(pipe), 0);
  return lines;
}

store::record_write archived(const std::string& line, const std::string& orgid, const std::string& timezone) {
  auto raw = tahoe::parse_record(line, "cowrie", orgid, timezone);
  BOOST_REQUIRE_MESSAGE(raw, line);
  const auto& filter = *tahoe::filters::for_sub_type("cowrie");
  auto product = filter.run(raw->data, {.orgid = orgid, .timezone = timezone});
  return {std::move(*raw), store::filter_result{std::string(filter.id), std::move(product)}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cowrie_log)

BOOST_AUTO_TEST_CASE(the_log_of_may_2018_gives_the_golden_fingerprint) {
  const auto vectors = golden("cowrie-2018-05");
  const auto& expected = at(vectors, "cases");
  const auto orgid = crypto::to_hex(crypto::sha256("objectcybexp_orghoneynet"));
  BOOST_REQUIRE_EQUAL(text_at(expected, "orgid"), orgid);
  const auto archive = store::make_memory().archive;
  std::vector<store::record_write> batch;
  for (const auto& line : lines_of_the_log()) {
    batch.push_back(archived(line, orgid, text_at(expected, "timezone")));
    if (batch.size() < 1000) continue;
    BOOST_REQUIRE(archive->write(batch));
    batch.clear();
  }
  BOOST_REQUIRE(archive->write(batch));

  tahoe::fingerprint_maker maker;
  BOOST_REQUIRE(archive->each([&](const tahoe::document& d) {
    BOOST_REQUIRE(maker.add(d));
    return true;
  }));
  const auto made = maker.finish().value().to_value();
  for (const auto* key : {"instances", "sha256_of_sorted_hashes", "sha256_of_sorted_parts"})
    BOOST_CHECK_EQUAL(tahoe::to_json(at(made, key)), tahoe::to_json(at(expected, key)));
}

BOOST_AUTO_TEST_SUITE_END()
