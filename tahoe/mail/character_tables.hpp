#pragma once
// Where Python's tables of characters and those of the C library's iconv differ. Python's hold, since the
// original reads mail with them.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cybexd::tahoe::mail {

constexpr char16_t no_character = 0xfffd;

/// The characters of the bytes 0x80 to 0xff of a set that iconv does not have; the bytes below are ASCII.
/// Empty for any other set.
[[nodiscard]] std::u16string_view upper_half_of(std::string_view set);

/// Python's character where iconv has another one or none, `no_character` where only iconv has one; nothing
/// where the two agree. `code` is the character's bytes, the first one highest.
[[nodiscard]] std::optional<char16_t> different_character(std::string_view set, std::uint32_t code);

}  // namespace cybexd::tahoe::mail
