#include "tahoe/accounts.hpp"

#include <boost/test/unit_test.hpp>

#include "crypto/password.hpp"
#include "tests/fixtures/accounts_home.hpp"
#include "tests/fixtures/failing_store.hpp"
#include "tests/fixtures/golden.hpp"

using namespace cybexd;
namespace id = tahoe::identity;
using fixtures::accounts_home;
using fixtures::noon;
using fixtures::outcome;

namespace {

using names = std::vector<std::string>;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(accounts)

BOOST_AUTO_TEST_CASE(a_superuser_makes_a_user) {
  accounts_home home;
  const auto made = home.all.create_user(home.as(home.root), {"new@example.com", "pw", "New", false}, noon);
  BOOST_REQUIRE_MESSAGE(made, outcome(made));
  BOOST_TEST(!contains(tahoe::to_json(to_value(made->user)), "password"));
  const auto stored = home.all.find_user("new@example.com").value().value();
  BOOST_TEST((stored.hash == made->user.hash));
  BOOST_TEST(
      (crypto::check_password("pw", id::stored_password_of(stored), false) == crypto::password_check::right));
  for (const auto& part : stored.cref) BOOST_TEST(home.store->get(part).value().has_value());
  const auto audit = home.last_audit();
  BOOST_TEST(audit.who == "root@example.com");
  BOOST_TEST(audit.what == "user.create");
  BOOST_TEST(audit.whom == "new@example.com");
  BOOST_TEST(audit.when == noon);
  BOOST_TEST(outcome(home.all.authenticate(made->token, noon + 1)) == "");
}

BOOST_AUTO_TEST_CASE(nobody_else_makes_users_or_organisations) {
  accounts_home home;
  const auto user = home.all.create_user(home.as(0), {"new@example.com", "pw", "New", false}, noon);
  BOOST_TEST(contains(outcome(user), "not allowed"));
  const auto org =
      home.all.create_org(home.as(0), "new", "New", names{home.hash(0)}, names{home.hash(0)}, noon);
  BOOST_TEST(contains(outcome(org), "not allowed"));
  BOOST_TEST(!home.all.find_user("new@example.com").value().has_value());
}

BOOST_AUTO_TEST_CASE(an_address_is_unique_across_users_and_superusers) {
  accounts_home home;
  for (const bool superuser : {false, true}) {
    for (const auto* email : {"user0@example.com", "root@example.com"}) {
      const auto made = home.all.create_user(home.operator_, {email, "pw", "New", superuser}, noon);
      BOOST_TEST(contains(outcome(made), "bad input: email: "));
      BOOST_TEST(contains(outcome(made), "already exists"));
    }
  }
}

BOOST_AUTO_TEST_CASE(wrong_fields_of_a_user_are_named) {
  accounts_home home;
  const auto problem = [&](std::string email, std::string password, std::string name) {
    return outcome(home.all.create_user(home.operator_, {email, password, name, false}, noon));
  };
  for (const auto* email : {"", "x", "@", "a@", "@b", "a b@c", "a@b\n", " a@b", "a@b\xc2\xa0", "a@\xff"})
    BOOST_TEST(contains(problem(email, "pw", "N"), "bad input: email: "), email);
  BOOST_TEST(contains(problem(std::string(300, 'a') + "@b", "pw", "N"), "bad input: email: "));
  BOOST_TEST(contains(problem("a@b", "", "N"), "bad input: password: "));
  BOOST_TEST(contains(problem("a@b", std::string(1025, 'p'), "N"), "bad input: password: "));
  BOOST_TEST(contains(problem("a@b", "pw", "two\nlines"), "bad input: name: "));
  BOOST_TEST(contains(problem("a@b", "pw", std::string(1025, 'n')), "bad input: name: "));
  BOOST_TEST(problem("a@b", "pw", "") == "");
}

BOOST_AUTO_TEST_CASE(an_organisation_is_made_of_hashes_or_addresses) {
  accounts_home home;
  const auto made = home.make_org();
  BOOST_TEST(!contains(tahoe::to_json(to_value(made)), "password"));
  const auto org = home.org();
  BOOST_TEST((org.hash == crypto::sha256("objectcybexp_orgorg_a")));
  BOOST_TEST(id::membership_of(org).users.size() == 2U);
  BOOST_TEST(id::membership_of(org).admins.size() == 1U);
  BOOST_TEST(id::membership_of(org).acl.size() == 2U);
  for (const auto& part : org.ref) BOOST_TEST(home.store->get(part).value().has_value());
  const auto other = home.all.create_org(home.operator_, "org_b", "B", {}, names{"user2@example.com"}, noon);
  BOOST_TEST(outcome(other) == "");
}

BOOST_AUTO_TEST_CASE(an_organisation_is_made_while_another_server_changes_what_it_is_made_of) {
  accounts_home home;
  const auto plan = std::make_shared<tests::faults>();
  id::accounts server(std::make_shared<tests::failing_identity>(home.store, plan), fixtures::some_settings());
  const auto make = [&](const std::string& orgname) {
    return server.create_org(home.as(home.root), orgname, "Org", std::vector{home.hash(1)},
                             std::vector{home.hash(0)}, noon);
  };
  int changes = 0;
  plan->on_call = [&](std::string_view call) {
    if (call != "identity.apply" || ++changes > 1) return;
    BOOST_TEST(
        home.all.set_password(home.as(home.root), home.email(0), "another password", noon).has_value());
  };
  BOOST_TEST(outcome(make("org_a")) == "");
  BOOST_TEST(changes == 2);
  const auto stored = id::stored_password_of(home.user(0));
  BOOST_TEST(tahoe::to_json(to_value(home.org())).find(stored) != std::string::npos);

  plan->on_call = [&](std::string_view call) {
    if (call == "identity.apply") home.make_org("org_b");
  };
  const auto taken = outcome(make("org_b"));
  BOOST_TEST(taken.find("already exists") != std::string::npos, taken);
}

BOOST_AUTO_TEST_CASE(wrong_fields_of_an_organisation_are_named) {
  accounts_home home;
  home.make_org();
  const auto problem = [&](std::string orgname, names users, names admins) {
    return outcome(home.all.create_org(home.operator_, orgname, "N", users, admins, noon));
  };
  BOOST_TEST(contains(problem("org_a", {}, {home.hash(0)}), "bad input: orgname: "));
  BOOST_TEST(contains(problem("", {}, {home.hash(0)}), "bad input: orgname: "));
  BOOST_TEST(contains(problem(" x", {}, {home.hash(0)}), "bad input: orgname: "));
  BOOST_TEST(contains(problem(std::string(64, 'a'), {}, {home.hash(0)}), "bad input: orgname: "));
  BOOST_TEST(contains(problem("x", {home.hash(0)}, {}), "bad input: admin: "));
  BOOST_TEST(contains(problem("x", {"nobody"}, {home.hash(0)}), "Invalid user hash"));
  BOOST_TEST(contains(problem("x", {}, {std::string(64, '0')}), "Invalid user hash"));
  const auto org = crypto::to_hex(home.org().hash);
  BOOST_TEST(contains(problem("x", {}, {org}), "Invalid user hash"));  // there, but no user
  BOOST_TEST(!home.all.find_org("x").value().has_value());
}

BOOST_AUTO_TEST_CASE(a_new_password_is_new_wherever_the_user_is_embedded) {
  accounts_home home;
  home.make_org("org_a");
  home.make_org("org_b");  // the same admin: both share one object `admin`
  const auto before = home.user(0);
  const auto old_stored = id::stored_password_of(before);
  const auto old_admin = id::admin_object_of(home.org()).value();
  BOOST_TEST(contains(home.everything(), old_stored));
  BOOST_TEST(outcome(home.all.set_password(home.as(0), home.hash(0), "another", noon)) == "");

  const auto text = home.everything();
  BOOST_TEST(!contains(text, old_stored));
  BOOST_TEST(!contains(text, crypto::to_hex(*id::password_attribute_of(before))));
  BOOST_TEST(!home.store->get(old_admin).value().has_value());
  for (const auto* orgname : {"org_a", "org_b"}) {
    const auto org = home.org(orgname);
    const auto users = home.store->users().value();
    const auto rebuilt = id::with_members(org, id::membership_of(org), users).value().object;
    BOOST_TEST(fixtures::unordered(to_value(rebuilt)) == fixtures::unordered(to_value(org)));
    for (const auto& part : org.ref) BOOST_TEST(home.store->get(part).value().has_value());
  }
  BOOST_TEST(outcome(home.all.login("user0@example.com", "another", noon).map_error([](auto r) {
               return r.why;
             })) == "");
  BOOST_TEST(!home.all.login("user0@example.com", "pass0word", noon));
}

BOOST_AUTO_TEST_CASE(a_password_that_others_have_too_stays_theirs) {
  accounts_home home;
  home.put_user("twin@example.com", home.password(0));  // without salt the same attribute
  const auto shared = id::password_attribute_of(home.user(0)).value();
  BOOST_TEST(outcome(home.all.set_password(home.operator_, home.email(0), "another", noon)) == "");
  BOOST_TEST(home.store->get(shared).value().has_value());
  BOOST_TEST(outcome(home.all.set_password(home.operator_, "twin@example.com", "another", noon)) == "");
  BOOST_TEST(!home.store->get(shared).value().has_value());
}

BOOST_AUTO_TEST_CASE(only_oneself_and_superusers_change_a_password) {
  accounts_home home;
  BOOST_TEST(contains(outcome(home.all.set_password(home.as(1), home.hash(0), "x", noon)), "not allowed"));
  BOOST_TEST(contains(outcome(home.all.set_password(home.as(1), "nobody@x", "x", noon)), "not allowed"));
  BOOST_TEST(
      contains(outcome(home.all.set_password(home.operator_, "nobody@x", "x", noon)), "bad input: user"));
  BOOST_TEST(
      contains(outcome(home.all.set_password(home.as(1), home.hash(1), "", noon)), "bad input: password"));
  BOOST_TEST(outcome(home.all.set_password(home.as(home.root), home.hash(1), "x", noon)) == "");
  BOOST_TEST(home.last_audit().what == "user.password");
  BOOST_TEST(home.last_audit().whom == "user1@example.com");
}

BOOST_AUTO_TEST_CASE(lists_show_no_password) {
  accounts_home home;
  home.make_org();
  BOOST_TEST(home.all.users().value().size() == 5U);
  BOOST_TEST(home.all.orgs().value().size() == 1U);
  for (const auto& list : {home.all.users(), home.all.orgs(), home.all.orgs_user_of(home.as(1)),
                           home.all.orgs_admin_of(home.as(0))})
    for (const auto& d : list.value()) BOOST_TEST(!contains(tahoe::to_json(to_value(d)), "password"));
  BOOST_TEST(!contains(tahoe::to_json(to_value(id::accounts::user_info(home.as(0)))), "password"));
}

BOOST_AUTO_TEST_SUITE_END()
