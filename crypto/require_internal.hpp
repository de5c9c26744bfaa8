#pragma once
// For calls into the libraries that fail only where memory is gone or the library is broken: there is no way
// on.
#include <cstdio>
#include <cstdlib>

namespace cybexd::crypto {

/// Ends the process, naming the call, when `holds` is false. `call` never tells anything of the data.
inline void require(bool holds, const char* call) {
  if (holds) return;
  std::fprintf(stderr, "cybexd: the cryptographic library failed in %s\n", call);
  std::abort();
}

}  // namespace cybexd::crypto
