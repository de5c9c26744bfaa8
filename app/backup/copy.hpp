#pragma once
// Copies of a store's files, each with its SHA-256, durable when they are told to be there.
#include <functional>
#include <string>
#include <vector>

#include "app/backup/manifest.hpp"

namespace cybexd::app::backup {

/// Told of every piece that was copied, in bytes.
using copied_bytes = std::function<void(std::uint64_t)>;

/// The files of an embedded store that is closed, or of a checkpoint, that make it up: without locks and
/// logs for people. Their hashes are not computed. Errors: unavailable.
[[nodiscard]] expected<std::vector<stored_file>> files_of_store(const std::string& folder);

/// Copies these files into a folder that is there, and fills in their hashes and sizes. Errors: unavailable,
/// naming the file.
[[nodiscard]] expected<void> copy_out(const std::string& from, const std::string& to,
                                      std::vector<stored_file>& files, const copied_bytes& on_bytes);

/// Copies these files back, or only reads them where `to` is empty. Errors: corrupt (another size or hash
/// than it should have), not_found, unavailable, each naming the file.
[[nodiscard]] expected<void> copy_back(const std::string& from, const std::string& to,
                                       const std::vector<stored_file>& files, const copied_bytes& on_bytes);

/// Puts a folder in the place of another, in one step; the old one, if there was one, is at `aside` then, and
/// never at `fresh`, however this ends. All three in one file system. Errors: unavailable; `place` is as it
/// was then. After a kill the new folder may stand at `aside`.
[[nodiscard]] expected<void> swap_in(const std::string& fresh, const std::string& place,
                                     const std::string& aside);

/// `wanted`, or, where something has that name, `wanted-2`, `wanted-3`, ...: the first that nothing has.
[[nodiscard]] std::string free_name(const std::string& wanted);

}  // namespace cybexd::app::backup
