// A disk that answers with input/output errors for a while: what is acknowledged stays, nothing else is
// marked, reading goes on, and once the disk works the home can be written again: by itself, or it says that
// it needs a new open, which works in the same process.
#include <rocksdb/db.h>

#include "tests/fixtures/flaky_home.hpp"

namespace cybexd::tests {
BOOST_AUTO_TEST_SUITE(io_error)

BOOST_AUTO_TEST_CASE(a_log_that_cannot_be_written) {
  flaky_home disk;
  for (int i = 0; i < 3; ++i) disk.outage(&disk_faults::append, ".log");
  BOOST_TEST(disk.opens == 4);
}

BOOST_AUTO_TEST_CASE(a_log_that_cannot_be_synced_and_loses_what_was_not) {
  flaky_home disk;
  for (int i = 0; i < 3; ++i) disk.outage(&disk_faults::sync, ".log");
  BOOST_TEST(disk.opens == 4);
}

BOOST_AUTO_TEST_CASE(files_that_cannot_be_made) {
  flaky_home disk;
  for (const auto* only : {".log", ".sst", ""}) disk.outage(&disk_faults::make, only);
  disk.outage_at_an_open(&disk_faults::make, "MANIFEST");
}

BOOST_AUTO_TEST_CASE(tables_that_cannot_be_written_or_synced) {
  flaky_home disk;
  disk.outage(&disk_faults::append, ".sst");
  disk.outage(&disk_faults::sync, ".sst");
}

BOOST_AUTO_TEST_CASE(a_list_of_files_that_cannot_be_written_synced_or_renamed) {
  flaky_home disk;
  disk.outage(&disk_faults::append, "MANIFEST");
  disk.outage(&disk_faults::sync, "MANIFEST");
  disk.outage_at_an_open(&disk_faults::rename, "CURRENT");
}

BOOST_AUTO_TEST_CASE(everything_at_once) {
  flaky_home disk;
  disk.outage(&disk_faults::append, "");
  disk.outage(&disk_faults::sync, "");
}

BOOST_AUTO_TEST_CASE(while_the_disk_fails_no_new_open_is_asked_for) {
  flaky_home disk;
  disk.put_some();
  disk.faults->append = true;
  for (int i = 0; i < 5; ++i) {
    BOOST_TEST(!disk.put());
    BOOST_TEST(!disk.home->needs_new_open());
  }
  disk.faults->heal();
  BOOST_TEST(!disk.put());
  BOOST_TEST(disk.home->needs_new_open());
  BOOST_TEST(disk.goes_on(), disk.trouble.text);
  BOOST_TEST(!disk.home->needs_new_open());
}

BOOST_AUTO_TEST_CASE(a_home_that_failed_can_be_closed_while_the_disk_still_fails) {
  flaky_home disk;
  disk.put_some();
  disk.faults->append = disk.faults->sync = disk.faults->make = true;
  BOOST_TEST(!disk.put());
  BOOST_TEST(!disk.open());  // closes the old one first
  BOOST_TEST((disk.trouble.kind == failure::unavailable), disk.trouble.text);
  disk.faults->heal();
  BOOST_TEST(disk.open(), disk.trouble.text);
  disk.check(disk.all, disk.refused);
  disk.put_some();
}

BOOST_AUTO_TEST_CASE(a_directory_that_is_gone_is_unavailable_until_it_is_back) {
  flaky_home disk;
  disk.put_some();
  const auto away = disk.room / "away";
  std::filesystem::rename(disk.options.directory, away);
  BOOST_TEST(!disk.put());
  BOOST_TEST((disk.trouble.kind == failure::unavailable));
  BOOST_TEST(disk.trouble.text.find("is gone") != std::string::npos, disk.trouble.text);
  std::filesystem::create_directory(disk.options.directory);
  BOOST_TEST(!disk.put());
  BOOST_TEST(disk.trouble.text.find("another directory") != std::string::npos, disk.trouble.text);
  std::filesystem::remove(disk.options.directory);
  std::filesystem::rename(away, disk.options.directory);
  disk.put_some();
  BOOST_TEST(disk.opens == 1);
  disk.check(disk.all, 0);
}

// Thousands go back at a stop, and each would wait for the disk. The next start finds them all the same.
BOOST_AUTO_TEST_CASE(a_query_that_is_taken_or_given_back_waits_for_no_disk) {
  flaky_home disk;
  auto& reports = *disk.all.reports;
  report_talk::put(reports, {report_talk::query("a", "wait", 1)});
  disk.faults->strike(&disk_faults::sync, ".log");
  BOOST_TEST(report_talk::update(reports, report_talk::taking("a", 1, {"this server", 60})));
  query_update back;
  back.query = report_talk::query("a", "wait", 1);
  back.only_if_claimed_by = "this server";
  BOOST_TEST(report_talk::update(reports, back));
  BOOST_TEST(disk.faults->met == 0);
  back.query = report_talk::query("a", "failed", 1);
  BOOST_TEST(!reports.update(back));
  BOOST_TEST(disk.faults->met > 0);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_unavailable_and_not_bad_data) {
  flaky_home disk;
  disk.put_some();
  BOOST_REQUIRE(disk.home->db().Flush(rocksdb::FlushOptions(), disk.home->handle(family::lake_files)).ok());
  disk.faults->read = true;
  const auto files = disk.all.lake->read_files(disk.acknowledged);
  BOOST_REQUIRE(!files);
  BOOST_TEST((files.error().kind == failure::unavailable));
  disk.faults->heal();
  disk.check(disk.all, 0);
}

// Symptom: after a kill on a full disk nothing started, for RocksDB makes files when it is opened.
BOOST_AUTO_TEST_CASE(a_home_on_a_full_disk_can_be_read_and_copied) {
  flaky_home disk;
  disk.put_some();
  disk.faults->full = true;
  disk.faults->strike(&disk_faults::append, "");
  BOOST_REQUIRE_MESSAGE(disk.open(), disk.trouble.text);
  BOOST_TEST(disk.faults->met > 0);
  BOOST_TEST(disk.all.opened_without_room);
  BOOST_TEST(disk.all.trouble().find("No space left on device") != std::string::npos, disk.all.trouble());
  disk.check(disk.all, 0);
  BOOST_TEST(!disk.put());
  BOOST_TEST((disk.trouble.kind == failure::unavailable), disk.trouble.text);
  BOOST_TEST((disk.all.lake->try_write().error().kind == failure::unavailable));
  auto copied = disk.options;
  copied.directory = disk.room / "copy";
  BOOST_REQUIRE(disk.all.backup(copied.directory));
  BOOST_TEST((disk.all.backup(copied.directory).error().kind == failure::conflict));
  disk.faults->heal();
  auto copy = open_embedded(copied);
  BOOST_REQUIRE_MESSAGE(copy, copy.error().text);
  disk.check(*copy, 0);
  BOOST_REQUIRE_MESSAGE(disk.open(), disk.trouble.text);
  BOOST_TEST(!disk.all.opened_without_room);
  BOOST_REQUIRE(disk.put());
  disk.check(disk.all, 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
