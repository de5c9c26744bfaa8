// Symptom this guards against: a core dump of the server held both primes of its key, which OpenSSL copies to
// ordinary memory for its arithmetic.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <fstream>
#include <latch>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "crypto/digest.hpp"
#include "crypto/envelope.hpp"
#include "crypto/keys.hpp"
#include "tests/fixtures/golden.hpp"
#include "tests/fixtures/golden_keys.hpp"

namespace crypto = cybexd::crypto;
namespace fixtures = cybexd::fixtures;

namespace {

struct mapping {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

/// The mappings that a core dump would hold: writable, and without the flag `dd`.
std::vector<mapping> dumped_mappings() {
  std::ifstream smaps("/proc/self/smaps");
  std::vector<mapping> dumped;
  mapping current;
  bool writable = false;
  for (std::string line; std::getline(smaps, line);) {
    std::istringstream words(line);
    mapping next;
    char dash = 0;
    std::string rights;
    if (words >> std::hex >> next.from >> dash >> next.to >> rights && dash == '-') {
      current = next;
      writable = rights.starts_with("rw");
    }
    constexpr std::uint64_t largest = 1ULL << 30;  // a sanitizer's shadow is larger, and holds no data
    const bool is_flags = line.starts_with("VmFlags:");
    if (is_flags && writable && (line + " ").find(" dd ") == std::string::npos &&
        current.to - current.from < largest)
      dumped.push_back(current);
  }
  return dumped;
}

/// How often the bytes are in memory that would be dumped. Everything that this needs itself is not.
int times_in_memory(const crypto::secret& bytes) {
  std::ifstream memory("/proc/self/mem", std::ios::binary);
  memory.rdbuf()->pubsetbuf(nullptr, 0);
  int found = 0;
  for (const auto& [from, to] : dumped_mappings()) {
    crypto::secret copy(to - from);
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(from));
    memory.read(reinterpret_cast<char*>(copy.data()), static_cast<std::streamsize>(copy.size()));
    const std::string_view text = copy.view();
    for (auto at = text.find(bytes.view()); at != std::string_view::npos;
         at = text.find(bytes.view(), at + 1))
      ++found;
  }
  return found;
}

/// 96 bytes (more than a register holds, whose copies the search itself may leave) of the first prime of a
/// PKCS#1 key, in the order in which OpenSSL computes with them.
crypto::secret part_of_prime(const std::string& pem) {
  const auto begin = pem.find('\n') + 1;
  std::string text;
  for (const char c : pem.substr(begin, pem.find("-----END") - begin))
    if (c != '\n') text += c;
  const auto der = crypto::from_base64(text).value();
  std::size_t at = 4;  // past the head of the sequence
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(der.at(i)));
  };
  crypto::secret part(96);
  for (int field = 0; field < 5; ++field) {  // version, modulus, two exponents, the prime
    const std::size_t long_form = byte(at + 1) < 0x80 ? 0 : byte(at + 1) - 0x80;
    std::size_t size = long_form == 0 ? byte(at + 1) : 0;
    for (std::size_t i = 0; i < long_form; ++i) size = size << 8 | byte(at + 2 + i);
    at += 2 + long_form;
    for (std::size_t i = 0; field == 4 && i < part.size(); ++i)
      part.data()[i] = static_cast<std::uint8_t>(der[at + size - 17 - i]);
    at += size;
  }
  return part;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(key_memory)

BOOST_AUTO_TEST_CASE(no_prime_of_a_key_in_use_would_be_dumped) {
  const auto golden = fixtures::golden_keys(fixtures::golden("envelope")).at("2048");
  const auto prime = part_of_prime(golden.private_pem);
  const auto key = golden.open().value();
  const auto file = crypto::seal_envelope(crypto::public_key::of(key), "text");
  for (int i = 0; i < 10; ++i) BOOST_TEST(crypto::open_envelope(key, file).value() == "text");
  BOOST_TEST(times_in_memory(prime) == 0);
  const std::string in_ordinary_memory(prime.view());
  BOOST_TEST(times_in_memory(prime) == 1);  // the search itself works
}

BOOST_AUTO_TEST_CASE(nor_one_of_a_key_that_many_threads_use) {
  // Symptom: each thread has a copy of the key, and all but the first lay in ordinary memory.
  const auto golden = fixtures::golden_keys(fixtures::golden("envelope")).at("2048");
  const auto prime = part_of_prime(golden.private_pem);
  const auto key = golden.open().value();
  const auto shared = crypto::public_key::of(key);
  constexpr int threads = 4, times = 50;
  std::latch all_there(threads);
  std::atomic<int> opened = 0;
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i)
    running.emplace_back([&] {
      all_there.arrive_and_wait();
      for (int j = 0; j < times; ++j) {
        const auto text = crypto::open_envelope(key, crypto::seal_envelope(shared, "text"));
        opened += text && *text == "text" ? 1 : 0;
      }
    });
  for (auto& thread : running) thread.join();
  BOOST_TEST(opened == threads * times);
  BOOST_TEST(times_in_memory(prime) == 0);
}

BOOST_AUTO_TEST_CASE(nor_one_of_as_many_copies_as_a_large_machine_has) {
  // Symptom: the locked memory had room for 137 copies, and the others lay in ordinary memory.
  const auto golden = fixtures::golden_keys(fixtures::golden("envelope")).at("2048");
  const auto prime = part_of_prime(golden.private_pem);
  constexpr int copies = 300;
  std::vector<crypto::private_key> keys;
  for (int i = 0; i < copies; ++i) {
    keys.push_back(golden.open().value());
    const auto file = crypto::seal_envelope(crypto::public_key::of(keys.back()), "text");
    BOOST_REQUIRE(crypto::open_envelope(keys.back(), file).value() == "text");
  }
  BOOST_TEST(times_in_memory(prime) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
