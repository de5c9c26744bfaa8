#pragma once
// The functions behind the commands; the table says what each does. Each answers the exit status.
#include "app/cli/command.hpp"

namespace cybexd::app::cli {

// init.cpp, serve.cpp
int init(const invocation& call);
int run_server(const invocation& call);

// identity.cpp
int user_add(const invocation& call);
int user_list(const invocation& call);
int user_passwd(const invocation& call);
int org_add(const invocation& call);
int org_show(const invocation& call);
int org_member_add(const invocation& call);
int org_member_del(const invocation& call);
int token_new(const invocation& call);
int token_list(const invocation& call);
int token_revoke(const invocation& call);
int audit(const invocation& call);

// raw.cpp, archive.cpp, report.cpp
int raw_put(const invocation& call);
int archive_once(const invocation& call);
int status(const invocation& call);
int report(const invocation& call);

// documents.cpp
int import_documents(const invocation& call);
int export_documents(const invocation& call);
int get(const invocation& call);
int digest(const invocation& call);
int verify(const invocation& call);

// backup.cpp, migrate.cpp
int backup_store(const invocation& call);
int restore_store(const invocation& call);
int migrate_stores(const invocation& call);

// local.cpp: no stores needed
int keygen(const invocation& call);
int hash(const invocation& call);
int seal(const invocation& call);
int open(const invocation& call);
int config_check(const invocation& call);
int config_show(const invocation& call);
int config_example(const invocation& call);
int config_convert(const invocation& call);  // convert.cpp
int completion(const invocation& call);
int manual(const invocation& call);

// quarantine.cpp
int quarantine_list(const invocation& call);
int quarantine_show(const invocation& call);
int quarantine_retry(const invocation& call);
int quarantine_drop(const invocation& call);

}  // namespace cybexd::app::cli
