#pragma once
// A bounded map that forgets what has not been asked for lately. Internal to tahoe/store/.
#include <cstddef>
#include <unordered_map>
#include <utility>

namespace cybexd::store {

/// Holds at least the `capacity` / 2 entries used last, at most `capacity`. When the young half is full it
/// becomes the old half, and the old half is dropped; what is found in the old half moves to the young one.
template <class Key, class Value>
class two_generations {
 public:
  explicit two_generations(std::size_t capacity) : half_(capacity / 2 + 1) {}

  void put(const Key& key, Value value) {
    if (young_.size() >= half_ && !young_.contains(key)) {
      old_ = std::move(young_);
      young_ = {};
    }
    young_.insert_or_assign(key, std::move(value));
  }

  /// Good until the next call.
  [[nodiscard]] const Value* find(const Key& key) {
    if (const auto found = young_.find(key); found != young_.end()) return &found->second;
    const auto found = old_.find(key);
    if (found == old_.end()) return nullptr;
    auto value = std::move(found->second);
    old_.erase(found);
    put(key, std::move(value));
    return &young_.at(key);
  }

  void erase(const Key& key) {
    young_.erase(key);
    old_.erase(key);
  }

  void clear() {
    young_.clear();
    old_.clear();
  }

 private:
  std::size_t half_;
  std::unordered_map<Key, Value> young_, old_;
};

}  // namespace cybexd::store
