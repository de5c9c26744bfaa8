#include "tahoe/store/mongodb_identity_log.hpp"

#include <algorithm>
#include <utility>

#include "tahoe/store/mongodb_identity_rows.hpp"

namespace cybexd::store {
namespace {

constexpr int most_attempts = 100;  // others append at the same time

/// What stands in `change` of an adopted line.
std::string adopted_name(const numbered_line& line) {
  constexpr std::size_t enough = 32;  // hexadecimal digits; two lines that share so many will not be met
  return "adopted/" + crypto::to_hex(origin_of(line)).substr(0, enough);
}

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
  auto done = each_token([&](const token_record& token) {
    all.push_back(token);
    return true;
  });
  if (!done) return fail(done.error());
  return all;
}

expected<void> identity_log::each_token(const std::function<bool(const token_record&)>& visit) const {
  find_options how;
  how.sort.add("_id", 1);
  how.without_limit_of_time = true;
  std::optional<error> trouble;
  auto done = tokens_.find({}, how, "identity: tokens", [&](const bson_view& stored) {
    auto token = token_from(stored);
    if (!token) trouble = token.error();
    return token && visit(*token);
  });
  if (!done) return done;
  if (trouble) return fail(*trouble);
  return {};
}

expected<void> identity_log::adopt(std::span<const token_record> tokens) const {
  if (tokens.empty()) return {};
  bulk_write writes;
  for (auto token : tokens) {
    const bool revoked = std::exchange(token.revoked, false);
    bson fresh, change;
    fresh.add("user", crypto::to_hex(token.user)).add("issued", token.issued);
    if (token.expires) fresh.add("expires", *token.expires);
    if (!revoked) fresh.add("revoked", false);
    change.add("$setOnInsert", fresh);
    if (revoked) change.add("$set", bson().add("revoked", true));
    (void)writes.update_one(bson().add("_id", token.jti), change, upsert::yes);
  }
  auto done = tokens_.write(std::move(writes), "identity: tokens");
  if (!done) return fail(done.error());
  if (!done->faults.empty()) return fail(done->faults.front().problem);
  return {};
}

expected<void> identity_log::forget(std::span<const std::string> jtis) const {
  if (jtis.empty()) return {};
  bson_list some;
  for (const auto& jti : jtis) some.push(jti);
  bulk_write write;
  write.remove_many(bson().add("_id", bson().add("$in", some)));
  auto done = tokens_.write(std::move(write), "identity: tokens");
  if (!done) return fail(done.error());
  if (!done->faults.empty()) return fail(done->faults.front().problem);
  return {};
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

expected<void> identity_log::each_line(const std::function<bool(const audit_line&)>& visit) const {
  find_options how;
  how.sort.add("_id", 1);
  how.without_limit_of_time = true;
  return audit_.find({}, how, "identity: audit",
                     [&](const bson_view& stored) { return visit(line_from(stored)); });
}

expected<std::set<std::string>> identity_log::adopted(std::span<const numbered_line> lines) const {
  bson_list names;
  for (const auto& line : lines) names.push(adopted_name(line));
  std::set<std::string> found;
  auto done = audit_.find(bson().add("change", bson().add("$in", names)), {}, "identity: adopt",
                          [&](const bson_view& stored) {
                            found.emplace(stored.find("change").text().value_or(""));
                            return true;
                          });
  if (!done) return fail(done.error());
  return found;
}

expected<void> identity_log::adopt(std::span<const numbered_line> lines) const {
  if (lines.empty()) return {};
  notices nobody;
  const std::vector<index_wish> by_change{{"change_1", std::move(bson().add("change", 1)), false, {}}};
  if (auto made = audit_.make_indexes(by_change, nobody, "identity: adopt"); !made) return made;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    auto known = adopted(lines);
    if (!known) return fail(known.error());
    const auto next = next_number();
    if (!next) return fail(next.error());
    bulk_write writes(writing::in_order);  // so that what was cut short is a beginning
    auto number = *next;
    for (const auto& line : lines) {
      const auto name = adopted_name(line);
      if (!known->insert(name).second) continue;
      bson stored;
      stored.add_int64("_id", number++);
      stored.add_all(to_bson(line.line).view());
      (void)writes.insert(stored.add("change", name));
    }
    if (writes.count() == 0) return {};
    auto done = audit_.write(std::move(writes), "identity: adopt");
    if (!done) return fail(done.error());
    if (!done->faults.empty()) return fail(done->faults.front().problem);
    if (done->duplicates.empty()) return {};  // else somebody was faster with one of these numbers
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
