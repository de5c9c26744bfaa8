#pragma once
// Makes a request out of the bytes of a connection (RFC 9112). Knows no sockets; one reader for each
// connection.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "app/http/head.hpp"

namespace cybexd::app::http {

class message_reader {
 public:
  message_reader();
  ~message_reader();
  message_reader(const message_reader&) = delete;
  message_reader& operator=(const message_reader&) = delete;

  /// Begins the next request, with the bytes that came too early for the one before.
  void begin(std::size_t header_limit);
  /// Whether bytes are there that no request has used yet.
  [[nodiscard]] bool has_bytes() const;

  /// Where the next bytes go, as many as are useful now. Valid until the next call of any other function.
  [[nodiscard]] std::span<char> room();
  void came(std::size_t size);

  enum class step : std::uint8_t { needs_more, done, failed };
  /// Reads on in the head; `done` when it is complete.
  [[nodiscard]] step read_head();
  [[nodiscard]] request_head head() const;
  /// Precondition: the head is done. `limit`: of a body whose length was not announced.
  void begin_body(std::uint64_t limit);
  [[nodiscard]] step read_body();
  /// Whether the whole request is there.
  [[nodiscard]] bool complete() const;
  [[nodiscard]] std::size_t body_size() const;
  [[nodiscard]] std::string take_body();

  /// Why reading failed, as the answer to give.
  [[nodiscard]] const response& problem() const;
  /// The answer to a client that stopped sending in the middle (400), or took too long (408).
  [[nodiscard]] static response cut_short();
  [[nodiscard]] static response too_slow();

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace cybexd::app::http
