#pragma once
#include <cstddef>
#include <string>

namespace cybexd::crypto {

/// Bytes from the system's generator, fit for keys. Ends the process if the system has none: there is no safe
/// way on.
[[nodiscard]] std::string random_bytes(std::size_t count);

/// A string of `length` characters from [A-Za-z0-9], uniform, fit for generated passwords and token ids.
[[nodiscard]] std::string random_word(std::size_t length);

}  // namespace cybexd::crypto
