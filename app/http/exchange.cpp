#include "app/http/exchange.hpp"

#include <atomic>
#include <utility>

#include "tahoe/json.hpp"

namespace cybexd::app::http {

void departure::then(std::function<void()> tell) {
  std::unique_lock lock(mutex_);
  if (!gone_) {
    tell_ = std::move(tell);
    return;
  }
  lock.unlock();
  tell();
}

void departure::happened() {
  std::unique_lock lock(mutex_);
  gone_ = true;
  const auto tell = std::exchange(tell_, nullptr);
  lock.unlock();
  if (tell) tell();
}

struct responder::once {
  explicit once(std::function<void(response)> f) : answer(std::move(f)) {}
  once(const once&) = delete;
  once& operator=(const once&) = delete;
  ~once() {
    if (!done.exchange(true) && answer)
      answer(server_error("The server could not answer this request.", "whoever had it did not answer"));
  }

  std::function<void(response)> answer;
  std::atomic<bool> done{false};
};

responder::responder(std::function<void(response)> answer)
    : once_(std::make_shared<once>(std::move(answer))) {}

void responder::operator()(response r) const {
  if (once_->done.exchange(true)) return;
  if (auto answer = std::exchange(once_->answer, nullptr)) answer(std::move(r));
}

response json(unsigned status, const tahoe::value& v) {
  response r;
  r.status = status;
  r.body = tahoe::to_json(v);
  return r;
}

response message(unsigned status, std::string_view text) {
  return json(status, tahoe::object{{"message", tahoe::value(text)}});
}

response try_later(std::string_view text) {
  auto r = message(503, text);
  r.retry_after = std::chrono::seconds(1);
  return r;
}

response answer_to(const error& e) {
  switch (e.kind) {
    case failure::bad_input:
    case failure::conflict:
      return message(400, e.text);
    case failure::not_allowed:
      return message(401, e.text);
    case failure::not_found:
      return message(404, e.text);
    case failure::too_large:
      return message(413, e.text);
    case failure::overloaded:
      return try_later("The server is overloaded, try again later.");
    case failure::unavailable:
      return try_later("A database is down, try again later.");
    case failure::timed_out:
    case failure::cancelled:
      return try_later("The server could not finish this in time, try again later.");
    case failure::corrupt:
    case failure::internal:
      break;
  }
  return server_error("Server error.", e.text);
}

response server_error(std::string_view text, std::string why) {
  auto r = message(500, text);
  r.why = std::move(why);
  return r;
}

}  // namespace cybexd::app::http
