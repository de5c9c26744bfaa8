#include "tahoe/mail/character_tables.hpp"

#include <algorithm>
#include <array>

namespace cybexd::tahoe::mail {

namespace {

struct half_table {
  std::string_view name;
  std::u16string_view characters;
};

// Where Unicode's tables of the vendors' charsets and Python's differ, Python's hold.
constexpr auto upper_halves = std::to_array<half_table>({
    {"cp1006",
     u"\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e"
     u"\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d"
     u"\u009e\u009f\u00a0\u06f0\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9\u060c\u061b"
     u"\u00ad\u061f\ufe81\ufe8d\ufe8e\ufe8e\ufe8f\ufe91\ufb56\ufb58\ufe93\ufe95\ufe97\ufb66\ufb68"
     u"\ufe99\ufe9b\ufe9d\ufe9f\ufb7a\ufb7c\ufea1\ufea3\ufea5\ufea7\ufea9\ufb84\ufeab\ufead\ufb8c"
     u"\ufeaf\ufb8a\ufeb1\ufeb3\ufeb5\ufeb7\ufeb9\ufebb\ufebd\ufebf\ufec1\ufec5\ufec9\ufeca\ufecb"
     u"\ufecc\ufecd\ufece\ufecf\ufed0\ufed1\ufed3\ufed5\ufed7\ufed9\ufedb\ufb92\ufb94\ufedd\ufedf"
     u"\ufee0\ufee1\ufee3\ufb9e\ufee5\ufee7\ufe85\ufeed\ufba6\ufba8\ufba9\ufbaa\ufe80\ufe89\ufe8a"
     u"\ufe8b\ufef1\ufef2\ufef3\ufbb0\ufbae\ufe7c\ufe7d"},
    {"cp720",
     u"\u0080\u0081éâ\u0084à\u0086çêëèïî\u008d\u008e\u008f\u0090\u0651\u0652ô¤\u0640ûù\u0621\u0622"
     u"\u0623\u0624£\u0625\u0626\u0627\u0628\u0629\u062a\u062b\u062c\u062d\u062e\u062f\u0630\u0631"
     u"\u0632\u0633\u0634\u0635«»\u2591\u2592\u2593\u2502\u2524\u2561\u2562\u2556\u2555\u2563\u2551"
     u"\u2557\u255d\u255c\u255b\u2510\u2514\u2534\u252c\u251c\u2500\u253c\u255e\u255f\u255a\u2554"
     u"\u2569\u2566\u2560\u2550\u256c\u2567\u2568\u2564\u2565\u2559\u2558\u2552\u2553\u256b\u256a"
     u"\u2518\u250c\u2588\u2584\u258c\u2590\u2580\u0636\u0637\u0638\u0639\u063a\u0641µ\u0642\u0643"
     u"\u0644\u0645\u0646\u0647\u0648\u0649\u064a\u2261\u064b\u064c\u064d\u064e\u064f\u0650\u2248"
     u"°\u2219·\u221a\u207f²\u25a0\u00a0"},
    {"mac-arabic",
     u"Ä\u00a0ÇÉÑÖÜáàâä\u06ba«çéèêëí\u2026îïñó»ôö÷úùûü !\"#$\u066a&'()*+\u060c-./\u0660\u0661\u0662"
     u"\u0663\u0664\u0665\u0666\u0667\u0668\u0669:\u061b<=>\u061f\u274a\u0621\u0622\u0623\u0624\u0625"
     u"\u0626\u0627\u0628\u0629\u062a\u062b\u062c\u062d\u062e\u062f\u0630\u0631\u0632\u0633\u0634"
     u"\u0635\u0636\u0637\u0638\u0639\u063a[\\]^_\u0640\u0641\u0642\u0643\u0644\u0645\u0646\u0647"
     u"\u0648\u0649\u064a\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u067e\u0679\u0686\u06d5"
     u"\u06a4\u06af\u0688\u0691{|}\u0698\u06d2"},
    {"mac-croatian",
     u"ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü\u2020°¢£§\u2022¶ß®Š\u2122´¨\u2260ŽØ\u221e±\u2264\u2265\u2206"
     u"µ\u2202\u2211\u220fš\u222bªº\u03a9žø¿¡¬\u221aƒ\u2248Ć«Č\u2026\u00a0ÀÃÕŒœĐ\u2014\u201c\u201d"
     u"\u2018\u2019÷\u25ca\uf8ff©\u2044\u20ac\u2039\u203aÆ»\u2013·\u201a\u201e\u2030ÂćÁčÈÍÎÏÌÓÔđ"
     u"ÒÚÛÙı\u02c6\u02dc¯\u03c0Ë\u02da¸Êæ\u02c7"},
    {"mac-farsi",
     u"Ä\u00a0ÇÉÑÖÜáàâä\u06ba«çéèêëí\u2026îïñó»ôö÷úùûü !\"#$\u066a&'()*+\u060c-./\u06f0\u06f1\u06f2"
     u"\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9:\u061b<=>\u061f\u274a\u0621\u0622\u0623\u0624\u0625"
     u"\u0626\u0627\u0628\u0629\u062a\u062b\u062c\u062d\u062e\u062f\u0630\u0631\u0632\u0633\u0634"
     u"\u0635\u0636\u0637\u0638\u0639\u063a[\\]^_\u0640\u0641\u0642\u0643\u0644\u0645\u0646\u0647"
     u"\u0648\u0649\u064a\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u067e\u0679\u0686\u06d5"
     u"\u06a4\u06af\u0688\u0691{|}\u0698\u06d2"},
    {"mac-greek",
     u"Ä¹²É³ÖÜ\u0385àâä\u0384¨çéèêë£\u2122îï\u2022½\u2030ôö¦\u20acùûü\u2020\u0393\u0394\u0398\u039b"
     u"\u039e\u03a0ß®©\u03a3\u03aa§\u2260°·\u0391±\u2264\u2265¥\u0392\u0395\u0396\u0397\u0399\u039a"
     u"\u039c\u03a6\u03ab\u03a8\u03a9\u03ac\u039d¬\u039f\u03a1\u2248\u03a4«»\u2026\u00a0\u03a5\u03a7"
     u"\u0386\u0388œ\u2013\u2015\u201c\u201d\u2018\u2019÷\u0389\u038a\u038c\u038e\u03ad\u03ae\u03af"
     u"\u03cc\u038f\u03cd\u03b1\u03b2\u03c8\u03b4\u03b5\u03c6\u03b3\u03b7\u03b9\u03be\u03ba\u03bb"
     u"\u03bc\u03bd\u03bf\u03c0\u03ce\u03c1\u03c3\u03c4\u03b8\u03c9\u03c2\u03c7\u03c5\u03b6\u03ca"
     u"\u03cb\u0390\u03b0\u00ad"},
    {"mac-iceland",
     u"ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûüÝ°¢£§\u2022¶ß®©\u2122´¨\u2260ÆØ\u221e±\u2264\u2265¥µ\u2202"
     u"\u2211\u220f\u03c0\u222bªº\u03a9æø¿¡¬\u221aƒ\u2248\u2206«»\u2026\u00a0ÀÃÕŒœ\u2013\u2014\u201c"
     u"\u201d\u2018\u2019÷\u25caÿŸ\u2044\u20acÐðÞþý·\u201a\u201e\u2030ÂÊÁËÈÍÎÏÌÓÔ\uf8ffÒÚÛÙı\u02c6"
     u"\u02dc¯\u02d8\u02d9\u02da¸\u02dd\u02db\u02c7"},
    {"mac-romanian",
     u"ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü\u2020°¢£§\u2022¶ß®©\u2122´¨\u2260ĂȘ\u221e±\u2264\u2265¥µ"
     u"\u2202\u2211\u220f\u03c0\u222bªº\u03a9ăș¿¡¬\u221aƒ\u2248\u2206«»\u2026\u00a0ÀÃÕŒœ\u2013\u2014"
     u"\u201c\u201d\u2018\u2019÷\u25caÿŸ\u2044\u20ac\u2039\u203aȚț\u2021·\u201a\u201e\u2030ÂÊÁËÈ"
     u"ÍÎÏÌÓÔ\uf8ffÒÚÛÙı\u02c6\u02dc¯\u02d8\u02d9\u02da¸\u02dd\u02db\u02c7"},
    {"mac-turkish",
     u"ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü\u2020°¢£§\u2022¶ß®©\u2122´¨\u2260ÆØ\u221e±\u2264\u2265¥µ"
     u"\u2202\u2211\u220f\u03c0\u222bªº\u03a9æø¿¡¬\u221aƒ\u2248\u2206«»\u2026\u00a0ÀÃÕŒœ\u2013\u2014"
     u"\u201c\u201d\u2018\u2019÷\u25caÿŸĞğİıŞş\u2021·\u201a\u201e\u2030ÂÊÁËÈÍÎÏÌÓÔ\uf8ffÒÚÛÙ\uf8a0"
     u"\u02c6\u02dc¯\u02d8\u02d9\u02da¸\u02dd\u02db\u02c7"},
    {"palmos",
     u"\u20ac\u0081\u201aƒ\u201e\u2026\u2020\u2021\u02c6\u2030Š\u2039Œ\u2666\u2663\u2665\u2660\u2018"
     u"\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122š\u009bœ\u009d\u009eŸ\u00a0¡¢£¤¥¦§¨©ª«¬\u00ad"
     u"®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ"},
});

static_assert(std::all_of(upper_halves.begin(), upper_halves.end(),
                          [](const half_table& one) { return one.characters.size() == 128; }));

/// Characters of consecutive codes where Python's table and iconv's differ.
struct difference {
  std::string_view names;  ///< Each between blanks.
  std::uint32_t first;     ///< A code is a character's bytes, the first one highest.
  std::u16string_view characters;
};

constexpr auto differences = std::to_array<difference>({
    {" big5 ", 0xa145, u"\u2022"},
    {" big5 ", 0xa14e, u"\uff64"},
    {" big5 ", 0xa1c2, u"\u203e"},
    {" big5 ", 0xa1e3, u"\u223c"},
    {" big5 ", 0xa1f2, u"\u2641\u2609"},
    {" big5 ", 0xa241, u"\uff0f\uff3c"},
    {" big5 ", 0xa244, u"\u00a5"},
    {" big5 ", 0xa246, u"\u00a2\u00a3"},
    {" big5 cp950 ", 0xc6a1,
     u"\u30fe\u309d\u309e\u3005\u3041\u3042\u3043\u3044\u3045\u3046\u3047\u3048\u3049\u304a\u304b\u304c"
     u"\u304d\u304e\u304f\u3050\u3051\u3052\u3053\u3054\u3055\u3056\u3057\u3058\u3059\u305a\u305b\u305c"
     u"\u305d\u305e\u305f\u3060\u3061\u3062\u3063\u3064\u3065\u3066\u3067\u3068\u3069\u306a\u306b\u306c"
     u"\u306d\u306e\u306f\u3070\u3071\u3072\u3073\u3074\u3075\u3076\u3077\u3078\u3079\u307a\u307b\u307c"
     u"\u307d\u307e\u307f\u3080\u3081\u3082\u3083\u3084\u3085\u3086\u3087\u3088\u3089\u308a\u308b\u308c"
     u"\u308d\u308e\u308f\u3090\u3091\u3092\u3093\u30a1\u30a2\u30a3\u30a4\u30a5\u30a6\u30a7"},
    {" big5 cp950 ", 0xc740,
     u"\u30a8\u30a9\u30aa\u30ab\u30ac\u30ad\u30ae\u30af\u30b0\u30b1\u30b2\u30b3\u30b4\u30b5\u30b6\u30b7"
     u"\u30b8\u30b9\u30ba\u30bb\u30bc\u30bd\u30be\u30bf\u30c0\u30c1\u30c2\u30c3\u30c4\u30c5\u30c6\u30c7"
     u"\u30c8\u30c9\u30ca\u30cb\u30cc\u30cd\u30ce\u30cf\u30d0\u30d1\u30d2\u30d3\u30d4\u30d5\u30d6\u30d7"
     u"\u30d8\u30d9\u30da\u30db\u30dc\u30dd\u30de\u30df\u30e0\u30e1\u30e2\u30e3\u30e4\u30e5\u30e6"},
    {" big5 cp950 ", 0xc7a1,
     u"\u30e7\u30e8\u30e9\u30ea\u30eb\u30ec\u30ed\u30ee\u30ef\u30f0\u30f1\u30f2\u30f3\u30f4\u30f5\u30f6"
     u"\u0414\u0415\u0401\u0416\u0417\u0418\u0419\u041a\u041b\u041c\u0423\u0424\u0425\u0426\u0427\u0428"
     u"\u0429\u042a\u042b\u042c\u042d\u042e\u042f\u0430\u0431\u0432\u0433\u0434\u0435\u0451\u0436\u0437"
     u"\u0438\u0439\u043a\u043b\u043c\u043d\u043e\u043f\u0440\u0441\u0442\u0443\u0444\u0445\u0446\u0447"
     u"\u0448\u0449\u044a\u044b\u044c\u044d\u044e\u044f\u2460\u2461\u2462\u2463\u2464\u2465\u2466\u2467"
     u"\u2468\u2469\u2474\u2475\u2476\u2477\u2478\u2479\u247a\u247b\u247c\u247d"},
    {" big5hkscs ", 0xa15a, u"\u2574"},
    {" big5hkscs ", 0xa1c3, u"\uffe3"},
    {" big5hkscs ", 0xa1c5, u"\u02cd"},
    {" big5hkscs ", 0xa1fe, u"\uff0f"},
    {" big5hkscs ", 0xa240, u"\uff3c"},
    {" big5hkscs ", 0xa2cc, u"\u5341"},
    {" big5hkscs ", 0xa2ce, u"\u5345"},
    {" cp932 ", 0x80, u"\u0080"},
    {" cp932 ", 0xa0, u"\uf8f0"},
    {" cp932 ", 0xfd, u"\uf8f1\uf8f2\uf8f3"},
    {" euc_jp euc_jis_2004 euc_jisx0213 ", 0x8fa2b7, u"~"},
    {" johab ", 0x8441, u"\u3000\u3131\u3132"},
    {" johab ", 0x8445, u"\u3134"},
    {" johab ", 0x8448, u"\u3137\u3139"},
    {" johab ", 0x8451, u"\u3141"},
    {" johab ", 0x8453, u"\u3142"},
    {" johab ", 0x8455, u"\u3145\u3146\u3147\u3148\u314a\u314b\u314c\u314d\u314e"},
    {" gb18030 ", 0xa6d9, u"\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793"},
    {" gb18030 ", 0xa6ec, u"\ue794\ue795"},
    {" gb18030 ", 0xa6f3, u"\ue796"},
    {" gb18030 ", 0xa8bc, u"\ue7c7"},
    {" gb18030 ", 0xfe51, u"\ue816\ue817\ue818"},
    {" gb18030 ", 0xfe59, u"\ue81e"},
    {" gb18030 ", 0xfe61, u"\ue826"},
    {" gb18030 ", 0xfe66, u"\ue82b\ue82c"},
    {" gb18030 ", 0xfe6c, u"\ue831\ue832"},
    {" gb18030 ", 0xfe76, u"\ue83b"},
    {" gb18030 ", 0xfe7e, u"\ue843"},
    {" gb18030 ", 0xfe90, u"\ue854\ue855"},
    {" gb18030 ", 0xfea0, u"\ue864"},
    {" gb18030 ", 0x8135f437, u"\u1e3f"},
    {" gb18030 ", 0x82359037, u"\u9fb4\u9fb5\u9fb6"},
    {" gb18030 ", 0x82359130, u"\u9fb7\u9fb8\u9fb9\u9fba\u9fbb"},
    {" gb18030 ", 0x84318236, u"\ufe10\ufe11\ufe12\ufe13"},
    {" gb18030 ", 0x84318330, u"\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19"},
    {" euc_jis_2004 euc_jisx0213 ", 0xa1bd, u"\u2015"},
    {" euc_jis_2004 euc_jisx0213 ", 0xa2d6, u"\u2985\u2986"},
    {" euc_jisx0213 ", 0x8ffdbb, u"\u9b1d"},
    {" shift_jis_2004 shift_jisx0213 ", 0x815c, u"\u2015"},
    {" shift_jis_2004 shift_jisx0213 ", 0x815f, u"\\"},
    {" shift_jis_2004 shift_jisx0213 ", 0x81b0, u"~"},
    {" shift_jis_2004 shift_jisx0213 ", 0x81d4, u"\u2985\u2986"},
    {" shift_jisx0213 ", 0xfc5a, u"\u9b1d"},
    {" cp1026 ", 0x9d, u"\u00b8"},
    {" cp1026 ", 0xbc, u"\u00af"},
    {" cp273 ", 0xbc, u"\u203e"},
    {" cp424 ", 0x78, u"\u2017"},
    {" cp424 ", 0x8f, u"\u00b1"},
    {" cp856 ", 0x1a,
     u"\x1a"
     ""},
    {" cp856 ", 0x1c,
     u"\x1c"
     ""},
    {" cp856 ", 0x7f,
     u"\x7f"
     ""},
    {" cp856 ", 0xee, u"\u00af"},
    {" cp856 ", 0xfa, u"\u00b7"},
    {" cp875 ", 0x6a, u"|"},
    {" cp875 ", 0x74, u"\u00a0"},
    {" cp875 ", 0xdc,
     u"\x1a"
     "\u0387"},
    {" cp875 ", 0xe1,
     u"\x1a"
     ""},
    {" cp875 ", 0xec,
     u"\x1a"
     "\x1a"
     ""},
    {" cp875 ", 0xfc,
     u"\x1a"
     "\x1a"
     ""},
    {" mac-cyrillic ", 0xff, u"\u20ac"},
    {" mac-roman ", 0xc6, u"\u2206"},
    {" mac-roman ", 0xf0, u"\uf8ff"},
    {" tis-620 ", 0x80,
     u"\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e\u008f"
     u"\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009f"},
    {" shift_jis johab ", 0x5c, u"\\"},
    {" shift_jis ", 0x7e, u"~"},
});

/// Codes that iconv has a character for and Python has not.
struct hole {
  std::string_view names;  ///< Each between blanks.
  std::uint32_t first, last;
};

constexpr auto holes = std::to_array<hole>({
    {" big5 ", 0xa3e1, 0xa3e1},           {" big5 cp950 ", 0xc7fd, 0xc7fe},
    {" big5 cp950 ", 0xc840, 0xc87e},     {" big5 cp950 ", 0xc8a1, 0xc8fe},
    {" big5 ", 0xf9d6, 0xf9fe},           {" big5hkscs ", 0x877a, 0x877e},
    {" big5hkscs ", 0x87a1, 0x87df},      {" euc_kr ", 0xa2e8, 0xa2e8},
    {" johab ", 0xd9e8, 0xd9e8},          {" euc_jisx0213 ", 0xaea1, 0xaea1},
    {" euc_jisx0213 ", 0xaffe, 0xaffe},   {" euc_jisx0213 ", 0xcfd4, 0xcfd4},
    {" euc_jisx0213 ", 0xcffe, 0xcffe},   {" euc_jisx0213 ", 0xf4a7, 0xf4a7},
    {" euc_jisx0213 ", 0xfefa, 0xfefe},   {" shift_jisx0213 ", 0x879f, 0x879f},
    {" shift_jisx0213 ", 0x889e, 0x889e}, {" shift_jisx0213 ", 0x9873, 0x9873},
    {" shift_jisx0213 ", 0x989e, 0x989e}, {" shift_jisx0213 ", 0xeaa5, 0xeaa5},
    {" shift_jisx0213 ", 0xeff8, 0xeffc},
});

bool is_of(std::string_view names, std::string_view set) {
  return names.find(" " + std::string(set) + " ") != std::string_view::npos;
}

}  // namespace

std::u16string_view upper_half_of(std::string_view set) {
  const auto* row = std::find_if(upper_halves.begin(), upper_halves.end(),
                                 [&](const half_table& one) { return one.name == set; });
  return row == upper_halves.end() ? std::u16string_view() : row->characters;
}

std::optional<char16_t> different_character(std::string_view set, std::uint32_t code) {
  for (const auto& one : differences)
    if (code >= one.first && code - one.first < one.characters.size() && is_of(one.names, set))
      return one.characters[code - one.first];
  for (const auto& one : holes)
    if (code >= one.first && code <= one.last && is_of(one.names, set)) return no_character;
  return std::nullopt;
}

}  // namespace cybexd::tahoe::mail
