// Recomputes every hash, looks for every reference, and compares the index with the documents.
#include <algorithm>
#include <unordered_set>

#include "app/operations/all.hpp"

namespace cybexd::app::operations {
namespace {

constexpr std::size_t most_examples = 1000;

class verifier {
 public:
  /// `find` answers whether the store has a document.
  void check(std::string_view store, const tahoe::document& d,
             const std::function<expected<bool>(const tahoe::hash256&)>& find) {
    ++documents_;
    const auto unique = tahoe::unique_string(tahoe::to_value(d));
    if (!unique)
      complain(store, d, "its unique string cannot be made: " + unique.error().text);
    else if (const auto hash = crypto::sha256(*unique); hash != d.hash)
      complain(store, d, "its content gives the hash " + crypto::to_hex(hash));
    for (const auto* list : {&d.cref, &d.ref}) {
      for (const auto& one : *list) {
        if (seen_.contains(one)) continue;
        const auto there = find(one);
        if (!there)
          complain(store, d,
                   "the document " + crypto::to_hex(one) + " cannot be read: " + there.error().text);
        else if (!*there)
          complain(store, d, "it refers to " + crypto::to_hex(one) + ", which is not there");
        else
          remember(one);
      }
    }
    for (const auto* list : {&d.ben_ref, &d.mal_ref}) {
      for (const auto& one : *list) {
        if (!std::binary_search(d.ref.begin(), d.ref.end(), one))
          complain(store, d, "its context names " + crypto::to_hex(one) + ", which is not in _ref");
      }
    }
  }

  void complain_of_store(std::string_view store, const std::string& problem) {
    ++problems_;
    if (examples_.size() < most_examples)
      examples_.push_back(tahoe::object{{"store", store}, {"hash", ""}, {"problem", problem}});
  }

  /// References that were found already: most documents refer to a few common ones.
  void remember(const tahoe::hash256& hash) {
    constexpr std::size_t most = 1u << 20;
    if (seen_.size() >= most) seen_.clear();
    seen_.insert(hash);
  }

  [[nodiscard]] bool knows(const tahoe::hash256& hash) const { return seen_.contains(hash); }

  tahoe::value result() && {
    return tahoe::object{
        {"documents", documents_}, {"problems", problems_}, {"examples", std::move(examples_)}};
  }

 private:
  void complain(std::string_view store, const tahoe::document& d, const std::string& problem) {
    ++problems_;
    if (examples_.size() >= most_examples) return;
    examples_.push_back(
        tahoe::object{{"store", store}, {"hash", crypto::to_hex(d.hash)}, {"problem", problem}});
  }

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
  const auto walked = store.each([&](const tahoe::document& d) {
    into.check(name, d, find);
    return true;
  });
  if (walked || walked.error().kind != failure::corrupt) return walked;
  into.complain_of_store(name, walked.error().text);  // what cannot be read is a fault, not an end
  return {};
}

/// The raw documents that archived entries name must be there.
expected<void> check_lake(verifier& into, const store::stores& stores) {
  constexpr std::size_t page = 1000;
  for (store::entry_id after;;) {
    const auto some = stores.lake->entries(after, page);
    if (!some) return fail(some.error());
    if (some->empty()) return {};
    after = some->back().entry.id;
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

expected<tahoe::value> verify(engine& on, const tahoe::value&) {
  verifier all;
  if (const auto checked = check_store(all, "archive", *on.stores().archive); !checked)
    return fail(checked.error());
  const auto complain = [&](const std::string& problem) { all.complain_of_store("archive", problem); };
  if (const auto checked = on.stores().archive->check_index(complain); !checked) return fail(checked.error());
  if (const auto checked = check_lake(all, on.stores()); !checked) return fail(checked.error());
  if (const auto checked = check_store(all, "report", *on.stores().reports); !checked)
    return fail(checked.error());
  if (const auto checked = check_store(all, "identity", *on.stores().identity); !checked)
    return fail(checked.error());
  const auto of = [&](const char* name) {
    return [&all, name](const std::string& problem) { all.complain_of_store(name, problem); };
  };
  for (const auto& checked : {on.stores().lake->check(of("cache")), on.stores().reports->check(of("report")),
                              on.stores().identity->check(of("identity"))})
    if (!checked) return fail(checked.error());
  return std::move(all).result();
}

}  // namespace cybexd::app::operations
