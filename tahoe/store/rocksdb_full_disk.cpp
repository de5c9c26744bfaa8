#include "tahoe/store/rocksdb_full_disk.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

namespace cybexd::store {

full_disk::full_disk(const std::string& directory, std::string told)
    : directory_(directory), told_(std::move(told)), place_(directory) {
  constexpr std::chrono::seconds soon{2}, later{60};
  next_open_ = std::chrono::steady_clock::now() + (place_.room_to_write(0) ? later : soon);
}

std::string full_disk::why() const {
  const auto room = place_.room_to_write(0);
  return room ? "store " + directory_ +
                    ": can only be read until it is opened anew, for the disk was full: " + told_
              : room.error().text;
}

bool full_disk::is_worth_a_new_open() const {
  return std::chrono::steady_clock::now() > next_open_ && place_.room_to_write(0).has_value();
}

expected<void> link_files(const std::string& from, const std::string& to) {
  namespace fs = std::filesystem;
  const auto failed = [&to](const std::error_code& trouble) {
    return fail(failure::unavailable, "backup " + to + ": " + trouble.message());
  };
  std::error_code trouble;
  if (!fs::create_directory(to, trouble)) return failed(trouble);
  fs::permissions(to, fs::perms::owner_all, trouble);
  for (auto at = fs::directory_iterator(from, trouble); !trouble && at != fs::directory_iterator();
       at.increment(trouble)) {
    const auto name = at->path().filename().string();
    if (name == "LOCK" || name.starts_with("LOG")) continue;
    fs::create_hard_link(at->path(), to + "/" + name, trouble);
    if (trouble) return failed(trouble);
  }
  if (trouble) return failed(trouble);
  return {};
}

}  // namespace cybexd::store
