#include "crypto/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <string_view>

#include "crypto/require_internal.hpp"
#include "crypto/secret.hpp"

namespace cybexd::crypto {

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    const auto got = getrandom(bytes.data() + have, count - have, 0);
    require(got > 0 || (got < 0 && errno == EINTR), "getrandom");
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::string random_word(std::size_t length) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::size_t fair = 256 / letters.size() * letters.size();  // bytes from here on would favour some
  std::string word;
  word.reserve(length);
  while (word.size() < length) {
    auto bytes = random_bytes(length - word.size() + 8);
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < fair && word.size() < length) word.push_back(letters[byte % letters.size()]);
    }
    wipe(bytes);
  }
  return word;
}

}  // namespace cybexd::crypto
