#pragma once
// The part of the graph of events and attributes that one rank needs, in compact arrays.
#include <cstdint>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "crypto/error.hpp"
#include "report/go_on.hpp"
#include "report/threatrank.hpp"
#include "tahoe/store/archive_store.hpp"

namespace cybexd::report {

/// Events and attributes by small numbers. Event 0 is the one whose rank is asked for. Attributes are
/// numbered by how many events hold them, rare ones first, so that those that are met all the time lie close
/// together.
class rank_graph {
 public:
  using index = std::uint32_t;

  /// Reads all within reach of `start`: attribute by attribute while that is little, else the archive in one
  /// pass.
  [[nodiscard]] static expected<rank_graph> read(const store::event_facts& start,
                                                 const store::visibility& who, store::archive_view& view,
                                                 const rank_options& options, const go_on& keep_going);

  [[nodiscard]] std::size_t events() const { return timestamps_.size(); }
  [[nodiscard]] std::size_t attributes() const { return attribute_starts_.size() - 1; }
  /// Ascending.
  [[nodiscard]] std::span<const index> attributes_of(index event) const {
    return std::span(event_attributes_)
        .subspan(event_starts_[event], event_starts_[event + 1] - event_starts_[event]);
  }
  /// All visible events that hold the attribute, if it is within reach; some of them otherwise.
  [[nodiscard]] std::span<const index> events_of(index attribute) const {
    return std::span(attribute_events_)
        .subspan(attribute_starts_[attribute],
                 attribute_starts_[attribute + 1] - attribute_starts_[attribute]);
  }
  [[nodiscard]] double timestamp(index event) const { return timestamps_[event]; }
  [[nodiscard]] bool malicious(index event) const { return malicious_[event] != 0; }

 private:
  [[nodiscard]] index attribute_index(store::node node);
  void add(const store::event_facts& event);
  [[nodiscard]] expected<bool> read_near(const store::event_facts& start, const store::visibility& who,
                                         store::archive_view& view, const rank_options& options,
                                         const go_on& keep_going);
  [[nodiscard]] static expected<bool> fits_in(std::uint64_t& room, std::span<const store::node> attributes,
                                              const store::visibility& who, store::archive_view& view,
                                              leash& hold);
  [[nodiscard]] expected<void> read_events_of(std::span<const store::node> attributes,
                                              std::unordered_set<store::node>& known,
                                              const store::visibility& who, store::archive_view& view,
                                              leash& hold);
  [[nodiscard]] expected<void> read_all(const store::event_facts& start, const store::visibility& who,
                                        store::archive_view& view, const go_on& keep_going);
  void turn();
  void number_by_degree();

  std::vector<double> timestamps_;
  std::vector<std::uint8_t> malicious_;
  std::vector<std::size_t> event_starts_{0}, attribute_starts_{0};
  std::vector<index> event_attributes_, attribute_events_;
  std::vector<store::node> nodes_;                 ///< Of attributes, by index.
  std::unordered_map<store::node, index> sparse_;  ///< Index + 1 of an attribute with a large node number.
  std::vector<index> dense_;                       ///< The same for small ones; 0 is none.
};

}  // namespace cybexd::report
