#include "tahoe/store/identity_rows.hpp"

#include "tahoe/store/document_facts.hpp"
#include "tahoe/store/row.hpp"

namespace cybexd::store {

hash256 origin_of(const numbered_line& line) {
  // Texts with their lengths, so that no two lines give the same bytes.
  return crypto::sha256(row_writer().number(line.number).text(to_row(line.line)).take());
}

std::string origin_key(const numbered_line& line) {
  constexpr std::size_t enough = 16;  // bytes; two lines that share so many will not be met
  return 'a' + std::string(origin_of(line).view().substr(0, enough));
}

std::string list_prefix(char letter, const hash256& user) {
  return key_writer().letter(letter).hash(user).take();
}
std::string name_key(const document& d, const std::string& name) {
  return (facts::is_user(d) ? 'u' : 'o') + name;
}

std::map<std::string, std::string> identity_index_rows(const document& d) {
  std::map<std::string, std::string> rows;
  if (const auto name = facts::unique_name(d)) rows[name_key(d, *name)] = std::string(d.hash.view());
  if (!facts::is_org(d)) return rows;
  for (const auto& user : facts::list_of(d, "_acl"))
    rows[key_writer().text(list_prefix('v', user)).hash(d.hash).take()];
  for (const auto& user : facts::members_of(d))
    rows[key_writer().text(list_prefix('m', user)).hash(d.hash).take()];
  return rows;
}

std::string to_row(const token_record& t) {
  row_writer row;
  row.text(t.jti)
      .hash(t.user)
      .real(t.issued)
      .number(t.expires ? 1 : 0)
      .real(t.expires.value_or(0))
      .number(t.revoked ? 1 : 0);
  return row.take();
}

expected<token_record> token_from_row(std::string_view bytes) {
  row_reader row(bytes);
  token_record t;
  t.jti = row.text();
  t.user = row.hash();
  t.issued = row.real();
  const bool expires = row.number() != 0;
  const auto when = row.real();
  if (expires) t.expires = when;
  t.revoked = row.number() != 0;
  if (!row.whole()) return fail(failure::corrupt, "identity: a token cannot be read");
  return t;
}

std::string to_row(const audit_line& a) {
  return row_writer().real(a.when).text(a.who).text(a.what).text(a.whom).take();
}

expected<audit_line> audit_from_row(std::string_view bytes) {
  row_reader row(bytes);
  audit_line a;
  a.when = row.real();
  a.who = row.text();
  a.what = row.text();
  a.whom = row.text();
  if (!row.whole()) return fail(failure::corrupt, "identity: an audit line cannot be read");
  return a;
}

}  // namespace cybexd::store
