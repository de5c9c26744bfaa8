#pragma once
// What a look asks the archive's collection: filters over events. Internal to tahoe/store/.
#include <initializer_list>
#include <span>

#include "tahoe/store/archive_store.hpp"
#include "tahoe/store/mongodb_bson.hpp"

namespace cybexd::store::mongodb_archive {

/// Nobody is let see anything, or the range holds no time: no need to ask.
[[nodiscard]] bool sees_nothing(const visibility& who);
[[nodiscard]] bool holds_nothing(const event_filter& filter);

/// Events that hold the attribute and pass. Found by the index over `_ref` and `timestamp`: only events have
/// that field as a number.
[[nodiscard]] bson events_with(const hash256& attribute, const event_filter& filter);
/// Visible events that hold any of the attributes.
[[nodiscard]] bson events_with_any(std::span<const hash256> attributes, const visibility& who);
/// Visible events of the hashes.
[[nodiscard]] bson events_among(std::span<const hash256> hashes, const visibility& who);
/// All visible events.
[[nodiscard]] bson events_of(const visibility& who);
/// Sessions that hold any of the events.
[[nodiscard]] bson sessions_with_any(std::span<const hash256> events);

/// The stages of a pipeline.
[[nodiscard]] bson_list stages(std::initializer_list<bson> all);

/// Newest first; those of one time as they come, or by hash.
[[nodiscard]] bson newest_first();
[[nodiscard]] bson newest_first_by_hash();

}  // namespace cybexd::store::mongodb_archive
