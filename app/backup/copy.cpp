#include "app/backup/copy.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "app/files.hpp"

namespace cybexd::app::backup {
namespace {

namespace fs = std::filesystem;

expected<void> sync(int file, const std::string& name) {
  if (::fsync(file) == 0) return {};
  return fail(failure::unavailable, name + " cannot be made durable: " + system_text(errno));
}

expected<void> sync_folder(const std::string& path) {
  const descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return fail(failure::unavailable, path + " cannot be opened: " + system_text(errno));
  return sync(folder.get(), path);
}

/// Opens a file to read, and one to write where `to` is not empty.
struct opened_pair {
  descriptor from, to;

  static expected<opened_pair> open(const std::string& from, const std::string& to) {
    opened_pair both{descriptor(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)), descriptor()};
    if (!both.from)
      return fail(errno == ENOENT ? failure::not_found : failure::unavailable,
                  from + " cannot be opened: " + system_text(errno));
    if (to.empty()) return both;
    both.to = descriptor(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!both.to) return fail(failure::unavailable, to + " cannot be made: " + system_text(errno));
    return both;
  }
};

/// Copies one file and answers what it was; with an empty `to` it is only read.
expected<stored_file> copy_file(const std::string& from, const std::string& to,
                                const copied_bytes& on_bytes) {
  auto both = opened_pair::open(from, to);
  if (!both) return fail(both.error());
  constexpr std::size_t step = 1u << 20;
  std::string room(step, '\0');
  crypto::sha256_stream hash;
  stored_file copied;
  while (true) {
    const auto got = ::read(both->from.get(), room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(failure::unavailable, from + " cannot be read: " + system_text(errno));
    if (got == 0) break;
    const std::string_view piece(room.data(), static_cast<std::size_t>(got));
    hash.update(piece);
    copied.bytes += piece.size();
    if (both->to) {
      if (auto written = write_all(both->to.get(), piece, to); !written) return fail(written.error());
    }
    on_bytes(piece.size());
  }
  if (both->to) {
    if (auto durable = sync(both->to.get(), to); !durable) return fail(durable.error());
  }
  copied.hash = hash.finish();
  return copied;
}

}  // namespace

expected<std::vector<stored_file>> files_of_store(const std::string& folder) {
  std::vector<stored_file> files;
  std::error_code problem;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem)) {
    const auto name = at->path().filename().string();
    const bool for_people = name == "LOG" || name.starts_with("LOG.old");
    if (name == "LOCK" || for_people || !at->is_regular_file(problem)) continue;
    files.push_back({name, at->file_size(problem), {}});
  }
  if (problem) return fail(failure::unavailable, folder + " cannot be listed: " + problem.message());
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return files;
}

expected<void> copy_out(const std::string& from, const std::string& to, std::vector<stored_file>& files,
                        const copied_bytes& on_bytes) {
  for (auto& file : files) {
    auto copied = copy_file(from + "/" + file.name, to + "/" + file.name, on_bytes);
    if (!copied) return fail(copied.error());
    copied->name = file.name;
    file = std::move(*copied);
  }
  return sync_folder(to);
}

expected<void> copy_back(const std::string& from, const std::string& to,
                         const std::vector<stored_file>& files, const copied_bytes& on_bytes) {
  for (const auto& file : files) {
    const auto path = from + "/" + file.name;
    const auto copied = copy_file(path, to.empty() ? "" : to + "/" + file.name, on_bytes);
    if (!copied) return fail(copied.error());
    if (copied->bytes != file.bytes)
      return fail(failure::corrupt, path + " has " + std::to_string(copied->bytes) + " bytes; it had " +
                                        std::to_string(file.bytes) + " when the backup was made");
    if (copied->hash != file.hash)
      return fail(failure::corrupt, path + " is not what it was when the backup was made: its SHA-256 is " +
                                        crypto::to_hex(copied->hash));
  }
  return to.empty() ? expected<void>() : sync_folder(to);
}

expected<void> swap_in(const std::string& fresh, const std::string& place, const std::string& aside) {
  const auto parent = fs::path(place).parent_path().string();
  const auto broken = [&](const std::string& what) {
    return fail(failure::unavailable, what + ": " + system_text(errno));
  };
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(place, ignored))) {
    if (::rename(fresh.c_str(), place.c_str()) != 0) return broken(place + " cannot be put in place");
    return sync_folder(parent);
  }
  // Under its last name before the exchange: what makes `fresh` may remove it whenever it likes.
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, aside.c_str(), RENAME_NOREPLACE) == 0) {
    if (::renameat2(AT_FDCWD, aside.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) == 0)
      return sync_folder(parent);
    const auto why = broken(place + " cannot be put in place");
    if (::rename(aside.c_str(), fresh.c_str()) != 0) return why;
  } else if (errno != EINVAL && errno != ENOSYS) {
    return broken(fresh + " cannot be renamed to " + aside);
  }
  // A file system that cannot exchange: two steps, and nothing at `place` between them.
  if (::rename(place.c_str(), aside.c_str()) != 0) return broken(place + " cannot be moved away");
  if (::rename(fresh.c_str(), place.c_str()) != 0) {
    const auto why = broken(place + " cannot be put in place");
    ::rename(aside.c_str(), place.c_str());
    return why;
  }
  return sync_folder(parent);
}

std::string free_name(const std::string& wanted) {
  std::error_code ignored;
  auto name = wanted;
  for (unsigned number = 2; fs::exists(fs::symlink_status(name, ignored)); ++number)
    name = wanted + "-" + std::to_string(number);
  return name;
}

}  // namespace cybexd::app::backup
