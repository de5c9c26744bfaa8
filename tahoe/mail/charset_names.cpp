#include "tahoe/mail/charset_names.hpp"

#include <algorithm>
#include <array>

#include "tahoe/mail/text.hpp"

namespace cybexd::tahoe::mail {

namespace {

// Every text codec of Python 3.11 with all its names, but for `unicode_escape` and the like.
constexpr auto charsets = std::to_array<charset>({
    {" 646 ansi-x3-4-1968 ansi-x3.4-1968 ansi-x3.4-1986 ascii cp367 csascii ibm367 iso-646.irv-1991 iso-ir-6 "
     "iso646-us us us-ascii ",
     scheme::ascii, ""},
    {" big5 big5-tw csbig5 x-mac-trad-chinese ", scheme::two_byte, "big5"},
    {" big5-hkscs big5hkscs hkscs ", scheme::two_byte, "big5hkscs"},
    {" 037 cp037 csibm037 ebcdic-cp-ca ebcdic-cp-nl ebcdic-cp-us ebcdic-cp-wt ibm037 ibm039 ",
     scheme::one_byte, "CP037"},
    {" cp1006 ", scheme::one_byte, "cp1006"},
    {" 1026 cp1026 csibm1026 ibm1026 ", scheme::one_byte, "cp1026"},
    {" 1125 cp1125 cp866u ibm1125 ruscii ", scheme::one_byte, "CP1125"},
    {" 1140 cp1140 ibm1140 ", scheme::one_byte, "CP1140"},
    {" 1250 cp1250 windows-1250 ", scheme::one_byte, "CP1250"},
    {" 1251 cp1251 windows-1251 ", scheme::one_byte, "CP1251"},
    {" 1252 cp1252 windows-1252 ", scheme::one_byte, "CP1252"},
    {" 1253 cp1253 windows-1253 ", scheme::one_byte, "CP1253"},
    {" 1254 cp1254 windows-1254 ", scheme::one_byte, "CP1254"},
    {" 1255 cp1255 windows-1255 ", scheme::one_byte, "CP1255"},
    {" 1256 cp1256 windows-1256 ", scheme::one_byte, "CP1256"},
    {" 1257 cp1257 windows-1257 ", scheme::one_byte, "CP1257"},
    {" 1258 cp1258 windows-1258 ", scheme::one_byte, "CP1258"},
    {" 273 cp273 csibm273 ibm273 ", scheme::one_byte, "cp273"},
    {" 424 cp424 csibm424 ebcdic-cp-he ibm424 ", scheme::one_byte, "cp424"},
    {" 437 cp437 cspc8codepage437 ibm437 ", scheme::one_byte, "CP437"},
    {" 500 cp500 csibm500 ebcdic-cp-be ebcdic-cp-ch ibm500 ", scheme::one_byte, "CP500"},
    {" cp720 ", scheme::one_byte, "cp720"},
    {" cp737 ", scheme::one_byte, "CP737"},
    {" 775 cp775 cspc775baltic ibm775 ", scheme::one_byte, "CP775"},
    {" 850 cp850 cspc850multilingual ibm850 ", scheme::one_byte, "CP850"},
    {" 852 cp852 cspcp852 ibm852 ", scheme::one_byte, "CP852"},
    {" 855 cp855 csibm855 ibm855 ", scheme::one_byte, "CP855"},
    {" cp856 ", scheme::one_byte, "cp856"},
    {" 857 cp857 csibm857 ibm857 ", scheme::one_byte, "CP857"},
    {" 858 cp858 csibm858 ibm858 ", scheme::one_byte, "CP858"},
    {" 860 cp860 csibm860 ibm860 ", scheme::one_byte, "CP860"},
    {" 861 cp-is cp861 csibm861 ibm861 ", scheme::one_byte, "CP861"},
    {" 862 cp862 cspc862latinhebrew ibm862 ", scheme::one_byte, "CP862"},
    {" 863 cp863 csibm863 ibm863 ", scheme::one_byte, "CP863"},
    {" 864 cp864 csibm864 ibm864 ", scheme::one_byte, "CP864"},
    {" 865 cp865 csibm865 ibm865 ", scheme::one_byte, "CP865"},
    {" 866 cp866 csibm866 ibm866 ", scheme::one_byte, "CP866"},
    {" 869 cp-gr cp869 csibm869 ibm869 ", scheme::one_byte, "CP869"},
    {" cp874 ", scheme::one_byte, "CP874"},
    {" cp875 ", scheme::one_byte, "cp875"},
    {" 932 cp932 ms-kanji ms932 mskanji ", scheme::shift_jis, "cp932"},
    {" 949 cp949 ms949 uhc ", scheme::two_byte, "cp949"},
    {" 950 cp950 ms950 ", scheme::two_byte, "cp950"},
    {" euc-jis-2004 euc-jis2004 eucjis2004 jisx0213 ", scheme::euc_jp, "euc_jis_2004"},
    {" euc-jisx0213 eucjisx0213 ", scheme::euc_jp, "euc_jisx0213"},
    {" euc-jp eucjp u-jis ujis ", scheme::euc_jp, "euc_jp"},
    {" euc-kr euckr korean ks-c-5601 ks-c-5601-1987 ks-x-1001 ksc5601 ksx1001 x-mac-korean ", scheme::euc_kr,
     "euc_kr"},
    {" gb18030 gb18030-2000 ", scheme::gb18030, "gb18030"},
    {" chinese csiso58gb231280 euc-cn euccn eucgb2312-cn gb2312 gb2312-1980 gb2312-80 iso-ir-58 "
     "x-mac-simp-chinese ",
     scheme::two_byte, "gb2312"},
    {" 936 cp936 gbk ms936 ", scheme::two_byte, "gbk"},
    {" cp1051 hp-roman8 ibm1051 r8 roman8 ", scheme::one_byte, "HP-ROMAN8"},
    {" hz hz-gb hz-gb-2312 hzgb ", scheme::hz, ""},
    {" csiso2022jp iso-2022-jp iso2022-jp iso2022jp ", scheme::iso_2022, "iso2022_jp"},
    {" iso-2022-jp-1 iso2022-jp-1 iso2022jp-1 ", scheme::iso_2022, "iso2022_jp_1"},
    {" iso-2022-jp-2 iso2022-jp-2 iso2022jp-2 ", scheme::iso_2022, "iso2022_jp_2"},
    {" iso-2022-jp-2004 iso2022-jp-2004 iso2022jp-2004 ", scheme::iso_2022, "iso2022_jp_2004"},
    {" iso-2022-jp-3 iso2022-jp-3 iso2022jp-3 ", scheme::iso_2022, "iso2022_jp_3"},
    {" iso-2022-jp-ext iso2022-jp-ext iso2022jp-ext ", scheme::iso_2022, "iso2022_jp_ext"},
    {" csiso2022kr iso-2022-kr iso2022-kr iso2022kr ", scheme::iso_2022, "iso2022_kr"},
    {" 8859 cp819 csisolatin1 ibm819 iso-8859-1 iso-8859-1-1987 iso-ir-100 iso8859 iso8859-1 l1 latin "
     "latin-1 latin1 ",
     scheme::latin1, ""},
    {" csisolatin6 iso-8859-10 iso-8859-10-1992 iso-ir-157 iso8859-10 l6 latin6 ", scheme::one_byte,
     "ISO-8859-10"},
    {" iso-8859-11 iso-8859-11-2001 iso8859-11 thai ", scheme::one_byte, "ISO-8859-11"},
    {" iso-8859-13 iso8859-13 l7 latin7 ", scheme::one_byte, "ISO-8859-13"},
    {" iso-8859-14 iso-8859-14-1998 iso-celtic iso-ir-199 iso8859-14 l8 latin8 ", scheme::one_byte,
     "ISO-8859-14"},
    {" iso-8859-15 iso8859-15 l9 latin9 ", scheme::one_byte, "ISO-8859-15"},
    {" iso-8859-16 iso-8859-16-2001 iso-ir-226 iso8859-16 l10 latin10 ", scheme::one_byte, "ISO-8859-16"},
    {" csisolatin2 iso-8859-2 iso-8859-2-1987 iso-ir-101 iso8859-2 l2 latin2 ", scheme::one_byte,
     "ISO-8859-2"},
    {" csisolatin3 iso-8859-3 iso-8859-3-1988 iso-ir-109 iso8859-3 l3 latin3 ", scheme::one_byte,
     "ISO-8859-3"},
    {" csisolatin4 iso-8859-4 iso-8859-4-1988 iso-ir-110 iso8859-4 l4 latin4 ", scheme::one_byte,
     "ISO-8859-4"},
    {" csisolatincyrillic cyrillic iso-8859-5 iso-8859-5-1988 iso-ir-144 iso8859-5 ", scheme::one_byte,
     "ISO-8859-5"},
    {" arabic asmo-708 csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-1987 iso-ir-127 iso8859-6 ",
     scheme::one_byte, "ISO-8859-6"},
    {" csisolatingreek ecma-118 elot-928 greek greek8 iso-8859-7 iso-8859-7-1987 iso-ir-126 iso8859-7 ",
     scheme::one_byte, "ISO-8859-7"},
    {" csisolatinhebrew hebrew iso-8859-8 iso-8859-8-1988 iso-ir-138 iso8859-8 ", scheme::one_byte,
     "ISO-8859-8"},
    {" csisolatin5 iso-8859-9 iso-8859-9-1989 iso-ir-148 iso8859-9 l5 latin5 ", scheme::one_byte,
     "ISO-8859-9"},
    {" cp1361 johab ms1361 ", scheme::two_byte, "johab"},
    {" cskoi8r koi8-r ", scheme::one_byte, "KOI8-R"},
    {" koi8-t ", scheme::one_byte, "KOI8-T"},
    {" koi8-u ", scheme::one_byte, "KOI8-U"},
    {" kz-1048 kz1048 rk1048 strk1048-2002 ", scheme::one_byte, "RK1048"},
    {" mac-arabic ", scheme::one_byte, "mac-arabic"},
    {" mac-croatian ", scheme::one_byte, "mac-croatian"},
    {" mac-cyrillic maccyrillic ", scheme::one_byte, "mac-cyrillic"},
    {" mac-farsi ", scheme::one_byte, "mac-farsi"},
    {" mac-greek macgreek ", scheme::one_byte, "mac-greek"},
    {" mac-iceland maciceland ", scheme::one_byte, "mac-iceland"},
    {" mac-centeuro mac-latin2 maccentraleurope maclatin2 ", scheme::one_byte, "MAC-CENTRALEUROPE"},
    {" mac-roman macintosh macroman ", scheme::one_byte, "mac-roman"},
    {" mac-romanian ", scheme::one_byte, "mac-romanian"},
    {" mac-turkish macturkish ", scheme::one_byte, "mac-turkish"},
    {" palmos ", scheme::one_byte, "palmos"},
    {" cp154 csptcp154 cyrillic-asian pt154 ptcp154 ", scheme::one_byte, "PT154"},
    {" csshiftjis s-jis shift-jis shiftjis sjis x-mac-japanese ", scheme::shift_jis, "shift_jis"},
    {" s-jis-2004 shift-jis-2004 shiftjis2004 sjis-2004 ", scheme::shift_jis, "shift_jis_2004"},
    {" s-jisx0213 shift-jisx0213 shiftjisx0213 sjisx0213 ", scheme::shift_jis, "shift_jisx0213"},
    {" iso-ir-166 tis-620 tis-620-0 tis-620-2529-0 tis-620-2529-1 tis620 ", scheme::one_byte, "tis-620"},
    {" u16 utf-16 utf16 ", scheme::utf16, ""},
    {" unicodebigunmarked utf-16-be utf-16be ", scheme::utf16_big, ""},
    {" unicodelittleunmarked utf-16-le utf-16le ", scheme::utf16_little, ""},
    {" u32 utf-32 utf32 ", scheme::utf32, ""},
    {" utf-32-be utf-32be ", scheme::utf32_big, ""},
    {" utf-32-le utf-32le ", scheme::utf32_little, ""},
    {" u7 unicode-1-1-utf-7 utf-7 utf7 ", scheme::utf7, ""},
    {" cp65001 u8 utf utf-8 utf8 utf8-ucs2 utf8-ucs4 ", scheme::utf8, ""},
    {" utf-8-sig ", scheme::utf8_signed, ""},
});

}  // namespace

std::string normalized_charset(std::string_view charset) {
  std::string out;
  bool gap = false;
  for (const char c : ascii_lower(charset)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
    if (plain && gap && !out.empty()) out += '-';
    if (plain) out += c;
    gap = !plain;
  }
  return out;
}

const charset* find_charset(std::string_view name) {
  if (name.find('\0') != std::string_view::npos) return nullptr;
  const auto wanted = " " + normalized_charset(name) + " ";
  if (wanted.size() == 2) return nullptr;
  const auto row = std::find_if(charsets.begin(), charsets.end(), [&](const charset& one) {
    return one.names.find(wanted) != std::string_view::npos;
  });
  return row == charsets.end() ? nullptr : &*row;
}

}  // namespace cybexd::tahoe::mail
