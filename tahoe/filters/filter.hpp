#pragma once
// Filters, `spec/filters.md`: pure functions from one raw record to the documents it means.
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tahoe/document.hpp"

namespace cybexd::tahoe::filters {

/// What a filter knows about the record besides its data.
struct context {
  std::string_view orgid;
  std::string_view timezone;
  double first_run =
      0;  ///< When the filter first ran on this record (Unix seconds): the default time of a sighting.
};

/// A session that a record belongs to: its times, and the events that join it.
struct session_change {
  document session;             ///< With its attributes as `ref`, and the times this record sets.
  std::vector<hash256> events;  ///< Made by this record.
};

struct product {
  bool usable = true;
  std::string reason;               ///< Why not, when `usable` is false; then everything else is empty.
  std::vector<document> documents;  ///< Attributes (those of sessions too), objects and events, children
                                    ///< before parents, equal ones once.
  std::vector<session_change> sessions;
  std::vector<hash256> ref;  ///< What the raw record's `_ref` gains; not the attributes of a session.
  bool keeps_first_run =
      false;  ///< The result depends on `context::first_run`, which must then be kept with the raw record.
};

struct filter {
  std::string_view name;      ///< As in configuration and metrics: `cowrie`.
  std::string_view id;        ///< The UUID that a raw record's `filters` gains.
  std::string_view sub_type;  ///< Of the raw records it reads.
  product (*run)(const value& data, const context& about);
};

/// The built-in filters.
[[nodiscard]] const std::vector<filter>& all();
/// The one that reads a sub_type, or nullptr.
[[nodiscard]] const filter* for_sub_type(std::string_view sub_type);
/// Of the raw records that the filters of these names read.
[[nodiscard]] std::vector<std::string> sub_types_of(std::span<const std::string> names);

}  // namespace cybexd::tahoe::filters
