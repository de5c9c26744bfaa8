// Where the configuration says that stores live, and that it does not show passwords.
#include <boost/test/unit_test.hpp>
#include <string>

#include "app/config/config.hpp"
#include "app/config/keys.hpp"

namespace {

using namespace cybexd::app;

auto read(std::string_view text) {
  config_request request;
  request.folder = "/home/somebody";
  return read_config_text(text, "/etc/hub/cybexd.toml", request);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(store_places)

BOOST_AUTO_TEST_CASE(passwords_in_addresses_are_not_shown) {
  const auto config = read("[store]\nurl = \"mongodb://me:secret@db:27017/x\"\n");
  BOOST_REQUIRE(config);
  BOOST_TEST(shown_value(*find_key("store.url"), config->values) == "\"mongodb://***@db:27017/x\"");
}

BOOST_AUTO_TEST_CASE(passwords_of_misspelt_keys_are_not_shown) {
  const std::string address = "\"mongodb://me:secret@db:27017/x\"";
  config_request request;
  request.sets = {"store.urrl=" + address};
  const auto all = read_config_text("url = " + address + "\n[store]\nurll = " + address +
                                        "\ncache = " + address + "\n[stor]\nurl = " + address + "\n",
                                    "/etc/hub/cybexd.toml", request);
  BOOST_REQUIRE(!all);
  BOOST_TEST(all.error().size() >= 5u);
  for (const auto& one : all.error()) {
    BOOST_TEST(to_text(one).find("secret") == std::string::npos, to_text(one));
    BOOST_TEST(one.was.find("secret") == std::string::npos, one.was);
  }
}

BOOST_AUTO_TEST_CASE(passwords_of_key_files_are_not_shown) {
  const auto config =
      read("[store]\nurl = \"mongodb://db/x?tls=true&tlsCertificateKeyFilePassword=secret&w=1\"\n");
  BOOST_REQUIRE(config);
  BOOST_TEST(shown_value(*find_key("store.url"), config->values) ==
             "\"mongodb://db/x?tls=true&tlsCertificateKeyFilePassword=***&w=1\"");
}

BOOST_AUTO_TEST_CASE(each_store_lives_where_it_is_told) {
  const auto homes = [](const std::string& text) {
    const auto config = read(text);
    BOOST_REQUIRE_MESSAGE(config, (config ? "" : to_text(config.error().front())));
    std::string where;
    const auto& all = config->values.store;
    for (const auto* one : {&all.cache, &all.archive, &all.report, &all.identity})
      where += on_mongodb(all, *one) ? 'm' : 'e';
    return where;
  };
  BOOST_TEST(homes("") == "eeee");
  BOOST_TEST(homes("[store]\nkind = \"mongodb\"\nurl = \"mongodb://db\"\n") == "mmmm");
  BOOST_TEST(homes("[store]\nkind = \"mongodb\"\nurl = \"mongodb://db\"\narchive.kind = \"embedded\"\n") ==
             "memm");
  BOOST_TEST(homes("[store]\nurl = \"mongodb://db\"\nreport.kind = \"mongodb\"\n") == "eeme");
  BOOST_TEST(homes("[store.cache]\nurl = \"mongodb://db\"\n") == "meee");
  BOOST_TEST(homes("[store.identity]\nurl_file = \"db.url\"\n") == "eeem");
  BOOST_TEST(homes("[store]\nkind = \"mongodb\"\nurl_file = \"db.url\"\n") == "mmmm");
}

BOOST_AUTO_TEST_CASE(a_store_on_mongodb_has_one_address) {
  for (const auto* text : {"[store]\nkind = \"mongodb\"\n", "[store.cache]\nkind = \"mongodb\"\n",
                           "[store]\nkind = \"mongodb\"\narchive.url = \"mongodb://db\"\n",
                           "[store]\nurl = \"mongodb://db\"\nurl_file = \"db.url\"\n",
                           "[store.report]\nurl = \"mongodb://db\"\nurl_file = \"db.url\"\n",
                           "[store]\nkind = \"mongodb\"\nurl = \"mongodb://db\"\ncache.db = \"\"\n",
                           "[store.cache]\nkind = \"elsewhere\"\n", "[store]\nclaim = \"0s\"\n"})
    BOOST_TEST(!read(text).has_value(), text);
}

BOOST_AUTO_TEST_SUITE_END()
