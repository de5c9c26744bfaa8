#pragma once
// Memory for key material and passwords.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cybexd::crypto {

/// Bytes that are wiped when they are freed and kept out of core dumps (a page-aligned block of its own with
/// MADV_DONTDUMP). Moving leaves the source empty; copying is not possible, so that no forgotten copy stays
/// behind.
class secret {
 public:
  secret() = default;
  explicit secret(std::size_t size);
  /// Copies `bytes`; the caller still has to wipe its own copy.
  explicit secret(std::string_view bytes);
  secret(secret&& other) noexcept;
  secret& operator=(secret&& other) noexcept;
  secret(const secret&) = delete;
  secret& operator=(const secret&) = delete;
  ~secret();

  [[nodiscard]] std::uint8_t* data() { return data_; }
  [[nodiscard]] const std::uint8_t* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::string_view view() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Overwrites memory in a way the compiler does not remove.
void wipe(void* data, std::size_t size) noexcept;
/// Overwrites and empties a string.
void wipe(std::string& text) noexcept;

/// Compares in time that depends on the lengths only.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace cybexd::crypto
