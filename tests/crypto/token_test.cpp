#include "crypto/token.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>

#include "crypto/digest.hpp"

namespace crypto = cybexd::crypto;
using cybexd::failure;

namespace {

const std::string user_hash(64, 'a');

crypto::secret key_of(std::string_view bytes) { return crypto::secret(bytes); }
crypto::secret a_key() { return key_of("fJ2!nq90-0123456789abcdefghijklmn"); }

crypto::token_claims claims_of(const char* sub_type) {
  return {sub_type, user_hash, "0123456789abcdef", std::int64_t{1'790'000'000}, std::int64_t{1'792'592'000}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(token)

BOOST_AUTO_TEST_CASE(the_token_of_rfc_7515_verifies) {
  const auto key = key_of(*crypto::from_base64url(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"));
  const std::string text =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
      "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const auto parts = crypto::verify_signature(key, text);
  BOOST_REQUIRE(parts.has_value());
  BOOST_TEST(parts->header == "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}");
  BOOST_TEST(parts->payload ==
             "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}");
}

BOOST_AUTO_TEST_CASE(a_signed_token_verifies_under_its_key_only) {
  const auto token = crypto::sign_token(a_key(), claims_of("cybexp_user"));
  const auto parts = crypto::verify_signature(a_key(), token);
  BOOST_REQUIRE(parts.has_value());
  BOOST_TEST(parts->header == R"({"alg":"HS256","typ":"JWT"})");
  BOOST_TEST(parts->payload == R"({"sub_type":"cybexp_user","_hash":")" + user_hash +
                                   R"(","jti":"0123456789abcdef","iat":1790000000,"exp":1792592000})");
  const auto other = crypto::verify_signature(key_of(std::string(32, 'k')), token);
  BOOST_TEST((!other && other.error().kind == failure::not_allowed));
}

BOOST_AUTO_TEST_CASE(a_token_fits_into_three_hundred_characters) {
  for (const auto* sub_type : {"cybexp_user", "cybexp_superuser"}) {
    const auto token = crypto::sign_token(a_key(), claims_of(sub_type));
    BOOST_TEST(token.size() <= 300U);
    BOOST_TEST(crypto::verify_signature(a_key(), token).has_value());
  }
}

BOOST_AUTO_TEST_CASE(claims_without_times_have_none_and_text_is_escaped) {
  const auto token = crypto::sign_token(a_key(), {"cybexp_user", user_hash, "a\"\\\n", {}, {}});
  const auto parts = crypto::verify_signature(a_key(), token);
  BOOST_REQUIRE(parts.has_value());
  BOOST_TEST(parts->payload ==
             R"({"sub_type":"cybexp_user","_hash":")" + user_hash + R"(","jti":"a\"\\\u000a"})");
}

BOOST_AUTO_TEST_CASE(one_flipped_bit_anywhere_is_refused) {
  const auto token = crypto::sign_token(a_key(), claims_of("cybexp_user"));
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      auto damaged = token;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      BOOST_REQUIRE(!crypto::verify_signature(a_key(), damaged));
    }
  }
}

BOOST_AUTO_TEST_CASE(malformed_tokens_are_refused) {
  const auto token = crypto::sign_token(a_key(), claims_of("cybexp_user"));
  for (const auto& text : {std::string(), std::string("."), std::string(".."), std::string("..."),
                           token + ".", token + "=", token + "A", "." + token, " " + token,
                           token.substr(0, token.size() - 1), token.substr(0, token.rfind('.')),
                           token.substr(0, token.rfind('.') + 1), std::string(1'000'000, 'A')}) {
    const auto parts = crypto::verify_signature(a_key(), text);
    BOOST_TEST((!parts && parts.error().kind == failure::not_allowed), text.substr(0, 80));
  }
}

BOOST_AUTO_TEST_CASE(a_random_secret_may_sign_tokens) {
  for (const auto* text : {"b3b4e1d0a7c94f52880f6a1de2c35b97", "Zq8vX2mN7pL4sR9tY1wB6cD3fG5hJ0kQ",
                           "secret-b3b4e1d0a7c94f52880f6a1de2c35b97"}) {
    BOOST_TEST(crypto::check_token_secret(key_of(text)).has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(a_short_or_well_known_secret_may_not) {
  for (const auto& text :
       {std::string(), std::string("secret"), std::string("b3b4e1d0a7c94f52880f6a1de2c35b9"),
        std::string("secretsecretsecretsecretsecretsecret"),
        std::string("SECRETsecretSECRETsecretSECRETsecret"),
        std::string("secret                                "), "secret" + std::string(58, '\0'),
        "secret" + std::string(40, '='), std::string("secret0123456789abcdef0123456789"),
        std::string(64, 'x'), std::string("a-string-secret-at-least-256-bits-long"),
        std::string("abcdabcdabcdabcdabcdabcdabcdabcd"), std::string("passwordpasswordpasswordpassword"),
        std::string("123456789012345678901234567890123456")}) {
    const auto checked = crypto::check_token_secret(key_of(text));
    BOOST_TEST((!checked && checked.error().kind == failure::bad_input), text);
    if (!checked && text.size() > 6) BOOST_TEST(checked.error().text.find(text) == std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
