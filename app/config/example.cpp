// The texts made from the table for people: the example file and shown values.
#include <algorithm>
#include <cctype>

#include "app/config/config.hpp"
#include "app/config/keys.hpp"

namespace cybexd::app {
namespace {

constexpr std::string_view heading =
    "# Settings of cybexd (TOML). Every key stands here at its default.\n"
    "# Paths are relative to the folder of this file. Each key can also be given as --set section.key=value\n"
    "# or in the environment as CYBEXD_SECTION__KEY. `cybexd config check` checks, `cybexd config show` "
    "shows what holds.\n"
    "# Keys marked (reload) follow SIGHUP; the others need a restart.\n";

/// A masked value without its quotes. A scheme that is misspelt is no reason to show what follows.
std::string without_passwords(std::string text) {
  for (const std::string_view option : {"password=", "authmechanismproperties="}) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    // From the last one on, so that a change moves none that is still to be changed.
    for (auto found = lower.rfind(option); found != std::string::npos;) {
      const auto value = found + option.size();
      text.replace(value, std::min(text.find('&', value), text.size()) - value, "***");
      found = found == 0 ? std::string::npos : lower.rfind(option, found - 1);
    }
  }
  const auto at = text.rfind('@');
  if (at == std::string::npos) return text;
  std::size_t scheme = 0;
  for (const std::string_view ours : {"mongodb://", "mongodb+srv://"})
    if (text.starts_with(ours)) scheme = ours.size();
  return text.substr(0, scheme) + "***" + text.substr(at);
}

}  // namespace

std::string toml_comment(std::string_view text) {
  constexpr std::size_t width = 110;
  std::string out, line = "#";
  while (!text.empty()) {
    const auto blank = text.find(' ');
    std::string word(text.substr(0, blank));
    std::replace_if(
        word.begin(), word.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    text = blank == std::string_view::npos ? std::string_view{} : text.substr(blank + 1);
    if (line.size() + 1 + word.size() > width) {
      out += line + "\n";
      line = "#";
    }
    line += " " + word;
  }
  return out + line + "\n";
}

std::string example_file() {
  const settings defaults;
  std::string out(heading), section;
  for (const auto& key : setting_keys()) {
    const bool is_table = std::holds_alternative<text_map& (*)(settings&)>(key.where);
    const std::string place(is_table ? key.name : section_of(key.name));
    if (place != section) {
      out += "\n";
      if (is_table) out += toml_comment(key.help);
      out += "[" + place + "]\n";
      section = place;
    } else if (place.empty()) {
      out += "\n";
    }
    if (is_table) {
      out += "# my_honeypot = \"cowrie\"\n";
      continue;
    }
    std::string help(key.help);
    if (key.low != key.high || !key.choices.empty()) help += " May be " + may_be(key) + ".";
    if (key.change == takes_effect::on_reload) help += " (reload)";
    out += toml_comment(help) + std::string(last_part(key.name)) + " = " + toml_text(key, defaults) + "\n";
  }
  return out;
}

std::string shown_value(const setting_key& key, const settings& from) {
  auto text = toml_text(key, from);
  if (!key.masked) return text;
  return "\"" + without_passwords(text.substr(1, text.size() - 2)) + "\"";
}

}  // namespace cybexd::app
