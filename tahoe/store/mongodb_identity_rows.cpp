#include "tahoe/store/mongodb_identity_rows.hpp"

#include <algorithm>

namespace cybexd::store {
namespace {

std::string_view name_of(identity_step::kind kind) {
  switch (kind) {
    case identity_step::kind::put:
      return "put";
    case identity_step::kind::exchange:
      return "exchange";
    case identity_step::kind::erase:
      return "erase";
  }
  return "";
}

std::string step_name(const std::string& change, std::size_t number) {
  constexpr std::size_t digits = 6;
  const auto text = std::to_string(number);
  return change + "/" + std::string(digits - std::min(digits, text.size()), '0') + text;
}

std::string text(const bson_view& stored, std::string_view field) {
  return std::string(stored.find(field).text().value_or(""));
}

bson packed(const bson_view& stored, std::string_view field) {
  const auto bytes = stored.find(field).binary();
  return bytes ? bson(bson_view(*bytes)) : bson();
}

}  // namespace

bson to_bson(const token_record& token) {
  bson out;
  out.add("_id", token.jti).add("user", crypto::to_hex(token.user)).add("issued", token.issued);
  if (token.expires) out.add("expires", *token.expires);
  out.add("revoked", token.revoked);
  return out;
}

expected<token_record> token_from(const bson_view& stored) {
  const auto jti = stored.find("_id").text();
  const auto user = crypto::hash_from_hex(text(stored, "user"));
  const auto issued = stored.find("issued").number();
  const auto revoked = stored.find("revoked").boolean();
  if (!jti || !user || !issued || !revoked) return fail(failure::corrupt, "identity: a token cannot be read");
  return token_record{std::string(*jti), *user, *issued, stored.find("expires").number(), *revoked};
}

bson to_bson(const audit_line& line) {
  bson out;
  out.add("when", line.when).add("who", line.who).add("what", line.what).add("whom", line.whom);
  return out;
}

audit_line line_from(const bson_view& stored) {
  return {stored.find("when").number().value_or(0), text(stored, "who"), text(stored, "what"),
          text(stored, "whom")};
}

bson to_bson(const identity_step& step, const std::string& change, std::size_t number) {
  bson out;
  out.add("_id", step_name(change, number)).add("kind", name_of(step.what));
  out.add_binary("filter", step.filter.view().bytes());
  out.add_binary("change", step.change.view().bytes());
  return out;
}

identity_step step_from(const bson_view& stored) {
  identity_step step{identity_step::kind::put, packed(stored, "filter"), packed(stored, "change")};
  const auto kind = stored.find("kind").text();
  for (const auto known : {identity_step::kind::exchange, identity_step::kind::erase})
    if (kind == name_of(known)) step.what = known;
  return step;
}

bson steps_of(const std::string& change) {
  bson range;
  range.add("$gte", change + "/").add("$lt", change + "0");  // '0' is the character after '/'
  return std::move(bson().add("_id", range));
}

}  // namespace cybexd::store
