#pragma once
// The characters of one charset, one by one.
#include <array>
#include <bitset>
#include <string>
#include <string_view>
#include <vector>

namespace cybexd::tahoe::mail {

/// What single sequences of bytes mean, with Python's tables: those of the C library's iconv, and where they
/// differ, tables of ours. Not for charsets in which a sequence means something else after another one. Opens
/// iconv's tables; used by one thread.
class character_set {
 public:
  /// `name` is a Python codec's that has a row here, or iconv's name.
  explicit character_set(std::string_view name);
  ~character_set();
  character_set(const character_set&) = delete;
  character_set& operator=(const character_set&) = delete;

  /// False where iconv's tables are not installed. Nothing is found then.
  [[nodiscard]] bool usable() const { return !upper_half_.empty() || !tables_.empty(); }

  /// The character that these bytes, all of them, are, as UTF-8 (some are two code points); empty if they are
  /// none.
  [[nodiscard]] std::string find(std::string_view bytes);

 private:
  [[nodiscard]] std::string look_up(std::string_view bytes) const;

  std::string_view name_;
  std::u16string_view upper_half_;  // of a charset that iconv does not have
  unsigned first_lead_ = 0;         // of characters of several bytes
  bool single_shifts_ = false;
  std::vector<void*> tables_;           // iconv's; the second where the first has no character
  std::array<std::string, 256> known_;  // of one byte, once they were looked up
  std::bitset<256> is_known_;
};

}  // namespace cybexd::tahoe::mail
