#pragma once
// The document in which the claims on a lake stand, as `mongodb_claims.hpp` describes it: what is read of it,
// and changes of it. Internal to tahoe/store/. Pure.
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tahoe/store/mongodb_bson.hpp"

namespace cybexd::store {

/// The claims of all servers at one moment.
struct claims_seen {
  struct take {
    double until = 0;
    std::vector<object_id> entries;
  };
  std::int64_t version = 0;
  std::map<std::string, take> takes;
};

}  // namespace cybexd::store

namespace cybexd::store::claims_document {

/// A filter: the document; the same if it is as it was seen; the same if the take is in it.
[[nodiscard]] bson whichever();
[[nodiscard]] bson as_seen(const claims_seen& seen);
[[nodiscard]] bson with(const std::string& take);

/// The document before there is any claim.
[[nodiscard]] bson first();
[[nodiscard]] claims_seen read(const bson_view& document);

/// Changes. Each makes another version.
[[nodiscard]] bson adding(const std::string& take, double until, const std::set<object_id>& entries,
                          const std::set<std::string>& gone);
[[nodiscard]] bson removing(const std::set<std::string>& gone);
[[nodiscard]] bson renewing(const std::string& take, double until, const std::set<object_id>& entries);
[[nodiscard]] bson shortening(const std::string& take, const std::set<object_id>& entries);

}  // namespace cybexd::store::claims_document
