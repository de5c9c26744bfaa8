#include <bson/bson.h>

#include <algorithm>
#include <cstring>

#include "crypto/digest.hpp"
#include "tahoe/store/mongodb_bson.hpp"

namespace cybexd::store {

object_id object_id::make() {
  bson_oid_t oid;
  bson_oid_init(&oid, nullptr);
  object_id id;
  std::memcpy(id.bytes.data(), oid.bytes, id.bytes.size());
  return id;
}

object_id object_id::at(double seconds) {
  object_id id;
  auto whole = static_cast<std::uint32_t>(std::clamp(seconds, 0.0, 4294967295.0));
  for (std::size_t i = 4; i-- > 0; whole >>= 8) id.bytes[i] = static_cast<std::uint8_t>(whole);
  return id;
}

double object_id::seconds() const {
  std::uint32_t whole = 0;
  for (std::size_t i = 0; i < 4; ++i) whole = whole << 8 | bytes[i];
  return whole;
}

std::string object_id::to_hex() const {
  return crypto::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::optional<object_id> object_id::from_hex(std::string_view hex) {
  constexpr std::string_view digits = "0123456789abcdef";
  object_id id;
  if (hex.size() != 2 * id.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    const auto high = digits.find(hex[2 * i]), low = digits.find(hex[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    id.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return id;
}

}  // namespace cybexd::store
