#include "tahoe/identity.hpp"

#include <algorithm>
#include <unordered_map>

namespace cybexd::tahoe::identity {
namespace {

using hashes = std::vector<hash256>;

constexpr std::string_view user_type = "cybexp_user";
constexpr std::string_view superuser_type = "cybexp_superuser";
constexpr std::string_view org_type = "cybexp_org";
constexpr std::string_view admin_type = "admin";
constexpr std::string_view password_type = "password";

void sort_once(hashes& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

bool holds(const hashes& sorted, const hash256& hash) {
  return std::binary_search(sorted.begin(), sorted.end(), hash);
}

void join(hashes& sorted, const hash256& hash) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), hash);
  if (at == sorted.end() || *at != hash) sorted.insert(at, hash);
}

void leave(hashes& sorted, const hash256& hash) { std::erase(sorted, hash); }

const value* first_of(const document& d, std::string_view child) {
  const auto* items = d.data.find(child);
  const auto* list = items == nullptr ? nullptr : items->get_if<array>();
  return list == nullptr || list->empty() ? nullptr : &list->front();
}

std::string text_of(const document& d, std::string_view child) {
  const auto* first = first_of(d, child);
  const auto* text = first == nullptr ? nullptr : first->text();
  return text == nullptr ? std::string() : *text;
}

bool is_object(const document& d, std::string_view sub_type) {
  return d.kind == itype::object && d.sub_type == sub_type;
}

hashes list_of(const document& org, std::string_view field) {
  hashes list;
  for (const auto& [key, items] : org.extra) {
    const auto* texts = key == field ? items.get_if<array>() : nullptr;
    if (texts == nullptr) continue;
    for (const auto& item : *texts) {
      const auto* text = item.text();
      const auto hash = text == nullptr ? std::nullopt : crypto::hash_from_hex(*text);
      if (hash) list.push_back(*hash);
    }
  }
  sort_once(list);
  return list;
}

void set_list(document& org, std::string_view field, const hashes& list) {
  array texts;
  for (const auto& hash : list) texts.emplace_back(crypto::to_hex(hash));
  const auto at =
      std::find_if(org.extra.begin(), org.extra.end(), [&](const member& m) { return m.first == field; });
  if (at == org.extra.end()) {
    org.extra.emplace_back(field, value(std::move(texts)));
  } else {
    at->second = value(std::move(texts));
  }
}

tl::unexpected<error> refused(std::string_view why, const hash256& user) {
  return fail(failure::bad_input, std::string(why) + " = " + crypto::to_hex(user) + "!");
}

/// The attributes of a new object, in order.
expected<std::vector<document>> attributes(
    std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  std::vector<document> made;
  for (const auto& [sub_type, text] : fields) {
    auto one = make_attribute(std::string(sub_type), value(text));
    if (!one) return fail(one.error());
    made.push_back(std::move(*one));
  }
  return made;
}

std::vector<const document*> pointers(std::span<const document> documents) {
  std::vector<const document*> all;
  for (const auto& d : documents) all.push_back(&d);
  return all;
}

using user_index = std::unordered_map<hash256, const document*>;

expected<std::vector<const document*>> documents_of(const hashes& wanted, const user_index& users,
                                                    const hashes& before) {
  std::vector<const document*> found;
  for (const auto& hash : wanted)
    if (const auto at = users.find(hash); at != users.end())
      found.push_back(at->second);
    else if (!holds(before, hash))
      return fail(failure::corrupt, "the user " + crypto::to_hex(hash) + " of an organisation is not stored");
  return found;
}

/// Puts a child into an object whose hash does not cover its data.
void embed(document& parent, const document& child) {
  if (parent.data.find(child.sub_type) == nullptr) parent.data.set(child.sub_type, value(array{}));
  parent.data.find(child.sub_type)->get_if<array>()->push_back(child.data);
  parent.cref.push_back(child.hash);
  parent.ref.push_back(child.hash);
  parent.ref.insert(parent.ref.end(), child.ref.begin(), child.ref.end());
}

/// Takes `password` out of a value at any depth, noting the hashes of the attributes that are gone.
void strip_passwords(value& v, hashes& gone) {
  if (auto* list = v.get_if<array>()) {
    for (auto& item : *list) strip_passwords(item, gone);
  } else if (auto* members = v.get_if<object>()) {
    for (auto& [key, field] : *members) {
      if (key != password_type) {
        strip_passwords(field, gone);
        continue;
      }
      const auto* stored = field.get_if<array>();
      if (stored == nullptr) continue;
      for (const auto& one : *stored) {
        if (const auto made = make_attribute(std::string(password_type), one)) gone.push_back(made->hash);
      }
    }
    v.erase(password_type);
  }
}

/// The object that an organisation holds its admins in. One of the same name without users is data.
bool holds_admins(const document& d) {
  return is_object(d, admin_type) &&
         (d.data.find(user_type) != nullptr || d.data.find(superuser_type) != nullptr);
}

}  // namespace

expected<entity> make_user(std::string_view email, std::string_view password, std::string_view name,
                           bool superuser) {
  auto parts = attributes({{"email_addr", email}, {password_type, password}, {"name", name}});
  if (!parts) return fail(parts.error());
  const auto sub_type = superuser ? superuser_type : user_type;
  auto made = make_object(std::string(sub_type), pointers(*parts));
  if (!made) return fail(made.error());
  made->hash = crypto::sha256({"object", sub_type, email});
  return entity{std::move(*made), std::move(*parts)};
}

std::optional<hash256> password_attribute_of(const document& user) {
  const auto* stored = first_of(user, password_type);
  if (stored == nullptr) return std::nullopt;
  const auto made = make_attribute(std::string(password_type), *stored);
  return made ? std::optional(made->hash) : std::nullopt;
}

expected<entity> with_password(const document& user, std::string_view stored_password) {
  auto attribute = make_attribute(std::string(password_type), value(stored_password));
  if (!attribute) return fail(attribute.error());
  auto changed = user;
  if (const auto old = password_attribute_of(user)) {
    leave(changed.cref, *old);
    leave(changed.ref, *old);
  }
  join(changed.cref, attribute->hash);
  join(changed.ref, attribute->hash);
  changed.data.set(password_type, value(array{value(stored_password)}));
  return entity{std::move(changed), {std::move(*attribute)}};
}

std::optional<member_list> member_list_from(std::string_view name) {
  if (name == "acl") return member_list::acl;
  if (name == "user") return member_list::user;
  if (name == "admin") return member_list::admin;
  return std::nullopt;
}

membership membership_of(const document& org) {
  return {list_of(org, "_usr_ref"), list_of(org, "_adm_ref"), list_of(org, "_acl")};
}

expected<void> add(membership& to, member_list list, std::span<const hash256> users) {
  auto after = to;
  for (const auto& user : users) {
    if (list == member_list::admin) {
      if (holds(after.admins, user)) return refused("User is already admin", user);
      join(after.admins, user);
      join(after.users, user);
    } else if (list == member_list::user) {
      if (holds(after.users, user)) return refused("User already in Org", user);
      join(after.users, user);
    } else if (holds(after.acl, user)) {
      return refused("User already in ACL", user);
    }
    join(after.acl, user);
  }
  to = std::move(after);
  return {};
}

expected<void> remove(membership& from, member_list list, std::span<const hash256> users) {
  auto after = from;
  for (const auto& user : users) {
    if (list == member_list::admin) {
      if (!holds(after.admins, user)) return refused("User is not admin", user);
      if (after.admins.size() == 1) return refused("User is only admin", user);
      leave(after.admins, user);
      continue;
    }
    const bool is_admin = holds(after.admins, user);
    if (list == member_list::acl) {
      if (is_admin) return refused("Cannot delete admin from ACL", user);
      if (!holds(after.acl, user)) return refused("User is not in ACL", user);
    } else {
      if (!holds(after.users, user)) return refused("User is not in org", user);
      if (is_admin) return refused("User is admin", user);
      leave(after.users, user);
    }
    leave(after.acl, user);
  }
  from = std::move(after);
  return {};
}

expected<entity> make_org(std::string_view orgname, std::string_view name, const membership& who,
                          std::span<const document> users) {
  auto parts = attributes({{"orgname", orgname}, {"name", name}});
  if (!parts) return fail(parts.error());
  auto bare = make_object(std::string(org_type), pointers(*parts));
  if (!bare) return fail(bare.error());
  bare->hash = crypto::sha256({"object", org_type, orgname});
  auto made = with_members(*bare, who, users);
  if (made) made->parts.insert(made->parts.begin(), parts->begin(), parts->end());
  return made;
}

expected<entity> with_members(const document& org, const membership& who, std::span<const document> users) {
  user_index index;
  for (const auto& user : users) index.emplace(user.hash, &user);
  const auto old = membership_of(org);
  const auto user_documents = documents_of(who.users, index, old.users);
  if (!user_documents) return fail(user_documents.error());
  const auto admin_documents = documents_of(who.admins, index, old.admins);
  if (!admin_documents) return fail(admin_documents.error());
  auto admin = make_object(std::string(admin_type), *admin_documents);
  if (!admin) return fail(admin.error());

  auto changed = org;
  const auto old_admin = admin_object_of(org);
  std::erase_if(changed.cref, [&](const hash256& child) {
    return holds(old.users, child) || holds(old.admins, child) || child == old_admin;
  });
  changed.ref = changed.cref;  // what stays are attributes, with nothing below them
  for (const auto child : {user_type, superuser_type, admin_type}) changed.data.erase(child);
  for (const auto* user : *user_documents) embed(changed, *user);
  embed(changed, *admin);
  sort_once(changed.cref);
  sort_once(changed.ref);
  set_list(changed, "_usr_ref", who.users);
  set_list(changed, "_adm_ref", who.admins);
  set_list(changed, "_acl", who.acl);
  return entity{std::move(changed), {std::move(*admin)}};
}

std::optional<hash256> admin_object_of(const document& org) {
  const auto* data = first_of(org, admin_type);
  if (data == nullptr) return std::nullopt;
  const auto form = canonical(*data);
  return form ? std::optional(crypto::sha256({"object", admin_type, *form})) : std::nullopt;
}

bool is_user(const document& d) { return is_object(d, user_type) || is_object(d, superuser_type); }
bool is_org(const document& d) { return is_object(d, org_type); }
bool is_superuser(const document& user) { return is_object(user, superuser_type); }
std::string email_of(const document& user) { return text_of(user, "email_addr"); }
std::string orgname_of(const document& org) { return text_of(org, "orgname"); }
std::string stored_password_of(const document& user) { return text_of(user, password_type); }
bool is_password(const document& d) { return d.kind == itype::attribute && d.sub_type == password_type; }

document without_passwords(const document& d) {
  if (!is_user(d) && !is_org(d) && !holds_admins(d)) return d;
  auto shown = d;
  hashes gone;
  strip_passwords(shown.data, gone);
  sort_once(gone);
  std::erase_if(shown.cref, [&](const hash256& hash) { return holds(gone, hash); });
  std::erase_if(shown.ref, [&](const hash256& hash) { return holds(gone, hash); });
  return shown;
}

}  // namespace cybexd::tahoe::identity
