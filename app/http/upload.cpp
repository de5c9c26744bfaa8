#include "app/http/upload.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "app/http/gzip.hpp"
#include "app/http/multipart.hpp"
#include "crypto/clipped.hpp"
#include "crypto/envelope.hpp"
#include "report/time_range.hpp"

namespace cybexd::app::http {

namespace {

constexpr std::size_t longest_field = 4'096;
constexpr std::array<std::string_view, 4> field_names{"name", "orgid", "typetag", "timezone"};

tl::unexpected<error> wrong(std::string_view field, std::string_view what) {
  return fail(failure::bad_input, std::string(field).append(": ").append(what).append("."));
}

/// A name that a client chose, as an error shows it.
std::string shown(std::string_view name) { return "'" + clipped(name, 80) + "'"; }

/// The fields besides the content, each at most once.
struct upload_fields {
  std::optional<std::string> name, orgid, typetag, timezone;

  std::optional<std::string>* find(std::string_view field) {
    const std::array<std::optional<std::string>*, 4> places{&name, &orgid, &typetag, &timezone};
    const auto at = std::find(field_names.begin(), field_names.end(), field);
    return at == field_names.end() ? nullptr : places[static_cast<std::size_t>(at - field_names.begin())];
  }

  /// Errors: bad_input; an unknown name is the caller's to judge.
  expected<void> set(std::string_view field, std::string_view text) {
    auto& place = *find(field);
    if (place) return wrong(field, "is there more than once");
    if (text.size() > longest_field) return wrong(field, "is longer than 4096 bytes");
    if (!crypto::is_utf8(text)) return wrong(field, "is not UTF-8");
    if (text.find('\0') != std::string_view::npos) return wrong(field, "holds a U+0000");
    place = std::string(text);
    return {};
  }
};

expected<messages::submission> submission_of(upload_fields fields, std::string token) {
  for (const auto field : {"orgid", "typetag"}) {
    const auto& place = *fields.find(field);
    if (!place) return wrong(field, "is missing");
    if (place->empty()) return wrong(field, "is empty");
  }
  messages::submission made;
  made.token = std::move(token);
  made.name = std::move(fields.name).value_or("");
  made.org = std::move(*fields.orgid);
  made.typetag = std::move(*fields.typetag);
  made.timezone = std::move(fields.timezone).value_or("UTC");
  if (!report::is_time_zone(made.timezone))
    return wrong("timezone", shown(made.timezone) + " is not the name of an IANA time zone");
  return made;
}

expected<messages::submission> read_form(request& r) {
  if (!r.content_encoding.empty()) return wrong("Content-Encoding", "a form must come as it is");
  const auto boundary = boundary_of(r.content_type);
  if (!boundary) return fail(boundary.error());
  const auto parts = read_multipart(*boundary, r.body);
  if (!parts) return fail(parts.error());
  upload_fields fields;
  const form_part* file = nullptr;
  for (const auto& part : *parts) {
    if (part.name == "file") {
      if (file != nullptr) return wrong("file", "is there more than once");
      file = &part;
      continue;
    }
    if (fields.find(part.name) == nullptr)
      return fail(failure::bad_input, "Invalid input " + shown(part.name) + ".");
    if (auto set = fields.set(part.name, std::string_view(r.body).substr(part.offset, part.size)); !set)
      return fail(set.error());
  }
  if (file == nullptr) return wrong("file", "is missing");
  if (!fields.name) return wrong("name", "is missing");
  auto made = submission_of(std::move(fields), std::move(r.token));
  if (!made) return fail(made.error());
  made->text = std::move(r.body);  // in place: the file may be large
  made->text.resize(file->offset + file->size);
  made->text.erase(0, file->offset);
  return made;
}

expected<messages::submission> read_ndjson(request& r, const upload_limits& limits) {
  upload_fields fields;
  for (const auto& parameter : r.parameters) {
    if (fields.find(parameter.name) == nullptr)
      return fail(failure::bad_input, "Invalid URL parameter " + shown(parameter.name) + ".");
    if (auto set = fields.set(parameter.name, parameter.value); !set) return fail(set.error());
  }
  auto made = submission_of(std::move(fields), std::move(r.token));
  if (!made) return fail(made.error());
  if (is_media_type(r.content_encoding, "gzip")) {
    auto unpacked = gunzip(r.body, limits.unpacked_bytes, r.bytes);
    if (!unpacked) return fail(unpacked.error());
    r.body = {};
    made->text = std::move(*unpacked);
  } else if (r.content_encoding.empty() || is_media_type(r.content_encoding, "identity")) {
    made->text = std::move(r.body);
  } else {
    return wrong("Content-Encoding", shown(r.content_encoding) + " is not understood, it may be gzip");
  }
  const auto records = count_records(made->text, limits.records);
  if (!records) return fail(records.error());
  if (*records == 0) return fail(failure::bad_input, "The body holds no record: all its lines are blank.");
  made->ndjson = true;
  made->records = *records;
  return made;
}

}  // namespace

expected<std::uint64_t> count_records(std::string_view text, std::uint64_t limit) {
  const bool all_well = crypto::is_utf8(text);
  std::uint64_t records = 0;
  for (std::uint64_t line = 1; !text.empty(); ++line) {
    const auto end = text.find('\n');
    const auto one = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (!all_well && !crypto::is_utf8(one))
      return fail(failure::bad_input, "Line " + std::to_string(line) + " is not UTF-8; nothing was stored.");
    if (one.find_first_not_of(" \t\r") != std::string_view::npos && ++records > limit)
      return fail(failure::too_large,
                  "The upload has more than the " + std::to_string(limit) + " records allowed.");
  }
  return records;
}

expected<messages::submission> read_upload(request& r, const upload_limits& limits) {
  if (is_media_type(r.content_type, "multipart/form-data")) return read_form(r);
  if (is_media_type(r.content_type, "application/x-ndjson")) return read_ndjson(r, limits);
  return wrong("Content-Type", "must be multipart/form-data or application/x-ndjson");
}

}  // namespace cybexd::app::http
