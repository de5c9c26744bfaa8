#include "app/directory_lock.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>
#include <vector>

#include "app/client/http_client.hpp"

namespace cybexd::app {
namespace {

/// "process 123 (cybexd run --config ...)" of the one that holds the lock.
std::string holder(int file) {
  char room[32] = {};
  const auto got = ::pread(file, room, sizeof room - 1, 0);
  std::string pid(room, got > 0 ? static_cast<std::size_t>(got) : 0);
  pid = pid.substr(0, pid.find_first_not_of("0123456789"));
  if (pid.empty()) return "another process";
  std::string text = "process " + pid;
  if (auto words = read_file("/proc/" + pid + "/cmdline", 4096)) {
    for (auto& letter : *words) {
      if (letter == '\0') letter = ' ';
    }
    while (!words->empty() && words->back() == ' ') words->pop_back();
    if (!words->empty()) text += " (" + *words + ")";
  }
  return text;
}

/// "cybexd", or "#1000" for a user without a name.
std::string name_of(uid_t user) {
  constexpr std::size_t room_for_all = 16u << 10;
  std::vector<char> room(room_for_all);
  passwd found{};
  passwd* there = nullptr;
  const bool known = ::getpwuid_r(user, &found, room.data(), room.size(), &there) == 0 && there != nullptr;
  return known ? std::string(found.pw_name) : "#" + std::to_string(user);
}

/// This folder, or the nearest above it that is there: whose it is, its folders will be.
std::string nearest_there(const std::string& folder) {
  std::error_code ignored;
  auto path = std::filesystem::absolute(folder, ignored).lexically_normal();
  while (!std::filesystem::exists(path, ignored) && path.has_relative_path()) path = path.parent_path();
  return path.string();
}

/// Why root must not write into this directory, if it must not. What root writes belongs to root, with a mode
/// that lets nobody else read it, and the server of another user would never start again. That holds for a
/// directory, too, that root would make in a folder of that user's: a disk is new when a backup is put back.
std::optional<error> belongs_to_another(const std::string& data_dir) {
  const auto folder = nearest_there(data_dir);
  struct stat about {};
  if (::geteuid() != 0 || ::stat(folder.c_str(), &about) != 0 || about.st_uid == 0) return std::nullopt;
  const auto owner = name_of(about.st_uid);
  return error{failure::not_allowed, folder + " belongs to the user " + owner +
                                         ", who could not read what root writes there: run this as " + owner +
                                         ", with sudo -u '" + owner + "' cybexd ..."};
}

/// Why a lock cannot be opened: one that another user has made stays so until somebody gives it to this one.
error not_opened(const std::string& path, int number) {
  const auto text = path + " cannot be opened: " + system_text(number);
  struct stat about {};
  if (number != EACCES || ::stat(path.c_str(), &about) != 0) return {failure::unavailable, text};
  return {failure::not_allowed, text + "; it belongs to the user " + name_of(about.st_uid)};
}

/// Makes the lock anew that a backup of root's has left, who may no longer make one in another user's folder.
/// Nothing happens where this user can open it, or may not remove it.
void replace_what_another_left(const std::string& data_dir, const std::string& path) {
  // Held for these few calls: of two at once, one would take away what the other has made and locked.
  const descriptor folder(::open(data_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) return;
  if (descriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC)) || errno != EACCES) return;
  if (::unlink(path.c_str()) != 0) return;
  const descriptor made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
}

}  // namespace

expected<directory_lock> directory_lock::take(const std::string& data_dir) {
  return take(data_dir, "lock", "is in use by");
}

expected<directory_lock> directory_lock::take_for_server(const std::string& data_dir) {
  constexpr std::chrono::seconds patience(10);
  constexpr std::chrono::milliseconds a_moment(20);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (true) {
    auto lock = take(data_dir);
    const bool in_use = !lock && lock.error().kind == failure::conflict;
    if (!in_use || std::chrono::steady_clock::now() > end ||
        client::http_client::to_socket(data_dir + "/cybexd.sock"))
      return lock;
    std::this_thread::sleep_for(a_moment);
  }
}

expected<directory_lock> directory_lock::take_for_backup(const std::string& data_dir) {
  replace_what_another_left(data_dir, data_dir + "/backup.lock");
  return take(data_dir, "backup.lock", "is being backed up by");
}

std::int64_t directory_lock::last_backup(const std::string& data_dir) {
  const auto text = read_file(data_dir + "/backup.lock", 64);
  std::int64_t pid = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), pid);
  return pid;
}

expected<directory_lock> directory_lock::take(const std::string& data_dir, const std::string& name,
                                              const std::string& used) {
  const auto another = belongs_to_another(data_dir);
  std::error_code ignored;
  if (another && !std::filesystem::exists(data_dir, ignored)) return fail(*another);
  if (auto made = make_folder(data_dir); !made) return fail(made.error());
  const std::string path = data_dir + "/" + name;
  descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | (another ? 0 : O_CREAT), 0600));
  if (!file && another) return fail(*another);
  if (!file) return fail(not_opened(path, errno));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return fail(failure::unavailable, path + " cannot be locked: " + system_text(errno));
    return fail(failure::conflict, data_dir + " " + used + " " + holder(file.get()));
  }
  if (another) return fail(*another);
  const std::string pid = std::to_string(::getpid()) + "\n";
  // In this order a file that was there needs no more room: the disk may be full.
  if (::pwrite(file.get(), pid.data(), pid.size(), 0) < 0 ||
      ::ftruncate(file.get(), static_cast<off_t>(pid.size())) != 0) {
    return fail(failure::unavailable, path + " cannot be written: " + system_text(errno));
  }
  return directory_lock(std::move(file));
}

}  // namespace cybexd::app
