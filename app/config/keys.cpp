#include "app/config/keys.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

#include "app/config/key_rows.hpp"
#include "app/config/units.hpp"

namespace cybexd::app {
namespace {

std::vector<setting_key> all_rows() {
  std::vector<setting_key> all;
  for (auto* rows : {rows::top, rows::keys, rows::store, rows::archive, rows::report, rows::http,
                     rows::identity, rows::log}) {
    auto some = rows();
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

/// Insertions, deletions and replacements that turn one text into the other (Levenshtein).
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

std::string number_text(double number) {
  if (number == std::floor(number) && std::abs(number) < 1e15)
    return std::to_string(static_cast<std::int64_t>(number));
  std::array<char, 32> room{};
  const auto [end, problem] = std::to_chars(room.data(), room.data() + room.size(), number);
  return {room.data(), end};
}

std::string float_text(double number) {
  auto text = number_text(number);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + toml_quoted(word);
  return text;
}

std::string in_words(const setting_key& key, double bound) {
  if (std::holds_alternative<duration& (*)(settings&)>(key.where))
    return to_text(duration(static_cast<std::int64_t>(bound * 1000)));
  if (std::holds_alternative<byte_size& (*)(settings&)>(key.where))
    return to_text(byte_size{static_cast<std::uint64_t>(bound)});
  return number_text(bound);
}

struct may_be_words {
  const setting_key& key;

  std::string range() const {
    if (key.low == key.high) return {};
    return " from " + in_words(key, key.low) + " to " + in_words(key, key.high);
  }
  std::string operator()(bool& (*)(settings&)) const { return "true or false"; }
  std::string operator()(std::uint64_t& (*)(settings&)) const { return "a whole number" + range(); }
  std::string operator()(double& (*)(settings&)) const { return "a number" + range(); }
  std::string operator()(duration& (*)(settings&)) const {
    return "a length of time" + range() +
           R"(, a whole number with its unit ms, s, min, h or d, such as "10s")";
  }
  std::string operator()(byte_size& (*)(settings&)) const {
    return "a size" + range() + R"(, a whole number with its unit B, KiB, MiB, GiB or TiB, such as "256MiB")";
  }
  std::string operator()(std::string& (*)(settings&)) const {
    return key.choices.empty() ? "a text" : "one of " + joined(key.choices);
  }
  std::string operator()(file_path& (*)(settings&)) const { return "a path, as text"; }
  std::string operator()(endpoint& (*)(settings&)) const {
    return R"(an address and a port, such as "127.0.0.1:8080" or "[::1]:0")";
  }
  std::string operator()(text_list& (*)(settings&)) const {
    if (!key.choices.empty()) return "a list of any of " + joined(key.choices);
    return key.identifiers ? R"(a list of identifiers ([A-Za-z_][A-Za-z0-9_]*), such as ["ipv4", "url"])"
                           : "a list of texts";
  }
  std::string operator()(text_map& (*)(settings&)) const {
    return R"(a table typetag = "sub_type", the sub_type an identifier ([A-Za-z_][A-Za-z0-9_]*))";
  }
};

struct toml_words {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::uint64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return float_text(value); }
  std::string operator()(duration value) const { return toml_quoted(to_text(value)); }
  std::string operator()(byte_size value) const { return toml_quoted(to_text(value)); }
  std::string operator()(const std::string& value) const { return toml_quoted(value); }
  std::string operator()(const file_path& value) const { return toml_quoted(value.path); }
  std::string operator()(const endpoint& value) const { return toml_quoted(to_text(value)); }
  std::string operator()(const text_list& value) const {
    std::string text;
    for (const auto& item : value) text += (text.empty() ? "" : ", ") + toml_quoted(item);
    return "[" + text + "]";
  }
  std::string operator()(const text_map& value) const {
    std::string text;
    for (const auto& [key, item] : value)
      text += (text.empty() ? " " : ", ") + toml_quoted(key) + " = " + toml_quoted(item);
    return text.empty() ? "{}" : "{" + text + " }";
  }
};

}  // namespace

const std::vector<setting_key>& setting_keys() {
  static const std::vector<setting_key> keys = all_rows();
  return keys;
}

const setting_key* find_key(std::string_view name) {
  const auto& keys = setting_keys();
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const setting_key& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

std::string_view section_of(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : name.substr(0, dot);
}

std::string_view last_part(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

std::string_view nearest(std::string_view written, const std::vector<std::string_view>& names) {
  if (written.size() > 200) return {};  // nobody mistypes that much
  std::string_view best;
  std::size_t fewest = std::max<std::size_t>(2, written.size() / 4) + 1;
  for (const auto& name : names) {
    const auto edits = edits_between(written, name);
    if (edits < fewest) {
      fewest = edits;
      best = name;
    }
  }
  return best;
}

std::string suggestion(std::string_view name) {
  std::vector<std::string_view> names, neighbours;
  for (const auto& key : setting_keys()) {
    names.push_back(key.name);
    names.push_back(section_of(key.name));
    if (section_of(key.name) == section_of(name)) neighbours.push_back(last_part(key.name));
    if (last_part(key.name) == last_part(name)) return "did you mean " + toml_quoted(key.name) + "?";
  }
  std::erase(names, std::string_view{});
  if (const auto near = nearest(name, names); !near.empty()) return "did you mean " + toml_quoted(near) + "?";
  if (neighbours.empty()) return "not a section; `cybexd config show` lists all keys";
  return "one of " + joined(neighbours);
}

std::string may_be(const setting_key& key) { return std::visit(may_be_words{key}, key.where); }

std::string toml_text(const setting_key& key, const settings& from) {
  auto copy = from;  // the places of the table give write access; the copy keeps this function const
  return std::visit([&](auto where) { return toml_words{}(where(copy)); }, key.where);
}

std::string toml_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      out += '\\';
      out += letter;
    } else if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f) {
      constexpr std::string_view digits = "0123456789ABCDEF";
      out += "\\u00";
      out += digits[static_cast<unsigned char>(letter) >> 4];
      out += digits[static_cast<unsigned char>(letter) & 15];
    } else {
      out += letter;
    }
  }
  return out + '"';
}

setting_changes differences(const settings& before, const settings& after) {
  setting_changes changes;
  for (const auto& key : setting_keys()) {
    if (toml_text(key, before) == toml_text(key, after)) continue;
    (key.change == takes_effect::on_reload ? changes.on_reload : changes.on_restart).emplace_back(key.name);
  }
  return changes;
}

}  // namespace cybexd::app
