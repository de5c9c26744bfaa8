// Where the configuration says that stores live, and that it does not show passwords.
#include <algorithm>
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

// Symptom: the words of a scheme with one slash, and the token of AWS, were printed.
BOOST_AUTO_TEST_CASE(nothing_secret_of_any_address_is_shown) {
  using namespace std::string_literals;
  const auto& key = *find_key("store.url");
  settings values;
  for (const auto& [address, shown] : std::vector<std::pair<std::string, std::string>>{
           {"mongodb:/me:secret@db/x", "***@db/x"},
           {"me:secret@db", "***@db"},
           {"mongodb://me:sec@ret@db/", "mongodb://***@db/"},
           {"mongodb://me:sec\"ret@db/", "mongodb://***@db/"},
           {"mongodb://db/?authMechanismProperties=AWS_SESSION_TOKEN:secret&w=1",
            "mongodb://db/?authMechanismProperties=***&w=1"},
           {"mongodb://db/?w=1&AUTHMECHANISMPROPERTIES=A:secret",
            "mongodb://db/?w=1&AUTHMECHANISMPROPERTIES=***"},
           {"mongodb://db/?proxyPassword=secret&tlsCertificateKeyFilePassword=se\"cret",
            "mongodb://db/?proxyPassword=***&tlsCertificateKeyFilePassword=***"},
           {"mongodb://db1,db2/?replicaSet=rs", "mongodb://db1,db2/?replicaSet=rs"},
           {"", ""}}) {
    values.store.url = address;
    BOOST_TEST(shown_value(key, values) == "\""s + shown + "\"");
  }
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

// Symptom: archive and reports in one collection were taken, and each saw the other's documents.
BOOST_AUTO_TEST_CASE(no_collection_belongs_to_two_stores) {
  const auto told = [](const std::string& text) {
    const auto config = read("[store]\nkind = \"mongodb\"\nurl = \"mongodb://db\"\n" + text);
    std::string all;
    if (!config)
      for (const auto& one : config.error()) all += to_text(one) + "\n";
    return all;
  };
  struct clash {
    std::string text, key, sentence;
  };
  for (const auto& [text, key, sentence] : std::vector<clash>{
           {"report.db = \"tahoe_db\"\n", "store.report.coll",
            "tahoe_db.instance belongs to store.archive.coll already"},
           {"report.db = \"tahoe_db\"\nreport.url = \"mongodb://DB:27017/?w=1\"\n", "store.report.coll",
            "tahoe_db.instance belongs to store.archive.coll already"},
           {"archive.db = \"cache_db\"\narchive.coll = \"fs.files\"\n", "store.archive.coll",
            "cache_db.fs.files belongs to store.cache.coll already"},
           {"report.db = \"cache_db\"\nreport.coll = \"file_entries_cybexd_claims\"\n", "store.report.coll",
            "cache_db.file_entries_cybexd_claims belongs to store.cache.coll already"},
           {"report.db = \"identity_db\"\nreport.coll = \"instance_cybexd_audit\"\n", "store.identity.coll",
            "identity_db.instance_cybexd_audit belongs to store.report.coll already"},
           {"cache.coll = \"fs.chunks\"\n", "store.cache.coll",
            "cache_db.fs.chunks is where store.cache keeps files"}}) {
    const auto all = told(text);
    BOOST_TEST(all.find(key + ": " + sentence) != std::string::npos, text << all);
    BOOST_TEST(std::count(all.begin(), all.end(), '\n') == 1, text << all);
  }
  for (const auto* text : {"report.db = \"tahoe_db\"\nreport.url = \"mongodb://other\"\n",
                           "report.db = \"tahoe_db\"\nreport.kind = \"embedded\"\n",
                           "report.db = \"tahoe_db\"\nreport.coll = \"reports\"\n"})
    BOOST_TEST(told(text) == "", text);
}

BOOST_AUTO_TEST_SUITE_END()
