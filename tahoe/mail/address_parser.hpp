#pragma once
// The upper half of the address grammar (RFC 5322, 3.4): mailboxes, groups, lists of them.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cybexd::tahoe::mail {

/// Decoded, without comments and quotes. All empty: what stood there is no address.
struct mailbox {
  std::string name, local, domain;
};

/// One entry of a list: a mailbox, or a group of them.
struct address {
  bool is_group = false;
  std::string group_name;
  std::vector<mailbox> boxes;
};

/// Reads an unfolded header, mistakes included. Nothing where the original raises an exception.
[[nodiscard]] std::optional<std::vector<address>> read_addresses(std::string_view text);

}  // namespace cybexd::tahoe::mail
