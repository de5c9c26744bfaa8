// The identities' part of a migration: users, organisations, their parts, tokens, revocations, the audit log.
#include <algorithm>

#include "tahoe/identity.hpp"
#include "tahoe/store/document_facts.hpp"
#include "tahoe/store/migration_steps.hpp"

namespace cybexd::store::migration_steps {
namespace {

std::string called(const document& d) {
  return (facts::is_user(d) ? "user " : "organisation ") + facts::unique_name(d).value_or("");
}

std::string joined(const std::vector<std::string>& names) {
  constexpr std::size_t most = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
  return text;
}

expected<std::optional<document>> of_this_name(identity_store& in, const document& d) {
  const auto name = facts::unique_name(d).value_or("");
  return facts::is_user(d) ? in.user_by_email(name) : in.org_by_name(name);
}

/// Whether the home holds nothing but one superuser: what `init` makes.
expected<bool> is_fresh(identity_store& home) {
  const auto users = home.users();
  if (!users) return fail(users.error());
  const auto orgs = home.orgs();
  if (!orgs) return fail(orgs.error());
  return orgs->empty() && users->size() == 1 && tahoe::identity::is_superuser(users->front());
}

/// Names of the target's organisations that the source does not have and that hold the user as it was.
expected<std::vector<std::string>> orphaned_orgs(const context& c, const document& user) {
  std::vector<std::string> names;
  const auto orgs = c.to.identity->orgs_with(user.hash);
  if (!orgs) return fail(orgs.error());
  for (const auto& org : *orgs) {
    const auto there = of_this_name(*c.from.identity, org);
    if (!there) return fail(there.error());
    if (!*there) names.push_back(called(org) + ", which holds " + called(user));
  }
  return names;
}

/// The part of a replaced document that nobody else may keep: the old password, the old object of admins.
std::optional<hash256> old_part(const document& d) {
  return facts::is_user(d) ? tahoe::identity::password_attribute_of(d) : tahoe::identity::admin_object_of(d);
}

/// What of these nothing names any more, neither in the source nor among what stays in the target.
expected<void> erase_unnamed(const context& c, const std::vector<document>& replaced, identity_plan& plan) {
  std::vector<hash256> unnamed;
  for (const auto& d : replaced) {
    const auto part = old_part(d);
    if (!part) continue;
    const auto there = c.from.identity->get(*part);
    if (!there) return fail(there.error());
    if (!*there) unnamed.push_back(*part);
  }
  for (const auto& kept : {c.to.identity->users(), c.to.identity->orgs()}) {
    if (!kept) return fail(kept.error());
    for (const auto& d : *kept) {
      const bool goes = std::any_of(replaced.begin(), replaced.end(),
                                    [&](const document& old) { return old.hash == d.hash; });
      if (goes) continue;
      std::erase_if(unnamed, [&](const hash256& part) {
        return std::find(d.cref.begin(), d.cref.end(), part) != d.cref.end();
      });
    }
  }
  plan.erase.insert(plan.erase.end(), unnamed.begin(), unnamed.end());
  return {};
}

/// Visits the source's documents with an error that ends the walk.
expected<void> walk(const context& c, const std::function<expected<void>(const document&)>& visit) {
  expected<void> done;
  const auto read = c.from.identity->each([&](const document& d) {
    done = visit(d);
    return done.has_value();
  });
  if (!read) return read;
  return done;
}

expected<std::uint64_t> count_lines(identity_store& in) {
  std::uint64_t count = 0;
  auto read = in.each_line([&](const audit_line&) {
    ++count;
    return true;
  });
  if (!read) return fail(read.error());
  return count;
}

expected<void> copy_documents(const context& c) {
  auto& counts = c.result.identities;
  batches<document> ready(c.options, [&](std::vector<document>& some) {
    counts.copied += some.size();
    identity_adoption what;
    what.documents = std::move(some);
    return c.to.identity->adopt(what);
  });
  auto done = walk(c, [&](const document& d) -> expected<void> {
    c.tell("identity", ++counts.total, 0);
    auto there = c.to.identity->get(d.hash);
    if (!there) return fail(there.error());
    return *there ? expected<void>() : ready.add(d, weight_of(d));
  });
  return done ? ready.flush() : done;
}

expected<void> copy_tokens(const context& c) {
  constexpr std::uint64_t weight = 100;
  auto& counts = c.result.tokens;
  batches<token_record> ready(c.options, [&](std::vector<token_record>& some) {
    counts.copied += some.size();
    identity_adoption what;
    what.tokens = std::move(some);
    return c.to.identity->adopt(what);
  });
  expected<void> done;
  auto read = c.from.identity->each_token([&](const token_record& t) {
    c.tell("identity", ++counts.total, 0);
    auto there = c.to.identity->token(t.jti);
    if (!there) done = fail(there.error());
    const bool known = there && *there && ((*there)->revoked || !t.revoked);
    if (done && !known) done = ready.add(t, weight);
    return done.has_value();
  });
  if (!read) return read;
  return done ? ready.flush() : done;
}

expected<void> copy_lines(const context& c) {
  auto& counts = c.result.audit_lines;
  const auto before = count_lines(*c.to.identity);
  if (!before) return fail(before.error());
  batches<numbered_line> ready(c.options, [&](std::vector<numbered_line>& some) {
    identity_adoption what;
    what.lines = std::move(some);
    return c.to.identity->adopt(what);
  });
  expected<void> done;
  auto read = c.from.identity->each_line([&](const audit_line& line) {
    c.tell("identity", counts.total + 1, 0);
    done = ready.add({counts.total++, line}, line.who.size() + line.what.size() + line.whom.size());
    return done.has_value();
  });
  if (!read) return read;
  if (done) done = ready.flush();
  if (!done) return done;
  const auto after = count_lines(*c.to.identity);
  if (!after) return fail(after.error());
  counts.copied = *after - *before;
  counts.missing = counts.total > *after ? counts.total - *after : 0;
  return {};
}

}  // namespace

expected<identity_plan> plan_identities(const context& c) {
  identity_plan plan;
  const auto fresh = is_fresh(*c.to.identity);
  if (!fresh) return fail(fresh.error());
  std::vector<std::string> against, replaced_names;
  std::vector<document> replaced;
  auto done = walk(c, [&](const document& d) -> expected<void> {
    if (!facts::is_user(d) && !facts::is_org(d)) return {};
    auto there = of_this_name(*c.to.identity, d);
    if (!there) return fail(there.error());
    if (!*there || ((*there)->hash == d.hash && same_content(**there, d))) return {};
    replaced_names.push_back(called(d));
    if (!*fresh && !c.options.overwrite_identities) {
      against.push_back(called(d));
      return {};
    }
    if (facts::is_user(d)) {
      auto orphans = orphaned_orgs(c, **there);
      if (!orphans) return fail(orphans.error());
      against.insert(against.end(), orphans->begin(), orphans->end());
    }
    if ((*there)->hash != d.hash) plan.erase.push_back((*there)->hash);
    plan.replacing.push_back(d);
    replaced.push_back(std::move(**there));
    return {};
  });
  if (!done) return fail(done.error());
  if (!against.empty())
    return fail(failure::conflict, "the target has its own " + joined(against) + "; nothing was copied");
  if (auto erased = erase_unnamed(c, replaced, plan); !erased) return fail(erased.error());
  if (!replaced_names.empty()) plan.replaced = joined(replaced_names);
  return plan;
}

expected<void> copy_identities(const context& c, const identity_plan& plan) {
  if (!plan.replacing.empty()) {
    identity_adoption what;
    what.documents = plan.replacing;
    what.erase = plan.erase;
    // A number that no line of the source has.
    what.lines = {{~std::uint64_t{0}, {c.options.now, "operator", "migrate", "replaced " + plan.replaced}}};
    if (auto done = c.to.identity->adopt(what); !done) return done;
    c.result.identities.copied += plan.replacing.size();
  }
  if (auto done = copy_documents(c); !done) return done;
  if (auto done = copy_tokens(c); !done) return done;
  return copy_lines(c);
}

expected<void> check_identities(const context& c) {
  auto done = walk(c, [&](const document& d) -> expected<void> {
    auto there = c.to.identity->get(d.hash);
    if (!there) return fail(there.error());
    const bool same = *there && same_content(**there, d);
    if (same) return {};
    ++(*there ? c.result.identities.differing : c.result.identities.missing);
    c.complain("identity", crypto::to_hex(d.hash),
               *there ? "the target has it with other content" : "it is not in the target");
    return {};
  });
  if (!done) return done;
  auto read = c.from.identity->each_token([&](const token_record& t) {
    auto there = c.to.identity->token(t.jti);
    if (!there) done = fail(there.error());
    if (there && (!*there || (t.revoked && !(*there)->revoked))) {
      ++c.result.tokens.missing;
      c.complain("identity", "token " + t.jti, "it is not in the target as it should be");
    }
    return done.has_value();
  });
  return read ? done : read;
}

}  // namespace cybexd::store::migration_steps
