#pragma once
// The protocol: every message and every actor's interface, in one file (payloads in payloads.hpp).
#include "messages/caf_compat.hpp"
#include "messages/payloads.hpp"

namespace cybexd::messages {

ACT_INSPECT(nudge)
ACT_INSPECT(archive_once, force)
ACT_INSPECT(archive_summary, completed, reason, archived, known)
ACT_INSPECT(get_status)
ACT_INSPECT(line_status, credit_in_use, rounds, failures, trouble)
ACT_INSPECT(drain)
ACT_INSPECT(drained)
ACT_INSPECT(tick, generation)

}  // namespace cybexd::messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::submit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cybexd::messages::ask_query)

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
CAF_END_TYPE_ID_BLOCK(cybexd)

namespace cybexd::messages {

/// Answers `drained` when nothing is in flight any more, and ends.
using drainable = caf::typed_actor<act::ask_t<drained, drain>>;

/// Authenticates, seals, puts into the lake, answers when durable. Bounded: beyond its budget it answers overloaded.
using intake_actor = drainable::extend<
    act::in<submit>,
    act::in<tick>>;              // INTERNAL: commits what has gathered

/// Takes eligible entries while it has credit, owns what is not yet durable, backs off.
using cache_poller_actor = drainable::extend<
    act::in<nudge>,
    act::ask_t<archive_summary, archive_once>,
    act::ask_t<line_status, get_status>,
    act::in<tick>>;              // INTERNAL: the next round

/// Validates, reuses, claims, dispatches by type, sets status.
using query_desk_actor = drainable::extend<
    act::in<ask_query>,
    act::in<tick>>;              // INTERNAL: deadlines

}  // namespace cybexd::messages
