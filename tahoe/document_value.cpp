#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "crypto/clipped.hpp"
#include "tahoe/document.hpp"
#include "tahoe/json.hpp"

namespace cybexd::tahoe {

namespace {

value hash_list(const std::vector<hash256>& hashes) {
  array list;
  list.reserve(hashes.size());
  for (const auto& hash : hashes) list.emplace_back(crypto::to_hex(hash));
  return value(std::move(list));
}

value text_list(const std::vector<std::string>& texts) { return value(array(texts.begin(), texts.end())); }

value submission_list(const std::vector<raw_submission>& submissions) {
  array list;
  for (const auto& s : submissions)
    list.emplace_back(
        object{{"orgid", s.orgid}, {"filters", text_list(s.filters)}, {"timezone", s.timezone}});
  return value(std::move(list));
}

void append_kind_fields(object& out, const document& d) {
  switch (d.kind) {
    case itype::attribute:
      return;
    case itype::event:
      out.emplace_back("orgid", d.orgid);
      out.emplace_back("timestamp", d.timestamp);
      out.emplace_back("category", to_string(d.category));
      out.emplace_back("_ben_ref", hash_list(d.ben_ref));
      out.emplace_back("_mal_ref", hash_list(d.mal_ref));
      [[fallthrough]];
    case itype::object:
    case itype::session:
      out.emplace_back("_cref", hash_list(d.cref));
      out.emplace_back("_ref", hash_list(d.ref));
      if (d.start_time) out.emplace_back("start_time", *d.start_time);
      if (d.end_time) out.emplace_back("end_time", *d.end_time);
      if (d.duration) out.emplace_back("duration", *d.duration);
      return;
    case itype::raw:
      out.emplace_back("orgid", d.orgid);
      out.emplace_back("timezone", d.timezone);
      out.emplace_back("filters", text_list(d.filters));
      out.emplace_back("_ref", hash_list(d.ref));
      if (d.valid) out.emplace_back("_valid", *d.valid);
      if (!d.reason.empty()) out.emplace_back("_cybexd_reason", d.reason);
      if (!d.submissions.empty()) out.emplace_back("_cybexd_orgs", submission_list(d.submissions));
      return;
    case itype::report:
      out.emplace_back("timestamp", d.timestamp);
      return;
  }
}

/// Takes the fields of a JSON object one by one into a document. The first mistake stays in `wrong`.
class document_reader {
 public:
  expected<document> read(const value& json) {
    const auto* members = json.get_if<object>();
    if (members == nullptr)
      return fail(failure::bad_input, "a document is an object, not " + std::string(kind_of(json)));
    std::string kind;
    text(json.find("itype"), "itype", kind);
    const auto known = itype_from(kind);
    if (wrong_.empty() && !known) wrong_ = "itype \"" + clipped(kind) + "\" is none of a document's";
    if (!wrong_.empty()) return fail(failure::bad_input, std::move(wrong_));
    d_.kind = *known;
    required(json, d_.kind);
    for (const auto& [key, field] : *members)
      if (!common(key, field) && !of_kind(key, field)) d_.extra.emplace_back(key, field);
    if (wrong_.empty() && d_.kind == itype::attribute && !d_.data.is_scalar())
      expected_kind("data", "a scalar", d_.data);
    if (!wrong_.empty()) return fail(failure::bad_input, std::move(wrong_));
    if (d_.kind == itype::raw) join_submissions(d_);
    return std::move(d_);
  }

 private:
  void required(const value& json, itype kind) {
    for (const auto* key : {"sub_type", "_hash", "data"}) require(json, key);
    if (kind == itype::event)
      for (const auto* key : {"orgid", "timestamp"}) require(json, key);
  }

  void require(const value& json, std::string_view key) {
    if (wrong_.empty() && json.find(key) == nullptr) wrong_ = "the field " + std::string(key) + " is missing";
  }

  bool common(std::string_view key, const value& field) {
    if (key == "itype") return true;
    if (key == "sub_type") {
      text(&field, key, d_.sub_type);
      if (wrong_.empty() && !is_identifier(d_.sub_type)) wrong_ = "the sub_type is no identifier";
      return true;
    }
    if (key == "_hash") {
      const auto* hex = field.text();
      const auto hash = hex == nullptr ? std::nullopt : crypto::hash_from_hex(*hex);
      if (!hash) return expected_kind(key, "64 hexadecimal digits", field);
      d_.hash = *hash;
      return true;
    }
    if (key != "data") return false;
    const bool holds_children =
        d_.kind == itype::object || d_.kind == itype::event || d_.kind == itype::session;
    if (holds_children && field.get_if<object>() == nullptr) return expected_kind(key, "an object", field);
    d_.data = field;
    return true;
  }

  bool of_kind(std::string_view key, const value& field) {
    switch (d_.kind) {
      case itype::attribute:
        return false;
      case itype::object:
        return children(key, field);
      case itype::event:
        return of_event(key, field) || children(key, field);
      case itype::session:
        return of_session(key, field) || children(key, field);
      case itype::raw:
        return of_raw(key, field);
      case itype::report:
        return key == "timestamp" && number(key, field);
    }
    return false;
  }

  bool children(std::string_view key, const value& field) {
    if (key == "_cref") return hashes(key, field, d_.cref);
    return key == "_ref" && hashes(key, field, d_.ref);
  }

  bool of_event(std::string_view key, const value& field) {
    if (key == "orgid") return text(&field, key, d_.orgid);
    if (key == "timestamp") return number(key, field);
    if (key == "_ben_ref") return hashes(key, field, d_.ben_ref);
    if (key == "_mal_ref") return hashes(key, field, d_.mal_ref);
    if (key != "category") return false;
    const auto* name = field.text();
    const auto known = name == nullptr ? std::nullopt : category_from(*name);
    if (!known) return expected_kind(key, "unknown, benign or malicious", field);
    d_.category = *known;
    return true;
  }

  bool of_session(std::string_view key, const value& field) {
    if (key == "start_time") return scalar(key, field, d_.start_time);
    if (key == "end_time") return scalar(key, field, d_.end_time);
    if (key != "duration") return false;
    d_.duration = field;  // whatever the record gave
    return true;
  }

  bool of_raw(std::string_view key, const value& field) {
    if (key == "orgid") return text(&field, key, d_.orgid);
    if (key == "timezone") return text(&field, key, d_.timezone);
    if (key == "filters") return texts(key, field, d_.filters);
    if (key == "_ref") return hashes(key, field, d_.ref);
    if (key == "_cybexd_reason") return text(&field, key, d_.reason);
    if (key == "_cybexd_orgs") return submissions(key, field);
    if (key != "_valid") return false;
    const auto* valid = field.get_if<bool>();
    if (valid == nullptr) return expected_kind(key, "a boolean", field);
    d_.valid = *valid;
    return true;
  }

  bool submissions(std::string_view key, const value& field) {
    const auto* list = field.get_if<array>();
    if (list == nullptr) return expected_kind(key, "an array", field);
    for (const auto& item : *list) {
      auto& s = d_.submissions.emplace_back();
      text(item.find("orgid"), "_cybexd_orgs.orgid", s.orgid);
      text(item.find("timezone"), "_cybexd_orgs.timezone", s.timezone);
      if (const auto* filters = item.find("filters")) texts("_cybexd_orgs.filters", *filters, s.filters);
    }
    return true;
  }

  // Each of these says that the field was known, and notes what is wrong with it.
  bool text(const value* field, std::string_view key, std::string& out) {
    const auto* s = field == nullptr ? nullptr : field->text();
    if (field == nullptr) return missing(key);
    if (s == nullptr) return expected_kind(key, "a string", *field);
    out = *s;
    return true;
  }

  bool texts(std::string_view key, const value& field, std::vector<std::string>& out) {
    const auto* list = field.get_if<array>();
    if (list == nullptr) return expected_kind(key, "an array of strings", field);
    for (const auto& item : *list) {
      if (item.text() == nullptr) return expected_kind(key, "an array of strings", field);
      out.push_back(*item.text());
    }
    return true;
  }

  bool number(std::string_view key, const value& field) {
    double room = 0;
    const auto* d = field.number(room);
    if (d == nullptr || !std::isfinite(*d)) return expected_kind(key, "a number", field);
    d_.timestamp = *d;
    return true;
  }

  bool scalar(std::string_view key, const value& field, std::optional<value>& out) {
    if (!field.is_scalar()) return expected_kind(key, "a scalar", field);
    out = field;
    return true;
  }

  bool hashes(std::string_view key, const value& field, std::vector<hash256>& out) {
    const auto* list = field.get_if<array>();
    if (list == nullptr) return expected_kind(key, "an array of hashes", field);
    for (const auto& item : *list) {
      const auto hash = item.text() == nullptr ? std::nullopt : crypto::hash_from_hex(*item.text());
      if (!hash) return expected_kind(key, "an array of hashes (64 hexadecimal digits each)", field);
      out.push_back(*hash);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return true;
  }

  bool missing(std::string_view key) {
    if (wrong_.empty()) wrong_ = "the field " + std::string(key) + " is missing";
    return true;
  }

  bool expected_kind(std::string_view key, std::string_view may_be, const value& was) {
    if (wrong_.empty())
      wrong_ = "the field " + std::string(key) + " is " + clipped(to_json(was)) + " and must be " +
               std::string(may_be);
    return true;
  }

  document d_;
  std::string wrong_;
};

}  // namespace

bool join_submissions(document& raw) {
  std::unordered_map<std::string, std::size_t> places;
  std::vector<raw_submission> kept;
  const auto before = raw.submissions.size();
  for (auto& s : raw.submissions) {
    const auto [place, fresh] = places.try_emplace(s.orgid, kept.size());
    const bool of_first = s.orgid == raw.orgid;
    if (fresh && !of_first) {
      kept.push_back(std::move(s));
      continue;
    }
    auto& filters = of_first ? raw.filters : kept[place->second].filters;
    for (auto& id : s.filters)
      if (std::find(filters.begin(), filters.end(), id) == filters.end()) filters.push_back(std::move(id));
  }
  raw.submissions = std::move(kept);
  return raw.submissions.size() != before;
}

value to_value(const document& d) {
  object out;
  out.reserve(14 + d.extra.size());
  out.emplace_back("itype", to_string(d.kind));
  out.emplace_back("sub_type", d.sub_type);
  out.emplace_back("_hash", crypto::to_hex(d.hash));
  out.emplace_back("data", d.data);
  append_kind_fields(out, d);
  for (const auto& m : d.extra) out.push_back(m);
  return value(std::move(out));
}

expected<document> from_value(const value& json) { return document_reader().read(json); }

}  // namespace cybexd::tahoe
