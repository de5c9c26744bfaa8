// What every identity store does, in memory, on disk and on MongoDB.
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/document_homes.hpp"

namespace cybexd::tests {
namespace {

using namespace store;
#ifdef CYBEXD_TESTS_MONGODB
using homes = boost::mpl::list<mongodb_identity_home>;
using durable_home = mongodb_identity_home;
#else
using homes = boost::mpl::list<memory_home, embedded_home>;
using durable_home = embedded_home;
#endif

tahoe::value list(tahoe::value v) { return tahoe::array{std::move(v)}; }

document user(const std::string& email, const std::string& password = "scrypt", bool superuser = false) {
  document d;
  d.kind = tahoe::itype::object;
  d.sub_type = superuser ? "cybexp_superuser" : "cybexp_user";
  d.hash = crypto::sha256({"object", d.sub_type, email});
  d.data = tahoe::object{{"email_addr", list(email)}, {"name", list("N")}, {"password", list(password)}};
  d.cref = d.ref = {crypto::sha256(password)};
  return d;
}

tahoe::value hashes(const std::vector<document>& users) {
  tahoe::array all;
  for (const auto& u : users) all.emplace_back(crypto::to_hex(u.hash));
  return all;
}

document org(const std::string& name, const std::vector<document>& acl, const std::vector<document>& users,
             const std::vector<document>& admins) {
  document d;
  d.kind = tahoe::itype::object;
  d.sub_type = "cybexp_org";
  d.hash = crypto::sha256({"object", "cybexp_org", name});
  d.data = tahoe::object{{"orgname", list(name)}, {"name", list("The " + name)}};
  d.extra = {{"_acl", hashes(acl)}, {"_usr_ref", hashes(users)}, {"_adm_ref", hashes(admins)}};
  for (const auto& u : users) d.ref.push_back(u.hash);
  std::sort(d.ref.begin(), d.ref.end());
  return d;
}

document part(const std::string& text) {
  auto made = tahoe::make_attribute("password", text);
  BOOST_REQUIRE(made);
  return *made;
}

identity_change putting(const std::vector<document>& documents) {
  identity_change change;
  change.put = documents;
  change.audit = {1, "root@example.com", "put", "something"};
  return change;
}

void apply(identity_store& identity, const identity_change& change) {
  auto done = identity.apply(change);
  BOOST_REQUIRE_MESSAGE(done, done.error().text);
}

void refuse(identity_store& identity, const identity_change& change) {
  const auto lines = identity.audit(1000)->size();
  auto done = identity.apply(change);
  BOOST_REQUIRE(!done);
  BOOST_TEST((done.error().kind == failure::conflict), done.error().text);
  BOOST_TEST(identity.audit(1000)->size() == lines);  // what did not happen is not in the log
}

std::vector<std::string> names(const expected<std::vector<document>>& some, const std::string& field) {
  BOOST_REQUIRE(some);
  std::vector<std::string> all;
  for (const auto& d : *some) all.push_back(*d.data.find(field)->get_if<tahoe::array>()->front().text());
  std::sort(all.begin(), all.end());
  return all;
}

using texts = std::vector<std::string>;

}  // namespace

CYBEXD_CONFORMANCE_SUITE(identity_store_conformance)

BOOST_AUTO_TEST_CASE_TEMPLATE(users_and_organisations_are_found_by_name_and_hash, Home, homes) {
  Home home;
  auto& identity = *home.all.identity;
  const auto a = user("a@example.com"), s = user("s@example.com", "x", true);
  const auto o = org("org_a", {a}, {a}, {a});
  apply(identity, putting({part("scrypt"), a, s}));
  apply(identity, putting({o}));
  for (const auto& d : {a, s, o, part("scrypt")}) {
    auto found = identity.get(d.hash);
    BOOST_REQUIRE(found && *found);
    BOOST_TEST((in_order(**found) == in_order(d)));
  }
  BOOST_TEST(((*identity.user_by_email("a@example.com"))->hash == a.hash));
  BOOST_TEST(((*identity.user_by_email("s@example.com"))->hash == s.hash));
  BOOST_TEST(((*identity.org_by_name("org_a"))->hash == o.hash));
  BOOST_TEST(!identity.user_by_email("org_a")->has_value());
  BOOST_TEST(!identity.user_by_email("a@example.co")->has_value());
  BOOST_TEST(!identity.org_by_name("a@example.com")->has_value());
  BOOST_TEST(!identity.get(crypto::sha256("absent"))->has_value());
  BOOST_TEST(names(identity.users(), "email_addr") == (texts{"a@example.com", "s@example.com"}),
             boost::test_tools::per_element());
  BOOST_TEST(names(identity.orgs(), "orgname") == (texts{"org_a"}), boost::test_tools::per_element());
  std::size_t visits = 0;
  BOOST_REQUIRE(identity.each([&](const document&) { return ++visits < 100; }));
  BOOST_TEST(visits == 4u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_email_is_unique_across_users_and_superusers, Home, homes) {
  Home home;
  auto& identity = *home.all.identity;
  const auto a = user("a@example.com");
  apply(identity, putting({a}));
  apply(identity, putting({a}));                            // the very same is there already
  refuse(identity, putting({user("a@example.com", "x")}));  // another password
  refuse(identity, putting({user("a@example.com", "x", true)}));
  refuse(identity, putting({part("new"), user("a@example.com", "scrypt", true)}));
  BOOST_TEST(!identity.get(part("new").hash)->has_value());  // all or nothing
  refuse(identity, putting({user("b@example.com"), user("b@example.com", "x", true)}));
  BOOST_TEST(!identity.user_by_email("b@example.com")->has_value());
  BOOST_TEST(identity.users()->size() == 1u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_orgname_is_unique, Home, homes) {
  Home home;
  auto& identity = *home.all.identity;
  const auto a = user("a@example.com"), odd = user("org_a");
  apply(identity, putting({a, odd}));  // an e-mail address is no orgname
  apply(identity, putting({org("org_a", {a}, {a}, {a})}));
  refuse(identity, putting({org("org_a", {a}, {a}, {a})}));
  refuse(identity, putting({org("org_a", {}, {odd}, {odd})}));
  BOOST_TEST((*identity.visible_orgs(a.hash) == texts{crypto::to_hex(org("org_a", {}, {}, {}).hash)}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(lists_decide_who_sees_and_who_belongs, Home, homes) {
  Home home;
  auto& identity = *home.all.identity;
  const auto a = user("a@example.com"), b = user("b@example.com"), c = user("c@example.com");
  apply(identity,
        putting({a, b, c, org("x", {a}, {a, b}, {a}), org("y", {a, b}, {b}, {b}), org("z", {}, {}, {})}));
  const auto id = [](const std::string& name) { return crypto::to_hex(org(name, {}, {}, {}).hash); };
  const auto sees = [&](const document& u) {
    auto some = identity.visible_orgs(u.hash);
    BOOST_REQUIRE(some);
    std::sort(some->begin(), some->end());
    return *some;
  };
  texts both{id("x"), id("y")};
  std::sort(both.begin(), both.end());
  BOOST_TEST(sees(a) == both, boost::test_tools::per_element());
  BOOST_TEST(sees(b) == (texts{id("y")}), boost::test_tools::per_element());
  BOOST_TEST(sees(c).empty());
  BOOST_TEST(names(identity.orgs_with(a.hash), "orgname") == (texts{"x", "y"}),
             boost::test_tools::per_element());
  BOOST_TEST(names(identity.orgs_with(b.hash), "orgname") == (texts{"x", "y"}),
             boost::test_tools::per_element());
  BOOST_TEST(identity.orgs_with(c.hash)->empty());

  identity_change change;  // b leaves y, c joins x
  change.replace = {org("y", {a}, {b}, {b}), org("x", {a, c}, {a, b, c}, {a})};
  apply(identity, change);
  BOOST_TEST(sees(b).empty());
  BOOST_TEST(sees(c) == (texts{id("x")}), boost::test_tools::per_element());
  BOOST_TEST(names(identity.orgs_with(c.hash), "orgname") == (texts{"x"}), boost::test_tools::per_element());

  identity_change erase;
  erase.erase = {org("x", {}, {}, {}).hash};
  apply(identity, erase);
  BOOST_TEST(sees(c).empty());
  BOOST_TEST(sees(a) == (texts{id("y")}), boost::test_tools::per_element());
  BOOST_TEST(identity.orgs_with(c.hash)->empty());
  apply(identity, putting({org("x", {c}, {c}, {c})}));  // the name is free again
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_change_of_what_was_changed_in_between_is_a_conflict, Home, homes) {
  Home home;
  auto& identity = *home.all.identity;
  const auto a = user("a@example.com"), b = user("b@example.com");
  const auto before = org("x", {a}, {a}, {a});
  apply(identity, putting({a, b, before}));
  identity_change first;
  first.as_read = {before};
  first.replace = {org("x", {a, b}, {a, b}, {a})};
  apply(identity, first);
  refuse(identity, first);
  identity_change second;
  second.as_read = {org("x", {a, b}, {b, a}, {a})};  // the order in lists means nothing
  second.replace = {org("x", {a}, {a, b}, {a})};
  apply(identity, second);
  second.as_read = {org("absent", {}, {}, {})};
  refuse(identity, second);
  identity_change absent;
  absent.replace = {user("absent@example.com")};
  refuse(identity, absent);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_password_changes_in_one_step_and_the_old_one_is_gone, Home, homes) {
  Home home;
  auto& identity = *home.all.identity;
  const auto before = user("a@example.com", "old"), after = user("a@example.com", "new");
  apply(identity, putting({part("old"), before}));
  identity_change change;
  change.put = {part("new")};
  change.replace = {after};
  change.erase = {part("old").hash};
  change.as_read = {before};
  apply(identity, change);
  BOOST_TEST(((*identity.user_by_email("a@example.com"))->data == after.data));
  BOOST_TEST(!identity.get(part("old").hash)->has_value());
  BOOST_TEST(identity.get(part("new").hash)->has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(tokens_are_kept_and_replaced, Home, homes) {
  Home home;
  auto& identity = *home.all.identity;
  identity_change change;
  const auto u = crypto::sha256("u");
  change.token = token_record{"jti-1", u, 10.5, 99.5, false};
  apply(identity, change);
  change.token = token_record{"jti-2", u, 11, std::nullopt, false};
  apply(identity, change);
  change.token = token_record{"jti-1", u, 10.5, 99.5, true};
  apply(identity, change);
  if constexpr (Home::durable) home.reopen();
  auto& again = *home.all.identity;
  auto one = again.token("jti-1");
  BOOST_REQUIRE(one && *one);
  BOOST_TEST(((*one)->user == u && (*one)->issued == 10.5 && (*one)->expires == 99.5 && (*one)->revoked));
  auto two = again.token("jti-2");
  BOOST_REQUIRE(two && *two);
  BOOST_TEST((!(*two)->expires && !(*two)->revoked));
  BOOST_TEST(!again.token("jti")->has_value());
  BOOST_TEST(again.tokens()->size() == 2u);
  BOOST_TEST(again.users()->empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(forgotten_tokens_are_gone, Home, homes) {
  Home home;
  auto& identity = *home.all.identity;
  for (const auto* jti : {"one", "two", "three"}) {
    identity_change change;
    change.token = token_record{jti, {}, 5, 6, false};
    change.audit = {1, "a", "token.new", "b"};
    BOOST_REQUIRE(identity.apply(change));
  }
  identity_change change;
  change.forget = {"one", "three", "never there"};
  change.audit = {2, "a", "token.login", "b"};
  BOOST_REQUIRE(identity.apply(change));
  BOOST_TEST((!*identity.token("one") && *identity.token("two") && !*identity.token("three")));
  BOOST_TEST(identity.tokens()->size() == 1u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_audit_log_only_grows, Home, homes) {
  Home home;
  for (int i = 0; i < 12; ++i) {
    identity_change change;
    change.audit = {i + 0.5, "who " + std::to_string(i), "what", "whom é"};
    apply(*home.all.identity, change);
    if constexpr (Home::durable)
      if (i % 5 == 0) home.reopen();
  }
  auto& identity = *home.all.identity;
  auto all = identity.audit(100);
  BOOST_REQUIRE(all && all->size() == 12);
  for (int i = 0; i < 12; ++i)
    BOOST_TEST((*all)[static_cast<std::size_t>(i)].who == "who " + std::to_string(i));
  auto some = identity.audit(2);
  BOOST_REQUIRE(some && some->size() == 2);
  BOOST_TEST(((*some)[0].when == 10.5 && (*some)[1].when == 11.5 && (*some)[1].what == "what" &&
              (*some)[1].whom == "whom é"));
  BOOST_TEST(identity.audit(0)->empty());
}

BOOST_AUTO_TEST_CASE(a_kill_leaves_whole_changes) {
  durable_home home;
  const auto a = user("a@example.com");
  apply(*home.all.identity, putting({a, org("x", {a}, {a}, {a})}));
  auto killed = home.after_a_kill();
  BOOST_TEST(killed.identity->visible_orgs(a.hash)->size() == 1u);
  BOOST_TEST(killed.identity->audit(10)->size() == 1u);
  refuse(*killed.identity, putting({user("a@example.com", "x")}));
  apply(*killed.identity, putting({user("b@example.com")}));
  BOOST_TEST(killed.identity->audit(10)->size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
