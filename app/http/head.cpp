#include "app/http/head.hpp"

#include <algorithm>
#include <ctime>

#include "app/http/words.hpp"

namespace cybexd::app::http {

namespace {

std::string_view reason_of(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Payload Too Large";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

/// RFC 9110, 5.6.7. Not through strftime's names, which follow the locale.
std::string http_date(std::chrono::system_clock::time_point now) {
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  const auto size = std::strftime(text, sizeof text, " %Y %H:%M:%S GMT", &utc);
  const auto day = std::to_string(utc.tm_mday);
  return std::string(days[utc.tm_wday]) + ", " + (day.size() < 2 ? "0" : "") + day + " " +
         months[utc.tm_mon] + std::string(text, size);
}

}  // namespace

bool request_head::wants_continue() const { return version == 11 && same_word(expect, "100-continue"); }

std::optional<response> problem_of(const request_head& head, const server_limits& limits) {
  if (head.target.size() > limits.target_bytes) return message(414, "The URL is too long.");
  if (head.hosts > 1 || (head.hosts == 0 && head.version == 11))
    return message(400, "The request needs exactly one Host header.");
  if (head.lengths > 1) return message(400, "The request has several Content-Length headers.");
  if (head.lengths == 1 && head.length_text.find_first_not_of("0123456789") != std::string::npos)
    return message(400, "Content-Length must be one number.");
  if (head.codings > 0 && head.lengths > 0)
    return message(400, "The request has both Content-Length and Transfer-Encoding.");
  if (head.codings > 1 || (head.codings == 1 && !same_word(head.transfer_encoding, "chunked")))
    return message(400, "The only Transfer-Encoding understood is chunked.");
  if (head.codings > 0 && head.version == 10) return message(400, "HTTP/1.0 has no Transfer-Encoding.");
  if (!head.expect.empty() && !same_word(head.expect, "100-continue"))
    return message(417, "The only Expect understood is 100-continue.");
  return std::nullopt;
}

std::uint64_t body_limit_of(const route& to, const server_limits& limits) {
  switch (to.body) {
    case body_size::none:  // clients send one with a GET all the same
    case body_size::json:
      return limits.json_bytes;
    case body_size::upload:
      return limits.upload_bytes;
  }
  return 0;
}

std::optional<response> body_problem_of(const request_head& head, const route& to,
                                        const server_limits& limits) {
  const auto limit = body_limit_of(to, limits);
  if (head.content_length.value_or(0) > limit)
    return message(413, "The body is larger than the " + std::to_string(limit) + " bytes allowed here.");
  if (to.body != body_size::none && head.lengths == 0 && !head.chunked)
    return message(411, "The request needs a Content-Length, or a chunked body.");
  return std::nullopt;
}

std::string bearer_of(const request_head& head) {
  const std::string_view text = head.authorization;
  if (head.authorizations != 1 || text.size() < 8 || !same_word(text.substr(0, 7), "bearer ")) return {};
  const auto start = text.find_first_not_of(' ', 7);
  if (start == std::string_view::npos) return {};
  return std::string(text.substr(start, text.find_last_not_of(' ') - start + 1));
}

std::string name_in_log(const request_head& head) {
  constexpr std::size_t most = 200;
  return head.method + " " + head.target.substr(0, std::min(head.target.find('?'), most));
}

response too_many_requests() {
  auto r = message(429, "Too many requests.");
  r.retry_after = std::chrono::seconds(1);
  return r;
}

response not_authenticated() { return message(401, "Invalid/missing token in auth header!"); }

std::string head_of(const response& r, bool keep_alive, std::chrono::system_clock::time_point now) {
  std::string head = "HTTP/1.1 " + std::to_string(r.status) + " ";
  head += reason_of(r.status);
  head += "\r\nServer: cybexd\r\nDate: " + http_date(now);
  head += "\r\nContent-Type: " + r.content_type + "\r\nContent-Length: " + std::to_string(r.body.size());
  // Answers hold tokens and what only the asker may see.
  head += "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  if (r.status == 401) head += "WWW-Authenticate: Bearer\r\n";
  if (!r.allow.empty()) head += "Allow: " + r.allow + "\r\n";
  if (r.retry_after) head += "Retry-After: " + std::to_string(r.retry_after->count()) + "\r\n";
  head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

}  // namespace cybexd::app::http
