#include "report/answer.hpp"

#include <boost/test/unit_test.hpp>

#include "report/tdql.hpp"
#include "tahoe/canonical.hpp"
#include "tahoe/json.hpp"
#include "tahoe/store/stores.hpp"
#include "tests/fixtures/random_archive.hpp"

using namespace cybexd;

namespace {

struct world {
  std::shared_ptr<store::archive_store> archive = store::make_memory().archive;
  std::unique_ptr<store::archive_view> view;
  fixtures::random_archive random{7, 60};
  report::asker everyone{std::string(64, 'u'), true, {true, {}}};
  report::report_options options;

  world() {
    std::vector<tahoe::document> all;
    for (const auto& [hash, d] : random.all) all.push_back(d);
    BOOST_REQUIRE(archive->import(all));
    view = std::move(*archive->view());
  }

  report::made_report ask(std::string_view type, const tahoe::value& data,
                          const report::go_on& keep_going = {}) {
    auto made = report::answer(type, data, everyone, *view, fixtures::random_now, options, keep_going);
    BOOST_REQUIRE(made);
    return std::move(*made);
  }
  std::string failure_of(std::string_view type, const tahoe::value& data,
                         const report::go_on& keep_going = {}) {
    const auto made = ask(type, data, keep_going);
    BOOST_CHECK(!made.ready);
    BOOST_REQUIRE(made.report.data.text() != nullptr);
    return *made.report.data.text();
  }
};

tahoe::value hub() { return tahoe::object{{"sub_type", "asn"}, {"data", "AS1"}}; }

/// A view whose every answer is an error.
class broken_view : public store::archive_view {
 public:
  explicit broken_view(failure kind) : kind_(kind) {}
  expected<std::optional<store::document>> get(const store::hash256&) override { return broken(); }
  expected<std::vector<store::document>> get_many(std::span<const store::hash256>) override {
    return broken();
  }
  expected<std::uint64_t> count(const store::hash256&, const store::event_filter&) override {
    return broken();
  }
  expected<std::vector<store::event_position>> page(const store::hash256&, const store::event_filter&,
                                                    std::uint64_t, std::size_t) override {
    return broken();
  }
  expected<std::vector<store::hash256>> sessions_of(std::span<const store::hash256>) override {
    return broken();
  }
  expected<std::vector<store::event_position>> events_of_sessions(std::span<const store::hash256>,
                                                                  const store::event_filter&) override {
    return broken();
  }
  expected<std::optional<store::node>> event_node(const store::hash256&, const store::visibility&) override {
    return broken();
  }
  expected<std::optional<store::event_facts>> facts(store::node, const store::visibility&) override {
    return broken();
  }
  expected<std::uint64_t> reach(std::span<const store::node>, const store::visibility&) override {
    return broken();
  }
  expected<void> events_of(std::span<const store::node>, const store::visibility&,
                           const std::function<bool(const store::event_facts&)>&) override {
    return broken();
  }
  expected<void> all_events(const store::visibility&,
                            const std::function<bool(const store::event_facts&)>&) override {
    return broken();
  }
  std::uint64_t rows_read() const override { return 0; }

 private:
  tl::unexpected<error> broken() const { return fail(kind_, "/var/lib/secret/path: checksum mismatch"); }
  failure kind_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(answer)

BOOST_AUTO_TEST_CASE(unknown_types_and_users_are_failed_reports) {
  world w;
  BOOST_CHECK_EQUAL(w.failure_of("nonsense", hub()),
                    "'type' was \"nonsense\"; it may be one of: count, related, threatrank");
  w.options.types = {"count"};
  BOOST_CHECK_EQUAL(w.failure_of("related", hub()), "'type' was \"related\"; it may be one of: count");
  BOOST_CHECK(w.ask("count", hub()).ready);
  w.everyone.known = false;
  BOOST_CHECK_EQUAL(w.failure_of("count", hub()), "the asking user is not known");
}

BOOST_AUTO_TEST_CASE(a_type_that_is_no_identifier_has_no_report) {
  world w;
  for (const char* type : {"", "a b", "7", "count'", "\xe6\x97\xa5"}) {
    const auto made = report::answer(type, hub(), w.everyone, *w.view, 0);
    BOOST_REQUIRE(!made);
    BOOST_CHECK(made.error().kind == failure::bad_input);
  }
}

BOOST_AUTO_TEST_CASE(the_report_is_the_askers_own) {
  world w;
  const auto made = w.ask("count", hub());
  const auto json = tahoe::to_value(made.report);
  BOOST_CHECK_EQUAL(*json.find("userid")->text(), w.everyone.userid);
  BOOST_CHECK_EQUAL(*json.find("timestamp")->get_if<double>(), fixtures::random_now);
  BOOST_CHECK_EQUAL(tahoe::to_json(*json.find("data")), "1");
  BOOST_CHECK_EQUAL(crypto::to_hex(made.report.hash),
                    crypto::to_hex(tahoe::make_report("count", 1, "x", 1, 1, 1)->hash));
}

BOOST_AUTO_TEST_CASE(faults_of_the_server_tell_no_internals) {
  world w;
  for (auto kind : {failure::unavailable, failure::corrupt, failure::internal})
    for (const char* type : {"count", "related", "threatrank"}) {
      broken_view broken(kind);
      auto query = hub();
      query.set("_hash", std::string(64, 'a'));
      const auto made = report::answer(type, query, w.everyone, broken, 0);
      BOOST_REQUIRE(made && !made->ready);
      BOOST_REQUIRE(made->trouble);
      BOOST_CHECK(made->trouble->kind == kind);
      BOOST_CHECK(made->report.data.text()->find("secret") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_deadline_or_a_stop_ends_every_type) {
  world w;
  auto query = hub();
  query.set("level", 3);
  query.set("_hash", crypto::to_hex(w.random.events.front().view()));
  for (const char* type : {"count", "related", "threatrank"})
    BOOST_CHECK_EQUAL(
        w.failure_of(type, query,
                     []() -> expected<void> { return fail(failure::cancelled, "the report was cancelled"); }),
        "the report was cancelled");
  int asked = 0;
  BOOST_CHECK_EQUAL(w.failure_of("related", query,
                                 [&]() -> expected<void> {
                                   if (++asked < 4) return {};
                                   return fail(failure::timed_out, "the report took too long");
                                 }),
                    "the report took too long");
}

BOOST_AUTO_TEST_CASE(too_many_documents_are_refused_with_a_way_out) {
  world w;
  w.options.most_documents = 1;
  BOOST_CHECK_EQUAL(w.failure_of("related", hub()),
                    "the report would hold more than 1 documents; ask for a lower level or a shorter range");
}

BOOST_AUTO_TEST_CASE(queries_in_their_canonical_form_may_be_anything) {
  world w;
  std::string deep;
  deep.assign(1000, '[');
  std::string nested = "1";
  for (int i = 0; i < 12; ++i) nested = tahoe::to_python_json(tahoe::object{{"data", nested}});
  std::string huge = "{\"data\": \"";
  huge.append(10'000'000, 'a').append("\"}");
  for (const auto& text :
       {std::string("null"), std::string("not json"), std::string(), deep, nested, huge,
        std::string("{\"data\": "), std::string("{\"sub_type\": \"ipv4\", \"data\": \"[1, 2]\"}"),
        std::string("NaN"), std::string("\xff\xfe")}) {
    const auto data = tahoe::decanonical(text);
    if (data) BOOST_CHECK(!w.failure_of("count", *data).empty());
  }
}

BOOST_AUTO_TEST_CASE(the_last_possible_page_is_empty) {
  world w;
  auto query = hub();
  query.set("page", INT64_MAX);
  const auto made = w.ask("related", query);
  BOOST_CHECK(made.ready);
  BOOST_CHECK_EQUAL(tahoe::to_json(made.report.data), "{}");
}

BOOST_AUTO_TEST_SUITE_END()
