// migrate: all four stores from one configuration's homes into another's.
#include <filesystem>
#include <iostream>

#include "app/cli/functions.hpp"
#include "app/cli/output.hpp"
#include "app/directory_lock.hpp"
#include "app/engine.hpp"
#include "app/store_place.hpp"
#include "tahoe/store/migration.hpp"

namespace cybexd::app::cli {
namespace {

namespace fs = std::filesystem;

/// One side of it.
struct side {
  const char* name = "";  ///< FROM or TO.
  configuration config;
  std::optional<directory_lock> lock;
  store::stores stores;
};

std::int64_t whole(std::uint64_t n) { return static_cast<std::int64_t>(n); }

/// The file alone counts: what --set and the environment say would hold for both sides.
tl::expected<side, int> read_side(const invocation& call, const char* name, const std::string& file) {
  config_request request;
  std::error_code problem;
  request.folder = fs::current_path(problem).string();
  request.file = file;
  auto config = configuration_from(call, request);
  if (!config) return tl::unexpected(config.error());
  return side{name, std::move(*config), std::nullopt, {}};
}

/// What both sides share is left out. Errors: bad_input where that is everything.
expected<store::migration_options> what_to_copy(const side& from, const side& to) {
  store::migration_options options;
  std::size_t shared = 0;
  for (const auto& section : store_sections()) {
    const auto place = place_of(from.config.values, section);
    if (place != place_of(to.config.values, section)) continue;
    ++shared;
    bool& copied = section == "cache"     ? options.lake
                   : section == "archive" ? options.archive
                   : section == "report"  ? options.reports
                                          : options.identity;
    copied = false;
    std::cerr << "cybexd migrate: both sides have the " << section << " store in " << place
              << ": it stays as it is\n";
  }
  if (shared == store_sections().size())
    return fail(failure::bad_input, from.config.file + " and " + to.config.file + " name the same stores");
  return options;
}

/// No server may work on an embedded side meanwhile. On a MongoDB one it may; that is told.
expected<void> lock(side& one, const side* other) {
  const auto& data = one.config.values.data_dir.path;
  const bool embedded = !embedded_stores(one.config.values).empty();
  std::error_code problem;
  if (other == nullptr) {
    if (auto there = must_hold_its_stores(one.config.values); !there)
      return fail(there.error().kind, std::string(one.name) + ": " + there.error().text);
  }
  if (other && fs::equivalent(data, other->config.values.data_dir.path, problem)) return {};
  if (!embedded && !fs::exists(data, problem)) return {};
  auto taken = directory_lock::take(data);
  if (taken) {
    one.lock = std::move(*taken);
    return {};
  }
  if (!embedded) {
    std::cerr << "cybexd migrate: " << one.name << ": " << taken.error().text
              << "; what it changes meanwhile may be missing: run migrate again when it has stopped\n";
    return {};
  }
  const bool held = taken.error().kind == failure::conflict;
  return fail(taken.error().kind,
              std::string(one.name) + ": " + taken.error().text + (held ? "; stop it first" : ""));
}

expected<void> open(side& one, bool read_only) {
  auto opened = open_stores(one.config.values, read_only);
  if (!opened) return fail(opened.error().kind, std::string(one.name) + ": " + opened.error().text);
  one.stores = std::move(*opened);
  return {};
}

struct named_counts {
  const char* name;
  const store::migration_counts& counts;
};

std::vector<named_counts> all_counts(const store::migration_result& r) {
  return {{"documents", r.documents},   {"entries", r.entries}, {"reports", r.reports},
          {"identities", r.identities}, {"tokens", r.tokens},   {"audit_lines", r.audit_lines}};
}

tahoe::value as_value(const store::migration_result& r, double seconds) {
  tahoe::object out{{"complete", r.complete()}, {"equal", r.equal()}};
  for (const auto& [name, c] : all_counts(r)) {
    out.emplace_back(name, tahoe::object{{"total", whole(c.total)},
                                         {"copied", whole(c.copied)},
                                         {"refused", whole(c.refused)},
                                         {"missing", whole(c.missing)},
                                         {"differing", whole(c.differing)}});
  }
  out.emplace_back("files", whole(r.files));
  out.emplace_back("lost_files", whole(r.lost_files));
  out.emplace_back("dropped_records", whole(r.dropped_records));
  if (r.from) out.emplace_back("from", r.from->to_value());
  if (r.to) out.emplace_back("to", r.to->to_value());
  tahoe::array faults;
  for (const auto& f : r.faults)
    faults.push_back(tahoe::object{{"store", f.store}, {"item", f.item}, {"problem", f.problem}});
  out.emplace_back("faults", std::move(faults));
  out.emplace_back("seconds", seconds);
  return out;
}

std::string in_words(const store::migration_result& r) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, c] : all_counts(r)) {
    rows.push_back({name, std::to_string(c.total), std::to_string(c.copied), std::to_string(c.refused),
                    std::to_string(c.missing), std::to_string(c.differing)});
  }
  std::string text = table_text({"WHAT", "IN FROM", "COPIED", "REFUSED", "MISSING", "DIFFERING"}, rows);
  for (const auto& f : r.faults) text += f.store + " " + f.item + ": " + f.problem + "\n";
  if (r.dropped_records > 0)
    text += std::to_string(r.dropped_records) +
            " records in the books of FROM are of entries that were dropped\n";
  if (!r.from) return text;
  return text +
         (r.equal() ? "the archives are equal: " + crypto::to_hex(r.to->parts)
                    : std::string("the archives are not equal: TO has documents of its own")) +
         "\n";
}

/// More in the target is no fault; other documents in place of the source's are.
bool is_as_it_should_be(const store::migration_result& r) {
  if (!r.complete()) return false;
  if (!r.from || !r.to || r.equal()) return true;
  std::uint64_t more = 0;
  for (const auto& [kind, count] : r.to->instances) more += count;
  return more > r.documents.total;
}

}  // namespace

int migrate_stores(const invocation& call) {
  auto from = read_side(call, "FROM", call.text("from"));
  if (!from) return from.error();
  auto to = read_side(call, "TO", call.text("to"));
  if (!to) return to.error();
  auto options = what_to_copy(*from, *to);
  if (!options) {
    static_cast<void>(tell(call, options.error()));
    return wrong_usage;
  }
  if (auto locked = lock(*from, nullptr); !locked) return tell(call, locked.error());
  if (auto locked = lock(*to, &*from); !locked) return tell(call, locked.error());
  if (auto opened = open(*from, true); !opened) return tell(call, opened.error());
  if (auto opened = open(*to, false); !opened) return tell(call, opened.error());
  options->overwrite_identities = call.has("overwrite-identities");
  options->now = unix_now();
  progress_of_parts shown("migrate");
  options->on_progress = [&](const store::migration_progress& now) {
    shown.at(now.part, now.done, now.total, now.errors);
  };
  const auto began = std::chrono::steady_clock::now();
  auto done = store::migrate(from->stores, to->stores, *options);
  if (!done && done.error().kind == failure::conflict)
    done.error().text += ". With --overwrite-identities those of FROM take their place";
  if (!done) return tell(call, done.error());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const int told = answer(call, as_value(*done, seconds), in_words(*done));
  return is_as_it_should_be(*done) ? told : failed;
}

}  // namespace cybexd::app::cli
