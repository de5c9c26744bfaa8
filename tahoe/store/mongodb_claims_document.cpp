#include "tahoe/store/mongodb_claims_document.hpp"

#include <chrono>
#include <cstring>

namespace cybexd::store::claims_document {
namespace {

std::string path(const std::string& take) { return "takes." + take; }

std::string packed(const std::set<object_id>& ids) {
  std::string bytes;
  for (const auto& id : ids) bytes.append(id.bytes.begin(), id.bytes.end());
  return bytes;
}

std::vector<object_id> unpacked(std::string_view bytes) {
  std::vector<object_id> ids(bytes.size() / sizeof(object_id::bytes));
  for (std::size_t i = 0; i < ids.size(); ++i)
    std::memcpy(ids[i].bytes.data(), bytes.data() + i * sizeof(object_id::bytes), sizeof(object_id::bytes));
  return ids;
}

bson paths(const std::set<std::string>& takes) {
  bson all;
  for (const auto& take : takes) all.add(path(take), "");
  return all;
}

bson another_version(bson change) { return change.add("$inc", bson().add("version", 1)); }

}  // namespace

bson whichever() { return bson().add("_id", "entries"); }
bson as_seen(const claims_seen& seen) { return whichever().add_int64("version", seen.version); }
bson with(const std::string& take) { return whichever().add(path(take), bson().add("$exists", true)); }

bson first() {
  // One that comes after one that was dropped must not have a version of that one.
  const auto version = std::chrono::duration_cast<std::chrono::microseconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count();
  return whichever().add_int64("version", version).add("takes", bson());
}

claims_seen read(const bson_view& document) {
  claims_seen seen;
  seen.version = document.find("version").integer().value_or(0);
  if (const auto takes = document.find("takes").document())
    takes->each([&](const bson_element& field) {
      if (const auto take = field.document())
        seen.takes[std::string(field.key())] = {take->find("until").number().value_or(0),
                                                unpacked(take->find("entries").binary().value_or(""))};
      return true;
    });
  return seen;
}

bson adding(const std::string& take, double until, const std::set<object_id>& entries,
            const std::set<std::string>& gone) {
  const auto its = bson().add("until", until).add_binary("entries", packed(entries));
  auto change = bson().add("$set", bson().add(path(take), its));
  if (!gone.empty()) change.add("$unset", paths(gone));
  return another_version(std::move(change));
}

bson removing(const std::set<std::string>& gone) {
  return another_version(bson().add("$unset", paths(gone)));
}

bson renewing(const std::string& take, double until, const std::set<object_id>& entries) {
  const auto set =
      bson().add(path(take) + ".until", until).add_binary(path(take) + ".entries", packed(entries));
  return another_version(bson().add("$set", set));
}

bson shortening(const std::string& take, const std::set<object_id>& entries) {
  return another_version(bson().add("$set", bson().add_binary(path(take) + ".entries", packed(entries))));
}

}  // namespace cybexd::store::claims_document
