#pragma once
// Where `raw put` sends records: the lake of this directory, or another server over HTTP.
#include <cstdint>
#include <memory>
#include <string>

#include "app/cli/backend.hpp"
#include "app/cli/command.hpp"
#include "crypto/error.hpp"

namespace cybexd::app::cli {

struct outgoing {
  std::string name;
  std::string text;
  bool ndjson = false;
  std::uint64_t records = 1;
  bool sealed = false;  ///< `text` is an envelope.
};

class record_sink {
 public:
  virtual ~record_sink() = default;
  /// May gather; what was gathered is durable after `flush`.
  [[nodiscard]] virtual expected<void> put(outgoing record) = 0;
  [[nodiscard]] virtual expected<void> flush() = 0;

  /// Records that are durable.
  std::uint64_t records = 0;
  std::uint64_t entries = 0;
};

/// Into the lake of this directory.
[[nodiscard]] std::unique_ptr<record_sink> lake_sink(const invocation& call, backend& to);
/// To `--server`. Errors: as of the client; of the token file.
[[nodiscard]] expected<std::unique_ptr<record_sink>> server_sink(const invocation& call);

}  // namespace cybexd::app::cli
