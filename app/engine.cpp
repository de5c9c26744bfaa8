#include "app/engine.hpp"

#include "app/operations/open_exports.hpp"
#include "app/operations/tasks.hpp"
#include "app/secrets.hpp"

namespace cybexd::app {

namespace {

tahoe::identity::account_settings account_settings_of(const settings& from) {
  tahoe::identity::account_settings out;
  if (auto secret = read_token_secret(from)) out.token_secret = std::move(*secret);
  out.token_days = static_cast<unsigned>(from.identity.token_days);
  out.accept_tokens_without_exp = from.identity.accept_tokens_without_exp;
  out.accept_original_passwords = from.identity.accept_original_passwords;
  return out;
}

}  // namespace

engine::engine(settings values, std::map<std::string, std::string> environment, store::stores stores,
               actors_starter start)
    : values_(std::make_shared<const settings>(std::move(values))),
      environment_(std::move(environment)),
      stores_(std::move(stores)),
      accounts_(std::make_shared<tahoe::identity::accounts>(stores_.identity, account_settings_of(*values_))),
      start_actors_(std::move(start)),
      exports_(std::make_shared<operations::open_exports>()),
      tasks_(std::make_shared<operations::named_tasks>()) {}

std::shared_ptr<const settings> engine::values() const {
  const std::lock_guard guard(mutex_);
  return values_;
}

void engine::replace(settings values) {
  accounts_->configure(account_settings_of(values));
  const std::lock_guard guard(mutex_);
  values_ = std::make_shared<const settings>(std::move(values));
  sealing_.reset();
}

expected<crypto::public_key> engine::sealing_key() {
  const std::lock_guard guard(mutex_);
  if (sealing_) return *sealing_;
  auto key = read_public_key(*values_);
  if (key) sealing_ = *key;
  return key;
}

expected<crypto::secret> engine::token_secret() const { return read_token_secret(*values()); }

expected<std::shared_ptr<running_actors>> engine::actors() {
  {
    const std::lock_guard guard(mutex_);
    if (actors_) return actors_;
  }
  if (!start_actors_) return fail(failure::unavailable, "the archive line is not running");
  auto made = start_actors_(*this);
  if (!made) return made;
  const std::lock_guard guard(mutex_);
  if (!actors_) actors_ = *made;
  return actors_;
}

void engine::cancel_operations() {
  tasks_->cancel();
  exports_->cancel();
}

std::shared_ptr<running_actors> engine::actors_if_running() const {
  const std::lock_guard guard(mutex_);
  return actors_;
}

double unix_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace cybexd::app
