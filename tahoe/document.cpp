#include "tahoe/document.hpp"

#include <algorithm>
#include <array>

#include "crypto/clipped.hpp"
#include "tahoe/bson.hpp"
#include "tahoe/json.hpp"
#include "tahoe/utf8.hpp"

namespace cybexd::tahoe {

namespace {

constexpr std::array<std::string_view, 7> itype_names = {"",        "attribute", "object", "event",
                                                         "session", "raw",       "report"};
constexpr std::array<std::string_view, 3> category_names = {"unknown", "benign", "malicious"};

void sort_unique(std::vector<hash256>& hashes) {
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
}

bool contains(const std::vector<hash256>& sorted, const hash256& hash) {
  return std::binary_search(sorted.begin(), sorted.end(), hash);
}

/// A document of a kind with an admissible sub_type and nothing else yet.
expected<document> begin(itype kind, std::string sub_type) {
  if (!is_identifier(sub_type))
    return fail(failure::bad_input,
                "the sub_type \"" + clipped(sub_type) + "\" is no identifier ([A-Za-z_][A-Za-z0-9_]*)");
  document d;
  d.kind = kind;
  d.sub_type = std::move(sub_type);
  return d;
}

/// Hashes kind, sub_type, what the kind puts between, and the canonical data. No store could read again what
/// is not UTF-8.
expected<document> finish(document d, std::string_view between, const canonical_limits& limits) {
  const bool extra =
      std::all_of(d.extra.begin(), d.extra.end(), [](const auto& m) { return holds_utf8(m.second); });
  if (!extra || !holds_utf8(d.data) || !is_valid_utf8(d.orgid) || !is_valid_utf8(d.timezone))
    return fail(failure::bad_input,
                "a text in the " + std::string(to_string(d.kind)) + " " + d.sub_type + " is not UTF-8");
  const auto form = canonical(d.data, limits);
  if (!form) return fail(form.error());
  d.hash = crypto::sha256({to_string(d.kind), d.sub_type, between, *form});
  return d;
}

/// Puts children into a document: their data by sub_type, their hashes and all below.
expected<void> adopt(document& d, const std::vector<const document*>& children) {
  object data;
  for (const auto* child : children) {
    if (child->kind != itype::attribute && child->kind != itype::object)
      return fail(failure::bad_input, "a child of " + d.sub_type + " is neither attribute nor object");
    auto at =
        std::find_if(data.begin(), data.end(), [&](const member& m) { return m.first == child->sub_type; });
    if (at == data.end()) at = data.emplace(data.end(), child->sub_type, array{});
    at->second.get_if<array>()->push_back(child->data);
    d.cref.push_back(child->hash);
    d.ref.push_back(child->hash);
    d.ref.insert(d.ref.end(), child->ref.begin(), child->ref.end());
  }
  sort_unique(d.cref);
  sort_unique(d.ref);
  d.data = value(std::move(data));
  return {};
}

expected<document> with_children(itype kind, std::string sub_type,
                                 const std::vector<const document*>& children) {
  auto d = begin(kind, std::move(sub_type));
  if (!d) return d;
  if (auto done = adopt(*d, children); !done) return fail(done.error());
  return d;
}

}  // namespace

std::string_view to_string(itype t) { return itype_names[static_cast<std::size_t>(t)]; }

std::optional<itype> itype_from(std::string_view name) {
  const auto at = std::find(itype_names.begin() + 1, itype_names.end(), name);
  if (at == itype_names.end()) return std::nullopt;
  return static_cast<itype>(at - itype_names.begin());
}

std::string_view to_string(category c) { return category_names[static_cast<std::size_t>(c)]; }

std::optional<category> category_from(std::string_view name) {
  const auto at = std::find(category_names.begin(), category_names.end(), name);
  if (at == category_names.end()) return std::nullopt;
  return static_cast<category>(at - category_names.begin());
}

bool is_identifier(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

expected<document> make_attribute(std::string sub_type, value scalar, const canonical_limits& limits) {
  auto d = begin(itype::attribute, std::move(sub_type));
  if (!d) return d;
  if (!scalar.is_scalar())
    return fail(failure::bad_input, "the data of attribute " + d->sub_type + " is " +
                                        std::string(kind_of(scalar)) + ", not a scalar");
  d->data = std::move(scalar);
  return finish(std::move(*d), {}, limits);
}

expected<document> make_object(std::string sub_type, const std::vector<const document*>& children,
                               const canonical_limits& limits) {
  auto d = with_children(itype::object, std::move(sub_type), children);
  if (!d) return d;
  return finish(std::move(*d), {}, limits);
}

expected<document> make_event(std::string sub_type, const std::vector<const document*>& children,
                              event_fields fields, const canonical_limits& limits) {
  auto d = with_children(itype::event, std::move(sub_type), children);
  if (!d) return d;
  d->orgid = std::move(fields.orgid);
  d->timestamp = fields.timestamp;
  d->category = fields.category;
  d->mal_ref = std::move(fields.malicious);
  d->ben_ref = std::move(fields.benign);
  sort_unique(d->mal_ref);
  sort_unique(d->ben_ref);
  std::erase_if(d->mal_ref, [&](const hash256& h) { return !contains(d->ref, h); });
  std::erase_if(d->ben_ref,
                [&](const hash256& h) { return !contains(d->ref, h) || contains(d->mal_ref, h); });
  const auto between = d->orgid + python_float(d->timestamp);
  return finish(std::move(*d), between, limits);
}

expected<document> make_session(std::string sub_type, const std::vector<const document*>& children,
                                const canonical_limits& limits) {
  auto d = with_children(itype::session, std::move(sub_type), children);
  if (!d) return d;
  return finish(std::move(*d), {}, limits);
}

expected<document> make_raw(std::string sub_type, value data, std::string orgid, std::string timezone,
                            const canonical_limits& limits) {
  auto d = begin(itype::raw, std::move(sub_type));
  if (!d) return d;
  d->data = std::move(data);
  d->orgid = std::move(orgid);
  d->timezone = std::move(timezone);
  return finish(std::move(*d), {}, limits);
}

expected<document> make_report(std::string sub_type, value data, std::string userid, double timestamp,
                               std::int64_t current_page, std::int64_t next_page,
                               const canonical_limits& limits) {
  constexpr std::size_t room_for_the_rest = 4096;  // other fields, and what a store adds
  auto d = begin(itype::report, std::move(sub_type));
  if (!d) return d;
  if (bson_size(data) + room_for_the_rest > max_bson_size)
    return fail(failure::too_large, "the report is too large to be stored");
  d->data = std::move(data);
  d->timestamp = timestamp;
  d->extra.emplace_back("userid", std::move(userid));
  d->extra.emplace_back("current_page", current_page);
  d->extra.emplace_back("next_page", next_page);
  return finish(std::move(*d), {}, limits);
}

}  // namespace cybexd::tahoe
