#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "tahoe/store/document_facts.hpp"
#include "tahoe/store/memory_stores.hpp"

namespace cybexd::store {
namespace {

class memory_identity final : public identity_store {
 public:
  expected<void> apply(const identity_change& change) override {
    const std::scoped_lock lock(mutex_);
    auto after = documents_;  // changed in a copy, so that a conflict half-way leaves no trace
    if (auto checked = as_read(change); !checked) return checked;
    for (const auto& d : change.put)
      if (auto done = put(after, d); !done) return done;
    for (const auto& d : change.replace) {
      const auto found = after.find(d.hash);
      if (found == after.end())
        return fail(failure::conflict, "identity: " + crypto::to_hex(d.hash) + " is not there any more");
      found->second = d;
    }
    for (const auto& hash : change.erase) after.erase(hash);
    documents_ = std::move(after);
    for (const auto& jti : change.forget) tokens_.erase(jti);
    if (change.token) tokens_[change.token->jti] = *change.token;
    audit_.push_back(change.audit);
    return {};
  }

  expected<std::optional<document>> get(const hash256& hash) override {
    const std::scoped_lock lock(mutex_);
    const auto found = documents_.find(hash);
    return found == documents_.end() ? std::nullopt : std::optional(found->second);
  }

  expected<std::optional<document>> user_by_email(const std::string& email) override {
    return first([&](const document& d) { return facts::is_user(d) && facts::unique_name(d) == email; });
  }
  expected<std::optional<document>> org_by_name(const std::string& orgname) override {
    return first([&](const document& d) { return facts::is_org(d) && facts::unique_name(d) == orgname; });
  }
  expected<std::vector<document>> users() override { return all(facts::is_user); }
  expected<std::vector<document>> orgs() override { return all(facts::is_org); }

  expected<std::vector<document>> orgs_with(const hash256& user) override {
    return all([&](const document& d) {
      const auto members = facts::members_of(d);
      return facts::is_org(d) && std::binary_search(members.begin(), members.end(), user);
    });
  }

  expected<std::vector<std::string>> visible_orgs(const hash256& user) override {
    std::vector<std::string> visible;
    const std::scoped_lock lock(mutex_);
    for (const auto& [hash, d] : documents_) {
      if (!facts::is_org(d)) continue;
      const auto acl = facts::list_of(d, "_acl");
      if (std::find(acl.begin(), acl.end(), user) != acl.end()) visible.push_back(crypto::to_hex(hash));
    }
    return visible;
  }

  expected<std::optional<token_record>> token(const std::string& jti) override {
    const std::scoped_lock lock(mutex_);
    const auto found = tokens_.find(jti);
    return found == tokens_.end() ? std::nullopt : std::optional(found->second);
  }

  expected<std::vector<token_record>> tokens() override {
    const std::scoped_lock lock(mutex_);
    std::vector<token_record> some;
    for (const auto& [jti, t] : tokens_) some.push_back(t);
    return some;
  }

  expected<std::vector<audit_line>> audit(std::size_t newest) override {
    const std::scoped_lock lock(mutex_);
    const auto from = audit_.size() > newest ? audit_.size() - newest : 0;
    return std::vector<audit_line>(audit_.begin() + static_cast<std::ptrdiff_t>(from), audit_.end());
  }

  expected<void> each(const std::function<bool(const document&)>& visit) override {
    const auto copy = all([](const document&) { return true; });
    for (const auto& d : copy)
      if (!visit(d)) break;
    return {};
  }

  expected<void> each_token(const std::function<bool(const token_record&)>& visit) override {
    const auto some = tokens();
    for (const auto& t : *some)
      if (!visit(t)) break;
    return {};
  }

  expected<void> each_line(const std::function<bool(const audit_line&)>& visit) override {
    const auto lines = [&] {
      const std::scoped_lock lock(mutex_);
      return audit_;
    }();
    for (const auto& line : lines)
      if (!visit(line)) break;
    return {};
  }

  expected<void> adopt(const identity_adoption& what) override {
    const std::scoped_lock lock(mutex_);
    for (const auto& hash : what.erase) documents_.erase(hash);
    for (const auto& d : what.documents) documents_[d.hash] = d;
    for (const auto& t : what.tokens) {
      auto& there = tokens_.emplace(t.jti, t).first->second;
      there.revoked = there.revoked || t.revoked;
    }
    for (const auto& line : what.lines)
      if (adopted_.insert(origin_of(line)).second) audit_.push_back(line.line);
    return {};
  }

 private:
  using table = std::map<hash256, document>;

  expected<void> as_read(const identity_change& change) const {
    for (const auto& d : change.as_read) {
      const auto found = documents_.find(d.hash);
      if (found == documents_.end() || !facts::same_lists(found->second, d))
        return fail(failure::conflict,
                    "identity: " + crypto::to_hex(d.hash) + " was changed by somebody else in between");
    }
    return {};
  }

  static expected<void> put(table& documents, const document& d) {
    const auto name = facts::unique_name(d);
    const auto there = documents.find(d.hash);
    if (!name) {
      if (there == documents.end()) documents.emplace(d.hash, d);
      return {};
    }
    if (there != documents.end() && facts::is_user(d) && there->second.data == d.data) return {};
    const bool taken = std::any_of(documents.begin(), documents.end(), [&](const auto& item) {
      return facts::is_user(item.second) == facts::is_user(d) && facts::unique_name(item.second) == name;
    });
    if (taken) return fail(failure::conflict, "identity: " + *name + " is taken");
    documents.emplace(d.hash, d);
    return {};
  }

  template <class Test>
  std::vector<document> all(Test test) {
    const std::scoped_lock lock(mutex_);
    std::vector<document> some;
    for (const auto& [hash, d] : documents_)
      if (test(d)) some.push_back(d);
    return some;
  }

  template <class Test>
  std::optional<document> first(Test test) {
    auto some = all(test);
    return some.empty() ? std::nullopt : std::optional(std::move(some.front()));
  }

  std::mutex mutex_;
  table documents_;
  std::map<std::string, token_record> tokens_;
  std::vector<audit_line> audit_;
  std::set<hash256> adopted_;  ///< Of other homes' lines.
};

}  // namespace

std::shared_ptr<identity_store> make_memory_identity() { return std::make_shared<memory_identity>(); }

}  // namespace cybexd::store
