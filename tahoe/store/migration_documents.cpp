// The archive's and the reports' part of a migration.
#include <algorithm>

#include "tahoe/store/archive_fingerprint.hpp"
#include "tahoe/store/migration_steps.hpp"

namespace cybexd::store::migration_steps {
namespace {

/// Stored forms of these documents in the target, by hash.
class found_documents {
 public:
  explicit found_documents(std::vector<document> documents) : documents_(std::move(documents)) {
    std::sort(documents_.begin(), documents_.end(), before);
  }
  [[nodiscard]] const document* find(const document& d) const {
    const auto at = std::lower_bound(documents_.begin(), documents_.end(), d, before);
    return at == documents_.end() || at->hash != d.hash ? nullptr : &*at;
  }

 private:
  static bool before(const document& a, const document& b) { return a.hash < b.hash; }
  std::vector<document> documents_;
};

/// Counts what is missing or differs.
void compare(const context& c, std::string_view store, const std::vector<document>& wanted,
             const found_documents& found, migration_counts& counts) {
  for (const auto& d : wanted) {
    const auto* there = found.find(d);
    if (!there) {
      ++counts.missing;
      c.complain(std::string(store), crypto::to_hex(d.hash), "it is not in the target");
    } else if (!same_content(d, *there)) {
      ++counts.differing;
      c.complain(std::string(store), crypto::to_hex(d.hash), "the target has it with other content");
    }
  }
}

expected<void> adopt(const context& c, const std::vector<document>& some) {
  auto results = c.to.archive->adopt(some);
  if (!results) return fail(results.error());
  for (std::size_t i = 0; i < results->size(); ++i) {
    const auto& one = (*results)[i];
    if (one.stored) ++c.result.documents.copied;
    if (!one.refused) continue;
    ++c.result.documents.refused;
    c.complain("archive", crypto::to_hex(some[i].hash), one.refused->text);
  }
  return {};
}

/// Visits documents with an error that ends the walk.
template <class Store>
expected<void> walk(Store& store, const std::function<expected<void>(const document&)>& visit) {
  expected<void> done;
  const auto read = store.each([&](const document& d) {
    done = visit(d);
    return done.has_value();
  });
  if (!read) return read;
  return done;
}

/// One after the other, where a batch holds one that the target cannot keep.
expected<void> put_one_by_one(const context& c, const std::vector<document>& some) {
  for (const auto& d : some) {
    const auto put = c.to.reports->put(std::span(&d, 1));
    if (put) continue;
    if (!is_refusal(put.error())) return put;
    ++c.result.reports.refused;
    c.complain("report", crypto::to_hex(d.hash), put.error().text);
  }
  return {};
}

}  // namespace

expected<void> copy_archive(const context& c) {
  const auto total = c.from.archive->size();
  if (!total) return fail(total.error());
  auto& counts = c.result.documents;
  tahoe::fingerprint_maker maker;
  batches<document> ready(c.options, [&](auto& some) {
    auto adopted = adopt(c, some);
    c.tell("archive", counts.total, *total, counts.refused);
    return adopted;
  });
  auto done = walk(*c.from.archive, [&](const document& d) -> expected<void> {
    ++counts.total;
    if (auto added = maker.add(d); !added) return added;
    return ready.add(d, weight_of(d));
  });
  if (done) done = ready.flush();
  if (!done) return done;
  auto made = maker.finish();
  if (!made) return fail(made.error());
  c.result.from = std::move(*made);
  return {};
}

expected<void> check_archive(const context& c) {
  auto made = fingerprint_of(*c.to.archive, [&](std::uint64_t seen) {
    if (seen % c.options.batch_items == 0) c.tell("check", seen, c.result.documents.total);
    return true;
  });
  if (!made) return fail(made.error());
  c.result.to = std::move(*made);
  if (c.result.equal()) return {};
  // The target holds more, or something is wrong: document by document.
  auto view = c.to.archive->view();
  if (!view) return fail(view.error());
  std::uint64_t seen = 0;
  batches<document> ready(c.options, [&](std::vector<document>& some) -> expected<void> {
    std::vector<hash256> hashes;
    for (const auto& d : some) hashes.push_back(d.hash);
    auto found = (*view)->get_many(hashes);
    if (!found) return fail(found.error());
    compare(c, "archive", some, found_documents(std::move(*found)), c.result.documents);
    c.tell("check", seen += some.size(), c.result.documents.total);
    return {};
  });
  auto done = walk(*c.from.archive, [&](const document& d) { return ready.add(d, weight_of(d)); });
  return done ? ready.flush() : done;
}

expected<void> copy_reports(const context& c) {
  const auto total = c.from.reports->size();
  if (!total) return fail(total.error());
  auto& counts = c.result.reports;
  batches<document> ready(c.options, [&](std::vector<document>& some) -> expected<void> {
    std::vector<document> fresh;
    for (auto& d : some) {
      auto there = c.to.reports->get(d.hash);
      if (!there) return fail(there.error());
      if (!*there) fresh.push_back(std::move(d));
    }
    auto put = c.to.reports->put(fresh);
    const auto refused = counts.refused;
    if (!put && is_refusal(put.error())) put = put_one_by_one(c, fresh);
    counts.copied += fresh.size() - (counts.refused - refused);
    c.tell("report", counts.total, *total, counts.refused);
    return put;
  });
  auto done = walk(*c.from.reports, [&](const document& d) {
    ++counts.total;
    return ready.add(d, weight_of(d));
  });
  return done ? ready.flush() : done;
}

expected<void> check_reports(const context& c) {
  return walk(*c.from.reports, [&](const document& d) -> expected<void> {
    auto there = c.to.reports->get(d.hash);
    if (!there) return fail(there.error());
    std::vector<document> found;
    if (*there) found.push_back(std::move(**there));
    compare(c, "report", {d}, found_documents(std::move(found)), c.result.reports);
    return {};
  });
}

}  // namespace cybexd::store::migration_steps
