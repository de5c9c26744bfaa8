#pragma once
// Files as the server and its commands read and write them: whole, bounded, with the mode they are meant to
// have.
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "crypto/error.hpp"
#include "crypto/secret.hpp"

namespace cybexd::app {

/// The whole file. Errors: not_found, unavailable, too_large, each naming the path.
[[nodiscard]] expected<std::string> read_file(const std::string& path, std::size_t limit);

/// A secret from a file, without the line break at its end. Refuses (not_allowed, naming the mode to set) a
/// file that group or others can read when `private_only`.
[[nodiscard]] expected<crypto::secret> read_secret_file(const std::string& path, bool private_only);

/// Makes a new file, durable on return. Errors: conflict when there is one already; unavailable.
[[nodiscard]] expected<void> write_new_file(const std::string& path, std::string_view bytes, unsigned mode);

/// Replaces or makes a file in one step: a reader sees the old one or the new one, whole.
[[nodiscard]] expected<void> replace_file(const std::string& path, std::string_view bytes, unsigned mode);

/// Gives a file another name in the same folder, in one step, durable on return; takes the place of one that
/// has it. Errors: unavailable.
[[nodiscard]] expected<void> rename_file(const std::string& from, const std::string& to);

/// Makes a folder (mode 0700) and those above it, where they are missing.
[[nodiscard]] expected<void> make_folder(const std::string& path);

/// The text of the last system error: "No such file or directory".
[[nodiscard]] std::string system_text(int number);

/// Reads lines that end at `\n` and nothing else from a file descriptor, each at most `limit` bytes.
class line_reader {
 public:
  line_reader(int descriptor, std::size_t limit) : descriptor_(descriptor), limit_(limit) {}
  enum class outcome { line, too_long, end, broken };
  /// `too_long`: the line was skipped. The text at the end without a line break is a line when it is not
  /// empty.
  [[nodiscard]] outcome next(std::string& line);

 private:
  bool fill();

  int descriptor_;
  std::size_t limit_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool ended_ = false, broken_ = false;
};

/// All of a file descriptor. Errors: too_large, unavailable.
[[nodiscard]] expected<std::string> read_all(int descriptor, std::size_t limit, std::string_view name);
[[nodiscard]] expected<void> write_all(int descriptor, std::string_view bytes, std::string_view name);

/// Closes a file descriptor at its end.
class descriptor {
 public:
  explicit descriptor(int number = -1) : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  descriptor& operator=(descriptor&& other) noexcept;
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor();
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

}  // namespace cybexd::app
