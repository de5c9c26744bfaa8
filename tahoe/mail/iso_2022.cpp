#include "tahoe/mail/iso_2022.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "tahoe/mail/character_set.hpp"

namespace cybexd::tahoe::mail {

namespace {

constexpr unsigned escape = 0x1b, shift_out = 0x0e, shift_in = 0x0f;
constexpr unsigned two_bytes = 0x80;  // added to the mark of a set whose characters have two bytes
constexpr unsigned ascii = 'B', latin1 = 'A', greek = 'F', roman = 'J', katakana = 'I';
constexpr std::size_t longest_escape = 16;

/// A charset of two bytes that stand without their eighth bits.
struct plane {
  std::string_view characters;  ///< `character_set`'s name of one that has it with the eighth bits.
  std::string_view before;      ///< What stands before the two bytes there.
};

struct variant {
  std::string_view name;
  std::string_view planes;  ///< Their marks.
  std::string_view sets;    ///< The marks of those of one byte, besides ASCII.
  std::string_view jisx0213 = "euc_jisx0213";
  bool shifts = false;  ///< Has a second set, which is shifted in and out.
  bool third = false;   ///< Has a third set, for one character each.
};

constexpr auto variants = std::to_array<variant>({
    {"iso2022_jp", "B@", "J"},
    {"iso2022_jp_1", "BD@", "J"},
    {"iso2022_jp_2", "BDCA@", "JAF", "", false, true},
    {"iso2022_jp_2004", "BQP", "", "euc_jis_2004"},
    {"iso2022_jp_3", "BOP", ""},
    {"iso2022_jp_ext", "BD@", "JI"},
    {"iso2022_kr", "C", "", "", true},
});

constexpr bool ends_escape(unsigned byte) { return (byte >= 'A' && byte <= 'Z') || byte == '@'; }
constexpr bool is_seven_bit_pair(unsigned first, unsigned second) {
  return first > 0x20 && first < 0x7f && second > 0x20 && second < 0x7f;
}

/// A character of two seven-bit bytes in a set that has them with the eighth bits.
std::string find_pair(character_set& set, std::string_view before, unsigned first, unsigned second) {
  if (!is_seven_bit_pair(first, second)) return {};
  std::string bytes(before);
  bytes += static_cast<char>(first | 0x80);
  bytes += static_cast<char>(second | 0x80);
  return set.find(bytes);
}

class iso_2022_decoder {
 public:
  iso_2022_decoder(decoding& text, const variant& which) : text_(text), which_(which) {}

  bool run() {
    while (usable_ && !text_.at_end()) step();
    return usable_;
  }

 private:
  void step() {
    const auto byte = text_.byte(0);
    if (through_) {
      text_.put(char32_t{byte});
      text_.skip(1);
      through_ = !ends_escape(byte);
    } else if (byte == escape) {
      take_escape();
    } else if (which_.shifts && (byte == shift_in || byte == shift_out)) {
      shifted_ = byte == shift_out;
      text_.skip(1);
    } else if (byte >= 0x80) {
      text_.bad(1);
    } else {
      if (byte == '\n') shifted_ = false;
      take_character(byte < 0x20 ? ascii : sets_[shifted_ ? 1 : 0]);
    }
  }

  void take_escape() {
    const auto next = text_.byte(1);
    if (text_.left() < 2) return text_.bad(1);
    if (std::string_view("()$.&").find(static_cast<char>(next)) != std::string_view::npos)
      return take_designation();
    if (which_.third && next == 'N') return take_single_shift();
    text_.take(1, "\x1b");
    through_ = true;
  }

  /// What follows the escape says which set is meant from here on.
  void take_designation() {
    std::size_t size = 0;
    for (std::size_t i = 1; i < longest_escape && size == 0; ++i) {
      if (i >= text_.left()) return text_.bad(text_.left());
      if (ends_escape(text_.byte(i)))
        size = i + 1;
      else if (is_japanese() && text_.byte(i) == '&' && text_.byte(i + 1) == '@')
        i += 2;
    }
    const auto place = place_of(size);
    const auto mark = mark_of(size);
    if (!place || !has(mark)) return text_.bad(std::max<std::size_t>(size, 1));
    sets_[*place] = mark;
    text_.skip(size);
  }

  [[nodiscard]] bool is_japanese() const { return !which_.shifts; }

  [[nodiscard]] std::optional<std::size_t> place_of(std::size_t size) const {
    const bool wide = text_.byte(1) == '$';
    const auto of = [this](unsigned byte) -> std::optional<std::size_t> {
      if (byte == '(') return 0;
      if (byte == ')') return 1;
      return byte == '.' && which_.third ? std::optional<std::size_t>(2) : std::nullopt;
    };
    if (size == 3) return wide ? 0 : of(text_.byte(1));
    if (size == 4 && wide && text_.byte(2) != '.') return of(text_.byte(2));
    if (size == 6 && is_japanese() && text_.front(6).substr(3) == "\x1b$B") return 0;
    return std::nullopt;
  }

  [[nodiscard]] unsigned mark_of(std::size_t size) const {
    if (size == 0) return 0;
    const bool wide = size > 3 || text_.byte(1) == '$';
    return text_.byte(size - 1) | (wide ? two_bytes : 0);
  }

  [[nodiscard]] bool has(unsigned mark) const {
    const auto among = [mark](std::string_view marks) {
      return marks.find(static_cast<char>(mark & 0x7f)) != std::string_view::npos;
    };
    return mark == ascii || among((mark & two_bytes) != 0 ? which_.planes : which_.sets);
  }

  /// One character of the third set.
  void take_single_shift() {
    if (text_.left() < 3) return text_.bad(text_.left());
    const auto byte = text_.byte(2);
    std::string found;
    if (byte < 0x80 && sets_[2] == ascii) found = utf8_of(byte);
    if (byte < 0x80 && sets_[2] == latin1) found = utf8_of(byte + 0x80);
    if (sets_[2] == greek) found = set_of("ISO-8859-7").find(std::string(1, static_cast<char>(byte ^ 0x80)));
    text_.take(3, found, 3);
  }

  void take_character(unsigned mark) {
    const auto byte = text_.byte(0), next = text_.byte(1);
    if ((mark & two_bytes) != 0) {
      if (text_.left() < 2) return text_.bad(1);
      return text_.take(2, find_in(plane_of(mark), byte, next), 2);
    }
    if (mark == roman && byte == '\\') return text_.take(1, "\xc2\xa5");
    if (mark == roman && byte == '~') return text_.take(1, "\xe2\x80\xbe");
    if (mark == katakana)
      return text_.take(1, byte > 0x20 && byte < 0x60 ? utf8_of(0xff40 + byte) : std::string());
    text_.take(1, mark == ascii || mark == roman ? text_.front(1) : std::string_view());
  }

  [[nodiscard]] plane plane_of(unsigned mark) const {
    constexpr std::string_view third_shift = "\x8f";
    switch (mark & 0x7f) {
      case 'C':
        return {"euc_kr", {}};
      case 'A':
        return {"gb2312", {}};
      case 'D':
        return {"euc_jp", third_shift};
      case 'O':
      case 'Q':
        return {which_.jisx0213, {}};
      case 'P':
        return {"jisx0213_2", third_shift};
      default:
        return {"euc_jp", {}};
    }
  }

  std::string find_in(const plane& where, unsigned first, unsigned second) {
    return find_pair(set_of(where.characters), where.before, first, second);
  }

  /// Opened when first needed.
  character_set& set_of(std::string_view name) {
    const auto there =
        std::find_if(opened_.begin(), opened_.end(), [&](const auto& one) { return one.first == name; });
    if (there != opened_.end()) return *there->second;
    opened_.emplace_back(name, std::make_unique<character_set>(name));
    usable_ = usable_ && opened_.back().second->usable();
    return *opened_.back().second;
  }

  decoding& text_;
  const variant& which_;
  std::array<unsigned, 3> sets_{ascii, ascii, ascii};
  bool shifted_ = false;
  bool through_ = false;  // in an escape sequence that is none of ISO 2022, which is text
  bool usable_ = true;
  std::vector<std::pair<std::string_view, std::unique_ptr<character_set>>> opened_;
};

}  // namespace

// RFC 1843: ASCII in which `~{` begins characters of GB 2312 in seven bits and `~}` ends them; `~~` is `~`
// and `~` at a line's end joins two lines.
bool decode_hz(decoding& text) {
  character_set set("gb2312");
  bool chinese = false;
  while (set.usable() && !text.at_end()) {
    const auto byte = text.byte(0), next = text.byte(1);
    const bool mark = byte == '~', pair = mark || (chinese && byte < 0x80);
    if (pair && text.left() < 2) {
      text.bad(1);
    } else if (mark && (chinese ? next == '}' : next == '{' || next == '~' || next == '\n')) {
      if (next == '{' || next == '}') chinese = next == '{';
      text.put(next == '~' ? "~" : "");
      text.skip(2);
    } else if (mark || byte >= 0x80) {
      text.bad(1);
    } else if (chinese) {
      text.take(2, find_pair(set, {}, byte, next));
    } else {
      text.take(1, text.front(1));
    }
  }
  return set.usable();
}

bool decode_iso_2022(decoding& text, std::string_view variant_name) {
  const auto* which = std::find_if(variants.begin(), variants.end(),
                                   [&](const variant& one) { return one.name == variant_name; });
  return which != variants.end() && iso_2022_decoder(text, *which).run();
}

}  // namespace cybexd::tahoe::mail
