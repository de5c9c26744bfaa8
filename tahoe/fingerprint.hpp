#pragma once
// The fingerprint of an archive: counts and two checksums that depend on what it holds, not on how it came
// there.
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "crypto/digest.hpp"
#include "crypto/error.hpp"
#include "tahoe/document.hpp"

namespace cybexd::tahoe {

/// `{"instances": {"itype/sub_type": n}, "sha256_of_sorted_hashes", "sha256_of_sorted_parts"}`:
/// the hashes are all `_hash` values in order, joined by `\n`. The parts are, for each event, the Python JSON
/// text of
/// `[_hash, sub_type, orgid, timestamp, category, _ref, _mal_ref]`, for each session that of
/// `[_hash, sub_type, _ref, start_time, end_time, duration]` (null where absent), for any other document its
/// `_hash`; all in order of the texts, joined by `\n`.
struct fingerprint {
  std::map<std::string, std::uint64_t> instances;
  hash256 hashes, parts;

  [[nodiscard]] value to_value() const;
};

/// Computes a fingerprint in one pass over documents in ascending order of their hashes, as
/// `archive_store::each` gives them. Keeps 32 bytes for one document in three; what else must wait goes to an
/// unnamed temporary file.
class fingerprint_maker {
 public:
  fingerprint_maker();
  fingerprint_maker(const fingerprint_maker&) = delete;
  fingerprint_maker& operator=(const fingerprint_maker&) = delete;
  ~fingerprint_maker();

  /// Errors: bad_input (not in ascending order), unavailable (the temporary file).
  [[nodiscard]] expected<void> add(const document& d);
  [[nodiscard]] expected<fingerprint> finish();

 private:
  class joined;
  class waiting_room;

  expected<void> add_part(const document& d);
  expected<void> begin_letters();

  fingerprint result_;
  hash256 last_;
  bool any_ = false;
  bool letters_ = false;  // hashes have reached those that begin with a letter
  std::unique_ptr<joined> hashes_, parts_;
  std::unique_ptr<waiting_room> events_;  // of events and sessions whose hash begins with a digit
  std::vector<hash256> others_;           // other documents whose hash begins with a letter
};

}  // namespace cybexd::tahoe
