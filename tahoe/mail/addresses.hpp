#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace cybexd::tahoe::mail {

/// An address header (RFC 5322 with obsolete forms, groups and mistakes) written anew: `Name <addr>` joined
/// by `, `, comments dropped, names decoded and quoted where they hold specials, groups as `Name: a, b;`,
/// what is no address as
/// `<>`. The text is unfolded. Nothing where Python's parser gives up with an exception.
[[nodiscard]] std::optional<std::string> rewrite_addresses(std::string_view text);

}  // namespace cybexd::tahoe::mail
