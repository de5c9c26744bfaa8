// CYBEX-P's configuration as ours.
#include "app/config/convert.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <random>

#include "app/config/keys.hpp"
#include "tests/fixtures/seed.hpp"

namespace {

using namespace cybexd::app;

const std::string good_secret = "0123456789abcdefghijklmnopqrstuvwxyzABCDEF";

auto converted_from(std::string_view json) { return convert_original(json, {"config.json", "jwt.secret"}); }

/// What the converted text means when it is read.
settings read(std::string_view json) {
  const auto made = converted_from(json);
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : to_text(made.error().front())));
  config_request request;
  request.folder = "/hub";
  const auto config = read_config_text(made->toml, "/hub/cybexd.toml", request);
  BOOST_REQUIRE_MESSAGE(config, (config ? "" : to_text(config.error().front())));
  return config->values;
}

std::string url_of(const settings& s, const store_place& place) {
  return place.url.empty() ? s.store.url : place.url;
}

std::string notes_of(std::string_view json) {
  const auto made = converted_from(json);
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : to_text(made.error().front())));
  std::string text;
  for (const auto& note : made->notes) text += note + "\n";
  return text;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// The mistakes as they are told, one a line.
std::string mistakes_of(std::string_view json) {
  const auto made = converted_from(json);
  BOOST_REQUIRE(!made);
  std::string text;
  for (const auto& m : made.error()) text += to_text(m) + "\n";
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(convert)

BOOST_AUTO_TEST_CASE(an_empty_configuration_means_the_defaults_of_the_original) {
  const auto s = read("{}");
  BOOST_TEST(s.store.kind == "mongodb");
  BOOST_TEST(s.store.url == "mongodb://localhost:27017/");
  for (const auto* place : {&s.store.cache, &s.store.archive, &s.store.report, &s.store.identity})
    BOOST_TEST(place->url == "");
  BOOST_TEST((s.store.cache.db == "cache_db" && s.store.cache.coll == "file_entries"));
  BOOST_TEST((s.store.archive.db == "tahoe_db" && s.store.archive.coll == "instance"));
  BOOST_TEST((s.store.report.db == "report_db" && s.store.report.coll == "instance"));
  BOOST_TEST((s.store.identity.db == "identity_db" && s.store.identity.coll == "instance"));
  BOOST_TEST(s.archive.accept_unknown_typetags);
  BOOST_TEST(s.identity.accept_tokens_without_exp);
  BOOST_TEST(s.identity.accept_original_passwords);
  BOOST_TEST(s.identity.jwt_secret_file.path == "/hub/jwt.secret");
  BOOST_TEST(s.keys.private_key.path == "/hub/priv.pem");
}

BOOST_AUTO_TEST_CASE(every_key_goes_where_it_belongs) {
  const auto s = read(R"({
    "cache": {"mongo_url": "mongodb://u:p@a:1/?tls=true", "db": "c_db", "coll": "c.coll", "private_key": "/keys/p.pem"},
    "tahoe": {"mongo_url": "mongodb://b:2,b2:2/?replicaSet=r", "db": "t_db", "coll": "t"},
    "report": {"mongo_url": "mongodb+srv://c.example.org/", "db": "r_db", "coll": "r"},
    "identity": {"mongo_url": "mongodb://b:2,b2:2/?replicaSet=r", "db": "i_db", "coll": "i", "secret": ")" +
                      good_secret + R"("},
    "api": {"host": "api.example.org", "url": "http://api.example.org/", "token": "x.y.z", "public_key": "pub/api.pem"}})");
  BOOST_TEST(url_of(s, s.store.cache) == "mongodb://u:p@a:1/?tls=true");
  BOOST_TEST(url_of(s, s.store.archive) == "mongodb://b:2,b2:2/?replicaSet=r");
  BOOST_TEST(url_of(s, s.store.report) == "mongodb+srv://c.example.org/");
  BOOST_TEST(url_of(s, s.store.identity) == "mongodb://b:2,b2:2/?replicaSet=r");
  BOOST_TEST(s.store.identity.url == "");
  BOOST_TEST((s.store.cache.db == "c_db" && s.store.cache.coll == "c.coll"));
  BOOST_TEST((s.store.archive.db == "t_db" && s.store.archive.coll == "t"));
  BOOST_TEST((s.store.report.db == "r_db" && s.store.report.coll == "r"));
  BOOST_TEST((s.store.identity.db == "i_db" && s.store.identity.coll == "i"));
  BOOST_TEST(s.report.api_host == "api.example.org");
  BOOST_TEST(s.keys.private_key.path == "/keys/p.pem");
  BOOST_TEST(s.keys.public_key.path == "/hub/pub/api.pem");
}

BOOST_AUTO_TEST_CASE(archive_is_a_synonym_of_tahoe_which_wins) {
  BOOST_TEST(read(R"({"archive": {"db": "a", "coll": "b"}})").store.archive.db == "a");
  BOOST_TEST(!has(notes_of(R"({"archive": {"db": "a"}})"), "tahoe wins"));
  constexpr std::string_view both =
      R"({"archive": {"mongo_url": "mongodb://a/", "db": "a"}, "tahoe": {"mongo_url": "mongodb://t/"}})";
  const auto s = read(both);
  BOOST_TEST(url_of(s, s.store.archive) == "mongodb://t/");
  BOOST_TEST(s.store.archive.db == "tahoe_db");  // not archive's: the section wins as a whole
  BOOST_TEST(has(notes_of(both), "tahoe wins"));
  BOOST_TEST(
      !has(notes_of(R"({"archive": {"db": "x"}, "tahoe": {"db": "x", "coll": "instance"}})"), "tahoe wins"));
}

BOOST_AUTO_TEST_CASE(sections_that_share_a_collection_are_told_by_the_keys_of_the_original) {
  BOOST_TEST(has(mistakes_of(R"({"report": {"db": "tahoe_db"}, "tahoe": {"coll": "instance"}})"),
                 "report.coll: tahoe_db.instance belongs to tahoe.coll already"));
  BOOST_TEST(has(mistakes_of(R"({"archive": {"db": "cache_db", "coll": "fs.files"}})"),
                 "archive.coll: cache_db.fs.files belongs to cache.coll already"));
}

BOOST_AUTO_TEST_CASE(older_forms_are_read_too) {
  auto s = read(R"({"cache": {"mongo_url": "localhost:27018", "cache_db": "c", "cache_coll": "cc"},
                    "archive": {"archive_db": "a", "tahoe_db": "t", "tahoe_coll": "tc"}})");
  BOOST_TEST(url_of(s, s.store.cache) == "mongodb://localhost:27018");  // as pymongo takes it
  BOOST_TEST((s.store.cache.db == "c" && s.store.cache.coll == "cc"));
  BOOST_TEST((s.store.archive.db == "t" && s.store.archive.coll == "tc"));
  s = read(R"({"mongo": {"mongo_url": "mongodb://m/", "cache_db": "c", "report_coll": "r", "identity_db": "i",
               "tahoe_db": "t"}, "report": {"mongo_url": "mongodb://own/"}})");
  BOOST_TEST(s.store.url == "mongodb://m/");
  BOOST_TEST(s.store.report.url == "mongodb://own/");
  BOOST_TEST((s.store.cache.db == "c" && s.store.report.coll == "r" && s.store.identity.db == "i"));
  BOOST_TEST(s.store.archive.db == "t");
}

BOOST_AUTO_TEST_CASE(the_secret_is_never_shown) {
  const auto json = R"({"identity": {"secret": ")" + good_secret + R"("}})";
  const auto made = converted_from(json);
  BOOST_REQUIRE(made);
  BOOST_TEST((made->token_secret && made->token_secret->view() == good_secret));
  BOOST_TEST(!has(made->toml + notes_of(json), good_secret));
  BOOST_TEST(has(notes_of(json), "--secret-file"));
  for (const std::string unfit : {"secret", "", "short", "secretsecretsecretsecretsecretsecret", "SECRET"}) {
    const auto with = R"({"identity": {"secret": ")" + unfit + R"("}})";
    const auto weak = converted_from(with);
    BOOST_REQUIRE(weak);
    BOOST_TEST(!weak->token_secret);
    BOOST_TEST(has(notes_of(with), "identity.secret cannot be used"));
    BOOST_TEST(has(notes_of(with), "cybexd token new"));
  }
  BOOST_TEST(has(notes_of("{}"), "CYBEX-P's default for identity.secret cannot be used"));
  BOOST_TEST(
      has(mistakes_of(R"({"identity": {"secret": 5}})"), "identity.secret: wrong type, was an integer"));
}

BOOST_AUTO_TEST_CASE(what_is_not_taken_over_is_told) {
  const auto notes =
      notes_of(R"({"analytics": {"db": "x"}, "input": [{"a": 1}], "identity": {"idenity_db": "x"},
    "api": {"url": "http://a/", "token": "top.secret.token", "port": 5000, "protocol": "http"}, "cache": {"cool": "x"},
    "nonsense": 5})");
  for (const auto* part :
       {"analytics was not taken over", "archive.filters = []", "input was not taken over",
        "identity.idenity_db was not taken over", "api.url was not", "api.token was not", "api.port was not",
        "cache.cool was not taken over: CYBEX-P does not read it either; "
        "was coll meant?",
        "nonsense was not taken over"})
    BOOST_TEST(has(notes, part), part << " is missing in:\n" << notes);
  BOOST_TEST(!has(notes, "top.secret"));
  BOOST_TEST(has(notes_of(R"({"cache": {"mongo_url": "mongodb://u:hush@h/"}})"), "chmod 600"));
  BOOST_TEST(!has(notes_of(R"({"cache": {"mongo_url": "mongodb://u:hush@h/"}})"), "hush"));
}

BOOST_AUTO_TEST_CASE(every_mistake_is_told_with_its_place) {
  const auto told = mistakes_of(R"({"cache": {"mongo_url": 5, "db": "a/b", "coll": ["x"]}, "tahoe": "x",
    "report": {"mongo_url": "http://u:hush@h/", "db": "", "coll": "a$b"}, "api": {"host": "a b"},
    "identity": {"mongo_url": "mongodb://h\nx = 1", "db": "with blank"}})");
  for (const auto* part :
       {"config.json: cache.mongo_url: wrong type, was an integer; may be the address of a MongoDB server",
        "config.json: cache.db: wrong value, was \"a/b\"",
        "config.json: cache.coll: wrong type, was an array",
        "config.json: tahoe: wrong type, was a string; may be an object",
        "config.json: report.mongo_url: wrong value", "config.json: report.db: wrong value",
        "config.json: report.coll: wrong value", "config.json: api.host: wrong value",
        "config.json: identity.mongo_url: wrong value", "config.json: identity.db: wrong value"})
    BOOST_TEST(has(told, part), part << " is missing in:\n" << told);
  BOOST_TEST(std::count(told.begin(), told.end(), '\n') == 10);
  BOOST_TEST(!has(told, "hush"));
}

BOOST_AUTO_TEST_CASE(what_is_no_json_is_told_with_line_and_column) {
  BOOST_TEST(has(mistakes_of("{\n  \"cache\": {\n    \"db\": \"x\",\n  }\n}"), "config.json:4:3: not JSON"));
  BOOST_TEST(has(mistakes_of(""), "config.json:1:1: not JSON"));
  BOOST_TEST(has(mistakes_of("{\"a\": 1} x"), "config.json:1:10: not JSON"));
  BOOST_TEST(has(mistakes_of("{\"a\":\n NaN}"), "config.json:2:2: the JSON holds the number NaN"));
  BOOST_TEST(has(mistakes_of("\xff\xfe"), "config.json: not JSON: the text is not UTF-8"));
  BOOST_TEST(has(mistakes_of("[]"), "not a configuration of CYBEX-P: it is an array"));
  BOOST_TEST(has(mistakes_of("5"), "it is an integer"));
  BOOST_TEST(has(mistakes_of(std::string(1000, '[') + std::string(1000, ']')), "nested deeper"));
  BOOST_TEST(has(mistakes_of("\xef\xbb\xbf{}"), "byte order mark"));
}

BOOST_AUTO_TEST_CASE(no_text_can_smuggle_in_a_setting) {
  // Whatever stands in a text comes back as that text, and changes no other key.
  const auto before = read("{}");
  const auto s = read(
      "{\"cache\": {\"coll\": \"a\\\"\\nurl = \\\"x\", \"private_key\": "
      "\"a\\\"\\n[http]\\nlisten = \\\"0.0.0.0:1\\u0007\\u007f\"}}");
  BOOST_TEST(s.store.cache.coll == "a\"\nurl = \"x");
  BOOST_TEST(s.keys.private_key.path == "/hub/a\"\n[http]\nlisten = \"0.0.0.0:1\x07\x7f");
  BOOST_TEST(s.http.listen.port == before.http.listen.port);
  const auto named = convert_original("{}", {"a\nhttp.listen = 5\x01", "jwt.secret"});
  BOOST_REQUIRE(named);
  BOOST_TEST(has(named->toml, "a?http.listen"));
}

BOOST_AUTO_TEST_CASE(random_changes_of_a_configuration_never_break_it) {
  const auto seed = cybexd::tests::seed_of_test().value;
  std::mt19937_64 random(seed);
  const std::string good =
      R"({"cache": {"mongo_url": "mongodb://a:1/", "db": "c", "coll": "d"}, "tahoe": {"db": "t"}, "api": {"host": "h"},
          "identity": {"secret": "abcdefghijklmnopqrstuvwxyz0123456789"}, "report": {"coll": "r"}})";
  constexpr std::string_view letters = "{}[]\",:\\ \nab$/.0\x01\x7f";
  int converted = 0;
  for (int i = 0; i < 3000; ++i) {
    auto text = good;
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      const auto at = random() % text.size();
      if (random() % 2 == 0)
        text[at] = letters[random() % letters.size()];
      else
        text.insert(at, 1, letters[random() % letters.size()]);
    }
    const auto made = converted_from(text);
    if (made) ++converted;
    if (!made) BOOST_REQUIRE_MESSAGE(!made.error().empty(), "seed " << seed << ": " << text);
    // `convert` itself reads what it made; that must not be where it fails.
    if (!made)
      BOOST_REQUIRE_MESSAGE(made.error().front().source == "config.json", "seed " << seed << ": " << text);
  }
  BOOST_TEST(converted > 100);
}

BOOST_AUTO_TEST_SUITE_END()
