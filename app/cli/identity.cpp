#include <iostream>

#include "app/cli/functions.hpp"
#include "app/cli/numbers.hpp"
#include "app/cli/output.hpp"
#include "app/cli/with_backend.hpp"
#include "app/files.hpp"
#include "report/render.hpp"
#include "tahoe/json.hpp"

namespace cybexd::app::cli {
namespace {

/// The password of the call: from a file, from the terminal, or nothing (then one is generated).
expected<std::optional<std::string>> password_of(const invocation& call, bool ask) {
  if (call.has("password-file")) {
    const auto file = call.text("password-file");
    const auto read = read_secret_file(file, false);
    if (!read) return fail(failure::bad_input, read.error().text);
    if (read->empty()) return fail(failure::bad_input, file + " is empty");
    if (read->view().find_first_of("\r\n") != std::string_view::npos)
      return fail(failure::bad_input, file + " has more than one line; it should hold the password alone");
    if (!tahoe::is_valid_utf8(read->view())) return fail(failure::bad_input, file + " is not UTF-8");
    return std::optional(std::string(read->view()));
  }
  if (!ask) return std::optional<std::string>();
  auto first = ask_password("New password: ");
  if (!first) return std::optional<std::string>();
  const auto second = ask_password("Once more: ");
  if (first->empty() || second != first)
    return fail(failure::bad_input, "the two passwords are not the same, or empty");
  return first;
}

std::string yes(const tahoe::value& v, std::string_view key) { return shown(v, key) == "true" ? "yes" : ""; }

std::string joined(const tahoe::value& v, std::string_view key) {
  std::string text;
  const auto* found = v.find(key);
  const auto* list = found ? found->get_if<tahoe::array>() : nullptr;
  if (list) {
    for (const auto& item : *list)
      text += (text.empty() ? "" : " ") + (item.text() ? *item.text() : std::string{});
  }
  return text;
}

std::string with_password(const std::string& what, const tahoe::value& answered) {
  const auto password = text_of(answered, "password");
  return password.empty() ? what : what + "\npassword: " + password + "  (shown this once)";
}

std::string org_text(const tahoe::value& org) {
  return "organisation " + text_of(org, "orgname") + " (" + text_of(org, "name") +
         ")\n  hash:   " + text_of(org, "hash") + "\n  admins: " + joined(org, "admin") +
         "\n  users:  " + joined(org, "user") + "\n  acl:    " + joined(org, "acl");
}

int member(const invocation& call, bool add) {
  tahoe::array lists;
  const auto text = call.text("list");
  for (std::size_t at = 0; at <= text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    const auto one = text.substr(at, comma - at);
    if (one != "acl" && one != "user" && one != "admin")
      return tell_usage(call, "--list: was \"" + one + "\"; may be acl, user or admin");
    lists.emplace_back(one);
    at = comma + 1;
  }
  return with_backend(call, [&](backend& to) -> int {
    const auto done = to.call(
        "org_member",
        tahoe::object{
            {"org", call.text("org")}, {"email", call.text("email")}, {"lists", lists}, {"add", add}});
    if (!done) return tell(call, done.error());
    return answer(call, *done, org_text(*done));
  });
}

}  // namespace

int user_add(const invocation& call) {
  const auto password = password_of(call, call.has("ask-password"));
  if (!password) return tell(call, password.error());
  return with_backend(call, [&](backend& to) -> int {
    tahoe::object input{
        {"email", call.text("email")}, {"name", call.text("name")}, {"superuser", call.has("superuser")}};
    if (*password) input.emplace_back("password", **password);
    const auto done = to.call("user_add", std::move(input));
    if (!done) return tell(call, done.error());
    return answer(
        call, *done, with_password("added " + text_of(*done, "email") + "  " + text_of(*done, "hash"), *done),
        "The user is added all the same; `cybexd user passwd` sets a password that somebody has seen.");
  });
}

int user_list(const invocation& call) {
  return with_backend(call, [&](backend& to) -> int {
    const auto done = to.call("user_list", tahoe::object{});
    if (!done) return tell(call, done.error());
    std::vector<std::vector<std::string>> rows;
    for (const auto& user : *done->find("users")->get_if<tahoe::array>()) {
      rows.push_back(
          {text_of(user, "email"), text_of(user, "name"), yes(user, "superuser"), text_of(user, "hash")});
    }
    return answer(call, *done, table_text({"E-MAIL", "NAME", "SUPERUSER", "HASH"}, rows));
  });
}

int user_passwd(const invocation& call) {
  const auto password = password_of(call, !call.has("generate"));
  if (!password) return tell(call, password.error());
  return with_backend(call, [&](backend& to) -> int {
    tahoe::object input{{"email", call.text("email")}};
    if (*password) input.emplace_back("password", **password);
    const auto done = to.call("user_passwd", std::move(input));
    if (!done) return tell(call, done.error());
    return answer(call, *done, with_password("changed the password of " + text_of(*done, "email"), *done),
                  "The password is changed all the same; set another one if nobody has seen it.");
  });
}

int org_add(const invocation& call) {
  return with_backend(call, [&](backend& to) -> int {
    tahoe::array admins, users;
    for (auto& one : call.texts("admin")) admins.emplace_back(one);
    for (auto& one : call.texts("user")) users.emplace_back(one);
    const auto done = to.call("org_add", tahoe::object{{"orgname", call.text("orgname")},
                                                       {"name", call.text("name")},
                                                       {"admins", std::move(admins)},
                                                       {"users", std::move(users)}});
    if (!done) return tell(call, done.error());
    return answer(call, *done, org_text(*done));
  });
}

int org_show(const invocation& call) {
  return with_backend(call, [&](backend& to) -> int {
    const auto done = to.call("org_show", tahoe::object{{"org", call.text("org")}});
    if (!done) return tell(call, done.error());
    const auto& orgs = *done->find("orgs")->get_if<tahoe::array>();
    std::string text;
    for (const auto& org : orgs) text += org_text(org) + "\n";
    return answer(call, call.has("org") ? orgs.front() : *done,
                  orgs.empty() ? "no organisations yet; make one with: cybexd org add" : text);
  });
}

int org_member_add(const invocation& call) { return member(call, true); }
int org_member_del(const invocation& call) { return member(call, false); }

int token_new(const invocation& call) {
  tahoe::object input{{"email", call.text("email")}};
  if (call.has("days")) {
    const auto days = whole_number(call.text("days"));
    if (!days || *days < 1 || *days > 36'500)
      return tell_usage(call,
                        "--days: was \"" + call.text("days") + "\"; may be a whole number from 1 to 36500");
    input.emplace_back("days", *days);
  }
  return with_backend(call, [&](backend& to) -> int {
    const auto done = to.call("token_new", input);
    if (!done) return tell(call, done.error());
    return answer(
        call, *done, text_of(*done, "token"),
        "The token is good all the same; end it with `cybexd token revoke` (`cybexd token list` has "
        "its id).");
  });
}

int token_list(const invocation& call) {
  return with_backend(call, [&](backend& to) -> int {
    const auto done = to.call("token_list", tahoe::object{});
    if (!done) return tell(call, done.error());
    std::vector<std::vector<std::string>> rows;
    for (const auto& token : *done->find("tokens")->get_if<tahoe::array>()) {
      rows.push_back({text_of(token, "jti"), text_of(token, "user"), time_text(token.find("issued")),
                      time_text(token.find("expires")), yes(token, "revoked")});
    }
    return answer(call, *done, table_text({"JTI", "USER", "ISSUED", "EXPIRES", "REVOKED"}, rows));
  });
}

int token_revoke(const invocation& call) {
  return with_backend(call, [&](backend& to) -> int {
    const auto done = to.call("token_revoke", tahoe::object{{"jti", call.text("jti")}});
    if (!done) return tell(call, done.error());
    return answer(call, *done, "revoked " + call.text("jti"));
  });
}

int audit(const invocation& call) {
  const auto limit = whole_number(call.text("limit", "1000"));
  if (!limit || *limit < 1 || *limit > 10'000)
    return tell_usage(call,
                      "--limit: was \"" + call.text("limit") + "\"; may be a whole number from 1 to 10000");
  return with_backend(call, [&](backend& to) -> int {
    const auto done = to.call("audit", tahoe::object{{"limit", *limit}});
    if (!done) return tell(call, done.error());
    std::vector<std::vector<std::string>> rows;
    for (const auto& line : *done->find("lines")->get_if<tahoe::array>())
      rows.push_back({time_text(line.find("when")), text_of(line, "who"), text_of(line, "what"),
                      report::one_line(text_of(line, "whom"), 200)});
    return answer(call, *done, table_text({"WHEN", "WHO", "WHAT", "WHOM"}, rows));
  });
}

}  // namespace cybexd::app::cli
