// Recomputes every hash and every reference that `data` tells, looks for each, and compares the index with
// the documents.
#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "app/operations/all.hpp"
#include "app/operations/arguments.hpp"
#include "app/operations/tasks.hpp"
#include "tahoe/store/archive_rules.hpp"

namespace cybexd::app::operations {
namespace {

constexpr std::size_t most_examples = 1000;
/// What is stored was within `archive.max_canonical` when it came; that may be another now. Its highest
/// value.
constexpr tahoe::canonical_limits longest_form{.size = std::size_t{1} << 30};

class verifier {
 public:
  explicit verifier(std::shared_ptr<task> work) : work_(std::move(work)) {}

  /// What comes next: the documents of a store, and about how many.
  void begin(std::string_view store, std::uint64_t total) {
    what_ = std::string(store) + " documents";
    walked_ = 0;
    total_ = total;
  }

  /// `find` answers whether the store has a document. Answers whether to go on.
  bool check(std::string_view store, const tahoe::document& d,
             const std::function<expected<bool>(const tahoe::hash256&)>& find) {
    ++documents_;
    if (!work_->at(what_, ++walked_, total_)) return false;
    const auto unique = tahoe::unique_string(tahoe::to_value(d), longest_form);
    if (!unique)
      complain(store, d, "its unique string cannot be made: " + unique.error().text);
    else if (const auto hash = crypto::sha256(*unique); hash != d.hash)
      complain(store, d, "its content gives the hash " + crypto::to_hex(hash));
    if (store == "archive" && unique) {
      if (const auto fault = store::archive_rules::false_references(d, longest_form))
        complain(store, d, fault->text);
    }
    std::vector<tahoe::hash256> all;  // a direct child stands in both lists
    std::set_union(d.cref.begin(), d.cref.end(), d.ref.begin(), d.ref.end(), std::back_inserter(all));
    for (const auto& one : all) look_for(store, d, one, find);
    for (const auto* list : {&d.ben_ref, &d.mal_ref}) {
      for (const auto& one : *list) {
        if (!std::binary_search(d.ref.begin(), d.ref.end(), one))
          complain(store, d, "its context names " + crypto::to_hex(one) + ", which is not in _ref");
      }
    }
    return true;
  }

  void complain_of_store(std::string_view store, const std::string& problem) { complain(store, "", problem); }

  /// References that were found already: most documents refer to a few common ones.
  void remember(const tahoe::hash256& hash) {
    constexpr std::size_t most = 1u << 20;
    if (seen_.size() >= most) seen_.clear();
    seen_.insert(hash);
  }

  /// Errors: cancelled.
  [[nodiscard]] expected<void> goes_on() const { return work_->goes_on(); }

  [[nodiscard]] bool knows(const tahoe::hash256& hash) const { return seen_.contains(hash); }

  tahoe::value result() && {
    return tahoe::object{
        {"documents", documents_}, {"problems", problems_}, {"examples", std::move(examples_)}};
  }

 private:
  void look_for(std::string_view store, const tahoe::document& d, const tahoe::hash256& one,
                const std::function<expected<bool>(const tahoe::hash256&)>& find) {
    if (seen_.contains(one)) return;
    const auto there = find(one);
    if (!there)
      complain(store, d, "the document " + crypto::to_hex(one) + " cannot be read: " + there.error().text);
    else if (!*there)
      complain(store, d, "it refers to " + crypto::to_hex(one) + ", which is not there");
    else
      remember(one);
  }

  void complain(std::string_view store, const tahoe::document& d, const std::string& problem) {
    complain(store, crypto::to_hex(d.hash), problem);
  }

  void complain(std::string_view store, const std::string& hash, const std::string& problem) {
    ++problems_;
    work_->add_error();
    if (examples_.size() < most_examples)
      examples_.push_back(tahoe::object{{"store", store}, {"hash", hash}, {"problem", problem}});
  }

  std::shared_ptr<task> work_;
  std::string what_;
  std::uint64_t walked_ = 0, total_ = 0;

  std::int64_t documents_ = 0, problems_ = 0;
  tahoe::array examples_;
  std::unordered_set<tahoe::hash256> seen_;
};

template <class Store>
expected<void> check_store(verifier& into, std::string_view name, Store& store) {
  const auto find = [&](const tahoe::hash256& hash) -> expected<bool> {
    const auto found = store.get(hash);
    if (!found) return fail(found.error());
    return found->has_value();
  };
  const auto walked = store.each([&](const tahoe::document& d) { return into.check(name, d, find); });
  if (auto whole = into.goes_on(); !whole) return whole;
  if (walked || walked.error().kind != failure::corrupt) return walked;
  into.complain_of_store(name, walked.error().text);  // what cannot be read is a fault, not an end
  return {};
}

template <class Store>
expected<void> check_sized_store(verifier& into, std::string_view name, Store& store) {
  const auto total = store.size();
  if (!total) return fail(total.error());
  into.begin(name, *total);
  return check_store(into, name, store);
}

/// The raw documents that archived entries name must be there.
expected<void> check_lake(verifier& into, const store::stores& stores, task& work) {
  constexpr std::size_t page = 1000;
  std::uint64_t looked_at = 0;
  for (store::entry_id after;;) {
    const auto some = stores.lake->entries(after, page);
    if (!some) return fail(some.error());
    if (some->empty()) return {};
    after = some->back().entry.id;
    if (!work.at("cache entries", looked_at += some->size(), 0)) return work.goes_on();
    for (const auto& [entry, mark] : *some) {
      for (const auto& ref : mark.refs) {
        if (into.knows(ref)) continue;
        const auto there = stores.archive->get(ref);
        if (!there) return fail(there.error());
        if (*there)
          into.remember(ref);
        else
          into.complain_of_store("cache", "entry " + entry.id + " names the raw document " +
                                              crypto::to_hex(ref) + ", which is not in the archive");
      }
    }
  }
}

}  // namespace

expected<tahoe::value> verify(engine& on, const tahoe::value& input) {
  const auto work = on.tasks()->begin(text_or(input, "task", ""));
  const auto& stores = on.stores();
  verifier all(work);
  const auto of = [&](const char* name) {
    return [&all, name](const std::string& problem) { all.complain_of_store(name, problem); };
  };
  const auto seen = [&](std::string_view what, std::uint64_t done, std::uint64_t total) {
    return work->at(what, done, total);
  };
  expected<void> checked = check_sized_store(all, "archive", *stores.archive);
  if (checked) checked = stores.archive->check_index({of("archive"), seen});
  if (checked) checked = check_lake(all, stores, *work);
  if (checked) checked = check_sized_store(all, "report", *stores.reports);
  if (checked) {
    all.begin("identity", 0);
    checked = check_store(all, "identity", *stores.identity);
  }
  if (checked) checked = stores.lake->check({of("cache"), seen});
  if (checked) checked = stores.reports->check({of("report"), seen});
  if (checked) checked = stores.identity->check({of("identity"), seen});
  if (auto whole = work->goes_on(); !whole) return fail(whole.error());  // and not what a store makes of it
  if (!checked) return fail(checked.error());
  return std::move(all).result();
}

}  // namespace cybexd::app::operations
