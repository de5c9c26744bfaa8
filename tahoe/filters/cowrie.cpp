#include <array>

#include "tahoe/filters/builder.hpp"
#include "tahoe/filters/filters.hpp"
#include "tahoe/iso_time.hpp"
#include "tahoe/json.hpp"

namespace cybexd::tahoe::filters {

namespace {

/// A record's fields; one that is missing makes the record unusable.
class cowrie_record {
 public:
  cowrie_record(const value& fields, builder& b) : fields_(fields), b_(b) {}

  [[nodiscard]] const value& need(std::string_view key) {
    static const value nothing;
    const auto* field = fields_.find(key);
    if (field != nullptr) return *field;
    b_.refuse("the record has no " + std::string(key));
    return nothing;
  }

  [[nodiscard]] std::string_view need_text(std::string_view key) {
    const auto& field = need(key);
    if (field.text() != nullptr) return *field.text();
    b_.refuse("the record's " + std::string(key) + " is " + std::string(kind_of(field)) + ", not a string");
    return {};
  }

  /// The attribute `sub_type` of what the field holds.
  [[nodiscard]] const document* attribute(std::string_view sub_type, std::string_view key) {
    return &b_.attribute(sub_type, need(key));
  }

  [[nodiscard]] const value* find(std::string_view key) const { return fields_.find(key); }
  [[nodiscard]] builder& make() { return b_; }

 private:
  const value& fields_;
  builder& b_;
};

/// The parts of an event, and which of them are malicious in context.
struct event_parts {
  builder::parts all, malicious;
};

enum class outcome { none, success, failure };

void add_outcome(builder& b, outcome how, event_parts& parts) {
  if (how != outcome::none) parts.all.push_back(&b.attribute("success", how == outcome::success));
}

event_parts shell_command(cowrie_record& r, outcome how) {
  const auto* command = r.attribute("shell_command", "input");
  event_parts parts{{command}, {command}};
  add_outcome(r.make(), how, parts);
  return parts;
}

event_parts login(cowrie_record& r, outcome how) {
  const auto* username = r.attribute("username", "username");
  const auto* password = r.attribute("password", "password");
  const auto* credential = &r.make().object("credential", {username, password});
  event_parts parts{{credential}, {credential}};
  add_outcome(r.make(), how, parts);
  parts.all.push_back(&r.make().attribute("method", "ssh"));
  return parts;
}

event_parts file_download(cowrie_record& r, outcome how) {
  const auto address = python_strip(r.need_text("url"));
  const auto slash = address.rfind('/');
  const auto name = python_strip(slash == std::string_view::npos ? address : address.substr(slash + 1));
  const auto* url = &r.make().attribute("url", address);
  const auto* filename = &r.make().attribute("filename", name);
  builder::parts inside{filename};
  if (how == outcome::success) inside.push_back(r.attribute("sha256", "shasum"));
  const auto* file = &r.make().object("file", inside);
  event_parts parts{{url, file}, {url, file}};
  parts.malicious.insert(parts.malicious.end(), inside.begin(), inside.end());
  add_outcome(r.make(), how, parts);
  return parts;
}

event_parts file_upload(cowrie_record& r, outcome) {
  const auto* filename = r.attribute("filename", "filename");
  const auto* sha256 = r.attribute("sha256", "shasum");
  const auto* file = &r.make().object("file", {filename, sha256});
  event_parts parts{{file}, {filename, sha256, file}};
  // The original takes the first four of a list too, which are never the word.
  const auto& message = r.need("message");
  if (message.get_if<array>() != nullptr) return parts;
  if (!r.need_text("message").starts_with("SFTP")) return parts;
  parts.all.push_back(&r.make().attribute("method", "SFTP"));
  parts.all.push_back(r.attribute("output_file_path", "outfile"));
  return parts;
}

event_parts direct_request(cowrie_record& r, outcome) {
  const auto* url = r.attribute("url", "dst_ip");
  const auto* port = r.attribute("port", "dst_port");
  const auto* dst = &r.make().object("dst", {url, port});
  return {{dst, &r.make().attribute("protocol", "TCP")}, {}};
}

event_parts direct_data(cowrie_record& r, outcome how) {
  const auto* data = r.attribute("data", "data");
  auto parts = direct_request(r, how);
  parts.all.push_back(data);
  return parts;
}

struct event_rule {
  std::string_view eventid, sub_type;
  event_parts (*parts)(cowrie_record&, outcome);
  outcome how;
};

constexpr std::array<event_rule, 10> event_rules = {{
    {"cowrie.command.input", "shell_command", shell_command, outcome::none},
    {"cowrie.command.success", "shell_command", shell_command, outcome::success},
    {"cowrie.command.failed", "shell_command", shell_command, outcome::failure},
    {"cowrie.login.success", "login", login, outcome::success},
    {"cowrie.login.failed", "login", login, outcome::failure},
    {"cowrie.session.file_download", "file_download", file_download, outcome::success},
    {"cowrie.session.file_download.failed", "file_download", file_download, outcome::failure},
    {"cowrie.session.file_upload", "file_upload", file_upload, outcome::none},
    {"cowrie.direct-tcpip.request", "network_traffic", direct_request, outcome::none},
    {"cowrie.direct-tcpip.data", "network_traffic", direct_data, outcome::none},
}};

void make_event(cowrie_record& r, std::string_view eventid, double timestamp) {
  for (const auto& rule : event_rules) {
    if (rule.eventid != eventid) continue;
    auto parts = rule.parts(r, rule.how);
    const auto* address = r.attribute("ipv4", "src_ip");
    const auto* attacker = &r.make().object("attacker", {address});
    parts.all.push_back(attacker);
    parts.malicious.push_back(address);
    parts.malicious.push_back(attacker);
    r.make().event(rule.sub_type, parts.all, timestamp, category::malicious, parts.malicious);
    return;
  }
}

/// The record itself, or the one that its `message` holds.
const value* logged_record(const value& data, value& room, value& inner_room, builder& b) {
  const auto* record = object_of(data, room, b);
  if (record == nullptr || record->find("eventid") != nullptr) return record;
  const auto* message = record->find("message");
  if (message != nullptr && message->text() != nullptr) {
    auto read = read_json(*message->text());
    if (read.problem == json_problem::none && read.root.find("eventid") != nullptr) {
      inner_room = std::move(read.root);
      return &inner_room;
    }
  }
  b.refuse("the record has no eventid");
  return nullptr;
}

}  // namespace

product run_cowrie(const value& data, const context& about) {
  builder b(data, about);
  value room, inner_room;
  const auto* fields = logged_record(data, room, inner_room, b);
  if (fields == nullptr) return b.finish();

  cowrie_record r(*fields, b);
  const auto* name = r.need("eventid").text();
  const auto eventid = name == nullptr ? std::string_view() : std::string_view(*name);
  const auto timestamp = iso_timestamp(r.need_text("timestamp"));
  if (!timestamp) b.refuse("the record's timestamp is no time in ISO 8601");
  const auto* sessionid = r.attribute("sessionid", "session");
  const auto* sensor = r.attribute("sesnor", "sensor");
  if (b.refused()) return b.finish();

  make_event(r, eventid, *timestamp);
  session_change times;
  if (eventid == "cowrie.session.connect") times.session.start_time = value(*timestamp);
  if (eventid == "cowrie.session.closed") {
    times.session.end_time = value(*timestamp);
    times.session.duration = r.need("duration");
  }
  b.session("cowrie_session", {sessionid, sensor}, std::move(times));
  return b.finish();
}

}  // namespace cybexd::tahoe::filters
