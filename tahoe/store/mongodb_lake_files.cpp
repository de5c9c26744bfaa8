#include "tahoe/store/mongodb_lake_files.hpp"

#include <algorithm>

namespace cybexd::store {
namespace {

constexpr std::size_t chunk_size = 255 * 1024;
constexpr std::size_t most_in_a_question = 25;  ///< Ids in one `$in`: answers stay small, questions cheap.
constexpr std::uint64_t longest = 1ull << 30;   ///< Nothing longer can be archived, so it is not read.

struct file_facts {
  std::uint64_t length = 0, chunk = chunk_size;
  std::string damage;
};

struct chunk_run {
  std::map<std::int64_t, std::string> chunks;
  std::uint64_t bytes = 0;
  std::string damage;
};

bson one_of(std::span<const object_id> ids) {
  bson_list list;
  for (const auto& id : ids) list.push(id);
  return bson().add("$in", list);
}

/// Calls `ask` with at most so many ids at a time.
template <class Item, class Ask>
expected<void> in_portions(std::span<const Item> ids, Ask ask) {
  for (; !ids.empty(); ids = ids.subspan(std::min(ids.size(), most_in_a_question)))
    if (auto answered = ask(ids.first(std::min(ids.size(), most_in_a_question))); !answered) return answered;
  return {};
}

file_facts facts_of(const bson_view& file) {
  file_facts f;
  const auto length = file.find("length").integer(), chunk = file.find("chunkSize").integer();
  if (!length || *length < 0 || static_cast<std::uint64_t>(*length) > longest)
    f.damage = "its length is not usable";
  else if (!chunk || *chunk <= 0)
    f.damage = "its chunkSize is not usable";
  if (!f.damage.empty()) return f;
  f.length = static_cast<std::uint64_t>(*length);
  f.chunk = static_cast<std::uint64_t>(*chunk);
  return f;
}

void keep_chunk(chunk_run& run, const file_facts& facts, const bson_view& chunk) {
  const auto n = chunk.find("n").integer();
  const auto data = chunk.find("data").binary();
  run.bytes += data ? data->size() : 0;
  if (!n || !data) {
    run.damage = "a chunk has no number or no data";
  } else if (run.bytes > facts.length) {
    run.damage = "it has more bytes than its length";  // and no more of them are kept
  } else if (!run.chunks.emplace(*n, *data).second) {
    run.damage = "chunk " + std::to_string(*n) + " is there twice";
  }
}

/// The file put together, checked as pymongo checks it.
expected<std::string> assembled(const object_id& id, const file_facts& facts, chunk_run& run) {
  const auto broken = [&](const std::string& why) {
    return fail(failure::corrupt, "lake: the file " + id.to_hex() + " is broken: " + why);
  };
  if (!facts.damage.empty()) return broken(facts.damage);
  if (!run.damage.empty()) return broken(run.damage);
  const auto wanted = (facts.length + facts.chunk - 1) / facts.chunk;
  std::string whole;
  std::int64_t next = 0;
  for (auto& [n, data] : run.chunks) {
    if (n == 0 && facts.length == 0 && data.empty()) continue;  // some drivers write an empty chunk
    if (n != next) return broken("chunk " + std::to_string(next) + " is missing");
    const auto at = static_cast<std::uint64_t>(n) * facts.chunk;
    const auto size = at < facts.length ? std::min(facts.chunk, facts.length - at) : 0;
    if (size == 0) return broken("chunk " + std::to_string(n) + " is one too many");
    if (data.size() != size)
      return broken("chunk " + std::to_string(n) + " has " + std::to_string(data.size()) +
                    " bytes in place of " + std::to_string(size));
    if (whole.empty()) whole.reserve(std::min<std::uint64_t>(facts.length, run.chunks.size() * facts.chunk));
    whole += data;
    std::string().swap(data);
    ++next;
  }
  if (static_cast<std::uint64_t>(next) < wanted)
    return broken("chunk " + std::to_string(next) + " is missing");
  return whole;
}

}  // namespace

expected<void> mongodb_files::make_indexes(notices& say) const {
  const std::vector<index_wish> wishes{
      {"filename_1_uploadDate_1", bson().add("filename", 1).add("uploadDate", 1)},
      {"cybexd_entry", bson().add("_cybexd_entry", 1), false, {}, true}};
  if (auto made = files_.make_indexes(wishes, say, "lake: index"); !made) return made;
  return chunks_.make_indexes({{"files_id_1_n_1", bson().add("files_id", 1).add("n", 1), true, {}}}, say,
                              "lake: index");
}

expected<void> mongodb_files::write(std::span<const new_file> files, double now) const {
  bulk_write chunks, heads;
  for (const auto& file : files) {
    for (std::size_t at = 0, n = 0; at < file.bytes.size(); at += chunk_size, ++n)
      chunks.insert(bson()
                        .add("_id", object_id::make())
                        .add("files_id", file.id)
                        .add("n", static_cast<std::int64_t>(n))
                        .add_binary("data", file.bytes.substr(at, chunk_size)));
    heads.insert(bson()
                     .add("_id", file.id)
                     .add("filename", file.name)
                     .add("chunkSize", static_cast<std::int64_t>(chunk_size))
                     .add_int64("length", static_cast<std::int64_t>(file.bytes.size()))
                     .add_date("uploadDate", static_cast<std::int64_t>(now * 1000))
                     .add("_cybexd_entry", file.entry));
  }
  // The head first: what a stop in between leaves of a file is found by it (`own_files`).
  for (auto* bulk : {&heads, &chunks}) {
    const auto& where = bulk == &chunks ? chunks_ : files_;
    const auto count = bulk->count();
    auto written = where.write(std::move(*bulk), "lake: put");
    if (!written) return fail(written.error());
    if (written->inserted != count)
      return fail(failure::unavailable, written->faults.empty() ? "lake: put: the file's id is taken"
                                                                : written->faults.front().problem.text);
  }
  return {};
}

expected<void> mongodb_files::read_some(std::span<const wanted_file> some, files_read& read) const {
  std::map<object_id, file_facts> facts;
  std::map<object_id, chunk_run> runs;
  std::vector<object_id> unknown;
  for (const auto& file : some) {
    if (file.length && *file.length <= longest)
      facts[file.id].length = *file.length;
    else
      unknown.push_back(file.id);
  }
  if (!unknown.empty()) {
    auto heads =
        files_.find(bson().add("_id", one_of(unknown)), {}, "lake: read", [&](const bson_view& file) {
          if (const auto id = file.find("_id").id()) facts[*id] = facts_of(file);
          return true;
        });
    if (!heads) return heads;
  }
  bson_list usable;
  for (const auto& [id, file] : facts)
    if (file.damage.empty()) usable.push(id);
  const auto of_these = bson().add("files_id", bson().add("$in", usable));
  auto bodies = chunks_.find(of_these, {}, "lake: read", [&](const bson_view& chunk) {
    if (const auto id = chunk.find("files_id").id()) keep_chunk(runs[*id], facts[*id], chunk);
    return true;
  });
  if (!bodies) return bodies;
  for (const auto& file : some) {
    const auto found = facts.find(file.id);
    read.insert_or_assign(file.id,
                          found == facts.end()
                              ? fail(failure::not_found, "lake: the file " + file.id.to_hex() + " is missing")
                              : assembled(file.id, found->second, runs[file.id]));
  }
  return {};
}

expected<std::map<object_id, expected<std::string>>> mongodb_files::read(
    std::span<const wanted_file> files) const {
  files_read read;
  const auto portion = [&](std::span<const wanted_file> some) { return read_some(some, read); };
  if (auto done = in_portions(files, portion); !done) return fail(done.error());
  std::vector<wanted_file> doubtful;  // their heads may know better, or know what is wrong
  for (const auto& file : files)
    if (file.length && !read.at(file.id)) doubtful.push_back({file.id, std::nullopt});
  if (auto done = in_portions(std::span<const wanted_file>(doubtful), portion); !done)
    return fail(done.error());
  return read;
}

expected<std::map<object_id, std::uint64_t>> mongodb_files::sizes(std::span<const object_id> ids) const {
  std::map<object_id, std::uint64_t> sizes;
  find_options lengths;
  lengths.projection.add("length", 1);
  auto done = in_portions(ids, [&](std::span<const object_id> some) {
    return files_.find(bson().add("_id", one_of(some)), lengths, "lake: take", [&](const bson_view& file) {
      const auto length = file.find("length").integer().value_or(0);
      if (const auto id = file.find("_id").id())
        sizes[*id] = static_cast<std::uint64_t>(std::max<std::int64_t>(length, 0));
      return true;
    });
  });
  if (!done) return fail(done.error());
  return sizes;
}

expected<void> mongodb_files::remove(std::span<const object_id> ids) const {
  if (ids.empty()) return {};
  // Some dozen at a time: faster than one by one, and than a filter that names a thousand.
  constexpr std::size_t portion = 20;
  bulk_write heads, chunks;
  for (auto left = ids; !left.empty(); left = left.subspan(std::min(left.size(), portion))) {
    const auto some = one_of(left.first(std::min(left.size(), portion)));
    heads.remove_many(bson().add("_id", some));
    chunks.remove_many(bson().add("files_id", some));
  }
  // The head last, by which the rest is found where a stop comes in between.
  if (auto gone = chunks_.write_all(std::move(chunks), "lake: remove"); !gone) return fail(gone.error());
  if (auto gone = files_.write_all(std::move(heads), "lake: remove"); !gone) return fail(gone.error());
  return {};
}

expected<std::vector<mongodb_files::own_file>> mongodb_files::own_files(const object_id& entry,
                                                                        std::size_t limit) const {
  find_options in_order;
  in_order.projection.add("_cybexd_entry", 1);
  in_order.sort.add("_cybexd_entry", 1);
  in_order.limit = limit;
  std::vector<own_file> some;
  auto found = files_.find(bson().add("_cybexd_entry", bson().add("$gt", entry)), in_order, "lake: sweep",
                           [&](const bson_view& file) {
                             const auto id = file.find("_id").id(), of = file.find("_cybexd_entry").id();
                             if (id && of) some.push_back({*id, *of});
                             return true;
                           });
  if (!found) return fail(found.error());
  return some;
}

}  // namespace cybexd::store
