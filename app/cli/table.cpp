#include "app/cli/functions.hpp"
#include "app/cli/table_rows.hpp"

namespace cybexd::app::cli {
namespace {

using enum shape;

void add_serving(std::vector<command>& all) {
  all.push_back({"",
                 "init",
                 "Makes a working directory: settings, keys, token secret, store, first superuser",
                 "cybexd init --dir hub --admin you@example.org",
                 {{"dir", value, "DIR", "Where; must not hold a cybexd.toml yet", true},
                  {"admin", value, "EMAIL", "The first superuser; the password is printed once", true},
                  {"name", value, "NAME", "Of the superuser; default: what stands before the @"},
                  {"bits", value, "BITS", "Size of the RSA key, 2048 to 8192; default 2048"}},
                 init});
  all.push_back({"",
                 "run",
                 "Serves until it is stopped (SIGTERM); SIGHUP reads the settings again",
                 "cybexd run --config hub/cybexd.toml",
                 {},
                 run_server});
  all.push_back({"",
                 "status",
                 "Is it up, backlog, rates, oldest waiting entry, backoff, quarantine, store size",
                 "cybexd status --config hub/cybexd.toml",
                 {},
                 status});
  all.push_back({"",
                 "keygen",
                 "Makes an RSA key pair: priv.pem (mode 0600) and pub.pem",
                 "cybexd keygen --dir keys --bits 3072",
                 {{"dir", value, "DIR", "Where", true},
                  {"bits", value, "BITS", "2048 to 8192; default 2048"},
                  {"passphrase-file", value, "FILE", "The passphrase to put the private key under"}},
                 keygen});
}

void add_identity(std::vector<command>& all) {
  all.push_back({"user",
                 "add",
                 "Adds a user; prints a generated password once unless one is given",
                 "cybexd user add ann@example.org --name Ann",
                 {{"email", positional, "EMAIL", "E-mail address; unique", true},
                  {"name", value, "NAME", "For people", true},
                  {"superuser", flag, "", "May add users and organisations"},
                  {"password-file", value, "FILE", "File with the password"},
                  {"ask-password", flag, "", "Ask for the password on the terminal"}},
                 user_add});
  all.push_back({"user", "list", "Lists all users", "cybexd user list --json", {}, user_list});
  all.push_back({"user",
                 "passwd",
                 "Changes a password: asked for, from a file, or generated",
                 "cybexd user passwd ann@example.org --password-file new.txt",
                 {{"email", positional, "EMAIL", "Whose", true},
                  {"password-file", value, "FILE", "File with the new password"},
                  {"generate", flag, "", "Generate one and print it once"}},
                 user_passwd});
  all.push_back({"org",
                 "add",
                 "Adds an organisation",
                 "cybexd org add honeynet --name \"Honeypots\" --admin you@example.org",
                 {{"orgname", positional, "ORGNAME", "Short unique name", true},
                  {"name", value, "NAME", "For people", true},
                  {"admin", values, "EMAIL", "Its admins", true},
                  {"user", values, "EMAIL", "Its other users"}},
                 org_add});
  all.push_back({"org",
                 "show",
                 "Shows one organisation with its lists, or all",
                 "cybexd org show honeynet",
                 {{"org", positional, "ORG", "Orgname or hash; default: all"}},
                 org_show});
  for (const bool adds : {true, false}) {
    all.push_back(
        {"org member",
         adds ? "add" : "del",
         adds ? "Adds a user to a list of an organisation" : "Takes a user off a list of an organisation",
         adds ? "cybexd org member add honeynet ann@example.org --list user"
              : "cybexd org member del honeynet ann@example.org --list acl",
         {{"org", positional, "ORG", "Orgname or hash", true},
          {"email", positional, "EMAIL", "Whom", true},
          {"list", value, "acl|user|admin",
           "acl: sees its data; user: belongs to it; admin: changes it. Several with commas", true, true}},
         adds ? org_member_add : org_member_del});
  }
  all.push_back({"token",
                 "new",
                 "Prints a new token",
                 "cybexd token new ann@example.org --days 7 > ann.token",
                 {{"email", positional, "EMAIL", "For whom", true},
                  {"days", value, "N", "How long it is good; default identity.token_days"}},
                 token_new});
  all.push_back({"token",
                 "list",
                 "Lists tokens: id, user, when issued, until when, revoked",
                 "cybexd token list",
                 {},
                 token_list});
  all.push_back({"token",
                 "revoke",
                 "Makes a token worthless",
                 "cybexd token revoke 0123456789abcdef",
                 {{"jti", positional, "JTI", "Id of the token", true}},
                 token_revoke});
  all.push_back({"",
                 "audit",
                 "Lists changes of users, organisations, lists and tokens, the newest last",
                 "cybexd audit --limit 20",
                 {{"limit", value, "N", "As many of the newest, 1 to 10000; default 1000"}},
                 audit});
}

void add_archive(std::vector<command>& all) {
  all.push_back({"raw",
                 "put",
                 "Puts records into the cache data lake, sealed",
                 "cybexd raw put cowrie.json --ndjson --typetag cowrie --org honeynet",
                 {{"file", positionals, "FILE", "Files; - is standard input", true},
                  {"typetag", value, "TYPETAG", "What the records are: cowrie, email, ...", true},
                  {"org", value, "ORG", "Orgname or hash", true},
                  {"timezone", value, "ZONE", "IANA name; default UTC"},
                  {"lines", flag, "", "Each line is a record in an envelope of its own"},
                  {"ndjson", flag, "", "Each line is a record, many to an envelope"},
                  {"sealed", flag, "", "Each file is an envelope already (`cybexd seal`), put in as it is"},
                  {"server", value, "URL", "Send to another server, http://host:port or https://host:port"},
                  {"token-file", value, "FILE", "Token for that server"},
                  {"ca-file", value, "FILE",
                   "Authorities to trust for https, PEM; default: $SSL_CERT_FILE, else the system's"}},
                 raw_put});
  all.push_back({"archive",
                 "once",
                 "Archives until nothing is eligible and the filters have run, then a summary",
                 "cybexd archive once --config hub/cybexd.toml",
                 {{"force", flag, "", "Also what was set aside"}},
                 archive_once});
  all.push_back(
      {"",
       "report",
       "Asks a report, or one for each line of a file",
       "cybexd report count '{\"sub_type\": \"ipv4\", \"data\": \"203.0.113.7\"}' --as you@example.org",
       {{"type", positional, "TYPE", "count, related or threatrank"},
        {"query", positional, "JSON", "The query"},
        {"as", value, "USER", "E-mail address or hash of the asking user"},
        {"now", value, "TIME", "Fixes the clock, Unix seconds"},
        {"dot", flag, "", "Draws a related report in the DOT language of Graphviz; sets summary_graph"},
        {"batch", value, "FILE", "Lines {\"type\", \"data\", \"user\", \"now\"}; - is standard input"}},
       report});
}

void add_documents(std::vector<command>& all) {
  all.push_back(
      {"",
       "import",
       "Stores TAHOE documents; recomputes every hash",
       "cybexd import dump.json --store archive",
       {{"file", positionals, "FILE", "MongoDB Extended JSON, a document a line; - is standard input", true},
        {"store", value, "archive|identity|report", "Into which store", true}},
       import_documents});
  all.push_back({"",
                 "export",
                 "Prints documents, one JSON document a line",
                 "cybexd export --store archive --itype event > events.json",
                 {{"store", value, "archive|identity|report", "From which store", true},
                  {"itype", value, "attribute|object|event|session|raw|report", "This kind of document only"},
                  {"sub-type", value, "SUB_TYPE", "This sub_type only"},
                  {"secrets", flag, "", "With stored passwords"}},
                 export_documents});
  all.push_back({"",
                 "get",
                 "Prints one document",
                 "cybexd get 64d6f946a875d0fc05774ef1e1fe4eaa4b2f1700c71df9a1bb33b0c0cfcbad89",
                 {{"hash", positional, "HASH", "64 hex digits", true}},
                 get});
  all.push_back({"",
                 "digest",
                 "Counts documents and prints two checksums of the whole archive",
                 "cybexd digest --json",
                 {},
                 digest});
  all.push_back({"",
                 "hash",
                 "For each JSON value on a line of standard input: canonical form and SHA-256",
                 "echo '{\"a\": 1}' | cybexd hash",
                 {{"document", flag, "", "Lines are TAHOE documents: prints _hash and unique string"}},
                 hash});
  all.push_back({"",
                 "seal",
                 "Seals standard input into an envelope on standard output",
                 "cybexd seal < record.json > record.sealed",
                 {},
                 seal});
  all.push_back({"",
                 "open",
                 "Opens an envelope on standard input; the text goes to standard output",
                 "cybexd open < record.sealed",
                 {},
                 open});
  all.push_back(
      {"", "verify", "Recomputes hashes and references and says what is wrong", "cybexd verify", {}, verify});
}

}  // namespace

const std::vector<command>& commands() {
  static const auto all = [] {
    std::vector<command> made;
    add_serving(made);
    add_identity(made);
    add_archive(made);
    add_documents(made);
    add_moves(made);
    add_upkeep(made);
    return made;
  }();
  return all;
}

std::string full_name(const command& c) {
  return (c.group.empty() ? "" : std::string(c.group) + " ") + std::string(c.name);
}

std::string_view group_help(std::string_view group) {
  if (group == "user") return "Users: add, list, change passwords";
  if (group == "org") return "Organisations and their members";
  if (group == "org member") return "Who is on the lists of an organisation";
  if (group == "token") return "Tokens of the HTTP interface";
  if (group == "raw") return "Records on their way in";
  if (group == "archive") return "The archive line";
  if (group == "quarantine") return "What could not be archived";
  if (group == "config") return "The configuration";
  return {};
}

const std::vector<option>& common_options() {
  static const std::vector<option> all = {
      {"config", shape::value, "FILE",
       "Configuration; else $CYBEXD_CONFIG, ./cybexd.toml, /etc/cybexd/cybexd.toml"},
      {"set", shape::value, "SECTION.KEY=VALUE", "Overrides one setting; may be repeated"},
      {"json", shape::flag, "", "One JSON document on standard output"},
      {"help", shape::flag, "", "Help with an example"},
  };
  return all;
}

}  // namespace cybexd::app::cli
