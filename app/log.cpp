#include "app/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <ctime>
#include <memory>
#include <mutex>

#include "actors/log.hpp"
#include "report/render.hpp"
#include "tahoe/json.hpp"

namespace cybexd::app {
namespace {

constexpr std::size_t longest_text = 4000;

struct open_log_state {
  std::shared_ptr<spdlog::logger> logger;
  bool json = false;
};

std::mutex guard;
std::shared_ptr<const open_log_state> current;

std::shared_ptr<const open_log_state> state() {
  const std::lock_guard lock(guard);
  return current;
}

std::string_view name_of(severity level) {
  switch (level) {
    case severity::trace:
      return "trace";
    case severity::debug:
      return "debug";
    case severity::info:
      return "info";
    case severity::warning:
      return "warning";
    case severity::error:
      return "error";
  }
  return "info";
}

spdlog::level::level_enum level_of(std::string_view name) {
  if (name == "trace") return spdlog::level::trace;
  if (name == "debug") return spdlog::level::debug;
  if (name == "warning") return spdlog::level::warn;
  if (name == "error") return spdlog::level::err;
  if (name == "off") return spdlog::level::off;
  return spdlog::level::info;
}

/// `2026-11-22T21:45:00.123Z`
std::string time_now() {
  const auto now = std::chrono::system_clock::now();
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm parts{};
  std::array<char, 48> room{};
  if (!::gmtime_r(&seconds, &parts)) return {};
  const auto length = std::strftime(room.data(), room.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const auto text = std::to_string(1000 + millis);
  return std::string(room.data(), length) + "." + text.substr(1) + "Z";
}

std::string written(bool json, severity level, std::string_view who, std::string_view text) {
  if (!json) {
    return time_now() + " " + std::string(name_of(level)) + " [" + std::string(who) + "] " +
           report::one_line(text, longest_text);
  }
  return tahoe::to_json(tahoe::object{{"time", time_now()},
                                      {"level", name_of(level)},
                                      {"actor", who},
                                      {"text", report::one_line(text, longest_text)}});
}

severity from_actors(actors::log_level level) {
  switch (level) {
    case actors::log_level::debug:
      return severity::debug;
    case actors::log_level::info:
      return severity::info;
    case actors::log_level::warning:
      return severity::warning;
    case actors::log_level::error:
      return severity::error;
  }
  return severity::info;
}

}  // namespace

expected<void> open_log(const log_settings& how) {
  auto made = std::make_shared<open_log_state>();
  try {
    spdlog::sink_ptr sink;
    if (how.file.path.empty())
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    else
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(how.file.path);
    made->logger = std::make_shared<spdlog::logger>("cybexd", std::move(sink));
  } catch (const spdlog::spdlog_ex& problem) {
    return fail(failure::unavailable, "log.file " + how.file.path + " cannot be opened: " + problem.what());
  }
  made->logger->set_pattern("%v");
  made->logger->set_level(level_of(how.level));
  made->logger->flush_on(spdlog::level::info);
  made->json = how.format == "json";
  {
    const std::lock_guard lock(guard);
    current = std::move(made);
  }
  actors::set_log_sink([](actors::log_level level, std::string_view actor, std::string_view text) {
    log_line(from_actors(level), actor, text);
  });
  return {};
}

void log_line(severity level, std::string_view who, std::string_view text) noexcept {
  try {
    const auto log = state();
    if (!log) {
      if (level >= severity::warning) std::fprintf(stderr, "%s\n", written(false, level, who, text).c_str());
      return;
    }
    const auto grade = level_of(name_of(level));
    if (!log->logger->should_log(grade)) return;
    log->logger->log(grade, spdlog::string_view_t(written(log->json, level, who, text)));
  } catch (...) {
    std::fputs("a line of the log could not be written\n", stderr);
  }
}

void flush_log() noexcept {
  try {
    if (const auto log = state()) log->logger->flush();
  } catch (...) {
    std::fputs("the log could not be written out\n", stderr);
  }
}

}  // namespace cybexd::app
