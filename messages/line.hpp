#pragma once
// What the actors of the archive line tell each other, from the lake to the durable document. Large payloads
// stand behind shared pointers that have one user at a time: whoever holds the message. A domain failure is
// data in the answer; a caf::error means that the worker is gone.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "messages/reply.hpp"
#include "tahoe/document.hpp"
#include "tahoe/store/archive_store.hpp"
#include "tahoe/store/cache_lake.hpp"
#include "tahoe/store/committer.hpp"

namespace cybexd::messages {

// --- Cache poller -> decryptor
// ---------------------------------------------------------------------------------------

/// Read these files from the lake and open their envelopes.
struct open_files {
  std::shared_ptr<const std::vector<store::entry_id>> ids;
};

struct opened_file {
  std::shared_ptr<const std::string> text;  ///< Valid UTF-8; nothing where it is bad data.
  std::string reason;                       ///< Why it is bad data.
};

struct files_opened {
  std::shared_ptr<const std::vector<opened_file>> files;  ///< In the order asked for.
  std::string unavailable;  ///< Not empty: the lake is down, and there are no files.
};

// --- Cache poller -> parser
// ------------------------------------------------------------------------------------------

/// One record, or some lines of NDJSON, as a slice of a text.
struct record_text {
  std::shared_ptr<const std::string> text;
  std::size_t offset = 0, size = 0;
  bool lines = false;            ///< Each non-blank line is a record.
  std::uint64_t first_line = 1;  ///< Number of the slice's first line in the entry.
  std::string typetag;
  std::string sub_type;  ///< Empty: the typetag is not known.
  std::string orgid, timezone;
};

struct parse_records {
  std::shared_ptr<const std::vector<record_text>> texts;
};

/// Where a document comes from.
struct record_origin {
  std::size_t text = 0;  ///< Index into the texts asked for.
  std::uint64_t line = 1;
};

struct refused_record {
  record_origin origin;
  store::entry_state state = store::entry_state::error;
  std::string reason;
};

struct parsed_batch {
  std::vector<tahoe::document> documents;
  std::vector<record_origin> origins;  ///< One for each document.
  std::vector<refused_record> refused;
};

struct records_parsed {
  std::shared_ptr<parsed_batch> batch;
};

// --- Cache poller, filter catch-up -> analyst
// ------------------------------------------------------------------------

/// Raw documents whose `orgid` and `timezone` are those of the submission to run the filters for.
struct filter_records {
  std::shared_ptr<const std::vector<tahoe::document>> documents;
};

struct records_filtered {
  /// One for each document; nothing where no configured filter reads its sub_type.
  std::shared_ptr<std::vector<std::optional<store::filter_result>>> results;
};

// --- Cache poller -> archive writer
// ----------------------------------------------------------------------------------

struct commit_work {
  std::shared_ptr<std::vector<store::entry_work>> work;  ///< Consumed, whatever the answer is.
  bool alone = false;  ///< Not together with the work of others: it is suspected of harm.
};

struct work_committed {
  enum class outcome : std::uint8_t {
    durable,
    unavailable,  ///< The store is down; nothing was marked. Try again later.
    refused,      ///< The store cannot take something in it. Try the records one by one.
  };
  outcome what = outcome::durable;
  std::string reason;
  std::shared_ptr<std::vector<store::entry_mark>> marks;  ///< As store::committer returns them, in order.
};

// --- Cache poller -> filter catch-up
// ---------------------------------------------------------------------------------

/// Run the filters on every raw record that has not been through them; answered when none is left.
struct catch_up {};

struct caught_up {
  bool completed = false;
  std::string reason;  ///< Why not.
  std::uint64_t filtered = 0;
};

// --- Intake -> lake writer
// -------------------------------------------------------------------------------------------

/// No entries: only see whether the lake takes writes.
struct put_entries {
  std::shared_ptr<const std::vector<store::new_entry>> entries;
};

struct entries_put {
  std::vector<store::entry_id> ids;  ///< In order; empty where `problem` says why not.
  std::optional<error> problem;
};

}  // namespace cybexd::messages
