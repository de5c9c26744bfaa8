#pragma once
// The operations, one function each; `operations.cpp` has the table.
#include "app/operations.hpp"

namespace cybexd::app::operations {

// identity.cpp
/// {email, name, superuser, password} -> {user, password where it was generated}
expected<tahoe::value> user_add(engine& on, const tahoe::value& input);
/// {} -> {users: [{hash, email, name, superuser}]}
expected<tahoe::value> user_list(engine& on, const tahoe::value& input);
/// {email, password} -> {email, password where it was generated}
expected<tahoe::value> user_passwd(engine& on, const tahoe::value& input);
/// {orgname, name, admins, users} -> {org}
expected<tahoe::value> org_add(engine& on, const tahoe::value& input);
/// {org} -> {orgs: [...]}; without `org`: all
expected<tahoe::value> org_show(engine& on, const tahoe::value& input);
/// {org, email, lists, add}
expected<tahoe::value> org_member(engine& on, const tahoe::value& input);
/// {email, days} -> {token}
expected<tahoe::value> token_new(engine& on, const tahoe::value& input);
expected<tahoe::value> token_list(engine& on, const tahoe::value& input);
/// {jti}
expected<tahoe::value> token_revoke(engine& on, const tahoe::value& input);
/// {limit} -> {lines: [{when, who, what, whom}]}: the newest, the newest last
expected<tahoe::value> audit(engine& on, const tahoe::value& input);

// lake.cpp
/// {typetag, org, timezone, entries: [{name, text | base64, sealed, ndjson, records}]} -> {entries, records}
expected<tahoe::value> raw_put(engine& on, const tahoe::value& input);
/// {all, after, limit} -> {entries: [...], more}
expected<tahoe::value> quarantine_list(engine& on, const tahoe::value& input);
/// {id}
expected<tahoe::value> quarantine_show(engine& on, const tahoe::value& input);
/// {id: [...]}
expected<tahoe::value> quarantine_retry(engine& on, const tahoe::value& input);
expected<tahoe::value> quarantine_drop(engine& on, const tahoe::value& input);

// line.cpp
/// {force} -> the summary
expected<tahoe::value> archive_once(engine& on, const tahoe::value& input);
/// {} -> how it is; {error, kind} in the place of what could not be read
expected<tahoe::value> status(engine& on, const tahoe::value& input);
/// {queries: [{type, data, user, now}], bytes} -> {answers: [{status, report} | {error}]}, in order: of the
/// first queries, one at least, as many as make no more than `bytes` of JSON (64 MiB, and at the most). Ask
/// again for the rest.
expected<tahoe::value> report(engine& on, const tahoe::value& input);

// documents.cpp, digest.cpp, export.cpp with open_exports.cpp, verify.cpp
/// {store, lines: [text]} -> {stored, known, refused: [{line (from 0), error}]}
expected<tahoe::value> import_documents(engine& on, const tahoe::value& input);
/// {store, itype, sub_type, secrets} or {cursor} -> {lines: [text], which may be none, cursor while there may
/// be more}
expected<tahoe::value> export_documents(engine& on, const tahoe::value& input);
/// {hash} -> the document
expected<tahoe::value> get(engine& on, const tahoe::value& input);
/// {task} -> the fingerprint. `task`, which may be absent, names it for `progress`. Errors of this and of
/// `verify`, `export` and `checkpoint` also: cancelled (the server stops).
expected<tahoe::value> digest(engine& on, const tahoe::value& input);
/// {task} -> {documents, problems, examples: [{store, hash, problem}]}
expected<tahoe::value> verify(engine& on, const tahoe::value& input);

// tasks.cpp
/// {task} -> {what, done, total (0: not known), errors} of a long operation. Errors: not_found.
expected<tahoe::value> progress(engine& on, const tahoe::value& input);
/// {task} -> {}: the operation ends early, with `cancelled`. Errors: not_found.
expected<tahoe::value> cancel(engine& on, const tahoe::value& input);

// checkpoint.cpp
/// {process} -> {directory, stores: [...]}: a consistent copy of the embedded stores in
/// `data_dir/checkpoint`. The caller is that process and holds `data_dir/backup.lock`, copies it away and
/// removes it; one that is there was left by a caller that was cut short. One at a time. Errors: bad_input
/// (no store is embedded), cancelled (another process has taken the lock since, whose checkpoint this must
/// not touch).
expected<tahoe::value> checkpoint(engine& on, const tahoe::value& input);

/// The hash of an organisation given by its hash or orgname, as it stands in `orgid`. Errors: not_found.
expected<std::string> orgid_of(engine& on, const std::string& org);
/// A user given by e-mail or hash. Errors: not_found.
expected<tahoe::document> user_of(engine& on, const std::string& user);

/// A document as others may see it: one of a user, an organisation or its admins without passwords.
tahoe::value shown_document(const tahoe::document& d);

}  // namespace cybexd::app::operations
