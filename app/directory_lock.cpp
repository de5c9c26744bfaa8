#include "app/directory_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

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

}  // namespace

expected<directory_lock> directory_lock::take(const std::string& data_dir) {
  return take(data_dir, "lock", "is in use by");
}

expected<directory_lock> directory_lock::take_for_backup(const std::string& data_dir) {
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
  if (auto made = make_folder(data_dir); !made) return fail(made.error());
  const std::string path = data_dir + "/" + name;
  descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return fail(failure::unavailable, path + " cannot be opened: " + system_text(errno));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return fail(failure::unavailable, path + " cannot be locked: " + system_text(errno));
    return fail(failure::conflict, data_dir + " " + used + " " + holder(file.get()));
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file.get(), 0) != 0 || ::pwrite(file.get(), pid.data(), pid.size(), 0) < 0) {
    return fail(failure::unavailable, path + " cannot be written: " + system_text(errno));
  }
  return directory_lock(std::move(file));
}

}  // namespace cybexd::app
