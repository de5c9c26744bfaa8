#pragma once
// What is secret in a MongoDB URL, found in its text so that it also works for one the driver refuses.
#include <string>
#include <string_view>
#include <vector>

namespace cybexd::store {

/// User and password and the password of a key file, each as written and with its %XX read.
[[nodiscard]] std::vector<std::string> secrets_of(std::string_view url);
/// Whether user or password hold an `@` as it is: the driver takes what follows the first one for a host, and
/// says it aloud.
[[nodiscard]] bool has_bare_at(std::string_view url);
/// What stands between the credentials and the path.
[[nodiscard]] std::string host_part(std::string_view url);
/// The text with every secret as `***`.
[[nodiscard]] std::string without(const std::vector<std::string>& secrets, std::string text);

}  // namespace cybexd::store
