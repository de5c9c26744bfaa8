#include <boost/test/unit_test.hpp>
#include <string>

#include "tahoe/filters/filter.hpp"
#include "tahoe/json.hpp"
#include "tahoe/mail/addresses.hpp"
#include "tahoe/mail/charset.hpp"
#include "tahoe/mail/message.hpp"
#include "tahoe/mail/text.hpp"
#include "tahoe/mail/words.hpp"

// E-mails made to cost much. Each long text has one mebibyte or more of a pattern that costs hours where the
// rest of the text is walked for each of its pieces.
using namespace cybexd;
using namespace cybexd::tahoe;

namespace {

constexpr std::size_t long_enough = 1u << 20;

std::string repeated(std::string_view piece, std::size_t size = long_enough) {
  std::string out;
  out.reserve(size + piece.size());
  while (out.size() < size) out += piece;
  return out;
}

/// Long texts are not printed.
void check_equal(const std::string& made, const std::string& expected) {
  BOOST_CHECK_EQUAL(made.size(), expected.size());
  BOOST_CHECK(made == expected);
}

filters::product run(const std::string& mail) {
  return filters::for_sub_type("email")->run(value(object{{"data", mail}}),
                                             {.orgid = "o", .timezone = "UTC"});
}

std::string mail_with(std::string_view header, std::string_view more, std::string_view body = "body\n") {
  return "To: a@b.c\nDate: Fri, 21 Nov 1997 09:55:06 -0600\n" +
         std::string(header.starts_with("From") ? "" : "From: a@b.c\n") +
         std::string(header.starts_with("Subject") ? "" : "Subject: s\n") + std::string(header) + "\n" +
         std::string(more) + "\n" + std::string(body);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mail_hostile)

BOOST_AUTO_TEST_CASE(a_long_japanese_body_is_decoded_in_one_pass) {
  const auto decoded = [](const std::string& bytes) {
    return mail::decode_charset(bytes, "shift_jis", mail::undecodable::replace).value();
  };
  const auto size = 4 * long_enough;
  check_equal(decoded(std::string(size, '\\')), std::string(size, '\\'));
  check_equal(decoded(std::string(size, '~')), std::string(size, '~'));
  BOOST_CHECK_EQUAL(decoded("a\\b~c\x83\x5c"), "a\\b~cソ");
}

BOOST_AUTO_TEST_CASE(marks_of_encoded_words_without_an_end_are_text) {
  for (const auto* piece : {"=? ", "=?", "x?= ", "=?u?=?", "=?a?q?z", "x=?a?q?z", "=?a?x?b?=", "a=?b "}) {
    const auto text = repeated(piece);
    check_equal(mail::decode_unstructured(text), text);
    check_equal(mail::decode_unstructured(text + "=?"), text + "=?");
    check_equal(mail::decode_unstructured("x" + text), "x" + text);
  }
  const auto text = repeated("=? ");
  check_equal(mail::decode_unstructured(text + "?="), text + "?=");
}

BOOST_AUTO_TEST_CASE(many_encoded_words_are_decoded_in_one_pass) {
  const auto words = repeated("x=?utf-8?q?a?=");
  const auto count = words.size() / 14;
  check_equal(mail::decode_unstructured(words), repeated("xa", 2 * count));
  const auto tail = std::string(long_enough, 'y');
  check_equal(mail::decode_unstructured(words + tail), repeated("xa", 2 * count) + tail);
  check_equal(mail::decode_unstructured(repeated("=?utf-8?q?a?= ")), std::string(count, 'a') + " ");
}

BOOST_AUTO_TEST_CASE(blanks_at_the_end_are_not_walked_for_each_blank) {
  const auto text = repeated("a ") + std::string(long_enough, ' ');
  check_equal(mail::decode_unstructured(text), text);
  check_equal(mail::rewrite_addresses(text + "<a@b.c>").value(), repeated("a ") + "<a@b.c>");
}

BOOST_AUTO_TEST_CASE(addresses_of_many_parts_are_read_in_one_pass) {
  const auto rewritten = [](const std::string& text) { return mail::rewrite_addresses(text).value(); };
  BOOST_CHECK_EQUAL(rewritten("(" + repeated("(a)") + ") x@y.z"), "x@y.z");
  const auto quoted = repeated("\"a\"");
  check_equal(rewritten(quoted + " <x@y.z>"), std::string(quoted.size() / 3, 'a') + " <x@y.z>");
  const auto marks = repeated("=? ");
  check_equal(rewritten(marks + "<x@y.z>"), marks + "<x@y.z>");
}

BOOST_AUTO_TEST_CASE(a_header_beyond_all_sense_makes_the_mail_unusable) {
  const std::string longest(256u << 10, 'x');
  for (const std::string name : {"From", "Subject", "Reply-To", "X-Mailgun-Sending-Ip"}) {
    const auto fits = run(mail_with(name + ": " + longest, ""));
    BOOST_CHECK_MESSAGE(fits.usable, name << ": " << fits.reason);
    const auto made = run(mail_with(name + ": " + longest + "x", ""));
    BOOST_CHECK_MESSAGE(!made.usable, name);
    BOOST_CHECK_EQUAL(made.reason, "the e-mail's " + name + " passes 262144 bytes");
  }
}

BOOST_AUTO_TEST_CASE(parts_without_number_make_the_mail_unusable) {
  const auto mail_of = [](std::size_t parts) {
    return mail_with("Content-Type: multipart/mixed; boundary=b", "",
                     repeated("--b\n\n", parts * 5) + "--b--\n");
  };
  BOOST_CHECK(run(mail_of(10'000)).usable);
  const auto made = run(mail_of(10'001));
  BOOST_CHECK(!made.usable);
  BOOST_CHECK_EQUAL(made.reason, "the e-mail's parts are too many or nested too deep");
}

BOOST_AUTO_TEST_CASE(a_body_of_characters_that_utf8_lacks_is_replaced) {
  for (const auto* charset : {"utf-32", "UTF-32LE", "utf_32_be"}) {
    const auto made = run(mail_with("Content-Type: text/plain; charset=" + std::string(charset),
                                    "Content-Transfer-Encoding: base64\n", "ACAAAA==\n"));
    BOOST_CHECK_MESSAGE(made.usable, charset << ": " << made.reason);
    for (const auto& d : made.documents) BOOST_CHECK_MESSAGE(is_valid_utf8(to_json(d.data)), charset);
  }
  const auto text =
      mail::decode_charset(std::string_view("\0\x20\0\0\0\0\0a", 8), "utf-32-be", mail::undecodable::replace);
  BOOST_CHECK_EQUAL(text.value(), "\uFFFDa");
}

BOOST_AUTO_TEST_CASE(half_a_character_makes_the_mail_unusable) {
  // UTF-7 can spell a lone surrogate, which no document may hold.
  const auto made = run(mail_with("Content-Type: text/plain; charset=utf-7", "", "+2AA-\n"));
  BOOST_CHECK(!made.usable);
  BOOST_CHECK_EQUAL(made.reason, "the e-mail's text cannot be decoded from its charset");
  const auto unknown = run(mail_with("Content-Type: text/plain; charset=ucs-4", "", "a\n"));
  BOOST_CHECK_EQUAL(unknown.reason, "the charset of the e-mail's text is unknown");
}

BOOST_AUTO_TEST_CASE(long_texts_of_characters_one_by_one_are_decoded_in_one_pass) {
  for (const auto* charset : {"gbk", "big5", "euc-kr", "iso-2022-jp", "utf-7", "hz", "windows-1258"}) {
    const auto text =
        mail::decode_charset(std::string(long_enough, '~'), charset, mail::undecodable::replace);
    BOOST_CHECK_MESSAGE(text && !text->empty(), charset);
    const auto wrong =
        mail::decode_charset(std::string(long_enough, '\xff'), charset, mail::undecodable::replace);
    BOOST_CHECK_MESSAGE(wrong && !wrong->empty(), charset);
  }
  for (const auto* piece : {"+", "+AGE", "\x1b$", "\x1b(B", "\x1b$B", "~{", "~"}) {
    for (const auto* charset : {"utf-7", "iso-2022-jp-2", "iso-2022-kr", "hz"})
      BOOST_CHECK(mail::decode_charset(repeated(piece), charset, mail::undecodable::replace));
  }
}

BOOST_AUTO_TEST_CASE(an_address_is_cut_between_characters) {
  const auto made = run(mail_with("From: N <\"a éb\"@x>", ""));
  BOOST_REQUIRE_MESSAGE(made.usable, made.reason);
  for (const auto& d : made.documents) BOOST_CHECK(is_valid_utf8(to_json(d.data)));
  BOOST_CHECK(std::any_of(made.documents.begin(), made.documents.end(), [](const document& d) {
    return d.sub_type == "email_addr" && d.data == value("b\"@x");
  }));
}

BOOST_AUTO_TEST_SUITE_END()
