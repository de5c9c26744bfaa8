#pragma once
// Compares the index of the embedded archive with the documents it is made from. Internal to tahoe/store/.
#include <functional>
#include <string>

#include "tahoe/store/archive_reader.hpp"
#include "tahoe/store/archive_store.hpp"

namespace cybexd::store {

/// Reads every row once, and looks up what each should have caused.
class archive_check {
 public:
  archive_check(archive_reader& from, check_listener listener)
      : from_(from), listener_(std::move(listener)) {}

  /// Errors: unavailable, corrupt (rows that cannot be read end the check), cancelled.
  [[nodiscard]] expected<void> run();

 private:
  using step = expected<void> (archive_check::*)();
  [[nodiscard]] expected<archive_layout::counters> stored_counters();
  /// Errors: cancelled (the listener does not want to go on).
  [[nodiscard]] expected<void> tell(std::string_view what, std::uint64_t done, std::uint64_t total);
  [[nodiscard]] expected<void> documents();
  [[nodiscard]] expected<void> events();
  [[nodiscard]] expected<void> trees();
  [[nodiscard]] expected<void> sessions();
  [[nodiscard]] expected<void> unfiltered();

  [[nodiscard]] expected<void> document(local_id id, std::string_view row);
  [[nodiscard]] expected<void> event(local_id id, const archive_layout::event_row& row);
  [[nodiscard]] expected<void> member(std::string_view key);
  [[nodiscard]] expected<void> tree(local_id attribute, std::size_t depth,
                                    const archive_layout::position& prefix,
                                    const archive_layout::bucket* above);
  [[nodiscard]] expected<void> look_for(family f, std::string_view key, std::string_view row,
                                        const std::string& what);

  archive_reader& from_;
  check_listener listener_;
  std::uint64_t hashes_ = 0, postings_ = 0, nodes_ = 0, memberships_ = 0,
                unfiltered_ = 0;  ///< That there should be.
  std::uint64_t events_ = 0, rows_of_counts_ = 0;
  std::uint64_t about_documents_ = 0;  ///< Numbers that were given out.
};

}  // namespace cybexd::store
