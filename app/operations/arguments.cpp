#include "app/operations/arguments.hpp"

namespace cybexd::app::operations {
namespace {

tl::unexpected<error> wrong(const tahoe::value& input, std::string_view name, std::string_view may_be) {
  const auto* found = input.find(name);
  return fail(failure::bad_input, std::string(name) + ": was " +
                                      std::string(found ? kind_of(*found) : "missing") + "; may be " +
                                      std::string(may_be));
}

}  // namespace

expected<std::string> text(const tahoe::value& input, std::string_view name) {
  const auto* found = input.find(name);
  const auto* text = found ? found->text() : nullptr;
  if (!text || text->empty()) return wrong(input, name, "a text that is not empty");
  return *text;
}

std::string text_or(const tahoe::value& input, std::string_view name, std::string_view otherwise) {
  const auto* found = input.find(name);
  const auto* text = found ? found->text() : nullptr;
  return text && !text->empty() ? *text : std::string(otherwise);
}

bool boolean(const tahoe::value& input, std::string_view name) {
  const auto* found = input.find(name);
  const auto* flag = found ? found->get_if<bool>() : nullptr;
  return flag && *flag;
}

std::optional<std::int64_t> integer(const tahoe::value& input, std::string_view name) {
  const auto* found = input.find(name);
  const auto* whole = found ? found->get_if<std::int64_t>() : nullptr;
  return whole ? std::optional(*whole) : std::nullopt;
}

std::optional<double> number(const tahoe::value& input, std::string_view name) {
  const auto* found = input.find(name);
  double room = 0;
  const auto* any = found ? found->number(room) : nullptr;
  return any ? std::optional(*any) : std::nullopt;
}

expected<const tahoe::array*> items(const tahoe::value& input, std::string_view name) {
  const auto* found = input.find(name);
  const auto* list = found ? found->get_if<tahoe::array>() : nullptr;
  if (!list) return wrong(input, name, "a list");
  return list;
}

expected<std::vector<std::string>> texts(const tahoe::value& input, std::string_view name) {
  if (!input.find(name)) return std::vector<std::string>{};
  const auto list = items(input, name);
  if (!list) return fail(list.error());
  std::vector<std::string> all;
  for (const auto& item : **list) {
    const auto* text = item.text();
    if (!text) return wrong(input, name, "a list of texts");
    all.push_back(*text);
  }
  return all;
}

expected<crypto::hash256> hash(const tahoe::value& input, std::string_view name) {
  const auto given = text(input, name);
  if (!given) return fail(given.error());
  const auto hash = crypto::hash_from_hex(*given);
  if (!hash)
    return fail(failure::bad_input,
                std::string(name) + ": was \"" + given->substr(0, 80) + "\"; may be 64 hexadecimal digits");
  return *hash;
}

}  // namespace cybexd::app::operations
