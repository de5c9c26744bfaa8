#include "app/config/original_reader.hpp"

#include <algorithm>

#include "app/config/keys.hpp"
#include "tahoe/json.hpp"
#include "tahoe/json_scan.hpp"

namespace cybexd::app {
namespace {

const std::vector<std::string_view> known_keys{"mongo_url", "db", "coll", "secret", "host", "url", "token"};

/// Why a section or key of the original has no place here.
std::string_view reason_for(std::string_view name) {
  if (name == "api.url" || name == "api.port" || name == "api.protocol")
    return "it tells CYBEX-P's modules where the API is; cybexd listens at http.listen";
  if (name == "api.token")
    return "CYBEX-P's input module sends it; it needs a token of cybexd: cybexd token new EMAIL";
  if (name == "analytics")
    return "the analytics module works on the archive, as the filters of cybexd do. If it goes on running, "
           "set "
           "archive.filters = []";
  if (name == "input") return "it belongs to CYBEX-P's input module, which keeps its own file";
  return {};
}

}  // namespace

text_position position_in(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto line = before.rfind('\n');
  text_position at;
  at.line += static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n'));
  at.column += static_cast<std::uint32_t>(line == std::string_view::npos ? offset : offset - line - 1);
  return at;
}

tl::expected<tahoe::value, mistake> parse_original(std::string_view json, const std::string& file) {
  auto read = tahoe::read_json(json);
  mistake m;
  m.source = file;
  m.problem = read.text;
  if (read.problem == tahoe::json_problem::none) {
    if (read.root.get_if<tahoe::object>()) return std::move(read.root);
    m.problem = "not a configuration of CYBEX-P: it is " + std::string(kind_of(read.root));
    m.may_be = "an object with the sections cache, tahoe, report, identity, api";
    return tl::unexpected(std::move(m));
  }
  if (!tahoe::is_valid_utf8(json)) return tl::unexpected(std::move(m));
  const auto scan = tahoe::scan_json(json);
  const bool forbidden = scan.is_json && !scan.forbidden.empty();
  const auto offset = forbidden ? static_cast<std::size_t>(scan.where.data() - json.data()) : scan.stopped_at;
  if (forbidden || !scan.is_json) {
    const auto at = position_in(json, offset);
    m.line = at.line;
    m.column = at.column;
  }
  return tl::unexpected(std::move(m));
}

void original_reader::complain(std::string key, std::string problem, std::string was, std::string may_be) {
  const bool told =
      std::any_of(mistakes.begin(), mistakes.end(), [&](const auto& m) { return m.key == key; });
  if (told) return;
  mistake m;
  m.source = file_;
  m.key = std::move(key);
  m.problem = std::move(problem);
  m.was = std::move(was);
  m.may_be = std::move(may_be);
  mistakes.push_back(std::move(m));
}

std::optional<original_text> original_reader::text(std::string_view section,
                                                   const std::vector<std::string>& keys,
                                                   const expectation& expected) {
  const auto* from = root_.find(section);
  if (!from) return std::nullopt;
  if (!from->get_if<tahoe::object>()) {
    if (asked_.insert(std::string(section)).second)
      complain(std::string(section), "wrong type", std::string(kind_of(*from)), "an object");
    return std::nullopt;
  }
  std::optional<original_text> found;
  for (const auto& key : keys) {
    const auto name = std::string(section) + "." + key;
    const auto* item = from->find(key);
    asked_.insert(name);
    if (!item || found) continue;
    const auto* text = item->text();
    if (!text) {
      complain(name, "wrong type", std::string(kind_of(*item)), std::string(expected.may_be));
    } else if (expected.is_right && !expected.is_right(*text)) {
      complain(name, "wrong value", expected.secret ? "(not shown)" : toml_quoted(*text),
               std::string(expected.may_be));
    }
    found = original_text{text ? *text : std::string(), name};
  }
  return found;
}

std::vector<std::string> original_reader::leftovers() const {
  std::vector<std::string> notes;
  const auto note = [&](const std::string& name, std::string_view last) {
    const auto why = reason_for(name);
    const auto near = why.empty() ? nearest(last, known_keys) : std::string_view{};
    notes.push_back(name + " was not taken over" +
                    (!why.empty() ? ": " + std::string(why)
                     : !near.empty()
                         ? ": CYBEX-P does not read it either; was " + std::string(near) + " meant?"
                         : ": nothing here corresponds to it"));
  };
  for (const auto& [section, item] : *root_.get_if<tahoe::object>()) {
    const auto* members = item.get_if<tahoe::object>();
    if (!reason_for(section).empty() || !members) {
      if (!asked_.contains(section)) note(section, section);
      continue;
    }
    for (const auto& [key, unused] : *members)
      if (const auto name = section + "." + key; !asked_.contains(name)) note(name, key);
  }
  return notes;
}

}  // namespace cybexd::app
