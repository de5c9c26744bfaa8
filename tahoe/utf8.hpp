#pragma once
#include "tahoe/value.hpp"

namespace cybexd::tahoe {

/// Whether all texts in a value, and all keys, are UTF-8 (RFC 3629).
[[nodiscard]] bool holds_utf8(const value& v);

}  // namespace cybexd::tahoe
