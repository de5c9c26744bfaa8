#pragma once
// What a running server's actors wait for before they can serve.
#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace cybexd::actors {

/// Thread safe. What stores are waited for is told to the log, once for each outage however many parts find
/// it out, and so is that it is over.
class readiness {
 public:
  using clock = std::chrono::steady_clock;
  enum class part : std::uint8_t {
    whole,
    intake,
    line,
    queries,
    cache,
    archive,
    report,
    identity,
    databases
  };

  /// Empty: it can serve. What several parts wait for is joined by "; ".
  [[nodiscard]] std::string waits_for(clock::time_point now = clock::now()) const;
  /// What one part waits for.
  [[nodiscard]] std::string waits_for(part of, clock::time_point now = clock::now()) const;
  /// Empty: the part waits for nothing. What holds from a later time on is not told before that.
  void set(part of, std::string what, clock::time_point from = clock::time_point::min());
  /// The actors have ended, the supervisor too: they can be started anew, and serve nobody until then.
  void end();
  [[nodiscard]] bool ended() const;

 private:
  struct told {
    std::string what;
    clock::time_point from = clock::time_point::min();
    std::optional<part> outage = std::nullopt;  ///< By whom the outage was told that this is a part of.
  };
  [[nodiscard]] std::string begun(part of);
  [[nodiscard]] std::string over(part of);
  mutable std::mutex guard_;
  std::array<told, 9> parts_{told{"the actors to start"}};
  std::array<std::string, 9> outages_;  ///< What was told of each.
  bool ended_ = false;
};

}  // namespace cybexd::actors
