#include "crypto/secret.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

namespace crypto = cybexd::crypto;

namespace {

// The flags of the mapping that holds an address, from the kernel ("dd": not in core dumps).
std::string mapping_flags(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::uintptr_t from = 0;
    std::uintptr_t to = 0;
    char dash = 0;
    if (words >> std::hex >> from >> dash >> to && dash == '-') {
      const auto wanted = reinterpret_cast<std::uintptr_t>(address);
      inside = wanted >= from && wanted < to;
    }
    if (inside && line.starts_with("VmFlags:")) return line + " ";
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(secret)

BOOST_AUTO_TEST_CASE(holds_what_it_was_given) {
  const crypto::secret key(std::string_view("key material"));
  BOOST_TEST(key.view() == "key material");
  BOOST_TEST(crypto::secret(std::string_view()).empty());
  BOOST_TEST(crypto::secret(70'000).size() == 70'000U);
}

BOOST_AUTO_TEST_CASE(moving_leaves_the_source_empty) {
  crypto::secret from(std::string_view("one"));
  crypto::secret to(std::move(from));
  BOOST_TEST(from.empty());
  BOOST_TEST(to.view() == "one");
  crypto::secret other(std::string_view("two"));
  other = std::move(to);
  BOOST_TEST(to.empty());
  BOOST_TEST(other.view() == "one");
}

BOOST_AUTO_TEST_CASE(stays_out_of_core_dumps) {
  const crypto::secret key(std::string_view("key material"));
  BOOST_TEST(mapping_flags(key.data()).find(" dd ") != std::string::npos);
  const std::string ordinary(100'000, 'x');
  BOOST_TEST(mapping_flags(ordinary.data()).find(" dd ") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(wiping_a_string_leaves_nothing_in_its_room) {
  std::string text(100, 'x');
  const char* const room = text.data();
  const auto capacity = text.capacity();
  text.resize(10);
  crypto::wipe(text);
  BOOST_TEST(text.empty());
  BOOST_TEST(text.capacity() == capacity);
  text.resize(capacity, '\1');  // the room is the string's again and may be read
  BOOST_TEST(static_cast<const void*>(room) == static_cast<const void*>(text.data()));
}

BOOST_AUTO_TEST_CASE(comparison_is_of_content_and_length) {
  using crypto::equal_in_constant_time;
  BOOST_TEST(equal_in_constant_time("", ""));
  BOOST_TEST(equal_in_constant_time("abc", "abc"));
  BOOST_TEST(!equal_in_constant_time("abc", "abd"));
  BOOST_TEST(!equal_in_constant_time("abc", "ab"));
}

BOOST_AUTO_TEST_SUITE_END()
