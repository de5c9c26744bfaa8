// Bytes in every charset of mail against Python's codecs: made by tests/data/make_charsets.py.
#include <boost/test/unit_test.hpp>
#include <sstream>

#include "tahoe/filters/filter.hpp"
#include "tahoe/json.hpp"
#include "tahoe/mail/charset.hpp"
#include "tahoe/mail/text.hpp"
#include "tahoe/mail/words.hpp"
#include "tests/fixtures/golden.hpp"

using namespace cybexd;
using namespace cybexd::tahoe;

namespace {

std::string from_hex(const std::string& hex) {
  std::string out;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2)
    out += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
  return out;
}

/// What a decoder makes of bytes; null if it makes nothing.
value decoded(const std::string& bytes, const std::string& charset, mail::undecodable how) {
  const auto text = mail::decode_charset(bytes, charset, how);
  if (!text) return value();
  return value(how == mail::undecodable::keep ? mail::sanitized(*text) : *text);
}

filters::product run(const std::string& charset, const std::string& subject) {
  return filters::for_sub_type("email")->run(
      value(object{
          {"data", "From: a@b.c\nTo: x@y.z\nDate: Fri, 21 Nov 1997 09:55:06 -0600\nSubject: " + subject +
                       "\nContent-Type: text/plain; charset=\"" + charset + "\"\n\nbody\n"}}),
      {.orgid = "o", .timezone = "UTC"});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(charset_python)

BOOST_AUTO_TEST_CASE(every_charset_is_decoded_as_python_decodes_it) {
  std::istringstream lines(fixtures::read_file(CYBEXD_SOURCE_DIR "/tests/data/charsets.jsonl"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto c = parse_json(line).value();
    const auto &charset = fixtures::text_at(c, "charset"), bytes = from_hex(fixtures::text_at(c, "bytes"));
    const auto& replaced = fixtures::at(c, "replaced");
    const auto* kept = c.find("kept");
    const auto made = decoded(bytes, charset, mail::undecodable::replace);
    BOOST_CHECK_MESSAGE(made == replaced, line << "\n  made " << to_json(made));
    const auto made_kept = decoded(bytes, charset, mail::undecodable::keep);
    BOOST_CHECK_MESSAGE(made_kept == (kept ? *kept : replaced),
                        line << "\n  made, kept " << to_json(made_kept));
  }
  BOOST_CHECK_GE(count, 440u);
}

BOOST_AUTO_TEST_CASE(a_charset_that_only_iconv_knows_makes_the_mail_unusable) {
  // Python raises LookupError for them, and the original's filter with it.
  for (const auto* charset :
       {"ucs-2", "windows-874", "iso-8859-8-i", "wchar_t", "x-sjis", "ucs-4", "iso-10646"}) {
    BOOST_TEST(!run(charset, "s").usable, charset);
    // In a header the bytes stay as they are, as those of any charset without a decoder.
    BOOST_TEST(mail::decode_unstructured("=?" + std::string(charset) + "?q?a=C3=A9?=") == "aé", charset);
  }
  BOOST_TEST(run("utf-8", "s").usable);
}

BOOST_AUTO_TEST_CASE(an_encoded_word_that_python_cannot_decode_is_text) {
  // `surrogateescape` keeps bytes from 0x80 on only, so that Python raises an error and reads on without it.
  for (const auto* word : {"=?utf-16le?b?ANg=?=", "=?iso-2022-jp?b?GyRCICA=?=", "=?utf-7?q?+A?="})
    BOOST_TEST(mail::decode_unstructured(word) == word);
  BOOST_TEST(mail::decode_unstructured("=?utf-16le?b?YQA=?= =?utf-16be?b?AGI=?=") == "ab");
}

BOOST_AUTO_TEST_SUITE_END()
