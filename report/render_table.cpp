#include <date/date.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <vector>

#include "report/render.hpp"
#include "tahoe/json.hpp"

namespace cybexd::report {
namespace {

using tahoe::value;

struct character {
  char32_t code = 0xfffd;
  std::size_t size = 1;
};

/// The character that begins at `at`; a byte that begins none is U+FFFD of size 1.
character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
  if (size == 1 || first > 0xf4) return {};
  char32_t code = first & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3f);
  }
  return {code, size};
}

bool is_unsafe(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void append_escape(std::string& out, char32_t code) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[code >> shift & 15];
}

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string cell(const value& v) {
  const auto* text = v.text();
  return one_line(text != nullptr ? *text : tahoe::to_json(v));
}

using row = std::vector<std::string>;

std::string table(const row& head, const std::vector<row>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& name : head) widths.push_back(width(name));
  for (const auto& cells : rows)
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], width(cells[i]));
  std::string out;
  const auto line = [&](const row& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      out += cells[i];
      if (i + 1 < cells.size()) out.append(widths[i] - width(cells[i]) + 2, ' ');
    }
    out += '\n';
  };
  line(head);
  row rule;
  for (auto size : widths) rule.push_back(std::string(size, '-'));
  line(rule);
  for (const auto& cells : rows) line(cells);
  return out;
}

/// The way of a summary_graph's pair, from the asked attribute on.
std::string way(const value& path) {
  std::string out;
  if (const auto* labels = path.get_if<tahoe::array>())
    for (auto label = labels->rbegin(); label != labels->rend(); ++label)
      out += (out.empty() ? "" : " > ") + cell(*label);
  return out;
}

std::string summary_table(const tahoe::object& groups) {
  std::vector<row> rows;
  bool graph = false;
  for (const auto& [sub_type, items] : groups) {
    const auto* list = items.get_if<tahoe::array>();
    if (list == nullptr) continue;
    for (const auto& item : *list) {
      const auto* pair = item.get_if<tahoe::array>();
      graph = graph || (pair != nullptr && pair->size() == 2);
      if (pair != nullptr && pair->size() == 2) {
        rows.push_back({one_line(sub_type), cell(pair->front()), way(pair->back())});
      } else {
        rows.push_back({one_line(sub_type), cell(item)});
      }
    }
  }
  if (rows.empty()) return "nothing found\n";
  return table(graph ? row{"sub_type", "data", "way from the asked attribute"} : row{"sub_type", "data"},
               rows);
}

/// Unix seconds as a date and time in UTC; what is no time of this calendar stays as it is.
std::string when(const value& v) {
  constexpr double year_1 = -62'135'596'800, year_10000 = 253'402'300'800;
  double room = 0;
  const auto* seconds = v.number(room);
  if (seconds == nullptr || !(*seconds >= year_1 && *seconds < year_10000)) return cell(v);
  const auto whole = std::floor(*seconds);
  const date::sys_seconds second{std::chrono::seconds(static_cast<std::int64_t>(whole))};
  if (whole == *seconds) return date::format("%F %T", second);
  const std::chrono::microseconds rest(static_cast<std::int64_t>((*seconds - whole) * 1e6));
  return date::format("%F %T", date::sys_time<std::chrono::microseconds>(second) + rest);
}

std::string document_table(const tahoe::array& documents) {
  std::vector<row> rows;
  for (const auto& document : documents) {
    const auto field = [&](std::string_view name) {
      const auto* found = document.find(name);
      return found != nullptr ? cell(*found) : std::string();
    };
    const auto* time = document.find("timestamp");
    rows.push_back({field("itype"), field("sub_type"), time != nullptr ? when(*time) : "", field("category"),
                    field("_hash"), field("data")});
  }
  if (rows.empty()) return "nothing found\n";
  return table({"itype", "sub_type", "time (UTC)", "category", "_hash", "data"}, rows);
}

}  // namespace

std::string one_line(std::string_view utf8, std::size_t longest) {
  std::string out;
  std::size_t count = 0;
  for (std::size_t at = 0; at < utf8.size(); ++count) {
    if (count == longest) return out + "...";
    const auto next = character_at(utf8, at);
    if (next.code == 0xfffd || is_unsafe(next.code)) {
      append_escape(out, next.code);
    } else {
      out.append(utf8.substr(at, next.size));
    }
    at += next.size;
  }
  return out;
}

std::string render_table(const value& report) {
  const auto* data = report.find("data");
  if (data == nullptr) return "no report\n";
  if (const auto* text = data->text()) return one_line(*text, 4000) + "\n";
  std::string out;
  if (const auto* groups = data->get_if<tahoe::object>()) {
    out = summary_table(*groups);
  } else if (const auto* documents = data->get_if<tahoe::array>()) {
    out = document_table(*documents);
  } else {
    const auto* sub_type = report.find("sub_type");
    return (sub_type != nullptr ? cell(*sub_type) : "report") + ": " + cell(*data) + "\n";
  }
  const auto* page = report.find("current_page");
  const auto* next = report.find("next_page");
  const auto* number = next != nullptr ? next->get_if<std::int64_t>() : nullptr;
  if (page != nullptr && number != nullptr && *number > 1)
    out += "page " + cell(*page) + ", next page " + cell(*next) + "\n";
  return out;
}

}  // namespace cybexd::report
