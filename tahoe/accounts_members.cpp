#include <algorithm>
#include <array>

#include "crypto/clipped.hpp"
#include "tahoe/accounts.hpp"
#include "tahoe/json.hpp"

namespace cybexd::tahoe::identity {
namespace {

constexpr std::size_t most_users = 10'000;  ///< In one request.
constexpr std::array<member_list, 3> all_lists{member_list::acl, member_list::user, member_list::admin};

std::string_view name_of(member_list list) {
  switch (list) {
    case member_list::acl:
      return "acl";
    case member_list::user:
      return "user";
    case member_list::admin:
      return "admin";
  }
  return "";
}

/// The lists that a field names, in the order acl, user, admin.
expected<std::vector<member_list>> lists_in(std::span<const std::string> names, std::string_view field) {
  std::vector<member_list> found;
  for (const auto& name : names) {
    const auto list = member_list_from(name);
    if (!list && name != "all")
      return fail(failure::bad_input, "Invalid '" + std::string(field) + "'! '" + clipped(name) +
                                          "' is not one of acl, user, admin, all.");
    if (list)
      found.push_back(*list);
    else
      found.assign(all_lists.begin(), all_lists.end());
  }
  if (found.empty())
    return fail(failure::bad_input,
                "Invalid '" + std::string(field) + "'! It must name at least one of acl, user, admin, all.");
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::vector<hash256> hashes_of(std::span<const document> documents) {
  std::vector<hash256> hashes;
  for (const auto& d : documents) hashes.push_back(d.hash);
  return hashes;
}

/// What an audit line says of a change of members.
std::string whom(const document& org, std::span<const document> users) {
  constexpr std::size_t most_named = 20;
  auto text = orgname_of(org) + ":";
  for (std::size_t i = 0; i < std::min(users.size(), most_named); ++i) text += " " + email_of(users[i]);
  if (users.size() > most_named) text += " and " + std::to_string(users.size() - most_named) + " more";
  return text;
}

bool is_on(const std::vector<hash256>& sorted, const hash256& hash) {
  return std::binary_search(sorted.begin(), sorted.end(), hash);
}

expected<std::vector<document>> shown(expected<std::vector<document>> all) {
  if (all)
    for (auto& d : *all) d = without_passwords(d);
  return all;
}

/// Does a change again that was overtaken by another server's.
template <class Change>
expected<void> retried(Change change) {
  constexpr int most_attempts = 3;
  auto done = change();
  for (int attempt = 1; attempt < most_attempts && !done && done.error().kind == failure::conflict; ++attempt)
    done = change();
  return done;
}

array values_of(std::span<const document> documents) {
  array values;
  for (const auto& d : documents) values.push_back(to_value(without_passwords(d)));
  return values;
}

}  // namespace

expected<std::vector<document>> accounts::resolve_users(std::span<const std::string> names) {
  if (names.empty()) return fail(failure::bad_input, "user: must name at least one user");
  if (names.size() > most_users) return fail(failure::bad_input, "user: names more than 10000 users");
  std::vector<document> found;
  std::vector<hash256> seen;
  for (const auto& name : names) {
    auto user = find_user(name);
    if (!user) return fail(user.error());
    if (!*user) return fail(failure::bad_input, "Invalid user hash = '" + clipped(name) + "'!");
    const auto at = std::lower_bound(seen.begin(), seen.end(), (*user)->hash);
    if (at != seen.end() && *at == (*user)->hash) continue;
    seen.insert(at, (*user)->hash);
    found.push_back(std::move(**user));
  }
  return found;
}

expected<std::vector<document>> accounts::users_of(const membership& who) {
  std::vector<hash256> hashes;
  std::set_union(who.users.begin(), who.users.end(), who.admins.begin(), who.admins.end(),
                 std::back_inserter(hashes));
  std::vector<document> documents;
  for (const auto& hash : hashes) {
    auto user = store_->get(hash);
    if (!user) return fail(user.error());
    if (*user) documents.push_back(std::move(**user));  // who is missing is named where it matters
  }
  return documents;
}

expected<document> accounts::org_administered_by(const caller& who, const std::string& org) {
  auto found = find_org(org);
  if (!found) return fail(found.error());
  if (!*found && who.is_operator)
    return fail(failure::bad_input, "Invalid org hash! There is no organisation '" + clipped(org) + "'.");
  // One answer for all others, so that it tells nobody which organisations there are.
  if (!*found || (!who.is_operator && !is_on(membership_of(**found).admins, who.user.hash)))
    return fail(failure::not_allowed, "You are not an admin of this org!");
  return std::move(**found);
}

expected<void> accounts::write_members(const org_change& org, store::audit_line audit) {
  store::identity_change change;
  if (auto done = rebuild(change, org, std::nullopt); !done) return done;
  if (const auto old = admin_object_of(org.before)) {
    if (auto done = erase_what_nothing_names(change, {*old}); !done) return done;
  }
  change.audit = std::move(audit);
  return store_->apply(change);
}

expected<void> accounts::change_members(const caller& who, const member_request& request, double now) {
  const std::lock_guard lock(change_guard_);
  const auto org = org_administered_by(who, request.org);
  if (!org) return fail(org.error());
  auto steps = lists_in(request.lists, request.adding ? "add_to" : "del_from");
  if (!steps) return fail(steps.error());
  if (request.adding) steps = std::vector{steps->back()};
  const auto users = resolve_users(request.users);
  if (!users) return fail(users.error());

  auto after = membership_of(*org);
  std::string what = request.adding ? "org.add" : "org.del";
  expected<void> stopped;
  for (const auto list : *steps) {
    stopped = request.adding ? add(after, list, hashes_of(*users)) : remove(after, list, hashes_of(*users));
    if (!stopped) break;
    what += "." + std::string(name_of(list));
  }
  if (after == membership_of(*org)) return stopped;
  if (auto done = write_members({*org, after}, {now, who.email, what, whom(*org, *users)}); !done)
    return done;
  return stopped;
}

expected<void> accounts::add_members(const caller& who, const std::string& org,
                                     std::span<const std::string> users, std::span<const std::string> lists,
                                     double now) {
  return retried([&] { return change_members(who, {org, users, lists, true}, now); });
}

expected<void> accounts::remove_members(const caller& who, const std::string& org,
                                        std::span<const std::string> users,
                                        std::span<const std::string> lists, double now) {
  return retried([&] { return change_members(who, {org, users, lists, false}, now); });
}

expected<value> accounts::org_info(const caller& who, const std::string& org,
                                   std::span<const std::string> lists) {
  const auto found = org_administered_by(who, org);
  if (!found) return fail(found.error());
  const auto wanted = lists_in(lists, "return_type");
  if (!wanted) return fail(wanted.error());
  const auto members = membership_of(*found);
  const auto documents = users_of(members);
  if (!documents) return fail(documents.error());
  const auto those_in = [&](const std::vector<hash256>& list) {
    std::vector<document> some;
    for (const auto& d : *documents)
      if (is_on(list, d.hash)) some.push_back(d);
    return value(values_of(some));
  };
  value info(object{});
  for (const auto list : *wanted) {
    if (list == member_list::admin) info.set("admin", those_in(members.admins));
    if (list == member_list::user) info.set("user", those_in(members.users));
    if (list != member_list::acl) continue;
    array acl;
    for (const auto& hash : members.acl) acl.emplace_back(crypto::to_hex(hash));
    info.set("acl", value(std::move(acl)));
  }
  return info;
}

expected<std::vector<document>> accounts::orgs_admin_of(const caller& who) {
  auto all = store_->orgs_with(who.user.hash);
  if (all)
    std::erase_if(*all,
                  [&](const document& org) { return !is_on(membership_of(org).admins, who.user.hash); });
  return shown(std::move(all));
}

expected<std::vector<document>> accounts::orgs_user_of(const caller& who) {
  auto all = store_->orgs_with(who.user.hash);
  if (all)
    std::erase_if(*all, [&](const document& org) { return !is_on(membership_of(org).users, who.user.hash); });
  return shown(std::move(all));
}

expected<std::vector<document>> accounts::users() { return shown(store_->users()); }
expected<std::vector<document>> accounts::orgs() { return shown(store_->orgs()); }

}  // namespace cybexd::tahoe::identity
