#include "tahoe/filters/builder.hpp"
#include "tahoe/filters/filters.hpp"

namespace cybexd::tahoe::filters {

namespace {

/// A feed's text: one malicious URL a line.
product run_url_feed(const value& data, const context& about) {
  builder b(data, about);
  value room;
  const auto* record = object_of(data, room, b);
  const auto* field = record == nullptr ? nullptr : record->find("data");
  if (field == nullptr || field->text() == nullptr) {
    b.refuse("the record has no string data that holds the feed");
    return b.finish();
  }
  std::string_view rest = *field->text();
  bool any = false;
  while (!rest.empty() && !b.refused()) {
    const auto end = rest.find('\n');
    const auto line = python_strip(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (line.empty()) continue;
    any = true;
    const auto* url = &b.attribute("url", line);
    b.event("sighting", {url}, about.first_run, category::malicious, {url});
  }
  if (!any) b.refuse("the feed holds no URL");
  auto made = b.finish();
  made.keeps_first_run = made.usable;
  return made;
}

}  // namespace

product run_openphish(const value& data, const context& about) { return run_url_feed(data, about); }
product run_phishtank(const value& data, const context& about) { return run_url_feed(data, about); }

}  // namespace cybexd::tahoe::filters
