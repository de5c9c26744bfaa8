#pragma once
// Sentences for the operator that a store has to say outside of an answer: indexes it made, traces of other
// programs it met.
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace cybexd::store {

/// Thread safe. What is said before anybody listens is kept, the newest hundred sentences.
class notices {
 public:
  using listener = std::function<void(const std::string& sentence)>;

  void say(const std::string& sentence) {
    listener told;
    {
      const std::scoped_lock lock(mutex_);
      if (!listener_) {
        kept_.push_back(sentence);
        if (kept_.size() > most_kept) kept_.pop_front();
        return;
      }
      told = listener_;
    }
    told(sentence);
  }

  /// The same for what may be met again and again: a sentence is said once, and of many the first thousand.
  void say_once(const std::string& sentence) {
    {
      const std::scoped_lock lock(mutex_);
      if (said_.size() >= most_remembered || !said_.insert(sentence).second) return;
    }
    say(sentence);
  }

  /// Gets what was kept, then every sentence when it is said, on the thread that says it.
  void listen(listener to) {
    std::deque<std::string> kept;
    {
      const std::scoped_lock lock(mutex_);
      listener_ = to;
      kept.swap(kept_);
    }
    if (!to) return;
    for (const auto& sentence : kept) to(sentence);
  }

 private:
  static constexpr std::size_t most_kept = 100, most_remembered = 1000;
  std::mutex mutex_;
  listener listener_;
  std::deque<std::string> kept_;
  std::set<std::string> said_;
};

}  // namespace cybexd::store
