// A disk that answers with input/output errors for a while: what is acknowledged stays, nothing else is
// written, and the home works again by itself.
#include <rocksdb/db.h>

#include <boost/test/unit_test.hpp>

#include "tahoe/store/rocksdb_disk.hpp"
#include "tahoe/store/rocksdb_stores.hpp"
#include "tests/fixtures/eventually.hpp"
#include "tests/fixtures/flaky_disk.hpp"
#include "tests/fixtures/temp_dir.hpp"

namespace cybexd::tests {
namespace {

using namespace store;

struct flaky_home {
  temp_dir room;
  embedded_options options;
  std::shared_ptr<disk_faults> faults = std::make_shared<disk_faults>();
  std::unique_ptr<rocksdb::Env> disk = disk_that_may_fail(std::make_shared<flaky_disk>(faults));
  std::shared_ptr<rocksdb_home> home;
  stores all;
  std::vector<entry_id> acknowledged;

  flaky_home() {
    options.directory = room / "store";
    options.cache_bytes = 32u << 20;
    auto opened = rocksdb_home::open(options, disk.get());
    BOOST_REQUIRE_MESSAGE(opened, opened.error().text);
    home = *opened;
    auto made = stores_of(home, options);
    BOOST_REQUIRE_MESSAGE(made, made.error().text);
    all = std::move(*made);
  }

  bool put() {
    new_entry e;
    e.typetag = "t";
    e.sealed = std::string(64u << 10, static_cast<char>('a' + acknowledged.size() % 26));
    auto ids = all.lake->put(std::span(&e, 1));
    if (ids) acknowledged.push_back(ids->front());
    if (!ids) trouble = ids.error();
    return ids.has_value();
  }
  void put_some() {
    for (int i = 0; i < 10; ++i) BOOST_REQUIRE_MESSAGE(put(), trouble.text);
  }
  /// Memtables to tables, which makes files of every kind; the answer is the fault's.
  void flush() {
    rocksdb::FlushOptions later;
    later.wait = false;
    later.allow_write_stall = true;
    (void)home->db().Flush(later, home->handle(family::lake_files));
  }

  void check_books(stores& of, bool exactly) {
    const auto books = of.lake->books();
    BOOST_REQUIRE_MESSAGE(books, books.error().text);
    // After a kill a write that was refused may be there all the same: its sender repeats it.
    BOOST_TEST((exactly ? books->accepted == acknowledged.size() : books->accepted >= acknowledged.size()));
    BOOST_TEST(books->pending == books->accepted);
    const auto files = of.lake->read_files(acknowledged);
    BOOST_REQUIRE_MESSAGE(files, files.error().text);
    for (std::size_t i = 0; i < files->size(); ++i) {
      BOOST_REQUIRE_MESSAGE((*files)[i], acknowledged[i] << " is lost");
      BOOST_REQUIRE(((*files)[i]->front() == static_cast<char>('a' + i % 26)));
    }
  }

  /// The home as a kill at this instant would leave it.
  stores after_a_kill() {
    const auto copy = room / ("killed" + std::to_string(++kills));
    {
      const std::unique_lock lock(faults->changing);
      std::filesystem::copy(options.directory, copy, std::filesystem::copy_options::recursive);
    }
    auto how = options;
    how.directory = copy;
    auto opened = open_embedded(how);
    BOOST_REQUIRE_MESSAGE(opened, opened.error().text);
    return std::move(*opened);
  }

  /// The fault strikes, writing becomes unavailable, the fault goes, writing works again.
  void outage(std::atomic<bool> disk_faults::*fault, const std::string& only) {
    put_some();
    faults->only = only;
    (*faults).*fault = true;
    for (int i = 0; i < 20; ++i) {
      flush();
      if (!put()) break;
    }
    BOOST_TEST((trouble.text.empty() || trouble.kind == failure::unavailable), trouble.text);
    check_books(all, true);  // reading works meanwhile
    auto killed = after_a_kill();
    check_books(killed, false);
    faults->heal();
    BOOST_TEST(eventually([this] { return put(); }), only << ": " << trouble.text);
    put_some();
    flush();
    put_some();
    check_books(all, true);
    killed = after_a_kill();
    check_books(killed, true);
    trouble = {};
  }

  error trouble;
  int kills = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(io_error)

BOOST_AUTO_TEST_CASE(a_log_that_cannot_be_written) {
  flaky_home disk;
  for (int i = 0; i < 3; ++i) disk.outage(&disk_faults::append, ".log");
}

BOOST_AUTO_TEST_CASE(a_log_that_cannot_be_synced_and_loses_what_was_not) {
  flaky_home disk;
  for (int i = 0; i < 3; ++i) disk.outage(&disk_faults::sync, ".log");
}

BOOST_AUTO_TEST_CASE(files_that_cannot_be_made) {
  flaky_home disk;
  for (const auto* only : {".log", ".sst", "MANIFEST", ""}) disk.outage(&disk_faults::make, only);
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
  disk.outage(&disk_faults::rename, "CURRENT");
}

BOOST_AUTO_TEST_CASE(everything_at_once) {
  flaky_home disk;
  disk.outage(&disk_faults::append, "");
  disk.outage(&disk_faults::sync, "");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_unavailable_and_not_bad_data) {
  flaky_home disk;
  disk.put_some();
  disk.flush();
  disk.faults->only = ".sst";
  disk.faults->read = true;
  const auto files = disk.all.lake->read_files(disk.acknowledged);
  BOOST_REQUIRE(!files);
  BOOST_TEST((files.error().kind == failure::unavailable));
  disk.faults->heal();
  disk.check_books(disk.all, true);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
