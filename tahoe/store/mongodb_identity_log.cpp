#include "tahoe/store/mongodb_identity_log.hpp"

#include <algorithm>

#include "tahoe/store/mongodb_identity_rows.hpp"

namespace cybexd::store {
namespace {

constexpr int most_attempts = 100;  // others append at the same time

}  // namespace

expected<std::optional<token_record>> identity_log::token(const std::string& jti) const {
  auto stored = tokens_.find_one(bson().add("_id", jti), {}, "identity: token");
  if (!stored) return fail(stored.error());
  if (!*stored) return std::optional<token_record>();
  auto token = token_from((*stored)->view());
  if (!token) return fail(token.error());
  return std::optional(std::move(*token));
}

expected<std::vector<token_record>> identity_log::tokens() const {
  std::vector<token_record> all;
  std::optional<error> trouble;
  auto done = tokens_.find({}, {}, "identity: tokens", [&](const bson_view& stored) {
    auto token = token_from(stored);
    if (token)
      all.push_back(std::move(*token));
    else
      trouble = token.error();
    return token.has_value();
  });
  if (!done) return fail(done.error());
  if (trouble) return fail(*trouble);
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.jti < b.jti; });
  return all;
}

expected<void> identity_log::put(const token_record& token, bool keep_old) const {
  const auto one = bson().add("_id", token.jti);
  const auto fields = to_bson(token);
  bulk_write write;
  if (keep_old)
    (void)write.update_one(one, bson().add("$setOnInsert", fields), upsert::yes);
  else
    (void)write.replace_one(one, fields, upsert::yes);
  auto done = tokens_.write(std::move(write), "identity: token");
  if (!done) return fail(done.error());
  if (!done->faults.empty()) return fail(done->faults.front().problem);
  return {};
}

expected<std::vector<audit_line>> identity_log::lines(std::size_t newest) const {
  std::vector<audit_line> some;
  if (newest == 0) return some;
  find_options how;
  how.sort.add("_id", -1);
  how.limit = newest;
  auto done = audit_.find({}, how, "identity: audit", [&](const bson_view& stored) {
    some.push_back(line_from(stored));
    return true;
  });
  if (!done) return fail(done.error());
  std::reverse(some.begin(), some.end());
  return some;
}

expected<std::int64_t> identity_log::next_number() const {
  find_options how;
  how.sort.add("_id", -1);
  how.limit = 1;
  std::int64_t last = 0;
  auto done = audit_.find({}, how, "identity: audit", [&](const bson_view& stored) {
    last = stored.find("_id").integer().value_or(0);
    return true;
  });
  if (!done) return fail(done.error());
  return last + 1;
}

expected<void> identity_log::append(const audit_line& line, const std::string& change) const {
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    const auto number = next_number();
    if (!number) return fail(number.error());
    bson stored;
    stored.add_int64("_id", *number);
    stored.add_all(to_bson(line).view());
    if (!change.empty()) stored.add("change", change);
    bulk_write write;
    (void)write.insert(stored);
    auto done = audit_.write(std::move(write), "identity: audit");
    if (!done) return fail(done.error());
    if (!done->faults.empty()) return fail(done->faults.front().problem);
    if (done->inserted == 1) return {};  // else somebody was faster with this number
  }
  return fail(failure::unavailable, "identity: audit: others append all the time");
}

expected<bool> identity_log::has_line_of(const std::string& change, std::int64_t from) const {
  bson newer;
  newer.add_int64("$gte", from);
  auto found = audit_.find_one(bson().add("_id", newer).add("change", change), bson().add("_id", 1),
                               "identity: audit");
  if (!found) return fail(found.error());
  return found->has_value();
}

}  // namespace cybexd::store
