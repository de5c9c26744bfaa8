// Documents in, and single ones out.
#include "app/operations/all.hpp"
#include "app/operations/arguments.hpp"
#include "tahoe/bson.hpp"
#include "tahoe/identity.hpp"
#include "tahoe/json.hpp"
#include "tahoe/store/archive_rules.hpp"

namespace cybexd::app::operations {
namespace {

tahoe::canonical_limits canonical_limits_of(const settings& values) {
  return {.size = values.archive.max_canonical.bytes};
}

/// The document, its hash recomputed.
expected<tahoe::document> document_of(const tahoe::value& json, const settings& limits) {
  const auto unique = tahoe::unique_string(json, canonical_limits_of(limits));
  if (!unique) return fail(unique.error());
  auto d = tahoe::from_value(json);
  if (!d) return d;
  const auto hash = crypto::sha256(*unique);
  if (hash != d->hash) {
    return fail(failure::bad_input,
                "_hash: was " + crypto::to_hex(d->hash) + "; its content gives " + crypto::to_hex(hash));
  }
  return d;
}

/// The line is taken as MongoDB Extended JSON, but for `data` where that gives the line's hash as it is: a
/// record may hold members that only look like `{"$numberLong": "5"}`.
expected<tahoe::document> document_of_line(const std::string& line, const settings& limits) {
  tahoe::json_limits depth;
  depth.depth = limits.archive.max_depth + 8;  // the record's own depth, inside `data`
  auto json = tahoe::parse_json(line, depth);
  if (!json) return fail(json.error());
  if (!json->get_if<tahoe::object>()) {
    return fail(failure::bad_input, "a document is an object; was " + std::string(kind_of(*json)));
  }
  json->erase("_id");
  auto plain = document_of(*json, limits);
  if (plain && line.find("\"$number") == std::string::npos) return plain;
  auto extended = tahoe::from_extended_json(*json);
  if (!extended || *extended == *json) return plain;
  if (plain) extended->set("data", *json->find("data"));
  auto mixed = document_of(*extended, limits);
  return mixed || !plain ? mixed : plain;
}

struct parsed_lines {
  std::vector<tahoe::document> documents;
  std::vector<std::size_t> lines;  ///< Where each stood.
  tahoe::array refused;
  std::int64_t stored = 0, known = 0;

  void refuse(std::size_t line, const std::string& why) {
    refused.push_back(tahoe::object{{"line", static_cast<std::int64_t>(line)}, {"error", why}});
  }
};

/// Refuses those whose references contradict what they hold: reports would go by them, and the filters, which
/// put what is absent, would never mend them.
void refuse_false_references(parsed_lines& all, const settings& values) {
  const auto limits = canonical_limits_of(values);
  parsed_lines sound;
  for (std::size_t i = 0; i < all.documents.size(); ++i) {
    if (const auto fault = store::archive_rules::false_references(all.documents[i], limits)) {
      all.refuse(all.lines[i], fault->text);
      continue;
    }
    sound.documents.push_back(std::move(all.documents[i]));
    sound.lines.push_back(all.lines[i]);
  }
  all.documents = std::move(sound.documents);
  all.lines = std::move(sound.lines);
}

expected<void> put_into_archive(engine& on, parsed_lines& all) {
  refuse_false_references(all, *on.values());
  const auto results = on.stores().archive->import(all.documents);
  if (!results) return fail(results.error());
  for (std::size_t i = 0; i < results->size(); ++i) {
    const auto& one = (*results)[i];
    if (one.refused)
      all.refuse(all.lines[i], one.refused->text);
    else
      ++(one.stored ? all.stored : all.known);
  }
  if (const auto line = on.actors_if_running()) line->catch_up();
  return {};
}

expected<void> put_into_reports(engine& on, parsed_lines& all) {
  for (const auto& d : all.documents) {
    const auto there = on.stores().reports->get(d.hash);
    if (!there) return fail(there.error());
    ++(*there ? all.known : all.stored);
  }
  return on.stores().reports->put(all.documents);
}

expected<void> put_into_identity(engine& on, parsed_lines& all) {
  for (std::size_t i = 0; i < all.documents.size(); ++i) {
    const auto there = on.stores().identity->get(all.documents[i].hash);
    if (!there) return fail(there.error());
    if (*there) {
      ++all.known;
      continue;
    }
    store::identity_change change;
    change.audit = {unix_now(), "operator", "import", crypto::to_hex(all.documents[i].hash)};
    change.put.push_back(std::move(all.documents[i]));
    const auto applied = on.stores().identity->apply(change);
    if (applied)
      ++all.stored;
    else if (applied.error().kind == failure::conflict || applied.error().kind == failure::bad_input)
      all.refuse(all.lines[i], applied.error().text);
    else
      return applied;
  }
  return {};
}

}  // namespace

tahoe::value shown_document(const tahoe::document& d) {
  return tahoe::to_value(tahoe::identity::without_passwords(d));
}

expected<tahoe::value> import_documents(engine& on, const tahoe::value& input) {
  const auto store = text(input, "store");
  if (!store) return fail(store.error());
  const auto lines = texts(input, "lines");
  if (!lines) return fail(lines.error());
  const auto limits = on.values();
  parsed_lines all;
  for (std::size_t i = 0; i < lines->size(); ++i) {
    auto d = document_of_line((*lines)[i], *limits);
    if (!d) {
      all.refuse(i, d.error().text);
      continue;
    }
    all.documents.push_back(std::move(*d));
    all.lines.push_back(i);
  }
  expected<void> put;
  if (*store == "archive")
    put = put_into_archive(on, all);
  else if (*store == "report")
    put = put_into_reports(on, all);
  else if (*store == "identity")
    put = put_into_identity(on, all);
  else
    return fail(failure::bad_input, "store: was \"" + *store + "\"; may be archive, identity or report");
  if (!put) return fail(put.error());
  return tahoe::object{{"stored", all.stored}, {"known", all.known}, {"refused", std::move(all.refused)}};
}

expected<tahoe::value> get(engine& on, const tahoe::value& input) {
  const auto hash = operations::hash(input, "hash");
  if (!hash) return fail(hash.error());
  const auto in_archive = on.stores().archive->get(*hash);
  if (!in_archive) return fail(in_archive.error());
  if (*in_archive) return shown_document(**in_archive);
  const auto in_reports = on.stores().reports->get(*hash);
  if (!in_reports) return fail(in_reports.error());
  if (*in_reports) return shown_document(**in_reports);
  const auto in_identity = on.stores().identity->get(*hash);
  if (!in_identity) return fail(in_identity.error());
  const bool secret = *in_identity && (*in_identity)->kind == tahoe::itype::attribute &&
                      (*in_identity)->sub_type == "password";
  if (!*in_identity || secret) {
    return fail(failure::not_found,
                "no document " + crypto::to_hex(*hash) + " in the archive, report or identity store");
  }
  return shown_document(**in_identity);
}

}  // namespace cybexd::app::operations
