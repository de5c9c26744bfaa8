#pragma once
// A JSON value with TAHOE's distinctions: an integer is not a float (`1` and `1.0` hash differently).
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cybexd::tahoe {

class value;
using array = std::vector<value>;
using member = std::pair<std::string, value>;
/// Members in the order of arrival. Keys are unique: the reader keeps the last of equal keys (at the place of
/// the first).
using object = std::vector<member>;

class value {
 public:
  using data = std::variant<std::monostate, bool, std::int64_t, double, std::string, array, object>;

  value() = default;  ///< null
  value(std::nullptr_t) {}
  value(bool b) : data_(b) {}
  value(int i) : data_(std::int64_t{i}) {}
  value(std::int64_t i) : data_(i) {}
  value(double d) : data_(d) {}
  value(std::string s) : data_(std::move(s)) {}
  value(std::string_view s) : data_(std::string(s)) {}
  value(const char* s) : data_(std::string(s)) {}
  value(array a) : data_(std::move(a)) {}
  value(object o) : data_(std::move(o)) {}

  [[nodiscard]] bool is_null() const { return data_.index() == 0; }
  [[nodiscard]] bool is_scalar() const { return data_.index() < 5; }

  template <class T>
  [[nodiscard]] const T* get_if() const {
    return std::get_if<T>(&data_);
  }
  template <class T>
  [[nodiscard]] T* get_if() {
    return std::get_if<T>(&data_);
  }

  /// The member of an object, or nothing when this is no object or has no such key. Linear in the members.
  [[nodiscard]] const value* find(std::string_view key) const;
  [[nodiscard]] value* find(std::string_view key);
  /// Sets a member of an object; a null becomes an object first. Precondition: null or object.
  void set(std::string_view key, value v);
  /// Removes a member if it is there.
  void erase(std::string_view key);

  /// The text of a string, else nothing.
  [[nodiscard]] const std::string* text() const { return get_if<std::string>(); }
  /// Integer or float as a double, else nothing.
  [[nodiscard]] const double* number(double& room) const;

  [[nodiscard]] const data& inner() const { return data_; }
  bool operator==(const value&) const = default;

 private:
  data data_;
};

/// "null", "a boolean", "an integer", "a float", "a string", "an array", "an object": for messages to people.
[[nodiscard]] std::string_view kind_of(const value& v);

}  // namespace cybexd::tahoe
