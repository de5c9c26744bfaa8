#include <algorithm>
#include <set>

#include "tahoe/store/archive_tree.hpp"

namespace cybexd::store::archive_tree {

namespace {

using archive_layout::bucket;
using archive_layout::class_count;
using archive_layout::position_digits;

/// The prefix of `depth` digits, the rest zeros or ones.
position cut(const position& at, std::size_t depth, bool ones) {
  position p = at;
  const auto rest = static_cast<std::uint8_t>(ones ? 0xff : 0);
  for (std::size_t i = (depth + 1) / 2; i < position::size; ++i) p.bytes[i] = rest;
  if (depth % 2 == 1) {
    p.bytes[depth / 2] = static_cast<std::uint8_t>((p.bytes[depth / 2] & 0xf0) | (rest & 15));
  }
  return p;
}

bucket& bucket_of(bucket_node& node, std::uint8_t digit) {
  const auto at = std::lower_bound(node.buckets.begin(), node.buckets.end(), digit,
                                   [](const bucket& b, std::uint8_t d) { return b.digit < d; });
  if (at != node.buckets.end() && at->digit == digit) return *at;
  return *node.buckets.insert(at, bucket{digit, false, {}});
}

void add(bucket& b, std::uint64_t packed) {
  const auto at = std::lower_bound(b.counts.begin(), b.counts.end(), packed,
                                   [](const class_count& c, std::uint64_t p) { return c.packed < p; });
  if (at != b.counts.end() && at->packed == packed) {
    ++at->count;
  } else {
    b.counts.insert(at, {packed, 1});
  }
}

bool take(bucket& b, std::uint64_t packed) {
  const auto at =
      std::find_if(b.counts.begin(), b.counts.end(), [&](const auto& c) { return c.packed == packed; });
  if (at == b.counts.end()) return false;
  if (--at->count == 0) b.counts.erase(at);
  return true;
}

using row = std::pair<position, std::uint64_t>;  // and its class

/// Makes the nodes over `rows` (in order, sharing the first `depth` digits).
void build(std::map<std::string, bucket_node>& into, local_id attribute, std::size_t threshold,
           std::size_t depth, std::span<const row> rows) {
  auto& node = into[archive_layout::node_key(attribute, depth, rows.front().first)];
  node.buckets.clear();
  while (!rows.empty()) {
    const auto digit = rows.front().first.digit(depth);
    const auto end =
        std::find_if(rows.begin(), rows.end(), [&](const row& r) { return r.first.digit(depth) != digit; });
    const auto below = rows.first(static_cast<std::size_t>(end - rows.begin()));
    auto& b = bucket_of(node, digit);
    for (const auto& r : below) add(b, r.second);
    b.split = below.size() > threshold && depth + 1 < position_digits;
    if (b.split) build(into, attribute, threshold, depth + 1, below);
    rows = rows.subspan(below.size());
  }
}

}  // namespace

struct editor::job {
  local_id attribute;
  source& stored;
  bool fresh;
  std::vector<change> changes;
  std::set<std::pair<std::size_t, position>> overfull;  // depth and prefix of the node to be made

  /// The postings of a range as they are after the changes.
  expected<std::vector<row>> rows(const position& first, const position& last) {
    std::map<std::pair<position, local_id>, std::uint64_t> found;
    if (!fresh) {
      auto seen = stored.postings(first, last, [&](const position& at, local_id event, std::uint64_t packed) {
        found.emplace(std::pair(at, event), packed);
        return true;
      });
      if (!seen) return fail(seen.error());
    }
    for (const auto& c : changes) {
      if (c.at < first || last < c.at) continue;
      if (c.after) {
        found.insert_or_assign(std::pair(c.at, c.event), *c.after);
      } else {
        found.erase(std::pair(c.at, c.event));
      }
    }
    std::vector<row> all;
    all.reserve(found.size());
    for (const auto& [where, packed] : found) all.emplace_back(where.first, packed);
    return all;
  }
};

expected<bucket_node*> editor::editable(job& j, std::size_t depth, const position& prefix) {
  auto key = archive_layout::node_key(j.attribute, depth, prefix);
  if (const auto found = changed_.find(key); found != changed_.end()) return &found->second;
  if (const auto* cached = nodes_.find(key)) return &changed_.emplace(std::move(key), *cached).first->second;
  if (j.fresh) return nullptr;
  auto stored = j.stored.node(depth, prefix);
  if (!stored) return fail(stored.error());
  if (!*stored) return nullptr;
  return &changed_.emplace(std::move(key), std::move(**stored)).first->second;
}

expected<bool> editor::has_tree(job& j) {
  if (changed_counts_.contains(j.attribute) || counts_.find(j.attribute)) return false;
  auto root = editable(j, 0, {});
  if (!root) return fail(root.error());
  return *root != nullptr;
}

expected<void> editor::grow_list(job& j) {
  std::size_t before = 0;
  if (const auto changed = changed_counts_.find(j.attribute); changed != changed_counts_.end()) {
    before = changed->second;
  } else if (const auto* known = counts_.find(j.attribute)) {
    before = *known;
  } else if (!j.fresh) {
    const auto [first, last] = archive_layout::positions_between(-std::numeric_limits<double>::infinity(),
                                                                 std::numeric_limits<double>::infinity());
    auto seen = j.stored.postings(
        first, last, [&](const position&, local_id, std::uint64_t) { return ++before <= threshold_; });
    if (!seen) return seen;
  }
  auto now = before;
  for (const auto& c : j.changes) now = now + (c.after ? 1 : 0) - (c.before ? 1 : 0);
  changed_counts_[j.attribute] = now;
  if (now <= threshold_) return {};
  position first, last;
  last.bytes.fill(0xff);
  auto rows = j.rows(first, last);
  if (!rows) return fail(rows.error());
  build(changed_, j.attribute, threshold_, 0, *rows);
  changed_counts_.erase(j.attribute);
  counts_.erase(j.attribute);
  return {};
}

expected<void> editor::descend(job& j, const change& c) {
  for (std::size_t depth = 0;; ++depth) {
    auto node = editable(j, depth, c.at);
    if (!node) return fail(node.error());
    if (!*node) return fail(failure::corrupt, "archive: a bucket of the index is missing");
    auto& b = bucket_of(**node, c.at.digit(depth));
    if (c.after) add(b, *c.after);
    if (c.before && !take(b, *c.before))
      return fail(failure::corrupt, "archive: a bucket of the index does not hold what its events say");
    const bool open = b.split;
    if (!open && depth + 1 < position_digits && b.total() > threshold_)
      j.overfull.emplace(depth + 1, cut(c.at, depth + 1, false));
    if (b.counts.empty()) std::erase_if((*node)->buckets, [](const bucket& x) { return x.counts.empty(); });
    if (!open) return {};
  }
}

expected<void> editor::split(job& j, std::size_t depth, const position& prefix) {
  auto rows = j.rows(prefix, cut(prefix, depth, true));
  if (!rows) return fail(rows.error());
  auto parent = editable(j, depth - 1, prefix);
  if (!parent) return fail(parent.error());
  if (!*parent || rows->size() <= threshold_) return {};
  bucket_of(**parent, prefix.digit(depth - 1)).split = true;
  build(changed_, j.attribute, threshold_, depth, *rows);
  return {};
}

expected<void> editor::apply(local_id attribute, source& stored, bool fresh, std::vector<change> changes) {
  job j{attribute, stored, fresh, std::move(changes), {}};
  std::stable_sort(j.changes.begin(), j.changes.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  auto tree = has_tree(j);
  if (!tree) return fail(tree.error());
  if (!*tree) return grow_list(j);
  for (const auto& c : j.changes) {
    if (auto done = descend(j, c); !done) return done;
  }
  for (const auto& [depth, prefix] : j.overfull) {
    if (auto done = split(j, depth, prefix); !done) return done;
  }
  return {};
}

void editor::settle(bool committed) {
  if (committed) {
    for (auto& [key, node] : changed_) {
      if (node.buckets.empty()) {
        nodes_.erase(key);
      } else {
        nodes_.put(key, std::move(node));
      }
    }
    for (const auto& [attribute, n] : changed_counts_) counts_.put(attribute, n);
  }
  changed_.clear();
  changed_counts_.clear();
}

}  // namespace cybexd::store::archive_tree
