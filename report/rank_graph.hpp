#pragma once
// The part of the graph of events and attributes that ranks need, in compact arrays.
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "crypto/error.hpp"
#include "report/go_on.hpp"
#include "tahoe/store/archive_store.hpp"

namespace cybexd::report {

/// Events and attributes by small numbers. Attributes that only one event of the graph holds are left out: no
/// path leads through them. The others are numbered by how many events hold them, rare ones first, so that
/// those that are met all the time lie close together.
class rank_graph {
 public:
  using index = std::uint32_t;

  /// Reads all that paths of so many edges from `start`, which is event 0, can reach, attribute by attribute.
  /// Nothing where that takes more than `most_visits` looks at an event. Errors: those of the view and of
  /// `keep_going`.
  [[nodiscard]] static expected<std::optional<rank_graph>> read_near(const store::event_facts& start,
                                                                     const store::visibility& who,
                                                                     store::archive_view& view, int max_edges,
                                                                     std::uint64_t most_visits,
                                                                     const go_on& keep_going);
  /// Reads everything that `who` may see in one pass. Errors: too_large where it would take more than
  /// `most_bytes`, those of the view and of `keep_going`.
  [[nodiscard]] static expected<rank_graph> read_all(const store::visibility& who, store::archive_view& view,
                                                     std::size_t most_bytes, const go_on& keep_going);

  [[nodiscard]] std::size_t events() const { return timestamps_.size(); }
  [[nodiscard]] std::size_t attributes() const { return attribute_starts_.size() - 1; }
  /// Those that other events hold, too; ascending.
  [[nodiscard]] std::span<const index> attributes_of(index event) const {
    return std::span(event_attributes_)
        .subspan(event_starts_[event], event_starts_[event + 1] - event_starts_[event]);
  }
  /// Number of all attributes of the event.
  [[nodiscard]] std::size_t size_of(index event) const { return sizes_[event]; }
  /// All visible events that hold the attribute, if it is within reach; some of them otherwise. Ascending.
  [[nodiscard]] std::span<const index> events_of(index attribute) const {
    return std::span(attribute_events_)
        .subspan(attribute_starts_[attribute],
                 attribute_starts_[attribute + 1] - attribute_starts_[attribute]);
  }
  [[nodiscard]] double timestamp(index event) const { return timestamps_[event]; }
  [[nodiscard]] bool malicious(index event) const { return malicious_[event] != 0; }
  /// Of a graph of everything.
  [[nodiscard]] std::optional<index> find(store::node event) const;
  /// Whether a path of so many edges leads from a malicious event to this one, which is not malicious.
  [[nodiscard]] bool reaches_malicious(index event, int max_edges) const;
  /// Memory of the arrays.
  [[nodiscard]] std::size_t bytes() const;

  /// Asks the processor for events some places before they are needed: they lie anywhere. `at` is a place in
  /// `events_of`; the lists of attributes follow each other. `with` is asked for, too, by event.
  template <class Row>
  [[gnu::always_inline]] void prefetch(const index* at, const Row* with) const {
    constexpr std::ptrdiff_t first = 32, then = 16;
    if (attribute_events_.data() + attribute_events_.size() - at <= first) return;
    __builtin_prefetch(&event_starts_[at[first]]);
    __builtin_prefetch(with + at[first]);
    __builtin_prefetch(event_attributes_.data() + event_starts_[at[then]]);
  }

 private:
  class reader;
  class near_reader;

  std::vector<store::node> nodes_;  ///< Of events, by index.
  std::vector<double> timestamps_;
  std::vector<std::uint8_t> malicious_;
  std::vector<index> sizes_;
  std::vector<index> event_starts_{0}, attribute_starts_{0};
  std::vector<index> event_attributes_, attribute_events_;
};

}  // namespace cybexd::report
