#pragma once
// The counted index of an attribute's events. Internal to tahoe/store/.
//
// An attribute with more than `threshold` events has a tree over their positions (time bits, then hash bits),
// four bits a level. A bucket holds how many events of each class lie below it, and is split into a node of
// its own as soon as it holds more than `threshold`. So a count over any range adds whole buckets and walks
// at most two small ones, and a page far behind is found by counts. Events that all lie on one day, or share
// one timestamp, only make it deeper.
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tahoe/store/archive_layout.hpp"
#include "tahoe/store/archive_store.hpp"
#include "tahoe/store/slot_cache.hpp"
#include "tahoe/store/two_generations.hpp"

namespace cybexd::store::archive_tree {

using archive_layout::bucket_node;
using archive_layout::local_id;
using archive_layout::position;

/// Which classes of events pass.
class class_filter {
 public:
  /// `orgs`: numbers of the visible organisations; ignored when everything is visible.
  class_filter(bool everything, std::vector<std::uint64_t> orgs, std::optional<tahoe::category> category,
               context_filter context);
  [[nodiscard]] bool visible(std::uint64_t org) const;
  [[nodiscard]] bool passes(std::uint64_t packed_class) const;
  [[nodiscard]] std::uint64_t passing(const archive_layout::bucket& b) const;

 private:
  bool everything_;
  std::vector<std::uint64_t> orgs_;
  std::optional<tahoe::category> category_;
  context_filter context_;
};

/// Sees a posting; false ends the walk.
using posting_visitor = std::function<bool(const position&, local_id event, std::uint64_t packed_class)>;

/// The stored index of one attribute.
class source {
 public:
  virtual ~source() = default;
  /// The node below `prefix`, or nothing. Only the root may be absent.
  [[nodiscard]] virtual expected<std::optional<bucket_node>> node(std::size_t depth,
                                                                  const position& prefix) = 0;
  /// Visits postings from `first` to `last`, both included, in order.
  [[nodiscard]] virtual expected<void> postings(const position& first, const position& last,
                                                const posting_visitor& visit) = 0;
};

/// First and last position of a bucket: `prefix` of `depth` digits and one digit more.
[[nodiscard]] std::pair<position, position> bounds(const position& prefix, std::size_t depth,
                                                   std::uint8_t digit);

[[nodiscard]] expected<std::uint64_t> count(source& from, const position& first, const position& last,
                                            const class_filter& filter);

/// One event of a page.
struct page_entry {
  position at;
  local_id event = 0;
  hash256 hash;
};
/// The events of a range in order, without the first `offset` that pass. `hash_of` gives an event's full
/// hash.
[[nodiscard]] expected<std::vector<page_entry>> page(
    source& from, const position& first, const position& last, const class_filter& filter,
    std::uint64_t offset, std::size_t limit, const std::function<expected<hash256>(local_id)>& hash_of);

/// A posting that comes (`before` is nothing), goes, or changes its class.
struct change {
  position at;
  local_id event = 0;
  std::optional<std::uint64_t> before, after;
};

/// Applies changes to the trees of attributes. Nodes that changed are kept aside until they are settled.
class editor {
 public:
  editor(std::size_t threshold, std::size_t cached_nodes)
      : threshold_(threshold), nodes_(cached_nodes), counts_(cached_nodes * 4) {}

  /// `stored` shows the index without `changes`; `fresh`: the attribute is new, nothing of it is stored.
  [[nodiscard]] expected<void> apply(local_id attribute, source& stored, bool fresh,
                                     std::vector<change> changes);

  /// Changed nodes by key; an empty node is to be deleted.
  [[nodiscard]] const std::map<std::string, bucket_node>& changed() const { return changed_; }
  /// True: what changed is stored now. False: it never will be.
  void settle(bool committed);

 private:
  struct job;
  [[nodiscard]] expected<bucket_node*> editable(job& j, std::size_t depth, const position& prefix);
  [[nodiscard]] expected<bool> has_tree(job& j);
  [[nodiscard]] expected<void> grow_list(job& j);
  [[nodiscard]] expected<void> descend(job& j, const change& c);
  [[nodiscard]] expected<void> split(job& j, std::size_t depth, const position& prefix);

  std::size_t threshold_;
  two_generations<std::string, bucket_node> nodes_;
  slot_cache<local_id, std::size_t> counts_;  ///< Events of attributes that have no tree.
  std::map<std::string, bucket_node> changed_;
  std::map<local_id, std::size_t> changed_counts_;
};

}  // namespace cybexd::store::archive_tree
