#pragma once
// How an actor answers somebody who is not an actor (an HTTP connection, a command).
#include <functional>
#include <memory>
#include <utility>

#include "crypto/error.hpp"

namespace cybexd::messages {

/// Calls back exactly once: with the answer, or with `failure::overloaded` when whoever should answer ends
/// before it has. The callback must be quick and thread safe: it posts to the asker's own loop.
template <class T>
class reply_once {
 public:
  explicit reply_once(std::function<void(expected<T>)> callback) : callback_(std::move(callback)) {}
  reply_once(const reply_once&) = delete;
  reply_once& operator=(const reply_once&) = delete;
  ~reply_once() { (*this)(fail(failure::overloaded, "whoever should answer has ended, ask again")); }

  void operator()(expected<T> answer) {
    if (auto callback = std::exchange(callback_, nullptr)) callback(std::move(answer));
  }

 private:
  std::function<void(expected<T>)> callback_;
};

template <class T>
using reply_handle = std::shared_ptr<reply_once<T>>;

}  // namespace cybexd::messages
