#include "app/cli/functions.hpp"
#include "app/cli/numbers.hpp"
#include "app/cli/with_backend.hpp"
#include "report/render.hpp"

namespace cybexd::app::cli {
namespace {

/// Why an entry is in the list: of the whole, or of its lines.
std::string reason_text(const tahoe::value& entry) {
  auto reason = text_of(entry, "reason");
  const auto* lines = entry.find("lines");
  const auto* list = lines ? lines->get_if<tahoe::array>() : nullptr;
  if (!reason.empty() || !list || list->empty()) return report::one_line(reason, 100);
  return report::one_line(shown(entry, "lines_set_aside") + " of " + shown(entry, "records") +
                              " lines, the first is " + shown(list->front(), "number") + ": " +
                              text_of(list->front(), "reason"),
                          100);
}

int change(const invocation& call, std::string_view operation, std::string_view key,
           const std::string& verb) {
  return with_backend(call, [&](backend& to) -> int {
    tahoe::array ids;
    for (auto& id : call.texts("id")) ids.emplace_back(id);
    const auto done = to.call(operation, tahoe::object{{"id", std::move(ids)}});
    if (!done) return tell(call, done.error());
    return answer(call, *done, verb + " " + shown(*done, key));
  });
}

std::string entry_text(const tahoe::value& e) {
  std::string text;
  for (const auto* key :
       {"id", "name", "state", "reason", "typetag", "orgid", "timezone", "records", "bytes"}) {
    text += std::string(key) + ": " + report::one_line(shown(e, key), 400) + "\n";
  }
  text += "arrived: " + time_text(e.find("timestamp")) + "\n";
  const auto* lines = e.find("lines");
  if (const auto* list = lines ? lines->get_if<tahoe::array>() : nullptr) {
    for (const auto& line : *list) {
      text += "line " + shown(line, "number") + ": " + text_of(line, "state") + ": " +
              report::one_line(text_of(line, "reason"), 400) + "\n";
    }
  }
  return text;
}

}  // namespace

int quarantine_list(const invocation& call) {
  const auto limit = whole_number(call.text("limit", "9223372036854775807"));
  if (!limit || *limit < 1)
    return tell_usage(call, "--limit: was \"" + call.text("limit") + "\"; may be a whole number from 1");
  return with_backend(call, [&](backend& to) -> int {
    tahoe::array all;
    std::string after = call.text("after");
    bool more = true;
    while (more && static_cast<std::int64_t>(all.size()) < *limit) {
      const auto left = *limit - static_cast<std::int64_t>(all.size());
      auto page = to.call("quarantine_list",
                          tahoe::object{{"all", call.has("all")}, {"after", after}, {"limit", left}});
      if (!page) return tell(call, page.error());
      auto& entries = *page->find("entries")->get_if<tahoe::array>();
      more = shown(*page, "more") == "true" && !entries.empty();
      if (!entries.empty()) after = text_of(entries.back(), "id");
      for (auto& entry : entries) all.push_back(std::move(entry));
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& e : all) {
      rows.push_back({text_of(e, "id"), text_of(e, "state"), time_text(e.find("timestamp")),
                      report::one_line(text_of(e, "typetag"), 20), report::one_line(text_of(e, "name"), 30),
                      reason_text(e)});
    }
    const auto text =
        rows.empty()
            ? std::string(call.has("all")
                              ? "nothing was set aside"
                              : "nothing is in quarantine; --all lists what was set aside for other reasons")
            : table_text({"ID", "STATE", "ARRIVED", "TYPETAG", "NAME", "REASON"}, rows);
    return answer(call, tahoe::object{{"entries", std::move(all)}, {"more", more}}, text);
  });
}

int quarantine_show(const invocation& call) {
  return with_backend(call, [&](backend& to) -> int {
    const auto done = to.call("quarantine_show", tahoe::object{{"id", call.text("id")}});
    if (!done) return tell(call, done.error());
    return answer(call, *done, entry_text(*done));
  });
}

int quarantine_retry(const invocation& call) {
  return change(call, "quarantine_retry", "retried", "eligible again:");
}
int quarantine_drop(const invocation& call) { return change(call, "quarantine_drop", "dropped", "removed:"); }

}  // namespace cybexd::app::cli
