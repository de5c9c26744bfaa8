#include <bson/bson.h>

#include <cmath>
#include <cstring>

#include "crypto/digest.hpp"
#include "tahoe/bson.hpp"
#include "tahoe/json.hpp"

namespace cybexd::tahoe {

namespace {

constexpr std::size_t max_depth = 200;  // deeper than any document that was ever accepted

value wrapped(std::string_view name, value inner) {
  object out;
  out.emplace_back(std::string(name), std::move(inner));
  return value(std::move(out));
}

/// Milliseconds since 1970 as `YYYY-MM-DDTHH:MM:SS[.mmm]Z` (civil-from-days, years 1970 to 9999).
std::string iso_date(std::int64_t ms) {
  const std::int64_t days = ms / 86'400'000;
  const std::int64_t in_day = ms % 86'400'000;
  const std::int64_t z = days + 719'468, era = z / 146'097, doe = z - era * 146'097;
  const std::int64_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  const std::int64_t day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
  const std::int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  const auto two = [](std::int64_t n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
  std::string out = std::to_string(year) + "-" + two(month) + "-" + two(day) + "T" + two(in_day / 3'600'000) +
                    ":" + two(in_day / 60'000 % 60) + ":" + two(in_day / 1000 % 60);
  if (const auto rest = in_day % 1000; rest != 0) {
    const auto digits = std::to_string(rest);
    out += "." + std::string(3 - digits.size(), '0') + digits;
  }
  return out + "Z";
}

/// Reads elements with every length checked against what is there. The first fault stops it.
class reader {
 public:
  explicit reader(std::string_view bytes) : rest_(bytes) {}

  bool document(value& out, bool is_array, std::size_t depth) {
    std::int32_t size = 0;
    const auto whole = rest_;
    if (depth > max_depth || !number(size) || size < 5 || static_cast<std::size_t>(size) > whole.size())
      return false;
    reader inner(whole.substr(4, static_cast<std::size_t>(size) - 4));
    if (!(is_array ? inner.items(out, depth) : inner.members(out, depth))) return false;
    rest_ = whole.substr(static_cast<std::size_t>(size));
    return true;
  }

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  bool members(value& out, std::size_t depth) {
    object list;
    while (rest_.size() > 1) {
      const char type = rest_.front();
      rest_.remove_prefix(1);
      std::string_view key;
      if (!c_string(key)) return false;
      list.emplace_back(std::string(key), value{});
      if (!element(type, list.back().second, depth)) return false;
    }
    if (rest_ != std::string_view("\0", 1)) return false;
    out = value(std::move(list));
    return true;
  }

  bool items(value& out, std::size_t depth) {
    array list;
    while (rest_.size() > 1) {
      const char type = rest_.front();
      rest_.remove_prefix(1);
      std::string_view index;
      if (!c_string(index) || !element(type, list.emplace_back(), depth)) return false;
    }
    if (rest_ != std::string_view("\0", 1)) return false;
    out = value(std::move(list));
    return true;
  }

  bool element(char type, value& out, std::size_t depth) {
    switch (static_cast<unsigned char>(type)) {
      case BSON_TYPE_DOUBLE:
        return real(out);
      case BSON_TYPE_UTF8:
        return text(out);
      case BSON_TYPE_DOCUMENT:
        return document(out, false, depth + 1);
      case BSON_TYPE_ARRAY:
        return document(out, true, depth + 1);
      case BSON_TYPE_BOOL:
        return boolean(out);
      case BSON_TYPE_NULL:
        return true;
      case BSON_TYPE_INT32:
        return integer<std::int32_t>(out);
      case BSON_TYPE_INT64:
        return integer<std::int64_t>(out);
      default:
        return foreign(static_cast<unsigned char>(type), out, depth);
    }
  }

  /// Types that JSON does not have, as Extended JSON.
  bool foreign(unsigned char type, value& out, std::size_t depth) {
    switch (type) {
      case BSON_TYPE_OID:
        return object_id(out);
      case BSON_TYPE_DATE_TIME:
        return date(out);
      case BSON_TYPE_BINARY:
        return binary(out);
      case BSON_TYPE_DECIMAL128:
        return decimal(out);
      case BSON_TYPE_TIMESTAMP:
        return timestamp(out);
      case BSON_TYPE_REGEX:
        return regular_expression(out);
      case BSON_TYPE_UNDEFINED:
        out = wrapped("$undefined", true);
        return true;
      case BSON_TYPE_MINKEY:
        out = wrapped("$minKey", 1);
        return true;
      case BSON_TYPE_MAXKEY:
        out = wrapped("$maxKey", 1);
        return true;
      case BSON_TYPE_CODE:
        return wrapped_text("$code", out);
      case BSON_TYPE_SYMBOL:
        return wrapped_text("$symbol", out);
      case BSON_TYPE_CODEWSCOPE:
        return scoped_code(out, depth);
      case BSON_TYPE_DBPOINTER:
        return pointer(out);
      default:
        return false;
    }
  }

  template <class T>
  bool number(T& out) {
    if (rest_.size() < sizeof out) return false;
    std::memcpy(&out, rest_.data(), sizeof out);
    rest_.remove_prefix(sizeof out);
    return true;
  }

  bool c_string(std::string_view& out) {
    const auto end = rest_.find('\0');
    if (end == std::string_view::npos) return false;
    out = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return is_valid_utf8(out);
  }

  bool string(std::string_view& out) {
    std::int32_t size = 0;
    if (!number(size) || size < 1 || static_cast<std::size_t>(size) > rest_.size()) return false;
    out = rest_.substr(0, static_cast<std::size_t>(size) - 1);
    const bool ends = rest_[out.size()] == '\0';
    rest_.remove_prefix(out.size() + 1);
    return ends && is_valid_utf8(out);
  }

  bool text(value& out) {
    std::string_view s;
    if (!string(s)) return false;
    out = value(s);
    return true;
  }

  bool wrapped_text(std::string_view name, value& out) {
    std::string_view s;
    if (!string(s)) return false;
    out = wrapped(name, s);
    return true;
  }

  bool real(value& out) {
    double d = 0;
    if (!number(d)) return false;
    const auto* word = std::isnan(d) ? "NaN" : std::isinf(d) ? (d < 0 ? "-Infinity" : "Infinity") : nullptr;
    out = word == nullptr ? value(d) : wrapped("$numberDouble", word);
    return true;
  }

  bool boolean(value& out) {
    std::uint8_t b = 0;
    if (!number(b) || b > 1) return false;
    out = value(b == 1);
    return true;
  }

  template <class T>
  bool integer(value& out) {
    T i = 0;
    if (!number(i)) return false;
    out = value(std::int64_t{i});
    return true;
  }

  bool object_id(value& out) {
    if (rest_.size() < 12) return false;
    out = wrapped("$oid", crypto::to_hex(rest_.substr(0, 12)));
    rest_.remove_prefix(12);
    return true;
  }

  bool date(value& out) {
    constexpr std::int64_t end_of_9999 = 253'402'300'799'999;
    std::int64_t ms = 0;
    if (!number(ms)) return false;
    const bool plain = ms >= 0 && ms <= end_of_9999;
    out = wrapped("$date", plain ? value(iso_date(ms)) : wrapped("$numberLong", std::to_string(ms)));
    return true;
  }

  bool binary(value& out) {
    std::int32_t size = 0;
    std::uint8_t subtype = 0;
    if (!number(size) || !number(subtype) || size < 0 || static_cast<std::size_t>(size) > rest_.size())
      return false;
    const auto bytes = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(bytes.size());
    const char kind = static_cast<char>(subtype);
    out = wrapped("$binary",
                  object{{"base64", crypto::to_base64(bytes)}, {"subType", crypto::to_hex({&kind, 1})}});
    return true;
  }

  bool decimal(value& out) {
    bson_decimal128_t number128;
    if (!number(number128.low) || !number(number128.high)) return false;
    char room[BSON_DECIMAL128_STRING];
    bson_decimal128_to_string(&number128, room);
    out = wrapped("$numberDecimal", std::string_view(room));
    return true;
  }

  bool timestamp(value& out) {
    std::uint32_t increment = 0, seconds = 0;
    if (!number(increment) || !number(seconds)) return false;
    out = wrapped("$timestamp", object{{"t", std::int64_t{seconds}}, {"i", std::int64_t{increment}}});
    return true;
  }

  bool regular_expression(value& out) {
    std::string_view pattern, options;
    if (!c_string(pattern) || !c_string(options)) return false;
    out = wrapped("$regularExpression", object{{"pattern", pattern}, {"options", options}});
    return true;
  }

  bool scoped_code(value& out, std::size_t depth) {
    std::int32_t size = 0;
    std::string_view code;
    value scope;
    if (!number(size) || !string(code) || !document(scope, false, depth + 1)) return false;
    out = value(object{{"$code", code}, {"$scope", std::move(scope)}});
    return true;
  }

  bool pointer(value& out) {
    std::string_view collection;
    value id;
    if (!string(collection) || !object_id(id)) return false;
    out = wrapped("$dbPointer", object{{"$ref", collection}, {"$id", std::move(id)}});
    return true;
  }

  std::string_view rest_;
};

}  // namespace

expected<value> from_bson(std::string_view bytes) {
  value out;
  reader read(bytes);
  if (!read.document(out, false, 0) || !read.at_end())
    return fail(failure::corrupt,
                "a stored document of " + std::to_string(bytes.size()) + " bytes is no valid BSON");
  return out;
}

}  // namespace cybexd::tahoe
