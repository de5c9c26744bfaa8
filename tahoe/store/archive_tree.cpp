#include "tahoe/store/archive_tree.hpp"

#include <algorithm>

namespace cybexd::store::archive_tree {

namespace {

using archive_layout::bucket;
using archive_layout::event_class;

/// The prefix with one digit more, the rest filled with zeros or ones.
position extended(const position& prefix, std::size_t depth, std::uint8_t digit, bool ones) {
  position p = prefix;
  const std::size_t at = depth / 2;
  const auto rest = static_cast<std::uint8_t>(ones ? 0xff : 0);
  if (depth % 2 == 0) {
    p.bytes[at] = static_cast<std::uint8_t>(digit << 4 | (rest & 15));
  } else {
    p.bytes[at] = static_cast<std::uint8_t>((p.bytes[at] & 0xf0) | digit);
  }
  std::fill(p.bytes.begin() + static_cast<std::ptrdiff_t>(at) + 1, p.bytes.end(), rest);
  return p;
}

/// What a walk over a range meets.
class sink {
 public:
  virtual ~sink() = default;
  /// A bucket that lies wholly in the range: true when it need not be opened.
  virtual bool whole(const bucket& b) = 0;
  virtual bool posting(const position& at, local_id event, std::uint64_t packed) = 0;
  /// After the last posting of a bucket.
  virtual expected<void> pause() = 0;
  [[nodiscard]] virtual bool done() const = 0;
};

class walker {
 public:
  walker(source& from, const position& first, const position& last, const class_filter& filter, sink& into)
      : from_(from), first_(first), last_(last), filter_(filter), into_(into) {}

  expected<void> run() {
    if (last_ < first_) return {};
    auto root = from_.node(0, {});
    if (!root) return fail(root.error());
    return *root ? open(**root, 0, {}) : leaf(first_, last_);
  }

 private:
  expected<void> leaf(const position& first, const position& last) {
    const auto visit = [&](const position& at, local_id event, std::uint64_t packed) {
      return !filter_.passes(packed) || into_.posting(at, event, packed);
    };
    if (auto seen = from_.postings(first, last, visit); !seen) return seen;
    return into_.pause();
  }

  expected<void> open(const bucket_node& node, std::size_t depth, const position& prefix) {
    for (const auto& b : node.buckets) {
      const auto low = extended(prefix, depth, b.digit, false), high = extended(prefix, depth, b.digit, true);
      if (high < first_) continue;
      if (last_ < low || into_.done()) break;
      if (filter_.passing(b) == 0) continue;
      if (low >= first_ && high <= last_ && into_.whole(b)) continue;
      if (auto seen = b.split ? deeper(depth + 1, low) : leaf(std::max(low, first_), std::min(high, last_));
          !seen) {
        return seen;
      }
    }
    return {};
  }

  expected<void> deeper(std::size_t depth, const position& prefix) {
    auto node = from_.node(depth, prefix);
    if (!node) return fail(node.error());
    if (!*node) return fail(failure::corrupt, "archive: a bucket of the index is missing");
    return open(**node, depth, prefix);
  }

  source& from_;
  position first_, last_;
  const class_filter& filter_;
  sink& into_;
};

class counting : public sink {
 public:
  explicit counting(const class_filter& filter) : filter_(filter) {}
  bool whole(const bucket& b) override {
    sum_ += filter_.passing(b);
    return true;
  }
  bool posting(const position&, local_id, std::uint64_t) override { return ++sum_ > 0; }
  expected<void> pause() override { return {}; }
  bool done() const override { return false; }
  std::uint64_t sum() const { return sum_; }

 private:
  const class_filter& filter_;
  std::uint64_t sum_ = 0;
};

/// Postings come in order but for those of one position (same time, same first bytes of the hash), which are
/// put in the order of their full hashes here. A position never spans two buckets.
class paging : public sink {
 public:
  paging(const class_filter& filter, std::uint64_t offset, std::size_t limit,
         const std::function<expected<hash256>(local_id)>& hash_of)
      : filter_(filter), offset_(offset), limit_(limit), hash_of_(hash_of) {}

  bool whole(const bucket& b) override {
    const auto n = filter_.passing(b);
    if (n > offset_) return false;
    offset_ -= n;
    return true;
  }

  bool posting(const position& at, local_id event, std::uint64_t) override {
    if (!same_.empty() && same_.front().at != at) trouble_ = flush();
    if (!trouble_ || done()) return false;
    same_.push_back({at, event, {}});
    return true;
  }

  expected<void> pause() override {
    if (!trouble_) return trouble_;
    return flush();
  }

  bool done() const override { return found_.size() >= limit_; }
  std::vector<page_entry> take() { return std::move(found_); }

 private:
  expected<void> flush() {
    auto group = std::move(same_);
    same_.clear();
    if (offset_ >= group.size()) {
      offset_ -= group.size();
      return {};
    }
    for (auto& entry : group) {
      auto hash = hash_of_(entry.event);
      if (!hash) return fail(hash.error());
      entry.hash = *hash;
    }
    std::sort(group.begin(), group.end(), [](const auto& a, const auto& b) { return a.hash < b.hash; });
    for (std::size_t i = offset_; i < group.size() && !done(); ++i) found_.push_back(group[i]);
    offset_ = 0;
    return {};
  }

  const class_filter& filter_;
  std::uint64_t offset_;
  std::size_t limit_;
  const std::function<expected<hash256>(local_id)>& hash_of_;
  std::vector<page_entry> same_, found_;
  expected<void> trouble_;
};

}  // namespace

std::pair<position, position> bounds(const position& prefix, std::size_t depth, std::uint8_t digit) {
  return {extended(prefix, depth, digit, false), extended(prefix, depth, digit, true)};
}

class_filter::class_filter(bool everything, std::vector<std::uint64_t> orgs,
                           std::optional<tahoe::category> category, context_filter context)
    : everything_(everything), orgs_(std::move(orgs)), category_(category), context_(context) {
  std::sort(orgs_.begin(), orgs_.end());
}

bool class_filter::visible(std::uint64_t org) const {
  return everything_ || std::binary_search(orgs_.begin(), orgs_.end(), org);
}

bool class_filter::passes(std::uint64_t packed_class) const {
  const auto c = event_class::unpack(packed_class);
  if (category_ && c.category != static_cast<std::uint8_t>(*category_)) return false;
  switch (context_) {
    case context_filter::all:
      break;
    case context_filter::unknown:
      if (c.context != 0) return false;
      break;
    case context_filter::benign:
      if (c.context != 1) return false;
      break;
    case context_filter::malicious:
      if (c.context != 2) return false;
      break;
  }
  return visible(c.org);
}

std::uint64_t class_filter::passing(const bucket& b) const {
  std::uint64_t sum = 0;
  for (const auto& c : b.counts) {
    if (passes(c.packed)) sum += c.count;
  }
  return sum;
}

expected<std::uint64_t> count(source& from, const position& first, const position& last,
                              const class_filter& filter) {
  counting into(filter);
  if (auto walked = walker(from, first, last, filter, into).run(); !walked) return fail(walked.error());
  return into.sum();
}

expected<std::vector<page_entry>> page(source& from, const position& first, const position& last,
                                       const class_filter& filter, std::uint64_t offset, std::size_t limit,
                                       const std::function<expected<hash256>(local_id)>& hash_of) {
  paging into(filter, offset, limit, hash_of);
  if (limit == 0) return into.take();
  if (auto walked = walker(from, first, last, filter, into).run(); !walked) return fail(walked.error());
  return into.take();
}

}  // namespace cybexd::store::archive_tree
