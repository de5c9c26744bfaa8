// The embedded identities. Their rows: `identity_rows.hpp`.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "tahoe/store/document_facts.hpp"
#include "tahoe/store/document_row.hpp"
#include "tahoe/store/identity_rows.hpp"
#include "tahoe/store/rocksdb_snapshot.hpp"
#include "tahoe/store/rocksdb_stores.hpp"
#include "tahoe/store/row.hpp"

namespace cybexd::store {
namespace {

class rocksdb_identity final : public identity_store {
 public:
  explicit rocksdb_identity(std::shared_ptr<rocksdb_home> home) : home_(std::move(home)) {}

  expected<void> read_last_line() {
    const std::unique_ptr<rocksdb::Iterator> rows(
        home_->db().NewIterator(rocksdb::ReadOptions(), home_->handle(family::identity_audit)));
    rows->SeekToLast();
    if (!rows->status().ok()) return fail(to_error(rows->status(), "identity: open"));
    if (rows->Valid()) last_line_ = number_at({rows->key().data(), rows->key().size()});
    return {};
  }

  expected<void> apply(const identity_change& change) override {
    const std::scoped_lock alone(changes_);
    table after;
    if (auto done = check_as_read(change); !done) return done;
    for (const auto& d : change.put)
      if (auto done = put(d, after); !done) return done;
    for (const auto& d : change.replace) {
      auto before = look(d.hash, after);
      if (!before) return fail(before.error());
      if (!*before)
        return fail(failure::conflict, "identity: " + crypto::to_hex(d.hash) + " is not there any more");
      after[d.hash] = d;
    }
    for (const auto& hash : change.erase) after[hash] = std::nullopt;
    rocksdb::WriteBatch batch;
    if (auto done = stage(after, batch); !done) return done;
    for (const auto& jti : change.forget)
      (void)batch.Delete(home_->handle(family::identity_index), 't' + jti);
    if (change.token)
      (void)batch.Put(home_->handle(family::identity_index), 't' + change.token->jti, to_row(*change.token));
    (void)batch.Put(home_->handle(family::identity_audit), key_writer().number(last_line_ + 1).take(),
                    to_row(change.audit));
    if (auto written = home_->write(batch, durability::synced, "identity: change", 1); !written)
      return written;
    ++last_line_;
    return {};
  }

  expected<void> adopt(const identity_adoption& what) override {
    const std::scoped_lock alone(changes_);
    table after;
    for (const auto& hash : what.erase) after[hash] = std::nullopt;
    for (const auto& d : what.documents) after[d.hash] = d;
    rocksdb::WriteBatch batch;
    if (auto done = stage(after, batch); !done) return done;
    for (auto t : what.tokens) {
      auto there = token(t.jti);
      if (!there) return fail(there.error());
      if (*there)
        t = {t.jti, (*there)->user, (*there)->issued, (*there)->expires, (*there)->revoked || t.revoked};
      (void)batch.Put(home_->handle(family::identity_index), 't' + t.jti, to_row(t));
    }
    auto last = last_line_;
    for (const auto& line : what.lines) {
      const auto noted = origin_key(line);
      auto there = home_->get(family::identity_index, noted, "identity: adopt");
      if (!there) return fail(there.error());
      if (*there) continue;
      (void)batch.Put(home_->handle(family::identity_index), noted, "");
      (void)batch.Put(home_->handle(family::identity_audit), key_writer().number(++last).take(),
                      to_row(line.line));
    }
    if (batch.Count() == 0) return {};
    auto written = home_->write(batch, durability::synced, "identity: adopt", 1);
    if (written) last_line_ = last;
    return written;
  }

  expected<std::optional<document>> get(const hash256& hash) override {
    return read_document(*home_, family::identity_docs, hash);
  }
  expected<std::optional<document>> user_by_email(const std::string& email) override {
    return by_name('u' + email);
  }
  expected<std::optional<document>> org_by_name(const std::string& orgname) override {
    return by_name('o' + orgname);
  }
  expected<std::vector<document>> users() override { return named("u"); }
  expected<std::vector<document>> orgs() override { return named("o"); }

  expected<std::vector<document>> orgs_with(const hash256& user) override {
    const rocksdb_snapshot now(*home_);
    auto hashes = orgs_of('m', user, now);
    if (!hashes) return fail(hashes.error());
    return documents(*hashes, now);
  }

  expected<std::vector<std::string>> visible_orgs(const hash256& user) override {
    const rocksdb_snapshot now(*home_);
    auto hashes = orgs_of('v', user, now);
    if (!hashes) return fail(hashes.error());
    std::vector<std::string> visible;
    for (const auto& hash : *hashes) visible.push_back(crypto::to_hex(hash));
    return visible;
  }

  expected<std::optional<token_record>> token(const std::string& jti) override {
    auto row = home_->get(family::identity_index, 't' + jti, "identity: token");
    if (!row) return fail(row.error());
    if (!*row) return std::optional<token_record>();
    auto read = token_from_row(**row);
    if (!read) return fail(read.error());
    return std::optional(std::move(*read));
  }

  expected<std::vector<token_record>> tokens() override {
    std::vector<token_record> all;
    auto done = each_token([&](const token_record& t) {
      all.push_back(t);
      return true;
    });
    if (!done) return fail(done.error());
    return all;
  }

  expected<void> each_token(const std::function<bool(const token_record&)>& visit) override {
    return each_read(family::identity_index, "t", token_from_row, visit);
  }
  expected<void> each_line(const std::function<bool(const audit_line&)>& visit) override {
    return each_read(family::identity_audit, "", audit_from_row, visit);
  }

  expected<std::vector<audit_line>> audit(std::size_t newest) override {
    const std::unique_ptr<rocksdb::Iterator> rows(
        home_->db().NewIterator(rocksdb::ReadOptions(), home_->handle(family::identity_audit)));
    std::vector<audit_line> some;
    for (rows->SeekToLast(); rows->Valid() && some.size() < newest; rows->Prev()) {
      auto line = audit_from_row({rows->value().data(), rows->value().size()});
      if (!line) return fail(line.error());
      some.push_back(std::move(*line));
    }
    if (!rows->status().ok()) return fail(to_error(rows->status(), "identity: audit"));
    std::reverse(some.begin(), some.end());
    return some;
  }

  expected<void> each(const std::function<bool(const document&)>& visit) override {
    return each_document(*home_, family::identity_docs, visit);
  }
  expected<void> check(const check_listener& listener) override {
    return check_identity_rows(*home_, listener);
  }

 private:
  /// Documents as a change leaves them; nothing: erased.
  using table = std::map<hash256, std::optional<document>>;

  /// The rows under a prefix, read, from one consistent look.
  template <class Item>
  expected<void> each_read(family f, std::string_view prefix, expected<Item> (*read)(std::string_view),
                           const std::function<bool(const Item&)>& visit) {
    const rocksdb_snapshot now(*home_);
    std::optional<error> trouble;
    auto done = each_row(*home_, f, prefix, now.get(), [&](std::string_view, std::string_view row) {
      auto item = read(row);
      if (!item) trouble = item.error();
      return item && visit(*item);
    });
    if (!done) return done;
    if (trouble) return fail(*trouble);
    return {};
  }

  expected<std::optional<document>> look(const hash256& hash, const table& after) {
    const auto found = after.find(hash);
    if (found != after.end()) return found->second;
    return get(hash);
  }

  expected<void> check_as_read(const identity_change& change) {
    for (const auto& d : change.as_read) {
      auto now = get(d.hash);
      if (!now) return fail(now.error());
      if (!*now || !facts::same_lists(**now, d))
        return fail(failure::conflict,
                    "identity: " + crypto::to_hex(d.hash) + " was changed by somebody else in between");
    }
    return {};
  }

  expected<void> put(const document& d, table& after) {
    auto there = look(d.hash, after);
    if (!there) return fail(there.error());
    const auto name = facts::unique_name(d);
    if (!name) {
      if (!*there) after[d.hash] = d;
      return {};
    }
    if (*there && facts::is_user(d) && (*there)->data == d.data) return {};
    const auto key = name_key(d, *name);
    auto holder = home_->get(family::identity_index, key, "identity: put");
    if (!holder) return fail(holder.error());
    const bool new_holder = std::any_of(after.begin(), after.end(), [&](const auto& item) {
      return item.second && identity_index_rows(*item.second).contains(key);
    });
    if (*there || *holder || new_holder) return fail(failure::conflict, "identity: " + *name + " is taken");
    after[d.hash] = d;
    return {};
  }

  expected<void> stage(const table& after, rocksdb::WriteBatch& batch) {
    std::map<std::string, std::string> gone, here;
    for (const auto& [hash, d] : after) {
      auto before = get(hash);
      if (!before) return fail(before.error());
      if (*before) gone.merge(identity_index_rows(**before));
      const rocksdb::Slice key(hash.view().data(), hash.view().size());
      if (!d) {
        (void)batch.Delete(home_->handle(family::identity_docs), key);
        continue;
      }
      here.merge(identity_index_rows(*d));
      auto row = document_to_row(*d);
      if (!row) return fail(row.error());
      (void)batch.Put(home_->handle(family::identity_docs), key, *row);
    }
    for (const auto& [key, row] : gone)
      if (!here.contains(key)) (void)batch.Delete(home_->handle(family::identity_index), key);
    for (const auto& [key, row] : here) (void)batch.Put(home_->handle(family::identity_index), key, row);
    return {};
  }

  expected<std::optional<document>> by_name(const std::string& key) {
    const rocksdb_snapshot now(*home_);
    auto row = home_->get(family::identity_index, key, "identity: find", now.get());
    if (!row) return fail(row.error());
    const auto hash = *row ? hash_at(**row) : std::nullopt;
    if (!hash) return std::optional<document>();
    return read_document(*home_, family::identity_docs, *hash, now.get());
  }

  expected<std::vector<document>> named(std::string_view letter) {
    const rocksdb_snapshot now(*home_);
    std::set<hash256> hashes;
    auto done = each_row(*home_, family::identity_index, letter, now.get(),
                         [&](std::string_view, std::string_view row) {
                           if (const auto hash = hash_at(row)) hashes.insert(*hash);
                           return true;
                         });
    if (!done) return fail(done.error());
    return documents(hashes, now);
  }

  expected<std::set<hash256>> orgs_of(char letter, const hash256& user, const rocksdb_snapshot& now) {
    std::set<hash256> orgs;
    auto done = each_row(*home_, family::identity_index, list_prefix(letter, user), now.get(),
                         [&](std::string_view rest, std::string_view) {
                           if (const auto org = hash_at(rest)) orgs.insert(*org);
                           return true;
                         });
    if (!done) return fail(done.error());
    return orgs;
  }

  expected<std::vector<document>> documents(const std::set<hash256>& hashes, const rocksdb_snapshot& now) {
    std::vector<document> all;
    for (const auto& hash : hashes) {
      auto d = read_document(*home_, family::identity_docs, hash, now.get());
      if (!d) return fail(d.error());
      if (*d) all.push_back(std::move(**d));
    }
    return all;
  }

  std::shared_ptr<rocksdb_home> home_;
  std::mutex changes_;
  std::uint64_t last_line_ = 0;
};

}  // namespace

expected<std::shared_ptr<identity_store>> make_rocksdb_identity(std::shared_ptr<rocksdb_home> home) {
  auto made = std::make_shared<rocksdb_identity>(std::move(home));
  if (auto read = made->read_last_line(); !read) return fail(read.error());
  return std::shared_ptr<identity_store>(std::move(made));
}

}  // namespace cybexd::store
