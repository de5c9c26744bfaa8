// What every identity store takes over from another one: documents, tokens, lines of the audit log.
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/archive_world.hpp"
#include "tests/fixtures/document_homes.hpp"

namespace cybexd::tests {
namespace {

using namespace store;
#ifdef CYBEXD_TESTS_MONGODB
using homes = boost::mpl::list<mongodb_identity_home>;
#else
using homes = boost::mpl::list<memory_home, embedded_home>;
#endif
using names = std::vector<std::string>;

}  // namespace

CYBEXD_CONFORMANCE_SUITE(identity_adoption)

BOOST_AUTO_TEST_CASE_TEMPLATE(identities_are_taken_over_as_they_are, Home, homes) {
  Home home;
  const auto user = [](const std::string& email, const std::string& password, const std::string& kind) {
    document d;
    d.kind = tahoe::itype::object;
    d.sub_type = kind;
    d.hash = crypto::sha256({"object", kind, email});
    d.data = tahoe::object{{"email_addr", tahoe::array{email}}, {"password", tahoe::array{password}}};
    d.cref = d.ref = {attribute("password", password).hash};
    return d;
  };
  const auto plain = user("a@example.com", "old", "cybexp_user");
  const auto fresh = user("a@example.com", "new", "cybexp_user");
  const auto super = user("a@example.com", "new", "cybexp_superuser");
  const auto u = plain.hash;
  store::identity_adoption what;
  what.documents = {plain, attribute("password", "old")};
  what.tokens = {{"t1", u, 1, 2.5, false}, {"t2", u, 1, std::nullopt, true}};
  what.lines = {{0, {1, "who", "what", "whom"}}, {1, {1, "who", "what", "whom"}}};
  for (int i = 0; i < 3; ++i) {  // again and again
    auto done = home.all.identity->adopt(what);
    BOOST_REQUIRE_MESSAGE(done, done.error().text);
    if constexpr (Home::durable) home.reopen();
  }
  auto& identity = *home.all.identity;
  BOOST_TEST((must(identity.user_by_email("a@example.com"))->data == plain.data));
  BOOST_TEST(must(identity.audit(10)).size() == 2u);  // two lines that are alike are two lines

  what = {};
  what.documents = {fresh};
  what.erase = {attribute("password", "old").hash};
  what.tokens = {{"t1", u, 9, 9.0, true}, {"t2", u, 9, 9.0, false}};
  what.lines = {{1, {1, "who", "what", "whom"}}, {2, {3, "who", "later", "whom"}}};
  must(identity.adopt(what));
  BOOST_TEST((must(identity.user_by_email("a@example.com"))->data == fresh.data));
  BOOST_TEST(!must(identity.get(attribute("password", "old").hash)));
  const auto one = must(identity.token("t1")), two = must(identity.token("t2"));
  BOOST_TEST((one && one->revoked && one->issued == 1 && one->expires == 2.5));
  BOOST_TEST((two && two->revoked && !two->expires));

  what = {};
  what.documents = {super};
  what.erase = {plain.hash};
  must(identity.adopt(what));
  BOOST_TEST((must(identity.user_by_email("a@example.com"))->hash == super.hash));
  BOOST_TEST(must(identity.users()).size() == 1u);

  names jtis, lines;
  must(identity.each_token([&](const token_record& t) {
    jtis.push_back(t.jti);
    return true;
  }));
  must(identity.each_line([&](const audit_line& line) {
    lines.push_back(line.what);
    return true;
  }));
  std::sort(jtis.begin(), jtis.end());
  BOOST_TEST(jtis == (names{"t1", "t2"}), boost::test_tools::per_element());
  BOOST_TEST(lines == (names{"what", "what", "later"}), boost::test_tools::per_element());
  std::size_t visits = 0;
  must(identity.each_line([&](const audit_line&) { return ++visits < 2; }));
  must(identity.each_token([&](const token_record&) { return ++visits < 3; }));
  BOOST_TEST(visits == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
