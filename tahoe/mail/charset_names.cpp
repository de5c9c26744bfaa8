#include "tahoe/mail/charset_names.hpp"

#include <algorithm>
#include <array>

#include "tahoe/mail/text.hpp"

namespace cybexd::tahoe::mail {

namespace {

struct renamed {
  std::string_view iconv;
  std::string_view names;  ///< Each between blanks.
};

// Of ISO-2022-JP's variants, what iconv calls 2 has the characters of 1 and more, what it calls 3 those of
// 2004.
constexpr auto renames = std::to_array<renamed>({
    {"BIG5", " big5-tw csbig5 x-mac-trad-chinese "},
    {"BIG5-HKSCS", " hkscs "},
    {"CP037", " ibm039 "},
    {"CP1125", " cp866u ibm1125 "},
    {"CP858", " csibm858 "},
    {"CP861", " cp-is csibm861 "},
    {"CP932", " ms-kanji mskanji "},
    {"CP949", " ms949 "},
    {"CP950", " ms950 "},
    {"EUC-CN", " chinese csiso58gb231280 eucgb2312-cn gb2312-1980 gb2312-80 iso-ir-58 x-mac-simp-chinese "},
    {"EUC-JISX0213", " euc-jis-2004 euc-jis2004 eucjis2004 eucjisx0213 jisx0213 "},
    {"EUC-JP", " u-jis "},
    {"EUC-KR", " korean ks-c-5601 ks-c-5601-1987 ks-x-1001 ksc5601 ksx1001 x-mac-korean "},
    {"GB18030", " gb18030-2000 "},
    {"HP-ROMAN8", " cp1051 ibm1051 "},
    {"ISO-2022-JP", " iso2022-jp "},
    {"ISO-2022-JP-2", " iso-2022-jp-1 iso2022-jp-1 iso2022jp-1 iso2022-jp-2 iso2022jp-2 "},
    {"ISO-2022-JP-3",
     " iso2022-jp-3 iso2022jp-3 iso-2022-jp-2004 iso2022-jp-2004 iso2022jp-2004 iso-2022-jp-ext "
     "iso2022-jp-ext iso2022jp-ext "},
    {"ISO-2022-KR", " iso2022-kr "},
    {"ISO-8859-11", " thai "},
    {"ISO-8859-15", " l9 "},
    {"JOHAB", " ms1361 "},
    {"MAC-CENTRALEUROPE", " mac-centeuro mac-latin2 maccentraleurope maclatin2 "},
    {"MACINTOSH", " mac-roman macroman "},
    {"PT154", " cp154 csptcp154 cyrillic-asian ptcp154 "},
    {"RK1048", " kz-1048 kz1048 "},
    {"SHIFT_JISX0213", " s-jis-2004 shift-jis-2004 shiftjis2004 sjis-2004 s-jisx0213 sjisx0213 "},
    {"TIS-620", " tis-620-0 tis-620-2529-0 tis-620-2529-1 "},
    {"UTF-16", " u16 "},
    {"UTF-16BE", " unicodebigunmarked utf-16-be "},
    {"UTF-16LE", " unicodelittleunmarked utf-16-le "},
    {"UTF-32", " u32 "},
    {"UTF-32BE", " utf-32-be "},
    {"UTF-32LE", " utf-32-le "},
    {"UTF-7", " u7 unicode-1-1-utf-7 "},
});

struct half_table {
  std::string_view names;  ///< Each between blanks.
  std::u16string_view characters;
};

// Where Unicode's tables of the vendors' charsets and Python's differ, Python's hold.
constexpr auto tables = std::to_array<half_table>({
    {" cp1006 ",
     u"\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e"
     u"\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d"
     u"\u009e\u009f\u00a0\u06f0\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9\u060c\u061b"
     u"\u00ad\u061f\ufe81\ufe8d\ufe8e\ufe8e\ufe8f\ufe91\ufb56\ufb58\ufe93\ufe95\ufe97\ufb66\ufb68"
     u"\ufe99\ufe9b\ufe9d\ufe9f\ufb7a\ufb7c\ufea1\ufea3\ufea5\ufea7\ufea9\ufb84\ufeab\ufead\ufb8c"
     u"\ufeaf\ufb8a\ufeb1\ufeb3\ufeb5\ufeb7\ufeb9\ufebb\ufebd\ufebf\ufec1\ufec5\ufec9\ufeca\ufecb"
     u"\ufecc\ufecd\ufece\ufecf\ufed0\ufed1\ufed3\ufed5\ufed7\ufed9\ufedb\ufb92\ufb94\ufedd\ufedf"
     u"\ufee0\ufee1\ufee3\ufb9e\ufee5\ufee7\ufe85\ufeed\ufba6\ufba8\ufba9\ufbaa\ufe80\ufe89\ufe8a"
     u"\ufe8b\ufef1\ufef2\ufef3\ufbb0\ufbae\ufe7c\ufe7d"},
    {" cp720 ",
     u"\u0080\u0081éâ\u0084à\u0086çêëèïî\u008d\u008e\u008f\u0090\u0651\u0652ô¤\u0640ûù\u0621\u0622"
     u"\u0623\u0624£\u0625\u0626\u0627\u0628\u0629\u062a\u062b\u062c\u062d\u062e\u062f\u0630\u0631"
     u"\u0632\u0633\u0634\u0635«»\u2591\u2592\u2593\u2502\u2524\u2561\u2562\u2556\u2555\u2563\u2551"
     u"\u2557\u255d\u255c\u255b\u2510\u2514\u2534\u252c\u251c\u2500\u253c\u255e\u255f\u255a\u2554"
     u"\u2569\u2566\u2560\u2550\u256c\u2567\u2568\u2564\u2565\u2559\u2558\u2552\u2553\u256b\u256a"
     u"\u2518\u250c\u2588\u2584\u258c\u2590\u2580\u0636\u0637\u0638\u0639\u063a\u0641µ\u0642\u0643"
     u"\u0644\u0645\u0646\u0647\u0648\u0649\u064a\u2261\u064b\u064c\u064d\u064e\u064f\u0650\u2248"
     u"°\u2219·\u221a\u207f²\u25a0\u00a0"},
    {" mac-arabic ",
     u"Ä\u00a0ÇÉÑÖÜáàâä\u06ba«çéèêëí\u2026îïñó»ôö÷úùûü !\"#$\u066a&'()*+\u060c-./\u0660\u0661\u0662"
     u"\u0663\u0664\u0665\u0666\u0667\u0668\u0669:\u061b<=>\u061f\u274a\u0621\u0622\u0623\u0624\u0625"
     u"\u0626\u0627\u0628\u0629\u062a\u062b\u062c\u062d\u062e\u062f\u0630\u0631\u0632\u0633\u0634"
     u"\u0635\u0636\u0637\u0638\u0639\u063a[\\]^_\u0640\u0641\u0642\u0643\u0644\u0645\u0646\u0647"
     u"\u0648\u0649\u064a\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u067e\u0679\u0686\u06d5"
     u"\u06a4\u06af\u0688\u0691{|}\u0698\u06d2"},
    {" mac-croatian ",
     u"ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü\u2020°¢£§\u2022¶ß®Š\u2122´¨\u2260ŽØ\u221e±\u2264\u2265\u2206"
     u"µ\u2202\u2211\u220fš\u222bªº\u03a9žø¿¡¬\u221aƒ\u2248Ć«Č\u2026\u00a0ÀÃÕŒœĐ\u2014\u201c\u201d"
     u"\u2018\u2019÷\u25ca\uf8ff©\u2044\u20ac\u2039\u203aÆ»\u2013·\u201a\u201e\u2030ÂćÁčÈÍÎÏÌÓÔđ"
     u"ÒÚÛÙı\u02c6\u02dc¯\u03c0Ë\u02da¸Êæ\u02c7"},
    {" mac-farsi ",
     u"Ä\u00a0ÇÉÑÖÜáàâä\u06ba«çéèêëí\u2026îïñó»ôö÷úùûü !\"#$\u066a&'()*+\u060c-./\u06f0\u06f1\u06f2"
     u"\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9:\u061b<=>\u061f\u274a\u0621\u0622\u0623\u0624\u0625"
     u"\u0626\u0627\u0628\u0629\u062a\u062b\u062c\u062d\u062e\u062f\u0630\u0631\u0632\u0633\u0634"
     u"\u0635\u0636\u0637\u0638\u0639\u063a[\\]^_\u0640\u0641\u0642\u0643\u0644\u0645\u0646\u0647"
     u"\u0648\u0649\u064a\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u067e\u0679\u0686\u06d5"
     u"\u06a4\u06af\u0688\u0691{|}\u0698\u06d2"},
    {" mac-greek macgreek ",
     u"Ä¹²É³ÖÜ\u0385àâä\u0384¨çéèêë£\u2122îï\u2022½\u2030ôö¦\u20acùûü\u2020\u0393\u0394\u0398\u039b"
     u"\u039e\u03a0ß®©\u03a3\u03aa§\u2260°·\u0391±\u2264\u2265¥\u0392\u0395\u0396\u0397\u0399\u039a"
     u"\u039c\u03a6\u03ab\u03a8\u03a9\u03ac\u039d¬\u039f\u03a1\u2248\u03a4«»\u2026\u00a0\u03a5\u03a7"
     u"\u0386\u0388œ\u2013\u2015\u201c\u201d\u2018\u2019÷\u0389\u038a\u038c\u038e\u03ad\u03ae\u03af"
     u"\u03cc\u038f\u03cd\u03b1\u03b2\u03c8\u03b4\u03b5\u03c6\u03b3\u03b7\u03b9\u03be\u03ba\u03bb"
     u"\u03bc\u03bd\u03bf\u03c0\u03ce\u03c1\u03c3\u03c4\u03b8\u03c9\u03c2\u03c7\u03c5\u03b6\u03ca"
     u"\u03cb\u0390\u03b0\u00ad"},
    {" mac-iceland maciceland ",
     u"ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûüÝ°¢£§\u2022¶ß®©\u2122´¨\u2260ÆØ\u221e±\u2264\u2265¥µ\u2202"
     u"\u2211\u220f\u03c0\u222bªº\u03a9æø¿¡¬\u221aƒ\u2248\u2206«»\u2026\u00a0ÀÃÕŒœ\u2013\u2014\u201c"
     u"\u201d\u2018\u2019÷\u25caÿŸ\u2044\u20acÐðÞþý·\u201a\u201e\u2030ÂÊÁËÈÍÎÏÌÓÔ\uf8ffÒÚÛÙı\u02c6"
     u"\u02dc¯\u02d8\u02d9\u02da¸\u02dd\u02db\u02c7"},
    {" mac-romanian ",
     u"ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü\u2020°¢£§\u2022¶ß®©\u2122´¨\u2260ĂȘ\u221e±\u2264\u2265¥µ"
     u"\u2202\u2211\u220f\u03c0\u222bªº\u03a9ăș¿¡¬\u221aƒ\u2248\u2206«»\u2026\u00a0ÀÃÕŒœ\u2013\u2014"
     u"\u201c\u201d\u2018\u2019÷\u25caÿŸ\u2044\u20ac\u2039\u203aȚț\u2021·\u201a\u201e\u2030ÂÊÁËÈ"
     u"ÍÎÏÌÓÔ\uf8ffÒÚÛÙı\u02c6\u02dc¯\u02d8\u02d9\u02da¸\u02dd\u02db\u02c7"},
    {" mac-turkish macturkish ",
     u"ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü\u2020°¢£§\u2022¶ß®©\u2122´¨\u2260ÆØ\u221e±\u2264\u2265¥µ"
     u"\u2202\u2211\u220f\u03c0\u222bªº\u03a9æø¿¡¬\u221aƒ\u2248\u2206«»\u2026\u00a0ÀÃÕŒœ\u2013\u2014"
     u"\u201c\u201d\u2018\u2019÷\u25caÿŸĞğİıŞş\u2021·\u201a\u201e\u2030ÂÊÁËÈÍÎÏÌÓÔ\uf8ffÒÚÛÙ\uf8a0"
     u"\u02c6\u02dc¯\u02d8\u02d9\u02da¸\u02dd\u02db\u02c7"},
    {" palmos ",
     u"\u20ac\u0081\u201aƒ\u201e\u2026\u2020\u2021\u02c6\u2030Š\u2039Œ\u2666\u2663\u2665\u2660\u2018"
     u"\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122š\u009bœ\u009d\u009eŸ\u00a0¡¢£¤¥¦§¨©ª«¬\u00ad"
     u"®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ"},
});

static_assert(std::all_of(tables.begin(), tables.end(),
                          [](const half_table& one) { return one.characters.size() == 128; }));

/// The row whose names have this one.
template <class Rows>
auto row_of(const Rows& rows, std::string_view name) {
  const auto wanted = " " + std::string(name) + " ";
  return std::find_if(rows.begin(), rows.end(),
                      [&](const auto& row) { return row.names.find(wanted) != std::string_view::npos; });
}

bool is_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

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

std::string iconv_name(std::string_view normalized) {
  if (const auto row = row_of(renames, normalized); row != renames.end()) return std::string(row->iconv);
  // A code page's number, and a part of ISO 8859 with its year.
  if (is_digits(normalized)) return "cp" + std::string(normalized);
  const auto year = normalized.size() < 5 ? std::string_view() : normalized.substr(normalized.size() - 5);
  if (normalized.starts_with("iso-8859-") && year.starts_with('-') && is_digits(year.substr(1)))
    normalized.remove_suffix(year.size());
  return std::string(normalized);
}

std::u16string_view upper_half_of(std::string_view normalized) {
  const auto row = row_of(tables, normalized);
  return row == tables.end() ? std::u16string_view() : row->characters;
}

}  // namespace cybexd::tahoe::mail
