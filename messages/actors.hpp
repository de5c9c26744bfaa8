#pragma once
// The protocol: every message and every actor's interface, in one file (payloads in payloads.hpp and
// line.hpp). A handle may be given to anybody who knows a subset of its interface.
#include "messages/caf_compat.hpp"
#include "messages/identity.hpp"
#include "messages/line.hpp"
#include "messages/payloads.hpp"
#include "messages/queries.hpp"

namespace cybexd::messages {

ACT_INSPECT(nudge)
ACT_INSPECT(tell_socket, host, port)
ACT_INSPECT(queries_taken, taken, busy)
ACT_INSPECT(patience_over, query, waiter)
ACT_INSPECT(renew_claims)
ACT_INSPECT(abandon, asker)
ACT_INSPECT(archive_once, force)
ACT_INSPECT(archive_summary, completed, reason, archived, known)
ACT_INSPECT(get_status)
ACT_INSPECT(line_status, credit_in_use, rounds, failures, trouble)
ACT_INSPECT(drain)
ACT_INSPECT(drained, clean, left)
ACT_INSPECT(tick, generation)
ACT_INSPECT(catch_up)
ACT_INSPECT(caught_up, completed, reason, filtered)

}  // namespace cybexd::messages

// Payloads behind pointers and answers to outsiders: they never leave the process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::submit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::ask_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::ask_identity)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::make_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::report_made)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::store_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::report_stored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::socket_told)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::run_queries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::stop)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::renew)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::open_files)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::files_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::parse_records)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::records_parsed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::filter_records)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::records_filtered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::commit_work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::work_committed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::put_entries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::entries_put)

CAF_BEGIN_TYPE_ID_BLOCK(cybexd, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::submit))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::ask_query))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::nudge))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::archive_once))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::archive_summary))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::get_status))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::line_status))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::drain))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::drained))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::tick))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::stop))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::renew))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::open_files))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::files_opened))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::parse_records))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::records_parsed))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::filter_records))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::records_filtered))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::commit_work))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::work_committed))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::catch_up))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::caught_up))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::put_entries))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::entries_put))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::make_report))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::report_made))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::store_report))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::report_stored))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::tell_socket))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::socket_told))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::run_queries))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::queries_taken))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::patience_over))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::renew_claims))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::abandon))
CAF_ADD_TYPE_ID(cybexd, (cybexd::messages::ask_identity))
CAF_END_TYPE_ID_BLOCK(cybexd)

namespace cybexd::messages {

/// Answers `drained` when nothing is in flight any more, and ends.
using drainable = caf::typed_actor<act::ask_t<drained, drain>>;

/// Puts sealed entries into the lake, durably.
using lake_writer_actor = caf::typed_actor<act::ask_t<entries_put, put_entries>>;

/// Authenticates, seals, has it put into the lake, answers when durable. Bounded: beyond its budget it
/// answers overloaded.
using intake_actor = drainable::extend<act::in<submit>,
                                       act::in<tick>>;  // INTERNAL: see whether an outage is over

/// Opens envelopes.
using decryptor_actor = caf::typed_actor<act::ask_t<files_opened, open_files>>;

/// Makes raw documents of texts.
using parser_actor = caf::typed_actor<act::ask_t<records_parsed, parse_records>>;

/// Runs the filters on raw documents.
using analyst_actor = caf::typed_actor<act::ask_t<records_filtered, filter_records>>;

/// Gathers work, commits it in one atomic write, answers each part of it after that is durable.
using archive_writer_actor = caf::typed_actor<act::ask_t<work_committed, commit_work>,
                                              act::in<tick>>;  // INTERNAL: commit what has gathered

/// Answers when every raw record has been through the filters, or why that could not be.
using catching_up = caf::typed_actor<act::ask_t<caught_up, catch_up>>;

/// Runs the filters on what other modules or an import put into the archive.
using filter_catch_up_actor = drainable::extend<act::ask_t<caught_up, catch_up>,
                                                act::in<nudge>,  // after an outage: tries now
                                                act::in<tick>>;  // INTERNAL: the next try after an outage

/// Takes eligible entries while it has credit, owns what is not yet durable, backs off.
using cache_poller_actor = drainable::extend<act::in<nudge>, act::ask_t<archive_summary, archive_once>,
                                             act::ask_t<line_status, get_status>,
                                             act::in<tick>>;  // INTERNAL: the next round

/// Makes one report over a view of the archive.
using report_worker_actor = caf::typed_actor<act::ask_t<report_made, make_report>>;

/// Stores a report, then status and report_id of its query in one update.
using report_writer_actor = caf::typed_actor<act::ask_t<report_stored, store_report>>;

/// Connects to whoever waits for a report, sends the nonce, closes.
using reply_socket_actor = caf::typed_actor<act::ask_t<socket_told, tell_socket>>;

/// Validates, reuses, claims, dispatches by type, sets status.
using query_desk_actor =
    drainable::extend<act::in<ask_query>, act::in<abandon>, act::ask_t<queries_taken, run_queries>,
                      act::in<patience_over>,  // INTERNAL: a waiting asker gets `processing`
                      act::in<renew_claims>,   // INTERNAL
                      act::in<tick>>;          // INTERNAL: the grace of a stop is over

/// Logs in, makes and changes users and organisations, tells users about themselves: what costs time on
/// purpose (passwords) or changes identities, one after the other.
using identity_desk_actor = drainable::extend<act::in<ask_identity>>;

/// Finds waiting queries that others put into the store; backs off like the cache poller, with a cap of its
/// own.
using query_poller_actor = drainable::extend<act::in<tick>>;  // INTERNAL: the next look

/// Asks one store every few seconds whether it is there, and tells readiness.
using store_look_actor = caf::typed_actor<act::in<tick>>;  // INTERNAL: the next look

/// Starts, watches and replaces all others, and passes on what comes from outside: its handle stays good when
/// one of them is replaced.
using supervisor_actor =
    caf::typed_actor<act::in<submit>, act::in<ask_query>, act::in<abandon>, act::in<nudge>,
                     act::ask_t<archive_summary, archive_once>, act::ask_t<line_status, get_status>,
                     act::ask_t<caught_up, catch_up>,  // outlives a catch-up that dies
                     act::in<renew>, act::in<stop>,
                     act::in<tick>>;  // INTERNAL: look, a store is back, replace, deadlines

}  // namespace cybexd::messages
