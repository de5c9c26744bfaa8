// A disk that answers with input/output errors for a while: what is acknowledged stays, nothing else is
// marked, reading goes on, and once the disk works the home can be written again: by itself, or it says that
// it needs a new open, which works in the same process.
#include <rocksdb/db.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tahoe/store/rocksdb_disk.hpp"
#include "tahoe/store/rocksdb_stores.hpp"
#include "tests/fixtures/eventually.hpp"
#include "tests/fixtures/flaky_disk.hpp"
#include "tests/fixtures/report_talk.hpp"
#include "tests/fixtures/temp_dir.hpp"

namespace cybexd::tests {
namespace {

using namespace store;

struct flaky_home {
  temp_dir room;
  embedded_options options;
  std::shared_ptr<disk_faults> faults = std::make_shared<disk_faults>();
  std::unique_ptr<rocksdb::Env> disk = disk_that_may_fill(make_flaky_disk(faults));
  std::shared_ptr<rocksdb_home> home;
  stores all;
  std::vector<entry_id> acknowledged;
  std::uint64_t refused = 0, unheard = 0;  // puts without an answer; how many of them are there all the same
  error trouble;
  int kills = 0, opens = 0;

  flaky_home() {
    options.directory = room / "store";
    options.cache_bytes = 32u << 20;
    BOOST_REQUIRE_MESSAGE(open(), trouble.text);
  }

  bool failed(const error& how) {
    trouble = how;
    return false;
  }

  bool open() {
    all = {};
    home.reset();
    auto opened = rocksdb_home::open(options, disk.get());
    if (!opened) return failed(opened.error());
    home = *opened;
    auto made = stores_of(home, options);
    if (!made) return failed(made.error());
    all = std::move(*made);
    ++opens;
    return true;
  }

  bool put() {
    new_entry e;
    e.typetag = "t";
    e.sealed = std::string(64u << 10, static_cast<char>('a' + acknowledged.size() % 26));
    auto ids = all.lake->put(std::span(&e, 1));
    if (!ids) {
      ++refused;
      return failed(ids.error());
    }
    acknowledged.push_back(ids->front());
    return true;
  }
  void put_some() {
    for (int i = 0; i < 10; ++i) BOOST_REQUIRE_MESSAGE(put(), trouble.text);
  }
  /// Memtables to tables, which makes files of every kind. Nobody waits for it.
  void flush() {
    rocksdb::FlushOptions later;
    later.wait = false;
    later.allow_write_stall = true;
    (void)home->db().Flush(later, home->handle(family::lake_files));
  }

  /// Everything acknowledged is there, as it was put; of what got no answer nothing is there twice.
  void check(stores& of, std::uint64_t beside) {
    const auto books = of.lake->books();
    BOOST_REQUIRE_MESSAGE(books, books.error().text);
    BOOST_TEST(books->accepted >= acknowledged.size());
    BOOST_TEST(books->accepted <= acknowledged.size() + beside);
    BOOST_TEST(books->pending == books->accepted);
    const auto files = of.lake->read_files(acknowledged);
    BOOST_REQUIRE_MESSAGE(files, files.error().text);
    for (std::size_t i = 0; i < files->size(); ++i) {
      BOOST_REQUIRE_MESSAGE((*files)[i], acknowledged[i] << " is lost");
      BOOST_REQUIRE(((*files)[i]->front() == static_cast<char>('a' + i % 26)));
    }
  }

  /// The home as a kill at this instant would leave it.
  void check_after_a_kill(std::uint64_t beside) {
    const auto copy = room / ("killed" + std::to_string(++kills));
    {
      const std::unique_lock lock(faults->changing);
      std::filesystem::copy(options.directory, copy, std::filesystem::copy_options::recursive);
    }
    auto how = options;
    how.directory = copy;
    auto opened = open_embedded(how);
    BOOST_REQUIRE_MESSAGE(opened, opened.error().text);
    check(*opened, beside);
  }

  /// What the server does in an outage: tries to write now and then, and opens anew what needs it.
  bool goes_on() {
    if (home->needs_new_open() && !open()) return false;
    return put();
  }

  /// The fault strikes, writing becomes unavailable, the fault goes, writing works again.
  void outage(std::atomic<bool> disk_faults::*fault, const std::string& only) {
    put_some();
    trouble = {};
    faults->strike(fault, only);
    // What a flush makes may meet the fault in the background, whenever that runs.
    BOOST_TEST(eventually([this] {
                 flush();
                 return !put() || faults->met > 0;
               }),
               only << ": the fault was never met");
    BOOST_TEST(faults->met > 0);
    BOOST_TEST((trouble.text.empty() || trouble.kind == failure::unavailable), trouble.text);
    check(all, unheard);
    check_after_a_kill(refused);
    faults->heal();
    BOOST_TEST(eventually([this] { return goes_on(); }), only << ": " << trouble.text);
    unheard = all.lake->books()->accepted - acknowledged.size();
    BOOST_TEST(unheard <= refused);
    put_some();
    flush();
    put_some();
    check(all, unheard);
    check_after_a_kill(unheard);
    told(only);
  }

  /// The same for files that only an open makes or renames.
  void outage_at_an_open(std::atomic<bool> disk_faults::*fault, const std::string& only) {
    put_some();
    faults->strike(fault, only);
    BOOST_TEST(!open());
    BOOST_TEST(faults->met > 0);
    BOOST_TEST((trouble.kind == failure::unavailable), trouble.text);
    check_after_a_kill(refused);
    faults->heal();
    BOOST_REQUIRE_MESSAGE(open(), trouble.text);
    check(all, refused);
    put_some();
    flush();
    put_some();
    check(all, refused);
    check_after_a_kill(refused);
    told(only);
  }

  void told(const std::string& only) const {
    BOOST_TEST_MESSAGE(only << ": " << trouble.text << "; opened " << opens << " times");
  }
};

}  // namespace

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
