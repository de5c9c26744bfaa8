#include "app/config/config.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "app/config/checks.hpp"
#include "app/config/keys.hpp"
#include "app/config/value_reader.hpp"

namespace cybexd::app {
namespace {

namespace fs = std::filesystem;
constexpr std::uintmax_t largest_file = 4u << 20;

bool is_section(std::string_view name) {
  const auto& keys = setting_keys();
  return std::any_of(keys.begin(), keys.end(), [&](const setting_key& key) {
    return key.name.size() > name.size() && key.name.substr(0, name.size()) == name &&
           key.name[name.size()] == '.';
  });
}

/// What was written for a key that does not exist: it may be a misspelt one that holds a password.
std::string without_password(std::string was) {
  const bool address = was.find("://") != std::string::npos || was.find('@') != std::string::npos;
  return address ? "(not shown)" : was;
}

/// Gathers values and mistakes from all sources.
class gatherer {
 public:
  explicit gatherer(configuration& into) : into_(into) {}

  void file(const toml_node::table& table, const std::string& name) { walk(table, "", name); }

  /// An override: `text` is the value alone. Texts, times and such may stand without quotes, lists as `a,b`.
  void override_with(std::string_view name, std::string_view text, const std::string& source) {
    if (name.starts_with("archive.typetags.")) {  // one entry of the table
      toml_node one;
      one.data = toml_node::table{{std::string(name.substr(17)), 0, 0, text_node(text)}};
      return take(*find_key("archive.typetags"), one, source, source);
    }
    const auto* key = find_key(name);
    if (!key) {
      mistakes.push_back({source, 0, 0, std::string(name), "unknown key", without_password(std::string(text)),
                          suggestion(name)});
      return;
    }
    auto parsed = as_node(*key, text);
    if (!parsed) {
      mistakes.push_back({source, 0, 0, std::string(name), "wrong type",
                          key->masked ? "(not shown)" : std::string(text), may_be(*key)});
      return;
    }
    take(*key, *parsed, source, source);
  }

  std::vector<mistake> mistakes;

 private:
  void walk(const toml_node::table& table, const std::string& prefix, const std::string& file) {
    for (const auto& [name, line, column, node] : table) {
      const std::string full = prefix + name;
      if (const auto* key = find_key(full)) {
        take(*key, node, file, file + ":" + std::to_string(line));
      } else if (is_section(full) && node.get_if<toml_node::table>()) {
        walk(*node.get_if<toml_node::table>(), full + ".", file);
      } else if (is_section(full)) {
        mistakes.push_back({file, line, column, full, "wrong type", without_password(node.was),
                            "a section, [" + full + "]"});
      } else {
        mistakes.push_back({file, line, column, full,
                            node.get_if<toml_node::table>() ? "unknown section" : "unknown key",
                            without_password(node.was), suggestion(full)});
      }
    }
  }

  void take(const setting_key& key, const toml_node& node, const std::string& source,
            const std::string& origin) {
    auto found = read_value(key, node, into_.values);
    for (auto& one : found) {
      one.source = source;
      if (source == "--set" || source.starts_with("$")) one.line = one.column = 0;
      mistakes.push_back(std::move(one));
    }
    into_.origins[std::string(key.name)] = origin;
  }

  static std::optional<toml_node> as_node(const setting_key& key, std::string_view text) {
    const bool is_text = !std::holds_alternative<bool& (*)(settings&)>(key.where) &&
                         !std::holds_alternative<std::uint64_t& (*)(settings&)>(key.where) &&
                         !std::holds_alternative<double& (*)(settings&)>(key.where);
    const bool is_list = std::holds_alternative<text_list& (*)(settings&)>(key.where);
    const bool is_map = std::holds_alternative<text_map& (*)(settings&)>(key.where);
    if (is_list && !text.starts_with('[')) {
      toml_node node;
      toml_node::list items;
      std::istringstream parts{std::string(text)};
      for (std::string part; std::getline(parts, part, ',');) items.push_back(text_node(part));
      node.data = std::move(items);
      return node;
    }
    if (is_text && !is_list && !is_map && !text.starts_with('"')) return text_node(text);
    auto parsed = parse_toml("value = " + std::string(text));
    if (!parsed) return std::nullopt;
    auto* members = std::get_if<toml_node::table>(&parsed->data);
    if (members->size() != 1) return std::nullopt;  // a line break smuggled in more
    return std::move(members->front().node);
  }

  configuration& into_;
};

void resolve_paths(configuration& config) {
  for (const auto& key : setting_keys()) {
    const auto* where = std::get_if<file_path& (*)(settings&)>(&key.where);
    if (!where) continue;
    auto& path = (*where)(config.values).path;
    if (!path.empty()) path = (fs::path(config.folder) / path).lexically_normal().string();
  }
}

std::vector<mistake> one_mistake(std::string source, std::string problem, std::string may) {
  return {{std::move(source), 0, 0, "", std::move(problem), "", std::move(may)}};
}

std::string absolute(const std::string& path, const std::string& folder) {
  return (fs::path(folder) / path).lexically_normal().string();
}

/// The file to read, or nothing when none is there.
std::optional<std::string> find_file(const config_request& request) {
  if (request.file) return absolute(*request.file, request.folder);
  if (const auto named = request.environment.find("CYBEXD_CONFIG");
      named != request.environment.end() && !named->second.empty()) {
    return absolute(named->second, request.folder);
  }
  for (const auto& path : {absolute("cybexd.toml", request.folder), std::string("/etc/cybexd/cybexd.toml")}) {
    std::error_code problem;
    if (fs::exists(path, problem)) return path;
  }
  return std::nullopt;
}

}  // namespace

std::string to_text(const mistake& m) {
  std::string text = m.source;
  if (m.line > 0) text += ":" + std::to_string(m.line) + ":" + std::to_string(m.column);
  if (!m.key.empty()) text += ": " + m.key;
  text += ": " + m.problem;
  if (!m.was.empty()) text += ", was " + m.was;
  if (!m.may_be.empty())
    text += m.may_be.starts_with("did you mean") || m.key.empty() ? "; " + m.may_be : "; may be " + m.may_be;
  return text;
}

tl::expected<configuration, std::vector<mistake>> read_config_text(std::string_view text,
                                                                   const std::string& file,
                                                                   const config_request& request) {
  configuration config;
  config.file = file;
  config.folder = file.empty() ? request.folder : fs::path(file).parent_path().string();
  gatherer all(config);
  if (const auto parsed = parse_toml(text)) {
    all.file(*parsed->get_if<toml_node::table>(), file);
  } else {
    const auto& problem = parsed.error();
    all.mistakes.push_back({file, problem.line, problem.column, "", "not TOML: " + problem.text, "", ""});
  }
  for (const auto& [variable, value] : request.environment) {
    if (const auto name = key_of_variable(variable); !name.empty())
      all.override_with(name, value, "$" + variable);
  }
  for (const auto& set : request.sets) {
    const auto equals = set.find('=');
    if (equals == std::string::npos) {
      all.mistakes.push_back({"--set", 0, 0, set, "no value", set, "section.key=value"});
    } else {
      all.override_with(set.substr(0, equals), std::string_view(set).substr(equals + 1), "--set");
    }
  }
  resolve_paths(config);
  check_together(config, all.mistakes);
  config.warnings = warnings_of(request.environment);
  const auto place = [](const mistake& m) {
    return m.line == 0 ? std::numeric_limits<std::uint32_t>::max() : m.line;
  };
  std::stable_sort(all.mistakes.begin(), all.mistakes.end(),
                   [&](const mistake& a, const mistake& b) { return place(a) < place(b); });
  if (!all.mistakes.empty()) return tl::unexpected(std::move(all.mistakes));
  for (const auto& key : setting_keys()) config.origins.try_emplace(std::string(key.name), "default");
  return config;
}

tl::expected<configuration, std::vector<mistake>> read_config(const config_request& request) {
  const auto file = find_file(request);
  if (!file && request.may_lack_file) return read_config_text("", "", request);
  if (!file) {
    return tl::unexpected(
        one_mistake("configuration", "none found",
                    "looked for --config FILE, $CYBEXD_CONFIG, ./cybexd.toml and /etc/cybexd/cybexd.toml; "
                    "make one with: cybexd init --dir DIR --admin EMAIL"));
  }
  std::error_code problem;
  if (fs::is_directory(*file, problem))
    return tl::unexpected(one_mistake(*file, "is a folder", "name the file in it"));
  std::ifstream in(*file, std::ios::binary);
  if (!in)
    return tl::unexpected(one_mistake(*file, "cannot be read", "check that it exists and who may read it"));
  std::string text(largest_file + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return tl::unexpected(one_mistake(*file, "cannot be read", "check the disk"));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > largest_file)
    return tl::unexpected(one_mistake(*file, "is larger than 4 MiB", "is this the configuration?"));
  return read_config_text(text, *file, request);
}

}  // namespace cybexd::app
