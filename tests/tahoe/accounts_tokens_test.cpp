#include <boost/test/unit_test.hpp>
#include <cmath>

#include "crypto/password.hpp"
#include "crypto/token.hpp"
#include "tahoe/accounts.hpp"
#include "tests/fixtures/accounts_home.hpp"
#include "tests/fixtures/failing_store.hpp"

using namespace cybexd;
namespace id = tahoe::identity;
using fixtures::accounts_home;
using fixtures::noon;
using fixtures::outcome;

namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string unsigned_text(std::string_view header, std::string_view payload) {
  return crypto::to_base64url(header) + "." + crypto::to_base64url(payload) + ".";
}

std::string payload_of(const accounts_home& home, std::string_view rest) {
  return R"({"sub_type":"cybexp_user","_hash":")" + home.hash(0) + "\"" + std::string(rest) + "}";
}

std::string login_outcome(const tl::expected<id::login_success, id::login_refusal>& done) {
  return done ? std::string() : std::string(to_string(done.error().why.kind)) + ": " + done.error().why.text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(accounts_tokens)

BOOST_AUTO_TEST_CASE(a_token_names_its_user_until_it_ends) {
  accounts_home home;
  const auto token = home.all.issue_token(home.operator_, home.email(0), 2, noon).value();
  BOOST_TEST(token.size() <= 300U);
  const auto who = home.all.authenticate(token, noon + 1);
  BOOST_REQUIRE_MESSAGE(who, outcome(who));
  BOOST_TEST((who->user.hash == home.users[0].hash));
  BOOST_TEST(who->email == home.email(0));
  BOOST_TEST((!who->superuser && !who->is_operator));
  const double end = std::floor(noon) + 2 * 86'400;
  BOOST_TEST(home.all.authenticate(token, end - 1).has_value());
  BOOST_TEST(contains(outcome(home.all.authenticate(token, end)), "not allowed: The token has expired"));
  BOOST_TEST(home.all.tokens().value().size() == 1U);
  BOOST_TEST(home.all.tokens().value().front().expires.value() == end);
  BOOST_TEST(home.last_audit().what == "token.new");
  const auto root = home.all.issue_token(home.operator_, "root@example.com", {}, noon).value();
  BOOST_TEST(root.size() <= 300U);
  BOOST_TEST(home.all.authenticate(root, noon).value().superuser);
}

BOOST_AUTO_TEST_CASE(a_revoked_token_is_refused_at_once_and_others_stay) {
  accounts_home home;
  const auto token = home.all.issue_token(home.operator_, home.email(0), {}, noon).value();
  const auto other = home.all.issue_token(home.operator_, home.email(0), {}, noon + 1).value();
  std::string first;
  const auto made = home.all.tokens().value();
  for (const auto& record : made)
    if (record.issued == std::floor(noon)) first = record.jti;
  BOOST_TEST(first.size() == 16U);
  BOOST_TEST(outcome(home.all.revoke_token(home.operator_, first, noon + 2)) == "");
  BOOST_TEST(contains(outcome(home.all.authenticate(token, noon + 3)), "not allowed: The token is revoked"));
  BOOST_TEST(outcome(home.all.authenticate(other, noon + 3)) == "");
  BOOST_TEST(home.last_audit().what == "token.revoke");
  id::accounts after_restart(home.store, fixtures::some_settings());
  BOOST_TEST(!after_restart.authenticate(token, noon + 3));
  BOOST_TEST(contains(outcome(home.all.revoke_token(home.operator_, "unknown", noon)), "not found"));
  BOOST_TEST(contains(outcome(home.all.revoke_token(home.as(0), first, noon)), "not allowed"));
}

BOOST_AUTO_TEST_CASE(a_token_of_a_deleted_user_is_refused) {
  accounts_home home;
  const auto token = home.all.issue_token(home.operator_, home.email(0), {}, noon).value();
  store::identity_change change;
  change.erase = {home.users[0].hash};
  BOOST_REQUIRE(home.store->apply(change));
  BOOST_TEST(contains(outcome(home.all.authenticate(token, noon)), "not allowed"));
}

BOOST_AUTO_TEST_CASE(a_token_under_another_secret_is_refused) {
  accounts_home home;
  const auto token = home.all.issue_token(home.operator_, home.email(0), {}, noon).value();
  home.all.configure(
      {crypto::secret(std::string_view("another secret of thirty-two bytes")), 30, false, true});
  BOOST_TEST(contains(outcome(home.all.authenticate(token, noon)), "not allowed"));
  home.all.configure({});  // without a secret, so the one that is there stays
  BOOST_TEST(contains(outcome(home.all.authenticate(token, noon)), "not allowed"));
  const auto fresh = home.all.issue_token(home.operator_, home.email(0), {}, noon).value();
  BOOST_TEST(outcome(home.all.authenticate(fresh, noon)) == "");
  id::accounts never_had_one(home.store, {});
  BOOST_TEST(contains(outcome(never_had_one.authenticate(fresh, noon)), "not allowed"));
  BOOST_TEST(
      contains(outcome(never_had_one.issue_token(home.operator_, home.email(0), {}, noon)), "unavailable"));
}

BOOST_AUTO_TEST_CASE(other_algorithms_and_no_signature_are_refused) {
  accounts_home home;
  home.all.configure(fixtures::some_settings(true));
  const auto payload = payload_of(home, R"(,"jti":"x")");
  BOOST_TEST(outcome(home.all.authenticate(fixtures::signed_text(R"({"alg":"HS256"})", payload), noon)) ==
             "");
  for (const auto* header :
       {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":"HS384"})", R"({"alg":"RS256"})",
        R"({"alg":"hs256"})", R"({"alg":["HS256"]})", "{}", "[]", "", "x",
        R"({"alg":"HS256","crit":["exp"]})", R"({"alg":"HS256","alg":"none"})"}) {
    BOOST_TEST(
        contains(outcome(home.all.authenticate(fixtures::signed_text(header, payload), noon)), "not allowed"),
        header);
    BOOST_TEST(contains(outcome(home.all.authenticate(unsigned_text(header, payload), noon)), "not allowed"),
               header);
  }
}

BOOST_AUTO_TEST_CASE(claims_must_be_there_and_right) {
  accounts_home home;
  home.all.configure(fixtures::some_settings(true));
  const auto check = [&](const std::string& payload) {
    return outcome(home.all.authenticate(fixtures::signed_text(R"({"alg":"HS256"})", payload), noon));
  };
  const auto jti = std::string(R"(,"jti":"x")");
  for (const auto* rest :
       {R"(,"exp":1790000001)", R"(,"exp":1790000000.9)", R"(,"nbf":1790000000)", R"(,"other":[])"})
    BOOST_TEST(check(payload_of(home, jti + rest)) == "", rest);
  for (const auto* rest : {R"(,"exp":1790000000)", R"(,"exp":-1)", R"(,"exp":"1990000000")", R"(,"exp":null)",
                           R"(,"exp":[])", R"(,"nbf":1790000001)", R"(,"nbf":"x")"})
    BOOST_TEST(contains(check(payload_of(home, jti + rest)), "not allowed"), rest);
  for (const auto* rest : {"", R"(,"jti":"")", R"(,"jti":1)", R"(,"jti":null)"})
    BOOST_TEST(contains(check(payload_of(home, rest)), "not allowed"), rest);
  const auto hash = home.hash(0);
  const std::vector<std::string> payloads{
      std::string("[]"),
      std::string("{}"),
      std::string("x"),
      R"({"sub_type":"cybexp_superuser","_hash":")" + hash + R"(","jti":"x"})",
      R"({"sub_type":"cybexp_org","_hash":")" + hash + R"(","jti":"x"})",
      R"({"_hash":")" + hash + R"(","jti":"x"})",
      std::string(R"({"sub_type":"cybexp_user","_hash":"x","jti":"x"})"),
      std::string(R"({"sub_type":"cybexp_user","jti":"x"})"),
      R"({"sub_type":"cybexp_user","_hash":")" + std::string(64, '0') + R"(","jti":"x"})"};
  for (const auto& payload : payloads) BOOST_TEST(contains(check(payload), "not allowed"), payload);
}

BOOST_AUTO_TEST_CASE(tokens_without_end_count_only_where_accepted) {
  accounts_home home;
  const auto token =
      fixtures::signed_text(R"({"typ":"JWT","alg":"HS256"})", payload_of(home, R"(,"jti":"theirs")"));
  BOOST_TEST(contains(outcome(home.all.authenticate(token, noon)), "not allowed"));
  home.all.configure(fixtures::some_settings(true));
  BOOST_TEST(outcome(home.all.authenticate(token, noon)) == "");
  BOOST_TEST(outcome(home.all.revoke_token(home.operator_, "theirs", noon)) == "");
  BOOST_TEST(contains(outcome(home.all.authenticate(token, noon)), "revoked"));

  const auto made =
      home.all.create_user(home.operator_, {"new@example.com", "pw", "New", false}, noon).value();
  BOOST_TEST(outcome(home.all.authenticate(made.token, noon * 2)) == "");
  home.all.configure(fixtures::some_settings(false));
  BOOST_TEST(!home.all.authenticate(made.token, noon));
}

BOOST_AUTO_TEST_CASE(login_gives_a_token_to_users_of_both_kinds) {
  accounts_home home;
  for (const auto& [email, password] :
       {std::pair{home.email(0), home.password(0)}, {"root@example.com", "rootpass"}}) {
    const auto done = home.all.login(email, password, noon);
    BOOST_REQUIRE_MESSAGE(done, login_outcome(done));
    BOOST_TEST(home.all.authenticate(done->token, noon).value().email == email);
    BOOST_TEST(!contains(tahoe::to_json(to_value(done->user)), "password"));
  }
}

BOOST_AUTO_TEST_CASE(wrong_password_and_unknown_user_are_one_answer) {
  accounts_home home;
  const auto wrong = login_outcome(home.all.login(home.email(0), "pass1word", noon));
  BOOST_TEST(contains(wrong, "not allowed"));
  BOOST_TEST(login_outcome(home.all.login("nobody@example.com", "pass0word", noon)) == wrong);
  BOOST_TEST(login_outcome(home.all.login(home.email(0), "", noon)) == wrong);
  BOOST_TEST(login_outcome(home.all.login("nobody@example.com", "", noon)) == wrong);
}

BOOST_AUTO_TEST_CASE(repeated_failures_slow_down_known_and_unknown_alike) {
  accounts_home home;
  home.all.configure(fixtures::some_settings());
  for (const auto& email : std::vector<std::string>{home.email(0), "nobody@example.com"}) {
    for (int i = 0; i < 5; ++i)
      BOOST_TEST(contains(login_outcome(home.all.login(email, "x", noon)), "not allowed"));
    const auto slowed = home.all.login(email, "pass0word", noon);
    BOOST_TEST(contains(login_outcome(slowed), "overloaded"));
    BOOST_TEST(slowed.error().retry_after == 1.0);
  }
  BOOST_TEST(home.all.login(home.email(0), "pass0word", noon + 1).has_value());
  BOOST_TEST(home.all.login(home.email(1), "pass1word", noon).has_value());
}

BOOST_AUTO_TEST_CASE(an_original_password_is_replaced_at_login) {
  accounts_home home;
  home.make_org();
  const auto original = id::stored_password_of(home.user(0));
  BOOST_TEST(home.all.login(home.email(0), home.password(0), noon).has_value());
  const auto stored = id::stored_password_of(home.user(0));
  BOOST_TEST(stored.starts_with("scrypt$"));
  BOOST_TEST(!contains(home.everything(), original));
  BOOST_TEST(contains(tahoe::to_json(to_value(home.org())), stored));
  BOOST_TEST(home.all.login(home.email(0), home.password(0), noon).has_value());
  BOOST_TEST(id::stored_password_of(home.user(0)) == stored);
}

BOOST_AUTO_TEST_CASE(a_login_leaves_a_password_that_is_set_meanwhile) {
  // Set after the old one was checked and before its better form is stored: before that is read, or written.
  for (const std::string_view moment : {"identity.get", "identity.apply"}) {
    accounts_home home;
    home.make_org();
    const auto plan = std::make_shared<tests::faults>();
    id::accounts server(std::make_shared<tests::failing_identity>(home.store, plan),
                        fixtures::some_settings());
    bool changed = false;
    plan->on_call = [&](std::string_view call) {
      if (call != moment || changed) return;
      changed = true;
      BOOST_TEST(
          home.all.set_password(home.as(home.root), home.email(0), "another password", noon).has_value());
    };
    (void)server.login(home.email(0), home.password(0), noon);
    BOOST_TEST(changed);
    BOOST_TEST(!home.all.login(home.email(0), home.password(0), noon + 1));
    BOOST_TEST(home.all.login(home.email(0), "another password", noon + 1000).has_value());
    BOOST_TEST(home.last_audit().what != "user.password.upgrade");
  }
}

BOOST_AUTO_TEST_CASE(an_original_password_counts_only_where_accepted) {
  accounts_home home;
  home.all.configure(fixtures::some_settings(false, false));
  BOOST_TEST(!home.all.login(home.email(0), home.password(0), noon));
  BOOST_TEST(!id::stored_password_of(home.user(0)).starts_with("scrypt$"));
}

BOOST_AUTO_TEST_CASE(tokens_for_others_are_the_operators) {
  accounts_home home;
  BOOST_TEST(contains(outcome(home.all.issue_token(home.as(0), home.email(0), {}, noon)), "not allowed"));
  BOOST_TEST(
      contains(outcome(home.all.issue_token(home.as(home.root), home.email(0), {}, noon)), "not allowed"));
  BOOST_TEST(contains(outcome(home.all.issue_token(home.operator_, "nobody@x", {}, noon)), "not found"));
  for (const unsigned days : {0U, 36'501U, 4'000'000'000U})
    BOOST_TEST(contains(outcome(home.all.issue_token(home.operator_, home.email(0), days, noon)),
                        "bad input: days"));
}

BOOST_AUTO_TEST_CASE(records_of_tokens_that_have_ended_go) {
  // Symptom: every login left a record for good.
  accounts_home home;
  const double day = 86'400;
  const auto issue = [&](unsigned days, double now) {
    return home.all.issue_token(home.operator_, home.email(0), days, now).value();
  };
  for (int i = 0; i < 50; ++i) issue(1, noon);
  const auto lasting = issue(10, noon);
  BOOST_TEST(home.all.tokens().value().size() == 51U);
  issue(1, noon + 1.5 * day);  // the first fifty have ended, but not long ago
  BOOST_TEST(home.all.tokens().value().size() == 52U);
  issue(10, noon + 2.5 * day);
  BOOST_TEST(home.all.tokens().value().size() == 3U);
  BOOST_TEST(home.all.authenticate(lasting, noon + 3 * day).has_value());
  BOOST_TEST(home.all.revoke_token(home.operator_, home.all.tokens().value().front().jti, noon + 3 * day)
                 .has_value());
}

BOOST_AUTO_TEST_CASE(a_revoked_token_stays_revoked_where_the_clock_was_wrong_for_a_while) {
  // Symptom: its record went by the wrong clock, and by the right one the token was good again.
  accounts_home home;
  const double day = 86'400;
  const auto token = home.all.issue_token(home.operator_, home.email(0), 10, noon).value();
  const auto jti = home.all.tokens().value().front().jti;
  BOOST_REQUIRE(home.all.revoke_token(home.operator_, jti, noon));
  BOOST_REQUIRE(home.all.issue_token(home.operator_, home.email(0), 10, noon + 1000 * day));
  const auto again = home.all.authenticate(token, noon + day);
  BOOST_REQUIRE(!again);
  BOOST_TEST(again.error().text == "The token is revoked.");
}

BOOST_AUTO_TEST_CASE(many_records_of_tokens_go_in_several_steps) {
  accounts_home home;
  const double day = 86'400;
  for (int i = 0; i < 10'050; ++i) {
    store::identity_change change;
    change.token = store::token_record{std::to_string(i), home.users[0].hash, noon - day, noon, false};
    BOOST_REQUIRE(home.store->apply(change));
  }
  for (const auto left : {51U, 2U}) {
    BOOST_TEST(home.all.issue_token(home.operator_, home.email(0), 1, noon + 2 * day).has_value());
    BOOST_TEST(home.all.tokens().value().size() == left);
  }
}

BOOST_AUTO_TEST_SUITE_END()
