#include "report/tdql.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "crypto/digest.hpp"
#include "report/bytes_literal.hpp"
#include "tests/fixtures/golden.hpp"

using namespace cybexd;

namespace {

const std::string user(64, 'u');

report::query_document made(const tahoe::value& data = tahoe::object{{"sub_type", "ipv4"},
                                                                     {"data", "1.1.1.1"}}) {
  auto query = report::make_query("count", data, user, 1620000000.25);
  BOOST_REQUIRE(query);
  return std::move(*query);
}

/// What the step of that name in `tdql.json` does.
tahoe::document after(const tahoe::document& query, const std::string& step, const std::string& report_id) {
  auto update = step == "socket set"
                    ? report::with_socket(query, {"localhost", 4321, "00ff00ff00ff00ff00ff00ff00ff00ff"})
                : step == "report_id set" ? report::with_report(query, report::status_of(query), report_id)
                                          : report::with_status(query, step);
  BOOST_REQUIRE(update);
  for (const auto& child : update->new_children)
    BOOST_CHECK(std::find(update->query.ref.begin(), update->query.ref.end(), child.hash) !=
                update->query.ref.end());
  return update->query;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tdql)

BOOST_AUTO_TEST_CASE(every_golden_case_at_each_step) {
  const auto golden = fixtures::golden("tdql");
  const auto& cases = fixtures::list_at(golden, "cases");
  BOOST_CHECK_EQUAL(cases.size(), 3u);
  for (const auto& c : cases) {
    double room = 0;
    const auto query =
        report::make_query(fixtures::text_at(c, "type"), fixtures::at(c, "data"),
                           fixtures::text_at(c, "userid"), *fixtures::at(c, "timestamp").number(room));
    BOOST_REQUIRE(query);
    BOOST_CHECK_EQUAL(crypto::to_hex(query->query.hash), fixtures::text_at(c, "_hash"));
    const auto fields = report::read_query_document(query->query);
    BOOST_REQUIRE(fields);
    BOOST_CHECK_EQUAL(report::write_bytes_literal(fields->qdata), fixtures::text_at(c, "qdata"));
    BOOST_CHECK_EQUAL(fields->qhash, fixtures::text_at(c, "qhash"));
    BOOST_CHECK_EQUAL(crypto::to_hex(crypto::sha256(fixtures::text_at(c, "unique"))),
                      fixtures::text_at(c, "_hash"));
    const auto data = report::query_data(*fields);
    BOOST_REQUIRE(data);
    BOOST_CHECK_EQUAL(fixtures::unordered(*data), fixtures::unordered(fixtures::at(c, "data")));

    auto document = query->query;
    for (const auto& step : fixtures::list_at(c, "steps")) {
      const auto& name = fixtures::text_at(step, "step");
      if (name != "created")
        document = after(document, name, fixtures::text_at(fixtures::at(c, "report"), "_hash"));
      BOOST_CHECK_EQUAL(fixtures::unordered(tahoe::to_value(document)),
                        fixtures::unordered(fixtures::at(step, "doc")));
    }
  }
}

BOOST_AUTO_TEST_CASE(parts_are_all_that_the_query_refers_to) {
  const auto query = made();
  std::vector<tahoe::hash256> parts;
  for (const auto& part : query.parts) parts.push_back(part.hash);
  std::sort(parts.begin(), parts.end());
  BOOST_CHECK(parts == query.query.ref);
}

BOOST_AUTO_TEST_CASE(waiting_is_found_by_its_hash) {
  const auto update = report::with_status(made().query, "wait");
  BOOST_REQUIRE(update);
  BOOST_CHECK_EQUAL(crypto::to_hex(update->new_children.front().hash), report::wait_hash);
}

BOOST_AUTO_TEST_CASE(one_hash_within_a_clock_hour) {
  const auto hash = [](double timestamp) { return report::query_hash("count", "q", "u", timestamp); };
  BOOST_CHECK(hash(3600) == hash(7199.99));
  BOOST_CHECK(hash(3600) != hash(7200));
  BOOST_CHECK(hash(1e300) == hash(std::numeric_limits<double>::infinity()));
}

BOOST_AUTO_TEST_CASE(a_missing_or_wrong_field_is_named) {
  for (const char* name : {"qtype", "qhash", "userid", "qdata", "timestamp", "encrypted"}) {
    const std::vector<tahoe::value> wrong = {nullptr,
                                             tahoe::array{},
                                             tahoe::array{nullptr},
                                             tahoe::array{"a", "b"},
                                             tahoe::array{tahoe::object{}},
                                             tahoe::array{tahoe::array{}},
                                             "text",
                                             tahoe::object{},
                                             7};
    for (std::size_t i = 0; i <= wrong.size(); ++i) {
      auto document = made().query;
      document.data.erase(name);
      if (i < wrong.size()) document.data.set(name, wrong[i]);
      const auto fields = report::read_query_document(document);
      BOOST_REQUIRE(!fields);
      BOOST_CHECK_MESSAGE(fields.error().text.find(name) != std::string::npos, fields.error().text);
    }
  }
  for (tahoe::value data :
       {tahoe::value(), tahoe::value("x"), tahoe::value(tahoe::array{1}), tahoe::value(3)}) {
    auto document = made().query;
    document.data = data;
    BOOST_CHECK(!report::read_query_document(document));
    BOOST_CHECK(!report::socket_of(document));
    BOOST_CHECK_EQUAL(report::status_of(document), "");
    const auto update = report::with_report(document, "failed", "x");
    BOOST_REQUIRE(update);
    BOOST_CHECK_EQUAL(report::status_of(update->query), "failed");
    BOOST_CHECK(report::with_socket(document, {}));
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_socket_costs_no_report) {
  for (tahoe::value socket : {tahoe::value(), tahoe::value(tahoe::array{}), tahoe::value(tahoe::array{"x"}),
                              tahoe::value(tahoe::array{tahoe::object{{"host", tahoe::array{"h"}}}})}) {
    auto document = made().query;
    document.data.set("socket", socket);
    BOOST_CHECK(report::read_query_document(document));
    BOOST_CHECK(!report::socket_of(document));
  }
  for (tahoe::value port : {tahoe::value(-1), tahoe::value(65536), tahoe::value("80"), tahoe::value(80.0)}) {
    auto document = made().query;
    document.data.find("socket")->get_if<tahoe::array>()->front().set("port", tahoe::array{port});
    BOOST_CHECK(!report::socket_of(document));
  }
}

BOOST_AUTO_TEST_CASE(sealed_queries_open_with_the_given_function) {
  const auto seal = [](const std::string& text) -> expected<std::string> { return "\x01" + text; };
  const auto open = [](const std::string& text) -> expected<std::string> { return text.substr(1); };
  const tahoe::value data = tahoe::object{{"sub_type", "ipv4"}, {"data", "1.1.1.1"}};
  const auto query = report::make_query("count", data, user, 1620000000.25, seal);
  BOOST_REQUIRE(query);
  BOOST_CHECK(query->query.hash == made(data).query.hash);
  const auto fields = report::read_query_document(query->query);
  BOOST_REQUIRE(fields);
  BOOST_CHECK(fields->encrypted);
  BOOST_CHECK_EQUAL(fixtures::unordered(report::query_data(*fields, open).value()),
                    fixtures::unordered(data));
  BOOST_CHECK(!report::query_data(*fields));
  const auto wrong =
      report::query_data(*fields, [](const std::string&) -> expected<std::string> { return "{}"; });
  BOOST_REQUIRE(!wrong);
  BOOST_CHECK(wrong.error().text.find("qhash") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_type_that_is_no_identifier_makes_no_query) {
  for (const char* type : {"", "a b", "1x", "count\n", "'; drop"})
    BOOST_CHECK(!report::make_query(type, tahoe::object{}, user, 0));
}

BOOST_AUTO_TEST_SUITE_END()
