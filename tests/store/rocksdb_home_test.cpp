// The embedded database itself: who may open it, what is refused, and what it says of itself.
#include "tahoe/store/rocksdb_home.hpp"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iostream>

#include "tests/fixtures/child_case.hpp"
#include "tests/fixtures/temp_dir.hpp"

namespace cybexd::tests {
using namespace store;

namespace {

embedded_options options_for(const std::string& directory) {
  embedded_options options;
  options.directory = directory;
  options.cache_bytes = 32u << 20;
  return options;
}

bool put(store::rocksdb_home& home, family f, const std::string& key, const std::string& value) {
  rocksdb::WriteBatch batch;
  return batch.Put(home.handle(f), key, value).ok() &&
         home.write(batch, durability::synced, "test").has_value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rocksdb_home)

BOOST_AUTO_TEST_CASE(makes_a_directory_that_only_its_owner_may_enter) {
  const temp_dir room;
  const auto directory = room / "a/store";
  auto home = store::rocksdb_home::open(options_for(directory));
  BOOST_REQUIRE_MESSAGE(home, home.error().text);
  struct stat about {};
  BOOST_REQUIRE_EQUAL(::stat(directory.c_str(), &about), 0);
  BOOST_TEST((about.st_mode & 0777) == 0700u);
}

BOOST_AUTO_TEST_CASE(keeps_what_was_written_over_a_reopen) {
  const temp_dir room;
  for (std::size_t i = 0; i < family_count; ++i) {
    auto home = store::rocksdb_home::open(options_for(room / "store"));
    BOOST_REQUIRE_MESSAGE(home, home.error().text);
    BOOST_TEST(put(**home, static_cast<family>(i), "key 12345678", std::to_string(i)));
  }
  auto home = store::rocksdb_home::open(options_for(room / "store"));
  BOOST_REQUIRE(home);
  for (std::size_t i = 0; i < family_count; ++i) {
    auto found = (*home)->get(static_cast<family>(i), "key 12345678", "test");
    BOOST_REQUIRE(found && *found);
    BOOST_TEST(**found == std::to_string(i));
  }
  auto absent = (*home)->get(family::archive_docs, "no such key", "test");
  BOOST_TEST((absent && !absent->has_value()));
}

BOOST_AUTO_TEST_CASE(a_second_open_in_this_process_is_unavailable_and_says_so) {
  const temp_dir room;
  auto home = store::rocksdb_home::open(options_for(room / "store"));
  BOOST_REQUIRE(home);
  auto second = store::rocksdb_home::open(options_for(room / "store"));
  BOOST_REQUIRE(!second);
  BOOST_TEST((second.error().kind == failure::unavailable));
  BOOST_TEST(second.error().text.find("this process") != std::string::npos, second.error().text);
  BOOST_TEST(second.error().text.find(room / "store") != std::string::npos);
  BOOST_TEST(put(**home, family::meta, "still", "mine"));
}

BOOST_AUTO_TEST_CASE(holder, *boost::unit_test::disabled()) {
  if (!child_case::inside()) return;
  auto home = store::rocksdb_home::open(options_for(child_case::argument()));
  std::cout << (home ? "opened\n" : home.error().text + "\n") << std::flush;
  std::string line;
  std::getline(std::cin, line);  // until the parent closes the pipe
}

BOOST_AUTO_TEST_CASE(a_second_open_by_another_process_names_the_holder) {
  const temp_dir room;
  child_case first("rocksdb_home/holder", room / "store");
  BOOST_REQUIRE(first.read_to("opened\n").ends_with("opened\n"));
  auto second = store::rocksdb_home::open(options_for(room / "store"));
  BOOST_REQUIRE(!second);
  BOOST_TEST((second.error().kind == failure::unavailable));
  const auto holder = "process " + std::to_string(first.pid()) + " has it open";
  BOOST_TEST(second.error().text.find(holder) != std::string::npos, second.error().text);
  first.kill_now();
  auto third = store::rocksdb_home::open(options_for(room / "store"));  // a dead holder holds nothing
  BOOST_TEST(third.has_value());
}

BOOST_AUTO_TEST_CASE(a_write_that_meets_damage_may_be_tried_again) {
  const temp_dir room;
  auto home = store::rocksdb_home::open(options_for(room / "store"));
  BOOST_REQUIRE(home);
  rocksdb::WriteBatch broken(std::string("short"));  // as RocksDB says it of a damaged log or file
  const auto refused = (*home)->write(broken, durability::synced, "test: write");
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().kind == failure::unavailable));
  BOOST_TEST(refused.error().text.find("Corruption") != std::string::npos, refused.error().text);
  BOOST_TEST(!(*home)->needs_new_open());
  // RocksDB takes no write any more, and says so each time.
  rocksdb::WriteBatch good;
  BOOST_REQUIRE(good.Put((*home)->handle(family::meta), "key", "value").ok());
  const auto again = (*home)->write(good, durability::synced, "test: write");
  BOOST_REQUIRE(!again);
  BOOST_TEST((again.error().kind == failure::unavailable));
}

BOOST_AUTO_TEST_CASE(another_format_version_is_refused_by_name) {
  const temp_dir room;
  {
    auto home = store::rocksdb_home::open(options_for(room / "store"));
    BOOST_REQUIRE(home && put(**home, family::meta, "format", "7"));
  }
  auto again = store::rocksdb_home::open(options_for(room / "store"));
  BOOST_REQUIRE(!again);
  BOOST_TEST((again.error().kind == failure::corrupt));
  BOOST_TEST(again.error().text.find("version 7") != std::string::npos, again.error().text);
}

BOOST_AUTO_TEST_CASE(a_database_of_another_program_is_refused) {
  const temp_dir room;
  {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* raw = nullptr;
    BOOST_REQUIRE(rocksdb::DB::Open(options, room / "store", &raw).ok());
    const std::unique_ptr<rocksdb::DB> db(raw);
    rocksdb::ColumnFamilyHandle* other = nullptr;
    BOOST_REQUIRE(db->CreateColumnFamily(rocksdb::ColumnFamilyOptions(), "other", &other).ok());
    BOOST_REQUIRE(db->DestroyColumnFamilyHandle(other).ok());
  }
  auto again = store::rocksdb_home::open(options_for(room / "store"));
  BOOST_REQUIRE(!again);
  BOOST_TEST((again.error().kind == failure::corrupt));
  BOOST_TEST(again.error().text.find("\"other\"") != std::string::npos, again.error().text);
}

BOOST_AUTO_TEST_CASE(a_damaged_manifest_is_corrupt_and_named) {
  const temp_dir room;
  { BOOST_REQUIRE(store::rocksdb_home::open(options_for(room / "store"))); }
  for (const auto& file : std::filesystem::directory_iterator(room / "store")) {
    if (file.path().filename().string().starts_with("MANIFEST")) {
      std::fstream damaged(file.path(), std::ios::in | std::ios::out | std::ios::binary);
      damaged.seekp(20);
      damaged << "damage";
    }
  }
  auto again = store::rocksdb_home::open(options_for(room / "store"));
  BOOST_REQUIRE(!again);
  BOOST_TEST((again.error().kind == failure::corrupt));
  BOOST_TEST(again.error().text.find("MANIFEST") != std::string::npos, again.error().text);
}

BOOST_AUTO_TEST_CASE(a_directory_that_cannot_be_made_is_unavailable) {
  auto home = store::rocksdb_home::open(options_for("/proc/no/such/store"));
  BOOST_REQUIRE(!home);
  BOOST_TEST((home.error().kind == failure::unavailable));
  BOOST_TEST(home.error().text.find("/proc/no/such/store") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_is_a_home_of_its_own) {
  const temp_dir room;
  auto home = store::rocksdb_home::open(options_for(room / "store"));
  BOOST_REQUIRE(home && put(**home, family::archive_docs, "before", "1"));
  BOOST_REQUIRE((*home)->checkpoint(room / "copy"));
  BOOST_REQUIRE(put(**home, family::archive_docs, "after", "1"));
  auto copy = store::rocksdb_home::open(options_for(room / "copy"));
  BOOST_REQUIRE(copy);
  BOOST_TEST(((*copy)->get(family::archive_docs, "before", "test")->has_value()));
  BOOST_TEST((!(*copy)->get(family::archive_docs, "after", "test")->has_value()));
  auto twice = (*home)->checkpoint(room / "copy");
  BOOST_REQUIRE(!twice);
  BOOST_TEST((twice.error().kind == failure::conflict));
}

BOOST_AUTO_TEST_CASE(statistics_have_names_as_metrics_want_them) {
  const temp_dir room;
  auto home = store::rocksdb_home::open(options_for(room / "store"));
  BOOST_REQUIRE(home);
  const auto numbers = (*home)->statistics();
  BOOST_TEST(numbers.size() >= 10u);
  for (const auto& [name, number] : numbers) {
    BOOST_TEST(name.starts_with("rocksdb_"), name);
    BOOST_TEST(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string::npos, name);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
