#pragma once
// Report worker: makes one report at a time over a consistent view of the archive. Runs detached, in a pool
// for each type.
#include <memory>

#include "actors/telemetry.hpp"
#include "messages/actors.hpp"
#include "report/answer.hpp"
#include "tahoe/store/archive_store.hpp"

namespace cybexd::actors {

struct report_worker_state {
  report_worker_state() = default;
  static inline const char* name = "report worker";
  std::shared_ptr<store::archive_store> archive;
  report::report_options options;
};

/// The report of a job: failed with that reason past its deadline. Errors: cancelled; bad_input where no
/// report can have the type; those of the archive.
[[nodiscard]] expected<report::made_report> make_report_of(const messages::report_job& job,
                                                           store::archive_store& archive,
                                                           const report::report_options& options);

[[nodiscard]] messages::report_worker_actor::behavior_type report_worker(
    messages::report_worker_actor::stateful_pointer<report_worker_state> self, std::string pool_name,
    std::shared_ptr<store::archive_store> archive, report::report_options options, telemetry* metrics);

}  // namespace cybexd::actors
