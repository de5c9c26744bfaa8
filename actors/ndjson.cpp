#include "actors/ndjson.hpp"

namespace cybexd::actors {

std::uint64_t count_lines_with_records(std::string_view text) {
  std::uint64_t count = 0;
  each_record(text, {0, text.size(), 1}, [&count](const line_slice&) { ++count; });
  return count;
}

void each_record(std::string_view text, const line_slice& slice,
                 const std::function<void(const line_slice&)>& visit) {
  const std::size_t end = slice.offset + slice.size;
  std::uint64_t number = slice.first_line;
  for (std::size_t at = slice.offset; at < end; ++number) {
    auto stop = text.find('\n', at);
    if (stop == std::string_view::npos || stop > end) stop = end;
    auto line = text.substr(at, stop - at);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) visit({at, line.size(), number});
    at = stop + 1;
  }
}

std::optional<line_slice> line_parts::next() {
  if (done()) return std::nullopt;
  line_slice part{at_, 0, line_};
  for (std::size_t lines = 0; lines < lines_ && !done(); ++lines) {
    const auto found = text_->find('\n', at_);
    const std::size_t stop = found == std::string::npos ? text_->size() : found + 1;
    if (part.size != 0 && part.size + (stop - at_) > bytes_) break;
    part.size += stop - at_;
    at_ = stop;
    ++line_;
  }
  return part;
}

}  // namespace cybexd::actors
