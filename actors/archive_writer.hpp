#pragma once
#include <memory>
#include <vector>

#include "actors/shell.hpp"
#include "messages/actors.hpp"

namespace cybexd::actors {

struct writer_options {
  std::size_t records = 2048;                                  ///< Commits when so many have gathered ...
  std::uint64_t works = 1024;                                  ///< ... or entries and parts of entries ...
  caf::timespan longest_wait = std::chrono::milliseconds(20);  ///< ... or so long after the first.
};

struct archive_writer_state {
  archive_writer_state() = default;  // not an aggregate, see pool_state
  static inline const char* name = "archive_writer";

  struct waiting {
    std::size_t works = 0;
    caf::typed_response_promise<messages::work_committed> promise;
  };
  std::vector<store::entry_work> gathered;
  std::vector<waiting> askers;  ///< In the order of what they gave.
  std::size_t records = 0;
  std::uint64_t generation = 0;
};

/// Gathers work, commits it together, and answers every asker once it is durable. Work that is marked `alone`
/// is committed by itself. An exception of the store is an answer (`refused`), as is a store that is down;
/// nothing is kept after an answer.
[[nodiscard]] messages::archive_writer_actor spawn_archive_writer(caf::actor_system& system,
                                                                  writer_options options,
                                                                  std::shared_ptr<store::committer> commit,
                                                                  telemetry& metrics);

/// One commit as an answer. Sets whether the archive is up.
[[nodiscard]] messages::work_committed commit_all(store::committer& commit,
                                                  std::vector<store::entry_work> work, telemetry& metrics);

}  // namespace cybexd::actors
