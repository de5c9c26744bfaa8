#include "app/cli/functions.hpp"
#include "app/cli/table_rows.hpp"

namespace cybexd::app::cli {

using enum shape;

void add_moves(std::vector<command>& all) {
  all.push_back(
      {"",
       "backup",
       "Copies the embedded store, consistently, while a server runs or not. Not the configuration, "
       "the keys and the token secret: keep those elsewhere",
       "cybexd backup /srv/backups/monday",
       {{"dir", positional, "DIR", "New or empty folder; relative to the current one", true},
        {"quick", flag, "", "Do not read every document for the digest in manifest.json"}},
       backup_store});
  all.push_back({"",
                 "restore",
                 "Checks a backup and puts it in the place of the embedded store; no server may run. Tokens "
                 "revoked since are good again",
                 "cybexd restore /srv/backups/monday",
                 {{"dir", positional, "DIR", "The folder that backup made", true},
                  {"replace", flag, "", "Also where a store is; that one is moved aside, not removed"},
                  {"check", flag, "", "Only checks that the backup is whole"}},
                 restore_store});
  all.push_back(
      {"",
       "migrate",
       "Copies all stores of one configuration into those of another, embedded or MongoDB, and checks "
       "the result. Cut short, it is run again; nothing is doubled. Of both the files alone count, not "
       "--set and the environment",
       "cybexd migrate old/cybexd.toml new/cybexd.toml",
       {{"from", positional, "FROM.toml", "Configuration of the stores to read; nothing is written there",
         true},
        {"to", positional, "TO.toml", "Configuration of the stores to write", true},
        {"overwrite-identities", flag, "",
         "Users and organisations that differ are taken from FROM; without it they stop the command"}},
       migrate_stores});
}

void add_upkeep(std::vector<command>& all) {
  all.push_back({"quarantine",
                 "list",
                 "Lists entries that broke their workers again and again, or have lines that did",
                 "cybexd quarantine list --all",
                 {{"all", flag, "", "Also what was set aside for other reasons"},
                  {"after", value, "ID", "Go on after this entry"},
                  {"limit", value, "N", "Most entries; default: all"}},
                 quarantine_list});
  all.push_back({"quarantine",
                 "show",
                 "Shows one entry and why it was set aside",
                 "cybexd quarantine show 0000000000000007",
                 {{"id", positional, "ID", "Entry", true}},
                 quarantine_show});
  all.push_back({"quarantine",
                 "retry",
                 "Makes entries eligible again",
                 "cybexd quarantine retry 0000000000000007",
                 {{"id", positionals, "ID", "Entries", true}},
                 quarantine_retry});
  all.push_back({"quarantine",
                 "drop",
                 "Removes entries for good",
                 "cybexd quarantine drop 0000000000000007",
                 {{"id", positionals, "ID", "Entries", true}},
                 quarantine_drop});
  all.push_back({"config",
                 "check",
                 "Tells every mistake of the configuration",
                 "cybexd config check --config hub/cybexd.toml",
                 {},
                 config_check});
  all.push_back({"config",
                 "show",
                 "Shows every setting that holds, and where it came from",
                 "cybexd config show",
                 {},
                 config_show});
  all.push_back({"config",
                 "example",
                 "Prints the commented configuration with every setting at its default",
                 "cybexd config example > cybexd.toml",
                 {},
                 config_example});
  all.push_back(
      {"config",
       "convert",
       "Prints a configuration of CYBEX-P as one of cybexd; what is left to do goes to standard error",
       "cybexd config convert config.json --secret-file jwt.secret > cybexd.toml",
       {{"file", positional, "OLD.json", "CYBEX-P's config.json; - is standard input", true},
        {"secret-file", value, "FILE",
         "Writes the secret that signs tokens there: the old one, or a new one where that is too "
         "short or well known"}},
       config_convert});
  all.push_back({"",
                 "completion",
                 "Prints completion for a shell",
                 "cybexd completion bash > /etc/bash_completion.d/cybexd",
                 {{"shell", positional, "bash|zsh", "Which", true}},
                 completion});
  all.push_back({"", "manual", "Prints the manual page", "cybexd manual > cybexd.1", {}, manual});
}

}  // namespace cybexd::app::cli
