#include "app/operations/open_exports.hpp"

#include <condition_variable>
#include <thread>

#include "app/operations/all.hpp"
#include "app/operations/tasks.hpp"
#include "crypto/random.hpp"
#include "tahoe/json.hpp"

namespace cybexd::app::operations {
namespace {

using clock = std::chrono::steady_clock;
constexpr std::size_t page_bytes = 4u << 20;
constexpr std::size_t most_exports = 8;

error nobody_fetched() {
  return {failure::timed_out, "the export was given up: nobody fetched its next page for too long"};
}

}  // namespace

class export_run {
 public:
  export_run(const store::stores& stores, export_choice choice, export_times times)
      : stores_(stores), choice_(std::move(choice)), times_(times), fetched_(clock::now()) {
    thread_ = std::thread([this] { run(); });
  }
  export_run(const export_run&) = delete;
  export_run& operator=(const export_run&) = delete;
  ~export_run() {
    end(nobody_fetched());
    thread_.join();
  }

  expected<export_page> next() {
    std::unique_lock guard(mutex_);
    fetched_ = clock::now();
    changed_.wait_for(guard, times_.page, [&] { return done_ || ended_ || bytes_ >= page_bytes; });
    fetched_ = clock::now();
    if (ended_) return fail(*ended_);
    export_page page;
    page.lines = std::exchange(lines_, {});
    bytes_ = 0;
    page.last = done_;
    guard.unlock();
    changed_.notify_all();
    return page;
  }

  /// Ends it early, unless it has ended.
  void end(error why) {
    const std::lock_guard guard(mutex_);
    if (!ended_) ended_ = std::move(why);
    changed_.notify_all();
  }

  /// Whether its thread is through and nobody will come for what is left.
  [[nodiscard]] bool is_left() {
    const std::lock_guard guard(mutex_);
    return done_ && (ended_ || clock::now() - fetched_ >= times_.patience);
  }

 private:
  /// The thread: whatever is thrown costs this export and nothing else.
  void run() {
    try {
      read();
    } catch (const std::exception& problem) {  // allowed: no memory for a document
      end({failure::internal, std::string("the export ended: ") + problem.what()});
    }
    const std::lock_guard guard(mutex_);
    done_ = true;
    changed_.notify_all();
  }

  void read() {
    const auto visit = [this](const tahoe::document& d) { return take(d); };
    expected<void> done;
    if (choice_.store == "archive")
      done = stores_.archive->each(visit);
    else if (choice_.store == "report")
      done = stores_.reports->each(visit);
    else
      done = stores_.identity->each(visit);
    if (!done) end(done.error());
  }

  [[nodiscard]] bool wanted(const tahoe::document& d) const {
    if (choice_.kind && d.kind != *choice_.kind) return false;
    if (!choice_.sub_type.empty() && d.sub_type != choice_.sub_type) return false;
    const bool secret =
        choice_.store == "identity" && d.kind == tahoe::itype::attribute && d.sub_type == "password";
    return choice_.secrets || !secret;
  }

  bool take(const tahoe::document& d) {
    std::string line;
    if (wanted(d)) line = tahoe::to_json(choice_.secrets ? tahoe::to_value(d) : shown_document(d));
    std::unique_lock guard(mutex_);
    if (ended_) return false;
    if (line.empty()) return true;
    bytes_ += line.size() + 1;
    lines_.emplace_back(std::move(line));
    if (bytes_ < page_bytes) return true;
    changed_.notify_all();
    const bool fetched =
        changed_.wait_for(guard, times_.patience, [&] { return ended_ || bytes_ < page_bytes; });
    if (!fetched) ended_ = nobody_fetched();
    return !ended_;
  }

  const store::stores stores_;
  const export_choice choice_;
  const export_times times_;
  std::mutex mutex_;
  std::condition_variable changed_;
  tahoe::array lines_;
  std::size_t bytes_ = 0;
  clock::time_point fetched_;
  bool done_ = false;
  std::optional<error> ended_;  ///< Early, and why.
  std::thread thread_;
};

open_exports::~open_exports() { cancel(); }

expected<std::string> open_exports::begin(const store::stores& from, export_choice choice) {
  const std::lock_guard guard(mutex_);
  if (cancelled_) return fail(cancelled_error());
  std::erase_if(runs_, [](const auto& one) { return one.second->is_left(); });
  if (runs_.size() >= most_exports) return fail(failure::overloaded, "eight exports are running already");
  auto name = crypto::random_word(24);
  runs_.emplace(name, std::make_shared<export_run>(from, std::move(choice), times_));
  return name;
}

expected<export_page> open_exports::next(const std::string& name) {
  std::shared_ptr<export_run> run;  // its thread is joined outside of the lock
  {
    const std::lock_guard guard(mutex_);
    const auto found = runs_.find(name);
    if (found == runs_.end()) return fail(failure::not_found, "this export was given up; begin again");
    run = found->second;
  }
  auto page = run->next();
  if (!page || page->last) {
    const std::lock_guard guard(mutex_);
    runs_.erase(name);
  }
  return page;
}

void open_exports::cancel() {
  const std::lock_guard guard(mutex_);
  cancelled_ = true;
  for (const auto& [name, run] : runs_) run->end(cancelled_error());
}

}  // namespace cybexd::app::operations
