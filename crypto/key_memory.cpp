#include <openssl/crypto.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "crypto/key_memory_internal.hpp"
#include "crypto/require_internal.hpp"

namespace cybexd::crypto {
namespace {

// A copy of a key for each of 256 workers, 2048 to 4096 bits, twice while the settings are read again (some
// 8, 13, 25 KiB a copy of 2048, 4096, 8192 bits). When it is full, memory is ordinary again.
constexpr std::size_t heap_size = 8 << 20;
constexpr std::size_t smallest_block = 32;

thread_local bool for_a_key = false;

void* from_secure_heap(std::size_t size, const char* file, int line) {
  const bool before = std::exchange(for_a_key, false);  // should the secure heap itself ask for memory
  void* const block = CRYPTO_secure_malloc(size, file, line);
  for_a_key = before;
  return block;
}

void* allocate(std::size_t size, const char* file, int line) {
  if (size == 0) return nullptr;
  if (for_a_key) {
    if (void* const block = from_secure_heap(size, file, line)) return block;
  }
  return std::malloc(size);
}

void release(void* block, const char* file, int line) {
  if (block != nullptr && CRYPTO_secure_allocated(block) != 0) {
    CRYPTO_secure_free(block, file, line);
  } else {
    std::free(block);
  }
}

void* resize(void* block, std::size_t size, const char* file, int line) {
  const bool secure = block != nullptr && CRYPTO_secure_allocated(block) != 0;
  if (!secure && !for_a_key) return std::realloc(block, size);
  if (size == 0) {
    release(block, file, line);
    return nullptr;
  }
  if (!secure) return block == nullptr ? allocate(size, file, line) : std::realloc(block, size);
  const std::size_t had = CRYPTO_secure_actual_size(block);
  if (size <= had) return block;
  void* const larger = from_secure_heap(size, file, line);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, had);
  CRYPTO_secure_free(block, file, line);
  return larger;
}

bool installed = false;

// OpenSSL takes other memory functions only before its first allocation, and a library that uses it (the
// MongoDB driver) may start it from a constructor of its own. The functions of this array run before those of
// all libraries. No sanitizer is there yet.
[[gnu::no_sanitize("address", "undefined")]] void install(int, char**, char**) {
  installed = CRYPTO_set_mem_functions(&allocate, &resize, &release) == 1;
}
[[gnu::section(".preinit_array"), gnu::used]] void (*const install_first)(int, char**, char**) = &install;

}  // namespace

key_memory::key_memory() : before_(for_a_key) {
  static const int ready =
      CRYPTO_secure_malloc_initialized() != 0 ? 1 : CRYPTO_secure_malloc_init(heap_size, smallest_block);
  require(installed, "CRYPTO_set_mem_functions");
  for_a_key = ready != 0;
}

key_memory::~key_memory() { for_a_key = before_; }

}  // namespace cybexd::crypto
