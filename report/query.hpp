#pragma once
// The query itself: a JSON object with few keys becomes validated parameters (`spec/report.md`, "The query
// itself").
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/error.hpp"
#include "report/time_range.hpp"
#include "tahoe/document.hpp"
#include "tahoe/store/archive_store.hpp"

namespace cybexd::report {

using tahoe::hash256;

enum class query_type : std::uint8_t { count, related, threatrank };
[[nodiscard]] std::string_view to_string(query_type type);
[[nodiscard]] std::optional<query_type> query_type_from(std::string_view name);

/// The sub_types that may be asked for where the configuration says nothing.
[[nodiscard]] const std::vector<std::string>& default_sub_types();

/// What of a related report is wanted; `all` is nothing.
using return_type = std::optional<tahoe::itype>;

struct query {
  query_type type = query_type::count;
  std::string sub_type;  ///< Never `ip`: that is `ipv4`. Empty where not given.
  tahoe::value data;
  std::optional<hash256>
      attribute;  ///< The hash of attribute sub_type = data; always set for count and related.
  time_range range;
  std::optional<tahoe::category> category;  ///< Nothing is all.
  store::context_filter context = store::context_filter::all;
  return_type only;
  int level = 1;          ///< 1 to 3
  std::int64_t page = 1;  ///< From 1.
  bool summary = true;
  bool summary_graph = false;
  std::optional<hash256> event;  ///< `_hash`; always set for threatrank.

  /// The filter that count and the pages of related use.
  [[nodiscard]] store::event_filter filter(const store::visibility& who) const;
};

/// Validates a decoded query. `now` in Unix seconds. `sub_types` is the configured list.
/// Errors: bad_input saying which key is wrong, what it was and what it may be.
[[nodiscard]] expected<query> read_query(query_type type, const tahoe::value& data, double now,
                                         const std::vector<std::string>& sub_types = default_sub_types());

}  // namespace cybexd::report
