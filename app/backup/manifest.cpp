#include "app/backup/manifest.hpp"

#include <set>

#include "app/files.hpp"
#include "tahoe/json.hpp"

namespace cybexd::app::backup {
namespace {

constexpr std::int64_t current_form = 1;
constexpr std::string_view file_name = "/manifest.json";
constexpr std::size_t largest_manifest = 64u << 20;

tl::unexpected<error> wrong(std::string_view field, std::string_view may_be) {
  return fail(failure::bad_input, std::string(field) + ": may be " + std::string(may_be));
}

/// A name that stays in its folder.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

std::optional<std::uint64_t> whole(const tahoe::value& from, std::string_view field) {
  const auto* found = from.find(field);
  const auto* number = found ? found->get_if<std::int64_t>() : nullptr;
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::string text(const tahoe::value& from, std::string_view field) {
  const auto* found = from.find(field);
  return found && found->text() ? *found->text() : std::string();
}

expected<std::vector<stored_file>> files_from(const tahoe::value& json) {
  const auto* all = json.find("files");
  const auto* items = all ? all->get_if<tahoe::array>() : nullptr;
  if (!items) return wrong("files", "a list");
  std::vector<stored_file> files;
  std::set<std::string> names;
  for (const auto& item : *items) {
    const auto bytes = whole(item, "bytes");
    const auto hash = crypto::hash_from_hex(text(item, "sha256"));
    stored_file one{text(item, "name"), bytes.value_or(0), hash.value_or(crypto::hash256{})};
    if (!is_plain_name(one.name) || !names.insert(one.name).second)
      return wrong("files.name", "a name without folders, each once");
    if (!bytes || !hash) return wrong("files", "items with name, bytes and sha256");
    files.push_back(std::move(one));
  }
  return files;
}

}  // namespace

std::uint64_t manifest::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& file : files) sum += file.bytes;
  return sum;
}

tahoe::value to_value(const manifest& m) {
  tahoe::array stores(m.stores.begin(), m.stores.end()), files;
  for (const auto& file : m.files) {
    files.push_back(tahoe::object{{"name", file.name},
                                  {"bytes", static_cast<std::int64_t>(file.bytes)},
                                  {"sha256", crypto::to_hex(file.hash)}});
  }
  tahoe::object out{{"cybexd_backup", current_form},
                    {"version", m.version},
                    {"made", m.made},
                    {"store_format", static_cast<std::int64_t>(m.store_format)},
                    {"stores", std::move(stores)}};
  if (!m.public_key_hash.empty()) out.emplace_back("public_key_sha256", m.public_key_hash);
  if (m.digest) out.emplace_back("digest", *m.digest);
  out.emplace_back("files", std::move(files));
  return out;
}

expected<manifest> manifest_from(const tahoe::value& json) {
  const auto form = whole(json, "cybexd_backup");
  if (form != current_form)
    return wrong("cybexd_backup", std::to_string(current_form) + ", the form that this program reads");
  manifest m;
  const auto format = whole(json, "store_format");
  if (!format) return wrong("store_format", "a whole number");
  m.store_format = *format;
  m.version = text(json, "version");
  m.public_key_hash = text(json, "public_key_sha256");
  double room = 0;
  const auto* made = json.find("made");
  if (!made || !made->number(room)) return wrong("made", "a number of seconds");
  m.made = *made->number(room);
  const auto* stores = json.find("stores");
  const auto* names = stores ? stores->get_if<tahoe::array>() : nullptr;
  if (!names) return wrong("stores", "a list of names");
  for (const auto& name : *names) m.stores.push_back(name.text() ? *name.text() : std::string());
  if (const auto* digest = json.find("digest")) m.digest = *digest;
  auto files = files_from(json);
  if (!files) return fail(files.error());
  m.files = std::move(*files);
  return m;
}

expected<void> write_manifest(const std::string& folder, const manifest& m) {
  return replace_file(folder + std::string(file_name), tahoe::to_json(to_value(m)) + "\n", 0600);
}

expected<manifest> read_manifest(const std::string& folder) {
  const auto path = folder + std::string(file_name);
  const auto bytes = read_file(path, largest_manifest);
  if (!bytes && bytes.error().kind == failure::not_found) {
    return fail(failure::not_found, folder +
                                        " holds no complete backup: there is no manifest.json (a backup "
                                        "that was cut short has none)");
  }
  if (!bytes) return fail(bytes.error());
  const auto json = tahoe::parse_json(*bytes);
  if (!json) return fail(failure::corrupt, path + ": " + json.error().text);
  auto m = manifest_from(*json);
  if (!m) return fail(failure::corrupt, path + ": " + m.error().text);
  return m;
}

}  // namespace cybexd::app::backup
