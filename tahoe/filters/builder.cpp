#include "tahoe/filters/builder.hpp"

#include <algorithm>

#include "tahoe/bson.hpp"
#include "tahoe/json.hpp"

namespace cybexd::tahoe::filters {

namespace {

constexpr std::size_t other_fields = 1024;      // of a document as BSON, besides data and references
constexpr std::size_t bytes_of_reference = 80;  // 64 digits, and the name of an array's item

constexpr std::size_t few_documents = 24;  // up to here looking at each is cheaper than a table

const document placeholder;

}  // namespace

void builder::refuse(std::string reason) {
  if (reason_.empty()) reason_ = std::move(reason);
}

const document& builder::keep(expected<document> made) {
  if (!made) refuse(std::move(made.error().text));
  // More can never be stored: no need to make them all before this is said.
  if (made_.size() > max_bson_size / bytes_of_reference) refuse_too_many(made_.size());
  if (refused()) return placeholder;
  if (made_.size() < few_documents) {
    for (const auto& there : made_)
      if (there.hash == made->hash) return there;
    return made_.emplace_back(std::move(*made));
  }
  if (by_hash_.empty())
    for (const auto& there : made_) by_hash_.emplace(there.hash, &there);
  const auto [at, fresh] = by_hash_.emplace(made->hash, nullptr);
  if (fresh) at->second = &made_.emplace_back(std::move(*made));
  return *at->second;
}

const document& builder::attribute(std::string_view sub_type, value scalar) {
  if (refused()) return placeholder;
  return keep(make_attribute(std::string(sub_type), std::move(scalar)));
}

const document& builder::object(std::string_view sub_type, const parts& children) {
  if (refused()) return placeholder;
  return keep(make_object(std::string(sub_type), children));
}

const document& builder::event(std::string_view sub_type, const parts& children, double timestamp,
                               category gravity, const parts& malicious) {
  if (refused()) return placeholder;
  event_fields fields;
  fields.orgid = about_.orgid;
  fields.timestamp = timestamp;
  fields.category = gravity;
  for (const auto* part : malicious) fields.malicious.push_back(part->hash);
  const auto& made = keep(make_event(std::string(sub_type), children, std::move(fields)));
  if (refused()) return placeholder;
  events_.push_back(made.hash);
  product_.ref.insert(product_.ref.end(), made.ref.begin(), made.ref.end());
  product_.ref.push_back(made.hash);
  return made;
}

void builder::session(std::string_view sub_type, const parts& children, session_change times) {
  if (refused()) return;
  auto made = make_session(std::string(sub_type), children);
  if (!made) return refuse(std::move(made.error().text));
  made->start_time = std::move(times.session.start_time);
  made->end_time = std::move(times.session.end_time);
  made->duration = std::move(times.session.duration);
  product_.ref.push_back(made->hash);
  product_.sessions.push_back({std::move(*made), events_});
}

void builder::refuse_what_cannot_be_stored() {
  const auto fits = [](const value& data, std::size_t references) {
    return bson_size(data) + references * bytes_of_reference + other_fields <= max_bson_size;
  };
  for (const auto& d : made_)
    if (!fits(d.data, d.cref.size() + d.ref.size() + d.ben_ref.size() + d.mal_ref.size()))
      return refuse("the " + std::string(to_string(d.kind)) + " " + d.sub_type +
                    " made of the record passes " + std::to_string(max_bson_size) + " bytes as BSON");
  if (!fits(data_, product_.ref.size())) refuse_too_many(product_.ref.size());
}

void builder::refuse_too_many(std::size_t documents) {
  refuse("the record makes " + std::to_string(documents) +
         " documents or more, which it cannot refer to in " + std::to_string(max_bson_size) +
         " bytes as BSON");
}

product builder::finish() {
  std::sort(product_.ref.begin(), product_.ref.end());
  product_.ref.erase(std::unique(product_.ref.begin(), product_.ref.end()), product_.ref.end());
  if (!refused()) refuse_what_cannot_be_stored();
  if (refused()) {
    product unusable;
    unusable.usable = false;
    unusable.reason = std::move(reason_);
    return unusable;
  }
  product_.documents.reserve(made_.size());
  std::move(made_.begin(), made_.end(), std::back_inserter(product_.documents));
  return std::move(product_);
}

const value* object_of(const value& data, value& room, builder& b) {
  const auto* text = data.text();
  if (text == nullptr) {
    if (data.get_if<tahoe::object>() != nullptr) return &data;
    b.refuse("the record is " + std::string(kind_of(data)) + ", not an object");
    return nullptr;
  }
  auto read = read_json(*text);
  if (read.problem != json_problem::none) {
    b.refuse("the record is a string that is " +
             (read.problem == json_problem::not_json ? read.text : "not admitted: " + read.text));
    return nullptr;
  }
  room = std::move(read.root);
  if (room.get_if<tahoe::object>() != nullptr) return &room;
  b.refuse("the record is a string that holds " + std::string(kind_of(room)) + ", not an object");
  return nullptr;
}

}  // namespace cybexd::tahoe::filters
