#pragma once
// Tokens and the audit log on MongoDB, in collections beside that of the users, named after it:
// mongodb_identity_rows.hpp. Internal to tahoe/store/.
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tahoe/store/identity_store.hpp"
#include "tahoe/store/mongodb_collection.hpp"

namespace cybexd::store {

/// Thread safe, and several servers may use it at once. Errors of every call: as to_error.
class identity_log {
 public:
  explicit identity_log(const mongodb_collection& users)
      : tokens_(users.beside(users.name() + "_cybexd_tokens")),
        audit_(users.beside(users.name() + "_cybexd_audit")) {}

  [[nodiscard]] expected<std::optional<token_record>> token(const std::string& jti) const;
  [[nodiscard]] expected<std::vector<token_record>> tokens() const;
  /// Replaces one that is there, unless told to keep it.
  [[nodiscard]] expected<void> put(const token_record& token, bool keep_old = false) const;

  /// Those that are there.
  [[nodiscard]] expected<void> forget(std::span<const std::string> jtis) const;

  /// All, in order of jti, until `visit` says false.
  [[nodiscard]] expected<void> each_token(const std::function<bool(const token_record&)>& visit) const;
  /// Put where they are absent; those that are there are only ever revoked.
  [[nodiscard]] expected<void> adopt(std::span<const token_record> tokens) const;

  /// The newest, oldest of them first.
  [[nodiscard]] expected<std::vector<audit_line>> lines(std::size_t newest) const;
  /// The number that the next line would get.
  [[nodiscard]] expected<std::int64_t> next_number() const;
  /// After all others.
  [[nodiscard]] expected<void> append(const audit_line& line, const std::string& change = {}) const;
  /// All lines, oldest first, until `visit` says false.
  [[nodiscard]] expected<void> each_line(const std::function<bool(const audit_line&)>& visit) const;
  /// Lines of another home, after all others, each once.
  [[nodiscard]] expected<void> adopt(std::span<const numbered_line> lines) const;
  /// Whether a line from that number on is of this change.
  [[nodiscard]] expected<bool> has_line_of(const std::string& change, std::int64_t from) const;

 private:
  [[nodiscard]] expected<std::set<std::string>> adopted(std::span<const numbered_line> lines) const;

  mongodb_collection tokens_, audit_;
};

}  // namespace cybexd::store
