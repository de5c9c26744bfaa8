#pragma once
// Users, organisations, tokens, and the audit log (`spec/identity.md`).
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crypto/error.hpp"
#include "tahoe/document.hpp"
#include "tahoe/store/check_listener.hpp"

namespace cybexd::store {

using tahoe::document;
using tahoe::hash256;

struct audit_line {
  double when = 0;   ///< Unix seconds.
  std::string who;   ///< E-mail of the actor, or "operator" for the command line.
  std::string what;  ///< E.g. "org.add.acl".
  std::string whom;  ///< What it was done to, with names as people know them. Never a secret.
};

struct token_record {
  std::string jti;
  hash256 user;
  double issued = 0;
  std::optional<double> expires;
  bool revoked = false;
};

/// One change: documents to put if absent, documents to replace (same `_hash`), hashes to delete, and its
/// audit line.
struct identity_change {
  std::vector<document> put, replace;
  std::vector<hash256> erase;
  std::optional<token_record> token;  ///< Put or replaced.
  std::vector<std::string> forget;  ///< jtis of tokens whose records are of no more use; no change of rights.
  audit_line audit;
  /// Replaced documents must still be as they were read (compared by `_ref` and `_cref` and lists), else
  /// conflict.
  std::vector<document> as_read;
};

/// A line of another home's audit log, and its place there, from 0.
struct numbered_line {
  std::uint64_t number = 0;
  audit_line line;
};

/// What another home holds (`migrate`).
struct identity_adoption {
  std::vector<document> documents;   ///< Put, or replaced where one is there.
  std::vector<hash256> erase;        ///< Documents that must give way to these.
  std::vector<token_record> tokens;  ///< Put; one that is there is only ever revoked by it.
  std::vector<numbered_line> lines;  ///< Appended in this order; those adopted before are passed over.
};

/// Names a line of another home's audit log, however often it is asked.
[[nodiscard]] hash256 origin_of(const numbered_line& line);

/// Errors of every call: unavailable, corrupt. Thread safe.
class identity_store {
 public:
  virtual ~identity_store() = default;

  /// Atomic and durable. Errors also: conflict (e-mail or orgname taken: a user or organisation to put is
  /// there already with other content, or another document has its name; a document to replace is not there;
  /// `as_read` does not hold).
  [[nodiscard]] virtual expected<void> apply(const identity_change& change) = 0;

  [[nodiscard]] virtual expected<std::optional<document>> get(const hash256& hash) = 0;
  [[nodiscard]] virtual expected<std::optional<document>> user_by_email(const std::string& email) = 0;
  [[nodiscard]] virtual expected<std::optional<document>> org_by_name(const std::string& orgname) = 0;
  [[nodiscard]] virtual expected<std::vector<document>> users() = 0;
  [[nodiscard]] virtual expected<std::vector<document>> orgs() = 0;
  /// Organisations that embed the user in any list.
  [[nodiscard]] virtual expected<std::vector<document>> orgs_with(const hash256& user) = 0;
  /// `orgid`s of the organisations whose `_acl` holds the user. What a report may show; asked for every
  /// query.
  [[nodiscard]] virtual expected<std::vector<std::string>> visible_orgs(const hash256& user) = 0;

  [[nodiscard]] virtual expected<std::optional<token_record>> token(const std::string& jti) = 0;
  [[nodiscard]] virtual expected<std::vector<token_record>> tokens() = 0;
  /// The newest lines, oldest of them first.
  [[nodiscard]] virtual expected<std::vector<audit_line>> audit(std::size_t newest) = 0;
  [[nodiscard]] virtual expected<void> each(const std::function<bool(const document&)>& visit) = 0;
  /// All tokens, in a stable order, until `visit` says false.
  [[nodiscard]] virtual expected<void> each_token(const std::function<bool(const token_record&)>& visit) = 0;
  /// The whole audit log, oldest line first, until `visit` says false.
  [[nodiscard]] virtual expected<void> each_line(const std::function<bool(const audit_line&)>& visit) = 0;

  /// Takes over what another home holds, as it is, without rules and without a line of its own. Durable on
  /// return; doing it again changes nothing, and finishes what was cut short: on MongoDB it is no single
  /// step.
  [[nodiscard]] virtual expected<void> adopt(const identity_adoption& what) = 0;

  /// Compares what a home keeps for itself, lists and sums, with the rest, from one consistent look.
  /// Nothing to do where it keeps nothing of the kind. Errors also: cancelled (the listener's wish).
  [[nodiscard]] virtual expected<void> check(const check_listener& listener) {
    (void)listener;
    return {};
  }
};

}  // namespace cybexd::store
