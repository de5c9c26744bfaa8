#pragma once
// A bounded cache in one array: no allocation for each entry, one place to look. Internal to tahoe/store/.
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace cybexd::store {

/// Four slots for each residue of the key's hash; the oldest of the four goes first. `Key{}` means an empty
/// slot and cannot be kept. Not good for values that own memory.
template <class Key, class Value>
class slot_cache {
 public:
  /// The array grows to its full size at once.
  explicit slot_cache(std::size_t capacity) : sets_(capacity / ways + 1) {}

  void put(const Key& key, const Value& value) {
    if (key == Key{}) return;
    auto& set = set_of(key);
    for (auto& slot : set.slots) {
      if (slot.key == key) {
        slot.value = value;
        return;
      }
    }
    set.slots[set.next] = {key, value};
    set.next = static_cast<std::uint8_t>((set.next + 1) % ways);
  }

  /// Good until the next call.
  [[nodiscard]] const Value* find(const Key& key) const {
    for (const auto& slot : sets_[place_of(key)].slots) {
      if (slot.key == key && !(key == Key{})) return &slot.value;
    }
    return nullptr;
  }

  void erase(const Key& key) {
    for (auto& slot : set_of(key).slots) {
      if (slot.key == key) slot = {};
    }
  }

 private:
  static constexpr std::size_t ways = 4;
  struct slot {
    Key key{};
    Value value{};
  };
  struct set {
    std::array<slot, ways> slots{};
    std::uint8_t next = 0;
  };

  [[nodiscard]] std::size_t place_of(const Key& key) const {
    const auto mixed =
        std::uint64_t{std::hash<Key>{}(key)} * 0x9e3779b97f4a7c15u;  // numbers in a row spread, too
    return static_cast<std::size_t>((mixed >> 32) % sets_.size());
  }
  set& set_of(const Key& key) { return sets_[place_of(key)]; }

  std::vector<set> sets_;
};

}  // namespace cybexd::store
