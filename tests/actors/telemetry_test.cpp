#include "actors/telemetry.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <fstream>

using namespace cybexd::actors;

BOOST_AUTO_TEST_SUITE(telemetry)

BOOST_AUTO_TEST_CASE(metrics_carry_their_names_labels_and_values) {
  cybexd::actors::telemetry metrics("1.2.3");
  metrics.add(counter::archive_entries, {"archived"}, 5);
  metrics.set(gauge::backoff_failures, {"cache_poller"}, 3);
  metrics.observe(histogram::store_commit, {"archive"}, 0.02);
  metrics.add(counter::filter_records, {"cowrie", "used"});
  const auto decryptor = metrics.actor("decryptor");
  decryptor.message("open_files").record(0.001, true);
  decryptor.restarted();
  const auto text = metrics.render();
  for (const auto* line :
       {"cybexd_build_info{version=\"1.2.3\"} 1", "cybexd_archive_entries_total{outcome=\"archived\"} 5",
        "cybexd_archive_entries_total{outcome=\"bad_data\"} 0",
        "cybexd_backoff_failures{of=\"cache_poller\"} 3",
        "cybexd_store_commit_seconds_count{store=\"archive\"} 1",
        "cybexd_filter_records_total{filter=\"cowrie\",outcome=\"used\"} 1",
        "cybexd_actor_messages_total{actor=\"decryptor\",message=\"open_files\"} 1",
        "cybexd_actor_failures_total{actor=\"decryptor\"} 1",
        "cybexd_actor_restarts_total{actor=\"decryptor\"} 1",
        "cybexd_actor_handling_seconds_count{actor=\"decryptor\"} 1",
        "# TYPE process_cpu_seconds_total counter", "# TYPE process_resident_memory_bytes gauge"})
    BOOST_TEST(text.find(line) != std::string::npos, line << " is missing");
  BOOST_TEST(metrics.value(counter::archive_entries, {"archived"}) == 5);
  BOOST_TEST(metrics.value(counter::archive_entries, {"known"}) == 0);
}

BOOST_AUTO_TEST_CASE(gauges_of_one_look_are_set_at_every_scrape_until_the_source_is_forgotten) {
  cybexd::actors::telemetry metrics("1");
  int looks = 0;
  metrics.on_scrape(
      [&looks](cybexd::actors::telemetry& m) { m.set(gauge::lake_entries, {"pending"}, ++looks); });
  metrics.set_statistics([] {
    return cybexd::actors::telemetry::statistics{{"rocksdb_reads_total", 7}, {"rocksdb_files", 2}};
  });
  BOOST_TEST(metrics.render().find("cybexd_lake_entries{state=\"pending\"} 1") != std::string::npos);
  const auto second = metrics.render();
  BOOST_TEST(second.find("cybexd_lake_entries{state=\"pending\"} 2") != std::string::npos);
  BOOST_TEST(second.find("# TYPE rocksdb_reads_total counter\nrocksdb_reads_total 7") != std::string::npos);
  BOOST_TEST(second.find("# TYPE rocksdb_files gauge\nrocksdb_files 2") != std::string::npos);
  metrics.forget_sources();
  BOOST_TEST(metrics.render().find("rocksdb_reads_total") == std::string::npos);
  BOOST_TEST(looks == 2);
}

BOOST_AUTO_TEST_SUITE_END()
