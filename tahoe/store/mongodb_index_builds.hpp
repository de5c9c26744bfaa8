#pragma once
// Index builds, which may take hours: far longer than the database may be silent. Internal to tahoe/store/.
//
// How a build ends is told only to whoever has waited for it, and that there are doubles is told at its end.
// Who asks again for one that has failed begins another. So a thread of its own waits, on a connection of its
// own, while the store looks now and then whether it has heard.
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "tahoe/store/mongodb_bson.hpp"

namespace cybexd::store {

/// Names of the indexes that are being built, as the answer to `collStats` says, a router's too.
[[nodiscard]] std::set<std::string> built_now(const bson_view& statistics);

struct index_answer {
  expected<bson> answer;
  std::int32_t code = 0;  ///< The server's own, where it refused.
};

/// Thread safe. Indexes go by a name of the caller's, such as "host db.collection index".
class index_builds : public std::enable_shared_from_this<index_builds> {
 public:
  /// Those of this process.
  [[nodiscard]] static const std::shared_ptr<index_builds>& all();

  /// Nothing if no answer comes in `wait`; then whoever asks next for the same index waits for the same
  /// answer, and `ask` is not called. `ask` must end by itself. Errors (as an answer): unavailable.
  [[nodiscard]] std::optional<index_answer> wait_for(const std::string& index,
                                                     const std::function<index_answer()>& ask,
                                                     std::chrono::milliseconds wait);

  /// One that took longer than an answer may, or a unique one that doubles forbid, is so until we end.
  void note_slow(const std::string& index);
  void note_doubles(const std::string& index);
  [[nodiscard]] bool is_slow(const std::string& index) const;
  [[nodiscard]] bool has_doubles(const std::string& index) const;

 private:
  using pending = std::optional<index_answer>;
  [[nodiscard]] bool begin(const std::shared_ptr<pending>& of, const std::function<index_answer()>& ask);

  mutable std::mutex mutex_;
  std::condition_variable answered_;
  std::map<std::string, std::shared_ptr<pending>> asked_;  ///< As many as there are indexes, like the others.
  std::set<std::string> slow_, doubles_;
};

}  // namespace cybexd::store
