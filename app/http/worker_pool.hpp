#pragma once
// A few threads that do what must not hold up the connections, with a bounded queue.
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace cybexd::app::http {

class worker_pool {
 public:
  /// `name`: of the threads, at most 15 characters. Throws std::system_error where not all of them are to be
  /// had.
  worker_pool(std::string name, std::size_t threads, std::size_t queue_limit);
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;
  ~worker_pool();

  /// False when the queue is full or the pool stops: the job is not taken. A job must not throw.
  [[nodiscard]] bool post(std::function<void()> job);
  /// Drops what waits, finishes what runs, ends the threads. May be called twice.
  void stop();

 private:
  void run(const std::string& name);

  std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace cybexd::app::http
