#include "report/tdql.hpp"

#include <algorithm>
#include <cmath>

#include "crypto/digest.hpp"
#include "report/bytes_literal.hpp"
#include "report/time_range.hpp"
#include "tahoe/canonical.hpp"

namespace cybexd::report {
namespace {

using tahoe::hash256;
using tahoe::value;

void add_sorted(std::vector<hash256>& list, const hash256& hash) {
  const auto place = std::lower_bound(list.begin(), list.end(), hash);
  if (place == list.end() || *place != hash) list.insert(place, hash);
}

void remove(std::vector<hash256>& list, const hash256& hash) { std::erase(list, hash); }

/// The one item of `data.<name>`, or nothing where there is none or more.
const value* child(const value& data, std::string_view name) {
  const auto* list = data.find(name);
  const auto* items = list != nullptr ? list->get_if<tahoe::array>() : nullptr;
  return items != nullptr && items->size() == 1 ? &items->front() : nullptr;
}

tl::unexpected<error> wrong_field(std::string_view name, const value& data, std::string_view may_be) {
  const auto* there = data.find(name);
  std::string text = "the query document's '";
  text.append(name).append("' ");
  if (there == nullptr) {
    text += "is missing";
  } else if (const auto* item = child(data, name)) {
    text.append("was ").append(shown(*item));
  } else {
    text.append("was no list of one item");
  }
  return fail(failure::bad_input, text.append("; it may be ").append(may_be));
}

expected<std::string> text_field(const value& data, std::string_view name) {
  const auto* item = child(data, name);
  if (item == nullptr || item->text() == nullptr) return wrong_field(name, data, "a string");
  return *item->text();
}

std::string text_or_empty(const document& query, std::string_view name) {
  auto text = text_field(query.data, name);
  return text ? std::move(*text) : std::string();
}

struct socket_parts {
  document object;
  std::vector<document> attributes;
};

expected<socket_parts> make_socket(const reply_socket& socket) {
  socket_parts out;
  std::vector<const document*> children;
  for (auto& made : {tahoe::make_attribute("host", socket.host), tahoe::make_attribute("port", socket.port),
                     tahoe::make_attribute("nonce", socket.nonce)}) {
    if (!made) return fail(made.error());
    out.attributes.push_back(*made);
  }
  for (const auto& attribute : out.attributes) children.push_back(&attribute);
  auto object = tahoe::make_object("socket", children);
  if (!object) return fail(object.error());
  out.object = std::move(*object);
  return out;
}

void forget(document& query, const hash256& hash) {
  remove(query.cref, hash);
  remove(query.ref, hash);
}

void adopt(document& query, const document& part) {
  add_sorted(query.cref, part.hash);
  add_sorted(query.ref, part.hash);
  for (const auto& hash : part.ref) add_sorted(query.ref, hash);
}

/// Replaces an attribute child of the update's query.
expected<void> replace_attribute(store::query_update& update, std::string_view name, std::string_view text) {
  auto made = tahoe::make_attribute(std::string(name), value(text));
  if (!made) return fail(made.error());
  auto& query = update.query;
  if (const auto* list = query.data.find(name))
    if (const auto* items = list->get_if<tahoe::array>())
      for (const auto& old : *items)
        if (old.is_scalar())
          if (auto gone = tahoe::make_attribute(std::string(name), old)) forget(query, gone->hash);
  if (query.data.get_if<tahoe::object>() == nullptr) query.data = tahoe::object{};
  query.data.set(name, tahoe::array{value(text)});
  adopt(query, *made);
  update.new_children.push_back(std::move(*made));
  return {};
}

expected<std::vector<document>> make_attributes(const std::vector<std::pair<std::string, value>>& fields) {
  std::vector<document> out;
  for (const auto& [name, scalar] : fields) {
    auto made = tahoe::make_attribute(name, scalar);
    if (!made) return fail(made.error());
    out.push_back(std::move(*made));
  }
  return out;
}

/// Of a query that is nested so deep, or so large, that no document can hold it: which key is to blame.
tl::unexpected<error> no_document_of(const value& data, const error& why) {
  if (const auto* members = data.get_if<tahoe::object>())
    for (const auto& [key, member] : *members)
      if (!member.is_scalar())
        return fail(failure::bad_input, "key " + shown(value(key)) + " was " + shown(member) +
                                            ", which it may not be: " + why.text);
  return fail(failure::bad_input, "'data' was too large a query: " + why.text);
}

}  // namespace

hash256 query_hash(std::string_view qtype, std::string_view qhash, std::string_view userid,
                   double timestamp) {
  // Times beyond any calendar are all one hour: a cast of them would be undefined.
  const double hours = std::clamp(timestamp / 3600, -1e15, 1e15);
  const auto hour = std::to_string(static_cast<std::int64_t>(hours));
  return crypto::sha256({"object", "query", qtype, qhash, userid, hour});
}

expected<query_document> make_query(std::string_view qtype, const value& data, std::string_view userid,
                                    double timestamp, const seal_function& seal) {
  if (!tahoe::is_identifier(qtype))
    return fail(failure::bad_input, "'type' was " + shown(value(qtype)) + "; it may be an identifier");
  auto text = tahoe::canonical(data);
  if (!text) return no_document_of(data, text.error());
  const auto qhash = crypto::to_hex(crypto::sha256(*text));
  // Queries with one canonical form are one query, so they must get one answer. What cannot be decoded is
  // nested, and no query that can be answered.
  auto decoded = tahoe::decanonical(*text).value_or(data);
  if (seal) {
    text = seal(*text);
    if (!text) return fail(text.error());
  }
  auto parts = make_attributes({{"qtype", qtype},
                                {"qhash", qhash},
                                {"qdata", write_bytes_literal(*text)},
                                {"userid", userid},
                                {"timestamp", timestamp},
                                {"encrypted", static_cast<bool>(seal)},
                                {"status", "invalid"},
                                {"report_id", ""}});
  if (!parts) return no_document_of(data, parts.error());
  auto socket = make_socket({});
  if (!socket) return fail(socket.error());
  std::vector<const document*> children;
  for (const auto& part : *parts) children.push_back(&part);
  children.push_back(&socket->object);
  auto query = tahoe::make_object("query", children);
  if (!query) return no_document_of(data, query.error());
  query->hash = query_hash(qtype, qhash, userid, timestamp);
  query_document out{std::move(*query), std::move(*parts), std::move(decoded)};
  for (auto& attribute : socket->attributes) out.parts.push_back(std::move(attribute));
  out.parts.push_back(std::move(socket->object));
  return out;
}

expected<store::query_update> with_status(const document& query, std::string_view status) {
  store::query_update update;
  update.query = query;
  if (auto done = replace_attribute(update, "status", status); !done) return fail(done.error());
  return update;
}

expected<store::query_update> with_report(const document& query, std::string_view status,
                                          std::string_view report_id) {
  auto update = with_status(query, status);
  if (!update) return update;
  if (auto done = replace_attribute(*update, "report_id", report_id); !done) return fail(done.error());
  return update;
}

expected<store::query_update> with_socket(const document& query, const reply_socket& socket) {
  store::query_update update;
  update.query = query;
  auto& changed = update.query;
  if (const auto old = socket_of(query)) {
    if (const auto gone = make_socket(*old)) {
      forget(changed, gone->object.hash);
      for (const auto& attribute : gone->attributes) remove(changed.ref, attribute.hash);
    }
  }
  auto made = make_socket(socket);
  if (!made) return fail(made.error());
  if (changed.data.get_if<tahoe::object>() == nullptr) changed.data = tahoe::object{};
  changed.data.set("socket", tahoe::array{made->object.data});
  adopt(changed, made->object);
  for (auto& attribute : made->attributes) update.new_children.push_back(std::move(attribute));
  update.new_children.push_back(std::move(made->object));
  return update;
}

expected<query_fields> read_query_document(const document& query) {
  query_fields out;
  const auto& data = query.data;
  std::string literal;
  for (const auto& [name, into] : {std::pair<std::string_view, std::string*>{"qtype", &out.qtype},
                                   {"qhash", &out.qhash},
                                   {"userid", &out.userid},
                                   {"qdata", &literal}}) {
    auto text = text_field(data, name);
    if (!text) return fail(text.error());
    *into = std::move(*text);
  }
  const auto* timestamp = child(data, "timestamp");
  double room = 0;
  const auto* seconds = timestamp != nullptr ? timestamp->number(room) : nullptr;
  if (seconds == nullptr || !std::isfinite(*seconds))
    return wrong_field("timestamp", data, "Unix seconds as a number");
  out.timestamp = *seconds;
  const auto* encrypted = child(data, "encrypted");
  const auto* flag = encrypted != nullptr ? encrypted->get_if<bool>() : nullptr;
  if (flag == nullptr) return wrong_field("encrypted", data, "true or false");
  out.encrypted = *flag;
  auto bytes = read_bytes_literal(literal);
  if (!bytes) return fail(bytes.error().kind, "the query document's 'qdata' " + bytes.error().text);
  out.qdata = std::move(*bytes);
  return out;
}

expected<reply_socket> socket_of(const document& query) {
  const auto* object = child(query.data, "socket");
  if (object == nullptr || object->get_if<tahoe::object>() == nullptr)
    return wrong_field("socket", query.data, "an object with host, port and nonce");
  reply_socket out;
  auto host = text_field(*object, "host");
  if (!host) return fail(host.error());
  auto nonce = text_field(*object, "nonce");
  if (!nonce) return fail(nonce.error());
  const auto* port = child(*object, "port");
  const auto* number = port != nullptr ? port->get_if<std::int64_t>() : nullptr;
  if (number == nullptr || *number < 0 || *number > 65535)
    return wrong_field("port", *object, "an integer from 0 to 65535");
  return reply_socket{std::move(*host), *number, std::move(*nonce)};
}

std::string status_of(const document& query) { return text_or_empty(query, "status"); }
std::string report_id_of(const document& query) { return text_or_empty(query, "report_id"); }
std::string qtype_of(const document& query) { return text_or_empty(query, "qtype"); }
std::string userid_of(const document& query) { return text_or_empty(query, "userid"); }

expected<value> query_data(const query_fields& fields, const open_function& open) {
  std::string text = fields.qdata;
  if (fields.encrypted) {
    if (!open)
      return fail(failure::bad_input, "the query is encrypted, and this server has no key to open it");
    auto opened = open(text);
    if (!opened) return fail(opened.error());
    text = std::move(*opened);
  }
  const auto qhash = crypto::hash_from_hex(fields.qhash);
  if (!qhash || *qhash != crypto::sha256(text))
    return fail(failure::bad_input, "the query document's 'qhash' was " + shown(value(fields.qhash)) +
                                        "; it may be the SHA-256 of the canonical query");
  return tahoe::decanonical(text);
}

}  // namespace cybexd::report
