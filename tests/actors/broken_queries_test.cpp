// Query documents of others with any field missing, or of any wrong type: each has its own end, and none
// stops the others.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/query_side.hpp"

using namespace cybexd;
using tests::query_side;

namespace {

tahoe::value one(tahoe::value v) { return tahoe::array{std::move(v)}; }

/// What a field may not be; no field takes any of them but a time the numbers.
std::vector<tahoe::value> wrong_values() {
  std::vector<tahoe::value> all = {nullptr,
                                   "text",
                                   "wait",
                                   7,
                                   true,
                                   tahoe::object{},
                                   tahoe::array{},
                                   tahoe::array{"a", "b"},
                                   tahoe::array{"wait", "wait"}};
  for (const tahoe::value& item :
       std::vector<tahoe::value>{nullptr, 7, 7.5, tahoe::object{}, tahoe::array{}, "", "a b", "b'", "b'\\",
                                 "b'\\x4'", "b'b'''", "b'' + b''", "__import__('os').abort()"})
    all.push_back(one(item));
  return all;
}

bool is_right(std::string_view field, const tahoe::value& v) {
  return field == "timestamp" && (v == one(7) || v == one(7.5));
}

struct others : query_side {
  int hours = 0;

  others() {
    options.visible_to = [this](const std::string& userid) -> expected<std::optional<store::visibility>> {
      return userid == tests::user ? std::optional(visible) : std::optional<store::visibility>();
    };
  }

  /// Puts a waiting query of an hour of its own, changed.
  tahoe::hash256 put(const std::function<void(tahoe::document&)>& change,
                     const std::string& userid = tests::user, const std::string& address = "10.0.0.1") {
    auto asked = *report::make_query("count", count_of(address), userid, now - 3600.0 * ++hours);
    auto waiting = *report::with_status(asked.query, "wait");
    change(waiting.query);
    asked.parts.insert(asked.parts.end(), waiting.new_children.begin(), waiting.new_children.end());
    asked.parts.push_back(waiting.query);
    BOOST_REQUIRE(stores.reports->put(asked.parts));
    return waiting.query.hash;
  }
  tahoe::hash256 put_with(const std::string& field, const tahoe::value& v) {
    return put([&](tahoe::document& d) { d.data.set(field, v); });
  }
  tahoe::document stored(const tahoe::hash256& hash) { return **stores.reports->get(hash); }

  /// A query that failed, with a report that names the field where a report can have its type.
  void must_have_failed(const std::string& field, const tahoe::hash256& hash) {
    BOOST_TEST(status_of(hash) == "failed", field << " left a query in " << status_of(hash));
    const auto id = crypto::hash_from_hex(report::report_id_of(stored(hash)));
    BOOST_TEST((id.has_value() || field == "qtype"));
    if (!id) return;
    const auto text = *stored(*id).data.text();
    BOOST_TEST((text.find(field) != std::string::npos || text == "the asking user is not known"), text);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(broken_queries, others)

BOOST_AUTO_TEST_CASE(each_has_its_end_and_stops_no_other) {
  std::vector<std::pair<std::string, tahoe::hash256>> needed, spare;
  for (const char* field : {"qtype", "qhash", "qdata", "userid", "timestamp", "encrypted"}) {
    needed.emplace_back(field, put([&](tahoe::document& d) { d.data.erase(field); }));
    for (const auto& wrong : wrong_values())
      if (!is_right(field, wrong)) needed.emplace_back(field, put_with(field, wrong));
  }
  for (const char* field : {"socket", "report_id", "bogus"})
    for (const auto& wrong : wrong_values()) spare.emplace_back(field, put_with(field, wrong));
  // One that does not say that it waits is nobody's.
  for (const auto& wrong : wrong_values()) put_with("status", wrong);
  put([](tahoe::document& d) { d.data = "no object"; });
  const auto good = put([](tahoe::document&) {});
  start();
  poll(16);
  advance(std::chrono::seconds(120));
  BOOST_TEST(status_of(good) == "ready");
  for (const auto& [field, hash] : spare) BOOST_TEST(status_of(hash) == "ready", field);
  for (const auto& [field, hash] : needed) must_have_failed(field, hash);
}

BOOST_AUTO_TEST_CASE(broken_ones_take_nothing_off_the_bound_of_the_others) {
  // Symptom: the size of each was taken off what the waiting ones hold, and then there was no bound.
  options.waiting_bytes = 3000;
  const std::string kilobyte(1000, 'x');
  std::vector<tahoe::hash256> good, broken;
  for (int i = 0; i < 10; ++i) {
    good.push_back(put([](tahoe::document&) {}, tests::user, kilobyte));
    broken.push_back(put_with("qdata", one("b'" + kilobyte)));
  }
  hold = true;
  start();
  poll(4);
  advance(std::chrono::seconds(60));
  int taken = 0;
  for (const auto& hash : good) taken += status_of(hash) == "processing" ? 1 : 0;
  BOOST_TEST(taken == 3);
  for (const auto& hash : good) BOOST_TEST(status_of(hash) != "failed");
  BOOST_TEST(status_of(broken.back()) == "failed");
}

BOOST_AUTO_TEST_CASE(those_that_cannot_be_taken_hide_no_others) {
  const std::string down(64, 'd');
  options.visible_to = [this,
                        &down](const std::string& userid) -> expected<std::optional<store::visibility>> {
    if (userid == down) return fail(failure::unavailable, "the identities are down");
    return std::optional(visible);
  };
  const auto good = put([](tahoe::document&) {});  // the newest
  for (int i = 0; i < 50; ++i) put([](tahoe::document&) {}, down);
  start();
  poll(4);
  advance(std::chrono::seconds(30));
  BOOST_TEST(status_of(good) == "ready");
}

BOOST_AUTO_TEST_SUITE_END()
