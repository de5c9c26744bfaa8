#pragma once
// Keeps what OpenSSL stores of a private key out of core dumps.

namespace cybexd::crypto {

/// While it lives, this thread's allocations inside OpenSSL come from its secure heap: locked in memory, not
/// dumped, wiped when freed. OpenSSL itself puts only the numbers of a key there, not the copies of the
/// primes that it keeps for fast arithmetic. To be held while a private key is read or copied, and while it
/// or its copy is used for the first time, when these are made. One may be held within another.
class key_memory {
 public:
  key_memory();
  ~key_memory();
  key_memory(const key_memory&) = delete;
  key_memory& operator=(const key_memory&) = delete;

 private:
  bool before_;
};

}  // namespace cybexd::crypto
