#include "tahoe/store/rocksdb_disk.hpp"

#include <fcntl.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace cybexd::store {
namespace {

using rocksdb::FileOptions;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

/// RocksDB knows ENOSPC; the system's text is all that is left of the other two.
IOStatus as_full(IOStatus status) {
  static const std::string too_large = std::error_code(EFBIG, std::generic_category()).message();
  static const std::string quota = std::error_code(EDQUOT, std::generic_category()).message();
  if (!status.IsIOError() || status.IsNoSpace()) return status;
  const auto text = status.ToString();
  if (text.find(too_large) == std::string::npos && text.find(quota) == std::string::npos) return status;
  auto full = IOStatus::NoSpace(text);
  full.SetRetryable(true);
  return full;
}

class growing_file final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& o, IODebugContext* d) override {
    return as_full(FSWritableFileOwnerWrapper::Append(data, o, d));
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& o, const rocksdb::DataVerificationInfo& v,
                  IODebugContext* d) override {
    return as_full(FSWritableFileOwnerWrapper::Append(data, o, v, d));
  }
  IOStatus Truncate(uint64_t size, const IOOptions& o, IODebugContext* d) override {
    return as_full(FSWritableFileOwnerWrapper::Truncate(size, o, d));
  }
  IOStatus Close(const IOOptions& o, IODebugContext* d) override {
    return as_full(FSWritableFileOwnerWrapper::Close(o, d));
  }
  IOStatus Flush(const IOOptions& o, IODebugContext* d) override {
    return as_full(FSWritableFileOwnerWrapper::Flush(o, d));
  }
  IOStatus Sync(const IOOptions& o, IODebugContext* d) override {
    return as_full(FSWritableFileOwnerWrapper::Sync(o, d));
  }
  IOStatus Fsync(const IOOptions& o, IODebugContext* d) override {
    return as_full(FSWritableFileOwnerWrapper::Fsync(o, d));
  }
  IOStatus RangeSync(uint64_t offset, uint64_t bytes, const IOOptions& o, IODebugContext* d) override {
    return as_full(FSWritableFileOwnerWrapper::RangeSync(offset, bytes, o, d));
  }
  IOStatus Allocate(uint64_t offset, uint64_t bytes, const IOOptions& o, IODebugContext* d) override {
    return as_full(FSWritableFileOwnerWrapper::Allocate(offset, bytes, o, d));
  }
};

class filling_disk final : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "cybexd.disk"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& o,
                           std::unique_ptr<FSWritableFile>* file, IODebugContext* d) override {
    return wrapped(FileSystemWrapper::NewWritableFile(name, o, file, d), file);
  }
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& o,
                              std::unique_ptr<FSWritableFile>* file, IODebugContext* d) override {
    return wrapped(FileSystemWrapper::ReopenWritableFile(name, o, file, d), file);
  }
  IOStatus ReuseWritableFile(const std::string& name, const std::string& old, const FileOptions& o,
                             std::unique_ptr<FSWritableFile>* file, IODebugContext* d) override {
    return wrapped(FileSystemWrapper::ReuseWritableFile(name, old, o, file, d), file);
  }

 private:
  static IOStatus wrapped(IOStatus status, std::unique_ptr<FSWritableFile>* file) {
    if (status.ok()) *file = std::make_unique<growing_file>(std::move(*file));
    return as_full(std::move(status));
  }
};

/// Makes what a directory names durable, as far as its file system and our rights allow: else a power failure
/// may take what is new there, with all that is in it.
void sync_directory(const std::filesystem::path& directory) {
  const int folder = ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  (void)::fsync(folder);
  ::close(folder);
}

}  // namespace

expected<void> make_directory(const std::string& directory) {
  std::error_code trouble;
  if (std::filesystem::is_directory(directory, trouble)) return {};
  const auto parent = std::filesystem::path(directory).parent_path();
  std::vector<std::filesystem::path> name_a_new_one{parent};
  for (auto p = parent; !p.empty() && !std::filesystem::exists(p, trouble); p = p.parent_path())
    name_a_new_one.push_back(p.parent_path());
  if (!parent.empty()) std::filesystem::create_directories(parent, trouble);
  if (::mkdir(directory.c_str(), 0700) != 0)
    return fail(failure::unavailable, "store " + directory + ": cannot be made: " +
                                          std::error_code(errno, std::generic_category()).message());
  for (const auto& p : name_a_new_one) sync_directory(p);
  return {};
}

std::unique_ptr<rocksdb::Env> disk_that_may_fill(std::shared_ptr<rocksdb::FileSystem> below) {
  return rocksdb::NewCompositeEnv(std::make_shared<filling_disk>(std::move(below)));
}

rocksdb::Env* own_disk() {
  static const std::unique_ptr<rocksdb::Env> env = disk_that_may_fill(rocksdb::FileSystem::Default());
  return env.get();
}

known_directory::known_directory(std::string path) : path_(std::move(path)) {
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0) return;
  device_ = found.st_dev;
  number_ = found.st_ino;
}

expected<void> known_directory::room_to_write(std::size_t bytes) const {
  const auto unavailable = [this](const std::string& why) {
    return fail(failure::unavailable, "store " + path_ + ": " + why);
  };
  constexpr std::uint64_t largest = 64u << 20;
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < largest) {
    return unavailable("files may have " + std::to_string(limit.rlim_cur) +
                       " bytes only (limit of the process), " + std::to_string(largest) + " are needed");
  }
  struct stat found {};
  struct statvfs disk {};
  if (::stat(path_.c_str(), &found) != 0 || ::statvfs(path_.c_str(), &disk) != 0)
    return unavailable("is gone: " + std::error_code(errno, std::generic_category()).message());
  if (number_ != 0 && (found.st_dev != device_ || found.st_ino != number_))
    return unavailable("another directory is in its place");
  const std::uint64_t unit = disk.f_frsize;
  const auto spare = std::min<std::uint64_t>(largest, unit * disk.f_blocks / 8);
  if (unit * disk.f_bavail >= spare + bytes) return {};
  return unavailable("the disk is full: " + std::to_string(unit * disk.f_bavail) + " bytes are free, " +
                     std::to_string(spare + bytes) + " are needed");
}

}  // namespace cybexd::store
