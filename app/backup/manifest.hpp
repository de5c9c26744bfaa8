#pragma once
// What a backup is: a folder with the files of the embedded store in `store/`, and `manifest.json`, which is
// written last. A folder without a manifest was cut short and is no backup.
//
//   {"cybexd_backup": 1,             the form of this file
//    "version": "0.1.0",             of the program that made it
//    "made": 1700000000.5,           Unix seconds
//    "store_format": 1,              of the embedded store
//    "stores": ["cache", ...],       the stores that live in it
//    "public_key_sha256": "...",     of the file `keys.public`, where it could be read
//    "digest": {...},                as `cybexd digest` tells it, unless it was left out
//    "files": [{"name": "000012.sst", "bytes": 4096, "sha256": "..."}, ...]}
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crypto/digest.hpp"
#include "crypto/error.hpp"
#include "tahoe/value.hpp"

namespace cybexd::app::backup {

struct stored_file {
  std::string name;  ///< Without folders.
  std::uint64_t bytes = 0;
  crypto::hash256 hash;
};

struct manifest {
  std::string version;
  double made = 0;  ///< Unix seconds.
  std::uint64_t store_format = 0;
  std::vector<std::string> stores;
  std::string public_key_hash;  ///< Hexadecimal; empty: not known.
  std::optional<tahoe::value> digest;
  std::vector<stored_file> files;

  [[nodiscard]] std::uint64_t bytes() const;
};

[[nodiscard]] tahoe::value to_value(const manifest& m);
/// Errors: bad_input naming the field. A file's name never leads out of the folder.
[[nodiscard]] expected<manifest> manifest_from(const tahoe::value& json);

/// Writes `manifest.json` into the folder, durable on return.
[[nodiscard]] expected<void> write_manifest(const std::string& folder, const manifest& m);
/// Errors: not_found (no complete backup), corrupt, unavailable, each naming the file.
[[nodiscard]] expected<manifest> read_manifest(const std::string& folder);

}  // namespace cybexd::app::backup
