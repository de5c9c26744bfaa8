#include "tahoe/bson.hpp"

#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

namespace cybexd::tahoe {

static_assert(std::endian::native == std::endian::little, "BSON numbers are copied as they are");

namespace {

// Element types, bsonspec.org.
constexpr char type_double = 0x01, type_string = 0x02, type_object = 0x03, type_array = 0x04,
               type_bool = 0x08, type_null = 0x0a, type_int32 = 0x10, type_int64 = 0x12;

constexpr std::size_t document_frame = 5;  // int32 length before, 0x00 after

bool fits_int32(std::int64_t i) {
  return i >= std::numeric_limits<std::int32_t>::min() && i <= std::numeric_limits<std::int32_t>::max();
}

std::size_t decimal_digits(std::size_t n) {
  std::size_t digits = 1;
  while (n >= 10) n /= 10, ++digits;
  return digits;
}

char type_of(const value& v) {
  switch (v.inner().index()) {
    case 0:
      return type_null;
    case 1:
      return type_bool;
    case 2:
      return fits_int32(*v.get_if<std::int64_t>()) ? type_int32 : type_int64;
    case 3:
      return type_double;
    case 4:
      return type_string;
    case 5:
      return type_array;
    default:
      return type_object;
  }
}

class writer {
 public:
  explicit writer(std::string& out) : out_(out) {}

  void members(const object& list) {
    const auto frame = begin();
    for (const auto& [key, v] : list) element(key, v);
    end(frame);
  }

  [[nodiscard]] bool bad_key() const { return bad_key_; }

 private:
  void element(std::string_view key, const value& v) {
    out_ += type_of(v);
    bad_key_ = bad_key_ || std::memchr(key.data(), 0, key.size()) != nullptr;
    out_ += key;
    out_ += '\0';
    if (const auto* s = v.text()) {
      number(static_cast<std::int32_t>(s->size() + 1));
      out_ += *s;
      out_ += '\0';
    } else if (const auto* i = v.get_if<std::int64_t>()) {
      fits_int32(*i) ? number(static_cast<std::int32_t>(*i)) : number(*i);
    } else if (const auto* d = v.get_if<double>()) {
      number(*d);
    } else if (const auto* b = v.get_if<bool>()) {
      out_ += *b ? '\1' : '\0';
    } else if (const auto* inner = v.get_if<object>()) {
      members(*inner);
    } else if (const auto* list = v.get_if<array>()) {
      items(*list);
    }
  }

  void items(const array& list) {
    const auto frame = begin();
    char room[24];
    for (std::size_t n = 0; n < list.size(); ++n) {
      const auto last = std::to_chars(room, room + sizeof room, n).ptr;
      element({room, static_cast<std::size_t>(last - room)}, list[n]);
    }
    end(frame);
  }

  std::size_t begin() {
    out_.append(4, '\0');
    return out_.size() - 4;
  }

  void end(std::size_t frame) {
    out_ += '\0';
    const auto size = static_cast<std::int32_t>(out_.size() - frame);
    std::memcpy(out_.data() + frame, &size, sizeof size);
  }

  template <class T>
  void number(T n) {
    char bytes[sizeof n];
    std::memcpy(bytes, &n, sizeof n);
    out_.append(bytes, sizeof n);
  }

  std::string& out_;
  bool bad_key_ = false;
};

}  // namespace

std::size_t bson_size(const value& v) {
  if (const auto* s = v.text()) return 4 + s->size() + 1;
  if (const auto* i = v.get_if<std::int64_t>()) return fits_int32(*i) ? 4 : 8;
  if (v.get_if<double>() != nullptr) return 8;
  if (v.get_if<bool>() != nullptr) return 1;
  std::size_t size = v.is_null() ? 0 : document_frame;
  if (const auto* list = v.get_if<array>())
    for (std::size_t n = 0; n < list->size(); ++n) size += 2 + decimal_digits(n) + bson_size((*list)[n]);
  if (const auto* members = v.get_if<object>())
    for (const auto& [key, inner] : *members) size += 2 + key.size() + bson_size(inner);
  return size;
}

expected<std::string> to_bson(const value& v) {
  const auto* members = v.get_if<object>();
  if (members == nullptr)
    return fail(failure::bad_input, "only an object can be stored as BSON, not " + std::string(kind_of(v)));
  const auto size = bson_size(v);
  if (size > max_bson_size)
    return fail(failure::too_large, "the document is " + std::to_string(size) + " bytes as BSON and may be " +
                                        std::to_string(max_bson_size));
  std::string out;
  out.reserve(size);
  writer write(out);
  write.members(*members);
  if (write.bad_key()) return fail(failure::bad_input, "a key of the document holds U+0000");
  return out;
}

}  // namespace cybexd::tahoe
