#include <cmath>

#include "tahoe/filters/builder.hpp"
#include "tahoe/filters/filters.hpp"

namespace cybexd::tahoe::filters {

product run_sighting(const value& data, const context& about) {
  builder b(data, about);
  value room;
  const auto* record = object_of(data, room, b);
  if (record == nullptr) return b.finish();

  double timestamp = about.first_run;
  const auto* given = record->find("timestamp");
  if (given != nullptr) {
    double number_room = 0;
    const auto* number = given->number(number_room);
    if (number == nullptr || !std::isfinite(*number))
      b.refuse("the record's timestamp is " + std::string(kind_of(*given)) + ", not a number");
    else
      timestamp = *number;
  }
  bool any = false;
  for (const auto& [sub_type, seen] : *record->get_if<object>()) {
    if (b.refused()) break;
    if (sub_type == "timestamp") continue;
    any = true;
    b.event("sighting", {&b.attribute(sub_type, seen)}, timestamp, category::unknown, {});
  }
  if (!any) b.refuse("the record names nothing that was seen");
  auto made = b.finish();
  made.keeps_first_run = made.usable && given == nullptr;
  return made;
}

}  // namespace cybexd::tahoe::filters
