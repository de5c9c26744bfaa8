#pragma once
// The query document (TDQL): an object `query` with its children (`spec/report.md`, "The query document").
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/error.hpp"
#include "tahoe/document.hpp"
#include "tahoe/store/report_store.hpp"

namespace cybexd::report {

using tahoe::document;

/// Where the asker waits. Port 0: nobody waits.
struct reply_socket {
  std::string host = "localhost";
  std::int64_t port = 0;
  std::string nonce;
};

/// A query document with the documents it is made of, children first: what is stored.
struct query_document {
  document query;
  std::vector<document> parts;
  tahoe::value data;  ///< What its canonical form says, which is what is answered.
};

/// Seals the canonical query; the result is the envelope's bytes.
using seal_function = std::function<expected<std::string>(const std::string& canonical)>;
/// Opens an envelope. Its errors are shown to the asker, so they say no more than that it does not open.
using open_function = std::function<expected<std::string>(const std::string& envelope)>;

/// A new query document, status `invalid`, nobody waiting, no report. `timestamp` in Unix seconds; its hour
/// is part of the hash. `userid` is the user's hash as hex. With `seal` the query is stored encrypted.
/// Errors: bad_input (qtype no identifier; more than a document holds, naming the key), and those of `seal`.
[[nodiscard]] expected<query_document> make_query(std::string_view qtype, const tahoe::value& data,
                                                  std::string_view userid, double timestamp,
                                                  const seal_function& seal = {});

// One child replaced: the new attribute in `new_children`, `data`, `_cref` and `_ref` of the query following,
// `_hash` as it was. Conditions and claim of the update are the caller's to set. A child that was missing is
// added.
[[nodiscard]] expected<store::query_update> with_status(const document& query, std::string_view status);
[[nodiscard]] expected<store::query_update> with_report(const document& query, std::string_view status,
                                                        std::string_view report_id);
[[nodiscard]] expected<store::query_update> with_socket(const document& query, const reply_socket& socket);

/// What a query document says, whoever made it.
struct query_fields {
  std::string qtype, qhash, userid;
  std::string qdata;  ///< The bytes the literal stands for: canonical query or envelope.
  double timestamp = 0;
  bool encrypted = false;
};

/// Errors: bad_input naming the field that is missing or wrong. Never looks at the socket: a bad one costs no
/// report.
[[nodiscard]] expected<query_fields> read_query_document(const document& query);
/// Errors: bad_input naming the field.
[[nodiscard]] expected<reply_socket> socket_of(const document& query);
/// Empty where it is missing or no text.
[[nodiscard]] std::string status_of(const document& query);
[[nodiscard]] std::string report_id_of(const document& query);
[[nodiscard]] std::string qtype_of(const document& query);
[[nodiscard]] std::string userid_of(const document& query);

/// The query itself: opens it where it is sealed, checks `qhash`, decodes the canonical form.
/// Errors: bad_input, not_allowed and others of `open`.
[[nodiscard]] expected<tahoe::value> query_data(const query_fields& fields, const open_function& open = {});

/// The hash of attribute status = `wait`, by which waiting queries are found.
inline constexpr std::string_view wait_hash =
    "64d6f946a875d0fc05774ef1e1fe4eaa4b2f1700c71df9a1bb33b0c0cfcbad89";

/// The hash of a query document: the same query by the same user in the same UTC clock hour.
[[nodiscard]] tahoe::hash256 query_hash(std::string_view qtype, std::string_view qhash,
                                        std::string_view userid, double timestamp);

}  // namespace cybexd::report
