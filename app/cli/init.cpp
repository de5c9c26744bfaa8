// `init`: a working directory from nothing.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>

#include "app/cli/functions.hpp"
#include "app/cli/numbers.hpp"
#include "app/cli/with_backend.hpp"
#include "app/files.hpp"
#include "crypto/keys.hpp"
#include "crypto/random.hpp"

namespace cybexd::app::cli {
namespace {

namespace fs = std::filesystem;

constexpr auto unfinished_file = "cybexd.toml.unfinished";
/// What is made beside the configuration, which comes last: who finds it finds a whole hub.
constexpr std::array made_files{"priv.pem", "pub.pem", "jwt.secret", "admin.token", "data/store"};

/// What was made so far; taken away again where the rest fails, or by the next `init` after a kill.
class new_directory {
 public:
  explicit new_directory(std::string path) : path_(std::move(path)) {}
  new_directory(const new_directory&) = delete;
  new_directory& operator=(const new_directory&) = delete;
  ~new_directory() {
    if (begun_) take_away();
    std::error_code ignored;
    if (made_) fs::remove(path_, ignored);  // only where it is empty
  }

  [[nodiscard]] std::string at(const std::string& name) const { return path_ + "/" + name; }

  /// Makes the folder and the configuration, under the name of an unfinished one. Errors: conflict (something
  /// is there already, or another `init` works here), unavailable.
  expected<void> begin(std::string_view configuration) {
    std::error_code problem;
    const bool there = fs::exists(path_, problem);
    if (auto made = make_folder(path_); !made) return made;
    if (auto alone = lock(); !alone) return alone;
    made_ = !there;
    if (fs::exists(at(unfinished_file), problem)) {
      if (const auto used = used_since(); !used.empty())
        return fail(failure::conflict, at(unfinished_file) + " says that an init was ended here, but " +
                                           used + " is newer; move what is to be kept away first, then " +
                                           unfinished_file);
      take_away();
    }
    for (const auto* name : made_files) {
      if (!fs::exists(fs::symlink_status(at(name), problem))) continue;
      return fail(failure::conflict, at(name) + " is there already; move it away first");
    }
    begun_ = true;
    return add(unfinished_file, configuration, 0600);
  }

  expected<void> add(const std::string& name, std::string_view bytes, unsigned mode) const {
    return write_new_file(at(name), bytes, mode);
  }

  /// All is there, and now the configuration gets its name: no kill leaves a whole hub that looks unfinished.
  expected<void> finish() {
    auto renamed = rename_file(at(unfinished_file), at("cybexd.toml"));
    if (renamed) begun_ = false;
    return renamed;
  }

 private:
  /// Until the end: of two at once one is refused.
  expected<void> lock() {
    lock_ = descriptor(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (lock_ && ::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return {};
    if (errno == EWOULDBLOCK) return fail(failure::conflict, "another init works in " + path_);
    return fail(failure::unavailable, path_ + " cannot be locked: " + system_text(errno));
  }

  /// What was made so long after the configuration that no init made it: the hub has been served.
  std::string used_since() const {
    constexpr auto longest_init = std::chrono::minutes(10);
    std::error_code problem;
    const auto begun = fs::last_write_time(at(unfinished_file), problem);
    fs::recursive_directory_iterator one(at("data"), problem), end;
    for (; !problem && one != end; one.increment(problem))
      if (fs::last_write_time(one->path(), problem) > begun + longest_init) return one->path().string();
    return {};
  }

  void take_away() const {
    std::error_code ignored;
    for (const auto* name : made_files) fs::remove_all(at(name), ignored);
    fs::remove(at("data/lock"), ignored);
    fs::remove(at("data"), ignored);  // only where it is empty
    fs::remove(at(unfinished_file), ignored);
  }

  std::string path_;
  descriptor lock_;
  bool made_ = false;  // the folder, by this init
  bool begun_ = false;
};

expected<void> add_secrets(const new_directory& into, unsigned bits) {
  const auto pair = crypto::generate_key_pair(bits);
  if (!pair) return fail(pair.error());
  if (auto added = into.add("priv.pem", pair->private_pem.view(), 0600); !added) return added;
  if (auto added = into.add("pub.pem", pair->public_pem, 0644); !added) return added;
  constexpr std::size_t secret_length = 48;
  auto secret = crypto::random_word(secret_length) + "\n";
  auto added = into.add("jwt.secret", secret, 0600);
  crypto::wipe(secret);
  return added;
}

/// Opens the new store and makes the superuser; writes the token.
expected<tahoe::value> add_superuser(const invocation& call, const new_directory& into,
                                     const configuration& config) {
  const auto email = call.text("admin");
  auto to = backend::open(config, missing_store::is_made);
  if (!to) return fail(to.error());
  auto made =
      to->call("user_add", tahoe::object{{"email", email},
                                         {"name", call.text("name", email.substr(0, email.find('@')))},
                                         {"superuser", true},
                                         {"with_token", true}});
  if (!made) return made;
  if (auto added = into.add("admin.token", text_of(*made, "token") + "\n", 0600); !added)
    return fail(added.error());
  return made;
}

}  // namespace

int init(const invocation& call) {
  const auto bits = whole_number(call.text("bits", "2048"));
  if (!bits || *bits < 2048 || *bits > 8192)
    return tell_usage(call,
                      "--bits: was \"" + call.text("bits") + "\"; may be a whole number from 2048 to 8192");
  std::error_code problem;
  const auto folder = fs::absolute(call.text("dir"), problem).lexically_normal().string();
  const auto file = folder + "/cybexd.toml";
  if (fs::exists(file, problem))
    return tell(
        call, {failure::conflict,
               file + " is there already; choose another folder, or serve it: cybexd run --config " + file});
  new_directory into(folder);
  if (auto begun = into.begin(example_file()); !begun) return tell(call, begun.error());
  if (auto added = add_secrets(into, static_cast<unsigned>(*bits)); !added) return tell(call, added.error());
  config_request request;
  request.file = into.at(unfinished_file);
  request.folder = folder;
  const auto config = read_config(request);
  if (!config) return tell(call, {failure::internal, to_text(config.error().front())});
  const auto made = add_superuser(call, into, *config);
  if (!made) return tell(call, made.error());
  if (auto finished = into.finish(); !finished) return tell(call, finished.error());
  const auto email = call.text("admin"), password = text_of(*made, "password"),
             token = folder + "/admin.token";
  return answer(
      call,
      tahoe::object{
          {"dir", folder}, {"config", file}, {"admin", email}, {"password", password}, {"token_file", token}},
      "made " + folder + "\nsuperuser: " + email + "\npassword:  " + password +
          "  (shown this once)\ntoken:     " + token + "\n\nServe it with:  cybexd run --config " + file);
}

}  // namespace cybexd::app::cli
