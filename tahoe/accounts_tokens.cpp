#include <cmath>

#include "crypto/password.hpp"
#include "crypto/random.hpp"
#include "tahoe/accounts.hpp"
#include "tahoe/json.hpp"

namespace cybexd::tahoe::identity {
namespace {

constexpr std::size_t jti_length = 16;
constexpr unsigned most_days = 36'500;
constexpr double day = 86'400;

tl::unexpected<error> refused(std::string why) { return fail(failure::not_allowed, std::move(why)); }

/// A time claim: nothing where it is absent, an error where it is no number.
expected<std::optional<double>> time_claim(const value& payload, std::string_view name) {
  const auto* claim = payload.find(name);
  if (claim == nullptr) return std::nullopt;
  double room = 0;
  const auto* time = claim->number(room);
  if (time == nullptr) return refused("The token's claim " + std::string(name) + " is not a time.");
  return *time;
}

expected<std::string> text_claim(const value& payload, std::string_view name) {
  const auto* claim = payload.find(name);
  const auto* text = claim == nullptr ? nullptr : claim->text();
  if (text == nullptr || text->empty())
    return refused("The token lacks the claim " + std::string(name) + ".");
  return *text;
}

/// HS256 and nothing else; what a header calls critical must be understood (RFC 7515, 4.1.11), and nothing
/// is.
expected<void> check_header(std::string_view text) {
  const auto header = parse_json(text);
  const auto* algorithm = header ? header->find("alg") : nullptr;
  const auto* name = algorithm == nullptr ? nullptr : algorithm->text();
  if (name == nullptr || *name != "HS256" || header->find("crit") != nullptr)
    return refused("The token is not signed with HS256.");
  return {};
}

struct read_claims {
  std::string sub_type, jti;
  hash256 user;
};

expected<read_claims> check_payload(std::string_view text, bool accept_without_exp, double now) {
  const auto payload = parse_json(text);
  if (!payload || payload->get_if<object>() == nullptr) return refused("The token holds no claims.");
  const auto sub_type = text_claim(*payload, "sub_type");
  const auto user = text_claim(*payload, "_hash");
  const auto jti = text_claim(*payload, "jti");
  for (const auto& claim : {sub_type, user, jti})
    if (!claim) return fail(claim.error());
  const auto hash = crypto::hash_from_hex(*user);
  if (!hash) return refused("The token's claim _hash is not a hash.");
  const auto expires = time_claim(*payload, "exp");
  if (!expires) return fail(expires.error());
  const auto starts = time_claim(*payload, "nbf");
  if (!starts) return fail(starts.error());
  if (!*expires && !accept_without_exp)
    return refused("The token has no end and such tokens are not accepted.");
  if (*expires && !(now < **expires)) return refused("The token has expired.");
  if (*starts && now < **starts) return refused("The token is not valid yet.");
  return read_claims{*sub_type, *jti, *hash};
}

}  // namespace

accounts::made_token accounts::make_token(const account_settings& settings, const document& user, bool ends,
                                          unsigned days, double now) {
  made_token made;
  const double issued = std::floor(now);
  made.record = {crypto::random_word(jti_length), user.hash, issued, std::nullopt, false};
  crypto::token_claims claims{user.sub_type, crypto::to_hex(user.hash), made.record.jti, {}, {}};
  if (ends) {
    made.record.expires = issued + days * day;
    claims.issued = static_cast<std::int64_t>(issued);
    claims.expires = static_cast<std::int64_t>(*made.record.expires);
  }
  made.text = crypto::sign_token(settings.token_secret, claims);
  return made;
}

expected<std::string> accounts::store_token(made_token token, const store::audit_line& audit) {
  store::identity_change change;
  change.token = std::move(token.record);
  change.audit = audit;
  change.forget = ended_tokens(audit.when);
  if (auto done = store_->apply(change); !done) return fail(done.error());
  return std::move(token.text);
}

/// Once an hour, those that ended long enough ago for nobody to look for them: each is refused for its `exp`,
/// with a record or without. Tokens without an end keep theirs, and so do revoked ones: where the clock was
/// wrong for a while they would be good again.
std::vector<std::string> accounts::ended_tokens(double now) {
  constexpr double hour = 3'600;
  constexpr std::size_t most_at_once = 10'000;  // in one write; what is left goes with the next token
  {
    const std::lock_guard lock(tokens_guard_);
    if (now < next_purge_) return {};
    next_purge_ = now + hour;
  }
  std::vector<std::string> ended;
  // Where the store cannot be read, the hour after does it.
  (void)store_->each_token([&](const store::token_record& record) {
    if (!record.revoked && record.expires && *record.expires + day < now) ended.push_back(record.jti);
    return ended.size() < most_at_once;
  });
  if (ended.size() == most_at_once) {
    const std::lock_guard lock(tokens_guard_);
    next_purge_ = now;
  }
  return ended;
}

expected<std::string> accounts::issue_token(const caller& who, const std::string& user,
                                            std::optional<unsigned> days, double now) {
  if (!who.is_operator) return refused("Only the operator can make tokens for others.");
  const auto current = settings();
  if (current->token_secret.empty()) return fail(failure::unavailable, "there is no token secret");
  const auto length = days.value_or(current->token_days);
  if (length < 1 || length > most_days) return fail(failure::bad_input, "days: must be 1 to 36500");
  const auto found = find_user(user);
  if (!found) return fail(found.error());
  if (!*found) return fail(failure::not_found, "there is no such user");
  return store_token(make_token(*current, **found, true, length, now),
                     {now, who.email, "token.new", email_of(**found)});
}

expected<void> accounts::revoke_token(const caller& who, const std::string& jti, double now) {
  if (!who.may_create()) return refused("Only a superuser can revoke tokens.");
  if (jti.empty() || jti.size() > 256) return fail(failure::bad_input, "jti: must have 1 to 256 bytes");
  const std::lock_guard lock(change_guard_);
  const auto known = store_->token(jti);
  if (!known) return fail(known.error());
  if (!*known && !settings()->accept_tokens_without_exp)
    return fail(failure::not_found, "no token with this jti was made here");
  store::identity_change change;
  change.token = known->value_or(store::token_record{jti, {}, std::floor(now), std::nullopt, true});
  change.token->revoked = true;
  change.audit = {now, who.email, "token.revoke", jti};
  return store_->apply(change);
}

expected<caller> accounts::authenticate(std::string_view token, double now) {
  const auto current = settings();
  if (current->token_secret.empty()) return refused("No tokens are accepted here.");
  const auto parts = crypto::verify_signature(current->token_secret, token);
  if (!parts) return fail(parts.error());
  if (auto checked = check_header(parts->header); !checked) return fail(checked.error());
  const auto claims = check_payload(parts->payload, current->accept_tokens_without_exp, now);
  if (!claims) return fail(claims.error());
  const auto record = store_->token(claims->jti);
  if (!record) return fail(record.error());
  if (*record && (*record)->revoked) return refused("The token is revoked.");
  auto user = store_->get(claims->user);
  if (!user) return fail(user.error());
  if (!*user || !is_user(**user) || (*user)->sub_type != claims->sub_type)
    return refused("The token's user does not exist.");
  caller who;
  who.email = email_of(**user);
  who.superuser = is_superuser(**user);
  who.user = std::move(**user);
  return who;
}

tl::expected<login_success, login_refusal> accounts::login(const std::string& email,
                                                           std::string_view password, double now) {
  const auto refuse = [](error why, double wait = 0) {
    return tl::unexpected<login_refusal>(login_refusal{std::move(why), wait});
  };
  const auto current = settings();
  if (current->token_secret.empty()) return refuse({failure::unavailable, "There is no token secret."});
  if (const double wait = login_guard_.begin(email, now); wait > 0)
    return refuse({failure::overloaded, "Too many failed logins. Try again later."}, std::ceil(wait));
  const auto user = store_->user_by_email(email);
  if (!user) return refuse(user.error());
  const auto stored = *user ? stored_password_of(**user) : std::string();
  const auto check = crypto::check_password(password, stored, current->accept_original_passwords);
  if (check == crypto::password_check::wrong)
    return refuse({failure::not_allowed, "Wrong e-mail address or password."});
  login_guard_.succeeded(email);
  if (check == crypto::password_check::right_but_original) {
    // Fails only where somebody else changes the same documents now; the next login tries again. A password
    // that was set since this one was checked stays.
    (void)replace_password((*user)->hash, crypto::hash_password(password),
                           {now, email, "user.password.upgrade", email}, stored);
  }
  auto token = store_token(make_token(*current, **user, true, current->token_days, now),
                           {now, email, "token.login", email});
  if (!token) return refuse(token.error());
  return login_success{without_passwords(**user), std::move(*token)};
}

}  // namespace cybexd::tahoe::identity
