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

/// `# text` in lines of at most `width` characters.
std::string comment(std::string_view text, std::size_t width) {
  std::string out, line = "#";
  while (!text.empty()) {
    const auto blank = text.find(' ');
    const auto word = text.substr(0, blank);
    text = blank == std::string_view::npos ? std::string_view{} : text.substr(blank + 1);
    if (line.size() + 1 + word.size() > width) {
      out += line + "\n";
      line = "#";
    }
    line += " " + std::string(word);
  }
  return out + line + "\n";
}

}  // namespace

std::string example_file() {
  const settings defaults;
  std::string out(heading), section;
  for (const auto& key : setting_keys()) {
    const bool is_table = std::holds_alternative<text_map& (*)(settings&)>(key.where);
    const std::string place(is_table ? key.name : section_of(key.name));
    if (place != section) {
      out += "\n";
      if (is_table) out += comment(key.help, 110);
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
    out += comment(help, 110) + std::string(last_part(key.name)) + " = " + toml_text(key, defaults) + "\n";
  }
  return out;
}

std::string shown_value(const setting_key& key, const settings& from) {
  auto text = toml_text(key, from);
  if (!key.masked) return text;
  constexpr std::string_view password = "filepassword=";  // of a key file, among the options
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  if (const auto option = lower.find(password); option != std::string::npos) {
    const auto from_here = option + password.size();
    text.replace(from_here, text.find_first_of("&\"", from_here) - from_here, "***");
  }
  const auto scheme = text.find("://");
  const auto at = text.rfind('@');
  if (scheme == std::string::npos || at == std::string::npos || at < scheme) return text;
  return text.substr(0, scheme + 3) + "***" + text.substr(at);
}

}  // namespace cybexd::app
