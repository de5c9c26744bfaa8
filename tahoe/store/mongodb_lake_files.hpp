#pragma once
// Files in GridFS, bucket `fs`, byte by byte as pymongo's `GridFS` writes and reads them. Internal to
// tahoe/store/.
//
//   fs.files   _id, filename, chunkSize (int32, 261,120), length (int64), uploadDate (date); of ours also
//              _cybexd_entry, the entry that names the file
//   fs.chunks  _id, files_id, n (int32, from 0),
//              data (binary, subtype 0; chunkSize bytes, the last one the rest)
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tahoe/store/mongodb_collection.hpp"

namespace cybexd::store {

struct new_file {
  object_id id, entry;
  std::string_view name, bytes;
};

struct wanted_file {
  object_id id;
  /// Of a file that our intake put, as its entry says it. Then the head is asked for only where the chunks do
  /// not make up a file of this length.
  std::optional<std::uint64_t> length;
};

class mongodb_files {
 public:
  /// In the database of `entries`.
  explicit mongodb_files(const mongodb_collection& entries)
      : files_(entries.beside("fs.files")), chunks_(entries.beside("fs.chunks")) {}

  [[nodiscard]] expected<void> make_indexes(notices& say) const;
  /// Durable on return. `now`: Unix seconds.
  [[nodiscard]] expected<void> write(std::span<const new_file> files, double now) const;
  /// Whole files. One that is missing is not_found, one that is broken corrupt, each naming what is wrong.
  [[nodiscard]] expected<std::map<object_id, expected<std::string>>> read(
      std::span<const wanted_file> files) const;
  /// Lengths of those that are there.
  [[nodiscard]] expected<std::map<object_id, std::uint64_t>> sizes(std::span<const object_id> ids) const;
  [[nodiscard]] expected<void> remove(std::span<const object_id> ids) const;

  struct own_file {
    object_id id, entry;
  };
  /// Files of ours by the entries that name them, after `entry`, in order.
  [[nodiscard]] expected<std::vector<own_file>> own_files(const object_id& entry, std::size_t limit) const;

 private:
  using files_read = std::map<object_id, expected<std::string>>;
  [[nodiscard]] expected<void> read_some(std::span<const wanted_file> some, files_read& read) const;
  mongodb_collection files_, chunks_;
};

}  // namespace cybexd::store
