#pragma once
// Uploads to the archive, `spec/http.md` POST /raw: a form with one file, or NDJSON with its fields in the
// URL.
#include <cstdint>
#include <memory>
#include <string_view>

#include "app/http/exchange.hpp"
#include "crypto/error.hpp"
#include "messages/payloads.hpp"

namespace cybexd::app::http {

struct upload_limits {
  std::size_t unpacked_bytes = 64u << 20;
  std::uint64_t records = 200'000;  ///< Lines of one NDJSON upload.
};

/// Reads either form. Takes the body out of `r`, and grows `r.bytes` while it unpacks.
/// Errors: bad_input, naming the field, part or line; too_large; overloaded.
[[nodiscard]] expected<messages::submission> read_upload(request& r, const upload_limits& limits);

/// The number of lines that are not blank. Lines end at `\n`; blanks are space, tab and `\r`. Errors:
/// bad_input, naming the line that is not UTF-8 (an envelope holds UTF-8 only, so such a line could not be
/// kept); too_large.
[[nodiscard]] expected<std::uint64_t> count_records(std::string_view text, std::uint64_t limit);

}  // namespace cybexd::app::http
