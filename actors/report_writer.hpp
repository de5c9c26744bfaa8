#pragma once
// Report writer: stores a report with status and report_id of its query in one update. Runs detached, in a
// pool, so that several wait for the same sync of the disk.
#include <memory>

#include "actors/telemetry.hpp"
#include "messages/actors.hpp"
#include "tahoe/store/report_store.hpp"

namespace cybexd::actors {

struct report_writer_state {
  report_writer_state() = default;
  static inline const char* name = "report_writer";
  std::shared_ptr<store::report_store> store;
};

[[nodiscard]] messages::report_writer_actor::behavior_type report_writer(
    messages::report_writer_actor::stateful_pointer<report_writer_state> self,
    std::shared_ptr<store::report_store> store, telemetry* metrics);

}  // namespace cybexd::actors
