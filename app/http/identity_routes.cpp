#include <cmath>
#include <utility>

#include "app/http/fields.hpp"
#include "app/http/routes.hpp"

namespace cybexd::app::http {

namespace {

using messages::identity_request;
using wish = identity_request::wish;
using read_function = expected<void> (*)(const tahoe::value& body, identity_request& asked);
using show_function = response (*)(messages::identity_answer&& done);

/// Log-ins that wait or are being checked: more would only make each other, and everybody else at the desk,
/// wait.
constexpr std::uint64_t most_logins = 16;

// --- Bodies

expected<void> text(const tahoe::value& body, std::string_view field, std::string& to) {
  auto read = text_field(body, field);
  if (!read) return fail(read.error());
  to = std::move(*read);
  return {};
}

expected<void> texts(const tahoe::value& body, std::string_view field, std::vector<std::string>& to) {
  auto read = texts_field(body, field);
  if (!read) return fail(read.error());
  to = std::move(*read);
  return {};
}

expected<void> read_login(const tahoe::value& body, identity_request& asked) {
  return text(body, "email", asked.email).and_then([&] { return text(body, "password", asked.password); });
}

expected<void> read_new_user(const tahoe::value& body, identity_request& asked) {
  std::string again;
  return text(body, "email", asked.email)
      .and_then([&] { return text(body, "password", asked.password); })
      .and_then([&] { return text(body, "password2", again); })
      .and_then([&] { return text(body, "name", asked.name); })
      .and_then([&]() -> expected<void> {
        if (again != asked.password) return fail(failure::bad_input, "password2: Passwords do not match!");
        return {};
      });
}

expected<void> read_new_org(const tahoe::value& body, identity_request& asked) {
  return text(body, "orgname", asked.org)
      .and_then([&] { return texts(body, "user", asked.users); })
      .and_then([&] { return texts(body, "admin", asked.admins); })
      .and_then([&] { return text(body, "name", asked.name); });
}

expected<void> read_members(const tahoe::value& body, std::string_view lists, identity_request& asked) {
  return text(body, "org_hash", asked.org)
      .and_then([&] { return texts(body, "user", asked.users); })
      .and_then([&] { return texts(body, lists, asked.lists); });
}
expected<void> read_added(const tahoe::value& body, identity_request& asked) {
  return read_members(body, "add_to", asked);
}
expected<void> read_deleted(const tahoe::value& body, identity_request& asked) {
  return read_members(body, "del_from", asked);
}

expected<void> read_info(const tahoe::value& body, identity_request& asked) {
  asked.lists = {"all"};
  auto read = text(body, "org_hash", asked.org);
  if (!read || body.find("return_type") == nullptr) return read;
  return texts(body, "return_type", asked.lists);
}

// --- Answers

response show_login(messages::identity_answer&& done) {
  return json(200, tahoe::object{{"message", "Logged in!"}, {"token", std::move(done.token)}});
}
response show_new_user(messages::identity_answer&& done) {
  return json(201, tahoe::object{{"message", "User created!"},
                                 {"result", std::move(done.result)},
                                 {"token", std::move(done.token)}});
}
response show_new_org(messages::identity_answer&& done) {
  return json(201, tahoe::object{{"message", "Org created!"}, {"result", std::move(done.result)}});
}
response show_added(messages::identity_answer&&) { return message(201, "User/s successfully added!"); }
response show_deleted(messages::identity_answer&&) { return message(201, "User/s successfully deleted!"); }
response show_result(messages::identity_answer&& done) {
  return json(200, tahoe::object{{"result", std::move(done.result)}, {"message", "See result."}});
}

response answer_of(expected<messages::identity_answer> done, show_function show) {
  if (!done) return answer_to(done.error());
  if (done->slow_down_seconds > 0) {
    auto slow = message(429, "Too many failed log-ins, try again later.");
    slow.retry_after = std::chrono::seconds(std::llround(std::ceil(done->slow_down_seconds)));
    return slow;
  }
  return show(std::move(*done));
}

// --- Routes

struct identity_route {
  wish what;
  std::string_view method, path;
  read_function read;  ///< Null: there is no body.
  show_function show;
};

constexpr identity_route identity_table[] = {
    {wish::login, "POST", "/login", read_login, show_login},
    {wish::create_user, "POST", "/create/user", read_new_user, show_new_user},
    {wish::create_org, "POST", "/create/org", read_new_org, show_new_org},
    {wish::add_members, "POST", "/org/add/user", read_added, show_added},
    {wish::remove_members, "POST", "/org/del/user", read_deleted, show_deleted},
    {wish::org_info, "POST", "/org/info", read_info, show_result},
    {wish::orgs_admin_of, "GET", "/orgs/admin_of", nullptr, show_result},
    {wish::orgs_user_of, "GET", "/orgs/user_of", nullptr, show_result},
    {wish::user_info, "GET", "/user/info/self", nullptr, show_result},
};

void ask(const http_backend& backend, const identity_route& to, const std::shared_ptr<budget>& logins,
         request&& r, const responder& respond) {
  if (!backend.identity) return respond(try_later("The server is not ready yet, try again later."));
  auto asked = std::make_shared<identity_request>();
  asked->what = to.what;
  asked->token = std::move(r.token);
  if (to.read != nullptr) {
    const auto body = read_object(r.body);
    if (!body) return respond(answer_to(body.error()));
    if (const auto read = to.read(*body, *asked); !read) return respond(answer_to(read.error()));
  }
  const auto place = std::make_shared<share>(to.what == wish::login ? logins : nullptr);
  if (!place->grow_to(1)) return respond(try_later("Too many log-ins at once, try again later."));
  auto reply = std::make_shared<messages::reply_once<messages::identity_answer>>(
      [respond, place, show = to.show](expected<messages::identity_answer> done) {
        place->release();
        respond(answer_of(std::move(done), show));
      });
  backend.identity({std::move(asked), std::move(reply)});
}

}  // namespace

std::vector<route> identity_routes(const std::shared_ptr<const http_backend>& backend) {
  const auto logins = std::make_shared<budget>(most_logins);
  std::vector<route> routes;
  for (const auto& to : identity_table) {
    routes.push_back({.method = std::string(to.method),
                      .pattern = std::string(to.path),
                      .run =
                          [backend, logins, &to](request&& r, const responder& respond) {
                            ask(*backend, to, logins, std::move(r), respond);
                          },
                      .body = to.read == nullptr ? body_size::none : body_size::json,
                      .needs_token = to.what != wish::login});
  }
  return routes;
}

}  // namespace cybexd::app::http
