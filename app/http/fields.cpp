#include "app/http/fields.hpp"

#include <utility>

#include "tahoe/json.hpp"

namespace cybexd::app::http {

namespace {

tl::unexpected<error> wrong(std::string_view name, const tahoe::value* v, std::string_view wanted) {
  auto text = std::string(name);
  if (v == nullptr)
    text += ": is missing, it must be ";
  else
    text.append(": is ").append(tahoe::kind_of(*v)).append(", it must be ");
  return fail(failure::bad_input, text.append(wanted).append("."));
}

}  // namespace

expected<tahoe::value> read_object(std::string_view body) {
  auto read = tahoe::parse_json(body);
  if (!read) return fail(failure::bad_input, "The body is not the JSON it must be: " + read.error().text);
  if (!read->get_if<tahoe::object>())
    return fail(failure::bad_input,
                "The body must be a JSON object, it is " + std::string(tahoe::kind_of(*read)) + ".");
  return read;
}

expected<std::string> text_field(const tahoe::value& body, std::string_view name) {
  const auto* v = body.find(name);
  if (v == nullptr || v->text() == nullptr) return wrong(name, v, "a string");
  return *v->text();
}

expected<std::vector<std::string>> texts_field(const tahoe::value& body, std::string_view name) {
  constexpr std::string_view wanted = "a string or a list of strings";
  const auto* v = body.find(name);
  if (v == nullptr) return wrong(name, v, wanted);
  if (v->text()) return std::vector<std::string>{*v->text()};
  const auto* list = v->get_if<tahoe::array>();
  if (list == nullptr) return wrong(name, v, wanted);
  std::vector<std::string> texts;
  for (const auto& item : *list) {
    if (item.text() == nullptr) return wrong(name, v, wanted);
    texts.push_back(*item.text());
  }
  return texts;
}

expected<bool> flag_field(const tahoe::value& body, std::string_view name, bool otherwise) {
  const auto* v = body.find(name);
  if (v == nullptr) return otherwise;
  if (const auto* flag = v->get_if<bool>()) return *flag;
  return wrong(name, v, "true or false");
}

}  // namespace cybexd::app::http
