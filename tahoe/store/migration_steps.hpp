#pragma once
// The parts of a migration. Internal to tahoe/store/.
#include "tahoe/store/migration.hpp"

namespace cybexd::store::migration_steps {

/// What all parts share.
struct context {
  const stores& from;
  const stores& to;
  const migration_options& options;
  migration_result& result;

  void tell(std::string_view part, std::uint64_t done, std::uint64_t total, std::uint64_t errors = 0) const {
    options.on_progress({part, done, total, errors});
  }
  void complain(std::string store, std::string item, std::string problem) const;
};

/// Gathers items until they fill a batch, then hands them to `write`.
template <class Item>
class batches {
 public:
  using writer = std::function<expected<void>(std::vector<Item>&)>;
  batches(const migration_options& options, writer write) : options_(options), write_(std::move(write)) {}

  [[nodiscard]] expected<void> add(Item item, std::uint64_t bytes) {
    const bool full = items_.size() >= options_.batch_items || bytes_ + bytes > options_.batch_bytes;
    if (full && !items_.empty()) {
      if (auto done = flush(); !done) return done;
    }
    bytes_ += bytes;
    items_.push_back(std::move(item));
    return {};
  }
  [[nodiscard]] expected<void> flush() {
    if (items_.empty()) return {};
    auto done = write_(items_);
    items_.clear();
    bytes_ = 0;
    return done;
  }

 private:
  const migration_options& options_;
  writer write_;
  std::vector<Item> items_;
  std::uint64_t bytes_ = 0;
};

/// Bytes that a document takes, about.
[[nodiscard]] std::uint64_t weight_of(const document& d);
/// Whether two stored forms of a document say the same, our own fields (`_cybexd_...`) and orders apart.
[[nodiscard]] bool same_content(const document& a, const document& b);
/// An error that concerns this document only.
[[nodiscard]] bool is_refusal(const error& e);

/// Users and organisations that stand against the source's; all that gives way to them.
struct identity_plan {
  std::vector<document> replacing;  ///< The source's.
  std::vector<hash256> erase;
  std::string replaced;  ///< Names, for the audit log.
};
[[nodiscard]] expected<identity_plan> plan_identities(const context& c);
[[nodiscard]] expected<void> copy_identities(const context& c, const identity_plan& plan);
[[nodiscard]] expected<void> copy_archive(const context& c);
[[nodiscard]] expected<void> copy_reports(const context& c);
[[nodiscard]] expected<void> copy_lake(const context& c);

[[nodiscard]] expected<void> check_identities(const context& c);
[[nodiscard]] expected<void> check_archive(const context& c);
[[nodiscard]] expected<void> check_reports(const context& c);
[[nodiscard]] expected<void> check_lake(const context& c);

}  // namespace cybexd::store::migration_steps
