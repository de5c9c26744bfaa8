#pragma once
// What filters share: making documents, each once, and remembering the first thing that went wrong.
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tahoe/filters/filter.hpp"

namespace cybexd::tahoe::filters {

/// Builds the product of one record. A failure sticks: what is made after it is a placeholder, and `finish`
/// gives an unusable product with the first reason. Documents live as long as the builder.
class builder {
 public:
  using parts = std::vector<const document*>;

  /// Both must outlive the builder.
  builder(const value& data, const context& about) : data_(data), about_(about) {}

  /// Notes that the record cannot be used. The first reason stays.
  void refuse(std::string reason);
  [[nodiscard]] bool refused() const { return !reason_.empty(); }

  [[nodiscard]] const document& attribute(std::string_view sub_type, value scalar);
  [[nodiscard]] const document& object(std::string_view sub_type, const parts& children);
  /// An event of the record's organisation; adds it and all in it to the raw record's `_ref`. `malicious`
  /// names the parts in malicious context.
  const document& event(std::string_view sub_type, const parts& children, double timestamp, category gravity,
                        const parts& malicious);
  /// The record's session, which events made before join.
  void session(std::string_view sub_type, const parts& children, session_change times);

  [[nodiscard]] product finish();

 private:
  const document& keep(expected<document> made);

  void refuse_what_cannot_be_stored();
  void refuse_too_many(std::size_t documents);

  const value& data_;
  const context& about_;
  std::string reason_;
  std::deque<document> made_;
  std::unordered_map<hash256, const document*> by_hash_;
  std::vector<hash256> events_;
  product product_;
};

/// The record as an object: itself, or the JSON object that a string holds. Nothing (with a reason in `b`)
/// otherwise. `room` keeps what was read out of a string.
[[nodiscard]] const value* object_of(const value& data, value& room, builder& b);

}  // namespace cybexd::tahoe::filters
