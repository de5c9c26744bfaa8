#include "tahoe/accounts.hpp"

#include <algorithm>

#include "crypto/envelope.hpp"
#include "crypto/password.hpp"
#include "tahoe/canonical.hpp"

namespace cybexd::tahoe::identity {
namespace {

constexpr std::size_t longest_email = 254;
constexpr std::size_t longest_name = 1024;
constexpr std::size_t longest_orgname = 256;
constexpr std::size_t longest_password = 1024;

bool is_line(std::string_view text) {
  return crypto::is_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

expected<void> check_email(std::string_view email) {
  const auto at = email.find('@');
  const bool parts = at != std::string_view::npos && at > 0 && at + 1 < email.size();
  if (!parts || email.size() > longest_email || !is_line(email) ||
      email.find(' ') != std::string_view::npos || python_strip(email) != email)
    return fail(failure::bad_input, "email: must be an e-mail address of at most 254 bytes");
  return {};
}

expected<void> check_name(std::string_view name) {
  if (name.size() > longest_name || !is_line(name))
    return fail(failure::bad_input, "name: must be one line of at most 1024 bytes");
  return {};
}

expected<void> check_orgname(std::string_view name) {
  if (name.empty() || name.size() > longest_orgname || !is_line(name) || python_strip(name) != name)
    return fail(failure::bad_input,
                "orgname: must be one line of 1 to 256 bytes without white space at its ends");
  if (crypto::hash_from_hex(name))
    return fail(failure::bad_input, "orgname: must not look like a hash (64 hexadecimal digits)");
  return {};
}

expected<void> check_password_text(std::string_view password) {
  if (password.empty() || password.size() > longest_password)
    return fail(failure::bad_input, "password: must have 1 to 1024 bytes");
  return {};
}

}  // namespace

accounts::accounts(std::shared_ptr<store::identity_store> store, account_settings settings)
    : store_(std::move(store)), settings_(std::make_shared<const account_settings>(std::move(settings))) {}

void accounts::configure(account_settings settings) {
  const std::lock_guard lock(settings_guard_);
  if (settings.token_secret.empty()) settings.token_secret = crypto::secret(settings_->token_secret.view());
  settings_ = std::make_shared<const account_settings>(std::move(settings));
}

bool accounts::has_token_secret() const { return !settings()->token_secret.empty(); }

std::shared_ptr<const account_settings> accounts::settings() const {
  const std::lock_guard lock(settings_guard_);
  return settings_;
}

expected<std::optional<document>> accounts::find_user(const std::string& hash_or_email) {
  const auto hash = crypto::hash_from_hex(hash_or_email);
  if (!hash) return store_->user_by_email(hash_or_email);
  auto found = store_->get(*hash);
  if (found && *found && !is_user(**found)) return std::nullopt;
  return found;
}

expected<std::optional<document>> accounts::find_org(const std::string& hash_or_orgname) {
  const auto hash = crypto::hash_from_hex(hash_or_orgname);
  if (!hash) return store_->org_by_name(hash_or_orgname);
  auto found = store_->get(*hash);
  if (found && *found && !is_org(**found)) return std::nullopt;
  return found;
}

expected<created_user> accounts::create_user(const caller& who, const new_user& user, double now) {
  if (!who.may_create()) return fail(failure::not_allowed, "Only a superuser can create users.");
  for (const auto& checked :
       {check_email(user.email), check_password_text(user.password), check_name(user.name)})
    if (!checked) return fail(checked.error());
  const auto stored = crypto::hash_password(user.password);  // slow, so before the lock
  const auto made = make_user(user.email, stored, user.name, user.superuser);
  if (!made) return fail(made.error());

  const auto now_settings = settings();
  created_user result{without_passwords(made->object), {}};
  store::identity_change change;
  change.put = made->parts;
  change.put.push_back(made->object);
  change.audit = {now, who.email, user.superuser ? "superuser.create" : "user.create", user.email};
  if (!now_settings->token_secret.empty()) {
    const bool ends = !now_settings->accept_tokens_without_exp;
    auto token = make_token(*now_settings, made->object, ends, now_settings->token_days, now);
    result.token = std::move(token.text);
    change.token = std::move(token.record);
  }
  const std::lock_guard lock(change_guard_);
  const auto taken = store_->user_by_email(user.email);
  if (!taken) return fail(taken.error());
  const auto done = *taken ? expected<void>(fail(failure::conflict, "")) : store_->apply(change);
  if (!done && done.error().kind == failure::conflict)
    return fail(failure::bad_input, "email: Username/email = " + user.email + " already exists!");
  if (!done) return fail(done.error());
  return result;
}

expected<document> accounts::create_org(const caller& who, const std::string& orgname,
                                        const std::string& name, std::span<const std::string> users,
                                        std::span<const std::string> admins, double now) {
  if (!who.may_create()) return fail(failure::not_allowed, "Only a superuser can create organisations.");
  for (const auto& checked : {check_orgname(orgname), check_name(name)})
    if (!checked) return fail(checked.error());
  if (admins.empty()) return fail(failure::bad_input, "admin: an organisation needs at least one admin");
  const std::lock_guard lock(change_guard_);
  auto made = expected<document>(fail(failure::conflict, ""));
  for (int attempt = 0; attempt < 3 && !made && made.error().kind == failure::conflict; ++attempt)
    made = try_create_org(who, orgname, name, users, admins, now);
  return made;
}

/// A conflict: another server changed one of the users, or took the name, since they were read.
expected<document> accounts::try_create_org(const caller& who, const std::string& orgname,
                                            const std::string& name, std::span<const std::string> users,
                                            std::span<const std::string> admins, double now) {
  std::vector<std::string> everybody(users.begin(), users.end());
  everybody.insert(everybody.end(), admins.begin(), admins.end());
  const auto documents = resolve_users(everybody);
  if (!documents) return fail(documents.error());
  const auto admin_documents = resolve_users(admins);
  if (!admin_documents) return fail(admin_documents.error());
  membership members;
  for (const auto& admin : *admin_documents)
    (void)add(members, member_list::admin, std::span(&admin.hash, 1));
  // Who is an admin already is a user already.
  for (const auto& user : *documents) (void)add(members, member_list::user, std::span(&user.hash, 1));

  const auto made = make_org(orgname, name, members, *documents);
  if (!made) return fail(made.error());
  store::identity_change change;
  change.put = made->parts;
  change.put.push_back(made->object);
  change.as_read = *documents;
  change.audit = {now, who.email, "org.create", orgname};
  const auto taken = store_->org_by_name(orgname);
  if (!taken) return fail(taken.error());
  if (*taken) return fail(failure::bad_input, "orgname: Orgname = " + orgname + " already exists!");
  if (auto done = store_->apply(change); !done) return fail(done.error());
  return without_passwords(made->object);
}

expected<void> accounts::set_password(const caller& who, const std::string& user, std::string_view password,
                                      double now) {
  if (auto checked = check_password_text(password); !checked) return checked;
  const auto found = find_user(user);
  if (!found) return fail(found.error());
  const bool own = *found && !who.is_operator && (*found)->hash == who.user.hash;
  if (!own && !who.may_create()) return fail(failure::not_allowed, "You may change your own password only.");
  if (!*found) return fail(failure::bad_input, "user: there is no such user");
  return replace_password((*found)->hash, crypto::hash_password(password),
                          {now, who.email, "user.password", email_of(**found)});
}

expected<void> accounts::replace_password(const hash256& user, const std::string& stored,
                                          const store::audit_line& audit,
                                          const std::optional<std::string>& instead_of) {
  const std::lock_guard lock(change_guard_);
  auto done = expected<void>(fail(failure::conflict, ""));
  for (int attempt = 0; attempt < 3 && !done && done.error().kind == failure::conflict; ++attempt) {
    const auto current = store_->get(user);
    if (!current) return fail(current.error());
    if (!*current) return fail(failure::not_found, "the user is not there any more");
    if (instead_of && stored_password_of(**current) != *instead_of) return {};
    auto change = password_change(**current, stored);
    if (!change) return fail(change.error());
    change->audit = audit;
    done = store_->apply(*change);
  }
  return done;
}

expected<store::identity_change> accounts::password_change(const document& user, const std::string& stored) {
  const auto changed = with_password(user, stored);
  if (!changed) return fail(changed.error());
  store::identity_change change;
  change.put = changed->parts;
  change.replace = {changed->object};
  change.as_read = {user};
  std::vector<hash256> leftovers;
  if (const auto old = password_attribute_of(user)) leftovers.push_back(*old);
  const auto orgs = store_->orgs_with(user.hash);
  if (!orgs) return fail(orgs.error());
  for (const auto& org : *orgs) {
    const auto members = membership_of(org);
    const bool embedded = std::binary_search(members.users.begin(), members.users.end(), user.hash) ||
                          std::binary_search(members.admins.begin(), members.admins.end(), user.hash);
    if (!embedded) continue;
    if (auto done = rebuild(change, {org, members}, changed->object); !done) return fail(done.error());
    if (const auto old = admin_object_of(org)) leftovers.push_back(*old);
  }
  if (auto done = erase_what_nothing_names(change, leftovers); !done) return fail(done.error());
  return change;
}

expected<void> accounts::rebuild(store::identity_change& change, const org_change& org,
                                 const std::optional<document>& fresh_user) {
  auto documents = users_of(org.after);
  if (!documents) return fail(documents.error());
  for (auto& user : *documents) {
    if (fresh_user && user.hash == fresh_user->hash)
      user = *fresh_user;
    else
      change.as_read.push_back(user);  // what is embedded must still be so when it is written
  }
  auto changed = with_members(org.before, org.after, *documents);
  if (!changed) return fail(changed.error());
  change.as_read.push_back(org.before);
  change.replace.push_back(std::move(changed->object));
  std::move(changed->parts.begin(), changed->parts.end(), std::back_inserter(change.put));
  return {};
}

expected<void> accounts::erase_what_nothing_names(store::identity_change& change,
                                                  const std::vector<hash256>& candidates) {
  auto unnamed = candidates;
  const auto keep_children_of = [&](const document& d) {
    std::erase_if(unnamed, [&](const hash256& hash) {
      return std::find(d.cref.begin(), d.cref.end(), hash) != d.cref.end();
    });
  };
  const auto is_replaced = [&](const document& d) {
    return std::any_of(change.replace.begin(), change.replace.end(),
                       [&](const document& fresh) { return fresh.hash == d.hash; });
  };
  for (const auto& d : change.replace) keep_children_of(d);
  for (const auto& stored : {store_->users(), store_->orgs()}) {
    if (!stored) return fail(stored.error());
    for (const auto& d : *stored)
      if (!is_replaced(d)) keep_children_of(d);
  }
  std::sort(unnamed.begin(), unnamed.end());
  unnamed.erase(std::unique(unnamed.begin(), unnamed.end()), unnamed.end());
  change.erase = std::move(unnamed);
  return {};
}

}  // namespace cybexd::tahoe::identity
