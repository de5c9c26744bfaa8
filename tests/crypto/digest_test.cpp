#include "crypto/digest.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "crypto/random.hpp"

namespace crypto = cybexd::crypto;

BOOST_AUTO_TEST_SUITE(digest)

BOOST_AUTO_TEST_CASE(sha256_gives_the_published_vectors) {
  // FIPS 180-4 examples.
  const std::vector<std::pair<std::string, std::string>> vectors{
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}};
  for (const auto& [text, hash] : vectors) BOOST_TEST(to_hex(crypto::sha256(text)) == hash);
}

BOOST_AUTO_TEST_CASE(sha256_of_parts_is_that_of_the_whole) {
  BOOST_TEST((crypto::sha256({"ab", "", "c"}) == crypto::sha256("abc")));
}

BOOST_AUTO_TEST_CASE(sha256_is_right_in_every_thread) {
  std::vector<crypto::hash256> hashes(4);
  {
    std::vector<std::jthread> threads;
    for (auto& hash : hashes) {
      threads.emplace_back([&hash] {
        for (int i = 0; i < 1000; ++i) hash = crypto::sha256("abc");
      });
    }
  }
  for (const auto& hash : hashes) BOOST_TEST((hash == crypto::sha256("abc")));
}

BOOST_AUTO_TEST_CASE(hash_from_hex_reads_both_cases_and_nothing_else) {
  const auto hash = crypto::sha256("abc");
  auto hex = to_hex(hash);
  BOOST_TEST((crypto::hash_from_hex(hex) == hash));
  for (auto& c : hex) c = static_cast<char>(std::toupper(c));
  BOOST_TEST((crypto::hash_from_hex(hex) == hash));
  BOOST_TEST(!crypto::hash_from_hex(hex.substr(1)));
  BOOST_TEST(!crypto::hash_from_hex(hex + "0"));
  BOOST_TEST(!crypto::hash_from_hex(""));
  for (const char wrong : {'g', ' ', '/', ':', '@', 'G', '`', '\0', '\xff'}) {
    auto damaged = hex;
    damaged[17] = wrong;
    BOOST_TEST(!crypto::hash_from_hex(damaged));
  }
}

BOOST_AUTO_TEST_CASE(base64_gives_the_vectors_of_rfc_4648) {
  const std::vector<std::pair<std::string, std::string>> vectors{{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"},
                                                                 {"\xfb\xff\xfe", "+//+"}};
  for (const auto& [bytes, text] : vectors) {
    BOOST_TEST(crypto::to_base64(bytes) == text);
    BOOST_TEST(crypto::from_base64(text).value() == bytes);
    auto url = text.substr(0, text.find('='));
    for (auto& c : url) c = c == '+' ? '-' : c == '/' ? '_' : c;
    BOOST_TEST(crypto::to_base64url(bytes) == url);
    BOOST_TEST(crypto::from_base64url(url).value() == bytes);
  }
}

BOOST_AUTO_TEST_CASE(base64_refuses_every_other_text) {
  for (const auto* text :
       {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z=g=", "=", "====", "Zm9v\n", "Zm-v", "Zm_v", "Zm v"}) {
    BOOST_TEST(!crypto::from_base64(text), text);
  }
  for (const auto* text : {"Z", "Zg==", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm9v\n", "Zm.v"}) {
    BOOST_TEST(!crypto::from_base64url(text), text);
  }
}

BOOST_AUTO_TEST_CASE(random_bytes_and_words_have_their_length_and_differ) {
  for (const std::size_t length : {0U, 1U, 16U, 300U}) {
    BOOST_TEST(crypto::random_bytes(length).size() == length);
    const auto word = crypto::random_word(length);
    BOOST_TEST(word.size() == length);
    for (const char c : word) BOOST_TEST(std::isalnum(static_cast<unsigned char>(c)) != 0);
  }
  BOOST_TEST(crypto::random_bytes(16) != crypto::random_bytes(16));
  BOOST_TEST(crypto::random_word(16) != crypto::random_word(16));
}

BOOST_AUTO_TEST_SUITE_END()
