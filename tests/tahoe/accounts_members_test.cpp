#include <boost/test/unit_test.hpp>
#include <thread>

#include "tahoe/accounts.hpp"
#include "tests/fixtures/accounts_home.hpp"
#include "tests/fixtures/golden.hpp"

using namespace cybexd;
namespace id = tahoe::identity;
using fixtures::noon;
using fixtures::outcome;

namespace {

using names = std::vector<std::string>;

struct org_home : fixtures::accounts_home {
  org_home() { make_org(); }

  std::string add(const names& who, const names& to, int asker = 0) {
    return outcome(all.add_members(as(asker), crypto::to_hex(org().hash), who, to, noon));
  }
  std::string del(const names& who, const names& from, int asker = 0) {
    return outcome(all.remove_members(as(asker), crypto::to_hex(org().hash), who, from, noon));
  }
  /// The numbers of the users on the lists, as "admin:0 user:01 acl:01".
  std::string lists() {
    const auto who = id::membership_of(org());
    std::string text;
    for (const auto& [name, list] :
         {std::pair{"admin:", who.admins}, {" user:", who.users}, {" acl:", who.acl}}) {
      text += name;
      for (std::size_t i = 0; i < users.size(); ++i)
        if (std::find(list.begin(), list.end(), users[i].hash) != list.end()) text += std::to_string(i);
    }
    return text;
  }
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(accounts_members)

BOOST_AUTO_TEST_CASE(only_the_highest_list_is_added_to) {
  const std::vector<std::pair<names, std::string>> table{
      {{"acl"}, "admin:0 user:01 acl:012"},          {{"user"}, "admin:0 user:012 acl:012"},
      {{"admin"}, "admin:02 user:012 acl:012"},      {{"all"}, "admin:02 user:012 acl:012"},
      {{"acl", "user"}, "admin:0 user:012 acl:012"}, {{"acl", "admin", "acl"}, "admin:02 user:012 acl:012"}};
  for (const auto& [to, wanted] : table) {
    org_home home;
    BOOST_TEST(home.add({home.hash(2)}, to) == "");
    BOOST_TEST(home.lists() == wanted);
  }
}

BOOST_AUTO_TEST_CASE(an_addition_is_written_whole) {
  org_home home;
  BOOST_TEST(home.add({home.hash(2), home.email(3), home.hash(2)}, {"admin"}) == "");
  const auto org = home.org();
  const auto rebuilt = id::with_members(org, id::membership_of(org), home.users).value().object;
  BOOST_TEST(fixtures::unordered(to_value(rebuilt)) == fixtures::unordered(to_value(org)));
  for (const auto& part : org.ref) BOOST_TEST(home.store->get(part).value().has_value());
  BOOST_TEST(home.last_audit().who == "user0@example.com");
  BOOST_TEST(home.last_audit().what == "org.add.admin");
  BOOST_TEST(home.last_audit().whom == "org_a: user2@example.com user3@example.com");
  BOOST_TEST(home.store->visible_orgs(home.users[3].hash).value().size() == 1U);
}

BOOST_AUTO_TEST_CASE(who_is_there_is_refused) {
  org_home home;
  for (const auto& [who, to] : std::vector<std::pair<int, std::string>>{
           {1, "acl"}, {1, "user"}, {0, "acl"}, {0, "user"}, {0, "admin"}, {0, "all"}})
    BOOST_TEST(contains(home.add({home.hash(who)}, {to}), "bad input: User"), who << " " << to);
  BOOST_TEST(home.add({home.hash(1)}, {"all"}) == "");
}

BOOST_AUTO_TEST_CASE(deletion_runs_in_order_up_to_the_first_error) {
  struct row {
    int who;
    names from;
    std::string error, wanted;
  };
  const std::vector<row> table{
      {1, {"acl"}, "", "admin:0 user:01 acl:0"},
      {1, {"user"}, "", "admin:0 user:0 acl:0"},
      {1, {"user", "acl"}, "", "admin:0 user:0 acl:0"},
      {1, {"admin"}, "User is not admin", "admin:0 user:01 acl:01"},
      {1, {"all"}, "User is not admin", "admin:0 user:0 acl:0"},
      {0, {"all"}, "Cannot delete admin from ACL", "admin:0 user:01 acl:01"},
      {0, {"acl"}, "Cannot delete admin from ACL", "admin:0 user:01 acl:01"},
      {0, {"user", "admin"}, "User is admin", "admin:0 user:01 acl:01"},
      {0, {"admin"}, "User is only admin", "admin:0 user:01 acl:01"},
      {2, {"acl"}, "User is not in ACL", "admin:0 user:01 acl:01"},
      {2, {"user"}, "User is not in org", "admin:0 user:01 acl:01"},
  };
  for (const auto& [who, from, error, wanted] : table) {
    org_home home;
    const auto got = home.del({home.hash(who)}, from);
    BOOST_TEST((error.empty() ? got.empty() : contains(got, "bad input: " + error)), got);
    BOOST_TEST(home.lists() == wanted);
  }
}

BOOST_AUTO_TEST_CASE(a_second_admin_may_go_and_leaves_no_object_behind) {
  org_home home;
  const auto alone = id::admin_object_of(home.org()).value();
  BOOST_TEST(home.add({home.hash(1)}, {"admin"}) == "");
  const auto both = id::admin_object_of(home.org()).value();
  BOOST_TEST(!home.store->get(alone).value().has_value());
  BOOST_TEST(home.del({home.hash(0)}, {"admin"}, 1) == "");
  BOOST_TEST(home.lists() == "admin:1 user:01 acl:01");
  BOOST_TEST(!home.store->get(both).value().has_value());
  BOOST_TEST(contains(home.add({home.hash(2)}, {"user"}, 0), "not allowed"));  // no admin any more
  BOOST_TEST(home.last_audit().what == "org.del.admin");
}

BOOST_AUTO_TEST_CASE(who_is_removed_sees_nothing_at_once) {
  org_home home;
  BOOST_TEST(home.store->visible_orgs(home.users[1].hash).value().size() == 1U);
  BOOST_TEST(home.del({home.hash(1)}, {"user"}) == "");
  BOOST_TEST(home.store->visible_orgs(home.users[1].hash).value().empty());
}

BOOST_AUTO_TEST_CASE(only_admins_and_the_operator_change_or_read_lists) {
  org_home home;
  const auto org = crypto::to_hex(home.org().hash);
  for (const auto& who : {home.as(1), home.as(2), home.as(home.root)}) {
    BOOST_TEST(contains(outcome(home.all.add_members(who, org, names{home.hash(2)}, names{"acl"}, noon)),
                        "not allowed"));
    BOOST_TEST(contains(outcome(home.all.remove_members(who, org, names{home.hash(1)}, names{"acl"}, noon)),
                        "not allowed"));
    BOOST_TEST(contains(outcome(home.all.org_info(who, org, names{"all"})), "not allowed"));
    BOOST_TEST(contains(outcome(home.all.org_administered_by(who, org)), "not allowed"));
  }
  BOOST_TEST(
      outcome(home.all.add_members(home.operator_, "org_a", names{home.email(2)}, names{"acl"}, noon)) == "");
  BOOST_TEST(outcome(home.all.org_administered_by(home.as(0), "org_a")) == "");
}

BOOST_AUTO_TEST_CASE(a_superuser_may_be_admin_like_anybody) {
  org_home home;
  BOOST_TEST(home.add({crypto::to_hex(home.root.hash)}, {"admin"}) == "");
  BOOST_TEST(outcome(home.all.org_administered_by(home.as(home.root), "org_a")) == "");
}

// Somebody removed a user by hand.
BOOST_AUTO_TEST_CASE(a_member_who_is_not_stored_is_in_nobodys_way) {
  org_home home;
  store::identity_change gone;
  gone.erase = {home.users[1].hash};
  BOOST_REQUIRE(home.store->apply(gone));
  BOOST_TEST(home.add({home.hash(2)}, {"user"}) == "");
  BOOST_TEST(home.add({home.hash(3)}, {"admin"}) == "");
  BOOST_TEST(home.lists() == "admin:03 user:0123 acl:0123");
  const auto embedded = fixtures::list_at(home.org().data, "cybexp_user");
  BOOST_TEST(embedded.size() == 3U);
  BOOST_TEST(home.del({home.hash(2)}, {"user"}) == "");
  BOOST_TEST(home.lists() == "admin:03 user:013 acl:013");
}

BOOST_AUTO_TEST_CASE(wrong_fields_are_named) {
  org_home home;
  BOOST_TEST(contains(home.add({home.hash(2)}, {"owner"}), "bad input: Invalid 'add_to'!"));
  BOOST_TEST(contains(home.add({home.hash(2)}, {}), "bad input: Invalid 'add_to'!"));
  BOOST_TEST(contains(home.del({home.hash(1)}, {"acl", "x"}), "bad input: Invalid 'del_from'!"));
  BOOST_TEST(contains(home.add({}, {"acl"}), "bad input: user: "));
  BOOST_TEST(contains(home.add({home.hash(2), "x"}, {"acl"}), "bad input: Invalid user hash"));
  BOOST_TEST(contains(home.del({std::string(64, 'f')}, {"acl"}), "bad input: Invalid user hash"));
  BOOST_TEST(contains(outcome(home.all.org_info(home.as(0), "org_a", names{"x"})),
                      "bad input: Invalid 'return_type'!"));
  BOOST_TEST(
      contains(outcome(home.all.org_info(tahoe::identity::caller::command_line(), "none", names{"all"})),
               "bad input: Invalid org hash!"));
  // Whoever is no admin does not learn whether there is such an organisation.
  for (const auto& org : {std::string("org_a"), std::string("none"), home.hash(0)})
    BOOST_TEST(outcome(home.all.org_info(home.as(2), org, names{"all"})) ==
               "not allowed: You are not an admin of this org!");
  const auto huge = home.add({std::string(99, 'a') + "\xe2\x82\xac" + std::string(1'000'000, 'a')}, {"acl"});
  BOOST_TEST(huge.size() < 300U);
  BOOST_TEST(!contains(huge, "\xe2"));
  BOOST_TEST(home.lists() == "admin:0 user:01 acl:01");
}

BOOST_AUTO_TEST_CASE(info_gives_the_lists_asked_for) {
  org_home home;
  BOOST_TEST(home.add({home.hash(2)}, {"acl"}) == "");
  const auto info = home.all.org_info(home.as(0), "org_a", names{"all"}).value();
  BOOST_TEST(!contains(tahoe::to_json(info), "password"));
  BOOST_TEST(fixtures::list_at(info, "admin").size() == 1U);
  BOOST_TEST(fixtures::list_at(info, "user").size() == 2U);
  BOOST_TEST(fixtures::list_at(info, "acl").size() == 3U);
  BOOST_TEST(fixtures::text_at(fixtures::list_at(info, "admin").front(), "_hash") == home.hash(0));
  const auto part = home.all.org_info(home.as(0), "org_a", names{"acl"}).value();
  BOOST_TEST(part.get_if<tahoe::object>()->size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_user_learns_its_own_organisations) {
  org_home home;
  BOOST_TEST(home.all.orgs_admin_of(home.as(0)).value().size() == 1U);
  BOOST_TEST(home.all.orgs_user_of(home.as(0)).value().size() == 1U);
  BOOST_TEST(home.all.orgs_admin_of(home.as(1)).value().empty());
  BOOST_TEST(home.all.orgs_user_of(home.as(1)).value().size() == 1U);
  BOOST_TEST(home.add({home.hash(2)}, {"acl"}) == "");
  BOOST_TEST(home.all.orgs_user_of(home.as(2)).value().empty());
}

BOOST_AUTO_TEST_CASE(changes_from_two_servers_on_one_store_are_all_kept) {
  org_home home;
  id::accounts other(home.store, fixtures::some_settings());
  const auto admin = home.as(0);
  {
    const std::jthread one(
        [&] { (void)home.all.add_members(admin, "org_a", names{home.hash(2)}, names{"user"}, noon); });
    const std::jthread two(
        [&] { (void)other.add_members(admin, "org_a", names{home.hash(3)}, names{"user"}, noon); });
  }
  BOOST_TEST(home.lists() == "admin:0 user:0123 acl:0123");
}

BOOST_AUTO_TEST_SUITE_END()
