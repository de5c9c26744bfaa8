#include "crypto/keys.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "crypto/envelope.hpp"
#include "tests/fixtures/golden.hpp"
#include "tests/fixtures/golden_keys.hpp"
#include "tests/fixtures/temp_dir.hpp"

namespace crypto = cybexd::crypto;
namespace fixtures = cybexd::fixtures;
using cybexd::failure;

namespace {

const std::map<std::string, fixtures::golden_key>& golden_pems() {
  static const auto all = fixtures::golden_keys(fixtures::golden("envelope"));
  return all;
}

// Made once: finding primes takes its time.
const crypto::key_pair_pem& pair_under_passphrase() {
  static const auto pair = [] {
    const crypto::secret phrase(std::string_view("correct horse"));
    auto made = crypto::generate_key_pair(2048, &phrase);
    BOOST_REQUIRE(made.has_value());
    return std::move(*made);
  }();
  return pair;
}

void write(const std::filesystem::path& path, const std::string& text, std::filesystem::perms mode) {
  std::ofstream(path, std::ios::binary) << text;
  std::filesystem::permissions(path, mode);
}

bool is_bad(const cybexd::expected<crypto::private_key>& key, std::string_view word) {
  return !key && key.error().kind == failure::bad_input && key.error().text.find(word) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(keys)

BOOST_AUTO_TEST_CASE(every_golden_format_is_read) {
  BOOST_TEST(golden_pems().size() == 3U);
  for (const auto& [bits, key] : golden_pems()) {
    const auto opened = key.open();
    BOOST_REQUIRE_MESSAGE(opened.has_value(), key.format);
    BOOST_TEST(opened->modulus_size() * 8 == std::stoul(bits));
    const auto public_key = crypto::public_key::from_pem(key.public_pem);
    BOOST_REQUIRE(public_key.has_value());
    BOOST_TEST(public_key->modulus_size() == opened->modulus_size());
    for (const auto& sealer : {*public_key, crypto::public_key::of(*opened)}) {
      BOOST_TEST(crypto::open_envelope(*opened, crypto::seal_envelope(sealer, "text")).value() == "text");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_passphrase_must_be_there_and_right) {
  const auto& key = golden_pems().at("4096");
  BOOST_TEST(is_bad(crypto::private_key::from_pem(key.private_pem), "needs a passphrase"));
  for (const auto& wrong :
       {std::string("correct hors"), std::string("x"), std::string(5000, 'x'), std::string()}) {
    const crypto::secret phrase{std::string_view(wrong)};
    BOOST_TEST(is_bad(crypto::private_key::from_pem(key.private_pem, &phrase), "passphrase"),
               wrong.substr(0, 20));
  }
  const crypto::secret unneeded(std::string_view("any"));
  BOOST_TEST(crypto::private_key::from_pem(golden_pems().at("2048").private_pem, &unneeded).has_value());
}

BOOST_AUTO_TEST_CASE(what_is_no_rsa_key_is_refused) {
  const auto& key = golden_pems().at("2048");
  for (const auto& text :
       {std::string(), std::string("{}"), key.public_pem, key.private_pem.substr(0, 500),
        std::string("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"), std::string(1 << 20, 'A')}) {
    BOOST_TEST(is_bad(crypto::private_key::from_pem(text), "private key"), text.substr(0, 40));
  }
  BOOST_TEST(!crypto::public_key::from_pem(key.private_pem));
  BOOST_TEST(!crypto::public_key::from_pem(""));
  // openssl genpkey -algorithm ED25519
  const std::string other =
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIFS3Dhrf1u/Yu6JsyVV/0LHGwJRSQ2R9eRY2JIpG3LHL\n"
      "-----END PRIVATE KEY-----\n";
  BOOST_TEST(is_bad(crypto::private_key::from_pem(other), "not an RSA key"));
}

BOOST_AUTO_TEST_CASE(a_damaged_key_is_refused_or_still_opens) {
  // Where one of the numbers that only make it fast is damaged, OpenSSL notices and uses the others.
  const auto& golden = golden_pems().at("2048");
  const auto file = crypto::seal_envelope(crypto::public_key::from_pem(golden.public_pem).value(), "text");
  std::size_t refused = 0;
  std::size_t at = golden.private_pem.find('\n') + 1;
  for (int line = 0; line < 24; ++line) {
    auto damaged = golden.private_pem;
    damaged[at + 20] = damaged[at + 20] == 'A' ? 'B' : 'A';
    const auto key = crypto::private_key::from_pem(damaged);
    if (key) BOOST_TEST(crypto::open_envelope(*key, file).value_or("closed") == "text");
    if (is_bad(key, "private key")) ++refused;
    at = damaged.find('\n', at) + 1;
  }
  BOOST_TEST(refused >= 5U);  // the modulus has no second form
}

BOOST_AUTO_TEST_CASE(a_generated_pair_is_read_back) {
  const auto plain = crypto::generate_key_pair(2048);
  BOOST_REQUIRE(plain.has_value());
  BOOST_TEST(plain->private_pem.view().starts_with("-----BEGIN PRIVATE KEY-----"));
  const auto key = crypto::private_key::from_pem(plain->private_pem.view());
  BOOST_REQUIRE(key.has_value());
  BOOST_TEST(key->modulus_size() == 256U);
  const auto sealer = crypto::public_key::from_pem(plain->public_pem);
  BOOST_REQUIRE(sealer.has_value());
  BOOST_TEST(crypto::open_envelope(*key, crypto::seal_envelope(*sealer, "text")).value() == "text");
}

BOOST_AUTO_TEST_CASE(a_pair_under_a_passphrase_needs_it) {
  const auto& pair = pair_under_passphrase();
  BOOST_TEST(pair.private_pem.view().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
  const crypto::secret right(std::string_view("correct horse"));
  const crypto::secret wrong(std::string_view("wrong horse"));
  BOOST_TEST(crypto::private_key::from_pem(pair.private_pem.view(), &right).has_value());
  BOOST_TEST(is_bad(crypto::private_key::from_pem(pair.private_pem.view(), &wrong), "passphrase"));
  BOOST_TEST(is_bad(crypto::private_key::from_pem(pair.private_pem.view()), "passphrase"));
}

BOOST_AUTO_TEST_CASE(sizes_out_of_range_are_refused) {
  for (const unsigned bits : {0U, 512U, 1024U, 2047U, 8193U, 1'000'000U}) {
    const auto pair = crypto::generate_key_pair(bits);
    BOOST_TEST((!pair && pair.error().kind == failure::bad_input), bits);
  }
  const crypto::secret empty;
  BOOST_TEST(!crypto::generate_key_pair(2048, &empty));
  // openssl genrsa 1024 | openssl rsa -pubout
  const std::string small =
      "-----BEGIN PUBLIC "
      "KEY-----\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDR1y99kxPGVeyjDgEZoIKeL6z5\nx6TsgufXcCEnC745/"
      "mPRsLuAioddMJjM0v3BgKHytaoJP9hXO+ItMREc82r8LkaF\nEK7e/udhWiSvVnTLfsLnDmqX//Pp7NvQUBaxMlgDIRe2/"
      "kp8Uy240qCfHrCQjthe\nINdVPYsIu1vk3uyjmQIDAQAB\n-----END PUBLIC KEY-----\n";
  const auto key = crypto::public_key::from_pem(small);
  BOOST_TEST((!key && key.error().text.find("1024 bits") != std::string::npos));
}

BOOST_AUTO_TEST_CASE(a_private_key_file_is_for_its_owner_alone) {
  const cybexd::tests::temp_dir dir;
  const auto path = dir.path() / "priv.pem";
  using std::filesystem::perms;
  const auto owner = perms::owner_read | perms::owner_write;
  write(path, golden_pems().at("2048").private_pem, owner);
  BOOST_TEST(crypto::private_key::from_file(path.string()).has_value());
  for (const auto extra : {perms::group_read, perms::others_read, perms::group_write, perms::others_exec}) {
    std::filesystem::permissions(path, owner | extra);
    const auto key = crypto::private_key::from_file(path.string());
    BOOST_REQUIRE(!key);
    BOOST_TEST((key.error().kind == failure::not_allowed));
    BOOST_TEST(key.error().text.find("0600") != std::string::npos);
    BOOST_TEST(key.error().text.find(path.string()) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(files_that_are_none_are_refused_with_their_name) {
  const cybexd::tests::temp_dir dir;
  const auto missing = crypto::private_key::from_file((dir.path() / "none.pem").string());
  BOOST_TEST((!missing && missing.error().kind == failure::not_found));
  const auto folder = crypto::private_key::from_file(dir.path().string());
  BOOST_TEST((!folder && folder.error().kind == failure::bad_input));
  const auto path = dir.path() / "pub.pem";
  write(path, "not a key", std::filesystem::perms::owner_read);
  const auto wrong = crypto::public_key::from_file(path.string());
  BOOST_REQUIRE(!wrong);
  BOOST_TEST(wrong.error().text.find(path.string()) != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
