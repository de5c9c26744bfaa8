#pragma once
// A look at the embedded archive. Internal to tahoe/store/.
#include <memory>

#include "tahoe/store/archive_reader.hpp"
#include "tahoe/store/archive_writer.hpp"

namespace cybexd::store {

class rocksdb_archive_view : public archive_view {
 public:
  /// `orgs` lives as long as `owner`, which the view keeps.
  rocksdb_archive_view(std::shared_ptr<const void> owner, rocksdb_home& home, const org_numbers& orgs);
  ~rocksdb_archive_view() override;

  expected<std::optional<document>> get(const hash256& hash) override;
  expected<std::vector<document>> get_many(std::span<const hash256> hashes) override;
  expected<std::uint64_t> count(const hash256& attribute, const event_filter& filter) override;
  expected<std::vector<event_position>> page(const hash256& attribute, const event_filter& filter,
                                             std::uint64_t offset, std::size_t limit) override;
  expected<std::vector<hash256>> sessions_of(std::span<const hash256> events) override;
  expected<std::vector<event_position>> events_of_sessions(std::span<const hash256> sessions,
                                                           const event_filter& filter) override;
  expected<std::optional<node>> event_node(const hash256& event, const visibility& who) override;
  expected<std::optional<event_facts>> facts(node event, const visibility& who) override;
  expected<std::uint64_t> reach(std::span<const node> attributes, const visibility& who) override;
  expected<void> events_of(std::span<const node> attributes, const visibility& who,
                           const std::function<bool(const event_facts&)>& visit) override;
  expected<void> all_events(const visibility& who,
                            const std::function<bool(const event_facts&)>& visit) override;
  expected<std::optional<archive_version>> version() override;
  std::uint64_t about_events() const override;
  std::uint64_t rows_read() const override { return reader_->rows_read(); }

  /// Every document by hash, until `visit` says false.
  [[nodiscard]] expected<void> each(const std::function<bool(const document&)>& visit);
  [[nodiscard]] expected<void> check_index(const check_listener& listener);

 private:
  [[nodiscard]] archive_tree::class_filter filter_for(const visibility& who,
                                                      std::optional<tahoe::category> category = {},
                                                      context_filter context = context_filter::all) const;
  /// Adds the numbers of the session's events that pass, with their times.
  [[nodiscard]] expected<void> add_events_of(const hash256& session, const event_filter& filter,
                                             std::vector<local_id>& ids, std::vector<event_position>& events);
  /// False when `visit` has stopped it.
  [[nodiscard]] expected<bool> visit_events_of(node attribute, const archive_tree::class_filter& visible,
                                               const std::function<bool(const event_facts&)>& visit);
  [[nodiscard]] expected<void> visit_sorted(std::vector<local_id>& ids,
                                            const std::function<bool(const event_facts&)>& visit,
                                            bool& going);

  struct snapshot;
  std::shared_ptr<const void> owner_;
  rocksdb_home& home_;
  const org_numbers& orgs_;
  std::unique_ptr<snapshot> snapshot_;
  std::unique_ptr<archive_reader> reader_;  // before the snapshot goes
  document_builder builder_;
};

}  // namespace cybexd::store
