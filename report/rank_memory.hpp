#pragma once
// What ranks over a whole archive keep from one report to the next: the graph of those who see the same, and
// of it the sums that do not depend on whose rank is asked.
#include <cstddef>
#include <functional>
#include <memory>

#include "crypto/error.hpp"
#include "report/go_on.hpp"
#include "tahoe/store/archive_store.hpp"

namespace cybexd::report {

class whole_graph;

/// Of one archive. An answer is always that of its own view: what was kept of an earlier one serves only
/// where the view says that nothing has changed in between. Thread safe; one report at a time works on whole
/// graphs, so that they never take more than `most_bytes` together.
class rank_memory {
 public:
  explicit rank_memory(std::size_t most_bytes = std::size_t{1} << 30);
  rank_memory(const rank_memory&) = delete;
  rank_memory& operator=(const rank_memory&) = delete;
  ~rank_memory();

  /// Calls `use` with the graph of all that `who` may see. Waits for its turn as long as `keep_going` lets
  /// it. Errors: too_large, those of the view, of `keep_going` and of `use`.
  [[nodiscard]] expected<void> with_graph(const store::visibility& who, store::archive_view& view,
                                          const go_on& keep_going,
                                          const std::function<expected<void>(whole_graph&)>& use);

  /// How often a graph was read, and how often one that was kept served.
  struct uses {
    std::uint64_t read = 0, kept = 0;
  };
  [[nodiscard]] uses counted() const;
  /// What is kept now takes about so many bytes.
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace cybexd::report
