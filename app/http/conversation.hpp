#pragma once
// What is said on one connection: requests in, answers out, one after the other. Knows no sockets:
// connection.cpp moves the bytes. Everything runs on the connection's own executor, but for what says
// otherwise.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/http/core.hpp"
#include "app/http/head.hpp"
#include "app/http/message_reader.hpp"

namespace cybexd::app::http {

class conversation : public connection, public std::enable_shared_from_this<conversation> {
 public:
  void drain() override;
  void cut() override;
  void give_way() override;

 protected:
  conversation(server_core& core, arrival what, share slot);

  // What the connection does.
  virtual void post(std::function<void()> job) = 0;  ///< Any thread: runs the job on the executor.
  virtual void read_more() = 0;                      ///< Ends in `came` or `reading_ended`.
  virtual void write_answer() = 0;                   ///< Sends out_head_ and out_body_, ends in `written`.
  virtual void write_continue() = 0;                 ///< Sends "100 Continue", ends in `continue_written`.
  virtual void linger(std::uint64_t bytes) = 0;  ///< Says that no more comes, drops so much, then `close`.
  virtual void arm(std::chrono::milliseconds
                       time) = 0;  ///< After that time what goes on is cancelled, timed_out() is true.
  virtual void disarm() = 0;
  [[nodiscard]] virtual bool timed_out() const = 0;
  virtual void watch_client() = 0;  ///< Until `forget_client`: tells `client_left` when it closes or breaks.
  virtual void forget_client() = 0;
  virtual void close_socket() = 0;

  // What the connection tells.
  void next();
  void came(std::size_t bytes);
  void reading_ended(bool by_client);
  void written(bool well);
  void continue_written(bool well);
  void deadline_passed();  ///< While nothing is read or written.
  void client_left();
  void close();
  [[nodiscard]] bool closed() const { return phase_ == phase::closed; }

  server_core& core_;
  arrival what_;
  share slot_;
  std::shared_ptr<const server_limits> limits_;
  message_reader reader_;
  std::string out_head_, out_body_;

 private:
  enum class phase : std::uint8_t { starting, idle, head, body, working, writing, lingering, closed };

  void begin_head();
  void read_head();
  [[nodiscard]] std::optional<response> judge_head();
  void authenticate();
  void authenticated(expected<std::string> user, std::uint64_t exchange);
  void begin_body();
  void read_body();
  void dispatch();
  void run(const route& to, request& asked, const responder& respond);
  void refuse(response r);
  void answer(response r);
  void count_in_flight(std::int64_t change);
  void finished(unsigned status);

  phase phase_ = phase::starting;
  std::uint64_t exchange_ = 0;  ///< Number of the request: an answer that comes too late is for none.
  request_head head_;
  request request_;
  const route* route_ = nullptr;
  share place_, out_bytes_;
  std::shared_ptr<departure> departure_;  ///< While an answer is waited for that may take its time.
  std::chrono::steady_clock::time_point started_;
  std::int64_t in_flight_ = 0;
  bool keep_ = true, served_ = false, refused_ = false;
};

}  // namespace cybexd::app::http
