// What the embedded archive promises of disks and crashes, and how little it reads.
#include <rocksdb/write_batch.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tahoe/store/memory_archive.hpp"
#include "tests/fixtures/archive_homes.hpp"
#include "tests/fixtures/archive_world.hpp"
#include "tests/fixtures/embedded_archive.hpp"
#include "tests/fixtures/golden.hpp"
#include "tests/fixtures/same_archives.hpp"

namespace cybexd::tests {

namespace {

std::vector<record_write> some(archive_world& world, std::size_t n) {
  std::vector<record_write> batch;
  while (n-- > 0) batch.push_back(world.record());
  return batch;
}

/// Events of one hub: `n` of them, a second apart.
std::vector<record_write> hub_events(std::size_t begin, std::size_t n) {
  std::vector<record_write> batch;
  for (std::size_t i = begin; i < begin + n; ++i) {
    event_plan p;
    p.timestamp = 1'500'000'000 + static_cast<double>(i);
    p.orgid = "org" + std::to_string(i % 3);
    p.attributes = {attribute("method", "hub"), attribute("port", static_cast<std::int64_t>(i))};
    record_write w;
    w.raw = raw_of(std::to_string(i), p.orgid);
    w.filtered = filtered(make_parts(p));
    batch.push_back(std::move(w));
  }
  return batch;
}

/// Flips bytes all over the data files.
std::size_t damage(const std::filesystem::path& directory, std::mt19937_64& random) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".sst") continue;
    ++files;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    const auto size = static_cast<std::streamoff>(entry.file_size());
    for (int i = 0; i < 3; ++i) {
      const auto at = std::uniform_int_distribution<std::streamoff>(0, size - 1)(random);
      file.seekg(at);
      const auto old = file.get();
      file.seekp(at);
      file.put(static_cast<char>(old ^ 0x5a));
    }
  }
  return files;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(archive_durability)

BOOST_AUTO_TEST_CASE(a_process_that_dies_loses_nothing_it_was_answered_for) {
  for (std::uint64_t seed = 31; seed <= 33; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      const temp_dir room;
      const auto directory = room / "store";
      const auto child = ::fork();
      BOOST_REQUIRE(child >= 0);
      if (child == 0) {
        // Nothing of the library lives in this process yet, so it may go on after fork; it ends without any
        // closing.
        auto archive = open_archive(directory, 5);
        archive_world world(seed);
        for (int i = 0; i < 8; ++i) {
          if (!archive->write(some(world, 40))) ::_exit(1);
        }
        ::_exit(0);
      }
      int state = 0;
      BOOST_REQUIRE(::waitpid(child, &state, 0) == child);
      BOOST_REQUIRE(WIFEXITED(state) && WEXITSTATUS(state) == 0);
      auto memory = store::make_memory_archive();
      auto archive = open_archive(directory, 5);
      archive_world world(seed);
      for (int i = 0; i < 8; ++i) must(memory->write(some(world, 40)));
      same_archives(*memory, *archive, world, 100);
      const auto more = some(world, 40);
      must(memory->write(more));
      must(archive->write(more));
      same_archives(*memory, *archive, world, 100);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_batch_that_was_not_written_leaves_no_trace) {
  const temp_dir room;
  auto home = open_home(room / "store");
  auto archive = open_archive(home, 4);
  auto memory = store::make_memory_archive();
  archive_world world(41), lost(42);
  for (int i = 0; i < 12; ++i) {
    rocksdb::WriteBatch never;
    must(archive->stage(some(lost, 50), never));
    archive->settle(false);
    const auto batch = some(world, 50);
    must(memory->write(batch));
    rocksdb::WriteBatch written;
    must(archive->stage(batch, written));
    must(home->write(written, store::durability::synced, "test"));
    archive->settle(true);
  }
  same_archives(*memory, *archive, world);
}

BOOST_AUTO_TEST_CASE(damaged_files_are_told_and_never_give_wrong_answers) {
  std::size_t told = 0;
  for (std::uint64_t seed = 51; seed <= 56; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      const temp_dir room;
      const auto directory = room / "store";
      auto memory = store::make_memory_archive();
      archive_world world(seed);
      {
        auto home = open_home(directory);
        auto archive = open_archive(home, 4);
        for (int i = 0; i < 4; ++i) {
          const auto batch = some(world, 200);
          must(memory->write(batch));
          must(archive->write(batch));
        }
        must(home->checkpoint(room / "copy"));  // writes all of it to files
      }
      BOOST_REQUIRE(damage(room / "copy", world.engine()) > 0);
      store::embedded_options options;
      options.directory = room / "copy";
      auto home = store::rocksdb_home::open(options);
      auto archive = home ? store::rocksdb_archive::open(*home) : tl::unexpected(home.error());
      if (!archive) {
        BOOST_TEST((archive.error().kind == failure::corrupt));
        ++told;
        continue;
      }
      auto expected_view = must(memory->view());
      for (const auto& d : all_of(*memory)) {
        auto view = (*archive)->view();
        const auto found = (*view)->get(d.hash);
        if (!found) {
          BOOST_TEST((found.error().kind == failure::corrupt));
          ++told;
        } else {
          BOOST_REQUIRE(*found);
          BOOST_TEST(text_of(**found) == text_of(d));
        }
        store::event_filter f;
        f.who.everything = true;
        if (d.kind != tahoe::itype::attribute) continue;
        const auto n = (*view)->count(d.hash, f);
        if (n) BOOST_TEST(*n == must(expected_view->count(d.hash, f)));
        if (!n) BOOST_TEST((n.error().kind == failure::corrupt));
      }
    }
  }
  BOOST_TEST(told > 0u);
}

BOOST_AUTO_TEST_CASE(a_hub_is_counted_and_paged_with_few_rows) {
  const temp_dir room;
  auto archive = open_archive(room / "store", 64);
  for (std::size_t i = 0; i < 20'000; i += 1000) must(archive->write(hub_events(i, 1000)));
  archive_world world(61);
  const auto hub = attribute("method", "hub").hash;
  for (int i = 0; i < 300; ++i) {
    store::event_filter f;
    const auto a = world.below(20'000), b = a + world.below(20'000 - a);
    f.from = 1'500'000'000 + static_cast<double>(a);
    f.to = 1'500'000'000 + static_cast<double>(b);
    f.who.everything = true;
    auto view = must(archive->view());
    BOOST_TEST(must(view->count(hub, f)) == b - a + 1);
    BOOST_TEST(view->rows_read() < 250u);
    const auto offset = world.below(b - a + 1);
    auto other = must(archive->view());
    const auto page = must(other->page(hub, f, offset, 10));
    BOOST_REQUIRE(!page.empty());
    BOOST_TEST(page[0].timestamp == f.to - static_cast<double>(offset));
    BOOST_TEST(other->rows_read() < 350u);
  }
}

BOOST_AUTO_TEST_CASE(what_an_exception_leaves_keeps_nobody_out_and_doubles_nothing) {
  const temp_dir room;
  const auto home = open_home(room / "store");
  const auto archive = open_archive(home, 3);
  std::set<std::string> wanted;
  const auto some = [&](const std::string& text) {
    auto plan = simple_plan();
    plan.timestamp += static_cast<double>(wanted.size());
    wanted.insert(text);
    return std::vector{record_with(text, plan)};
  };
  for (const bool is_stored : {false, true, false, true}) {
    const auto number = std::to_string(wanted.size());
    const auto records = some("left " + number);
    rocksdb::WriteBatch batch;
    must(archive->stage(records, batch));
    if (is_stored) must(home->write(batch, store::durability::synced, "test: write"));
    { const store::staged_end unsettled(*archive); }
    must(archive->write(some("next " + number)));
    if (!is_stored) must(archive->write(records));
  }
  std::set<std::string> found;
  std::size_t events = 0;
  for (const auto& d : all_of(*archive)) {
    if (d.kind == tahoe::itype::raw) BOOST_TEST(found.insert(fixtures::text_at(d.data, "line")).second);
    if (d.kind == tahoe::itype::event) ++events;
  }
  BOOST_TEST(found == wanted, boost::test_tools::per_element());
  BOOST_TEST(events == wanted.size());
  must(archive->check_index({[](const std::string& fault) { BOOST_ERROR(fault); }}));
  store::event_filter everything;
  everything.who.everything = true;
  BOOST_TEST(must(must(archive->view())->count(attribute("method", "ssh").hash, everything)) ==
             wanted.size());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
