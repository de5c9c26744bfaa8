#include "app/config/config.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>

#include "app/config/keys.hpp"
#include "app/config/units.hpp"
#include "tests/fixtures/config_texts.hpp"

using namespace cybexd::app;
using cybexd::tests::find;
using cybexd::tests::read;
using cybexd::tests::request;

BOOST_AUTO_TEST_SUITE(config)

BOOST_AUTO_TEST_CASE(an_empty_file_gives_the_defaults) {
  const auto config = read("");
  BOOST_REQUIRE(config);
  BOOST_TEST(config->values.archive.batch == 10'000u);
  BOOST_TEST(config->values.data_dir.path == "/etc/hub/data");
  BOOST_TEST(config->values.keys.passphrase_file.path == "");
  BOOST_TEST(config->origins.at("archive.batch") == "default");
}

BOOST_AUTO_TEST_CASE(the_example_file_says_what_the_defaults_are) {
  const auto config = read(example_file());
  BOOST_REQUIRE_MESSAGE(config, (config ? "" : to_text(config.error().front())));
  const auto defaults = read("");
  for (const auto& key : setting_keys()) {
    BOOST_TEST_CONTEXT(key.name) {
      BOOST_TEST(toml_text(key, config->values) == toml_text(key, defaults->values));
      // The one table without entries stands as a comment; everything else is written out.
      BOOST_TEST((config->origins.at(std::string(key.name)) == "default") == false);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_example_in_deploy_is_current) {
  std::ifstream in(CYBEXD_SOURCE_DIR "/deploy/cybexd.toml.example");
  std::stringstream text;
  text << in.rdbuf();
  BOOST_TEST((text.str() == example_file()),
             "write it anew with: cybexd config example > deploy/cybexd.toml.example");
}

BOOST_AUTO_TEST_CASE(every_default_lies_within_its_own_bounds) {
  const settings defaults;
  for (const auto& key : setting_keys()) {
    if (std::holds_alternative<text_map& (*)(settings&)>(key.where)) continue;
    const auto config = read("", request({std::string(key.name) + "=" + toml_text(key, defaults)}));
    BOOST_TEST(config.has_value(), key.name);
  }
}

BOOST_AUTO_TEST_CASE(every_mistake_of_a_bad_file_is_told_at_once_with_its_line) {
  const auto config = read(R"(data_dir = 5
[htp]
listen = "127.0.0.1:1"
[http]
lsten = "127.0.0.1:1"
listen = "nowhere"
max_json = "12 MiB"
max_upload = 17
header_time = "ten seconds"
max_connections = -1
[archive]
batch = "many"
backoff_base = 0.5
backoff_cap = "2d"
accept_unknown_typetags = "yes"
filters = ["cowrie", "cowry", 5]
window_bytes = "1B"
[archive.typetags]
good = "cowrie"
bad = "no identifier"
worse = 7
[log]
level = "loud"
[store]
cache = "here"
url = 3
)");
  BOOST_REQUIRE(!config);
  const auto& mistakes = config.error();
  struct expected_mistake {
    std::string_view key;
    unsigned line;
    std::string_view was, may_be;
  };
  const std::vector<expected_mistake> all = {
      {"data_dir", 1, "5", "path"},
      {"htp", 2, "", "did you mean \"http\"?"},
      {"http.lsten", 5, "\"127.0.0.1:1\"", "did you mean \"http.listen\"?"},
      {"http.listen", 6, "\"nowhere\"", "127.0.0.1:8080"},
      {"http.max_json", 7, "\"12 MiB\"", "from 1KiB to 1GiB"},
      {"http.max_upload", 8, "17", "MiB"},
      {"http.header_time", 9, "\"ten seconds\"", "from 100ms to 1h"},
      {"http.max_connections", 10, "-1", "from 1 to 1000000"},
      {"archive.batch", 12, "\"many\"", "a whole number from 1 to 1000000"},
      {"archive.backoff_base", 13, "0.5", "a number from 1 to 100"},
      {"archive.backoff_cap", 14, "\"2d\"", "from 1s to 1d"},
      {"archive.accept_unknown_typetags", 15, "\"yes\"", "true or false"},
      {"archive.window_bytes", 17, "\"1B\"", "from 1MiB to 1TiB"},
      {"archive.typetags.bad", 20, "\"no identifier\"", "identifier"},
      {"archive.typetags.worse", 21, "7", "identifier"},
      {"log.level", 23, "\"loud\"", "\"warning\""},
      {"store.cache", 25, "\"here\"", "a section"},
      {"store.url", 26, "(not shown)", "a text"},
  };
  for (const auto& one : all) {
    BOOST_TEST_CONTEXT(one.key) {
      const auto* found = find(mistakes, one.key);
      BOOST_REQUIRE(found);
      BOOST_TEST(found->line == one.line);
      BOOST_TEST(found->column > 0u);
      BOOST_TEST(found->source == "/etc/hub/cybexd.toml");
      BOOST_TEST((found->was.find(one.was) != std::string::npos), found->was);
      BOOST_TEST((found->may_be.find(one.may_be) != std::string::npos), found->may_be);
    }
  }
  BOOST_TEST(std::count_if(mistakes.begin(), mistakes.end(),
                           [](const mistake& m) { return m.key == "archive.filters"; }) == 2);
  BOOST_TEST(mistakes.size() == all.size() + 2);
  BOOST_TEST(std::is_sorted(mistakes.begin(), mistakes.end(),
                            [](const mistake& a, const mistake& b) { return a.line < b.line; }));
}

BOOST_AUTO_TEST_CASE(every_key_refuses_a_value_of_a_wrong_type) {
  for (const auto& key : setting_keys()) {
    const std::string section(section_of(key.name));
    const std::string text = (section.empty() ? "" : "[" + section + "]\n") +
                             std::string(last_part(key.name)) + " = 1979-05-27T07:32:00Z\n";
    const auto config = read(text);
    BOOST_REQUIRE(!config);
    BOOST_REQUIRE(config.error().size() == 1);
    BOOST_TEST(config.error().front().key == key.name);
    BOOST_TEST(config.error().front().line == (section.empty() ? 1u : 2u));
    BOOST_TEST(config.error().front().may_be == may_be(key));
  }
}

BOOST_AUTO_TEST_CASE(every_bound_is_kept) {
  for (const auto& key : setting_keys()) {
    if (key.low == key.high) continue;
    const bool is_time = std::holds_alternative<duration& (*)(settings&)>(key.where);
    const bool is_size = std::holds_alternative<byte_size& (*)(settings&)>(key.where);
    const bool is_real = std::holds_alternative<double& (*)(settings&)>(key.where);
    const auto written = [&](double bound, int step) -> std::string {
      if (is_time) return std::to_string(static_cast<long long>(bound * 1000) + step) + "ms";
      if (is_size) return std::to_string(static_cast<long long>(bound) + step) + "B";
      if (is_real) return std::to_string(bound + step);
      return std::to_string(static_cast<long long>(bound) + step);
    };
    BOOST_TEST_CONTEXT(key.name) {
      const std::string name(key.name);
      BOOST_TEST(read("", request({name + "=" + written(key.low, 0)})).has_value());
      BOOST_TEST(read("", request({name + "=" + written(key.high, 0)})).has_value());
      BOOST_TEST(!read("", request({name + "=" + written(key.low, -1)})).has_value());
      BOOST_TEST(!read("", request({name + "=" + written(key.high, 1)})).has_value());
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_toml_is_told_with_its_place) {
  const auto config = read("data_dir = \"x\"\n[http\nlisten = 1\n");
  BOOST_REQUIRE(!config);
  BOOST_TEST(config.error().front().line == 2u);
}

BOOST_AUTO_TEST_CASE(the_command_line_wins_over_the_environment_and_that_over_the_file) {
  const std::string text = "[archive]\nbatch = 1\ncommit_entries = 2\nworkers = 3\n";
  const auto config = read(text, request({"archive.batch=7"}, {{"CYBEXD_ARCHIVE__BATCH", "5"},
                                                               {"CYBEXD_ARCHIVE__COMMIT_ENTRIES", "6"},
                                                               {"CYBEXD_DATA_DIR", "/var/hub"},
                                                               {"CYBEXD_TEST_MONGO", "x"}}));
  BOOST_REQUIRE(config);
  BOOST_TEST(config->values.archive.batch == 7u);
  BOOST_TEST(config->values.archive.commit_entries == 6u);
  BOOST_TEST(config->values.archive.workers == 3u);
  BOOST_TEST(config->values.data_dir.path == "/var/hub");
  BOOST_TEST(config->origins.at("archive.batch") == "--set");
  BOOST_TEST(config->origins.at("archive.commit_entries") == "$CYBEXD_ARCHIVE__COMMIT_ENTRIES");
  BOOST_TEST(config->origins.at("archive.workers") == "/etc/hub/cybexd.toml:4");
}

BOOST_AUTO_TEST_CASE(overrides_take_values_with_and_without_quotes) {
  const auto config =
      read("", request({"http.listen=127.0.0.1:0", "log.level=\"debug\"", "archive.filters=cowrie,email",
                        "report.types=[\"count\"]", "archive.typetags.mine=cowrie",
                        "archive.accept_unknown_typetags=true", "report.threatrank_decay=0.5",
                        "store.cache.db=x", "archive.window_bytes=2MiB"}));
  BOOST_REQUIRE_MESSAGE(config, (config ? "" : to_text(config.error().front())));
  BOOST_TEST(config->values.http.listen.port == 0);
  BOOST_TEST(config->values.log.level == "debug");
  BOOST_TEST((config->values.archive.filters == text_list{"cowrie", "email"}));
  BOOST_TEST((config->values.report.types == text_list{"count"}));
  BOOST_TEST(config->values.archive.typetags.at("mine") == "cowrie");
  BOOST_TEST(config->values.store.cache.db == "x");
  BOOST_TEST(read("", request({"archive.filters="}))->values.archive.filters.empty());
}

BOOST_AUTO_TEST_CASE(wrong_overrides_are_mistakes_like_any_other) {
  const auto config =
      read("", request({"archive.batch=x", "archive.bach=1", "nonsense", "archive.batch=1\nqueue=2"},
                       {{"CYBEXD_HTTP__LISTN", "y"}}));
  BOOST_REQUIRE(!config);
  BOOST_TEST(config.error().size() == 5u);
}

BOOST_AUTO_TEST_CASE(what_keys_do_together_is_told_with_all_other_mistakes) {
  const auto config = read(R"([http]
tls_key = "b.pem"
tls_certificate = 5
[report]
threatrank_max_edges = 3
[store]
kind = "mongodb"
url = 7
[store.cache]
db = ""
)");
  BOOST_REQUIRE(!config);
  const auto& mistakes = config.error();
  BOOST_TEST(mistakes.size() == 4u);
  struct expected_mistake {
    std::string_view key, may_be;
    unsigned line;
  };
  for (const auto& one : {expected_mistake{"http.tls_certificate", "path", 3},
                          {"report.threatrank_max_edges", "2, 4 or 6", 5},
                          {"store.url", "a text", 8},
                          {"store.cache.db", "a name", 10}}) {
    const auto* found = find(mistakes, one.key);
    BOOST_REQUIRE_MESSAGE(found, one.key);
    BOOST_TEST(found->line == one.line);
    BOOST_TEST(found->source == "/etc/hub/cybexd.toml");
    BOOST_TEST((found->may_be.find(one.may_be) != std::string::npos), found->may_be);
  }
}

BOOST_AUTO_TEST_CASE(half_of_a_tls_pair_is_refused) {
  BOOST_TEST(!read("[http]\ntls_certificate = \"a.pem\"\n").has_value());
  BOOST_TEST(read("[http]\ntls_certificate = \"a.pem\"\ntls_key = \"b.pem\"\n").has_value());
}

BOOST_AUTO_TEST_CASE(changes_are_split_by_when_they_take_effect) {
  const auto before = read("")->values;
  const auto after = read("", request({"archive.batch=5", "http.listen=127.0.0.1:1"}))->values;
  const auto changes = differences(before, after);
  BOOST_TEST((changes.on_reload == std::vector<std::string>{"archive.batch"}));
  BOOST_TEST((changes.on_restart == std::vector<std::string>{"http.listen"}));
}

BOOST_AUTO_TEST_CASE(units_read_back_as_written) {
  for (const auto* text : {"0s", "1ms", "1500ms", "10s", "2min", "1h", "30d"})
    BOOST_TEST(to_text(duration_from(text).value()) == text);
  for (const auto* text : {"0B", "1B", "1KiB", "256MiB", "3GiB", "1TiB"})
    BOOST_TEST(to_text(size_from(text).value()) == text);
  for (const auto* text : {"127.0.0.1:0", "[::1]:8080", "localhost:65535"})
    BOOST_TEST(to_text(endpoint_from(text).value()) == text);
  for (const auto* text :
       {"", "s", "10", "10 s", "-1s", "1.5s", "10m", "99999999999999999999s", "9223372036854775807d"})
    BOOST_TEST(!duration_from(text));
  for (const auto* text : {"", "MiB", "1", "1MB", "1 MiB", "-1B", "99999999999TiB"})
    BOOST_TEST(!size_from(text));
  for (const auto* text :
       {"", ":1", "host", "host:", "host:65536", "host:-1", "::1:80", "[]:1", "a b:1", "http://x:1"})
    BOOST_TEST(!endpoint_from(text));
}

BOOST_AUTO_TEST_SUITE_END()
