#pragma once
// The write of the archive line: documents and the marks of their lake entries, so that a crash loses and
// doubles nothing.
#include <memory>
#include <vector>

#include "tahoe/store/archive_store.hpp"
#include "tahoe/store/cache_lake.hpp"

namespace cybexd::store {

/// One lake entry, or a part of one with many lines.
struct entry_work {
  std::vector<record_write> records;  ///< The good records of this part.
  /// Id, state, reason, all bad lines so far with `set_aside` counted; `archived`, `known` and refs of
  /// earlier parts. The commit adds the `archived`, `known` and refs of this part's records.
  entry_mark mark;
  bool last = true;  ///< False: further parts follow, so the entry is not marked yet.
};

/// Errors: unavailable (nothing was marked; what was written is written again harmlessly).
class committer {
 public:
  virtual ~committer() = default;
  /// Documents are durable before any entry is marked. Returns the marks with this part's counts and refs
  /// added, in order.
  [[nodiscard]] virtual expected<std::vector<entry_mark>> commit(std::vector<entry_work> batch) = 0;
};

/// For an archive and a lake that live apart: documents first, then marks.
[[nodiscard]] std::unique_ptr<committer> make_committer(std::shared_ptr<archive_store> archive,
                                                        std::shared_ptr<cache_lake> lake);

}  // namespace cybexd::store
