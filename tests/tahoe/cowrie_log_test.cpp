// The whole log of a real honeypot, through parser, filter and the archive's merge rules.
#include "tahoe/store/stores.hpp"
#include "tests/fixtures/may_log.hpp"

using namespace cybexd;
using fixtures::at;
using fixtures::golden;
using fixtures::text_at;

BOOST_AUTO_TEST_SUITE(cowrie_log)

BOOST_AUTO_TEST_CASE(the_log_of_may_2018_gives_the_golden_fingerprint) {
  const auto vectors = golden("cowrie-2018-05");
  const auto& expected = at(vectors, "cases");
  const auto orgid = crypto::to_hex(crypto::sha256("objectcybexp_orghoneynet"));
  BOOST_REQUIRE_EQUAL(text_at(expected, "orgid"), orgid);
  const auto archive = store::make_memory().archive;
  fixtures::archive_log(*archive, fixtures::may_log(), orgid, text_at(expected, "timezone"));
  const auto made = fixtures::fingerprint_of(*archive);
  for (const auto* key : {"instances", "sha256_of_sorted_hashes", "sha256_of_sorted_parts"})
    BOOST_CHECK_EQUAL(tahoe::to_json(at(made, key)), tahoe::to_json(at(expected, key)));
}

BOOST_AUTO_TEST_SUITE_END()
