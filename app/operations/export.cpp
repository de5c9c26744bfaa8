// Documents out, in pages, all of one consistent look.
#include "app/operations/all.hpp"
#include "app/operations/arguments.hpp"
#include "app/operations/open_exports.hpp"

namespace cybexd::app::operations {
namespace {

expected<export_choice> choice_of(const tahoe::value& input) {
  export_choice choice;
  const auto store = text(input, "store");
  if (!store) return fail(store.error());
  choice.store = *store;
  if (choice.store != "archive" && choice.store != "report" && choice.store != "identity") {
    return fail(failure::bad_input,
                "store: was \"" + choice.store + "\"; may be archive, identity or report");
  }
  if (const auto name = text_or(input, "itype", ""); !name.empty()) {
    choice.kind = tahoe::itype_from(name);
    if (!choice.kind) {
      return fail(failure::bad_input,
                  "itype: was \"" + name + "\"; may be attribute, object, event, session, raw or report");
    }
  }
  choice.sub_type = text_or(input, "sub_type", "");
  choice.secrets = boolean(input, "secrets");
  return choice;
}

}  // namespace

expected<tahoe::value> export_documents(engine& on, const tahoe::value& input) {
  auto& exports = *on.exports();
  auto cursor = text_or(input, "cursor", "");
  if (cursor.empty()) {
    auto choice = choice_of(input);
    if (!choice) return fail(choice.error());
    auto begun = exports.begin(on.stores(), std::move(*choice));
    if (!begun) return fail(begun.error());
    cursor = *begun;
  }
  auto page = exports.next(cursor);
  if (!page) return fail(page.error());
  tahoe::object out{{"lines", std::move(page->lines)}};
  if (!page->last) out.emplace_back("cursor", cursor);
  return out;
}

}  // namespace cybexd::app::operations
