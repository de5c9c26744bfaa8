#include "actors/store_figures.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "actors/asked_aside.hpp"

namespace cybexd::actors {

namespace {

using clock = std::chrono::steady_clock;

void show_books(telemetry& metrics, const store::lake_books& books, double now) {
  const auto set = [&metrics](const char* state, std::uint64_t records) {
    metrics.set(gauge::lake_entries, {state}, static_cast<double>(records));
  };
  set("accepted", books.accepted);
  set("archived", books.archived);
  set("known", books.known);
  set("set_aside", books.set_aside);
  set("pending", books.pending);
  metrics.set(gauge::quarantine, {}, static_cast<double>(books.quarantined_entries));
  metrics.set(gauge::oldest_eligible, {},
              books.oldest_eligible ? std::max(0.0, now - *books.oldest_eligible) : 0);
}

/// Whether the stores answer a question that costs next to nothing. Who writes to a store tells how that
/// went: one that can only be read is not up, so an answer ends only what a look has found.
class looks {
 public:
  void found(telemetry& metrics, const std::string& label, bool answered) {
    const auto known = answered_.find(label);
    if (!answered || known == answered_.end() || !known->second)
      metrics.set(gauge::store_up, {label}, answered ? 1 : 0);
    answered_.insert_or_assign(label, answered);
  }

 private:
  std::map<std::string, bool, std::less<>> answered_;
};

/// How many records wait. Where millions do, a database reads them all to tell.
class pending_records {
 public:
  expected<std::uint64_t> look(store::archive_store& archive, const std::vector<std::string>& sub_types) {
    const auto began = clock::now();
    if (last_ && sub_types == of_ && !space_.due(began)) return *last_;
    const auto count = archive.unfiltered_count(sub_types);
    if (!count) return fail(count.error());
    space_.looked(began, clock::now());
    last_ = *count;
    of_ = sub_types;
    return *count;
  }

 private:
  spaced_look space_;
  std::optional<std::uint64_t> last_;
  std::vector<std::string> of_;
};

template <class Store>
std::function<expected<bool>()> asking(std::shared_ptr<Store> store) {
  return [store = std::move(store)]() -> expected<bool> {
    const auto found = store->get(store::hash256{});
    return found ? expected<bool>(true) : fail(found.error());
  };
}

std::function<expected<bool>()> asking_lake(std::shared_ptr<store::cache_lake> lake) {
  return [lake = std::move(lake)]() -> expected<bool> {
    const auto found = lake->find(std::string(24, '0'));  // as MongoDB's ids are, or it would not be asked
    return found ? expected<bool>(true) : fail(found.error());
  };
}

/// One store: whether it answers.
struct asked_store {
  asked_store(std::string name, std::function<expected<bool>()> question)
      : label(std::move(name)), answers(std::move(question)) {}
  std::string label;
  asked_aside<bool> answers;
};

}  // namespace

struct store_figures::parts {
  parts(const store::stores& s, std::function<std::vector<std::string>()> sub_types, const figure_limits& l)
      : limits(l),
        trouble(s.trouble),
        up{asked_store("report", asking(s.reports)), asked_store("identity", asking(s.identity)),
           asked_store("cache", asking_lake(s.lake)), asked_store("archive", asking(s.archive))},
        books([lake = s.lake] { return lake->books(); }),
        pending([archive = s.archive, waiting = std::make_shared<pending_records>(),
                 of = std::move(sub_types)] { return waiting->look(*archive, of()); }) {}

  const figure_limits limits;
  const std::function<std::string()> trouble;
  std::array<asked_store, 4> up;
  asked_aside<store::lake_books> books;
  asked_aside<std::uint64_t> pending;
  std::mutex showing;
  looks seen;

  [[nodiscard]] std::chrono::milliseconds patience() const {
    return trouble && !trouble().empty() ? limits.doubt : limits.patience;
  }

  template <class Answer>
  expected<Answer> ask(asked_aside<Answer>& whom, const char* what) {
    auto answer = whom.wait(whom.begin(), patience());
    if (answer) return std::move(*answer);
    return fail(failure::timed_out, std::string(what) + " does not answer");
  }

  /// Of a store that is slow nothing is said: it was up when it last answered.
  void show(telemetry& into, asked_store& one, std::uint64_t number, clock::duration left, bool in_trouble) {
    const auto answer = one.answers.wait(number, left);
    if (answer)
      seen.found(into, one.label, answer->has_value());
    else if (in_trouble || one.answers.silent_for() > limits.silence)
      seen.found(into, one.label, false);
  }
};

store_figures::store_figures(const store::stores& stores, std::function<std::vector<std::string>()> sub_types,
                             const figure_limits& limits)
    : parts_(std::make_unique<parts>(stores, std::move(sub_types), limits)) {}

store_figures::~store_figures() = default;

expected<store::lake_books> store_figures::books() {
  return parts_->ask(parts_->books, "the cache data lake");
}

expected<std::uint64_t> store_figures::unfiltered() { return parts_->ask(parts_->pending, "the archive"); }

void store_figures::show(telemetry& into, double now) {
  auto& p = *parts_;
  const std::lock_guard lock(p.showing);
  const bool in_trouble = p.trouble && !p.trouble().empty();
  const auto until = clock::now() + (in_trouble ? p.limits.doubt : p.limits.patience);
  const auto left = [until] { return std::max(until - clock::now(), clock::duration::zero()); };
  std::array<std::uint64_t, 4> numbers{};
  for (std::size_t i = 0; i < p.up.size(); ++i) numbers[i] = p.up[i].answers.begin();
  const auto books_number = p.books.begin(), pending_number = p.pending.begin();
  for (std::size_t i = 0; i < p.up.size(); ++i) p.show(into, p.up[i], numbers[i], left(), in_trouble);
  if (const auto books = p.books.wait(books_number, left()); !books)
    into.remark("The books of the cache data lake are those of an earlier scrape: it has not answered yet.");
  else if (*books)
    show_books(into, **books, now);
  if (const auto count = p.pending.wait(pending_number, left()); count && *count)
    into.set(gauge::filter_pending, {}, static_cast<double>(**count));
}

}  // namespace cybexd::actors
