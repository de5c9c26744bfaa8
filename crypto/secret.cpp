#include "crypto/secret.hpp"

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace cybexd::crypto {
namespace {

std::size_t block_size(std::size_t size) {
  static const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  if (size > std::numeric_limits<std::size_t>::max() - page) throw std::bad_alloc();
  return (size + page - 1) / page * page;
}

}  // namespace

secret::secret(std::size_t size) : size_(size) {
  if (size == 0) return;
  const std::size_t length = block_size(size);
  void* block = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();
  madvise(block, length, MADV_DONTDUMP);
  // Out of the swap as well where the limits of the process allow it; without it the block is still of use.
  (void)mlock(block, length);
  data_ = static_cast<std::uint8_t*>(block);
}

secret::secret(std::string_view bytes) : secret(bytes.size()) {
  if (!bytes.empty()) std::memcpy(data_, bytes.data(), bytes.size());
}

secret::secret(secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

secret& secret::operator=(secret&& other) noexcept {
  secret taken(std::move(other));
  std::swap(data_, taken.data_);
  std::swap(size_, taken.size_);
  return *this;
}

secret::~secret() {
  if (data_ == nullptr) return;
  wipe(data_, size_);
  munmap(data_, block_size(size_));
}

void wipe(void* data, std::size_t size) noexcept {
  if (size != 0) OPENSSL_cleanse(data, size);
}

void wipe(std::string& text) noexcept {
  // Up to the capacity: a string that was longer before left its end there.
  text.resize(text.capacity());
  wipe(text.data(), text.size());
  text.clear();
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace cybexd::crypto
