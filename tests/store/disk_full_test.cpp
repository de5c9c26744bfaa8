// A disk that fills up and is emptied again. A limit on the size of files stands for it: writing fails as on
// a full disk, also without rights to mount one. In a process of its own, since the limit is the process's.
#include <sys/resource.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <iostream>

#include "tahoe/store/stores.hpp"
#include "tests/fixtures/child_case.hpp"
#include "tests/fixtures/eventually.hpp"
#include "tests/fixtures/temp_dir.hpp"

namespace cybexd::tests {
namespace {

using namespace store;

void limit_files(rlim_t bytes) {
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

embedded_options options_for(const std::string& directory) {
  embedded_options options;
  options.directory = directory;
  options.cache_bytes = 32u << 20;
  return options;
}

new_entry entry() {
  new_entry e;
  e.typetag = "t";
  e.sealed = std::string(64 << 10, 'x');
  return e;
}

/// Returns what went wrong, or nothing.
std::string fill_and_empty(const embedded_options& options, std::uint64_t& stored) {
  auto all = open_embedded(options);
  if (!all) return all.error().text;
  const std::vector<new_entry> one{entry()};
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5; ++i)
      if (!all->lake->put(one))
        return "a write fails on a disk with room";
      else
        ++stored;
    limit_files(1u << 20);
    error trouble;
    for (int i = 0; i < 200 && trouble.text.empty(); ++i) {
      auto put = all->lake->put(one);
      if (put)
        ++stored;
      else
        trouble = put.error();
    }
    if (trouble.kind != failure::unavailable) return "not unavailable but: " + trouble.text;
    auto books = all->lake->books();
    if (!books || books->accepted != stored) return "reading fails while the disk is full";
    if (all->lake->put(one)) return "a write succeeds on a full disk";
    limit_files(RLIM_INFINITY);
    if (!eventually([&] { return all->lake->put(one).has_value(); })) return "does not heal";
    ++stored;
    books = all->lake->books();
    if (!books || books->accepted != stored || books->pending != stored)
      return "the books are wrong after a full disk";
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(disk_full)

BOOST_AUTO_TEST_CASE(child, *boost::unit_test::disabled()) {
  if (!child_case::inside()) return;
  std::signal(SIGXFSZ, SIG_IGN);
  std::uint64_t stored = 0;
  const auto wrong = fill_and_empty(options_for(child_case::argument()), stored);
  std::cout << "stored " << stored << (wrong.empty() ? "" : " but " + wrong) << "!\n" << std::flush;
  std::_Exit(0);  // killed, as it were: nothing is closed
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_unavailable_loses_nothing_and_heals) {
  const temp_dir room;
  const auto options = options_for(room / "store");
  child_case full("disk_full/child", options.directory);
  const auto said = full.read_to("!\n");
  full.wait();
  auto again = open_embedded(options);
  BOOST_REQUIRE_MESSAGE(again, again.error().text);
  auto books = again->lake->books();
  BOOST_REQUIRE(books);
  BOOST_TEST(said.ends_with("stored " + std::to_string(books->accepted) + "!\n"), said);
  BOOST_TEST(books->accepted >= 18u);
  BOOST_TEST(books->pending == books->accepted);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
