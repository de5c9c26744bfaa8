#pragma once
// Every setting of the server, typed by its unit, at its default. The table in `keys.cpp` says how each is
// written, what it may be and what it does; reading, checking, showing and the example file are all made from
// that table.
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cybexd::app {

using duration = std::chrono::milliseconds;  ///< Written as "10s", "20ms", "5min", "1h", "30d".

/// Written as "256MiB": a whole number and one of B, KiB, MiB, GiB, TiB.
struct byte_size {
  std::uint64_t bytes = 0;
  bool operator==(const byte_size&) const = default;
};
constexpr byte_size kibibytes(std::uint64_t count) { return {count << 10}; }
constexpr byte_size mebibytes(std::uint64_t count) { return {count << 20}; }

/// A file or folder. Absolute after reading (relative ones are relative to the folder of the configuration);
/// empty: none.
struct file_path {
  std::string path;
  bool operator==(const file_path&) const = default;
};

/// `host:port`, an IPv6 address in brackets. Port 0 takes a free port.
struct endpoint {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const endpoint&) const = default;
};

using text_list = std::vector<std::string>;
using text_map = std::map<std::string, std::string>;

struct key_settings {
  file_path private_key{"priv.pem"};  ///< `keys.private`
  file_path public_key{"pub.pem"};    ///< `keys.public`
  file_path passphrase_file;
};

/// Where one of the four stores lives.
struct store_place {
  std::string kind;    ///< "embedded", "mongodb"; empty: see `on_mongodb`.
  std::string url;     ///< MongoDB only. May hold a password.
  file_path url_file;  ///< Holds the url.
  std::string db, coll;
};

struct store_settings {
  std::string kind = "embedded";
  std::string url;     ///< MongoDB only. May hold a password.
  file_path url_file;  ///< Holds the url.
  duration claim =
      std::chrono::seconds(60);           ///< Of an entry or a query, for a server that does not renew it.
  byte_size cache_size = mebibytes(128);  ///< Embedded: block cache and memtables together.
  bool keep_archived_files = false;
  store_place cache{"", "", {}, "cache_db", "file_entries"};
  store_place archive{"", "", {}, "tahoe_db", "instance"};
  store_place report{"", "", {}, "report_db", "instance"};
  store_place identity{"", "", {}, "identity_db", "instance"};
};

/// Whether a store lives on MongoDB: as its own kind says; else where it has an address of its own; else as
/// `store.kind` says.
[[nodiscard]] inline bool on_mongodb(const store_settings& all, const store_place& one) {
  if (!one.kind.empty()) return one.kind == "mongodb";
  return !one.url.empty() || !one.url_file.path.empty() || all.kind == "mongodb";
}

struct archive_settings {
  std::uint64_t batch = 10'000;  ///< Lake entries a round.
  std::uint64_t window_entries = 4'096;
  byte_size window_bytes = mebibytes(256);
  double backoff_base = 2;  ///< Wait min(cap, base^n seconds + jitter * u), u uniform in [0, 1].
  duration backoff_cap = std::chrono::hours(1);
  duration backoff_jitter = std::chrono::seconds(1);
  bool accept_unknown_typetags = false;
  bool force_process = false;
  text_list filters{"cowrie", "email", "openphish", "phishtank", "sighting"};  ///< Empty: none.
  text_map typetags;          ///< typetag -> sub_type, besides those of the filters and of the archive.
  std::uint64_t workers = 0;  ///< Decryptors, parsers and analysts of each kind; 0: one for each core.
  std::uint64_t commit_entries = 1'024;   ///< A batch is written when it has this many entries,
  duration commit_delay{20};              ///< or is this old.
  std::uint64_t max_backlog = 1'000'000;  ///< Records that may wait in the lake; beyond that uploads get 503.
  std::uint64_t max_depth = 32;           ///< Of a record's JSON.
  byte_size max_canonical = mebibytes(16);  ///< Of a document's canonical form.
};

struct report_settings {
  text_list sub_types{"asn",    "body",    "domain", "email_addr", "filename", "hostname",
                      "sha256", "subject", "ip",     "ipv4",       "url"};
  text_list types{"count", "related", "threatrank"};
  std::uint64_t workers = 2;                     ///< Of each type.
  std::uint64_t queue = 10'000;                  ///< Queries that may wait, for each type.
  duration deadline = std::chrono::seconds(60);  ///< A report that takes longer is failed.
  double threatrank_decay = 0.998;
  std::uint64_t threatrank_max_edges = 6;
  byte_size threatrank_memory = mebibytes(1024);  ///< Of all ranks that need the whole archive.
  std::uint64_t max_documents = 1'000'000;        ///< That one related report may read.
  std::string api_host = "127.0.0.1";
  text_list reply_allow;  ///< host or host:port; empty: the API host, any port.
  duration reply_timeout = std::chrono::seconds(5);
  duration poll_cap = std::chrono::seconds(1);
  duration foreign_age =
      std::chrono::minutes(10);  ///< A query in `processing` without a claim is taken after this.
};

struct http_settings {
  endpoint listen{"127.0.0.1", 8080};
  endpoint operators{"127.0.0.1", 9464};
  file_path tls_certificate, tls_key;  ///< PEM; both or neither. For `listen` only.
  std::uint64_t threads = 1;
  byte_size max_upload = mebibytes(64);  ///< Body of /raw, before and after unpacking.
  std::uint64_t max_records = 200'000;   ///< Lines of one NDJSON upload.
  byte_size max_json = mebibytes(1);     ///< Body of every other request.
  byte_size max_header = kibibytes(16);
  duration header_time = std::chrono::seconds(10);
  duration body_time = std::chrono::seconds(120);
  duration idle_time = std::chrono::seconds(60);      ///< A connection without a request.
  duration write_time = std::chrono::seconds(30);     ///< A client that does not read its answer.
  duration query_patience = std::chrono::seconds(5);  ///< Then /query answers 202.
  std::uint64_t max_connections = 10'000;
  std::uint64_t max_requests = 128;  ///< In flight, waiting queries apart.
  std::uint64_t max_waiting_queries = 8'192;
  byte_size max_bytes = mebibytes(128);  ///< Bodies in memory at once.
  std::uint64_t rate = 0;                ///< Requests a second of one client address; 0: no limit.
};

struct identity_settings {
  file_path jwt_secret_file{"jwt.secret"};
  std::uint64_t token_days = 30;
  bool accept_tokens_without_exp = false;
  bool accept_original_passwords = true;
};

struct log_settings {
  std::string level = "info";   ///< trace, debug, info, warning, error, off
  std::string format = "text";  ///< text, json
  file_path file;               ///< Empty: standard error.
};

struct settings {
  file_path data_dir{"data"};
  duration stop_within = std::chrono::seconds(10);
  key_settings keys;
  store_settings store;
  archive_settings archive;
  report_settings report;
  http_settings http;
  identity_settings identity;
  log_settings log;
};

}  // namespace cybexd::app
