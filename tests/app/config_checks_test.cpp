// What is wrong with a configuration beside its keys: names and addresses of databases, stray variables.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "app/config/config.hpp"
#include "tests/fixtures/config_texts.hpp"

using namespace cybexd::app;
using cybexd::tests::find;
using cybexd::tests::read;
using cybexd::tests::request;

BOOST_AUTO_TEST_SUITE(config_checks)

BOOST_AUTO_TEST_CASE(what_mongodb_does_not_take_is_told_with_its_place) {
  const auto config = read(R"([store]
url = "mongodb://somebody:s3cret@db.example.org:99999/"
[store.cache]
kind = "mongodb"
db = "a/b"
coll = "a$b"
[store.archive]
url = "http://db.example.org"
db = "two words"
coll = ""
[store.report]
kind = "mongodb"
coll = "system.users"
[store.identity]
db = "a/b"
)");
  BOOST_REQUIRE(!config);
  struct expected_mistake {
    std::string_view key, problem;
    unsigned line;
  };
  const std::vector<expected_mistake> wanted{{"store.url", "the URL of the database cannot be used", 2},
                                             {"store.cache.db", "no name of a database", 5},
                                             {"store.cache.coll", "no name of a collection", 6},
                                             {"store.archive.url", "the URL of the database", 8},
                                             {"store.archive.db", "no name of a database", 9},
                                             {"store.archive.coll", "empty", 10},
                                             {"store.report.coll", "no name of a collection", 13}};
  BOOST_TEST(config.error().size() == wanted.size());  // identities are embedded: their names mean nothing
  for (const auto& one : wanted) {
    const auto* found = find(config.error(), one.key);
    BOOST_REQUIRE_MESSAGE(found, one.key);
    BOOST_TEST(found->line == one.line);
    BOOST_TEST((found->problem.find(one.problem) != std::string::npos), found->problem);
    BOOST_TEST((to_text(*found).find("s3cret") == std::string::npos));
  }
}

BOOST_AUTO_TEST_CASE(what_mongodb_takes_is_no_mistake) {
  for (const auto* url : {"mongodb://db1,db2:27018/?replicaSet=rs0&tls=true",
                          "mongodb+srv://u:p@cluster.example.org/?retryWrites=false",
                          "mongodb://%2Ftmp%2Fmongodb-27017.sock/"}) {
    const auto config = read("[store]\nkind = \"mongodb\"\nurl = \"" + std::string(url) +
                             "\"\n[store.cache]\ndb = \"cache-2\"\ncoll = \"file.entries\"\n");
    BOOST_TEST(config.has_value(), url);
  }
}

BOOST_AUTO_TEST_CASE(a_variable_that_names_no_setting_is_told) {
  const auto config = read("", request({}, {{"CYBEXD_HTTP_LISTEN", "0.0.0.0:1"},
                                            {"CYBEXD_DATADIR", "/x"},
                                            {"CYBEXD_WHATEVER_IT_IS", "1"},
                                            {"CYBEXD_DATA_DIR", "/y"},
                                            {"CYBEXD_CONFIG", ""},
                                            {"CYBEXD_PASSPHRASE", "p"},
                                            {"CYBEXD_ADMIN", "a@example.org"},
                                            {"CYBEXD_SOURCE_DIR", "/s"},
                                            {"CYBEXD_TEST_MONGO", "m"},
                                            {"CYBEXD_SERVICE_HOST", "10.0.0.1"},
                                            {"CYBEXD_PORT_8080_TCP", "tcp://10.0.0.1:8080"},
                                            {"CYBEXD", "/bin/cybexd"},
                                            {"PATH", "/"}}));
  BOOST_REQUIRE(config);
  BOOST_REQUIRE_EQUAL(config->warnings.size(), 3u);
  BOOST_TEST(config->warnings[0] ==
             "$CYBEXD_DATADIR is no setting and changes nothing; did you mean $CYBEXD_DATA_DIR?");
  BOOST_TEST(config->warnings[1] ==
             "$CYBEXD_HTTP_LISTEN is no setting and changes nothing; did you mean $CYBEXD_HTTP__LISTEN?");
  BOOST_TEST(config->warnings[2] ==
             "$CYBEXD_WHATEVER_IT_IS is no setting and changes nothing; one is named $CYBEXD_SECTION__KEY");
  BOOST_TEST(config->values.data_dir.path == "/y");
}

BOOST_AUTO_TEST_SUITE_END()
