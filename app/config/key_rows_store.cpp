#include <string>

#include "app/config/key_rows.hpp"

namespace cybexd::app::rows {
namespace {

struct place_names {
  std::string_view kind, url, url_file, db, coll;
};

/// The rows of one store.
template <store_place store_settings::*Which>
void add_place(std::vector<setting_key>& rows, const place_names& names) {
  rows.push_back({.name = names.kind,
                  .where = +[](settings& all) -> std::string& { return (all.store.*Which).kind; },
                  .help = "Where this store lives. Empty: on MongoDB where it has a url or url_file of its "
                          "own, else as store.kind says.",
                  .choices = {"", "embedded", "mongodb"}});
  rows.push_back({.name = names.url,
                  .where = +[](settings& all) -> std::string& { return (all.store.*Which).url; },
                  .help = "MongoDB: its server. Empty: store.url.",
                  .masked = true});
  rows.push_back({.name = names.url_file,
                  .where = +[](settings& all) -> file_path& { return (all.store.*Which).url_file; },
                  .help = "File with that url."});
  rows.push_back({.name = names.db,
                  .where = +[](settings& all) -> std::string& { return (all.store.*Which).db; },
                  .help = "MongoDB: its database."});
  rows.push_back({.name = names.coll,
                  .where = +[](settings& all) -> std::string& { return (all.store.*Which).coll; },
                  .help = "MongoDB: its collection."});
}

}  // namespace

std::vector<setting_key> store() {
  std::vector<setting_key> all{
      {.name = "store.kind",
       .where = +[](settings& all) -> std::string& { return all.store.kind; },
       .help = "Where documents live: in data_dir, or in MongoDB. Each store may live elsewhere (below).",
       .choices = {"embedded", "mongodb"}},
      {.name = "store.url",
       .where = +[](settings& all) -> std::string& { return all.store.url; },
       .help = "MongoDB: the server of all stores that name none, such as "
               "mongodb://db1.example.org,db2.example.org/?replicaSet=rs0&tls=true.",
       .masked = true},
      {.name = "store.url_file",
       .where = +[](settings& all) -> file_path& { return all.store.url_file; },
       .help = "File with that url, mode 0600, so that a password need not stand here."},
      {.name = "store.claim",
       .where = +[](settings& all) -> duration& { return all.store.claim; },
       .help = "MongoDB: how long an entry or a query stays with a server that does not answer any more. "
               "Servers on one database should agree.",
       .low = 1,
       .high = 3600},
      {.name = "store.cache_size",
       .where = +[](settings& all) -> byte_size& { return all.store.cache_size; },
       .help = "Embedded: memory for cached blocks and for what is not yet written to tables.",
       .low = 1048576,
       .high = 1099511627776},
      {.name = "store.keep_archived_files",
       .where = +[](settings& all) -> bool& { return all.store.keep_archived_files; },
       .help = "Keep the envelope of an entry after it was archived. Doubles the disk space. On MongoDB, "
               "files that the API of CYBEX-P put there are always kept."},
  };
  add_place<&store_settings::cache>(all, {"store.cache.kind", "store.cache.url", "store.cache.url_file",
                                          "store.cache.db", "store.cache.coll"});
  add_place<&store_settings::archive>(
      all, {"store.archive.kind", "store.archive.url", "store.archive.url_file", "store.archive.db",
            "store.archive.coll"});
  add_place<&store_settings::report>(all, {"store.report.kind", "store.report.url", "store.report.url_file",
                                           "store.report.db", "store.report.coll"});
  add_place<&store_settings::identity>(
      all, {"store.identity.kind", "store.identity.url", "store.identity.url_file", "store.identity.db",
            "store.identity.coll"});
  return all;
}

}  // namespace cybexd::app::rows
