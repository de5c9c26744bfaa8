// backup, restore: copies of the embedded store, and back.
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <iostream>

#include "app/backup/copy.hpp"
#include "app/cli/backend.hpp"
#include "app/cli/functions.hpp"
#include "app/cli/output.hpp"
#include "tahoe/store/archive_fingerprint.hpp"

namespace cybexd::app::cli {
namespace {

namespace fs = std::filesystem;

/// What is made and not finished goes again, unless it is kept.
class unfinished {
 public:
  explicit unfinished(std::string path) : path_(std::move(path)) {}
  unfinished(const unfinished&) = delete;
  unfinished& operator=(const unfinished&) = delete;
  ~unfinished() {
    std::error_code ignored;
    if (!kept_) fs::remove_all(path_, ignored);
  }
  void keep() { kept_ = true; }

 private:
  std::string path_;
  bool kept_ = false;
};

/// Shows mebibytes copied.
class copy_progress {
 public:
  copy_progress(std::string what, std::uint64_t bytes) : shown_(std::move(what) + ", MiB"), total_(bytes) {}
  [[nodiscard]] backup::copied_bytes counter() {
    return [this](std::uint64_t bytes) { shown_.at((done_ += bytes) >> 20, total_ >> 20); };
  }

 private:
  progress shown_;
  std::uint64_t total_, done_ = 0;
};

std::string absolute_path(const std::string& path) {
  std::error_code problem;
  auto text = fs::absolute(path, problem).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

/// MongoDB has tools of its own. Answers the exit status, or nothing where a store is embedded.
std::optional<int> told_of_mongodb(const invocation& call, const settings& from, std::string_view tool) {
  if (!embedded_stores(from).empty()) return std::nullopt;
  const auto& s = from.store;
  static_cast<void>(
      tell(call, {failure::bad_input, "all stores of this configuration live in MongoDB; use " +
                                          std::string(tool) + " for its databases " + s.cache.db + ", " +
                                          s.archive.db + ", " + s.report.db + " and " + s.identity.db}));
  return wrong_usage;
}

bool is_within(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

/// The folder of a new backup, with `store` in it. Errors: conflict, bad_input, unavailable.
expected<void> prepare(const std::string& folder, const std::string& data_dir) {
  for (const auto* own : {"/store", "/checkpoint"}) {
    if (is_within(folder, data_dir + own))
      return fail(failure::bad_input, folder + " lies in " + data_dir + own + "; choose another folder");
  }
  std::error_code problem;
  const bool there = fs::exists(folder, problem);
  if (there && !fs::is_directory(folder, problem))
    return fail(failure::conflict, folder + " is there already and is no folder");
  if (there && !fs::is_empty(folder, problem))
    return fail(failure::conflict, folder + " is not empty; a backup needs a folder of its own");
  if (problem) return fail(failure::unavailable, folder + ": " + problem.message());
  if (auto made = make_folder(folder); !made) return made;
  return make_folder(folder + "/store");
}

expected<tahoe::value> digest_of(const store::embedded_options& how) {
  const auto opened = store::open_embedded(how);
  if (!opened) return fail(opened.error());
  const auto total = opened->archive->size();
  if (!total) return fail(total.error());
  progress shown("backup, documents read");
  const auto made = store::fingerprint_of(*opened->archive, [&](std::uint64_t documents) {
    shown.at(documents, *total);
    return true;
  });
  if (!made) return fail(made.error());
  return made->to_value();
}

std::string public_key_hash(const settings& from) {
  constexpr std::size_t largest_key = 64u << 10;
  const auto bytes = read_file(from.keys.public_key.path, largest_key);
  return bytes ? crypto::to_hex(crypto::sha256(*bytes)) : std::string();
}

/// The checkpoint, copied into the folder.
expected<backup::manifest> copy_checkpoint(const tahoe::value& checkpoint, const std::string& folder,
                                           const settings& from, bool quick) {
  const auto directory = text_of(checkpoint, "directory");
  backup::manifest m;
  m.version = CYBEXD_VERSION;
  m.made = unix_now();
  m.store_format = store::home_format_version;
  m.public_key_hash = public_key_hash(from);
  for (const auto& name : *checkpoint.find("stores")->get_if<tahoe::array>())
    m.stores.push_back(*name.text());
  if (!quick) {
    auto digest = digest_of(embedded_options_of(from, directory));
    if (!digest) return fail(digest.error());
    m.digest = std::move(*digest);
  }
  auto files = backup::files_of_store(directory);
  if (!files) return fail(files.error());
  m.files = std::move(*files);
  copy_progress shown("backup", m.bytes());
  if (auto copied = backup::copy_out(directory, folder + "/store", m.files, shown.counter()); !copied)
    return fail(copied.error());
  if (auto written = backup::write_manifest(folder, m); !written) return fail(written.error());
  return m;
}

tahoe::object about(const backup::manifest& m, const std::string& folder) {
  tahoe::object out{{"dir", folder},
                    {"made", m.made},
                    {"stores", tahoe::array(m.stores.begin(), m.stores.end())},
                    {"files", static_cast<std::int64_t>(m.files.size())},
                    {"bytes", static_cast<std::int64_t>(m.bytes())}};
  if (m.digest) out.emplace_back("digest", *m.digest);
  return out;
}

std::string time_text(double when, const char* form) {
  const auto seconds = static_cast<std::time_t>(when);
  std::tm parts{};
  std::array<char, 32> room{};
  if (!::gmtime_r(&seconds, &parts)) return std::to_string(seconds);
  return {room.data(), std::strftime(room.data(), room.size(), form, &parts)};
}

std::string in_words(const backup::manifest& m) {
  return std::to_string(m.files.size()) + " files, " + std::to_string(m.bytes() >> 20) + " MiB, of " +
         time_text(m.made, "%Y-%m-%d %H:%M:%S UTC");
}

/// Where a store would be replaced; errors: conflict where one is there and was not given up.
expected<bool> is_occupied(const std::string& place, bool may_replace) {
  std::error_code problem;
  const bool occupied = fs::exists(place, problem) && !fs::is_empty(place, problem);
  if (problem) return fail(failure::unavailable, place + ": " + problem.message());
  if (!occupied || may_replace) return occupied;
  return fail(failure::conflict, place +
                                     " holds a store already; with --replace it is moved aside and the "
                                     "backup takes its place");
}

/// The backup's store in the place of the one that is there. Answers where the old one is now, if there was
/// one.
expected<std::string> put_back(const backup::manifest& m, const std::string& folder, const settings& to,
                               bool may_replace) {
  const auto lock = directory_lock::take(to.data_dir.path);
  if (!lock && lock.error().kind == failure::conflict)
    return fail(failure::conflict, lock.error().text + "; stop it first");
  if (!lock) return fail(lock.error());
  const auto& data = to.data_dir.path;
  const auto place = data + "/store", draft = data + "/restoring";
  const auto occupied = is_occupied(place, may_replace);
  if (!occupied) return fail(occupied.error());
  std::error_code problem;
  fs::remove_all(draft, problem);  // left by a restore that was cut short
  unfinished cleaned(draft);
  if (auto made = make_folder(draft); !made) return fail(made.error());
  {
    copy_progress shown("restore", m.bytes());
    auto copied = backup::copy_back(folder + "/store", draft, m.files, shown.counter());
    if (!copied) return fail(copied.error());
    // What does not open must not take the place of what does.
    const auto opened = store::open_embedded(embedded_options_of(to, draft));
    if (!opened) return fail(opened.error());
  }
  const auto aside = backup::free_name(place + ".before-" + time_text(unix_now(), "%Y%m%dT%H%M%SZ"));
  if (!*occupied) fs::remove_all(place, problem);  // an empty folder
  if (auto swapped = backup::swap_in(draft, place, aside); !swapped) return fail(swapped.error());
  return *occupied ? aside : std::string();
}

expected<backup::manifest> fitting_manifest(const std::string& folder) {
  auto m = backup::read_manifest(folder);
  if (m && m->store_format != store::home_format_version) {
    return fail(failure::bad_input, folder + ": its store has format version " +
                                        std::to_string(m->store_format) + ", this program reads version " +
                                        std::to_string(store::home_format_version) + "; cybexd " +
                                        m->version + " made it");
  }
  return m;
}

}  // namespace

int backup_store(const invocation& call) {
  const auto config = configuration_of(call);
  if (!config) return config.error();
  if (const auto told = told_of_mongodb(call, config->values, "mongodump")) return *told;
  if (auto there = must_hold_its_stores(config->values); !there) return tell(call, there.error());
  const auto& data = config->values.data_dir.path;
  const auto folder = absolute_path(call.text("dir"));
  const auto alone = directory_lock::take_for_backup(data);
  if (!alone) return tell(call, alone.error());
  if (auto prepared = prepare(folder, data); !prepared) return tell(call, prepared.error());
  unfinished cleaned(folder + "/store");
  const unfinished source(data + "/checkpoint");
  expected<tahoe::value> checkpoint;
  {
    auto to = backend::open(*config);  // let go at once, so that a server may start meanwhile
    if (!to) return tell(call, to.error());
    checkpoint = to->call("checkpoint", tahoe::object{{"process", std::int64_t{::getpid()}}});
  }
  if (!checkpoint) return tell(call, checkpoint.error());
  const auto m = copy_checkpoint(*checkpoint, folder, config->values, call.has("quick"));
  if (!m) return tell(call, m.error());
  cleaned.keep();
  const auto& keys = config->values.keys;
  return answer(call, about(*m, folder),
                "backed up to " + folder + ": " + in_words(*m) +
                    "\nNot in it, keep them elsewhere: the configuration " + config->file +
                    ", the private key " + keys.private_key.path + " and the token secret " +
                    config->values.identity.jwt_secret_file.path);
}

int restore_store(const invocation& call) {
  const auto config = configuration_of(call);
  if (!config) return config.error();
  if (const auto told = told_of_mongodb(call, config->values, "mongorestore")) return *told;
  const auto folder = absolute_path(call.text("dir"));
  const auto m = fitting_manifest(folder);
  if (!m) return tell(call, m.error());
  if (call.has("check")) {
    copy_progress shown("check", m->bytes());
    auto read = backup::copy_back(folder + "/store", "", m->files, shown.counter());
    if (!read) return tell(call, read.error());
    return answer(call, about(*m, folder), folder + " is whole: " + in_words(*m));
  }
  const auto aside = put_back(*m, folder, config->values, call.has("replace"));
  if (!aside) return tell(call, aside.error());
  if (const auto now = public_key_hash(config->values); now != m->public_key_hash) {
    std::cerr
        << "cybexd restore: the public key is another than when the backup was made; envelopes that wait "
           "in it open only with the private key of then\n";
  }
  auto machine = about(*m, folder);
  if (!aside->empty()) machine.emplace_back("old_store", *aside);
  return answer(
      call, machine,
      "restored " + config->values.data_dir.path + "/store from " + folder + ": " + in_words(*m) +
          (aside->empty() ? ""
                          : "\nThe store that was there is in " + *aside + "; remove it when all is well."));
}

}  // namespace cybexd::app::cli
