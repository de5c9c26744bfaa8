#include "tahoe/store/document_facts.hpp"

#include <algorithm>
#include <array>

namespace cybexd::store::facts {
namespace {

using tahoe::array;
using tahoe::value;

constexpr std::array<std::string_view, 3> user_lists{"_acl", "_usr_ref", "_adm_ref"};

const value* first_of(const document& d, std::string_view child) {
  const auto* items = d.data.find(child);
  if (items == nullptr) return nullptr;
  const auto* list = items->get_if<array>();
  return list == nullptr || list->empty() ? nullptr : &list->front();
}

const value* field_of(const document& d, std::string_view name) {
  const auto found =
      std::find_if(d.extra.begin(), d.extra.end(), [&](const auto& m) { return m.first == name; });
  return found == d.extra.end() ? nullptr : &found->second;
}

void sort_once(std::vector<hash256>& hashes) {
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
}

bool is_object(const document& d, std::string_view sub_type) {
  return d.kind == tahoe::itype::object && d.sub_type == sub_type;
}

/// The text of a child that is there exactly once.
std::string only_text_of(const document& d, std::string_view child) {
  const auto* items = d.data.find(child);
  const auto* list = items == nullptr ? nullptr : items->get_if<array>();
  const auto* text = list == nullptr || list->size() != 1 ? nullptr : list->front().text();
  return text == nullptr ? std::string() : *text;
}

std::vector<hash256> sorted(std::vector<hash256> hashes) {
  sort_once(hashes);
  return hashes;
}

}  // namespace

std::string text_of(const document& d, std::string_view child) {
  const auto* first = first_of(d, child);
  const auto* text = first == nullptr ? nullptr : first->text();
  return text == nullptr ? std::string() : *text;
}

double number_of(const document& d, std::string_view child) {
  double room = 0;
  const auto* first = first_of(d, child);
  const auto* number = first == nullptr ? nullptr : first->number(room);
  return number == nullptr ? 0 : *number;
}

std::vector<hash256> list_of(const document& d, std::string_view field) {
  std::vector<hash256> hashes;
  const auto* list = field_of(d, field);
  const auto* items = list == nullptr ? nullptr : list->get_if<array>();
  if (items == nullptr) return hashes;
  for (const auto& item : *items) {
    const auto* text = item.text();
    if (text == nullptr) continue;
    if (const auto hash = crypto::hash_from_hex(*text)) hashes.push_back(*hash);
  }
  return hashes;
}

bool is_query(const document& d) { return is_object(d, "query"); }
bool is_user(const document& d) { return is_object(d, "cybexp_user") || is_object(d, "cybexp_superuser"); }
bool is_org(const document& d) { return is_object(d, "cybexp_org"); }

std::optional<std::string> unique_name(const document& d) {
  if (is_user(d)) return text_of(d, "email_addr");
  if (is_org(d)) return text_of(d, "orgname");
  return std::nullopt;
}

std::vector<hash256> members_of(const document& org) {
  std::vector<hash256> all;
  for (const auto list : user_lists) {
    const auto some = list_of(org, list);
    all.insert(all.end(), some.begin(), some.end());
  }
  sort_once(all);
  return all;
}

bool same_lists(const document& a, const document& b) {
  if (sorted(a.ref) != sorted(b.ref) || sorted(a.cref) != sorted(b.cref)) return false;
  return std::all_of(user_lists.begin(), user_lists.end(), [&](std::string_view list) {
    return sorted(list_of(a, list)) == sorted(list_of(b, list));
  });
}

query_state state_of(const document& query) {
  query_state state{
      only_text_of(query, "status"), only_text_of(query, "userid"), number_of(query, "timestamp"), {}};
  const auto* ids = query.data.find("report_id");
  const auto* list = ids == nullptr ? nullptr : ids->get_if<array>();
  if (list == nullptr) return state;
  for (const auto& id : *list) {
    const auto* text = id.text();
    if (text == nullptr) continue;
    if (const auto hash = crypto::hash_from_hex(*text)) state.reports.push_back(*hash);
  }
  sort_once(state.reports);
  return state;
}

}  // namespace cybexd::store::facts
