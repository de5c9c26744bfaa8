#pragma once
// What operations work on: opened stores, settings, keys, and the running actors where an operation needs
// them.
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/config/settings.hpp"
#include "app/directory_lock.hpp"
#include "app/running_actors.hpp"
#include "crypto/keys.hpp"
#include "crypto/secret.hpp"
#include "tahoe/accounts.hpp"
#include "tahoe/store/stores.hpp"

namespace cybexd::app {

namespace operations {
/// The exports that have pages to fetch.
class open_exports;
/// How far long operations have come.
class named_tasks;
}  // namespace operations

/// Opens the stores where the settings say. With `read_only` nothing in an embedded home can be changed.
/// Errors: as of the factory; those of `read_secret_file` for a file with an address.
[[nodiscard]] expected<store::stores> open_stores(const settings& from, bool read_only = false);
/// The stores that live in `data_dir/store`, by their sections: cache, archive, report, identity.
[[nodiscard]] std::vector<std::string> embedded_stores(const settings& from);
/// For all but what makes a hub: to make a store would hide a wrong path, or a volume that is not mounted.
/// Errors: not_found (a store that should live in `data_dir/store` does not).
[[nodiscard]] expected<void> must_hold_its_stores(const settings& from);
/// How the embedded home in a directory is opened.
[[nodiscard]] store::embedded_options embedded_options_of(const settings& from, const std::string& directory);

/// Thread safe. In a server it lives as long as the server; a command makes one for itself.
class engine {
 public:
  /// Starts the actors over these stores.
  using actors_starter = std::function<expected<std::shared_ptr<running_actors>>(engine&)>;

  /// `environment` is the process's, for the passphrase of the private key.
  engine(settings values, std::map<std::string, std::string> environment, store::stores stores,
         actors_starter start);

  [[nodiscard]] std::shared_ptr<const settings> values() const;
  /// New settings (SIGHUP): operations that begin from now on use them. Keys are read again when asked for,
  /// the token secret now: one that cannot be used leaves the present one.
  void replace(settings values);

  [[nodiscard]] const std::map<std::string, std::string>& environment() const { return environment_; }
  [[nodiscard]] const store::stores& stores() const { return stores_; }
  /// Read when first asked for.
  [[nodiscard]] expected<crypto::public_key> sealing_key();
  /// The secret that signs tokens, read from its file.
  [[nodiscard]] expected<crypto::secret> token_secret() const;
  /// Users, organisations, tokens, with the rules for them. Without a token secret where its file could never
  /// be used.
  [[nodiscard]] tahoe::identity::accounts& accounts() { return *accounts_; }
  [[nodiscard]] std::shared_ptr<tahoe::identity::accounts> shared_accounts() { return accounts_; }
  /// The running actors; started by the first call where there are none.
  [[nodiscard]] expected<std::shared_ptr<running_actors>> actors();
  /// The running actors, if there are any.
  [[nodiscard]] std::shared_ptr<running_actors> actors_if_running() const;

  [[nodiscard]] const std::shared_ptr<operations::open_exports>& exports() const { return exports_; }
  [[nodiscard]] const std::shared_ptr<operations::named_tasks>& tasks() const { return tasks_; }
  /// The process is about to end: long operations, those to come too, end early with `cancelled`.
  void cancel_operations();
  [[nodiscard]] std::chrono::steady_clock::time_point started() const { return started_; }
  /// Whether this is a server, not a command that works on the stores itself.
  bool serving = false;
  /// Held while a checkpoint is made: one at a time.
  std::mutex checkpoint_guard;
  /// Records a second that this server archived over the last minute; kept by its own loop.
  std::atomic<double> rate{0};

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const settings> values_;
  const std::map<std::string, std::string> environment_;
  store::stores stores_;
  std::shared_ptr<tahoe::identity::accounts> accounts_;
  actors_starter start_actors_;
  std::optional<crypto::public_key> sealing_;
  std::shared_ptr<running_actors> actors_;
  std::shared_ptr<operations::open_exports> exports_;
  std::shared_ptr<operations::named_tasks> tasks_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

/// Unix seconds now.
[[nodiscard]] double unix_now();

}  // namespace cybexd::app
