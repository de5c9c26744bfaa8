#pragma once
// BSON as the MongoDB homes write and read it: what JSON values (`tahoe/bson.hpp`) do not have, ObjectIds,
// binary and dates, comes in here. Internal to tahoe/store/ and its tests.
//
//   const auto filter = bson().add("processed", false).add("_id", bson().add("$in", ids));
//   view.find("timestamp").number()   // a double, whatever number it is stored as
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/error.hpp"
#include "tahoe/value.hpp"

struct _bson_t;  // libbson's bson_t

namespace cybexd::store {

/// MongoDB's 12 bytes. Ascend with the time of making, to the second; unique.
struct object_id {
  std::array<std::uint8_t, 12> bytes{};
  auto operator<=>(const object_id&) const = default;
  [[nodiscard]] static object_id make();
  /// The lowest of those made at this time, and the time one was made at: Unix seconds, whole.
  [[nodiscard]] static object_id at(double seconds);
  [[nodiscard]] double seconds() const;
  /// 24 hexadecimal digits in lower case, and back; nothing for other text.
  [[nodiscard]] std::string to_hex() const;
  [[nodiscard]] static std::optional<object_id> from_hex(std::string_view hex);
};

class bson_view;

/// One field as it is stored. Valid as long as the document it was read from. A field that is absent answers
/// nothing to every question, and so does one of another type.
class bson_element {
 public:
  bson_element() = default;
  [[nodiscard]] bool exists() const { return type_ != 0; }
  [[nodiscard]] std::uint8_t type() const { return type_; }  ///< BSON's type byte; 0: absent.
  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] bool is_null() const;
  [[nodiscard]] std::optional<std::string_view> text() const;
  [[nodiscard]] std::optional<double> number() const;         ///< double, int32, int64
  [[nodiscard]] std::optional<std::int64_t> integer() const;  ///< int32, int64, a double that is whole
  [[nodiscard]] std::optional<bool> boolean() const;
  [[nodiscard]] std::optional<object_id> id() const;
  [[nodiscard]] std::optional<std::string_view> binary() const;
  [[nodiscard]] std::optional<std::int64_t> date() const;  ///< Milliseconds since 1970.
  /// A document or an array (whose keys are "0", "1", ...).
  [[nodiscard]] std::optional<bson_view> document() const;

 private:
  friend class bson_view;
  std::uint8_t type_ = 0;
  std::string_view key_;
  const void* bytes_ = nullptr;
  std::size_t size_ = 0;  ///< Of texts, binaries and documents.
  std::int64_t whole_ = 0;
  double real_ = 0;
};

/// Bytes of one document, owned by somebody else.
class bson_view {
 public:
  explicit bson_view(std::string_view bytes) : bytes_(bytes) {}
  explicit bson_view(const struct _bson_t* document);
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  /// The field of that name at the top level; absent where the bytes are damaged before it.
  [[nodiscard]] bson_element find(std::string_view key) const;
  /// `a.b.c`
  [[nodiscard]] bson_element find_dotted(std::string_view path) const;
  /// Every field in order until `visit` says false.
  void each(const std::function<bool(const bson_element&)>& visit) const;
  /// As `tahoe::from_bson`. Errors: corrupt.
  [[nodiscard]] expected<tahoe::value> to_value() const;

 private:
  std::string_view bytes_;
};

/// A document that is being made, or was read and is kept. Integers become int32 where they fit, else int64
/// (as `tahoe::to_bson`).
class bson {
 public:
  bson();
  explicit bson(const bson_view& copied);
  /// `v` is an object. Errors: as `tahoe::to_bson`.
  [[nodiscard]] static expected<bson> from(const tahoe::value& v);
  bson(bson&&) noexcept = default;
  bson& operator=(bson&&) noexcept = default;
  bson(const bson& other);
  bson& operator=(const bson& other);
  ~bson() = default;

  bson& add(std::string_view key, std::string_view text);
  bson& add(std::string_view key, const char* text) { return add(key, std::string_view(text)); }
  bson& add(std::string_view key, const std::string& text) { return add(key, std::string_view(text)); }
  bson& add(std::string_view key, bool b);
  bson& add(std::string_view key, double d);
  bson& add(std::string_view key, int i) { return add(key, std::int64_t{i}); }
  bson& add(std::string_view key, std::int64_t i);
  bson& add(std::string_view key, std::uint64_t i) { return add(key, static_cast<std::int64_t>(i)); }
  bson& add(std::string_view key, const object_id& id);
  bson& add(std::string_view key, const bson& document);
  bson& add(std::string_view key, const class bson_list& list);
  bson& add_int64(std::string_view key, std::int64_t i);  ///< int64 also where int32 would do.
  bson& add_null(std::string_view key);
  bson& add_binary(std::string_view key, std::string_view bytes);  ///< Subtype 0.
  bson& add_date(std::string_view key, std::int64_t milliseconds);
  /// Any JSON value. Errors: as `tahoe::to_bson`; nothing is added then.
  [[nodiscard]] expected<void> add_value(std::string_view key, const tahoe::value& v);
  /// Copies a field as it is, whatever its type, where it is there.
  bson& add_field(std::string_view key, const bson_view& from);
  /// All fields of another document.
  bson& add_all(const bson_view& other);

  [[nodiscard]] bson_view view() const;
  [[nodiscard]] bson_element find(std::string_view key) const { return view().find(key); }
  [[nodiscard]] std::size_t size() const;  ///< Bytes.
  [[nodiscard]] bool empty() const;        ///< No fields.
  [[nodiscard]] const struct _bson_t* get() const { return document_.get(); }
  [[nodiscard]] struct _bson_t* get() { return document_.get(); }

 private:
  struct freed {
    void operator()(struct _bson_t* document) const;
  };
  std::unique_ptr<struct _bson_t, freed> document_;
};

/// An array that is being made.
class bson_list {
 public:
  template <class T>
  bson_list& push(const T& item) {
    items_.add(std::to_string(count_++), item);
    return *this;
  }
  bson_list& push_null() {
    items_.add_null(std::to_string(count_++));
    return *this;
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t size() const { return items_.size(); }  ///< Bytes.
  /// As a document with the keys "0", "1", ...
  [[nodiscard]] const bson& items() const { return items_; }

 private:
  bson items_;
  std::size_t count_ = 0;
};

}  // namespace cybexd::store
