// What a document's `data` says of its references.
#include <algorithm>

#include "tahoe/store/archive_rules.hpp"

namespace cybexd::store::archive_rules {

namespace {

class collector {
 public:
  explicit collector(const tahoe::canonical_limits& limits) : limits_(limits) {}

  /// `item` is a part, or a list of parts, of this sub_type.
  void add(const std::string& sub_type, const tahoe::value& item, bool direct) {
    if (const auto* items = item.get_if<tahoe::array>()) {
      for (const auto& inner : *items) add(sub_type, inner, direct);
      return;
    }
    const auto form = tahoe::canonical(item, limits_);
    if (!form) {
      found_.fault = form.error();
      return;
    }
    const auto* members = item.get_if<tahoe::object>();
    const auto hash = crypto::sha256({members ? "object" : "attribute", sub_type, *form});
    (members ? found_.objects : found_.attributes).insert(hash);
    if (direct) found_.direct.insert(hash);
    if (!members) return;
    for (const auto& [key, inner] : *members) add(key, inner, false);
  }

  parts take() && { return std::move(found_); }

 private:
  const tahoe::canonical_limits& limits_;
  parts found_;
};

}  // namespace

parts parts_of(const tahoe::value& data, const tahoe::canonical_limits& limits) {
  collector all(limits);
  if (const auto* members = data.get_if<tahoe::object>()) {
    for (const auto& [key, item] : *members) all.add(key, item, true);
  }
  return std::move(all).take();
}

std::optional<error> false_references(const document& d, const tahoe::canonical_limits& limits) {
  if (d.kind == tahoe::itype::raw || d.kind == tahoe::itype::report) return std::nullopt;
  auto made = parts_of(d.data, limits);
  if (made.fault) return made.fault;
  const auto contradicts = [](std::string_view field, const hash256& hash, std::string_view how) {
    return error{failure::bad_input,
                 std::string(field) + " contradicts data: " + crypto::to_hex(hash) + std::string(how)};
  };
  const auto differ = [&](std::string_view field, const std::vector<hash256>& named,
                          const std::unordered_set<hash256>& parts, bool may_name_more) {
    std::optional<error> fault;
    for (const auto& hash : parts) {
      if (!std::binary_search(named.begin(), named.end(), hash))
        fault = contradicts(field, hash, " is a part of it and is missing");
    }
    for (const auto& hash : named) {
      if (!may_name_more && !parts.contains(hash)) fault = contradicts(field, hash, " is no part of it");
    }
    return fault;
  };
  if (auto fault = differ("_cref", d.cref, made.direct, false)) return fault;
  auto& all = made.attributes;
  all.insert(made.objects.begin(), made.objects.end());
  return differ("_ref", d.ref, all, d.kind == tahoe::itype::session);
}

}  // namespace cybexd::store::archive_rules
