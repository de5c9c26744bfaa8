#include <cmath>

#include "tahoe/document.hpp"
#include "tahoe/json.hpp"

namespace cybexd::tahoe {

namespace {

tl::unexpected<error> wrong_field(std::string_view key, std::string_view must_be) {
  return fail(failure::bad_input, "the field " + std::string(key) + " must be " + std::string(must_be));
}

expected<std::string> text_field(const value& json, std::string_view key) {
  const auto* field = json.find(key);
  if (field == nullptr) return fail(failure::bad_input, "the field " + std::string(key) + " is missing");
  if (field->text() == nullptr) return wrong_field(key, "a string, not " + std::string(kind_of(*field)));
  return *field->text();
}

/// The first item of a list in `data`: how documents made of attributes keep their parts.
const value* part(const value& json, std::string_view key) {
  const auto* data = json.find("data");
  const auto* list = data == nullptr ? nullptr : data->find(key);
  const auto* items = list == nullptr ? nullptr : list->get_if<array>();
  return items == nullptr || items->empty() ? nullptr : &items->front();
}

expected<std::string> text_part(const value& json, std::string_view key) {
  const auto* first = part(json, key);
  if (first == nullptr || first->text() == nullptr)
    return wrong_field("data." + std::string(key), "a list with a string");
  return *first->text();
}

expected<std::string> query_string(const value& json) {
  std::string out = "objectquery";
  for (const auto* key : {"qtype", "qhash", "userid"}) {
    auto text = text_part(json, key);
    if (!text) return text;
    out += *text;
  }
  double room = 0;
  const auto* first = part(json, "timestamp");
  const auto* time = first == nullptr ? nullptr : first->number(room);
  const double hour = time == nullptr ? 0 : std::trunc(*time / 3600);
  if (time == nullptr || !(std::abs(hour) < 9e18))
    return wrong_field("data.timestamp", "a list with a time in seconds");
  return out + std::to_string(static_cast<std::int64_t>(hour));
}

expected<std::string> event_middle(const value& json) {
  auto orgid = text_field(json, "orgid");
  if (!orgid) return orgid;
  const auto* field = json.find("timestamp");
  double room = 0;
  const auto* time = field == nullptr ? nullptr : field->number(room);
  if (time == nullptr || !std::isfinite(*time)) return wrong_field("timestamp", "a number");
  return *orgid + python_float(*time);
}

}  // namespace

expected<std::string> unique_string(const value& json, const canonical_limits& limits) {
  if (json.get_if<object>() == nullptr)
    return fail(failure::bad_input, "a document is an object, not " + std::string(kind_of(json)));
  const auto name = text_field(json, "itype");
  if (!name) return name;
  const auto kind = itype_from(*name);
  if (!kind) return wrong_field("itype", "attribute, object, event, session, raw or report");
  const auto sub_type = text_field(json, "sub_type");
  if (!sub_type) return sub_type;
  if (!is_identifier(*sub_type)) return wrong_field("sub_type", "an identifier ([A-Za-z_][A-Za-z0-9_]*)");
  const auto* data = json.find("data");
  if (data == nullptr) return fail(failure::bad_input, "the field data is missing");

  std::string out = *name + *sub_type;
  if (*kind == itype::attribute && !data->is_scalar())
    return wrong_field("data", "a scalar, not " + std::string(kind_of(*data)));
  if (*kind == itype::object || *kind == itype::event || *kind == itype::session)
    if (data->get_if<object>() == nullptr)
      return wrong_field("data", "an object, not " + std::string(kind_of(*data)));
  if (*kind == itype::object) {
    if (*sub_type == "query") return query_string(json);
    const bool user = *sub_type == "cybexp_user" || *sub_type == "cybexp_superuser";
    if (user || *sub_type == "cybexp_org") {
      const auto id = text_part(json, user ? "email_addr" : "orgname");
      if (!id) return id;
      return out + *id;
    }
  }
  if (*kind == itype::event) {
    const auto middle = event_middle(json);
    if (!middle) return middle;
    out += *middle;
  }
  const auto form = canonical(*data, limits);
  if (!form) return form;
  return out + *form;
}

}  // namespace cybexd::tahoe
