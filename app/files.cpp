#include "app/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace cybexd::app {
namespace {

error system_error(failure kind, const std::string& path, std::string_view what) {
  return {kind, path + " " + std::string(what) + ": " + system_text(errno)};
}

expected<void> write_and_sync(int file, std::string_view bytes, const std::string& path) {
  if (auto written = write_all(file, bytes, path); !written) return written;
  if (::fsync(file) != 0) return fail(system_error(failure::unavailable, path, "cannot be made durable"));
  return {};
}

void sync_folder_of(const std::string& path) {
  const descriptor folder(
      ::open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) ::fsync(folder.get());
}

}  // namespace

std::string system_text(int number) { return std::generic_category().message(number); }

descriptor& descriptor::operator=(descriptor&& other) noexcept {
  if (this != &other) {
    if (number_ >= 0) ::close(number_);
    number_ = other.number_;
    other.number_ = -1;
  }
  return *this;
}

descriptor::~descriptor() {
  if (number_ >= 0) ::close(number_);
}

expected<std::string> read_all(int descriptor, std::size_t limit, std::string_view name) {
  std::string bytes;
  constexpr std::size_t step = 1u << 16;
  while (true) {
    const auto have = bytes.size();
    bytes.resize(have + step);
    const auto got = ::read(descriptor, bytes.data() + have, step);
    if (got < 0 && errno == EINTR) {
      bytes.resize(have);
      continue;
    }
    if (got < 0) return fail(system_error(failure::unavailable, std::string(name), "cannot be read"));
    bytes.resize(have + static_cast<std::size_t>(got));
    if (bytes.size() > limit) {
      return fail(failure::too_large,
                  std::string(name) + " is larger than " + std::to_string(limit) + " bytes");
    }
    if (got == 0) return bytes;
  }
}

expected<void> write_all(int descriptor, std::string_view bytes, std::string_view name) {
  while (!bytes.empty()) {
    const auto put = ::write(descriptor, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail(system_error(failure::unavailable, std::string(name), "cannot be written"));
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

expected<std::string> read_file(const std::string& path, std::size_t limit) {
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file)
    return fail(
        system_error(errno == ENOENT ? failure::not_found : failure::unavailable, path, "cannot be opened"));
  return read_all(file.get(), limit, path);
}

expected<crypto::secret> read_secret_file(const std::string& path, bool private_only) {
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file)
    return fail(
        system_error(errno == ENOENT ? failure::not_found : failure::unavailable, path, "cannot be opened"));
  struct stat about {};
  if (::fstat(file.get(), &about) != 0)
    return fail(system_error(failure::unavailable, path, "cannot be looked at"));
  if (private_only && (about.st_mode & 077) != 0) {
    return fail(failure::not_allowed,
                path + " can be read by others: set its mode with `chmod 600 " + path + "`");
  }
  constexpr std::size_t longest = 64u << 10;
  auto bytes = read_all(file.get(), longest, path);
  if (!bytes) return fail(bytes.error());
  std::string_view text = *bytes;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  crypto::secret kept(text);
  crypto::wipe(*bytes);
  return kept;
}

expected<void> write_new_file(const std::string& path, std::string_view bytes, unsigned mode) {
  const descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode)));
  if (!file && errno == EEXIST)
    return fail(failure::conflict, path + " is there already; move it away first");
  if (!file) return fail(system_error(failure::unavailable, path, "cannot be made"));
  auto written = write_and_sync(file.get(), bytes, path);
  if (written) sync_folder_of(path);
  return written;
}

expected<void> replace_file(const std::string& path, std::string_view bytes, unsigned mode) {
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());
  if (auto written = write_new_file(draft, bytes, mode); !written) return written;
  return rename_file(draft, path);
}

expected<void> rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return fail(system_error(failure::unavailable, to, "cannot be replaced"));
  sync_folder_of(to);
  return {};
}

expected<void> make_folder(const std::string& path) {
  std::error_code problem;
  const bool there = std::filesystem::is_directory(path, problem);
  if (there) return {};
  std::filesystem::create_directories(path, problem);
  if (problem) return fail(failure::unavailable, path + " cannot be made: " + problem.message());
  std::filesystem::permissions(path, std::filesystem::perms::owner_all, problem);
  if (problem) return fail(failure::unavailable, path + ": its mode cannot be set: " + problem.message());
  return {};
}

bool line_reader::fill() {
  if (ended_) return false;
  if (at_ > 0) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  constexpr std::size_t step = 1u << 16;
  const auto have = buffer_.size();
  buffer_.resize(have + step);
  ssize_t got = 0;
  do got = ::read(descriptor_, buffer_.data() + have, step);
  while (got < 0 && errno == EINTR);
  buffer_.resize(have + static_cast<std::size_t>(got > 0 ? got : 0));
  if (got < 0) broken_ = true;
  if (got <= 0) ended_ = true;
  return got > 0;
}

line_reader::outcome line_reader::next(std::string& line) {
  std::size_t searched = 0;
  bool skipping = false;
  while (true) {
    const auto end = buffer_.find('\n', at_ + searched);
    if (end != std::string::npos) {
      const auto length = end - at_;
      const bool fits = !skipping && length <= limit_;
      if (fits) line.assign(buffer_, at_, length);
      at_ = end + 1;
      return fits ? outcome::line : outcome::too_long;
    }
    searched = buffer_.size() - at_;
    if (searched > limit_) {
      skipping = true;
      at_ = buffer_.size();
      searched = 0;
    }
    if (!fill()) break;
  }
  if (broken_) return outcome::broken;
  if (skipping) {
    at_ = buffer_.size();
    return outcome::too_long;
  }
  if (at_ == buffer_.size()) return outcome::end;
  line.assign(buffer_, at_, std::string::npos);
  at_ = buffer_.size();
  return outcome::line;
}

}  // namespace cybexd::app
