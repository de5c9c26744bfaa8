#include "actors/archive_work.hpp"

#include "actors/log.hpp"
#include "actors/ndjson.hpp"
#include "crypto/envelope.hpp"
#include "tahoe/filters/filter.hpp"

namespace cybexd::actors {

namespace {

std::string_view label_of(crypto::envelope_failure why) {
  using enum crypto::envelope_failure;
  switch (why) {
    case too_short:
      return "too_short";
    case key_does_not_open:
      return "wrapped_key";
    case session_key_length:
      return "session_key";
    case tag_mismatch:
      return "tag";
    case not_utf8:
      return "not_utf8";
  }
  return "unknown";
}

messages::opened_file refused(const store::entry_id& id, crypto::envelope_failure why, telemetry& metrics) {
  metrics.add(counter::envelope_failures, {label_of(why)});
  auto reason = "envelope: " + std::string(crypto::to_string(why));
  log(log_level::warning, "decryptor", "entry " + id + " does not open: " + reason);
  return {nullptr, std::move(reason)};
}

}  // namespace

messages::files_opened open_envelopes(store::cache_lake& lake, const crypto::private_key& key,
                                      const messages::open_files& job, telemetry& metrics) {
  auto files = lake.read_files(*job.ids);
  if (!files) return {nullptr, files.error().text};
  auto opened = std::make_shared<std::vector<messages::opened_file>>();
  opened->reserve(files->size());
  for (std::size_t i = 0; i < files->size(); ++i) {
    const auto& file = (*files)[i];
    if (!file) {
      opened->push_back({nullptr, file.error().text});
      continue;
    }
    auto text = crypto::open_envelope(key, *file);
    if (text)
      opened->push_back({std::make_shared<const std::string>(std::move(*text)), {}});
    else
      opened->push_back(refused((*job.ids)[i], text.error(), metrics));
  }
  return {std::move(opened), {}};
}

namespace {

void parse_one(messages::parsed_batch& into, const messages::record_text& record,
               messages::record_origin origin, std::string_view text, const tahoe::parse_limits& limits) {
  auto document = tahoe::parse_record(text, record.sub_type, record.orgid, record.timezone, limits);
  if (!document) {
    into.refused.push_back({origin, store::entry_state::error, std::move(document.error().text)});
    return;
  }
  into.documents.push_back(std::move(*document));
  into.origins.push_back(origin);
}

}  // namespace

messages::records_parsed parse_texts(const messages::parse_records& job, const tahoe::parse_limits& limits) {
  auto batch = std::make_shared<messages::parsed_batch>();
  for (std::size_t i = 0; i < job.texts->size(); ++i) {
    const auto& record = (*job.texts)[i];
    if (record.sub_type.empty()) {
      batch->refused.push_back({{i, record.first_line},
                                store::entry_state::not_supported,
                                "no filter and no configuration knows the typetag `" + record.typetag + "`"});
    } else if (record.lines) {
      each_record(*record.text, {record.offset, record.size, record.first_line}, [&](const line_slice& line) {
        parse_one(*batch, record, {i, line.first_line},
                  std::string_view(*record.text).substr(line.offset, line.size), limits);
      });
    } else {
      parse_one(*batch, record, {i, record.first_line},
                std::string_view(*record.text).substr(record.offset, record.size), limits);
    }
  }
  return {std::move(batch)};
}

messages::records_filtered run_filters(const messages::filter_records& job,
                                       const std::set<std::string, std::less<>>& enabled, double now,
                                       telemetry& metrics) {
  auto results = std::make_shared<std::vector<std::optional<store::filter_result>>>(job.documents->size());
  std::map<std::string_view, std::pair<std::uint64_t, std::uint64_t>> outcomes;  // filter -> used, unusable
  for (std::size_t i = 0; i < job.documents->size(); ++i) {
    const auto& raw = (*job.documents)[i];
    const auto* const filter = tahoe::filters::for_sub_type(raw.sub_type);
    if (filter == nullptr || !enabled.contains(filter->name)) continue;
    store::filter_result result{std::string(filter->id),
                                filter->run(raw.data, {raw.orgid, raw.timezone, now}), now};
    auto& [used, unusable] = outcomes[filter->name];
    ++(result.product.usable ? used : unusable);
    (*results)[i] = std::move(result);
  }
  for (const auto& [name, counts] : outcomes) {
    metrics.add(counter::filter_records, {name, "used"}, static_cast<double>(counts.first));
    metrics.add(counter::filter_records, {name, "unusable"}, static_cast<double>(counts.second));
  }
  return {std::move(results)};
}

}  // namespace cybexd::actors
