// The log of a real honeypot on MongoDB: the same fingerprint as that of the embedded archive. Its beginning,
// or the whole of it, which takes minutes, where CYBEXD_TEST_WHOLE_LOG is set.
#include <cstdlib>

#include "tests/fixtures/archive_on_mongodb.hpp"
#include "tests/fixtures/may_log.hpp"

namespace cybexd::tests {

BOOST_AUTO_TEST_SUITE(may_log_on_mongodb, *with_mongodb())

BOOST_AUTO_TEST_CASE(the_log_gives_the_same_fingerprint_in_every_home) {
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
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
