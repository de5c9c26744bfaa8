// Changes of users and organisations on MongoDB: whole or not at all, whichever server dies when.
#include <set>

#include "tahoe/store/mongodb_documents.hpp"
#include "tests/fixtures/identity_on_mongodb.hpp"
#include "tests/fixtures/mongodb_homes.hpp"

namespace cybexd::tests {
namespace {

using namespace store;
using tahoe::array;
using tahoe::value;

/// A user of two organisations gets another password: an attribute to put, three documents to replace, an
/// attribute to erase, a token and a line.
struct password_change {
  document before = user("a@example.com", "old"), after = user("a@example.com", "new");
  document old_part = must(tahoe::make_attribute("password", "old"));
  document new_part = must(tahoe::make_attribute("password", "new"));
  std::vector<document> orgs_before{org("x", before), org("y", before)};
  identity_change change;

  password_change() {
    change.put = {new_part};
    change.replace = {after, org("x", after), org("y", after)};
    change.as_read = {before, orgs_before[0], orgs_before[1]};
    change.erase = {old_part.hash};
    change.token = token_record{"the-token", after.hash, 1, 2.5, false};
    change.audit = {2, "a@example.com", "user.password", "a@example.com"};
  }
  void begin(identity_store& identity) const {
    must(identity.apply(putting({old_part, before, orgs_before[0], orgs_before[1]})));
  }
  /// "before", "after", or what is neither.
  std::string state(identity_store& identity) const {
    std::set<std::string> states;
    const auto is = [&](bool old_one, bool new_one) {
      states.insert(old_one ? "before" : new_one ? "after" : "broken");
    };
    const auto same = [&](const document& a, const document& b) {
      const auto stored = must(identity.get(a.hash));
      return stored && stored->data == b.data && facts_equal(*stored, b);
    };
    is(same(before, before), same(before, after));
    is(same(orgs_before[0], orgs_before[0]), same(orgs_before[0], change.replace[1]));
    is(same(orgs_before[1], orgs_before[1]), same(orgs_before[1], change.replace[2]));
    is(must(identity.get(old_part.hash)).has_value(), must(identity.get(new_part.hash)).has_value());
    const auto token = must(identity.token("the-token")).has_value();
    is(!token, token);
    std::size_t lines = 0;
    for (const auto& line : must(identity.audit(100))) lines += line.what == "user.password" ? 1u : 0u;
    is(lines == 0, lines == 1);
    return states.size() == 1 ? *states.begin() : "mixed";
  }
  static bool facts_equal(const document& a, const document& b) { return a.cref == b.cref && a.ref == b.ref; }
};

/// As if the lock of a server that died had run out.
void let_the_lock_run_out(const mongodb_places& places) {
  must(change(beside(places, "_cybexd_changes"), bson().add("_id", "lock"),
              bson().add("$set", bson().add("until", 1.0))));
}

/// A store whose commands a fail point can tell from others', with what the change starts from.
std::shared_ptr<identity_store> begun_by_a_server_that_dies(const mongodb_server& server,
                                                            const mongodb_places& places,
                                                            const password_change& password) {
  auto dying = places.identity;
  dying.url = server.url("&appName=dying");
  auto identity = opened(make_mongodb_identity(dying, {}));
  password.begin(*identity);
  return identity;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_identity_changes, *with_mongodb())

BOOST_AUTO_TEST_CASE(a_server_may_die_at_any_instant_of_a_change) {
  mongodb_server server;
  const auto kept = {must(mongodb_home::open({.url = server.url()})),
                     must(mongodb_home::open({.url = server.url("&appName=dying")}))};
  // Before a command, and after it was done while its answer was lost.
  for (const auto* how : {R"("errorCode":50)", R"("writeConcernError":{"code":64,"errmsg":"waiting"})"}) {
    bool finished = false;
    std::set<std::string> ends;
    for (int done = 0; !finished; ++done) {
      BOOST_REQUIRE_LT(done, 60);
      const mongodb_places places(server.url());
      const password_change password;
      {
        const auto identity = begun_by_a_server_that_dies(server, places, password);
        server.fail_commands(
            R"({"skip":)" + std::to_string(done) + R"(,"times":100000})",
            R"({"appName":"dying","failCommands":["find","insert","update","delete","findAndModify"],)" +
                std::string(how) + "}");
        finished = identity->apply(password.change).has_value();
        server.heal();
      }
      let_the_lock_run_out(places);
      const auto next = opened(make_mongodb_identity(places.identity, {}));
      must(next->apply(putting({user("b@example.com")})));
      const auto state = password.state(*next);
      BOOST_TEST((state == "before" || state == "after"), "after " << done << " commands: " << state);
      if (finished) BOOST_TEST(state == "after");
      ends.insert(state);
      BOOST_TEST(must(beside(places, "_cybexd_changes").find_all(bson(), {}, "test: read")).size() == 1u);
    }
    BOOST_TEST(ends.size() == 2u);  // died before the decision, and after it
  }
}

BOOST_AUTO_TEST_CASE(what_was_left_behind_is_done_at_the_next_start) {
  mongodb_server server;
  const mongodb_places places(server.url());
  const password_change password;
  const auto identity = begun_by_a_server_that_dies(server, places, password);
  // Steps are insertions and the decision is a findAndModify: what fails is the doing.
  server.fail_commands(R"({"times":100000})",
                       R"({"appName":"dying","failCommands":["update"],"closeConnection":true})");
  const auto died = identity->apply(password.change);
  BOOST_REQUIRE(!died);
  BOOST_TEST((died.error().kind == failure::unavailable), died.error().text);
  BOOST_TEST(password.state(*identity) == "before");
  server.heal();
  const auto early = opened(make_mongodb_identity(places.identity, {}));
  BOOST_TEST(password.state(*early) == "before");  // the lock holds: somebody may be at it
  let_the_lock_run_out(places);
  const auto next = opened(make_mongodb_identity(places.identity, {}));
  BOOST_TEST(password.state(*next) == "after");
  BOOST_TEST(must(beside(places, "_cybexd_changes").find_all(bson(), {}, "test: read")).size() == 1u);
  must(identity->apply(putting({user("b@example.com")})));  // the first one goes on, too
  BOOST_TEST(password.state(*identity) == "after");
}

BOOST_AUTO_TEST_CASE(a_server_goes_on_with_its_own_change_at_once) {
  mongodb_server server;
  mongodb_places places(server.url("&appName=dying"));
  const password_change password;
  const auto identity = opened(make_mongodb_identity(places.identity, {}));
  password.begin(*identity);
  server.fail_commands(R"({"times":100000})",
                       R"({"appName":"dying","failCommands":["update"],"errorCode":50})");
  BOOST_TEST(!identity->apply(password.change));
  server.heal();
  must(identity->apply(putting({user("b@example.com")})));
  BOOST_TEST(password.state(*identity) == "after");
}

BOOST_AUTO_TEST_CASE(a_change_by_another_module_in_between_is_a_conflict) {
  mongodb_identity_home home;
  const password_change password;
  password.begin(*home.all.identity);
  const auto raw = beside(home.places);
  identity_changes changes(raw, identity_log(raw), {});
  const auto done = changes.run(password.change, [&](const std::string& name) {
    auto steps = plan(raw, password.change, name);
    must(change(raw, by_hash(password.orgs_before[1].hash),
                bson().add("$set", bson().add("_acl", bson_list()))));
    return steps;
  });
  BOOST_REQUIRE(!done);
  BOOST_TEST((done.error().kind == failure::conflict), done.error().text);
  const auto kept = must(home.all.identity->get(password.orgs_before[1].hash));
  BOOST_TEST((*tahoe::to_value(*kept).find("_acl") == value(array{})));
  for (const auto& line : must(home.all.identity->audit(100))) BOOST_TEST(line.what != "user.password");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
