#include <mongoc/mongoc.h>

#include "tahoe/bson.hpp"
#include "tahoe/store/mongodb_collection.hpp"

namespace cybexd::store {
namespace {

/// The driver would refuse empty keys and the like, which JSON may hold and MongoDB takes.
bson unchecked(upsert how = upsert::no) {
  bson options;
  options.add("validate", false);
  if (how == upsert::yes) options.add("upsert", true);
  return options;
}

std::uint64_t number(const bson& answer, std::string_view key) {
  return static_cast<std::uint64_t>(answer.find(key).integer().value_or(0));
}

void each_index(const bson& answer, std::string_view list,
                const std::function<void(std::size_t, const bson_view&)>& told) {
  const auto items = answer.find(list).document();
  if (!items) return;
  items->each([&](const bson_element& item) {
    if (const auto one = item.document())
      told(static_cast<std::size_t>(one->find("index").integer().value_or(0)), *one);
    return true;
  });
}

/// Adds what one command came to; its first write is the bulk's `from`-th.
void add_result(const bson& answer, std::size_t from, std::string_view what, write_result& r) {
  r.inserted += number(answer, "nInserted");
  r.matched += number(answer, "nMatched");
  r.modified += number(answer, "nModified");
  r.removed += number(answer, "nRemoved");
  r.upserted += number(answer, "nUpserted");
  each_index(answer, "upserted",
             [&](std::size_t at, const bson_view&) { r.upserted_at.push_back(from + at); });
  each_index(answer, "writeErrors", [&](std::size_t at, const bson_view& one) {
    const auto kind = failure_of(static_cast<std::int32_t>(one.find("code").integer().value_or(0)));
    if (kind == failure::conflict) {
      r.duplicates.push_back(from + at);
    } else {
      r.faults.push_back(
          {from + at,
           {kind, std::string(what) + ": " + std::string(one.find("errmsg").text().value_or("refused"))}});
    }
  });
}

/// The message of the first of a list of errors, where there is one.
std::optional<std::string> first_of(const bson& answer, std::string_view list) {
  const auto first = answer.view().find_dotted(std::string(list) + ".0").document();
  if (!first) return std::nullopt;
  return std::string(first->find("errmsg").text().value_or("no reason given"));
}

}  // namespace

struct bulk_write::command {
  struct freed {
    void operator()(mongoc_bulk_operation_t* bulk) const { mongoc_bulk_operation_destroy(bulk); }
  };
  std::unique_ptr<mongoc_bulk_operation_t, freed> bulk;
  kind what = kind::insert;
  std::size_t count = 0, bytes = 0;
};

bulk_write::bulk_write(writing how) : how_(how) {}
bulk_write::bulk_write(bulk_write&&) noexcept = default;
bulk_write& bulk_write::operator=(bulk_write&&) noexcept = default;
bulk_write::~bulk_write() = default;

mongoc_bulk_operation_t* bulk_write::room_for(kind what, std::size_t bytes) {
  // A message has 48,000,000 bytes with its head and what stands around each write.
  constexpr std::size_t most_bytes = 47'000'000, around_each = 100, most_writes = 100'000;
  const auto fits = [&](const command& c) {
    return c.what == what && c.count < most_writes &&
           c.bytes + bytes + around_each * (c.count + 1) <= most_bytes;
  };
  if (commands_.empty() || !fits(commands_.back())) {
    auto& next = commands_.emplace_back();
    next.bulk.reset(mongoc_bulk_operation_new(how_ == writing::in_order));
    next.what = what;
  }
  return commands_.back().bulk.get();
}

bool bulk_write::added(bool well, std::size_t bytes) {
  if (!well) {
    if (commands_.back().count == 0) commands_.pop_back();
    return false;
  }
  ++count_;
  bytes_ += bytes;
  ++commands_.back().count;
  commands_.back().bytes += bytes;
  return true;
}

bool bulk_write::insert(const bson& document) {
  constexpr std::size_t room_for_id = 17;
  const auto bytes = document.size() + room_for_id;
  if (bytes > tahoe::max_bson_size) return false;
  auto* bulk = room_for(kind::insert, bytes);
  return added(mongoc_bulk_operation_insert_with_opts(bulk, document.get(), unchecked().get(), nullptr),
               bytes);
}

bool bulk_write::update_one(const bson& filter, const bson& change, upsert how) {
  if (change.size() > tahoe::max_bson_size) return false;
  const auto bytes = filter.size() + change.size();
  auto* bulk = room_for(kind::update, bytes);
  return added(mongoc_bulk_operation_update_one_with_opts(bulk, filter.get(), change.get(),
                                                          unchecked(how).get(), nullptr),
               bytes);
}

bool bulk_write::update_one(const bson& filter, const bson_list& stages, upsert how) {
  return update_one(filter, stages.items(), how);
}

bool bulk_write::update_many(const bson& filter, const bson& change) {
  if (change.size() > tahoe::max_bson_size) return false;
  const auto bytes = filter.size() + change.size();
  auto* bulk = room_for(kind::update, bytes);
  return added(mongoc_bulk_operation_update_many_with_opts(bulk, filter.get(), change.get(),
                                                           unchecked().get(), nullptr),
               bytes);
}

bool bulk_write::update_many(const bson& filter, const bson_list& stages) {
  return update_many(filter, stages.items());
}

bool bulk_write::replace_one(const bson& filter, const bson& document, upsert how) {
  if (document.size() > tahoe::max_bson_size) return false;
  const auto bytes = filter.size() + document.size();
  auto* bulk = room_for(kind::update, bytes);
  return added(mongoc_bulk_operation_replace_one_with_opts(bulk, filter.get(), document.get(),
                                                           unchecked(how).get(), nullptr),
               bytes);
}

bool bulk_write::remove_one(const bson& filter) {
  auto* bulk = room_for(kind::remove, filter.size());
  return added(mongoc_bulk_operation_remove_one_with_opts(bulk, filter.get(), nullptr, nullptr),
               filter.size());
}

bool bulk_write::remove_many(const bson& filter) {
  auto* bulk = room_for(kind::remove, filter.size());
  return added(mongoc_bulk_operation_remove_many_with_opts(bulk, filter.get(), nullptr, nullptr),
               filter.size());
}

expected<write_result> mongodb_collection::write(bulk_write&& writes, std::string_view what) const {
  const auto all = std::move(writes);
  if (all.count() == 0) return write_result();
  auto lease = home_->lease(what);
  if (!lease) return fail(lease.error());
  write_result result;
  std::size_t from = 0;
  for (const auto& command : all.commands_) {
    auto answer = execute(command.bulk.get(), lease->client(), what);
    if (!answer) return fail(answer.error());
    add_result(*answer, from, what, result);
    from += command.count;
    const bool refused = !result.faults.empty() || !result.duplicates.empty();
    if (refused && all.how_ == writing::in_order) break;
  }
  return result;
}

expected<write_result> mongodb_collection::write_all(bulk_write&& writes, std::string_view what) const {
  auto done = write(std::move(writes), what);
  if (done && !done->faults.empty()) return fail(failure::unavailable, done->faults.front().problem.text);
  return done;
}

/// Errors: what the command came to is not known then.
expected<bson> mongodb_collection::execute(mongoc_bulk_operation_t* bulk, mongoc_client_t* client,
                                           std::string_view what) const {
  mongoc_bulk_operation_set_client(bulk, client);
  mongoc_bulk_operation_set_database(bulk, db_.c_str());
  mongoc_bulk_operation_set_collection(bulk, name_.c_str());
  mongoc_bulk_operation_set_write_concern(bulk, mongoc_client_get_write_concern(client));
  bson_error_t problem;
  bson_t answer;
  const bool done = mongoc_bulk_operation_execute(bulk, &answer, &problem) != 0;
  bson copied{bson_view(&answer)};
  bson_destroy(&answer);
  // Refused writes are told one by one. Without any, or where the majority did not confirm, the call failed.
  if (const auto unconfirmed = first_of(copied, "writeConcernErrors"))
    return fail(failure::unavailable, std::string(what) + ": not confirmed by the majority: " + *unconfirmed);
  if (!done && !first_of(copied, "writeErrors")) return fail(home_->as_error(problem, what));
  return copied;
}

}  // namespace cybexd::store
