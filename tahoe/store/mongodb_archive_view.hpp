#pragma once
// A look at the archive on MongoDB, and what it remembers so as to ask few times. Internal to tahoe/store/.
//
// Commands: a count is one; a page of `related` two at level 1 (the page's events, their parts), four at
// level 2 (their sessions, those sessions' events), five at level 3 (the sessions of whatever those sessions
// hold, which are read before the events, so that all events come at once). One more ends the look, and one
// more is needed where many events of one instant stand at the page's edge, or lists are longer than one
// command takes. So a page takes six at most: at level 3, where there is none to spare, hashes and times of
// 2,000 events beyond the page's edges are read, so that only more than these of one instant cost one more.
#include <chrono>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tahoe/store/archive_store.hpp"
#include "tahoe/store/mongodb_archive_look.hpp"
#include "tahoe/store/mongodb_archive_nodes.hpp"
#include "tahoe/store/notices.hpp"

namespace cybexd::store::mongodb_archive {

/// What all looks of a store are told.
struct ground {
  mongodb_collection documents;
  std::shared_ptr<waiting_looks> looks = std::make_shared<waiting_looks>();
  std::shared_ptr<notices> say = std::make_shared<notices>();
  bool transactions = false;  ///< The server has them.
  bool unique = false;        ///< No hash stands there twice.
};

class view final : public archive_view {
 public:
  explicit view(const ground& on)
      : unique_(on.unique), say_(on.say), look_(on.documents, on.transactions, on.looks) {}

  expected<std::optional<document>> get(const hash256& hash) override;
  expected<std::vector<document>> get_many(std::span<const hash256> hashes) override;
  expected<std::uint64_t> count(const hash256& attribute, const event_filter& filter) override;
  expected<std::vector<event_position>> page(const hash256& attribute, const event_filter& filter,
                                             std::uint64_t offset, std::size_t limit) override;
  void will_follow(int steps) override { reads_ahead_ = steps > 1; }
  void end_by(std::chrono::steady_clock::time_point deadline) override { look_.end_by(deadline); }
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
  std::uint64_t rows_read() const override { return rows_; }

 private:
  using documents_by_hash = std::unordered_map<hash256, document>;
  /// Documents that pass the filter, doubles joined. What cannot be read is left out, which is said once:
  /// others write there too, and one document of theirs is no reason to answer nothing. It stands in
  /// `unreadable_`.
  [[nodiscard]] expected<documents_by_hash> read(const bson& filter, const find_options& how,
                                                 std::string_view what);
  /// Those that are there, remembered or read.
  [[nodiscard]] expected<documents_by_hash> read_all(std::span<const hash256> hashes);
  void remember(const document& d, std::size_t bytes);

  [[nodiscard]] expected<bool> is_attribute(const hash256& part, const tahoe::value* data);
  [[nodiscard]] expected<std::unordered_map<hash256, tahoe::itype>> kinds_of(std::span<const hash256> hashes);
  [[nodiscard]] expected<std::vector<event_position>> page_by_hash(const bson& filter, std::uint64_t offset,
                                                                   std::size_t limit);
  [[nodiscard]] expected<std::vector<event_position>> page_of_positions(const hash256& attribute,
                                                                        const bson& filter,
                                                                        std::uint64_t offset,
                                                                        std::size_t limit);
  [[nodiscard]] expected<std::vector<event_position>> page_of_doubles(const hash256& attribute,
                                                                      const bson& filter,
                                                                      std::uint64_t offset,
                                                                      std::size_t limit);
  [[nodiscard]] expected<std::vector<event_position>> read_page(const bson_list& stages, tahoe::value& data);
  [[nodiscard]] expected<std::vector<event_position>> unread_page(const hash256& attribute,
                                                                  const tahoe::value& data,
                                                                  std::vector<event_position> events);
  [[nodiscard]] expected<documents_by_hash> read_sessions(std::span<const hash256> events);
  [[nodiscard]] expected<void> read_ahead(documents_by_hash& sessions, std::vector<hash256>& members);
  [[nodiscard]] expected<void> read_members(std::span<const hash256> sessions, const event_filter& filter,
                                            std::vector<event_position>& events);
  using positions = std::unordered_map<hash256, event_position>;
  [[nodiscard]] expected<void> read_whole(std::span<const hash256> members, const visibility& who,
                                          positions& into);
  [[nodiscard]] expected<void> read_positions(std::span<const hash256> members, const event_filter& filter,
                                              positions& into);

  [[nodiscard]] expected<void> visit_events(const bson& filter, const find_options& how,
                                            std::string_view what, bool& going,
                                            const std::function<bool(const event_facts&)>& visit);
  [[nodiscard]] expected<void> visit_numbered(std::span<const node> numbered, const visibility& who,
                                              bool& going,
                                              const std::function<bool(const event_facts&)>& visit);
  [[nodiscard]] expected<event_facts> facts_of(const bson_view& event);
  [[nodiscard]] std::vector<hash256> hashes_of(std::span<const node> attributes) const;

  bool unique_;
  std::shared_ptr<notices> say_;
  look look_;
  std::uint64_t rows_ = 0;

  std::vector<event_position> unreadable_;  ///< What the last `read` left out.
  std::vector<hash256> page_unread_;        ///< Events of a page that are not read yet.
  documents_by_hash remembered_;
  std::size_t remembered_bytes_ = 0;
  std::unordered_set<hash256> events_;  ///< Hashes that are known to be events'.
  /// Of sessions, all the events that `members_for_` may see.
  std::unordered_map<hash256, std::vector<event_position>> members_;
  std::size_t members_held_ = 0;
  bool reads_ahead_ = false;  ///< The sessions of the next sessions' events will be asked for.
  /// All sessions of what was read ahead, event or not.
  std::unordered_map<hash256, std::vector<hash256>> sessions_of_;
  std::optional<visibility> members_for_;

  nodes nodes_;
  std::string last_orgid_;         ///< Of the event that `facts_of` was given last.
  std::optional<error> left_out_;  ///< Why `visit_events` left an event out last.
  struct known_event {
    event_facts facts;
    std::string orgid;
  };
  std::optional<known_event> last_event_;
};

}  // namespace cybexd::store::mongodb_archive
