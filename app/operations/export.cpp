// Documents out, in pages, all of one consistent look.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <thread>

#include "app/operations/all.hpp"
#include "app/operations/arguments.hpp"
#include "crypto/random.hpp"
#include "tahoe/json.hpp"

namespace cybexd::app::operations {
namespace {

constexpr std::size_t page_bytes = 4u << 20;
constexpr std::size_t most_exports = 8;
constexpr auto patience = std::chrono::minutes(2);

struct export_choice {
  std::string store;
  std::optional<tahoe::itype> kind;
  std::string sub_type;
  bool secrets = false;
};

expected<export_choice> choice_of(const tahoe::value& input) {
  export_choice choice;
  const auto store = text(input, "store");
  if (!store) return fail(store.error());
  choice.store = *store;
  if (choice.store != "archive" && choice.store != "report" && choice.store != "identity") {
    return fail(failure::bad_input,
                "store: was \"" + choice.store + "\"; may be archive, identity or report");
  }
  if (const auto name = text_or(input, "itype", ""); !name.empty()) {
    choice.kind = tahoe::itype_from(name);
    if (!choice.kind) {
      return fail(failure::bad_input,
                  "itype: was \"" + name + "\"; may be attribute, object, event, session, raw or report");
    }
  }
  choice.sub_type = text_or(input, "sub_type", "");
  choice.secrets = boolean(input, "secrets");
  return choice;
}

/// One export: a thread of its own reads the store and waits until its pages are fetched. It ends when it is
/// through, or when nobody has fetched for `patience`.
class export_run {
 public:
  export_run(const store::stores& stores, export_choice choice)
      : stores_(stores), choice_(std::move(choice)) {
    thread_ = std::thread([this] { read(); });
  }
  export_run(const export_run&) = delete;
  export_run& operator=(const export_run&) = delete;
  ~export_run() {
    {
      const std::lock_guard guard(mutex_);
      abandoned_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  struct page {
    tahoe::array lines;
    bool last = false;
  };

  expected<page> next() {
    std::unique_lock guard(mutex_);
    if (!changed_.wait_for(guard, patience, [&] { return done_ || bytes_ >= page_bytes; })) {
      return fail(failure::timed_out, "the store gave no document for two minutes");
    }
    if (failed_) return fail(*failed_);
    page p;
    p.lines = std::move(lines_);
    lines_.clear();
    bytes_ = 0;
    p.last = done_;
    guard.unlock();
    changed_.notify_all();
    return p;
  }

  [[nodiscard]] bool ended() {
    const std::lock_guard guard(mutex_);
    return done_ && abandoned_;
  }

 private:
  void read() {
    const auto visit = [this](const tahoe::document& d) { return take(d); };
    expected<void> done;
    if (choice_.store == "archive")
      done = stores_.archive->each(visit);
    else if (choice_.store == "report")
      done = stores_.reports->each(visit);
    else
      done = stores_.identity->each(visit);
    const std::lock_guard guard(mutex_);
    if (!done) failed_ = done.error();
    if (abandoned_)
      failed_ =
          error{failure::timed_out, "the export was given up: nobody fetched its next page for two minutes"};
    done_ = true;
    changed_.notify_all();
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
    if (abandoned_) return false;
    if (line.empty()) return true;
    bytes_ += line.size() + 1;
    lines_.emplace_back(std::move(line));
    if (bytes_ < page_bytes) return true;
    changed_.notify_all();
    const bool fetched =
        changed_.wait_for(guard, patience, [&] { return abandoned_ || bytes_ < page_bytes; });
    if (!fetched) abandoned_ = true;
    return !abandoned_;
  }

  const store::stores stores_;
  const export_choice choice_;
  std::mutex mutex_;
  std::condition_variable changed_;
  tahoe::array lines_;
  std::size_t bytes_ = 0;
  bool done_ = false, abandoned_ = false;
  std::optional<error> failed_;
  std::thread thread_;
};

}  // namespace

class open_exports {
 public:
  expected<std::string> add(std::shared_ptr<export_run> run) {
    const std::lock_guard guard(mutex_);
    std::erase_if(runs_, [](const auto& one) { return one.second->ended(); });
    if (runs_.size() >= most_exports) return fail(failure::overloaded, "eight exports are running already");
    auto cursor = crypto::random_word(24);
    runs_.emplace(cursor, std::move(run));
    return cursor;
  }
  std::shared_ptr<export_run> find(const std::string& cursor) {
    const std::lock_guard guard(mutex_);
    const auto found = runs_.find(cursor);
    return found == runs_.end() ? nullptr : found->second;
  }
  void remove(const std::string& cursor) {
    std::shared_ptr<export_run> ended;  // its thread is joined outside of the lock
    const std::lock_guard guard(mutex_);
    const auto found = runs_.find(cursor);
    if (found == runs_.end()) return;
    ended = std::move(found->second);
    runs_.erase(found);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<export_run>> runs_;
};

std::shared_ptr<open_exports> make_open_exports() { return std::make_shared<open_exports>(); }

expected<tahoe::value> export_documents(engine& on, const tahoe::value& input) {
  auto& exports = *on.exports();
  auto cursor = text_or(input, "cursor", "");
  if (cursor.empty()) {
    auto choice = choice_of(input);
    if (!choice) return fail(choice.error());
    auto added = exports.add(std::make_shared<export_run>(on.stores(), std::move(*choice)));
    if (!added) return fail(added.error());
    cursor = *added;
  }
  const auto run = exports.find(cursor);
  if (!run) return fail(failure::not_found, "this export was given up; begin again");
  auto page = run->next();
  if (!page || page->last) exports.remove(cursor);
  if (!page) return fail(page.error());
  tahoe::object out{{"lines", std::move(page->lines)}};
  if (!page->last) out.emplace_back("cursor", cursor);
  return out;
}

}  // namespace cybexd::app::operations
