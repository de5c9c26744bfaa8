// What the identities on MongoDB do besides what every home does: names are unique across servers, and the
// original's modules write there too.
#include <atomic>
#include <set>
#include <thread>

#include "crypto/random.hpp"
#include "tahoe/store/mongodb_documents.hpp"
#include "tests/fixtures/golden.hpp"
#include "tests/fixtures/identity_on_mongodb.hpp"
#include "tests/fixtures/mongodb_homes.hpp"

namespace cybexd::tests {
namespace {

using namespace store;
using fixtures::at;
using fixtures::list_at;
using tahoe::array;
using tahoe::object;
using tahoe::value;

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_identity, *with_mongodb())

BOOST_AUTO_TEST_CASE(of_several_servers_one_makes_a_user_of_a_name) {
  mongodb_identity_home home;
  constexpr std::size_t servers = 3, names = 8;
  std::vector<store::stores> stores;
  for (std::size_t s = 0; s < servers; ++s) stores.push_back(home.after_a_kill());
  std::atomic<std::size_t> made{0}, refused{0}, failed{0};
  std::vector<std::thread> threads;
  for (std::size_t s = 0; s < servers; ++s)
    threads.emplace_back([&, s] {
      for (std::size_t n = 0; n < names; ++n) {
        const auto email = std::to_string(n) + "@example.com";
        auto done =
            stores[s].identity->apply(putting({user(email, "of server " + std::to_string(s), s == 1)}));
        if (done)
          ++made;
        else
          ++(done.error().kind == failure::conflict ? refused : failed);
        identity_change login;
        login.token = token_record{email + std::to_string(s), {}, 1, {}, false};
        if (!stores[s].identity->apply(login)) ++failed;
      }
    });
  for (auto& t : threads) t.join();
  BOOST_TEST(failed == 0u);
  BOOST_TEST(made == names);
  BOOST_TEST(refused == names * (servers - 1));
  BOOST_TEST(must(home.all.identity->users()).size() == names);
  BOOST_TEST(must(home.all.identity->tokens()).size() == names * servers);
  BOOST_TEST(must(home.all.identity->audit(1000)).size() == names + names * servers);
  std::int64_t last = 0;
  find_options sorted;
  sorted.sort.add("_id", 1);
  must(beside(home.places, "_cybexd_audit").find(bson(), sorted, "test: read", [&](const bson_view& line) {
    BOOST_TEST(line.find("_id").integer().value() == ++last);  // without gaps
    return true;
  }));
}

BOOST_AUTO_TEST_CASE(the_originals_documents_are_read_and_keep_what_is_not_ours) {
  mongodb_identity_home home;
  const auto raw = beside(home.places);
  const auto golden = fixtures::golden("scenario_small");
  for (const auto* group : {"users", "orgs"})
    for (const auto& item : list_at(golden, group)) {
      auto document = at(item, "doc");
      document.set("of_another_module", object{{"n", 7}});
      must(insert(raw, document));
    }
  auto& identity = *home.all.identity;
  for (const auto& item : list_at(golden, "users")) {
    const auto found = must(identity.user_by_email(fixtures::text_at(item, "email")));
    BOOST_REQUIRE(found);
    BOOST_TEST(hex(found->hash) == fixtures::text_at(item, "_hash"));
    std::set<std::string> sees, should;
    for (const auto& orgid : must(identity.visible_orgs(found->hash))) sees.insert(orgid);
    for (const auto& o : list_at(golden, "orgs"))
      for (const auto& member : list_at(at(o, "doc"), "_acl"))
        if (*member.text() == hex(found->hash)) should.insert(fixtures::text_at(o, "_hash"));
    BOOST_TEST(sees == should, boost::test_tools::per_element());
  }
  const auto before = must(identity.org_by_name("org_a"));
  BOOST_REQUIRE(before);
  auto after = *before;
  std::find_if(after.extra.begin(), after.extra.end(), [](auto& m) { return m.first == "_acl"; })->second =
      array{};
  identity_change change;
  change.as_read = {*before};
  change.replace = {after};
  must(identity.apply(change));
  const auto stored = must(raw.find_one(by_hash(before->hash), {}, "test: read"));
  BOOST_REQUIRE(stored);
  BOOST_TEST(stored->find("_id").id().has_value());
  BOOST_TEST(stored->view().find_dotted("of_another_module.n").integer().value() == 7);
  BOOST_TEST(must(identity.org_by_name("org_a"))->extra.size() ==
             before->extra.size());  // nothing of ours shows
  each_type(stored->view(), [](std::string_view path, std::uint8_t kind) {
    if (path != "_id")
      BOOST_TEST((std::set<int>{0x01, 0x02, 0x03, 0x04, 0x08, 0x0a, 0x10, 0x12}.contains(kind)), path);
  });
}

BOOST_AUTO_TEST_CASE(doubles_follow_the_one_that_counts) {
  mongodb_identity_home home;
  const auto raw = beside(home.places);
  const auto a = user("a@example.com"), b = user("b@example.com");
  for (const auto& d : {org("x", a), org("x", b), a, b}) must(insert(raw, tahoe::to_value(d)));
  auto& identity = *home.all.identity;
  BOOST_TEST(must(identity.orgs()).size() == 1u);
  BOOST_TEST(must(identity.visible_orgs(a.hash)).size() == 1u);
  BOOST_TEST(must(identity.visible_orgs(b.hash)).empty());
  BOOST_TEST(must(identity.orgs_with(b.hash)).empty());
  identity_change change;
  change.as_read = {org("x", a)};
  change.replace = {org("x", b)};
  must(identity.apply(change));
  BOOST_TEST(must(identity.visible_orgs(a.hash)).empty());
  for (const auto& stored : must(raw.find_all(by_hash(org("x", a).hash), {}, "test: read")))
    BOOST_TEST(stored.view().find_dotted("_acl.0").text().value() == hex(b.hash));
  BOOST_TEST(!identity.apply(putting({org("x", b)})));
  BOOST_TEST(must(raw.find_all(by_hash(org("x", a).hash), {}, "test: read")).size() == 2u);
}

BOOST_AUTO_TEST_CASE(odd_documents_stand_in_nobodys_way) {
  mongodb_identity_home home;
  const auto raw = beside(home.places);
  const auto a = user("a@example.com");
  must(home.all.identity->apply(putting({a, org("x", a)})));
  for (const auto& odd : {value(7), value("x"), value(array{1, nullptr}), value(nullptr)})
    for (const auto* field : {"_ref", "_cref", "_acl", "_usr_ref", "_adm_ref", "data", "_hash", "itype"}) {
      auto json = tahoe::to_value(org("odd " + crypto::random_word(8), a));
      json.set(field, odd);
      must(insert(raw, json));
      json.erase(field);
      json.set("_hash", hex(crypto::sha256(crypto::random_word(8))));
      must(insert(raw, json));
    }
  BOOST_TEST(!must(home.all.identity->orgs()).empty());
  BOOST_TEST(!must(home.all.identity->orgs_with(a.hash)).empty());
  BOOST_TEST(!must(home.all.identity->visible_orgs(a.hash)).empty());
  BOOST_TEST(must(home.all.identity->users()).size() == 1u);
  must(home.all.identity->apply(putting({user("b@example.com")})));
}

BOOST_AUTO_TEST_CASE(what_a_query_asks_is_one_round_trip) {
  mongodb_identity_home home;
  const auto a = user("a@example.com");
  must(home.all.identity->apply(putting({a, org("x", a)})));
  const auto home_counts = [&] { return home.places.home()->counts().commands; };
  const auto before = home_counts();
  (void)must(home.all.identity->get(a.hash));
  (void)must(home.all.identity->visible_orgs(a.hash));
  (void)must(home.all.identity->token("absent"));
  BOOST_TEST(home_counts() - before == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
