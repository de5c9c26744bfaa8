#include "actors/identity_desk.hpp"

#include <algorithm>
#include <utility>

#include "actors/shell.hpp"
#include "tahoe/document.hpp"

namespace cybexd::actors {
namespace {

using messages::identity_answer;
using messages::identity_request;
using tahoe::identity::accounts;
using tahoe::identity::caller;
using wish = identity_request::wish;

expected<identity_answer> log_in(accounts& all, const identity_request& asked, double now) {
  auto done = all.login(asked.email, asked.password, now);
  if (done) return identity_answer{tahoe::to_value(done->user), std::move(done->token), 0};
  if (done.error().why.kind != failure::overloaded) return fail(done.error().why);
  return identity_answer{{}, {}, std::max(1.0, done.error().retry_after)};
}

expected<identity_answer> shown(const expected<tahoe::document>& document) {
  if (!document) return fail(document.error());
  return identity_answer{tahoe::to_value(*document), {}, 0};
}

expected<identity_answer> shown(const expected<std::vector<tahoe::document>>& documents) {
  if (!documents) return fail(documents.error());
  tahoe::array list;
  for (const auto& document : *documents) list.push_back(tahoe::to_value(document));
  return identity_answer{std::move(list), {}, 0};
}

expected<identity_answer> shown(const expected<void>& done) {
  if (!done) return fail(done.error());
  return identity_answer{};
}

expected<identity_answer> create_user(accounts& all, const caller& who, const identity_request& asked,
                                      double now) {
  auto made = all.create_user(who, {asked.email, asked.password, asked.name, false}, now);
  if (!made) return fail(made.error());
  return identity_answer{tahoe::to_value(made->user), std::move(made->token), 0};
}

}  // namespace

expected<identity_answer> answer_identity(accounts& all, const identity_request& asked, double now) {
  if (asked.what == wish::login) return log_in(all, asked, now);
  const auto who = all.authenticate(asked.token, now);
  if (!who) return fail(who.error());
  switch (asked.what) {
    case wish::login:
      break;  // has no token, was answered above
    case wish::create_user:
      return create_user(all, *who, asked, now);
    case wish::create_org:
      return shown(all.create_org(*who, asked.org, asked.name, asked.users, asked.admins, now));
    case wish::add_members:
      return shown(all.add_members(*who, asked.org, asked.users, asked.lists, now));
    case wish::remove_members:
      return shown(all.remove_members(*who, asked.org, asked.users, asked.lists, now));
    case wish::org_info: {
      auto info = all.org_info(*who, asked.org, asked.lists);
      if (!info) return fail(info.error());
      return identity_answer{std::move(*info), {}, 0};
    }
    case wish::orgs_admin_of:
      return shown(all.orgs_admin_of(*who));
    case wish::orgs_user_of:
      return shown(all.orgs_user_of(*who));
    case wish::user_info:
      return identity_answer{tahoe::to_value(accounts::user_info(*who)), {}, 0};
  }
  return fail(failure::internal, "the identity desk was asked for something it does not know");
}

messages::identity_desk_actor::behavior_type identity_desk(
    messages::identity_desk_actor::stateful_pointer<identity_desk_state> self, identity_desk_options options,
    telemetry* metrics) {
  const auto meter = metrics->actor(identity_desk_state::name);
  behave(self, meter);
  act::st(self).options = std::move(options);
  return {metered(self, meter, "drain",
                  [self](messages::drain) {
                    self->quit();  // what was asked before this has been answered
                    return messages::drained{};
                  }),
          metered(self, meter, "ask", [self](const messages::ask_identity& asked) {
            const auto& use = act::st(self).options;
            (*asked.reply)(answer_identity(*use.accounts, *asked.what, use.now()));
          })};
}

}  // namespace cybexd::actors
