#include "tahoe/mail/character_set.hpp"

#include <iconv.h>

#include <algorithm>

#include "tahoe/mail/character_tables.hpp"
#include "tahoe/mail/decoding.hpp"

namespace cybexd::tahoe::mail {

namespace {

struct source {
  std::string_view name;
  const char* iconv;
  /// The first byte that begins a character of two bytes. Where iconv takes bytes below it, Python does not.
  unsigned first_lead = 0x81;
  const char* more = nullptr;  ///< Has what the first lacks.
  bool single_shifts = false;  ///< 0x8e and 0x8f begin characters, too.
};

constexpr auto sources = std::to_array<source>({
    {"big5", "BIG5", 0xa1},
    {"big5hkscs", "BIG5-HKSCS", 0x87},
    {"cp932", "CP932"},
    {"cp949", "UHC"},
    {"cp950", "BIG5", 0xa1},
    {"euc_jis_2004", "EUC-JISX0213", 0xa1, "EUC-JP", true},
    {"euc_jisx0213", "EUC-JISX0213", 0xa1, "EUC-JP", true},
    {"euc_jp", "EUC-JP", 0xa1, nullptr, true},
    {"euc_kr", "EUC-KR", 0xa1},
    {"gb18030", "GB18030"},
    {"gb2312", "EUC-CN", 0xa1},
    {"gbk", "GBK"},
    {"johab", "JOHAB"},
    {"jisx0213_2", "EUC-JISX0213", 0xa1, nullptr, true},  // its second plane, as ISO 2022 has it
    {"mac-roman", "MACINTOSH"},
    {"shift_jis", "SJIS"},
    {"shift_jis_2004", "SHIFT_JISX0213"},
    {"shift_jisx0213", "SHIFT_JISX0213"},
});

/// These bytes alone. What iconv holds back, since it might be joined with what follows, comes as well.
std::string convert(iconv_t table, std::string_view bytes) {
  std::array<char, 32> room;
  auto* to = room.data();
  std::size_t free = room.size(), left = bytes.size();
  auto* from = const_cast<char*>(bytes.data());  // iconv does not write through it
  iconv(table, nullptr, nullptr, nullptr, nullptr);
  if (iconv(table, &from, &left, &to, &free) == std::size_t(-1) || left > 0) return {};
  if (iconv(table, nullptr, nullptr, &to, &free) == std::size_t(-1)) return {};
  return {room.data(), room.size() - free};
}

std::uint32_t code_of(std::string_view bytes) {
  std::uint32_t code = 0;
  for (const char c : bytes) code = code << 8 | static_cast<unsigned char>(c);
  return code;
}

}  // namespace

character_set::character_set(std::string_view name) : name_(name), upper_half_(upper_half_of(name)) {
  if (!upper_half_.empty()) return;
  const auto* row =
      std::find_if(sources.begin(), sources.end(), [&](const source& one) { return one.name == name; });
  const bool listed = row != sources.end();
  if (listed) first_lead_ = row->first_lead;
  if (listed) single_shifts_ = row->single_shifts;
  const std::string as_it_is(name);
  for (const auto* iconv_name : {listed ? row->iconv : as_it_is.c_str(), listed ? row->more : nullptr}) {
    const auto table = iconv_name == nullptr ? iconv_t(-1) : iconv_open("UTF-8", iconv_name);
    if (table != iconv_t(-1)) tables_.push_back(table);
  }
}

character_set::~character_set() {
  for (auto* table : tables_) iconv_close(table);
}

std::string character_set::find(std::string_view bytes) {
  if (bytes.size() != 1) return look_up(bytes);
  const auto byte = static_cast<unsigned char>(bytes.front());
  if (!is_known_[byte]) {
    known_[byte] = look_up(bytes);
    is_known_.set(byte);
  }
  return known_[byte];
}

std::string character_set::look_up(std::string_view bytes) const {
  const auto first = bytes.empty() ? 0u : static_cast<unsigned char>(bytes.front());
  if (!upper_half_.empty()) return utf8_of(first < 0x80 ? first : upper_half_[first - 0x80]);
  if (const auto other = different_character(name_, code_of(bytes)))
    return *other == no_character ? std::string() : utf8_of(*other);
  const bool single_shift = single_shifts_ && (first == 0x8e || first == 0x8f);
  if (bytes.size() > 1 && first < first_lead_ && !single_shift) return {};
  for (auto* table : tables_)
    if (auto text = convert(table, bytes); !text.empty()) return text;
  return {};
}

}  // namespace cybexd::tahoe::mail
