// `init`: a working directory from nothing.
#include <unistd.h>

#include <charconv>
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

/// What was made so far; taken away again where the rest fails.
class new_directory {
 public:
  explicit new_directory(std::string path) : path_(std::move(path)) {}
  new_directory(const new_directory&) = delete;
  new_directory& operator=(const new_directory&) = delete;
  ~new_directory() {
    std::error_code ignored;
    if (kept_) return;
    for (const auto& file : made_) fs::remove_all(file, ignored);
    fs::remove(path_, ignored);  // only where it is empty
  }

  expected<void> add(const std::string& name, std::string_view bytes, unsigned mode) {
    const auto file = path_ + "/" + name;
    auto written = write_new_file(file, bytes, mode);
    if (written) made_.push_back(file);
    return written;
  }
  /// Takes this away, too, where it is not there yet.
  void will_make(const std::string& name) {
    std::error_code ignored;
    const auto path = path_ + "/" + name;
    if (!fs::exists(fs::symlink_status(path, ignored))) made_.push_back(path);
  }
  void keep() { kept_ = true; }

 private:
  std::string path_;
  std::vector<std::string> made_;
  bool kept_ = false;
};

expected<void> add_secrets(new_directory& into, unsigned bits) {
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
expected<tahoe::value> add_superuser(const invocation& call, new_directory& into,
                                     const configuration& config) {
  const auto email = call.text("admin");
  auto to = backend::open(config);
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
  if (fs::exists(folder + "/data/store", problem))
    return tell(call, {failure::conflict, folder + "/data/store is there already; choose another folder"});
  if (auto made = make_folder(folder); !made) return tell(call, made.error());
  new_directory into(folder);
  if (auto added = add_secrets(into, static_cast<unsigned>(*bits)); !added) return tell(call, added.error());
  if (auto added = into.add("cybexd.toml", example_file(), 0600); !added) return tell(call, added.error());
  for (const auto* name : {"data/store", "data/lock", "data"}) into.will_make(name);
  config_request request;
  request.file = file;
  request.folder = folder;
  const auto config = read_config(request);
  if (!config) return tell(call, {failure::internal, to_text(config.error().front())});
  const auto made = add_superuser(call, into, *config);
  if (!made) return tell(call, made.error());
  into.keep();
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
