#include "actors/report_worker.hpp"

#include "actors/shell.hpp"

namespace cybexd::actors {

expected<report::made_report> make_report_of(const messages::report_job& job, store::archive_store& archive,
                                             const report::report_options& options) {
  const auto keep_going = [&job]() -> expected<void> {
    if (job.cancelled) return fail(failure::cancelled, "the server is stopping");
    if (std::chrono::steady_clock::now() >= job.deadline)
      return fail(failure::timed_out, "the report took longer than it may");
    return {};
  };
  if (auto going = keep_going(); !going && going.error().kind == failure::cancelled)
    return fail(going.error());
  auto view = archive.view();
  if (!view) return report::failed_report(job.type, view.error(), job.who.userid, job.now);
  (*view)->end_by(job.deadline);
  return report::answer(job.type, job.data, job.who, **view, job.now, options, keep_going);
}

messages::report_worker_actor::behavior_type report_worker(
    messages::report_worker_actor::stateful_pointer<report_worker_state> self, std::string pool_name,
    std::shared_ptr<store::archive_store> archive, report::report_options options, telemetry* metrics) {
  const auto meter = metrics->actor(pool_name);
  behave(self, meter);
  act::st(self).archive = std::move(archive);
  act::st(self).options = std::move(options);
  return {metered(self, meter, "make", [self](const messages::make_report& asked) {
    auto& state = act::st(self);
    return messages::report_made{std::make_shared<expected<report::made_report>>(
        make_report_of(*asked.job, *state.archive, state.options))};
  })};
}

}  // namespace cybexd::actors
