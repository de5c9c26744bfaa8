#pragma once
// What the workers of the archive line do with one message. Plain functions: the actors are thin shells
// around them.
#include <functional>
#include <set>
#include <string>

#include "actors/telemetry.hpp"
#include "crypto/keys.hpp"
#include "messages/line.hpp"
#include "tahoe/parse.hpp"

namespace cybexd::actors {

/// Reads the files and opens their envelopes. A file that is missing or broken, and an envelope that does not
/// open, are bad data of that one entry; what is wrong with an envelope is logged and counted.
[[nodiscard]] messages::files_opened open_envelopes(store::cache_lake& lake, const crypto::private_key& key,
                                                    const messages::open_files& job, telemetry& metrics);

/// Makes raw documents. An unknown typetag is NOT_SUPPORTED, whatever else is wrong with a record is ERROR.
[[nodiscard]] messages::records_parsed parse_texts(const messages::parse_records& job,
                                                   const tahoe::parse_limits& limits = {});

/// Runs the filters whose names are in `enabled`, each at time `now` (Unix seconds) where it is the first
/// run.
[[nodiscard]] messages::records_filtered run_filters(const messages::filter_records& job,
                                                     const std::set<std::string, std::less<>>& enabled,
                                                     double now, telemetry& metrics);

}  // namespace cybexd::actors
