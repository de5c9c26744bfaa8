#include "tahoe/store/mongodb_archive.hpp"

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"
#include "tahoe/store/mongodb_archive_writer.hpp"

namespace cybexd::store {

using namespace mongodb_archive;

namespace {

index_wish wish(const std::string& name, bson keys, bool sparse = true) {
  index_wish made;
  made.name = name;
  made.keys = std::move(keys);
  made.sparse = sparse;
  return made;
}

/// Indexes of reports over events leave out the documents that have none of their fields.
std::vector<index_wish> wishes() {
  auto by_hash = wish("_hash_1", bson().add("_hash", 1), false);
  by_hash.unique = true;
  // Raw records by kind, those of which no filter has run for the first organisation together.
  const auto kinds = bson().add("sub_type", 1).add("filters", 1).add("_id", 1);
  auto by_filter = wish("sub_type_1_filters_1__id_1", kinds, false);
  by_filter.partial = bson().add("itype", "raw");
  return {by_hash, wish("_ref_1_timestamp_1", bson().add("_ref", 1).add("timestamp", 1)),
          wish("_mal_ref_1", bson().add("_mal_ref", 1)), wish("_ben_ref_1", bson().add("_ben_ref", 1)),
          wish("_cref_1", bson().add("_cref", 1)), by_filter,
          // Raw records of which no filter has run for a later organisation.
          wish("_cybexd_orgs.filters_1", bson().add("_cybexd_orgs.filters", 1))};
}

/// Transactions need a replica set or a router.
expected<bool> has_transactions(mongodb_home& home, notices& say) {
  auto answer = home.command("admin", bson().add("hello", 1), false, "archive: hello");
  if (!answer) return fail(answer.error());
  if (const auto set = answer->find("setName").text(); set && home.names_one_server_only())
    say.say_once(home.where() + " is one of the replica set " + std::string(*set) +
                 ", and is used alone, also when another one becomes the primary: add replicaSet=" +
                 std::string(*set) + " to the URL");
  return answer->find("setName").exists() || answer->find("msg").text() == "isdbgrid";
}

}  // namespace

mongodb_archive_store::mongodb_archive_store(mongodb_collection documents, store_ties ties, bool read_only)
    : ground_{std::move(documents)},
      ties_(std::move(ties)),
      read_only_(read_only),
      ready_([this] { return prepare(); }) {
  ground_.say = ties_.say;
}

expected<void> mongodb_archive_store::prepare() {
  auto& documents = ground_.documents;
  const auto transactions = has_transactions(documents.home(), *ties_.say);
  if (!transactions) return fail(transactions.error());
  if (read_only_) {  // and whether there are doubles is not asked: it is read as if there were
    ground_.transactions = *transactions;
    return documents.tell_missing_index("_hash", *ties_.say, "archive: indexes");
  }
  if (auto made = documents.make_indexes(wishes(), *ties_.say, "archive: indexes"); !made) return made;
  const auto unique = has_unique_index(documents, "_hash", "archive: indexes");
  if (!unique) return fail(unique.error());
  ground_.transactions = *transactions;
  ground_.unique = *unique;
  return {};
}

expected<std::vector<record_result>> mongodb_archive_store::write(std::span<const record_write> records) {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  if (records.empty()) return std::vector<record_result>();
  ground_.looks->begin();
  const auto began = std::chrono::steady_clock::now();
  auto results = writer(ground_.documents, ground_.unique).write(records);
  if (results) ties_.committed("archive", began, records.size());
  return results;
}

expected<std::vector<import_result>> mongodb_archive_store::import(std::span<const document> documents) {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  if (documents.empty()) return std::vector<import_result>();
  ground_.looks->begin();
  const auto began = std::chrono::steady_clock::now();
  auto results = writer(ground_.documents, ground_.unique).import(documents);
  if (results) ties_.committed("archive", began, documents.size());
  return results;
}

expected<std::vector<import_result>> mongodb_archive_store::adopt(std::span<const document> documents) {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  if (documents.empty()) return std::vector<import_result>();
  ground_.looks->begin();
  const auto began = std::chrono::steady_clock::now();
  auto results = writer(ground_.documents, ground_.unique).adopt(documents);
  if (results) ties_.committed("archive", began, documents.size());
  return results;
}

expected<std::uint64_t> mongodb_archive_store::size() {
  return ground_.documents.about_how_many("archive: size");
}

expected<std::unique_ptr<archive_view>> mongodb_archive_store::view() {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  return std::make_unique<mongodb_archive::view>(ground_);
}

expected<std::optional<document>> mongodb_archive_store::get(const hash256& hash) {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  std::optional<document> found;
  expected<void> result;
  auto done = ground_.documents.find(by_hash(hash), {}, "archive: get", [&](const bson_view& stored) {
    auto d = from_stored(stored);
    if (!d) result = fail(d.error());
    if (d && found) join_double(*found, *d);
    if (d && !found) found = std::move(*d);
    return result.has_value();
  });
  if (!done) return fail(done.error());
  if (!result) return fail(result.error());
  return found;
}

expected<std::shared_ptr<archive_store>> make_mongodb_archive(const mongodb_place& place,
                                                              const store_ties& ties) {
  auto home = mongodb_home::open({.url = place.url});
  if (!home) return fail(home.error());
  return std::make_shared<mongodb_archive_store>(mongodb_collection(*home, place.db, place.coll), ties,
                                                 place.read_only);
}

}  // namespace cybexd::store
