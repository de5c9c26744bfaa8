#pragma once
// Many records in one text, one a line. Lines end at `\n` only, a `\r` before it does not count; lines of
// nothing but blanks, tabs and `\r` are no records.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cybexd::actors {

/// The number of records in the text.
[[nodiscard]] std::uint64_t count_lines_with_records(std::string_view text);

/// Some lines of a text.
struct line_slice {
  std::size_t offset = 0, size = 0;
  std::uint64_t first_line = 1;  ///< Its number in the text, blank ones counted.
};

/// Visits the records of a slice of `text`: each line's own slice, without its end. Thread safe.
void each_record(std::string_view text, const line_slice& slice,
                 const std::function<void(const line_slice&)>& visit);

/// Cuts a text into parts of whole lines, each small enough to be worked on at once.
class line_parts {
 public:
  explicit line_parts(std::shared_ptr<const std::string> text, std::size_t lines = 512,
                      std::size_t bytes = 1u << 20)
      : text_(std::move(text)), lines_(lines), bytes_(bytes) {}

  /// The next part, at least one line, however long that is; nothing at the end.
  [[nodiscard]] std::optional<line_slice> next();
  [[nodiscard]] bool done() const { return at_ >= text_->size(); }

 private:
  std::shared_ptr<const std::string> text_;
  std::size_t lines_, bytes_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 1;
};

}  // namespace cybexd::actors
