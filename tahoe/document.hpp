#pragma once
// TAHOE documents ("instances"), `spec/tahoe.md`: seven kinds, each with a `_hash` over its unique string.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.hpp"
#include "crypto/error.hpp"
#include "tahoe/canonical.hpp"
#include "tahoe/value.hpp"

namespace cybexd::tahoe {

using crypto::hash256;

/// Stored on disk: do not renumber.
enum class itype : std::uint8_t { attribute = 1, object = 2, event = 3, session = 4, raw = 5, report = 6 };
[[nodiscard]] std::string_view to_string(itype t);
[[nodiscard]] std::optional<itype> itype_from(std::string_view name);

/// Ordered by gravity. Stored on disk: do not renumber.
enum class category : std::uint8_t { unknown = 0, benign = 1, malicious = 2 };
[[nodiscard]] std::string_view to_string(category c);
[[nodiscard]] std::optional<category> category_from(std::string_view name);

/// What a raw record has been through for one organisation.
struct raw_submission {
  std::string orgid;
  std::string timezone;
  std::vector<std::string> filters;  ///< Ids of the filters that ran to an end for this organisation.
};

/// One document. Fields that a kind does not have stay empty. Lists of hashes are sorted and free of doubles.
struct document {
  itype kind = itype::attribute;
  std::string sub_type;
  hash256 hash;
  value data;

  // object, event, session
  std::vector<hash256> cref;  ///< Direct children.
  std::vector<hash256> ref;   ///< All descendants; of a session also the events added to it; of a raw record
                              ///< what its filters made.

  // event
  std::string orgid;     ///< Also of a raw record: the first submitter.
  double timestamp = 0;  ///< Unix seconds. Also of a report.
  tahoe::category category = category::unknown;
  std::vector<hash256> ben_ref, mal_ref;

  // session; the values keep the type the record gave them
  std::optional<value> start_time, end_time, duration;

  // raw
  std::string timezone;
  std::vector<std::string> filters;
  std::optional<bool> valid;  ///< `_valid`
  std::string reason;         ///< `_cybexd_reason`
  std::vector<raw_submission>
      submissions;  ///< `_cybexd_orgs`: later organisations that submitted the same record.

  /// All other top-level fields as they came (report: userid, current_page, next_page; identity: _usr_ref,
  /// _adm_ref, _acl; `_cybexd_*`).
  object extra;
};

/// `[A-Za-z_][A-Za-z0-9_]*`
[[nodiscard]] bool is_identifier(std::string_view name);

// Makers. Each checks sub_type and that all texts are UTF-8 (bad_input) and the canonical form's limit
// (too_large) and computes the hash. A report must also fit into a store (16 MiB as BSON).
[[nodiscard]] expected<document> make_attribute(std::string sub_type, value scalar,
                                                const canonical_limits& limits = {});
[[nodiscard]] expected<document> make_object(std::string sub_type,
                                             const std::vector<const document*>& children,
                                             const canonical_limits& limits = {});
struct event_fields {
  std::string orgid;
  double timestamp = 0;
  tahoe::category category = category::unknown;
  /// Parts in that context, exactly these: an object does not bring its attributes along. What is not in the
  /// event's
  /// `_ref` is left out; malicious wins.
  std::vector<hash256> benign, malicious;
};
[[nodiscard]] expected<document> make_event(std::string sub_type,
                                            const std::vector<const document*>& children, event_fields fields,
                                            const canonical_limits& limits = {});
[[nodiscard]] expected<document> make_session(std::string sub_type,
                                              const std::vector<const document*>& children,
                                              const canonical_limits& limits = {});
[[nodiscard]] expected<document> make_raw(std::string sub_type, value data, std::string orgid,
                                          std::string timezone, const canonical_limits& limits = {});
[[nodiscard]] expected<document> make_report(std::string sub_type, value data, std::string userid,
                                             double timestamp, std::int64_t current_page,
                                             std::int64_t next_page, const canonical_limits& limits = {});

/// The unique string of a document given as JSON, by its kind, whatever `_hash` it brings (queries, users and
/// organisations have forms of their own). Errors: bad_input naming the field.
[[nodiscard]] expected<std::string> unique_string(const value& json, const canonical_limits& limits = {});

/// Several submissions of one organisation, the first one's included, become one with all their filters. True
/// when there were such.
bool join_submissions(document& raw);

/// The document as a JSON object with the original's field names: hashes as hex, `timestamp` of events as a
/// float.
[[nodiscard]] value to_value(const document& d);
/// The reverse. Checks types of all fields (bad_input naming the field). `_hash` is taken as given: compare
/// with `unique_string` where it is not trusted.
/// A raw document comes with its submissions joined.
[[nodiscard]] expected<document> from_value(const value& json);

}  // namespace cybexd::tahoe
