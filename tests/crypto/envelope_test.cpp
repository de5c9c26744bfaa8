#include "crypto/envelope.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "crypto/digest.hpp"
#include "crypto/random.hpp"
#include "tests/fixtures/golden.hpp"
#include "tests/fixtures/golden_keys.hpp"

namespace crypto = cybexd::crypto;
namespace fixtures = cybexd::fixtures;
namespace tahoe = cybexd::tahoe;
using crypto::envelope_failure;

namespace {

const tahoe::value& golden() {
  static const auto file = fixtures::golden("envelope");
  return file;
}

const crypto::private_key& key_of(const std::string& bits) {
  static const auto opened = [] {
    std::map<std::string, crypto::private_key> all;
    for (const auto& [name, key] : fixtures::golden_keys(golden())) all.emplace(name, key.open().value());
    return all;
  }();
  return opened.at(bits);
}

const crypto::public_key& sealer() {
  static const auto key = crypto::public_key::of(key_of("2048"));
  return key;
}

std::string seal(std::string_view text) { return crypto::seal_envelope(sealer(), text); }

/// What opening gives, as one readable text.
std::string outcome(std::string_view file, const std::string& bits = "2048") {
  const auto plain = crypto::open_envelope(key_of(bits), file);
  return plain ? "plain " + to_hex(crypto::sha256(*plain)) : std::string(to_string(plain.error()));
}

const std::map<std::string, envelope_failure> kinds_of_damage{
    {"empty file", envelope_failure::too_short},
    {"shorter than the wrapped key", envelope_failure::too_short},
    {"no nonce", envelope_failure::too_short},
    {"no tag", envelope_failure::too_short},
    {"half a tag", envelope_failure::too_short},
    {"wrapped key damaged", envelope_failure::key_does_not_open},
    {"nonce damaged", envelope_failure::tag_mismatch},
    {"tag damaged", envelope_failure::tag_mismatch},
    {"ciphertext damaged", envelope_failure::tag_mismatch},
    {"ciphertext cut", envelope_failure::tag_mismatch},
    {"byte appended", envelope_failure::tag_mismatch},
    {"plain text instead", envelope_failure::key_does_not_open},
    {"decrypts to bytes that are not UTF-8", envelope_failure::not_utf8}};

// Made elsewhere (Python's cryptography) under the golden 2048-bit key: session keys of 16, 24, 20, 0 and 33
// bytes.
const std::vector<std::pair<std::string, std::string>> other_session_keys{
    {"short key",
     "jE48yOFV7FxMpMKou/PhrwDw0uHS0TpmFOMmiUDM5eHRpnNo0GfH/rO8qcRW6bu9FmdekFF5vFGzV1105M9g8iu3Jujfd24Yv/q0"
     "H8rxEV3A3WPqyZn47Yz5+3Ap5gkCHmio4rMfOeS9UVf1csOSDb1eIqSl81toBkI7FZNNmwsyOoPX/C/Ieum88rlv4xbxUefuLvSV"
     "eoR7qx+nqWhZWOQJ5BAlsxyHxYy8+SlC5emkBOfUt4KFpUgzArj7EXF06nhi3xJQs/2OSW0iK+GN2e6CQelRgl4f6opqWAGkQ0mb"
     "DLzUETZ/igMbJ3XqhKagN90cGtMvvEzSNsjez7zuO19D9TGV68MvQ/hAQ2O7pnL9RLQHNbw6dtO/FTqDlnWjE23VllUqLXrY"},
    {"short key",
     "A6ZSmuZCJH4XY1feDvicft0EuAWO6Utj+9h3UcEKzmSo2wmqHcee/+OOYjARxHzCBLd7ZtipPxL2GM+q/23ecYWFzviMAFd1WNOD"
     "JwBBn50Qo/cQ7nOdDwsZTlsjxQwi3YtEekwJhvv9GuYoPdFGxlHgny1PARTHV/1Z+5gfWt+pp2BqRfCVh91BozbnZV/p7oNd+nLD"
     "cSpP6QaMwk7xTv3eUqGeurNdgqlCthvVZZ+XC8yKoof86lCc5YRHI2naOQ4qT586hIGru6cvjwZkIo6dysc6Y+KlqyZtjIjdrRkh"
     "HZ5rT4g6Dq4Dj+P8H/K3vR5edqSbYqKNFKlaXMpyNXvfIiVjpiHc3L/q4WGjl5/YbQhe5ADde8tPMFckWqFt5YaBOEVrQXVQ"},
    {"session key of a length other than 16, 24 or 32",
     "kBkSFBa9c9Bs+b5CvwEwwnsf1F09I8tAv+y/32E88BcXmu6VEivpWEkCk09vQH6GIOJQw8DTy0Sy7gBj4hHQmGzaNYHMSz9Zlub6"
     "G2vuAoy6PO59O/Ot4FIuJevuDnY5Gg2HQfwrHLYOx0ytfvPszxi4HE1kQyOjQ4YU8kD8iM7aSsHaRnyj8ykWweO19HMAv4hCpCcT"
     "VCs8mjL6pGGEd30qwzlsvSrxu+rb8rndKahc/LKpky4OoIru8y+Rp8P/lpDa/h8FeYLPQZNBleezKuUTVf3XOqcKi/OUBnHxdNv4"
     "V1LNjlnrYFU+12bDRnRI1Ye0zEczPpHnIRCzRaHSp3QRHvNZi4kpsLWQ7LegS5IH8qUCio7X5FR9ZLeXCzLE6cr7WSagoqpN"},
    {"session key of a length other than 16, 24 or 32",
     "E9MOWSRpuUHZYtdAs4qnza9vfidAV18neApVe+ezNyqZ+cRH4D5Xorx1hTpZD7ba926c5U15LGWuSFyvhKHpsP1lO0h7tCpQAPsI"
     "Rl3AVuc0YCuxwZjc9VHo33fb0AoAM7MZcO/W5giA7kmUjR8/QdLPqEXxtP48FRhgi6Q6VffSiAjfnPZ36rY0ky6JKfrFXvmUfSAZ"
     "zmB5+4K7O8+6uZGFCmPh/6wzWwByz1cnQP97yV4j8AUFQdguuE6N+hIuSHO1YZwLYIAKaCtTxb852w4dy+og3q0/rJeltHfRzOFu"
     "ST7YOoFDwCzrUKdKGSZxQXO7Gif13Ah8k7yF8n/6hN42KWQxIDmVTSUIe3BJW67vcLSjfwz7T3+f7V0Wf8gF4KoPJd2pkN3E"},
    {"session key of a length other than 16, 24 or 32",
     "e+xSQlctGGeGwZE7V3k24yTLFMbgCnxVw29TIO8ELDZQpWCrtQ0puEWRefsZ+ybX5y/UQLsFti45lvhNbEKj3wltN1ZHshCvkNXh"
     "3J8XI9Po7GH314auUf3CJx1O9j9iEl36divkLiV5Kc8AyxP6DPG7TKZCWeDHliXyhNdz6lEugz5/9+crEJsjoBw1uQ7dQQTMKRup"
     "wgwbFy29hAZ+zKG9Yt0oz2XqFWJU/QMTrbh9E3Y/khf8h5h1dpji/+C7eUG/+PFAVms8jTw8SObjm2N71iCRDvFBibFdgtR4p94A"
     "OIbspV7fIer27SCx5/ysqcXx8glkeHHn0xyXdGIfi3vwywLjMWOxAJ+7qMhrN7DMQLShEypMZCU1qMDmady2Ld7IY74TOQaV"}};

}  // namespace

BOOST_AUTO_TEST_SUITE(envelope)

BOOST_AUTO_TEST_CASE(every_golden_case_gives_its_outcome) {
  const auto& cases = *golden().find("cases")->get_if<tahoe::array>();
  BOOST_TEST(cases.size() == 71U);
  std::map<std::string, int> met;
  for (const auto& one : cases) {
    const auto file = crypto::from_base64(fixtures::text_or_empty(one, "file_b64"));
    BOOST_REQUIRE(file.has_value());
    const auto why = fixtures::text_or_empty(one, "why");
    const bool ok = *one.find("ok")->get_if<bool>();
    BOOST_REQUIRE(ok != kinds_of_damage.contains(why));
    const auto wanted = ok ? "plain " + fixtures::text_or_empty(one, "plain_sha256")
                           : std::string(to_string(kinds_of_damage.at(why)));
    BOOST_TEST(outcome(*file, fixtures::text_or_empty(one, "key")) == wanted, why);
    ++met[why];
  }
  BOOST_TEST(met.size() == kinds_of_damage.size() + 1);
}

BOOST_AUTO_TEST_CASE(a_sealed_text_opens_whatever_its_length) {
  for (const std::size_t length : {0U, 1U, 15U, 16U, 17U, 1000U, 3'000'000U}) {
    const std::string text(length, 'x');
    const auto file = seal(text);
    BOOST_TEST(file.size() == 256 + 32 + length);
    BOOST_TEST(crypto::open_envelope(key_of("2048"), file).value() == text);
  }
  BOOST_TEST(seal("text") != seal("text"));
}

BOOST_AUTO_TEST_CASE(one_flipped_bit_anywhere_is_refused) {
  const auto file = seal("seven b");
  for (std::size_t i = 0; i < file.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      auto damaged = file;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      const auto plain = crypto::open_envelope(key_of("2048"), damaged);
      const auto wanted = i < 256 ? envelope_failure::key_does_not_open : envelope_failure::tag_mismatch;
      BOOST_REQUIRE_MESSAGE(!plain && plain.error() == wanted, "byte " << i << ", bit " << bit);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_shorter_file_is_refused) {
  const auto file = seal("text");
  for (std::size_t length = 0; length < file.size(); ++length) {
    const auto plain = crypto::open_envelope(key_of("2048"), std::string_view(file).substr(0, length));
    const auto wanted = length < 288 ? envelope_failure::too_short : envelope_failure::tag_mismatch;
    BOOST_REQUIRE_MESSAGE(!plain && plain.error() == wanted, length << " bytes");
  }
}

BOOST_AUTO_TEST_CASE(a_file_for_another_key_does_not_open) {
  BOOST_TEST(outcome(seal(std::string(1000, 'x')), "3072") == "wrapped key does not open");
  BOOST_TEST(outcome(std::string(2000, '\xff')) == "wrapped key does not open");
  BOOST_TEST(outcome(std::string(2000, '\0')) == "wrapped key does not open");
}

BOOST_AUTO_TEST_CASE(session_keys_of_aes_lengths_only) {
  for (const auto& [wanted, text] : other_session_keys) {
    const auto plain = crypto::open_envelope(key_of("2048"), crypto::from_base64(text).value());
    BOOST_TEST((plain ? *plain : std::string(to_string(plain.error()))) == wanted);
  }
}

BOOST_AUTO_TEST_CASE(many_threads_open_with_one_key) {
  const auto file = seal("text");
  std::vector<int> opened(4);
  {
    std::vector<std::jthread> threads;
    for (auto& count : opened) {
      threads.emplace_back([&count, &file] {
        for (int i = 0; i < 100; ++i)
          count += crypto::open_envelope(key_of("2048"), file).has_value() ? 1 : 0;
      });
    }
  }
  for (const int count : opened) BOOST_TEST(count == 100);
}

BOOST_AUTO_TEST_CASE(utf8_is_well_formed_sequences_only) {
  for (const auto* text :
       {"", "plain", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "eight ascii then \xe2\x82\xac"}) {
    BOOST_TEST(crypto::is_utf8(text), crypto::to_hex(std::string_view(text)));
  }
  for (const auto* text : {"\x80",
                           "\xbf",
                           "\xc0\x80",
                           "\xc1\xbf",
                           "\xc2",
                           "\xc2\x7f",
                           "\xc2\xc0",
                           "\xe0\x9f\xbf",
                           "\xe0\xa0",
                           "\xe0\xa0\x7f",
                           "\xed\xa0\x80",
                           "\xed\xbf\xbf",
                           "\xf0\x8f\xbf\xbf",
                           "\xf0\x90\x80",
                           "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80",
                           "\xff",
                           "\xfe",
                           "\xf8\x88\x80\x80\x80",
                           "eight ascii then \xe2\x82"}) {
    BOOST_TEST(!crypto::is_utf8(text), crypto::to_hex(std::string_view(text)));
  }
}

BOOST_AUTO_TEST_CASE(utf8_is_told_at_every_offset) {
  for (std::size_t before = 0; before < 20; ++before) {
    for (std::size_t after = 0; after < 20; ++after) {
      const auto text = [&](std::string_view middle) {
        return std::string(before, 'a') + std::string(middle) + std::string(after, 'a');
      };
      BOOST_TEST(crypto::is_utf8(text("\xe2\x82\xac")));
      BOOST_TEST(crypto::is_utf8(text({"\0", 1})));
      BOOST_TEST(!crypto::is_utf8(text("\xff")));
      BOOST_TEST(!crypto::is_utf8(text("\xe2\x82")));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
