#include <mongoc/mongoc.h>

#include <algorithm>
#include <array>

#include "tahoe/store/mongodb_home.hpp"

namespace cybexd::store {
namespace {

/// What a server's code means for the caller. Names as in MongoDB's error_codes.yml. Everything else may pass
/// (not primary, time-outs, interrupted, disk full, write concern, ...) and is `unavailable`: a call that is
/// tried again loses nothing, one that is given up might.
failure of_server_code(std::int32_t code) {
  switch (code) {
    case 11000:  // DuplicateKey
    case 11001:
    case 12582:
      return failure::conflict;
    case 10334:  // BSONObjectTooLarge
    case 17419:  // the document after an update is too large
    case 17420:
    case 17280:  // KeyTooLong
      return failure::too_large;
    case 26:  // NamespaceNotFound
      return failure::not_found;
    default:
      return failure::unavailable;
  }
}

failure of(const bson_error_t& problem) {
  switch (problem.domain) {
    case MONGOC_ERROR_SERVER:
    case MONGOC_ERROR_WRITE_CONCERN:
    case MONGOC_ERROR_COMMAND:
    case MONGOC_ERROR_COLLECTION:
      return of_server_code(static_cast<std::int32_t>(problem.code));
    case MONGOC_ERROR_BSON:
      return failure::too_large;  // all that the driver itself refuses of well-formed documents
    default:
      return failure::unavailable;
  }
}

}  // namespace

failure failure_of_question(const bson_error_t& problem, bool transient, bool out_of_time,
                            std::chrono::seconds lasted) {
  // A server's transactions end after a minute (transactionLifetimeLimitSeconds), which it looks at now and
  // then.
  constexpr std::chrono::seconds a_look_lasts{55};
  constexpr std::array<std::uint32_t, 34> passes = {
      6,     7,   89,    9001,  317,   202,           // network
      91,    189, 10107, 13435, 13436, 11600, 11602,  // a server that stops, or is not the primary
      133,   134, 64,    100,   262,                  // not enough servers, or not in time
      11601, 43,  237,   24,    112,   246,           // somebody ended it, or was in the way
      175,   267, 239,         // an index went or came, a write is on its way, too late
      13388, 150, 63,    211,  // a part of the collection has moved
      13,    18,  14031};      // what an operator will mend: rights, a full disk
  if (problem.domain != MONGOC_ERROR_SERVER) return of(problem);
  if (problem.code == 50)  // MaxTimeMSExpired. Before our limit it is a server in trouble.
    return out_of_time ? failure::timed_out : failure::unavailable;
  if (problem.code == 290) return failure::timed_out;  // too old a look
  if (problem.code == 251) return lasted > a_look_lasts ? failure::timed_out : failure::unavailable;
  const bool away = std::find(passes.begin(), passes.end(), problem.code) != passes.end();
  return away || transient ? failure::unavailable : failure::internal;
}

failure failure_of(std::int32_t server_code) {
  // What the server says of a document and its change, and says again at every try.
  constexpr std::array<std::int32_t, 8> for_good = {
      2,    // BadValue: a field of another's is in the way
      9,    // FailedToParse
      14,   // TypeMismatch
      28,   // PathNotViable
      52,   // DollarPrefixedFieldName
      55,   // InvalidDBRef
      57,   // DottedFieldName
      121,  // DocumentValidationFailure
  };
  const bool refused = std::find(for_good.begin(), for_good.end(), server_code) != for_good.end();
  return refused ? failure::bad_input : of_server_code(server_code);
}

error to_error(const bson_error_t& problem, std::string_view what) {
  return {of(problem), std::string(what) + ": " + problem.message};
}

}  // namespace cybexd::store
