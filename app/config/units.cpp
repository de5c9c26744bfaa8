#include "app/config/units.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace cybexd::app {
namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<unit, 5> times{
    {{"ms", 1}, {"s", 1'000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<unit, 5> sizes{
    {{"B", 1}, {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}, {"TiB", 1ULL << 40}}};

/// A whole number and a unit of the table, multiplied; nothing beyond `highest`.
template <std::size_t Count>
std::optional<std::uint64_t> with_unit(std::string_view text, const std::array<unit, Count>& units,
                                       std::uint64_t highest) {
  std::uint64_t number = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{}) return std::nullopt;
  const std::string_view name(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  for (const auto& one : units) {
    if (one.name != name) continue;
    if (number > highest / one.factor) return std::nullopt;
    return number * one.factor;
  }
  return std::nullopt;
}

/// The largest unit that divides the amount.
template <std::size_t Count>
std::string in_largest_unit(std::uint64_t amount, const std::array<unit, Count>& units,
                            std::string_view unit_of_zero) {
  if (amount == 0) return "0" + std::string(unit_of_zero);
  for (std::size_t at = Count; at-- > 0;) {
    if (amount % units[at].factor == 0)
      return std::to_string(amount / units[at].factor) + std::string(units[at].name);
  }
  return {};
}

}  // namespace

std::optional<duration> duration_from(std::string_view text) {
  const auto amount = with_unit(text, times, 10'000ULL * 86'400'000ULL);
  if (!amount) return std::nullopt;
  return duration(static_cast<std::int64_t>(*amount));
}

std::string to_text(duration time) {
  return in_largest_unit(static_cast<std::uint64_t>(time.count()), times, "s");
}

std::optional<byte_size> size_from(std::string_view text) {
  const auto amount = with_unit(text, sizes, std::uint64_t{std::numeric_limits<std::int64_t>::max()});
  if (!amount) return std::nullopt;
  return byte_size{*amount};
}

std::string to_text(byte_size size) { return in_largest_unit(size.bytes, sizes, "B"); }

std::optional<endpoint> endpoint_from(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  const auto port = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;  // an IPv6 address without brackets could mean several things
  }
  if (host.empty() || host.find_first_of(" \t[]/@") != std::string_view::npos) return std::nullopt;
  std::uint16_t number = 0;
  const auto [rest, problem] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (problem != std::errc{} || rest != port.data() + port.size()) return std::nullopt;
  return endpoint{std::string(host), number};
}

std::string to_text(const endpoint& where) {
  const bool brackets = where.host.find(':') != std::string::npos;
  return (brackets ? "[" + where.host + "]" : where.host) + ":" + std::to_string(where.port);
}

}  // namespace cybexd::app
