#include "actors/log.hpp"

#include <iostream>
#include <memory>
#include <mutex>

namespace cybexd::actors {

namespace {

void to_standard_error(log_level level, std::string_view actor, std::string_view text) {
  if (level >= log_level::warning) std::cerr << actor << ": " << text << '\n';
}

struct sink_holder {
  std::mutex guard;
  std::shared_ptr<const log_sink> sink = std::make_shared<const log_sink>(to_standard_error);
};

sink_holder& holder() {
  static sink_holder only;
  return only;
}

}  // namespace

void set_log_sink(log_sink sink) {
  auto fresh = std::make_shared<const log_sink>(std::move(sink));
  const std::lock_guard lock(holder().guard);
  holder().sink = std::move(fresh);
}

void log(log_level level, std::string_view actor, std::string_view text) noexcept {
  try {
    std::shared_ptr<const log_sink> sink;
    {
      const std::lock_guard lock(holder().guard);
      sink = holder().sink;
    }
    if (*sink) (*sink)(level, actor, text);
  } catch (...) {  // allowed: a sink that fails must not take the actor that speaks with it
    return;
  }
}

}  // namespace cybexd::actors
