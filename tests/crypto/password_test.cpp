#include "crypto/password.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "crypto/digest.hpp"

namespace crypto = cybexd::crypto;
using crypto::password_check;

BOOST_TEST_DONT_PRINT_LOG_VALUE(password_check)

BOOST_AUTO_TEST_SUITE(password)

BOOST_AUTO_TEST_CASE(a_stored_form_accepts_its_password_only) {
  const auto stored = crypto::hash_password("pass0word");
  BOOST_TEST(stored.starts_with("scrypt$ln=14,r=8,p=1$"));
  BOOST_TEST(stored.find("pass0word") == std::string::npos);
  for (const bool original : {false, true}) {
    BOOST_TEST(crypto::check_password("pass0word", stored, original) == password_check::right);
    BOOST_TEST(crypto::check_password("pass1word", stored, original) == password_check::wrong);
    BOOST_TEST(crypto::check_password("", stored, original) == password_check::wrong);
  }
}

BOOST_AUTO_TEST_CASE(two_stored_forms_of_one_password_differ) {
  BOOST_TEST(crypto::hash_password("pass0word") != crypto::hash_password("pass0word"));
}

BOOST_AUTO_TEST_CASE(a_form_made_elsewhere_is_accepted) {
  // Python: hashlib.scrypt(b"pleaseletmein", salt=b"SodiumChloride", n=16384, r=8, p=1, dklen=32), the RFC
  // 7914 vector shortened: scrypt's output of 32 bytes is the start of that of 64, since PBKDF2's blocks are.
  const std::string salt = "U29kaXVtQ2hsb3JpZGU";
  const std::string key = "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI";
  const auto stored = "scrypt$ln=14,r=8,p=1$" + salt + "$" + key;
  BOOST_TEST(crypto::check_password("pleaseletmein", stored, false) == password_check::right);
  BOOST_TEST(crypto::check_password("pleaseletmeim", stored, false) == password_check::wrong);
}

BOOST_AUTO_TEST_CASE(an_original_form_counts_only_where_accepted) {
  const auto stored = to_hex(crypto::sha256("pass0word"));
  BOOST_TEST(crypto::check_password("pass0word", stored, true) == password_check::right_but_original);
  BOOST_TEST(crypto::check_password("pass1word", stored, true) == password_check::wrong);
  BOOST_TEST(crypto::check_password("pass0word", stored, false) == password_check::wrong);
}

BOOST_AUTO_TEST_CASE(a_damaged_or_costly_form_accepts_nothing) {
  const std::string salt = "U29kaXVtQ2hsb3JpZGU";
  const std::string key = "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI";
  for (const auto& stored :
       {std::string(), std::string("pleaseletmein"), std::string(64, '0'),
        "scrypt$ln=30,r=8,p=1$" + salt + "$" + key, "scrypt$ln=14,r=800,p=1$" + salt + "$" + key,
        "scrypt$ln=14,r=8,p=99999999999$" + salt + "$" + key, "scrypt$ln=0,r=8,p=1$" + salt + "$" + key,
        "scrypt$ln=14,r=8,p=1$$" + key, "scrypt$ln=14,r=8,p=1$" + salt + "$" + key.substr(1),
        "scrypt$ln=14,r=8,p=1$" + salt + "$" + key + "=", "scrypt$ln=14,r=8,p=1$" + salt,
        "scrypt$ln=,r=8,p=1$" + salt + "$" + key, " scrypt$ln=14,r=8,p=1$" + salt + "$" + key}) {
    BOOST_TEST(crypto::check_password("pleaseletmein", stored, true) == password_check::wrong, stored);
    BOOST_TEST(crypto::check_password("", stored, true) == password_check::wrong, stored);
  }
}

BOOST_AUTO_TEST_SUITE_END()
