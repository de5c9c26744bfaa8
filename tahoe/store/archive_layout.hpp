#pragma once
// The bytes of the embedded archive: keys, rows, and how they are read back. Internal to tahoe/store/; the
// only place that knows. Change `home_format_version` with it.
//
// Integers are varints (7 bits a byte, low first, high bit = more follow), or 8 bytes big-endian in keys.
// Every document has a local id (from 1, in order of arrival), so that references cost a few bytes instead of
// 32 that do not compress. Organisations have numbers. A hash that is referred to before it is there has an
// id and a row that is its hash only.
//
//   archive_docs      id -> hash (32) | body, see `encode_document`
//   archive_ids       first 8 bytes of the hash -> ids (varints; more than one only where the 8 bytes
//   collide) archive_events    id -> time bits (8) | organisation | category (1) | parts, see `encode_event`
//   archive_postings  attribute id | time key (8) | hash (4) | event id -> class
//   archive_buckets   attribute id | depth (1) | prefix -> buckets, see `encode_node` and archive_tree.hpp
//   archive_sessions  members of a session
//                       'm' session id | time key | hash (4) | event id -> organisation
//                     sessions of an event
//                       'e' event id | session id ->
//                     members that are not there yet, found from either side
//                       'p' session id | member id ->
//                       'w' member id | session id ->
//                     its times, as BSON of start_time, end_time, duration, and the list of those by
//                     organisation (a row of before may lack it)
//                       't' session id -> BSON
//   archive_meta      'c' -> next id | raw records that no filter has run on yet | edits of events
//                     'o' number -> orgid
//                     's' sub_type -> (of raw documents)
//                     'u' sub_type 0 raw id | number -> (submissions that no filter has run on yet)
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/error.hpp"
#include "tahoe/document.hpp"

namespace cybexd::store::archive_layout {

using tahoe::document;
using tahoe::hash256;
using local_id = std::uint64_t;

void put_varint(std::string& out, std::uint64_t n);
[[nodiscard]] bool get_varint(std::string_view& in, std::uint64_t& n);
void put_number(std::string& out, std::uint64_t n);  ///< 8 bytes, big-endian.
[[nodiscard]] std::uint64_t number_at(std::string_view bytes, std::size_t offset = 0);
[[nodiscard]] std::string number_key(std::uint64_t n);
[[nodiscard]] std::string tagged_key(char tag, std::uint64_t n);

/// Ascending keys are descending times; -0.0 and 0.0 are one time.
[[nodiscard]] std::uint64_t time_key(double timestamp);
[[nodiscard]] double time_of(std::uint64_t key);

/// Where an event stands among those of an attribute: newest first, then by hash.
struct position {
  static constexpr std::size_t size = 12;
  std::array<std::uint8_t, size> bytes{};

  position() = default;
  position(double timestamp, const hash256& hash);
  auto operator<=>(const position&) const = default;
  /// The n-th half byte, 0 to 23.
  [[nodiscard]] std::uint8_t digit(std::size_t n) const {
    return n % 2 == 0 ? bytes[n / 2] >> 4 : bytes[n / 2] & 15;
  }
  [[nodiscard]] std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), size}; }
};
inline constexpr std::size_t position_digits = position::size * 2;
/// First and last position of a range of times, both included.
[[nodiscard]] std::pair<position, position> positions_between(double from, double to);
[[nodiscard]] position position_at(std::string_view key, std::size_t offset);

inline constexpr std::size_t posting_key_size = 8 + position::size + 8;
[[nodiscard]] std::string posting_key(local_id attribute, const position& at, local_id event);

/// What events are counted by, in one number: organisation, category and the context of the attribute.
struct event_class {
  std::uint64_t org = 0;
  std::uint8_t category = 0, context = 0;
  [[nodiscard]] std::uint64_t packed() const { return org << 4 | std::uint64_t{category} << 2 | context; }
  [[nodiscard]] static event_class unpack(std::uint64_t n) {
    return {n >> 4, static_cast<std::uint8_t>(n >> 2 & 3), static_cast<std::uint8_t>(n & 3)};
  }
};

struct event_part {
  local_id id = 0;
  bool direct = false, attribute = false;
  std::uint8_t context = 0;  ///< As `archive_rules::context_in`.
};
struct event_row {
  double timestamp = 0;
  std::uint64_t org = 0;
  tahoe::category category = tahoe::category::unknown;
  std::vector<event_part> parts;  ///< By id.
};
[[nodiscard]] std::string encode_event(const event_row& row);
[[nodiscard]] expected<event_row> decode_event(std::string_view bytes);
/// The same into a row whose room is used again.
[[nodiscard]] expected<void> decode_event(std::string_view bytes, event_row& into);

struct link {
  local_id id = 0;
  bool direct = false;
};
struct submission_row {
  std::uint64_t org = 0;
  std::string timezone;
  std::vector<std::string> filters;
};
/// A document as stored: references are ids, organisations numbers; an event's stand in its event row.
struct document_row {
  hash256 hash;
  std::optional<tahoe::itype> kind;  ///< Nothing: referred to, but not there yet.
  document bare;                     ///< The rest, without references and organisations.
  std::vector<link> links;  ///< Of an object, a session's own parts, what was made of a raw record; by id.
  std::uint64_t org = 0;    ///< Of a raw record.
  std::vector<submission_row> submissions;
};
/// `d` gives everything but references, organisations and `data`. Errors: too_large, bad_input (BSON cannot
/// hold it).
[[nodiscard]] expected<std::string> encode_document(const document& d, const tahoe::value& data,
                                                    const std::vector<link>& links, std::uint64_t org,
                                                    const std::vector<submission_row>& submissions);
[[nodiscard]] expected<document_row> decode_document(std::string_view bytes);
struct document_head {
  hash256 hash;
  std::optional<tahoe::itype> kind;
};
[[nodiscard]] expected<document_head> peek_document(std::string_view bytes);

[[nodiscard]] expected<std::string> encode_times(const document& session);
[[nodiscard]] expected<void> decode_times(std::string_view bytes, document& session);

struct class_count {
  std::uint64_t packed = 0;
  std::uint64_t count = 0;
};
struct bucket {
  std::uint8_t digit = 0;
  bool split = false;               ///< Has a node of its own one level deeper.
  std::vector<class_count> counts;  ///< By class, none of them 0.
  [[nodiscard]] std::uint64_t total() const;
};
struct bucket_node {
  std::vector<bucket> buckets;  ///< By digit, none of them empty.
};
[[nodiscard]] std::string node_key(local_id attribute, std::size_t depth, const position& prefix);
[[nodiscard]] std::string encode_node(const bucket_node& node);
[[nodiscard]] expected<bucket_node> decode_node(std::string_view bytes);

struct counters {
  std::uint64_t next_id = 1;
  std::uint64_t unfiltered = 0;
  std::uint64_t edits =
      0;  ///< Changes of events that were there; a row without it is from before there were any.

  bool operator==(const counters&) const = default;
};
[[nodiscard]] std::string encode_counters(const counters& c);
[[nodiscard]] expected<counters> decode_counters(std::string_view bytes);

}  // namespace cybexd::store::archive_layout
