#include "app/operations.hpp"

#include <algorithm>

#include "app/operations/all.hpp"
#include "tahoe/utf8.hpp"

namespace cybexd::app {

const std::vector<operation>& all_operations() {
  static const std::vector<operation> all = {
      {"user_add", operations::user_add},
      {"user_list", operations::user_list},
      {"user_passwd", operations::user_passwd},
      {"org_add", operations::org_add},
      {"org_show", operations::org_show},
      {"org_member", operations::org_member},
      {"token_new", operations::token_new},
      {"token_list", operations::token_list},
      {"token_revoke", operations::token_revoke},
      {"audit", operations::audit},
      {"raw_put", operations::raw_put},
      {"quarantine_list", operations::quarantine_list},
      {"quarantine_show", operations::quarantine_show},
      {"quarantine_retry", operations::quarantine_retry},
      {"quarantine_drop", operations::quarantine_drop},
      {"archive_once", operations::archive_once},
      {"status", operations::status},
      {"report", operations::report},
      {"import", operations::import_documents},
      {"export", operations::export_documents},
      {"get", operations::get},
      {"digest", operations::digest},
      {"progress", operations::progress},
      {"cancel", operations::cancel},
      {"verify", operations::verify},
      {"checkpoint", operations::checkpoint},
  };
  return all;
}

expected<tahoe::value> call_operation(engine& on, std::string_view name, const tahoe::value& input) {
  const auto& all = all_operations();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const operation& one) { return one.name == name; });
  if (found == all.end()) return fail(failure::not_found, "no such operation: " + std::string(name));
  // What came over a socket is UTF-8, being JSON; the words of a command line need not be, and the lists that
  // had taken them over could not be printed.
  if (const auto* arguments = input.get_if<tahoe::object>()) {
    for (const auto& [argument, given] : *arguments)
      if (!tahoe::holds_utf8(given)) return fail(failure::bad_input, argument + ": is not UTF-8");
  }
  return found->run(on, input);
}

tahoe::value as_answer(const expected<tahoe::value>& result) {
  if (result) return tahoe::object{{"ok", *result}};
  return tahoe::object{{"error", result.error().text},
                       {"kind", std::int64_t{static_cast<std::uint8_t>(result.error().kind)}}};
}

expected<tahoe::value> from_answer(tahoe::value answer) {
  if (auto* value = answer.find("ok")) return std::move(*value);
  const auto* text = answer.find("error");
  const auto* kind = answer.find("kind");
  if (!text || !text->text()) return fail(failure::internal, "the server's answer is none of ours");
  const auto* number = kind ? kind->get_if<std::int64_t>() : nullptr;
  const bool known = number && *number >= 0 && *number <= static_cast<std::int64_t>(failure::internal);
  return fail(known ? static_cast<failure>(*number) : failure::internal, *text->text());
}

}  // namespace cybexd::app
