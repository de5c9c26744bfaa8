#include "app/cli/record_sink.hpp"

#include <thread>

#include "app/cli/output.hpp"
#include "app/client/http_client.hpp"
#include "app/files.hpp"
#include "crypto/envelope.hpp"
#include "crypto/random.hpp"
#include "tahoe/json.hpp"

namespace cybexd::app::cli {
namespace {

constexpr std::size_t batch_entries = 500, batch_bytes = 4u << 20;

class lake : public record_sink {
 public:
  lake(const invocation& call, backend& to) : call_(call), to_(to) {}

  expected<void> put(outgoing record) override {
    bytes_ += record.text.size();
    const bool plain = !record.sealed && crypto::is_utf8(record.text);
    entries_.push_back(tahoe::object{
        {"name", crypto::is_utf8(record.name) ? record.name : "record"},
        {plain ? "text" : "base64", plain ? std::move(record.text) : crypto::to_base64(record.text)},
        {"ndjson", record.ndjson},
        {"sealed", record.sealed},
        {"records", static_cast<std::int64_t>(record.records)}});
    return entries_.size() >= batch_entries || bytes_ >= batch_bytes ? flush() : expected<void>{};
  }

  expected<void> flush() override {
    if (entries_.empty()) return {};
    const auto done = to_.call("raw_put", tahoe::object{{"typetag", call_.text("typetag")},
                                                        {"org", call_.text("org")},
                                                        {"timezone", call_.text("timezone", "UTC")},
                                                        {"entries", std::move(entries_)}});
    entries_.clear();
    bytes_ = 0;
    if (!done) return fail(done.error());
    records += static_cast<std::uint64_t>(integer_of(*done, "records"));
    entries += static_cast<std::uint64_t>(integer_of(*done, "entries"));
    return {};
  }

 private:
  const invocation& call_;
  backend& to_;
  tahoe::array entries_;
  std::size_t bytes_ = 0;
};

class server : public record_sink {
 public:
  server(const invocation& call, client::http_client to, std::string token)
      : call_(call), to_(std::move(to)), token_(std::move(token)) {}
  ~server() override { crypto::wipe(token_); }

  expected<void> put(outgoing record) override {
    auto request = record.ndjson ? ndjson_request(record) : form_request(record);
    if (!request) return fail(request.error());
    request->token = token_;
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(10);
    while (true) {
      const auto answer = to_.send(*request, std::chrono::minutes(5));
      if (!answer) return fail(answer.error());
      if (answer->status == 201) break;
      const bool later = answer->status == 503 || answer->status == 429;
      if (!later || std::chrono::steady_clock::now() > end) return fail(refusal(*answer));
      std::this_thread::sleep_for(std::clamp<std::chrono::seconds>(
          answer->retry_after, std::chrono::seconds(1), std::chrono::seconds(60)));
    }
    records += record.records;
    ++entries;
    return {};
  }

  expected<void> flush() override { return {}; }

 private:
  static error refusal(const client::http_answer& answer) {
    const auto body = tahoe::parse_json(answer.body);
    const auto told = body ? text_of(*body, "message") : std::string{};
    const auto kind = answer.status == 401   ? failure::not_allowed
                      : answer.status >= 500 ? failure::unavailable
                                             : failure::bad_input;
    return {kind, "the server answered " + std::to_string(answer.status) + (told.empty() ? "" : ": " + told)};
  }

  expected<client::http_request> ndjson_request(const outgoing& record) const {
    client::http_request request;
    request.target = "/raw?orgid=" + client::percent_encoded(call_.text("org")) +
                     "&typetag=" + client::percent_encoded(call_.text("typetag")) +
                     "&timezone=" + client::percent_encoded(call_.text("timezone", "UTC")) +
                     "&name=" + client::percent_encoded(record.name);
    request.content_type = "application/x-ndjson";
    request.body = record.text;
    return request;
  }

  expected<client::http_request> form_request(const outgoing& record) const {
    std::string edge = "cybexd-" + crypto::random_word(32);
    while (record.text.find(edge) != std::string::npos) edge = "cybexd-" + crypto::random_word(32);
    client::http_request request;
    request.target = "/raw";
    request.content_type = "multipart/form-data; boundary=" + edge;
    for (const auto& [name, value] : {std::pair<std::string, std::string>{"name", record.name},
                                      {"orgid", call_.text("org")},
                                      {"typetag", call_.text("typetag")},
                                      {"timezone", call_.text("timezone", "UTC")}}) {
      request.body +=
          "--" + edge + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
    }
    request.body += "--" + edge +
                    "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"record\"\r\n\r\n" +
                    record.text + "\r\n--" + edge + "--\r\n";
    return request;
  }

  const invocation& call_;
  client::http_client to_;
  std::string token_;
};

}  // namespace

std::unique_ptr<record_sink> lake_sink(const invocation& call, backend& to) {
  return std::make_unique<lake>(call, to);
}

expected<std::unique_ptr<record_sink>> server_sink(const invocation& call) {
  const auto token = read_secret_file(call.text("token-file"), false);
  if (!token) return fail(token.error());
  auto client = client::http_client::to_url(call.text("server"), call.text("ca-file"));
  if (!client) return fail(client.error());
  return std::make_unique<server>(call, std::move(*client), std::string(token->view()));
}

}  // namespace cybexd::app::cli
