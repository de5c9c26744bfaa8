#include "tahoe/store/rocksdb_families.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <array>
#include <string>

#include "tahoe/store/rocksdb_sums.hpp"

namespace cybexd::store {
namespace {

/// What a family is asked, which decides its options.
enum class use {
  documents,  ///< Point look-ups under random keys, large values, many misses: bloom filter over whole keys.
  arrivals,   ///< Keys that only grow, looked up when they are known to be there, read in order: no bloom
              ///< filter.
  tagged_index,  ///< As `index`, with a byte before the 8.
  index,   ///< Scans within an 8-byte prefix: bloom filter over prefixes, read with `prefix_same_as_start` or
           ///< a bound.
  rows,    ///< Small rows, look-ups and scans in key order.
  sealed,  ///< Ciphertext: does not compress.
};

struct plan {
  family id;
  std::string_view name;
  use kind;
  std::shared_ptr<rocksdb::MergeOperator> (*merge)() = nullptr;
};

// In the order of the enumeration.
const std::array<plan, family_count> plans{{
    {family::meta, "default", use::rows},               // "format" -> version
    {family::lake_entries, "lake_entries", use::rows},  // id -> entry and mark
    {family::lake_waiting, "lake_waiting", use::rows},  // id -> nothing; entries that wait, by arrival
    {family::lake_aside, "lake_aside", use::rows},      // id -> state; entries set aside
    {family::lake_files, "lake_files", use::sealed},    // id -> envelope
    {family::lake_meta, "lake_meta", use::rows, make_sums_merge},       // the books
    {family::archive_docs, "archive_docs", use::arrivals},              // id -> document
    {family::archive_ids, "archive_ids", use::documents},               // first bytes of a hash -> ids
    {family::archive_events, "archive_events", use::arrivals},          // id -> facts of an event
    {family::archive_postings, "archive_postings", use::index},         // attribute -> events
    {family::archive_buckets, "archive_buckets", use::index},           // attribute -> counts
    {family::archive_sessions, "archive_sessions", use::tagged_index},  // event <-> session
    {family::archive_meta, "archive_meta", use::rows},                  // counters and lists
    {family::report_docs, "report_docs", use::documents},               // hash -> query, report or attribute
    {family::report_index, "report_index", use::rows},         // what may be taken; who has which report
    {family::identity_docs, "identity_docs", use::documents},  // hash -> user, organisation or attribute
    {family::identity_index, "identity_index", use::rows},     // unique names, tokens
    {family::identity_audit, "identity_audit", use::rows},     // number -> audit line
}};

bool indexed(use kind) { return kind == use::index || kind == use::tagged_index; }
bool scattered(use kind) { return kind == use::documents || indexed(kind); }

rocksdb::BlockBasedTableOptions table_options(use kind, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.format_version = 5;  // also under newer libraries, so that Debian 12 and 13 read each other's files
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.block_size = kind == use::documents ? 8u << 10 : kind == use::arrivals ? 32u << 10 : 16u << 10;
  if (kind != use::sealed && kind != use::arrivals)
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  table.whole_key_filtering = !indexed(kind);
  // A file's filter in one piece is some MiB, more than one shard of the cache takes: it would be read again
  // for every look-up.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.metadata_block_size = 4u << 10;
  table.pin_top_level_index_and_filter = true;
  return table;
}

rocksdb::ColumnFamilyOptions family_options(const plan& p, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = 32u << 20;
  options.level_compaction_dynamic_level_bytes = true;
  if (p.kind == use::sealed) {
    options.compression = rocksdb::kNoCompression;
    options.level0_file_num_compaction_trigger = 2;  // most envelopes are gone again by then
  } else {
    // Files of growing keys do not overlap, so most of them move down as they are and are compressed once.
    options.compression = p.kind == use::arrivals ? rocksdb::kZSTD : rocksdb::kLZ4Compression;
    options.bottommost_compression = rocksdb::kZSTD;
  }
  // Keys in no order: every merge rewrites most of a family, so files are let gather first.
  if (scattered(p.kind)) options.level0_file_num_compaction_trigger = 8;
  if (p.kind == use::documents) {
    options.memtable_whole_key_filtering = true;
    options.memtable_prefix_bloom_size_ratio = 0.05;
  }
  if (indexed(p.kind)) {
    options.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(p.kind == use::index ? 8 : 9));
    options.memtable_prefix_bloom_size_ratio = 0.02;
  }
  if (p.merge) options.merge_operator = p.merge();
  if (p.merge) options.max_successive_merges = 64;  // bounds what a read of one counter must add up
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(p.kind, cache)));
  return options;
}

}  // namespace

std::string_view family_name(family f) { return plans[static_cast<std::size_t>(f)].name; }

std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(
    const std::shared_ptr<rocksdb::Cache>& cache) {
  std::vector<rocksdb::ColumnFamilyDescriptor> all;
  for (const auto& p : plans) all.emplace_back(std::string(p.name), family_options(p, cache));
  return all;
}

}  // namespace cybexd::store
