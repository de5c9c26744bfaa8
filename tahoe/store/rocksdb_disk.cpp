#include "tahoe/store/rocksdb_disk.hpp"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

namespace cybexd::store {
namespace {

using rocksdb::FileOptions;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

/// RocksDB knows ENOSPC; the system's text is all that is left of two other kinds of a full disk.
IOStatus as_passing(IOStatus status) {
  static const std::string too_large = std::error_code(EFBIG, std::generic_category()).message();
  static const std::string quota = std::error_code(EDQUOT, std::generic_category()).message();
  if (!status.IsIOError() || status.IsNoSpace()) return status;
  const auto text = status.ToString();
  const bool full = text.find(too_large) != std::string::npos || text.find(quota) != std::string::npos;
  if (full) status = IOStatus::NoSpace(text);
  status.SetRetryable(true);
  return status;
}

class written_file final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& o, IODebugContext* d) override {
    return as_passing(FSWritableFileOwnerWrapper::Append(data, o, d));
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& o, const rocksdb::DataVerificationInfo& v,
                  IODebugContext* d) override {
    return as_passing(FSWritableFileOwnerWrapper::Append(data, o, v, d));
  }
  IOStatus Truncate(uint64_t size, const IOOptions& o, IODebugContext* d) override {
    return as_passing(FSWritableFileOwnerWrapper::Truncate(size, o, d));
  }
  IOStatus Close(const IOOptions& o, IODebugContext* d) override {
    return as_passing(FSWritableFileOwnerWrapper::Close(o, d));
  }
  IOStatus Flush(const IOOptions& o, IODebugContext* d) override {
    return as_passing(FSWritableFileOwnerWrapper::Flush(o, d));
  }
  IOStatus Sync(const IOOptions& o, IODebugContext* d) override {
    return as_passing(FSWritableFileOwnerWrapper::Sync(o, d));
  }
  IOStatus Fsync(const IOOptions& o, IODebugContext* d) override {
    return as_passing(FSWritableFileOwnerWrapper::Fsync(o, d));
  }
  IOStatus RangeSync(uint64_t offset, uint64_t bytes, const IOOptions& o, IODebugContext* d) override {
    return as_passing(FSWritableFileOwnerWrapper::RangeSync(offset, bytes, o, d));
  }
  IOStatus Allocate(uint64_t offset, uint64_t bytes, const IOOptions& o, IODebugContext* d) override {
    return as_passing(FSWritableFileOwnerWrapper::Allocate(offset, bytes, o, d));
  }
};

class read_file final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  using FSRandomAccessFileOwnerWrapper::FSRandomAccessFileOwnerWrapper;

  IOStatus Read(uint64_t offset, size_t size, const IOOptions& o, rocksdb::Slice* result, char* scratch,
                IODebugContext* d) const override {
    return as_passing(FSRandomAccessFileOwnerWrapper::Read(offset, size, o, result, scratch, d));
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t count, const IOOptions& o,
                     IODebugContext* d) override {
    auto status = FSRandomAccessFileOwnerWrapper::MultiRead(requests, count, o, d);
    for (size_t i = 0; i < count; ++i) requests[i].status = as_passing(std::move(requests[i].status));
    return as_passing(std::move(status));
  }
};

class failing_disk final : public rocksdb::FileSystemWrapper {
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
  IOStatus NewRandomAccessFile(const std::string& name, const FileOptions& o,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                               IODebugContext* d) override {
    auto status = FileSystemWrapper::NewRandomAccessFile(name, o, file, d);
    if (status.ok()) *file = std::make_unique<read_file>(std::move(*file));
    return as_passing(std::move(status));
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& o,
                      IODebugContext* d) override {
    return as_passing(FileSystemWrapper::RenameFile(from, to, o, d));
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& o,
                        std::unique_ptr<rocksdb::FSDirectory>* directory, IODebugContext* d) override {
    return as_passing(FileSystemWrapper::NewDirectory(name, o, directory, d));
  }

 private:
  static IOStatus wrapped(IOStatus status, std::unique_ptr<FSWritableFile>* file) {
    if (status.ok()) *file = std::make_unique<written_file>(std::move(*file));
    return as_passing(std::move(status));
  }
};

}  // namespace

std::unique_ptr<rocksdb::Env> disk_that_may_fail(std::shared_ptr<rocksdb::FileSystem> below) {
  return rocksdb::NewCompositeEnv(std::make_shared<failing_disk>(std::move(below)));
}

rocksdb::Env* own_disk() {
  static const std::unique_ptr<rocksdb::Env> env = disk_that_may_fail(rocksdb::FileSystem::Default());
  return env.get();
}

expected<void> room_to_write(const std::string& directory, std::size_t bytes) {
  constexpr std::uint64_t largest = 64u << 20;
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < largest) {
    return fail(failure::unavailable,
                "store " + directory + ": files may have " + std::to_string(limit.rlim_cur) +
                    " bytes only (limit of the process), " + std::to_string(largest) + " are needed");
  }
  struct statvfs disk {};
  if (::statvfs(directory.c_str(), &disk) != 0) return {};  // the write itself will tell
  const std::uint64_t unit = disk.f_frsize;
  const auto spare = std::min<std::uint64_t>(largest, unit * disk.f_blocks / 8);
  if (unit * disk.f_bavail >= spare + bytes) return {};
  return fail(failure::unavailable, "store " + directory +
                                        ": the disk is full: " + std::to_string(unit * disk.f_bavail) +
                                        " bytes are free, " + std::to_string(spare + bytes) + " are needed");
}

}  // namespace cybexd::store
