// Users, organisations and tokens, for the operator.
#include <sstream>

#include "app/operations/all.hpp"
#include "app/operations/arguments.hpp"
#include "crypto/random.hpp"
#include "tahoe/accounts.hpp"

namespace cybexd::app::operations {
namespace {

namespace identity = tahoe::identity;

const identity::caller& operator_here() {
  static const identity::caller who = identity::caller::command_line();
  return who;
}

/// The first value of a list of texts in the data of a user or organisation.
std::string datum(const tahoe::document& d, std::string_view key) {
  const auto* found = d.data.find(key);
  const auto* list = found ? found->get_if<tahoe::array>() : nullptr;
  const auto* text = list && !list->empty() ? list->front().text() : nullptr;
  return text ? *text : std::string{};
}

tahoe::value user_line(const tahoe::document& user) {
  return tahoe::object{{"hash", crypto::to_hex(user.hash)},
                       {"email", identity::email_of(user)},
                       {"name", datum(user, "name")},
                       {"superuser", identity::is_superuser(user)}};
}

/// The password of the call, or a generated one (then told).
struct chosen_password {
  std::string text;
  bool generated = false;
};

chosen_password password_of(const tahoe::value& input) {
  auto given = text_or(input, "password", "");
  if (!given.empty()) return {std::move(given), false};
  constexpr std::size_t length = 20;
  return {crypto::random_word(length), true};
}

expected<tahoe::document> org_of(engine& on, const std::string& org) {
  auto found = on.accounts().find_org(org);
  if (!found) return fail(found.error());
  if (!*found) return fail(failure::not_found, "no organisation " + org + "; `cybexd org show` lists all");
  return std::move(**found);
}

expected<tahoe::value> org_line(engine& on, const tahoe::document& org) {
  tahoe::object out{
      {"hash", crypto::to_hex(org.hash)}, {"orgname", datum(org, "orgname")}, {"name", datum(org, "name")}};
  const auto lists = identity::membership_of(org);
  for (const auto& [name, list] :
       {std::pair{"admin", &lists.admins}, {"user", &lists.users}, {"acl", &lists.acl}}) {
    tahoe::array emails;
    for (const auto& member : *list) {
      const auto user = on.stores().identity->get(member);
      if (!user) return fail(user.error());
      emails.emplace_back(*user ? identity::email_of(**user) : crypto::to_hex(member));
    }
    out.emplace_back(name, std::move(emails));
  }
  return out;
}

}  // namespace

expected<std::string> orgid_of(engine& on, const std::string& org) {
  const auto found = org_of(on, org);
  if (!found) return fail(found.error());
  return crypto::to_hex(found->hash);
}

expected<tahoe::document> user_of(engine& on, const std::string& user) {
  auto found = on.accounts().find_user(user);
  if (!found) return fail(found.error());
  if (!*found) return fail(failure::not_found, "no user " + user + "; `cybexd user list` lists all");
  return std::move(**found);
}

expected<tahoe::value> user_add(engine& on, const tahoe::value& input) {
  const auto email = text(input, "email"), name = text(input, "name");
  if (!email) return fail(email.error());
  if (!name) return fail(name.error());
  const auto password = password_of(input);
  const auto made = on.accounts().create_user(
      operator_here(), {*email, password.text, *name, boolean(input, "superuser")}, unix_now());
  if (!made) return fail(made.error());
  auto out = user_line(made->user);
  if (password.generated) out.set("password", password.text);
  if (boolean(input, "with_token")) out.set("token", made->token);
  return out;
}

expected<tahoe::value> user_list(engine& on, const tahoe::value&) {
  const auto all = on.accounts().users();
  if (!all) return fail(all.error());
  tahoe::array users;
  for (const auto& user : *all) users.push_back(user_line(user));
  return tahoe::object{{"users", std::move(users)}};
}

expected<tahoe::value> user_passwd(engine& on, const tahoe::value& input) {
  const auto email = text(input, "email");
  if (!email) return fail(email.error());
  const auto user = user_of(on, *email);
  if (!user) return fail(user.error());
  const auto password = password_of(input);
  if (const auto set = on.accounts().set_password(operator_here(), *email, password.text, unix_now()); !set)
    return fail(set.error());
  auto out = user_line(*user);
  if (password.generated) out.set("password", password.text);
  return out;
}

expected<tahoe::value> org_add(engine& on, const tahoe::value& input) {
  const auto orgname = text(input, "orgname"), name = text(input, "name");
  if (!orgname) return fail(orgname.error());
  if (!name) return fail(name.error());
  const auto admins = texts(input, "admins"), users = texts(input, "users");
  if (!admins) return fail(admins.error());
  if (!users) return fail(users.error());
  const auto made = on.accounts().create_org(operator_here(), *orgname, *name, *users, *admins, unix_now());
  if (!made) return fail(made.error());
  return org_line(on, *made);
}

expected<tahoe::value> org_show(engine& on, const tahoe::value& input) {
  tahoe::array orgs;
  if (const auto one = text_or(input, "org", ""); !one.empty()) {
    const auto org = org_of(on, one);
    if (!org) return fail(org.error());
    auto line = org_line(on, *org);
    if (!line) return line;
    orgs.push_back(std::move(*line));
    return tahoe::object{{"orgs", std::move(orgs)}};
  }
  const auto all = on.accounts().orgs();
  if (!all) return fail(all.error());
  for (const auto& org : *all) {
    auto line = org_line(on, org);
    if (!line) return line;
    orgs.push_back(std::move(*line));
  }
  return tahoe::object{{"orgs", std::move(orgs)}};
}

expected<tahoe::value> org_member(engine& on, const tahoe::value& input) {
  const auto org = text(input, "org"), email = text(input, "email");
  if (!org) return fail(org.error());
  if (!email) return fail(email.error());
  const auto lists = texts(input, "lists");
  if (!lists) return fail(lists.error());
  const std::vector<std::string> users{*email};
  const auto changed = boolean(input, "add")
                           ? on.accounts().add_members(operator_here(), *org, users, *lists, unix_now())
                           : on.accounts().remove_members(operator_here(), *org, users, *lists, unix_now());
  if (!changed) return fail(changed.error());
  const auto found = org_of(on, *org);
  if (!found) return fail(found.error());
  return org_line(on, *found);
}

expected<tahoe::value> token_new(engine& on, const tahoe::value& input) {
  const auto email = text(input, "email");
  if (!email) return fail(email.error());
  if (!on.accounts().has_token_secret()) {
    const auto secret = on.token_secret();
    if (!secret) return fail(secret.error());  // says what is wrong with the file
  }
  std::optional<unsigned> days;
  if (const auto given = integer(input, "days")) {
    if (*given < 1 || *given > 36'500)
      return fail(failure::bad_input,
                  "days: was " + std::to_string(*given) + "; may be a whole number from 1 to 36500");
    days = static_cast<unsigned>(*given);
  }
  const auto token = on.accounts().issue_token(operator_here(), *email, days, unix_now());
  if (!token) return fail(token.error());
  return tahoe::object{{"token", *token}};
}

expected<tahoe::value> token_list(engine& on, const tahoe::value&) {
  const auto all = on.accounts().tokens();
  if (!all) return fail(all.error());
  tahoe::array tokens;
  for (const auto& one : *all) {
    const auto user = on.stores().identity->get(one.user);
    if (!user) return fail(user.error());
    tokens.push_back(tahoe::object{{"jti", one.jti},
                                   {"user", *user ? identity::email_of(**user) : crypto::to_hex(one.user)},
                                   {"issued", one.issued},
                                   {"expires", one.expires ? tahoe::value(*one.expires) : tahoe::value()},
                                   {"revoked", one.revoked}});
  }
  return tahoe::object{{"tokens", std::move(tokens)}};
}

expected<tahoe::value> token_revoke(engine& on, const tahoe::value& input) {
  const auto jti = text(input, "jti");
  if (!jti) return fail(jti.error());
  if (const auto revoked = on.accounts().revoke_token(operator_here(), *jti, unix_now()); !revoked)
    return fail(revoked.error());
  return tahoe::object{{"revoked", *jti}};
}

expected<tahoe::value> audit(engine& on, const tahoe::value& input) {
  constexpr std::int64_t most = 10'000;
  const auto limit = integer(input, "limit").value_or(most);
  if (limit < 1 || limit > most)
    return fail(failure::bad_input, "limit: was " + std::to_string(limit) +
                                        "; may be a whole number from 1 to " + std::to_string(most));
  const auto newest = on.stores().identity->audit(static_cast<std::size_t>(limit));
  if (!newest) return fail(newest.error());
  tahoe::array lines;
  for (const auto& one : *newest)
    lines.push_back(
        tahoe::object{{"when", one.when}, {"who", one.who}, {"what", one.what}, {"whom", one.whom}});
  return tahoe::object{{"lines", std::move(lines)}};
}

}  // namespace cybexd::app::operations
