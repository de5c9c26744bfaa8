#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "crypto/read_file_internal.hpp"

namespace cybexd::crypto {
namespace {

class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (number_ >= 0) close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

tl::unexpected<error> system_failure(const std::string& path, int code) {
  const auto kind = code == ENOENT || code == ENOTDIR ? failure::not_found
                    : code == EACCES || code == EPERM ? failure::not_allowed
                                                      : failure::unavailable;
  return fail(kind, "Cannot read " + path + ": " + std::strerror(code) + ".");
}

}  // namespace

expected<secret> read_file(const std::string& path, std::size_t most, file_kind kind) {
  // Without O_NONBLOCK a named pipe at this path would hold the start for ever.
  const descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) return system_failure(path, errno);
  struct stat about {};
  if (fstat(file.number(), &about) != 0) return system_failure(path, errno);
  if (!S_ISREG(about.st_mode)) return fail(failure::bad_input, path + " is not a regular file.");
  if (kind == file_kind::secret && (about.st_mode & 077) != 0) {
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", static_cast<unsigned>(about.st_mode & 07777));
    return fail(failure::not_allowed, path + " has mode " + mode.data() +
                                          ": group or others can get at it. Set mode 0600 (chmod 600 " +
                                          path + ").");
  }
  if (static_cast<std::size_t>(about.st_size) > most) {
    return fail(failure::bad_input, path + " is longer than " + std::to_string(most) + " bytes.");
  }
  secret bytes(static_cast<std::size_t>(about.st_size));
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto got = read(file.number(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(path, errno);
    if (got == 0) return fail(failure::unavailable, path + " became shorter while it was read.");
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace cybexd::crypto
