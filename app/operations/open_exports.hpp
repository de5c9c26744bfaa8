#pragma once
// Exports that are under way. Each reads its store in a thread of its own, at most a page ahead of who
// fetches.
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "crypto/error.hpp"
#include "tahoe/store/stores.hpp"
#include "tahoe/value.hpp"

namespace cybexd::app::operations {

/// What of which store. Passwords only with `secrets`.
struct export_choice {
  std::string store;  ///< archive, report or identity.
  std::optional<tahoe::itype> kind;
  std::string sub_type;  ///< Empty: any.
  bool secrets = false;
};

struct export_page {
  tahoe::array lines;  ///< May be empty: nothing was found yet.
  bool last = false;
};

struct export_times {
  std::chrono::milliseconds patience = std::chrono::minutes(2);  ///< With one who does not fetch.
  std::chrono::milliseconds page = std::chrono::seconds(5);  ///< A page that is not full by then goes out.
};

class export_run;

/// Thread safe.
class open_exports {
 public:
  explicit open_exports(export_times times = {}) : times_(times) {}
  open_exports(const open_exports&) = delete;
  open_exports& operator=(const open_exports&) = delete;
  ~open_exports();

  /// Begins one; answers its name. Errors: overloaded (eight are under way, and somebody fetches them),
  /// cancelled.
  [[nodiscard]] expected<std::string> begin(const store::stores& from, export_choice choice);
  /// The next page of one. After its last page, or an error, it is gone. Errors: not_found, those of the
  /// store, timed_out (nobody fetched it for too long), cancelled.
  [[nodiscard]] expected<export_page> next(const std::string& name);
  /// Ends all of them early, and lets none begin any more.
  void cancel();

 private:
  const export_times times_;
  std::mutex mutex_;
  bool cancelled_ = false;
  std::map<std::string, std::shared_ptr<export_run>> runs_;
};

}  // namespace cybexd::app::operations
