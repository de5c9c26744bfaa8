#include "app/cli/numbers.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace cybexd::app::cli {
namespace {

template <class Number>
std::optional<Number> parsed(std::string_view text) {
  Number number{};
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string with_unit(double amount, const char* unit) {
  std::array<char, 48> room{};
  std::snprintf(room.data(), room.size(), amount < 10 ? "%.1f %s" : "%.0f %s", amount, unit);
  return room.data();
}

}  // namespace

std::optional<std::int64_t> whole_number(std::string_view text) { return parsed<std::int64_t>(text); }

std::optional<double> real_number(std::string_view text) {
  const auto number = parsed<double>(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::string time_text(const tahoe::value* seconds) {
  double room = 0;
  const auto* number = seconds ? seconds->number(room) : nullptr;
  if (!number) return {};
  const auto whole = static_cast<std::time_t>(*number);
  std::tm parts{};
  std::array<char, 32> text{};
  if (!::gmtime_r(&whole, &parts) ||
      std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts) == 0)
    return {};
  return text.data();
}

std::string span_text(double seconds) {
  if (seconds < 60) return with_unit(seconds, "s");
  if (seconds < 3600) return with_unit(seconds / 60, "min");
  if (seconds < 86'400) return with_unit(seconds / 3600, "h");
  return with_unit(seconds / 86'400, "d");
}

std::string size_text(std::int64_t bytes) {
  const auto amount = static_cast<double>(bytes);
  if (bytes < 1 << 10) return std::to_string(bytes) + " B";
  if (bytes < 1 << 20) return with_unit(amount / 1024, "KiB");
  if (bytes < 1 << 30) return with_unit(amount / (1 << 20), "MiB");
  return with_unit(amount / (1 << 30), "GiB");
}

}  // namespace cybexd::app::cli
