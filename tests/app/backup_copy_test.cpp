// The step that puts a restored store in place: the old one is never where it could be lost.
#include "app/backup/copy.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "app/files.hpp"
#include "tests/fixtures/temp_dir.hpp"

using namespace cybexd;
namespace backup = app::backup;
namespace fs = std::filesystem;

namespace {

struct stores_folder : tests::temp_dir {
  void make(const std::string& name, const std::string& text) const {
    fs::create_directories(*this / name);
    std::ofstream(*this / name + "/text") << text;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    const auto bytes = app::read_file(*this / name + "/text", 100);
    return bytes ? *bytes : "nothing";
  }
  [[nodiscard]] expected<void> swap() const {
    return backup::swap_in(*this / "new", *this / "store", *this / "aside");
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(backup_copy, stores_folder)

BOOST_AUTO_TEST_CASE(the_old_one_stands_aside) {
  make("new", "new");
  make("store", "old");
  BOOST_REQUIRE(swap());
  BOOST_TEST(read("store") == "new");
  BOOST_TEST(read("aside") == "old");
  BOOST_TEST(!fs::exists(*this / "new"));
}

BOOST_AUTO_TEST_CASE(without_an_old_one) {
  make("new", "new");
  BOOST_REQUIRE(swap());
  BOOST_TEST(read("store") == "new");
  BOOST_TEST(!fs::exists(*this / "aside"));
}

BOOST_AUTO_TEST_CASE(a_failure_changes_nothing) {
  // Symptom: the old store was already where the draft had been when the second rename failed, and went with
  // the draft.
  make("new", "new");
  make("store", "old");
  make("aside", "another restore in the same second");
  const auto failed = swap();
  BOOST_REQUIRE(!failed);
  BOOST_TEST((failed.error().kind == failure::unavailable));
  BOOST_TEST(failed.error().text.find("aside") != std::string::npos, failed.error().text);
  BOOST_TEST(read("new") == "new");
  BOOST_TEST(read("store") == "old");
  BOOST_TEST(read("aside") == "another restore in the same second");
}

BOOST_AUTO_TEST_CASE(names_that_are_taken) {
  const auto wanted = *this / "store.before-now";
  BOOST_TEST(backup::free_name(wanted) == wanted);
  make("store.before-now", "1");
  BOOST_TEST(backup::free_name(wanted) == wanted + "-2");
  fs::create_symlink(*this / "nowhere", wanted + "-2");
  BOOST_TEST(backup::free_name(wanted) == wanted + "-3");
}

BOOST_AUTO_TEST_SUITE_END()
