#include "tahoe/identity.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>

#include "crypto/digest.hpp"
#include "tests/fixtures/golden.hpp"

using namespace cybexd;
namespace id = tahoe::identity;
using fixtures::at;
using fixtures::list_at;
using fixtures::text_at;
using fixtures::unordered;
using tahoe::document;
using tahoe::hash256;

namespace {

const tahoe::value& scenario() {
  static const auto file = fixtures::golden("scenario_small");
  return file;
}

id::entity golden_user(const tahoe::value& user, bool superuser = false) {
  const auto original = to_hex(crypto::sha256(text_at(user, "password")));
  return id::make_user(text_at(user, "email"), original, text_at(user, "name"), superuser).value();
}

/// The scenario's users by e-mail.
const std::map<std::string, document>& users() {
  static const auto all = [] {
    std::map<std::string, document> made;
    for (const auto& user : list_at(scenario(), "users"))
      made[text_at(user, "email")] = golden_user(user).object;
    return made;
  }();
  return all;
}

std::vector<document> user_documents() {
  std::vector<document> all;
  for (const auto& [email, user] : users()) all.push_back(user);
  return all;
}

std::vector<hash256> hashes_of(const tahoe::array& emails) {
  std::vector<hash256> hashes;
  for (const auto& email : emails) hashes.push_back(users().at(*email.text()).hash);
  std::sort(hashes.begin(), hashes.end());
  return hashes;
}

hash256 user(int number) { return users().at("user" + std::to_string(number) + "@example.com").hash; }

/// user 0 is admin, user 1 user, user 2 on the list only.
id::membership three() {
  id::membership who;
  BOOST_REQUIRE(id::add(who, id::member_list::admin, std::vector{user(0)}));
  BOOST_REQUIRE(id::add(who, id::member_list::user, std::vector{user(1)}));
  BOOST_REQUIRE(id::add(who, id::member_list::acl, std::vector{user(2)}));
  return who;
}

document org_of(const id::membership& who) {
  return id::make_org("org", "Org", who, user_documents()).value().object;
}

bool is_refused(const expected<void>& done, std::string_view word) {
  return !done && done.error().kind == failure::bad_input &&
         done.error().text.find(word) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(identity)

BOOST_AUTO_TEST_CASE(every_golden_user_is_built_whole) {
  const auto& golden = list_at(scenario(), "users");
  BOOST_TEST(golden.size() == 4U);
  for (const auto& one : golden) {
    const auto made = golden_user(one);
    BOOST_TEST(unordered(to_value(made.object)) == unordered(at(one, "doc")));
    BOOST_TEST(made.parts.size() == 3U);
    BOOST_TEST(crypto::to_hex(made.object.hash) == text_at(one, "_hash"));
  }
}

BOOST_AUTO_TEST_CASE(every_golden_organisation_is_built_whole) {
  const auto& golden = list_at(scenario(), "orgs");
  BOOST_TEST(golden.size() == 3U);
  for (const auto& one : golden) {
    const id::membership who{hashes_of(list_at(one, "users")), hashes_of(list_at(one, "admins")),
                             hashes_of(list_at(one, "acl"))};
    const auto made =
        id::make_org(text_at(one, "orgname"), text_at(one, "name"), who, user_documents()).value();
    BOOST_TEST(unordered(to_value(made.object)) == unordered(at(one, "doc")));
    BOOST_TEST((id::membership_of(made.object) == who));
    for (const auto& part : made.parts) {
      BOOST_TEST(std::binary_search(made.object.cref.begin(), made.object.cref.end(), part.hash));
    }
    BOOST_TEST((id::admin_object_of(made.object) == made.parts.back().hash));
  }
}

BOOST_AUTO_TEST_CASE(a_golden_organisation_read_back_is_rebuilt_the_same) {
  for (const auto& one : list_at(scenario(), "orgs")) {
    const auto org = tahoe::from_value(at(one, "doc")).value();
    const auto rebuilt = id::with_members(org, id::membership_of(org), user_documents()).value();
    BOOST_TEST(unordered(to_value(rebuilt.object)) == unordered(at(one, "doc")));
  }
}

BOOST_AUTO_TEST_CASE(a_superuser_is_a_user_of_another_type) {
  const auto made = id::make_user("root@example.com", "stored", "Root", true).value().object;
  BOOST_TEST(id::is_user(made));
  BOOST_TEST(id::is_superuser(made));
  BOOST_TEST((made.hash == crypto::sha256("objectcybexp_superuserroot@example.com")));
  BOOST_TEST(!id::is_superuser(users().begin()->second));
  BOOST_TEST(id::email_of(made) == "root@example.com");
  BOOST_TEST(id::stored_password_of(made) == "stored");

  auto who = three();
  BOOST_REQUIRE(id::add(who, id::member_list::user, std::vector{made.hash}));
  auto documents = user_documents();
  documents.push_back(made);
  const auto org = id::make_org("org", "Org", who, documents).value().object;
  BOOST_TEST(org.data.find("cybexp_superuser")->get_if<tahoe::array>()->size() == 1U);
  BOOST_TEST(org.data.find("cybexp_user")->get_if<tahoe::array>()->size() == 2U);
}

BOOST_AUTO_TEST_CASE(who_joins_gets_what_comes_with_it) {
  const auto who = three();
  BOOST_TEST(who.admins.size() == 1U);
  BOOST_TEST(who.users.size() == 2U);
  BOOST_TEST(who.acl.size() == 3U);

  auto raised = who;
  BOOST_TEST(id::add(raised, id::member_list::admin, std::vector{user(1), user(2), user(3)}).has_value());
  BOOST_TEST(raised.admins.size() == 4U);
  BOOST_TEST((raised.users == raised.admins));
  BOOST_TEST((raised.acl == raised.admins));

  auto back = who;
  BOOST_REQUIRE(id::remove(back, id::member_list::acl, std::vector{user(1)}));
  BOOST_REQUIRE(id::add(back, id::member_list::admin, std::vector{user(1)}));
  BOOST_TEST((back.acl == who.acl));
}

BOOST_AUTO_TEST_CASE(who_is_there_is_not_added_again) {
  auto who = three();
  const auto before = who;
  BOOST_TEST(
      is_refused(id::add(who, id::member_list::admin, std::vector{user(3), user(0)}), "already admin"));
  BOOST_TEST(
      is_refused(id::add(who, id::member_list::user, std::vector{user(3), user(1)}), "already in Org"));
  BOOST_TEST(is_refused(id::add(who, id::member_list::user, std::vector{user(0)}), "already in Org"));
  BOOST_TEST(is_refused(id::add(who, id::member_list::acl, std::vector{user(3), user(2)}), "already in ACL"));
  BOOST_TEST((who == before));  // all or none
}

BOOST_AUTO_TEST_CASE(who_leaves_loses_what_goes_with_it) {
  auto who = three();
  BOOST_REQUIRE(id::remove(who, id::member_list::acl, std::vector{user(2)}));
  BOOST_REQUIRE(id::remove(who, id::member_list::user, std::vector{user(1)}));
  BOOST_TEST((who.users == std::vector{user(0)}));
  BOOST_TEST((who.acl == std::vector{user(0)}));

  who = three();
  BOOST_REQUIRE(id::remove(who, id::member_list::acl, std::vector{user(1)}));
  BOOST_TEST(who.users.size() == 2U);
  BOOST_REQUIRE(id::remove(who, id::member_list::user, std::vector{user(1)}));  // was off the list before

  who = three();
  BOOST_REQUIRE(id::add(who, id::member_list::admin, std::vector{user(1)}));
  BOOST_REQUIRE(id::remove(who, id::member_list::admin, std::vector{user(0)}));
  BOOST_TEST((who.admins == std::vector{user(1)}));
  BOOST_TEST(who.users.size() == 2U);
  BOOST_TEST(who.acl.size() == 3U);
}

BOOST_AUTO_TEST_CASE(who_is_not_there_or_may_not_go_stays) {
  auto who = three();
  const auto before = who;
  using list = id::member_list;
  BOOST_TEST(is_refused(id::remove(who, list::acl, std::vector{user(2), user(3)}), "not in ACL"));
  BOOST_TEST(is_refused(id::remove(who, list::acl, std::vector{user(0)}), "delete admin from ACL"));
  BOOST_TEST(is_refused(id::remove(who, list::user, std::vector{user(1), user(2)}), "not in org"));
  BOOST_TEST(is_refused(id::remove(who, list::user, std::vector{user(0)}), "User is admin"));
  BOOST_TEST(is_refused(id::remove(who, list::admin, std::vector{user(1)}), "not admin"));
  BOOST_TEST(is_refused(id::remove(who, list::admin, std::vector{user(0)}), "only admin"));
  BOOST_TEST((who == before));

  BOOST_REQUIRE(id::add(who, list::admin, std::vector{user(1)}));
  BOOST_TEST(is_refused(id::remove(who, list::admin, std::vector{user(0), user(1)}), "only admin"));
  BOOST_TEST(who.admins.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_rebuilt_organisation_is_the_one_made_so_at_once) {
  const auto org = org_of(three());
  auto who = three();
  BOOST_REQUIRE(id::add(who, id::member_list::admin, std::vector{user(3)}));
  BOOST_REQUIRE(id::remove(who, id::member_list::user, std::vector{user(1)}));
  const auto changed = id::with_members(org, who, user_documents()).value().object;
  BOOST_TEST(unordered(to_value(changed)) == unordered(to_value(org_of(who))));
  BOOST_TEST((changed.hash == org.hash));
}

BOOST_AUTO_TEST_CASE(other_fields_and_children_stay) {
  auto org = org_of(three());
  const auto extra = tahoe::make_attribute("comment", tahoe::value("kept")).value();
  org.data.set("comment", tahoe::value(tahoe::array{tahoe::value("kept")}));
  org.cref.push_back(extra.hash);
  org.ref.push_back(extra.hash);
  org.extra.emplace_back("_cybexd_note", tahoe::value("kept"));
  const auto changed = id::with_members(org, three(), user_documents()).value().object;
  BOOST_TEST(changed.data.find("comment") != nullptr);
  BOOST_TEST(std::binary_search(changed.cref.begin(), changed.cref.end(), extra.hash));
  BOOST_TEST(std::binary_search(changed.ref.begin(), changed.ref.end(), extra.hash));
  BOOST_TEST(to_value(changed).find("_cybexd_note") != nullptr);
}

BOOST_AUTO_TEST_CASE(a_new_member_without_a_document_is_named) {
  auto before = three();
  for (auto* list : {&before.users, &before.admins, &before.acl}) std::erase(*list, user(1));
  const auto org = org_of(before);
  const auto changed = id::with_members(org, three(), std::vector{users().begin()->second});
  BOOST_REQUIRE(!changed);
  BOOST_TEST((changed.error().kind == failure::corrupt));
  BOOST_TEST(changed.error().text.find(crypto::to_hex(user(1))) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(another_password_changes_one_attribute) {
  const auto& before = users().begin()->second;
  const auto changed = id::with_password(before, "scrypt$new").value();
  const auto fresh = id::make_user(id::email_of(before), "scrypt$new", "User 0", false).value();
  BOOST_TEST(unordered(to_value(changed.object)) == unordered(to_value(fresh.object)));
  BOOST_TEST(changed.parts.size() == 1U);
  BOOST_TEST((id::password_attribute_of(changed.object) == changed.parts.front().hash));
  BOOST_TEST((id::password_attribute_of(before) != changed.parts.front().hash));
}

BOOST_AUTO_TEST_CASE(nothing_of_a_password_is_shown) {
  const auto org = org_of(three());
  for (const auto& d : {users().begin()->second, org}) {
    const auto shown = id::without_passwords(d);
    const auto text = tahoe::to_json(to_value(shown));
    BOOST_TEST(text.find("password") == std::string::npos);
    for (const auto& [email, member] : users()) {
      BOOST_TEST(text.find(id::stored_password_of(member)) == std::string::npos);
      BOOST_TEST(text.find(crypto::to_hex(*id::password_attribute_of(member))) == std::string::npos);
    }
    BOOST_TEST(shown.data.find("name") != nullptr);
    BOOST_TEST((shown.hash == d.hash));
  }
  BOOST_TEST(id::without_passwords(org).ref.size() == org.ref.size() - 2);
  BOOST_TEST(id::without_passwords(org).extra.size() == org.extra.size());
}

BOOST_AUTO_TEST_CASE(nor_of_an_admins_password_in_the_object_that_holds_them) {
  const auto made = id::with_members(org_of(three()), three(), user_documents()).value();
  BOOST_REQUIRE_EQUAL(made.parts.size(), 1U);
  const auto& admins = made.parts.front();
  const auto password = *id::password_attribute_of(users().at("user0@example.com"));
  BOOST_TEST((std::find(admins.ref.begin(), admins.ref.end(), password) != admins.ref.end()));
  const auto shown = id::without_passwords(admins);
  const auto text = tahoe::to_json(to_value(shown));
  BOOST_TEST(text.find("password") == std::string::npos);
  BOOST_TEST(text.find(crypto::to_hex(password)) == std::string::npos);
  BOOST_TEST(shown.ref.size() == admins.ref.size() - 1);
  BOOST_TEST((shown.hash == admins.hash));
}

BOOST_AUTO_TEST_CASE(a_password_in_other_documents_is_data) {
  const auto seen = tahoe::make_attribute("password", tahoe::value("123456")).value();
  const auto login = tahoe::make_object("ssh_login", {&seen}).value();
  BOOST_TEST(unordered(to_value(id::without_passwords(login))) == unordered(to_value(login)));
  BOOST_TEST(id::is_password(seen));
  BOOST_TEST(!id::is_password(login));
  const auto of_a_honeypot = tahoe::make_object("admin", {&seen}).value();
  BOOST_TEST(unordered(to_value(id::without_passwords(of_a_honeypot))) == unordered(to_value(of_a_honeypot)));
}

BOOST_AUTO_TEST_SUITE_END()
