#include "app/config/checks.hpp"

#include <algorithm>
#include <array>

#include "app/config/keys.hpp"
#include "app/store_place.hpp"
#include "tahoe/store/stores.hpp"

namespace cybexd::app {
namespace {

constexpr std::string_view variables_begin = "CYBEXD_";

constexpr std::string_view database_names =
    "a name of 1 to 63 bytes without / \\ . \" $ and blanks, such as \"tahoe_db\"";
constexpr std::string_view collection_names =
    "a name without $ that begins neither with . nor with \"system.\", such as \"instance\"";

/// Every store on MongoDB has an address, given once.
template <class Complain>
void check_places(const settings& all, const Complain& complain) {
  const auto& store = all.store;
  const auto given_twice = [](const std::string& url, const file_path& file) {
    return !url.empty() && !file.path.empty();
  };
  if (given_twice(store.url, store.url_file))
    complain("store.url_file", "given twice", toml_quoted(store.url_file.path),
             "store.url or store.url_file");
  const auto check_url = [&](const std::string& key, const std::string& url) {
    if (url.empty()) return;
    if (auto taken = store::check_mongodb_url(url); !taken)
      complain(key, taken.error().text, "(not shown)", "such as \"mongodb://127.0.0.1:27017\"");
  };
  check_url("store.url", store.url);
  const bool known = !store.url.empty() || !store.url_file.path.empty();
  bool missing = false;
  for (const auto& [name, place] : {std::pair{"cache", &store.cache},
                                    {"archive", &store.archive},
                                    {"report", &store.report},
                                    {"identity", &store.identity}}) {
    const std::string section = std::string("store.") + name;
    if (given_twice(place->url, place->url_file))
      complain(section + ".url_file", "given twice", toml_quoted(place->url_file.path),
               section + ".url or " + section + ".url_file");
    check_url(section + ".url", place->url);
    if (!on_mongodb(store, *place)) continue;
    missing = missing || (!known && place->url.empty() && place->url_file.path.empty());
    if (const auto why = wrong_in_database(place->db); !why.empty())
      complain(section + ".db", why, toml_quoted(place->db), std::string(database_names));
    if (const auto why = wrong_in_collection(place->coll); !why.empty())
      complain(section + ".coll", why, toml_quoted(place->coll), std::string(collection_names));
  }
  for (const auto& [first, second, coll, collection] : clashes_of(all)) {
    const bool own = first == second;
    complain("store." + second + ".coll",
             collection + (own ? " is where store." + first + " keeps files"
                               : " belongs to store." + first + ".coll already"),
             toml_quoted(coll), "a collection that no other store uses");
  }
  if (missing)
    complain("store.url", "missing", "\"\"",
             "the address of the server, such as \"mongodb://127.0.0.1:27017\"");
}

/// Where a key got its value: file and line, or what overrode it.
std::pair<std::string, std::uint32_t> place_of(const configuration& config, const std::string& key) {
  const auto origin = config.origins.find(key);
  if (origin == config.origins.end()) return {config.file, 0};
  const auto& text = origin->second;
  if (!text.starts_with(config.file + ":")) return {text, 0};
  return {config.file, static_cast<std::uint32_t>(std::stoul(text.substr(config.file.size() + 1)))};
}

/// The variable that sets a key.
std::string variable_of(std::string_view key) {
  std::string name(variables_begin);
  for (const char letter : key)
    name += letter == '.'
                ? "__"
                : std::string(1, static_cast<char>(std::toupper(static_cast<unsigned char>(letter))));
  return name;
}

/// Not a setting, and not meant as one.
bool has_another_use(std::string_view variable) {
  constexpr std::array<std::string_view, 9> ours{"CONFIG",        "PASSPHRASE", "ADMIN",
                                                 "SOURCE_DIR",    "SHARED_DIR", "HUB_EVENTS",
                                                 "WITHOUT_TESTS", "CHILD",      "EMAILS"};
  const auto name = variable.substr(variables_begin.size());
  const bool kubernetes = name == "PORT" || name.starts_with("PORT_") || name.starts_with("SERVICE_");
  return kubernetes || name.starts_with("TEST_") || std::find(ours.begin(), ours.end(), name) != ours.end();
}

}  // namespace

std::string wrong_in_database(std::string_view name) {
  constexpr std::string_view forbidden("/\\. \"$\0", 7);
  if (name.empty()) return "empty";
  if (name.size() > 63) return "too long";
  return name.find_first_of(forbidden) == std::string_view::npos ? "" : "no name of a database";
}

std::string wrong_in_collection(std::string_view name) {
  constexpr std::string_view forbidden("$\0", 2);
  constexpr std::size_t longest = 120;  // with the database's name, before MongoDB 4.4, and with what we add
  if (name.empty()) return "empty";
  if (name.size() > longest) return "too long";
  const bool taken = name.find_first_of(forbidden) == std::string_view::npos && !name.starts_with('.') &&
                     !name.starts_with("system.");
  return taken ? "" : "no name of a collection";
}

std::string key_of_variable(const std::string& variable) {
  if (!variable.starts_with(variables_begin)) return {};
  std::string name = variable.substr(variables_begin.size());
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  bool section = false;
  for (auto at = name.find("__"); at != std::string::npos; at = name.find("__")) {
    name.replace(at, 2, ".");
    section = true;
  }
  return section || find_key(name) ? name : std::string{};
}

std::vector<std::string> warnings_of(const std::map<std::string, std::string>& environment) {
  std::vector<std::string> variables, warnings;
  for (const auto& key : setting_keys()) variables.push_back(variable_of(key.name));
  const std::vector<std::string_view> known(variables.begin(), variables.end());
  for (const auto& [variable, value] : environment) {
    if (!variable.starts_with(variables_begin) || !key_of_variable(variable).empty() ||
        has_another_use(variable))
      continue;
    const auto near = nearest(variable, known);
    warnings.push_back("$" + variable + " is no setting and changes nothing" +
                       (near.empty() ? "; one is named $CYBEXD_SECTION__KEY"
                                     : "; did you mean $" + std::string(near) + "?"));
  }
  return warnings;
}

void check_together(const configuration& config, std::vector<mistake>& mistakes) {
  const auto& values = config.values;
  const auto known = mistakes;
  const auto complain = [&](std::string key, std::string problem, std::string was, std::string may) {
    // Of a key that could not be read the default is looked at here, for which nobody is to blame.
    if (std::any_of(known.begin(), known.end(), [&](const mistake& m) { return m.key == key; })) return;
    const auto [source, line] = place_of(config, key);
    mistakes.push_back({source, line, line == 0 ? 0u : 1u, std::move(key), std::move(problem), std::move(was),
                        std::move(may)});
  };
  if (values.http.tls_certificate.path.empty() != values.http.tls_key.path.empty()) {
    const bool key_missing = values.http.tls_key.path.empty();
    complain(key_missing ? "http.tls_key" : "http.tls_certificate", "missing", "\"\"",
             "both http.tls_certificate and http.tls_key, or neither");
  }
  check_places(values, complain);
  if (values.report.threatrank_max_edges % 2 != 0) {
    complain("report.threatrank_max_edges", "out of range",
             std::to_string(values.report.threatrank_max_edges), "2, 4 or 6");
  }
  if (values.data_dir.path.empty()) complain("data_dir", "empty", "\"\"", "the path of a folder");
}

}  // namespace cybexd::app
