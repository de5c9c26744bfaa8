#include "app/spawn_line.hpp"

#include <algorithm>
#include <mutex>
#include <random>
#include <thread>

#include "app/query_options.hpp"
#include "app/secrets.hpp"
#include "crypto/envelope.hpp"

namespace cybexd::app {
namespace {

struct key_pair {
  crypto::private_key opening;
  crypto::public_key sealing;
};

expected<key_pair> read_keys(engine& over) {
  const auto values = over.values();
  auto opening = read_private_key(*values, over.environment());
  if (!opening) return fail(opening.error());
  auto sealing = read_public_key(*values);
  if (!sealing) return fail(sealing.error());
  constexpr std::string_view sample = "a pair";
  const auto opened = crypto::open_envelope(*opening, crypto::seal_envelope(*sealing, sample));
  if (!opened || *opened != sample) {
    return fail(failure::bad_input,
                values->keys.public_key.path + " is not the public key of " + values->keys.private_key.path);
  }
  return key_pair{*opening, *sealing};
}

actors::line_options options_of(const settings& from, bool serving) {
  const auto& archive = from.archive;
  actors::line_options out;
  out.workers = archive.workers > 0 ? archive.workers : std::max(1u, std::thread::hardware_concurrency());
  out.filters.insert(archive.filters.begin(), archive.filters.end());
  out.parse.json.depth = archive.max_depth;
  out.parse.canonical.size = archive.max_canonical.bytes;
  out.intake.requests = from.http.max_requests;
  out.intake.bytes = from.http.max_bytes.bytes;
  out.intake.backlog = archive.max_backlog;
  out.poller.line.busy_units = 4 * out.workers;
  out.poller.batch = archive.batch;
  out.poller.window_entries = archive.window_entries;
  out.poller.window_bytes = archive.window_bytes.bytes;
  out.poller.backoff = {archive.backoff_base, archive.backoff_cap, archive.backoff_jitter};
  out.poller.seed = std::random_device{}();
  out.poller.force_process = archive.force_process;
  out.poller.typetags.insert(archive.typetags.begin(), archive.typetags.end());
  out.poller.accept_unknown_typetags = archive.accept_unknown_typetags;
  out.poller.start_at_once = serving;  // a command counts what its own rounds do
  out.writer.works = archive.commit_entries;
  out.writer.longest_wait = archive.commit_delay;
  return out;
}

/// Who may put in what: an admin of the organisation, or the operator.
actors::authenticate authenticate_by(std::shared_ptr<tahoe::identity::accounts> accounts) {
  return [accounts](const messages::submission& what) -> expected<std::string> {
    auto who = what.trusted ? expected<tahoe::identity::caller>(tahoe::identity::caller::command_line())
                            : accounts->authenticate(what.token, unix_now());
    if (!who) return fail(who.error());
    const auto org = accounts->org_administered_by(*who, what.org);
    if (!org) return fail(org.error());
    return crypto::to_hex(org->hash);
  };
}

/// The key that opens envelopes now: one for all that open any, also after a `renew`.
class current_key {
 public:
  void set(crypto::private_key key) {
    const std::lock_guard guard(mutex_);
    key_ = std::move(key);
  }
  [[nodiscard]] std::optional<crypto::private_key> get() const {
    const std::lock_guard guard(mutex_);
    return key_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<crypto::private_key> key_;
};

expected<actors::line_setup> setup_of(engine& over, actors::telemetry& metrics, sides which,
                                      const std::shared_ptr<current_key>& opening) {
  auto keys = read_keys(over);
  if (!keys) return fail(keys.error());
  opening->set(keys->opening);
  auto options = options_of(*over.values(), over.serving);
  options.archives = which.archives;
  if (which.answers) options.queries = query_options(over, [opening] { return opening->get(); });
  actors::line_partners partners{over.stores(), keys->opening,
                                 keys->sealing, authenticate_by(over.shared_accounts()),
                                 &metrics,      unix_now};
  return actors::line_setup{std::move(options), std::move(partners)};
}

}  // namespace

expected<actors::line> spawn_line(caf::actor_system& system, engine& over, actors::telemetry& metrics,
                                  sides which) {
  const auto opening = std::make_shared<current_key>();
  const auto setup = [&over, &metrics, which, opening] { return setup_of(over, metrics, which, opening); };
  auto now = setup();
  if (!now) return fail(now.error());
  return actors::start_line(system, std::move(*now), setup);
}

}  // namespace cybexd::app
