// Users and organisations on their way from one home to another that has some of its own.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/migrations.hpp"

namespace cybexd::tests {

BOOST_AUTO_TEST_SUITE(migration_identity)

BOOST_AUTO_TEST_CASE(a_home_as_init_makes_it_gives_way) {
  auto from = store::make_memory(), to = store::make_memory();
  fill_identity(from.identity, 3);
  // The same person, a superuser here, with a password of its own.
  add_user(to, user_named("user1@example.com", "other", true), "other");
  check_complete(must(migrate(from, to)));
  BOOST_TEST(must(to.identity->users()).size() == 3u);
  BOOST_TEST((must(to.identity->user_by_email("user1@example.com"))->sub_type == "cybexp_user"));
  BOOST_TEST(!must(to.identity->get(attribute("password", "other").hash)));
  const auto lines = must(to.identity->audit(100));
  BOOST_TEST(lines.size() == 1u + 1 + 5);
  BOOST_TEST(lines[1].what == "migrate");
  BOOST_TEST(lines[1].whom == "replaced user user1@example.com");
  check_complete(must(migrate(from, to)));
  BOOST_TEST(must(to.identity->audit(100)).size() == lines.size());
}

BOOST_AUTO_TEST_CASE(users_and_organisations_that_differ_stop_it_before_it_begins) {
  const seed_of_test seed;
  auto from = store::make_memory(), to = store::make_memory();
  fill(from, seed.value);
  fill_identity(to.identity, 2);  // the same names, other members
  add_user(to, user_named("user3@example.com", "other", true), "other");
  const auto before = everything_in(to);
  auto refused = migrate(from, to);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().kind == failure::conflict));
  for (const auto* name : {"user user3@example.com", "organisation org_a", "organisation org_b"})
    BOOST_TEST(refused.error().text.find(name) != std::string::npos, refused.error().text);
  BOOST_TEST(refused.error().text.find("user0@") == std::string::npos);  // the same on both sides
  BOOST_TEST((everything_in(to) == before));
  migration_options options;
  options.overwrite_identities = true;
  check_complete(must(migrate(from, to, options)));
  BOOST_TEST((must(to.identity->user_by_email("user3@example.com"))->sub_type == "cybexp_user"));
  BOOST_TEST((must(to.identity->get(must(to.identity->org_by_name("org_a"))->hash))->extra ==
              must(from.identity->org_by_name("org_a"))->extra));
}

BOOST_AUTO_TEST_CASE(an_organisation_of_the_target_alone_keeps_its_users_as_they_are) {
  auto from = store::make_memory(), to = store::make_memory();
  add_user(from, user_named("user1@example.com", "other"), "other");
  fill_identity(to.identity, 3);
  migration_options options;
  options.overwrite_identities = true;
  auto refused = migrate(from, to, options);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().text.find("organisation org_a, which holds user user1@example.com") !=
                 std::string::npos,
             refused.error().text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
