#include "actors/archive_writer.hpp"

#include <exception>
#include <iterator>

namespace cybexd::actors {

using messages::work_committed;

work_committed commit_all(store::committer& commit, std::vector<store::entry_work> work, telemetry& metrics) {
  work_committed answer;
  try {
    auto marks = commit.commit(std::move(work));
    const bool down = !marks && marks.error().kind == failure::unavailable;
    metrics.set(gauge::store_up, {"archive"}, down ? 0 : 1);
    if (marks) {
      answer.marks = std::make_shared<std::vector<store::entry_mark>>(std::move(*marks));
    } else {
      answer.what = down ? work_committed::outcome::unavailable : work_committed::outcome::refused;
      answer.reason = std::move(marks.error().text);
    }
  } catch (const std::exception& e) {  // allowed: its askers find out which record it was
    answer.what = work_committed::outcome::refused;
    answer.reason = e.what();
  }
  return answer;
}

namespace {

using pointer = messages::archive_writer_actor::stateful_pointer<archive_writer_state>;

/// The part of an answer that is for one asker.
work_committed share(const work_committed& all, std::size_t from, std::size_t count) {
  work_committed part{all.what, all.reason, nullptr};
  if (!all.marks) return part;
  const auto first = all.marks->begin() + static_cast<std::ptrdiff_t>(from);
  part.marks = std::make_shared<std::vector<store::entry_mark>>(
      std::make_move_iterator(first), std::make_move_iterator(first + static_cast<std::ptrdiff_t>(count)));
  return part;
}

void flush(pointer self, store::committer& commit, telemetry& metrics) {
  auto& state = act::st(self);
  ++state.generation;
  state.records = 0;
  if (state.askers.empty()) return;
  const auto answer = commit_all(commit, std::exchange(state.gathered, {}), metrics);
  std::size_t from = 0;
  for (auto& asker : std::exchange(state.askers, {})) {
    asker.promise.deliver(share(answer, from, asker.works));
    from += asker.works;
  }
}

void gather(pointer self, const messages::commit_work& job,
            caf::typed_response_promise<work_committed> promise) {
  auto& state = act::st(self);
  for (auto& work : *job.work) {
    state.records += work.records.size();
    state.gathered.push_back(std::move(work));
  }
  state.askers.push_back({job.work->size(), std::move(promise)});
}

messages::archive_writer_actor::behavior_type archive_writer(pointer self, const writer_options& options,
                                                             const std::shared_ptr<store::committer>& commit,
                                                             telemetry* metrics) {
  const auto meter = metrics->actor(archive_writer_state::name);
  behave(self, meter);
  return {
      metered(self, meter, "commit_work",
              [=](const messages::commit_work& job) -> caf::result<work_committed> {
                auto& state = act::st(self);
                if (job.alone) flush(self, *commit, *metrics);
                auto promise = self->make_response_promise<work_committed>();
                gather(self, job, promise);
                if (job.alone || state.records >= options.records || state.gathered.size() >= options.works)
                  flush(self, *commit, *metrics);
                else if (state.askers.size() == 1)
                  act::tell_after(self, options.longest_wait, messages::archive_writer_actor{self},
                                  messages::tick{state.generation});
                return promise;
              }),
      metered(self, meter, "tick", [=](const messages::tick& tick) {
        if (tick.generation == act::st(self).generation) flush(self, *commit, *metrics);
      })};
}

}  // namespace

messages::archive_writer_actor spawn_archive_writer(caf::actor_system& system, writer_options options,
                                                    std::shared_ptr<store::committer> commit,
                                                    telemetry& metrics) {
  return spawn_detached(system, archive_writer, options, std::move(commit), &metrics);
}

}  // namespace cybexd::actors
