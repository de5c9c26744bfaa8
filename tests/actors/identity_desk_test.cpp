#include "actors/identity_desk.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/fixtures/accounts_home.hpp"
#include "tests/fixtures/actor_system.hpp"

using namespace cybexd;
using fixtures::noon;
using messages::identity_answer;
using messages::identity_request;
using wish = identity_request::wish;

namespace {

struct desk_home : fixtures::accounts_home {
  double now = noon;

  /// What the desk answers, by way of the actor.
  expected<identity_answer> ask(const identity_request& asked) {
    tests::actor_system_fixture actors;
    actors::telemetry metrics("test");
    // Shared with the fixture's own accounts, which outlive the actor.
    const std::shared_ptr<tahoe::identity::accounts> shared(&all, [](auto*) {});
    const auto desk = actors.spawn(actors::identity_desk,
                                   actors::identity_desk_options{shared, [this] { return now; }}, &metrics);
    std::optional<expected<identity_answer>> answer;
    act::post(desk, messages::ask_identity{
                        std::make_shared<const identity_request>(asked),
                        std::make_shared<messages::reply_once<identity_answer>>(
                            [&answer](expected<identity_answer> a) { answer.emplace(std::move(a)); })});
    actors.run();
    BOOST_REQUIRE(answer);
    return std::move(*answer);
  }

  expected<identity_answer> log_in(const std::string& email, const std::string& password) {
    identity_request asked;
    asked.what = wish::login;
    asked.email = email;
    asked.password = password;
    return ask(asked);
  }
  identity_request request(wish what, const std::string& email_, const std::string& password_) {
    identity_request asked;
    asked.what = what;
    asked.token = log_in(email_, password_).value().token;
    return asked;
  }
};

using fixtures::outcome;

}  // namespace

BOOST_AUTO_TEST_SUITE(identity_desk)

BOOST_AUTO_TEST_CASE(a_token_of_a_log_in_is_good_for_the_rest) {
  desk_home home;
  const auto in = home.log_in("user0@example.com", "pass0word");
  BOOST_REQUIRE_MESSAGE(in, outcome(in));
  identity_request self;
  self.token = in->token;
  const auto info = home.ask(self);
  BOOST_REQUIRE_MESSAGE(info, outcome(info));
  const auto text = tahoe::to_json(info->result);
  BOOST_TEST(text.find("user0@example.com") != std::string::npos);
  BOOST_TEST(text.find("password") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(wrong_passwords_and_unknown_users_are_one_answer_and_slow_down) {
  desk_home home;
  const auto wrong = outcome(home.log_in("user0@example.com", "x"));
  BOOST_TEST(wrong.starts_with("not allowed: "));
  BOOST_TEST(outcome(home.log_in("nobody@example.com", "x")) == wrong);
  double wait = 0;
  for (int i = 0; i < 20 && wait <= 0; ++i) {
    const auto again = home.log_in("user0@example.com", "x");
    if (again) wait = again->slow_down_seconds;
  }
  BOOST_TEST(wait >= 1);
  const auto right = home.log_in("user0@example.com", "pass0word");
  BOOST_REQUIRE(right);
  BOOST_TEST(right->slow_down_seconds > 0);
  BOOST_TEST(right->token.empty());
  home.now += 120;
  BOOST_TEST(!home.log_in("user0@example.com", "pass0word").value().token.empty());
}

BOOST_AUTO_TEST_CASE(every_wish_but_a_log_in_needs_a_good_token) {
  desk_home home;
  for (const auto what : {wish::create_user, wish::create_org, wish::add_members, wish::remove_members,
                          wish::org_info, wish::orgs_admin_of, wish::orgs_user_of, wish::user_info}) {
    identity_request asked;
    asked.what = what;
    asked.token = "nonsense";
    BOOST_TEST(outcome(home.ask(asked)).starts_with("not allowed: "));
  }
}

BOOST_AUTO_TEST_CASE(users_and_organisations_are_made_and_changed) {
  desk_home home;
  auto user = home.request(wish::create_user, "root@example.com", "rootpass");
  user.email = "new@example.com";
  user.password = "a new password";
  user.name = "New";
  const auto made = home.ask(user);
  BOOST_REQUIRE_MESSAGE(made, outcome(made));
  BOOST_TEST(!made->token.empty());
  BOOST_TEST(outcome(home.ask(user)).starts_with("bad input: email"));

  auto org = home.request(wish::create_org, "root@example.com", "rootpass");
  org.org = "org_b";
  org.name = "Org";
  org.admins = {home.hash(0)};
  BOOST_TEST(outcome(home.ask(org)) == "");

  auto members = home.request(wish::add_members, "user0@example.com", "pass0word");
  members.org = "org_b";
  members.users = {home.hash(1)};
  members.lists = {"user"};
  BOOST_TEST(outcome(home.ask(members)) == "");
  members.what = wish::org_info;
  members.lists = {"all"};
  const auto info = home.ask(members).value().result;
  BOOST_TEST(info.find("user")->get_if<tahoe::array>()->size() == 2u);
  BOOST_TEST(info.find("acl")->get_if<tahoe::array>()->size() == 2u);
  members.what = wish::orgs_admin_of;
  BOOST_TEST(home.ask(members).value().result.get_if<tahoe::array>()->size() == 1u);
  members.what = wish::remove_members;
  members.lists = {"user"};
  BOOST_TEST(outcome(home.ask(members)) == "");

  auto other = home.request(wish::org_info, "user1@example.com", "pass1word");
  other.lists = {"all"};
  other.org = "org_b";
  const auto refused = outcome(home.ask(other));
  other.org = "there_is_none";
  BOOST_TEST(outcome(home.ask(other)) == refused);
  other.what = wish::orgs_user_of;
  BOOST_TEST(home.ask(other).value().result.get_if<tahoe::array>()->empty());
}

BOOST_AUTO_TEST_SUITE_END()
