// What only the embedded lake can meet: rows and files that are damaged or gone.
#include "tahoe/store/rocksdb_lake.hpp"

#include <rocksdb/write_batch.h>

#include <boost/test/unit_test.hpp>

#include "tahoe/store/lake_rules.hpp"
#include "tests/fixtures/temp_dir.hpp"

namespace cybexd::tests {
namespace {

using namespace store;

struct opened_lake {
  temp_dir room;
  std::shared_ptr<store::rocksdb_home> home;
  std::shared_ptr<store::rocksdb_lake> lake;
  std::vector<entry_id> ids;

  opened_lake() {
    open();
    std::vector<new_entry> entries(3);
    for (auto& e : entries) {
      e.typetag = "t";
      e.sealed = "sealed";
    }
    ids = *lake->put(entries);
  }
  void open() {
    lake.reset();
    home.reset();
    embedded_options options;
    options.directory = room / "store";
    options.cache_bytes = 32u << 20;
    auto made = store::rocksdb_home::open(options);
    BOOST_REQUIRE_MESSAGE(made, made.error().text);
    home = *made;
    auto opened = store::rocksdb_lake::open(home, false);
    BOOST_REQUIRE_MESSAGE(opened, opened.error().text);
    lake = *opened;
  }
  void change(family f, const std::string& key, const std::optional<std::string>& row) {
    rocksdb::WriteBatch batch;
    if (row)
      BOOST_REQUIRE(batch.Put(home->handle(f), key, *row).ok());
    else
      BOOST_REQUIRE(batch.Delete(home->handle(f), key).ok());
    BOOST_REQUIRE(home->write(batch, durability::synced, "test"));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(rocksdb_lake)

BOOST_AUTO_TEST_CASE(an_entry_whose_row_is_damaged_is_bad_data_and_holds_up_nobody) {
  for (const auto& row : {std::optional<std::string>("\x05junk"), std::optional<std::string>()}) {
    opened_lake on;
    on.change(family::lake_entries, entry_key(2), row);
    auto some = on.lake->take({});
    BOOST_REQUIRE_MESSAGE(some, some.error().text);
    BOOST_REQUIRE_EQUAL(some->size(), 3u);
    auto files = on.lake->read_files(on.ids);
    BOOST_REQUIRE(files);
    BOOST_TEST(((*files)[0] && !(*files)[1] && (*files)[2]));
    BOOST_TEST(((*files)[1].error().kind == failure::corrupt));
    entry_mark bad;
    bad.id = on.ids[1];
    bad.state = entry_state::bad_data;
    bad.set_aside = 1;
    BOOST_REQUIRE(on.lake->mark(std::vector{bad}));
    auto books = on.lake->books();
    BOOST_REQUIRE(books);
    BOOST_TEST((books->accepted == 3 && books->set_aside == 1 && books->pending == 2 &&
                books->waiting_entries == 2));
    auto list = on.lake->set_aside("", 10, false);
    BOOST_REQUIRE(list);
    BOOST_TEST(list->size() == (row ? 1u : 0u));
  }
}

BOOST_AUTO_TEST_CASE(a_missing_file_is_not_found_and_the_others_are_read) {
  opened_lake on;
  on.change(family::lake_files, number_key(2), std::nullopt);
  auto files = on.lake->read_files(on.ids);
  BOOST_REQUIRE(files);
  BOOST_TEST(((*files)[0] && !(*files)[1] && (*files)[2]));
  BOOST_TEST(((*files)[1].error().kind == failure::not_found));
}

BOOST_AUTO_TEST_CASE(a_damaged_mark_or_damaged_books_are_corrupt) {
  opened_lake on;
  entry_mark aside;
  aside.id = on.ids[0];
  aside.state = entry_state::error;
  BOOST_REQUIRE(on.lake->mark(std::vector{aside}));
  on.change(family::lake_entries, mark_key(1), std::string("\x09"));
  auto found = on.lake->find(on.ids[0]);
  BOOST_TEST((!found && found.error().kind == failure::corrupt));
  BOOST_TEST(on.lake->set_aside("", 10, false)->size() == 1u);
  on.change(family::lake_meta, "books", std::string("12345"));
  auto books = on.lake->books();
  BOOST_TEST((!books && books.error().kind == failure::corrupt));
}

BOOST_AUTO_TEST_CASE(every_cut_of_a_row_is_refused) {
  lake_entry e{to_entry_id(7), "name", std::string(64, 'a'), "t", "UTC", 1.5, true, 300, 1u << 20};
  entry_mark m;
  m.id = e.id;
  m.state = entry_state::processed;
  m.reason = "why";
  m.refs = {crypto::sha256("a"), crypto::sha256("b")};
  m.bad_lines = {{3, entry_state::error, "no"}, {400, entry_state::not_supported, ""}};
  const auto entry = to_row(e), mark = to_row(m);
  BOOST_TEST(
      (entry_from_row(7, entry)->records == 300 && mark_from_row(7, mark)->mark.bad_lines[1].number == 400));
  for (std::size_t n = 0; n < entry.size(); ++n) BOOST_TEST(!entry_from_row(7, entry.substr(0, n)));
  for (std::size_t n = 0; n < mark.size(); ++n) BOOST_TEST(!mark_from_row(7, mark.substr(0, n)));
  BOOST_TEST((!entry_from_row(7, entry + "x") && !mark_from_row(7, mark + "x")));
}

BOOST_AUTO_TEST_CASE(a_mark_holds_the_archives_numbers_in_the_place_of_hashes) {
  entry_mark m;
  m.state = entry_state::processed;
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t n = 0; n < 1000; ++n) {
    numbers.push_back(1'000'000 + 3 * n);
    m.refs.push_back(crypto::sha256(std::to_string(n)));
  }
  const auto row = to_row(m, numbers);
  BOOST_TEST(row.size() < 1100u);
  const auto read = mark_from_row(7, row);
  BOOST_REQUIRE(read);
  BOOST_TEST(read->mark.refs.empty());
  BOOST_TEST(read->numbers == numbers, boost::test_tools::per_element());
  for (std::size_t n = 0; n < row.size(); ++n) BOOST_TEST(!mark_from_row(7, row.substr(0, n)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
