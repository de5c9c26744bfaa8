#include "tahoe/mail/addresses.hpp"

#include "tahoe/mail/address_parser.hpp"
#include "tahoe/mail/address_tokens.hpp"
#include "tahoe/mail/text.hpp"

namespace cybexd::tahoe::mail {

namespace {

bool holds_any(std::string_view text, std::string_view chars) {
  return text.find_first_of(chars) != std::string_view::npos;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string to_text(const mailbox& box) {
  const auto local = holds_any(box.local, "()<>@,:;\\\"[] \t") ? quoted(box.local) : box.local;
  const auto spec = !box.domain.empty() ? local + "@" + box.domain : local.empty() ? "<>" : local;
  if (box.name.empty()) return spec;
  const auto name = holds_any(box.name, specials) ? quoted(box.name) : box.name;
  return name + " <" + (spec == "<>" ? "" : spec) + ">";
}

std::string to_text(const address& a) {
  if (!a.is_group) return to_text(a.boxes.front());
  std::string inside;
  for (const auto& box : a.boxes) inside += (inside.empty() ? " " : ", ") + to_text(box);
  return (holds_any(a.group_name, specials) ? quoted(a.group_name) : a.group_name) + ":" + inside + ";";
}

}  // namespace

std::optional<std::string> rewrite_addresses(std::string_view text) {
  const auto list = read_addresses(text);
  if (!list) return std::nullopt;
  std::string out;
  for (const auto& a : *list) {
    for (const auto& box : a.boxes)
      if (holds_any(box.name + box.local + box.domain, "\r\n")) return std::nullopt;
    if (&a != &list->front()) out += ", ";
    out += to_text(a);
  }
  return sanitized(out);
}

}  // namespace cybexd::tahoe::mail
