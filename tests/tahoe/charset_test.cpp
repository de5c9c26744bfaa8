// The charsets of e-mail, against Python's codecs: made with Python 3.11, every name of every text codec.
#include "tahoe/mail/charset.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "tahoe/filters/filter.hpp"
#include "tahoe/json.hpp"
#include "tahoe/mail/words.hpp"

using namespace cybexd;
using namespace cybexd::tahoe;
using namespace std::string_view_literals;

namespace {

struct codec {
  std::string_view names;  ///< As charsets are looked up: lower case, with dashes.
  std::string_view bytes, text;
};

constexpr codec codecs[] = {
    {"646 ansi-x3-4-1968 ansi-x3.4-1968 ansi-x3.4-1986 ascii cp367 csascii ibm367 iso-646.irv-1991 iso-ir-6 "
     "iso646-us us us-ascii",
     "abc"sv, "abc"},
    {"big5 big5-tw csbig5 x-mac-trad-chinese", "\xa4\xa4\xa4\xe5"sv, "中文"},
    {"big5-hkscs big5hkscs hkscs",
     "\xc8\x44\xc8\x66\xc8\x5e\xc8\x57\xc8\x5a\xc8\x68\x20\xa4\xe9\xa5\xbb\xbb\x79\x20\xc7\xa7\xc7\xc6"sv,
     "Привет 日本語 カナ"},
    {"037 cp037 csibm037 ebcdic-cp-ca ebcdic-cp-nl ebcdic-cp-us ebcdic-cp-wt ibm037 ibm039",
     "\xc7\x99\xdc\x59\x85"sv, "Grüße"},
    {"cp1006", "abc"sv, "abc"},
    {"1026 cp1026 csibm1026 ibm1026", "\xc7\x99\xe0\x59\x85\x40\x7c"sv, "Grüße Ş"},
    {"1125 cp1125 cp866u ibm1125 ruscii", "\x8f\xe0\xa8\xa2\xa5\xe2"sv, "Привет"},
    {"1140 cp1140 ibm1140", "\xc7\x99\xdc\x59\x85\x40\x9f"sv, "Grüße €"},
    {"1250 cp1250 windows-1250", "\x47\x72\xfc\xdf\x65\x20\xa3\xf3\x64\x9f\x20\x80"sv, "Grüße Łódź €"},
    {"1251 cp1251 windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2\x20\x88"sv, "Привет €"},
    {"1252 cp1252 windows-1252", "\x80\x20\x47\x72\xfc\xdf\x65"sv, "€ Grüße"},
    {"1253 cp1253 windows-1253", "\xc5\xeb\xeb\xe7\xed\xe9\xea\xdc\x20\x80"sv, "Ελληνικά €"},
    {"1254 cp1254 windows-1254", "\xde\x20\x47\x72\xfc\xdf\x65"sv, "Ş Grüße"},
    {"1255 cp1255 windows-1255", "\xf9\xec\xe5\xed\x20\x80"sv, "שלום €"},
    {"1256 cp1256 windows-1256", "\xd3\xe1\xc7\xe3\x20\x80"sv, "سلام €"},
    {"1257 cp1257 windows-1257", "\x47\x72\xfc\xdf\x65\x20\xd9\xf3\x64\xea\x20\x80"sv, "Grüße Łódź €"},
    {"1258 cp1258 windows-1258", "\x47\x72\xfc\xdf\x65\x20\x80"sv, "Grüße €"},
    {"273 cp273 csibm273 ibm273", "\xc7\x99\xd0\xa1\x85"sv, "Grüße"},
    {"424 cp424 csibm424 ebcdic-cp-he ibm424", "iTFU"sv, "שלום"},
    {"437 cp437 cspc8codepage437 ibm437", "\x47\x72\x81\xe1\x65"sv, "Grüße"},
    {"500 cp500 csibm500 ebcdic-cp-be ebcdic-cp-ch ibm500", "\xc7\x99\xdc\x59\x85"sv, "Grüße"},
    {"cp720", "\xab\xe9\x9f\xea"sv, "سلام"},
    {"cp737", "\x84\xa2\xa2\x9e\xa4\xa0\xa1\xe1"sv, "Ελληνικά"},
    {"775 cp775 cspc775baltic ibm775", "\x47\x72\x81\xe1\x65\x20\xad\xa2\x64\xa5"sv, "Grüße Łódź"},
    {"850 cp850 cspc850multilingual ibm850", "\x47\x72\x81\xe1\x65"sv, "Grüße"},
    {"852 cp852 cspcp852 ibm852", "\x47\x72\x81\xe1\x65\x20\x9d\xa2\x64\xab\x20\xb8"sv, "Grüße Łódź Ş"},
    {"855 cp855 csibm855 ibm855", "\xdd\xe1\xb7\xeb\xa8\xe5"sv, "Привет"},
    {"cp856", "\x99\x8c\x85\x8d"sv, "שלום"},
    {"857 cp857 csibm857 ibm857", "\x47\x72\x81\xe1\x65\x20\x9e"sv, "Grüße Ş"},
    {"858 cp858 csibm858 ibm858", "\x47\x72\x81\xe1\x65\x20\xd5"sv, "Grüße €"},
    {"860 cp860 csibm860 ibm860", "\x47\x72\x81\xe1\x65"sv, "Grüße"},
    {"861 cp-is cp861 csibm861 ibm861", "\x47\x72\x81\xe1\x65"sv, "Grüße"},
    {"862 cp862 cspc862latinhebrew ibm862", "\x99\x8c\x85\x8d"sv, "שלום"},
    {"863 cp863 csibm863 ibm863", "\x47\x72\x81\xe1\x65"sv, "Grüße"},
    {"864 cp864 csibm864 ibm864", "abc"sv, "abc"},
    {"865 cp865 csibm865 ibm865", "\x47\x72\x81\xe1\x65"sv, "Grüße"},
    {"866 cp866 csibm866 ibm866", "\x8f\xe0\xa8\xa2\xa5\xe2"sv, "Привет"},
    {"869 cp-gr cp869 csibm869 ibm869", "\xa8\xe5\xe5\xe1\xe7\xe3\xe4\x9b"sv, "Ελληνικά"},
    {"cp874", "\xe4\xb7\xc2\x20\x80"sv, "ไทย €"},
    {"cp875", "\x45\x9e\x9e\x9a\xaa\x9c\x9d\xb1"sv, "Ελληνικά"},
    {"932 cp932 ms-kanji ms932 mskanji",
     "\x84\x50\x84\x82\x84\x79\x84\x72\x84\x75\x84\x84\x20\x93\xfa\x96\x7b\x8c\xea\x20\x83\x4a\x83\x69"sv,
     "Привет 日本語 カナ"},
    {"949 cp949 ms949 uhc",
     "\xac\xb1\xac\xe2\xac\xda\xac\xd3\xac\xd6\xac\xe4\x20\xec\xed\xdc\xe2\xe5\xde\x20\xab\xab\xab\xca"sv,
     "Привет 日本語 カナ"},
    {"950 cp950 ms950", "\xa4\xa4\xa4\xe5"sv, "中文"},
    {"euc-jis-2004 euc-jis2004 eucjis2004 jisx0213", "\xc6\xfc\xcb\xdc\xb8\xec\x20\xa5\xab\xa5\xca"sv,
     "日本語 カナ"},
    {"euc-jisx0213 eucjisx0213", "\xc6\xfc\xcb\xdc\xb8\xec\x20\xa5\xab\xa5\xca"sv, "日本語 カナ"},
    {"euc-jp eucjp u-jis ujis",
     "\x47\x72\x8f\xab\xe4\x8f\xa9\xce\x65\x20\xa7\xb1\xa7\xe2\xa7\xda\xa7\xd3\xa7\xd6\xa7\xe4\x20\xa6\xa5\xa6\xcb\xa6\xcb\xa6\xc7\xa6\xcd\xa6\xc9\xa6\xca\x8f\xa6\xf1"sv,
     "Grüße Привет Ελληνικά"},
    {"euc-kr euckr korean ks-c-5601 ks-c-5601-1987 ks-x-1001 ksc5601 ksx1001 x-mac-korean",
     "\xac\xb1\xac\xe2\xac\xda\xac\xd3\xac\xd6\xac\xe4\x20\xec\xed\xdc\xe2\xe5\xde\x20\xab\xab\xab\xca"sv,
     "Привет 日本語 カナ"},
    {"gb18030 gb18030-2000",
     "\x47\x72\xa8\xb9\x81\x30\x89\x38\x65\x20\xa7\xb1\xa7\xe2\xa7\xda\xa7\xd3\xa7\xd6\xa7\xe4\x20\xa6\xa5\xa6\xcb\xa6\xcb\xa6\xc7\xa6\xcd\xa6\xc9\xa6\xca\x81\x30\xcb\x34"sv,
     "Grüße Привет Ελληνικά"},
    {"chinese csiso58gb231280 euc-cn euccn eucgb2312-cn gb2312 gb2312-1980 gb2312-80 iso-ir-58 "
     "x-mac-simp-chinese",
     "\xa7\xb1\xa7\xe2\xa7\xda\xa7\xd3\xa7\xd6\xa7\xe4\x20\xa5\xab\xa5\xca\x20\xd6\xd0\xce\xc4"sv,
     "Привет カナ 中文"},
    {"936 cp936 gbk ms936",
     "\xa7\xb1\xa7\xe2\xa7\xda\xa7\xd3\xa7\xd6\xa7\xe4\x20\xc8\xd5\xb1\xbe\xd5\x5a\x20\xa5\xab\xa5\xca"sv,
     "Привет 日本語 カナ"},
    {"cp1051 hp-roman8 ibm1051 r8 roman8", "\x47\x72\xcf\xde\x65"sv, "Grüße"},
    {"hz hz-gb hz-gb-2312 hzgb", "~{'1'b'Z'S'V'd~} ~{%+%J~} ~{VPND~}"sv, "Привет カナ 中文"},
    {"csiso2022jp iso-2022-jp iso2022-jp iso2022jp",
     "\x1b\x24\x42\x27\x31\x27\x62\x27\x5a\x27\x53\x27\x56\x27\x64\x1b\x28\x42\x20\x1b\x24\x42\x46\x7c\x4b\x5c\x38\x6c\x1b\x28\x42\x20\x1b\x24\x42\x25\x2b\x25\x4a\x1b\x28\x42"sv,
     "Привет 日本語 カナ"},
    {"iso-2022-jp-1 iso2022-jp-1 iso2022jp-1",
     "\x47\x72\x1b\x24\x28\x44\x2b\x64\x29\x4e\x1b\x28\x42\x65\x20\x1b\x24\x42\x27\x31\x27\x62\x27\x5a\x27\x53\x27\x56\x27\x64\x1b\x28\x42\x20\x1b\x24\x42\x26\x25\x26\x4b\x26\x4b\x26\x47\x26\x4d\x26\x49\x26\x4a\x1b\x24\x28\x44\x26\x71\x1b\x28\x42"sv,
     "Grüße Привет Ελληνικά"},
    {"iso-2022-jp-2 iso2022-jp-2 iso2022jp-2",
     "\x47\x72\x1b\x24\x28\x44\x2b\x64\x29\x4e\x1b\x28\x42\x65\x20\x1b\x24\x42\x27\x31\x27\x62\x27\x5a\x27\x53\x27\x56\x27\x64\x1b\x28\x42\x20\x1b\x24\x42\x26\x25\x26\x4b\x26\x4b\x26\x47\x26\x4d\x26\x49\x26\x4a\x1b\x24\x28\x44\x26\x71\x1b\x28\x42"sv,
     "Grüße Привет Ελληνικά"},
    {"iso-2022-jp-2004 iso2022-jp-2004 iso2022jp-2004",
     "\x47\x72\x1b\x24\x28\x51\x29\x71\x29\x55\x1b\x28\x42\x65\x20\x1b\x24\x42\x27\x31\x27\x62\x27\x5a\x27\x53\x27\x56\x27\x64\x1b\x28\x42\x20\x1b\x24\x42\x46\x7c\x4b\x5c\x38\x6c\x1b\x28\x42"sv,
     "Grüße Привет 日本語"},
    {"iso-2022-jp-3 iso2022-jp-3 iso2022jp-3",
     "\x47\x72\x1b\x24\x28\x4f\x29\x71\x29\x55\x1b\x28\x42\x65\x20\x1b\x24\x42\x27\x31\x27\x62\x27\x5a\x27\x53\x27\x56\x27\x64\x1b\x28\x42\x20\x1b\x24\x42\x46\x7c\x4b\x5c\x38\x6c\x1b\x28\x42"sv,
     "Grüße Привет 日本語"},
    {"iso-2022-jp-ext iso2022-jp-ext iso2022jp-ext",
     "\x1b\x24\x42\x46\x7c\x4b\x5c\x38\x6c\x1b\x28\x42\x20\x1b\x28\x49\x36\x45\x1b\x28\x42"sv, "日本語 ｶﾅ"},
    {"csiso2022kr iso-2022-kr iso2022-kr iso2022kr",
     "\x1b\x24\x29\x43\x0e\x2c\x31\x2c\x62\x2c\x5a\x2c\x53\x2c\x56\x2c\x64\x0f\x20\x0e\x6c\x6d\x5c\x62\x65\x5e\x0f\x20\x0e\x2b\x2b\x2b\x4a\x0f"sv,
     "Привет 日本語 カナ"},
    {"csisolatin6 iso-8859-10 iso-8859-10-1992 iso-ir-157 iso8859-10 l6 latin6", "\x47\x72\xfc\xdf\x65"sv,
     "Grüße"},
    {"iso-8859-11 iso-8859-11-2001 iso8859-11 thai", "\xe4\xb7\xc2"sv, "ไทย"},
    {"iso-8859-13 iso8859-13 l7 latin7", "\x47\x72\xfc\xdf\x65\x20\xd9\xf3\x64\xea"sv, "Grüße Łódź"},
    {"iso-8859-14 iso-8859-14-1998 iso-celtic iso-ir-199 iso8859-14 l8 latin8", "\x47\x72\xfc\xdf\x65"sv,
     "Grüße"},
    {"iso-8859-15 iso8859-15 l9 latin9", "\x47\x72\xfc\xdf\x65\x20\xa4"sv, "Grüße €"},
    {"iso-8859-16 iso-8859-16-2001 iso-ir-226 iso8859-16 l10 latin10",
     "\x47\x72\xfc\xdf\x65\x20\xa3\xf3\x64\xae\x20\xa4"sv, "Grüße Łódź €"},
    {"csisolatin2 iso-8859-2 iso-8859-2-1987 iso-ir-101 iso8859-2 l2 latin2",
     "\x47\x72\xfc\xdf\x65\x20\xa3\xf3\x64\xbc\x20\xaa"sv, "Grüße Łódź Ş"},
    {"csisolatin3 iso-8859-3 iso-8859-3-1988 iso-ir-109 iso8859-3 l3 latin3",
     "\x47\x72\xfc\xdf\x65\x20\xaa"sv, "Grüße Ş"},
    {"csisolatin4 iso-8859-4 iso-8859-4-1988 iso-ir-110 iso8859-4 l4 latin4", "\x47\x72\xfc\xdf\x65"sv,
     "Grüße"},
    {"csisolatincyrillic cyrillic iso-8859-5 iso-8859-5-1988 iso-ir-144 iso8859-5",
     "\xbf\xe0\xd8\xd2\xd5\xe2"sv, "Привет"},
    {"arabic asmo-708 csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-1987 iso-ir-127 iso8859-6",
     "\xd3\xe4\xc7\xe5"sv, "سلام"},
    {"csisolatingreek ecma-118 elot-928 greek greek8 iso-8859-7 iso-8859-7-1987 iso-ir-126 iso8859-7",
     "\xc5\xeb\xeb\xe7\xed\xe9\xea\xdc\x20\xa4"sv, "Ελληνικά €"},
    {"csisolatinhebrew hebrew iso-8859-8 iso-8859-8-1988 iso-ir-138 iso8859-8", "\xf9\xec\xe5\xed"sv, "שלום"},
    {"csisolatin5 iso-8859-9 iso-8859-9-1989 iso-ir-148 iso8859-9 l5 latin5",
     "\xde\x20\x47\x72\xfc\xdf\x65"sv, "Ş Grüße"},
    {"cp1361 johab ms1361",
     "\xde\xb1\xde\xe2\xde\xda\xde\xd3\xde\xd6\xde\xe4\x20\xf1\x7d\xe9\x72\xed\xde\x20\xde\x3b\xde\x5a"sv,
     "Привет 日本語 カナ"},
    {"cskoi8r koi8-r", "\xf0\xd2\xc9\xd7\xc5\xd4"sv, "Привет"},
    {"koi8-t", "\xf0\xd2\xc9\xd7\xc5\xd4\x20\x90\xc1\xda\xc1\x80"sv, "Привет Қазақ"},
    {"koi8-u", "\xf0\xd2\xc9\xd7\xc5\xd4"sv, "Привет"},
    {"kz-1048 kz1048 rk1048 strk1048-2002", "\xcf\xf0\xe8\xe2\xe5\xf2\x20\x8d\xe0\xe7\xe0\x9d\x20\x88"sv,
     "Привет Қазақ €"},
    {"8859 cp819 csisolatin1 ibm819 iso-8859-1 iso-8859-1-1987 iso-ir-100 iso8859 iso8859-1 l1 latin latin-1 "
     "latin1",
     "\x47\x72\xfc\xdf\x65"sv, "Grüße"},
    {"mac-arabic", "\xd3\xe4\xc7\xe5"sv, "سلام"},
    {"mac-croatian", "\x47\x72\x9f\xa7\x65\x20\xdb"sv, "Grüße €"},
    {"mac-cyrillic maccyrillic", "\x8f\xf0\xe8\xe2\xe5\xf2"sv, "Привет"},
    {"mac-farsi", "\xd3\xe4\xc7\xe5"sv, "سلام"},
    {"mac-greek macgreek", "\x47\x72\x9f\xa7\x65\x20\xb6\xec\xec\xe8\xee\xe9\xeb\xc0\x20\x9c"sv,
     "Grüße Ελληνικά €"},
    {"mac-iceland maciceland", "\x47\x72\x9f\xa7\x65\x20\xdb"sv, "Grüße €"},
    {"mac-centeuro mac-latin2 maccentraleurope maclatin2", "\x47\x72\x9f\xa7\x65\x20\xfc\x97\x64\x90"sv,
     "Grüße Łódź"},
    {"mac-roman macintosh macroman", "\x47\x72\x9f\xa7\x65\x20\xdb"sv, "Grüße €"},
    {"mac-romanian", "\x47\x72\x9f\xa7\x65\x20\xdb"sv, "Grüße €"},
    {"mac-turkish macturkish", "\xde\x20\x47\x72\x9f\xa7\x65"sv, "Ş Grüße"},
    {"palmos", "\x80\x20\x47\x72\xfc\xdf\x65"sv, "€ Grüße"},
    {"cp154 csptcp154 cyrillic-asian pt154 ptcp154", "\xcf\xf0\xe8\xe2\xe5\xf2\x20\x8d\xe0\xe7\xe0\x9d"sv,
     "Привет Қазақ"},
    {"csshiftjis s-jis shift-jis shiftjis sjis x-mac-japanese",
     "\x84\x50\x84\x82\x84\x79\x84\x72\x84\x75\x84\x84\x20\x93\xfa\x96\x7b\x8c\xea\x20\x83\x4a\x83\x69"sv,
     "Привет 日本語 カナ"},
    {"s-jis-2004 shift-jis-2004 shiftjis2004 sjis-2004",
     "\x47\x72\x85\x91\x85\x74\x65\x20\x84\x50\x84\x82\x84\x79\x84\x72\x84\x75\x84\x84\x20\x93\xfa\x96\x7b\x8c\xea"sv,
     "Grüße Привет 日本語"},
    {"s-jisx0213 shift-jisx0213 shiftjisx0213 sjisx0213",
     "\x47\x72\x85\x91\x85\x74\x65\x20\x84\x50\x84\x82\x84\x79\x84\x72\x84\x75\x84\x84\x20\x93\xfa\x96\x7b\x8c\xea"sv,
     "Grüße Привет 日本語"},
    {"iso-ir-166 tis-620 tis-620-0 tis-620-2529-0 tis-620-2529-1 tis620", "\xe4\xb7\xc2"sv, "ไทย"},
    {"u16 utf-16 utf16",
     "\xff\xfe\x47\x00\x72\x00\xfc\x00\xdf\x00\x65\x00\x20\x00\x1f\x04\x40\x04\x38\x04\x32\x04\x35\x04\x42\x04\x20\x00\x95\x03\xbb\x03\xbb\x03\xb7\x03\xbd\x03\xb9\x03\xba\x03\xac\x03"sv,
     "Grüße Привет Ελληνικά"},
    {"unicodebigunmarked utf-16-be utf-16be",
     "\x00\x47\x00\x72\x00\xfc\x00\xdf\x00\x65\x00\x20\x04\x1f\x04\x40\x04\x38\x04\x32\x04\x35\x04\x42\x00\x20\x03\x95\x03\xbb\x03\xbb\x03\xb7\x03\xbd\x03\xb9\x03\xba\x03\xac"sv,
     "Grüße Привет Ελληνικά"},
    {"unicodelittleunmarked utf-16-le utf-16le",
     "\x47\x00\x72\x00\xfc\x00\xdf\x00\x65\x00\x20\x00\x1f\x04\x40\x04\x38\x04\x32\x04\x35\x04\x42\x04\x20\x00\x95\x03\xbb\x03\xbb\x03\xb7\x03\xbd\x03\xb9\x03\xba\x03\xac\x03"sv,
     "Grüße Привет Ελληνικά"},
    {"u32 utf-32 utf32",
     "\xff\xfe\x00\x00\x47\x00\x00\x00\x72\x00\x00\x00\xfc\x00\x00\x00\xdf\x00\x00\x00\x65\x00\x00\x00\x20\x00\x00\x00\x1f\x04\x00\x00\x40\x04\x00\x00\x38\x04\x00\x00\x32\x04\x00\x00\x35\x04\x00\x00\x42\x04\x00\x00\x20\x00\x00\x00\x95\x03\x00\x00\xbb\x03\x00\x00\xbb\x03\x00\x00\xb7\x03\x00\x00\xbd\x03\x00\x00\xb9\x03\x00\x00\xba\x03\x00\x00\xac\x03\x00\x00"sv,
     "Grüße Привет Ελληνικά"},
    {"utf-32-be utf-32be",
     "\x00\x00\x00\x47\x00\x00\x00\x72\x00\x00\x00\xfc\x00\x00\x00\xdf\x00\x00\x00\x65\x00\x00\x00\x20\x00\x00\x04\x1f\x00\x00\x04\x40\x00\x00\x04\x38\x00\x00\x04\x32\x00\x00\x04\x35\x00\x00\x04\x42\x00\x00\x00\x20\x00\x00\x03\x95\x00\x00\x03\xbb\x00\x00\x03\xbb\x00\x00\x03\xb7\x00\x00\x03\xbd\x00\x00\x03\xb9\x00\x00\x03\xba\x00\x00\x03\xac"sv,
     "Grüße Привет Ελληνικά"},
    {"utf-32-le utf-32le",
     "\x47\x00\x00\x00\x72\x00\x00\x00\xfc\x00\x00\x00\xdf\x00\x00\x00\x65\x00\x00\x00\x20\x00\x00\x00\x1f\x04\x00\x00\x40\x04\x00\x00\x38\x04\x00\x00\x32\x04\x00\x00\x35\x04\x00\x00\x42\x04\x00\x00\x20\x00\x00\x00\x95\x03\x00\x00\xbb\x03\x00\x00\xbb\x03\x00\x00\xb7\x03\x00\x00\xbd\x03\x00\x00\xb9\x03\x00\x00\xba\x03\x00\x00\xac\x03\x00\x00"sv,
     "Grüße Привет Ελληνικά"},
    {"u7 unicode-1-1-utf-7 utf-7 utf7", "Gr+APwA3w-e +BB8EQAQ4BDIENQRC +A5UDuwO7A7cDvQO5A7oDrA-"sv,
     "Grüße Привет Ελληνικά"},
    {"cp65001 u8 utf utf-8 utf8 utf8-ucs2 utf8-ucs4",
     "\x47\x72\xc3\xbc\xc3\x9f\x65\x20\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82\x20\xce\x95\xce\xbb\xce\xbb\xce\xb7\xce\xbd\xce\xb9\xce\xba\xce\xac"sv,
     "Grüße Привет Ελληνικά"},
    {"utf-8-sig",
     "\xef\xbb\xbf\x47\x72\xc3\xbc\xc3\x9f\x65\x20\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82\x20\xce\x95\xce\xbb\xce\xbb\xce\xb7\xce\xbd\xce\xb9\xce\xba\xce\xac"sv,
     "Grüße Привет Ελληνικά"},
};

std::string decoded(std::string_view bytes, const std::string& charset) {
  return mail::decode_charset(bytes, charset, mail::undecodable::replace).value_or("unknown");
}

filters::product run(const std::string& mail) {
  return filters::for_sub_type("email")->run(value(object{{"data", mail}}),
                                             {.orgid = "o", .timezone = "UTC"});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(charset)

BOOST_AUTO_TEST_CASE(every_name_of_every_codec_is_known) {
  for (const auto& one : codecs) {
    std::istringstream names{std::string(one.names)};
    for (std::string name; names >> name;) {
      BOOST_TEST(decoded(one.bytes, name) == one.text, name << " gives " << decoded(one.bytes, name));
      for (auto& c : name)
        c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      BOOST_TEST(decoded(one.bytes, name) == one.text, name);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_a_charset_lacks_is_replaced_or_kept) {
  const auto kept = [](std::string_view bytes, std::string_view charset) {
    return mail::decode_charset(bytes, charset, mail::undecodable::keep).value();
  };
  BOOST_TEST(decoded("a\xffz", "mac-greek") == "a\u00adz");
  BOOST_TEST(decoded("a\xc9z", "ks_c_5601-1987") == "a\uFFFDz");
  BOOST_TEST(kept("a\xc9z", "ks_c_5601-1987") == "a\xc9z");
  BOOST_TEST(decoded("a~~b~{VPND~}c~\nd", "hz") == "a~b中文cd");
  // A line's end does not end the characters in Python's HZ.
  BOOST_TEST(decoded("~{VPND\nabc", "hz-gb-2312") == "中文\uFFFD徕\uFFFD");
  BOOST_TEST(decoded("~{VP\x01~", "hz") == "中\uFFFD\uFFFD");
  BOOST_TEST(decoded("~", "hz") == "\uFFFD");
  BOOST_TEST(decoded("\xef\xbb\xbf\xc3\xa9", "utf-8-sig") == "é");
  BOOST_TEST(decoded("\xef\xbb\xbf\xc3\xa9", "utf-8") == "\uFEFFé");
  for (const auto* unknown :
       {"cp99999", "99999", "iso-8859-99-1999", "iso-8859-", "-1999", "korea", " ", "x y"})
    BOOST_TEST(decoded("a", unknown) == "unknown", unknown);
}

BOOST_AUTO_TEST_CASE(korean_mail_of_outlook_is_read) {
  // Symptom: `_valid` false, "the charset of the e-mail's text is unknown".
  const auto made =
      run("From: a@b.c\nTo: x@y.z\nDate: Fri, 21 Nov 1997 09:55:06 -0600\n"
          "Subject: =?ks_c_5601-1987?B?x9Gx2w==?=\nContent-Type: text/plain; charset=\"ks_c_5601-1987\"\n"
          "Content-Transfer-Encoding: base64\n\nx9Gx2w==\n");
  BOOST_REQUIRE_MESSAGE(made.usable, made.reason);
  for (const auto* sub_type : {"subject", "body"}) {
    BOOST_TEST(
        std::any_of(made.documents.begin(), made.documents.end(),
                    [&](const document& d) { return d.sub_type == sub_type && d.data == value("한글"); }),
        sub_type);
  }
}

BOOST_AUTO_TEST_SUITE_END()
