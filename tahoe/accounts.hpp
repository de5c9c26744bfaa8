#pragma once
// The rules of `spec/identity.md` over an identity store: who may do what, passwords, tokens, members.
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/secret.hpp"
#include "crypto/token.hpp"
#include "tahoe/identity.hpp"
#include "tahoe/login_guard.hpp"
#include "tahoe/store/identity_store.hpp"

namespace cybexd::tahoe::identity {

struct account_settings {
  crypto::secret
      token_secret;  ///< Empty: no tokens are made or accepted. Checked by crypto::check_token_secret before.
  unsigned token_days = 30;
  bool accept_tokens_without_exp = false;
  bool accept_original_passwords = true;
};

/// Who asks: the user of a token, or the operator at the command line, who may do everything.
struct caller {
  document user;      ///< Empty for the operator.
  std::string email;  ///< "operator" for the operator.
  bool superuser = false;
  bool is_operator = false;

  [[nodiscard]] static caller command_line() { return {{}, "operator", false, true}; }
  [[nodiscard]] bool may_create() const { return superuser || is_operator; }
};

struct new_user {
  std::string email, password, name;
  bool superuser = false;
};
struct created_user {
  document user;      ///< Without password.
  std::string token;  ///< Without `exp` where such tokens are accepted. Empty without a token secret.
};
struct login_success {
  document user;  ///< Without password.
  std::string token;
};
struct login_refusal {
  error why;  ///< not_allowed (wrong password or unknown user: one answer), overloaded (too many failures).
  double retry_after = 0;  ///< Seconds, with overloaded.
};

/// Thread safe. Changes run one after the other. Reads the store on every call, so that what another server
/// on the same database changes takes effect too. Errors of every call besides those named: unavailable,
/// corrupt (the store). Times are Unix seconds. Users and organisations are named by hash or by e-mail and
/// orgname. The texts of bad_input and not_allowed are for the asker's eyes; bad_input begins with or names
/// the field.
class accounts {
 public:
  accounts(std::shared_ptr<store::identity_store> store, account_settings settings);
  /// From now on with these settings. Without a token secret the one that is there stays.
  void configure(account_settings settings);
  /// Whether tokens can be made and checked.
  [[nodiscard]] bool has_token_secret() const;

  // Making users and organisations: a superuser or the operator. Errors: not_allowed, bad_input.
  [[nodiscard]] expected<created_user> create_user(const caller& who, const new_user& user, double now);
  /// Every admin is made a user. The answer is the document without passwords.
  [[nodiscard]] expected<document> create_org(const caller& who, const std::string& orgname,
                                              const std::string& name, std::span<const std::string> users,
                                              std::span<const std::string> admins, double now);
  /// The operator, a superuser, or the user. Changes it in every organisation that embeds the user, too.
  [[nodiscard]] expected<void> set_password(const caller& who, const std::string& user,
                                            std::string_view password, double now);

  // Tokens. All failures of `authenticate` but those of the store are not_allowed.
  /// Takes about 25 ms of work, on purpose, and the same for a user that does not exist.
  [[nodiscard]] tl::expected<login_success, login_refusal> login(const std::string& email,
                                                                 std::string_view password, double now);
  [[nodiscard]] expected<caller> authenticate(std::string_view token, double now);
  /// The operator. `days`: 1 to 36500, default `token_days`. Errors: not_found, bad_input.
  [[nodiscard]] expected<std::string> issue_token(const caller& who, const std::string& user,
                                                  std::optional<unsigned> days, double now);
  /// The operator or a superuser. Errors: not_found for a `jti` that was not made here, unless tokens without
  /// `exp` are accepted, which others make.
  [[nodiscard]] expected<void> revoke_token(const caller& who, const std::string& jti, double now);
  [[nodiscard]] expected<std::vector<store::token_record>> tokens() { return store_->tokens(); }

  // Members: an admin of the organisation or the operator (not_allowed otherwise); all else that is wrong is
  // bad_input.
  /// Only the highest of admin > user > acl in `lists` is done; `all` is admin.
  [[nodiscard]] expected<void> add_members(const caller& who, const std::string& org,
                                           std::span<const std::string> users,
                                           std::span<const std::string> lists, double now);
  /// `acl`, `user`, `admin` in that order, up to the first error: what was done before it stays done. `all`
  /// is all three.
  [[nodiscard]] expected<void> remove_members(const caller& who, const std::string& org,
                                              std::span<const std::string> users,
                                              std::span<const std::string> lists, double now);
  /// `{"admin": documents, "user": documents, "acl": hashes}`, of these what `lists` names (`all`: the
  /// three).
  [[nodiscard]] expected<value> org_info(const caller& who, const std::string& org,
                                         std::span<const std::string> lists);
  /// The organisation, with its passwords, if `who` is its admin. For intake: its hash is the `orgid`.
  [[nodiscard]] expected<document> org_administered_by(const caller& who, const std::string& org);

  // What a user may know of itself, and lists for the operator. All documents without passwords.
  [[nodiscard]] expected<std::vector<document>> orgs_admin_of(const caller& who);
  [[nodiscard]] expected<std::vector<document>> orgs_user_of(const caller& who);
  [[nodiscard]] static document user_info(const caller& who) { return without_passwords(who.user); }
  [[nodiscard]] expected<std::vector<document>> users();
  [[nodiscard]] expected<std::vector<document>> orgs();

  // The document behind a name, with its passwords; nothing where there is none.
  [[nodiscard]] expected<std::optional<document>> find_user(const std::string& hash_or_email);
  [[nodiscard]] expected<std::optional<document>> find_org(const std::string& hash_or_orgname);

 private:
  struct made_token {
    std::string text;
    store::token_record record;
  };
  struct org_change {
    document before;
    membership after;
  };
  struct member_request {
    const std::string& org;
    std::span<const std::string> users, lists;
    bool adding = false;
  };

  [[nodiscard]] std::shared_ptr<const account_settings> settings() const;
  [[nodiscard]] expected<std::vector<document>> resolve_users(std::span<const std::string> names);
  [[nodiscard]] expected<std::vector<document>> users_of(const membership& who);
  [[nodiscard]] expected<document> try_create_org(const caller& who, const std::string& orgname,
                                                  const std::string& name, std::span<const std::string> users,
                                                  std::span<const std::string> admins, double now);
  /// `instead_of`: only where this is what is stored still.
  [[nodiscard]] expected<void> replace_password(const hash256& user, const std::string& stored,
                                                const store::audit_line& audit,
                                                const std::optional<std::string>& instead_of = std::nullopt);
  [[nodiscard]] expected<store::identity_change> password_change(const document& user,
                                                                 const std::string& stored);
  [[nodiscard]] expected<void> rebuild(store::identity_change& change, const org_change& org,
                                       const std::optional<document>& fresh_user);
  [[nodiscard]] expected<void> erase_what_nothing_names(store::identity_change& change,
                                                        const std::vector<hash256>& candidates);
  [[nodiscard]] expected<void> write_members(const org_change& org, store::audit_line audit);
  [[nodiscard]] expected<void> change_members(const caller& who, const member_request& request, double now);
  [[nodiscard]] static made_token make_token(const account_settings& settings, const document& user,
                                             bool ends, unsigned days, double now);
  [[nodiscard]] expected<std::string> store_token(made_token token, const store::audit_line& audit);
  [[nodiscard]] std::vector<std::string> ended_tokens(double now);

  std::shared_ptr<store::identity_store> store_;
  mutable std::mutex settings_guard_;
  std::shared_ptr<const account_settings> settings_;
  std::mutex change_guard_;  ///< Held from reading to writing of each change.
  login_guard login_guard_;
  std::mutex tokens_guard_;
  double next_purge_ = 0;  ///< Unix seconds: when records of tokens that have ended are looked for again.
};

}  // namespace cybexd::tahoe::identity
