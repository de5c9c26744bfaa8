#pragma once
// The lower half of the address grammar (RFC 5322, 3.2): comments, atoms, quoted strings, phrases.
#include <string>
#include <string_view>
#include <vector>

namespace cybexd::tahoe::mail {

/// A part of a phrase or of an obsolete local part, with whether comments or blanks stood around it.
struct address_item {
  enum class kind { word, dot, blank, backslash };
  kind what = kind::word;
  std::string text;
  bool lead = false, trail = false;
  bool hollow = false;  ///< A word without any token in it, on which the original stumbles in a local part.

  [[nodiscard]] std::string value() const;
};

/// Takes tokens off the front of a text. A method that returns false has found something else; the text is
/// then wherever it was, and the caller goes back to where it began. `gave_up` says that the original raises
/// an exception that nothing catches: then all is over.
class address_tokens {
 public:
  explicit address_tokens(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool gave_up() const { return gave_up_; }
  bool give_up();

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool at(char c) const { return rest_.starts_with(c); }
  [[nodiscard]] bool at_any(std::string_view chars) const {
    return !at_end() && chars.find(rest_.front()) != std::string_view::npos;
  }
  bool take(char c);
  void drop() { rest_.remove_prefix(1); }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  void go_back(std::string_view rest) { rest_ = rest; }

  /// Comments and blanks. Says whether there were any.
  bool take_blanks();
  /// Blanks without comments.
  void take_spaces();
  bool take_word(address_item& out);
  bool take_atom(address_item& out);
  bool take_dot_atom(address_item& out);
  bool take_phrase(std::vector<address_item>& out);
  /// Characters up to one of `ends` or a blank, with `\` taken off what it quotes.
  std::string take_quotable(std::string_view ends);

 private:
  void take_comment();
  bool take_quoted(address_item& out);
  bool take_encoded(address_item& out);
  bool take_dotted(std::string& out);

  std::string_view rest_;
  bool gave_up_ = false;
};

/// A text without its white space.
[[nodiscard]] std::string without_spaces(std::string_view text);

inline constexpr std::string_view specials = "()<>@,:;.\\\"[]";
inline constexpr std::string_view atom_ends = "()<>@,:;.\\\"[] \t";
inline constexpr std::string_view phrase_ends = ")<>@,:;\\[]";
inline constexpr std::string_view blanks_or_comment = " \t(";

}  // namespace cybexd::tahoe::mail
