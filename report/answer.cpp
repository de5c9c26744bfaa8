#include "report/answer.hpp"

#include <algorithm>

#include "report/related.hpp"
#include "report/threatrank.hpp"
#include "tahoe/bson.hpp"

namespace cybexd::report {
namespace {

/// A report's data with its page, before it is a document.
struct content {
  tahoe::value data;
  std::int64_t page = 1, next_page = 1;
  std::string if_too_large = {};  ///< What to ask for then.
};

bool is_internal(failure kind) {
  return kind == failure::unavailable || kind == failure::corrupt || kind == failure::internal;
}

expected<content> make_count(const query& asked, const asker& who, store::archive_view& view) {
  const auto count = view.count(*asked.attribute, asked.filter(who.who));
  if (!count) return fail(count.error());
  return content{static_cast<std::int64_t>(*count)};
}

expected<content> make_related(const query& asked, const asker& who, store::archive_view& view,
                               const report_options& options, const go_on& keep_going) {
  auto found = related(asked, who.who, view, {options.most_documents}, keep_going);
  if (!found) return fail(found.error());
  const bool more = found->any && asked.page < INT64_MAX;
  return content{std::move(found->data), asked.page, more ? asked.page + 1 : 1, too_large_text(asked)};
}

expected<content> make_threatrank(const query& asked, const asker& who, store::archive_view& view, double now,
                                  const report_options& options, const go_on& keep_going) {
  const rank_options rank{options.threatrank_decay, options.threatrank_max_edges, false, std::nullopt};
  const auto found = threatrank(*asked.event, who.who, view, now, rank, *options.ranks, keep_going);
  if (!found) return fail(found.error());
  return content{found->rank};
}

expected<content> make_content(query_type type, const tahoe::value& data, const asker& who,
                               store::archive_view& view, double now, const report_options& options,
                               const go_on& keep_going) {
  const auto asked = read_query(type, data, now, options.sub_types);
  if (!asked) return fail(asked.error());
  if (keep_going)
    if (auto going = keep_going(); !going) return fail(going.error());
  switch (type) {
    case query_type::count:
      return make_count(*asked, who, view);
    case query_type::related:
      return make_related(*asked, who, view, options, keep_going);
    case query_type::threatrank:
      return make_threatrank(*asked, who, view, now, options, keep_going);
  }
  return fail(failure::internal, "a query type without a report");
}

expected<document> to_report(std::string_view type, content&& made, const asker& who, double now) {
  auto report =
      tahoe::make_report(std::string(type), std::move(made.data), who.userid, now, made.page, made.next_page);
  if (report) {
    if (auto stored = tahoe::to_bson(tahoe::to_value(*report)); !stored) report = fail(stored.error());
  }
  if (!report && report.error().kind == failure::too_large && !made.if_too_large.empty())
    return fail(failure::too_large, std::move(made.if_too_large));
  return report;
}

std::string known_types(const std::vector<std::string>& types) {
  std::string out;
  for (const auto& type : types) out += (out.empty() ? "" : ", ") + type;
  return out;
}

}  // namespace

expected<made_report> failed_report(std::string_view type, const error& problem, std::string_view userid,
                                    double now) {
  made_report out;
  std::string text = problem.text;
  if (is_internal(problem.kind)) {
    text = problem.kind == failure::unavailable
               ? "the report could not be made: the archive cannot be reached, try again later"
               : "the report could not be made: a fault of the server";
    out.trouble = problem;
  }
  auto report = tahoe::make_report(std::string(type), text, std::string(userid), now, 1, 1);
  if (!report) return fail(report.error());
  out.report = std::move(*report);
  return out;
}

expected<made_report> answer(std::string_view type, const tahoe::value& data, const asker& who,
                             store::archive_view& view, double now, const report_options& options,
                             const go_on& keep_going) {
  const auto known = query_type_from(type);
  if (!known || std::find(options.types.begin(), options.types.end(), type) == options.types.end())
    return failed_report(type,
                         {failure::bad_input,
                          "'type' was " + shown(type) + "; it may be one of: " + known_types(options.types)},
                         who.userid, now);
  if (!who.known)
    return failed_report(type, {failure::not_found, "the asking user is not known"}, who.userid, now);
  auto made = make_content(*known, data, who, view, now, options, keep_going);
  if (!made) return failed_report(type, made.error(), who.userid, now);
  auto report = to_report(type, std::move(*made), who, now);
  if (report) return made_report{true, std::move(*report), std::nullopt};
  return failed_report(type, report.error(), who.userid, now);
}

}  // namespace cybexd::report
