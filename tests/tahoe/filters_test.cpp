#include <boost/test/unit_test.hpp>

#include "tahoe/filters/filter.hpp"
#include "tests/fixtures/golden.hpp"

using namespace cybexd;
using fixtures::at;
using fixtures::golden;
using fixtures::list_at;
using fixtures::text_at;
using fixtures::unordered;
using tahoe::value;

namespace {

constexpr double now = 1620000000.25;
const std::string organisation = "orgorgorgorgorgorgorgorg";

tahoe::filters::product run(std::string_view filter, const value& data) {
  const auto* f = tahoe::filters::for_sub_type(filter);
  BOOST_REQUIRE_MESSAGE(f != nullptr, filter);
  return f->run(data, {.orgid = organisation, .timezone = "US/Pacific", .first_run = now});
}

/// All documents of a product as the archive would hold them, were it empty.
value documents_of(const tahoe::filters::product& made) {
  tahoe::array out;
  for (const auto& d : made.documents) out.push_back(to_value(d));
  for (const auto& change : made.sessions) {
    auto session = change.session;
    session.ref.insert(session.ref.end(), change.events.begin(), change.events.end());
    out.push_back(to_value(session));
  }
  return value(std::move(out));
}

value ref_of(const tahoe::filters::product& made) {
  tahoe::array out;
  for (const auto& hash : made.ref) out.emplace_back(crypto::to_hex(hash));
  return value(std::move(out));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(filters)

BOOST_AUTO_TEST_CASE(every_golden_record_gives_its_documents_and_references) {
  const auto vectors = golden("filters");
  const auto& cases = list_at(vectors, "cases");
  BOOST_REQUIRE_EQUAL(cases.size(), 23u);
  for (const auto& c : cases) {
    const auto made = run(text_at(c, "filter"), at(c, "data"));
    const bool usable = c.find("error") == nullptr && !list_at(c, "docs").empty();
    BOOST_CHECK_MESSAGE(made.usable == usable, tahoe::to_json(at(c, "data")) << ": " << made.reason);
    BOOST_CHECK_EQUAL(made.reason.empty(), usable);
    if (!usable) {
      BOOST_CHECK_EQUAL(made.documents.size() + made.sessions.size() + made.ref.size(), 0u);
      continue;
    }
    BOOST_CHECK_EQUAL(unordered(documents_of(made)), unordered(at(c, "docs")));
    BOOST_CHECK_EQUAL(unordered(ref_of(made)), unordered(at(c, "ref")));
  }
}

BOOST_AUTO_TEST_SUITE_END()
