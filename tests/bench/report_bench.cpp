// Builds a synthetic archive, and measures reports over it inside the process.
//   report_bench build DIRECTORY EVENTS SEED years|day ORGID...    the store's directory; it is made
//   report_bench ask DIRECTORY EVENTS SEED ORGID...                reports of a user who sees these
//   organisations report_bench time DIRECTORY ORGID...                           reports {"type", "data"}
//   from standard input
// `ask` and `time` print JSON: how many reports, milliseconds (median, 99th percentile, most), the same of
// the processor, and rows read. Each report is made half a minute later than the one before, so that ages of
// events change in between.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>

#include "report/answer.hpp"
#include "tahoe/json.hpp"
#include "tahoe/store/mongodb_stores.hpp"
#include "tahoe/store/stores.hpp"
#include "tests/bench/cost.hpp"
#include "tests/bench/synthetic_archive.hpp"

namespace {

using namespace cybexd;

template <class T>
T must(expected<T> e) {
  if (!e) throw std::runtime_error(e.error().text);
  if constexpr (!std::is_void_v<T>) return std::move(*e);
}

/// A directory, or the URL of a MongoDB that holds the archive where CYBEX-P has it.
store::stores open(const std::string& where) {
  if (!where.starts_with("mongodb")) return must(store::open_embedded({where}));
  auto all = store::make_memory();
  all.archive = must(store::make_mongodb_archive({where, "tahoe_db", "instance"}, {}));
  return all;
}

int build(const std::string& directory, bench::archive_plan plan) {
  const auto stores = open(directory);
  bench::synthetic_archive archive(std::move(plan));
  constexpr std::size_t at_once = 20'000;
  std::vector<tahoe::document> batch;
  while (!archive.done()) {
    while (!archive.done() && batch.size() < at_once)
      for (auto& d : archive.next_session()) batch.push_back(std::move(d));
    (void)must(stores.archive->import(batch));
    batch.clear();
  }
  return 0;
}

/// Asks reports one after the other, each over a view of its own, as the server does.
class asker {
 public:
  asker(const std::string& directory, std::size_t events, std::uint64_t seed, std::vector<std::string> orgids)
      : stores_(open(directory)), events_(static_cast<double>(events)), random_(seed) {
    who_.who.orgids = std::move(orgids);
    who_.userid.assign(64, 'a');
  }

  /// Measured again while other work on the machine holds up more than one report of 200.
  void row(const std::string& name, std::size_t reports, const std::string& type,
           const std::function<tahoe::value()>& query) {
    constexpr int most_rounds = 5;
    int round = 1;
    auto costs = measured(name, reports, type, query);
    for (; reports >= 200 && round < most_rounds && bench::disturbed(costs); ++round)
      costs = measured(name, reports, type, query);
    rows_.push_back(bench::summed_up(name, costs, round));
  }

  /// `z<rank>` with ranks from `low` to `high` of a law's n = events / `part`, each rank as likely.
  std::string ranked(double low, double high, double part) {
    const double n = events_ / part;
    return "z" + std::to_string(static_cast<std::size_t>(n * low + 1 + uniform(0, n * (high - low))));
  }
  double uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }
  std::size_t below(std::size_t n) { return random_() % n; }

  /// The hash of an event that holds the attribute, is visible and not malicious.
  std::string event_of(const tahoe::document& attribute) {
    auto view = must(stores_.archive->view());
    store::event_filter filter;
    filter.who = who_.who;
    filter.category = below(2) ? tahoe::category::benign : tahoe::category::unknown;
    const auto count = must(view->count(attribute.hash, filter));
    if (count == 0) return {};
    return crypto::to_hex(must(view->page(attribute.hash, filter, random_() % count, 1)).front().hash);
  }
  std::uint64_t count_of(const tahoe::document& attribute) {
    auto view = must(stores_.archive->view());
    store::event_filter filter;
    filter.who = who_.who;
    return must(view->count(attribute.hash, filter));
  }

  [[nodiscard]] const tahoe::array& rows() const { return rows_; }
  std::int64_t last_count = 0;

 private:
  std::vector<bench::cost> measured(const std::string& name, std::size_t reports, const std::string& type,
                                    const std::function<tahoe::value()>& query) {
    std::vector<bench::cost> costs;
    for (std::size_t i = 0; i < reports; ++i) {
      const auto data = query();
      const bench::stopwatch watch;
      auto view = must(stores_.archive->view());
      const auto made = must(report::answer(type, data, who_, *view, now_ += 30, options_));
      const auto read = view->rows_read();
      view.reset();  // which may be a command of its own
      costs.push_back(watch.stop(read));
      if (!made.ready) throw std::runtime_error(name + ": " + tahoe::to_json(made.report.data));
      if (type == "count") last_count = *made.report.data.get_if<std::int64_t>();
    }
    return costs;
  }

  store::stores stores_;
  double events_;
  double now_ = bench::newest;
  std::mt19937_64 random_;
  report::asker who_;
  report::report_options options_;
  tahoe::array rows_;
};

tahoe::value attribute_query(const std::string& sub_type, const std::string& data) {
  return tahoe::object{{"sub_type", sub_type}, {"data", data}};
}
tahoe::value hub_query() { return attribute_query("asn", *bench::synthetic_archive::hub().data.text()); }

/// A random range, category and context. Half of the ranges begin and end on the day on which a hub may lie.
tahoe::value narrowed(asker& ask, tahoe::value query) {
  static const char* const kinds[] = {"all", "benign", "malicious", "unknown"};
  const bool one_day = ask.below(2) == 0;
  const double span = one_day ? 86'400 : 5 * 365.25 * 86'400;
  const double last = bench::newest - (one_day ? bench::hub_day_back : 0);
  const double a = last - ask.uniform(0, span), b = last - ask.uniform(0, span);
  if (ask.below(8) > 0) query.set("from", std::to_string(std::min(a, b)));
  if (ask.below(8) > 0) query.set("to", std::to_string(std::max(a, b)));
  query.set("category", kinds[ask.below(4)]);
  query.set("context", kinds[ask.below(4)]);
  return query;
}

tahoe::value on_page(asker& ask, tahoe::value query, std::uint64_t events) {
  query.set("page", static_cast<std::int64_t>(1 + ask.below(std::max<std::size_t>(events / 10, 1))));
  return query;
}

tahoe::value at_level(tahoe::value query, int level) {
  query.set("level", level);
  return query;
}

/// An attribute with some ten to some hundred events.
tahoe::value ordinary(asker& ask) { return attribute_query("url", ask.ranked(0.0002, 0.02, 2)); }

tahoe::value some_page(asker& ask, const tahoe::value& query) {
  const auto attribute =
      bench::synthetic_archive::attribute(*query.find("sub_type")->text(), *query.find("data")->text());
  return on_page(ask, query, ask.count_of(attribute));
}

void ask_counts_and_related(asker& ask) {
  const auto rare = [&] { return attribute_query("url", ask.ranked(0.05, 0.3, 2)); };
  ask.row("warm up", 300, "count", rare);
  ask.row("count, rare attribute", 2000, "count", rare);
  ask.row("count, hub, all", 200, "count", hub_query);
  const auto hub_events = static_cast<std::uint64_t>(ask.last_count);
  ask.row("count, hub, any range, category and context", 2000, "count",
          [&] { return narrowed(ask, hub_query()); });
  ask.row("related, ordinary attribute, first page", 500, "related", [&] { return ordinary(ask); });
  ask.row("related, ordinary attribute, any page", 500, "related",
          [&] { return some_page(ask, ordinary(ask)); });
  ask.row("related, hub, first page", 300, "related", hub_query);
  ask.row("related, hub, any page", 300, "related", [&] { return on_page(ask, hub_query(), hub_events); });
  ask.row("related, hub, any range, category and context", 300, "related",
          [&] { return narrowed(ask, hub_query()); });
  ask.row("related, ordinary attribute, level 2", 300, "related", [&] { return at_level(ordinary(ask), 2); });
  ask.row("related, hub, level 2, any page", 300, "related",
          [&] { return at_level(on_page(ask, hub_query(), hub_events), 2); });
}

void ask_ranks(asker& ask, std::size_t events) {
  using archive = bench::synthetic_archive;
  const std::size_t communities =
      std::max<std::size_t>(events / archive::community_share / archive::community_size, 1);
  const auto rank = [&](const std::function<tahoe::document()>& attribute) {
    return [&ask, attribute] {
      for (;;)
        if (auto hash = ask.event_of(attribute()); !hash.empty())
          return tahoe::value(tahoe::object{{"_hash", hash}});
    };
  };
  ask.row("threatrank, no hub within reach", 200, "threatrank",
          rank([&] { return archive::community_attribute(ask.below(communities), ask.below(10)); }));
  const auto near_hub = rank([&] { return archive::attribute("url", ask.ranked(0.1, 0.5, 2)); });
  ask.row("threatrank, hub within reach, first of its archive", 1, "threatrank", near_hub);
  ask.row("threatrank, the hub itself", 10, "threatrank", rank(archive::hub));
  ask.row("threatrank, hub within reach", 10, "threatrank", near_hub);
}

int time_input(asker& ask) {
  std::string type;
  std::vector<tahoe::value> queries;
  for (std::string line; std::getline(std::cin, line);) {
    auto query = must(tahoe::parse_json(line));
    type = *query.find("type")->text();
    queries.push_back(std::move(*query.find("data")));
  }
  std::size_t at = 0;
  ask.row(type, queries.size(), type, [&] { return queries[at++ % queries.size()]; });
  std::cout << tahoe::to_json(ask.rows().front()) << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() >= 6 && words[0] == "build") {
    return build(words[1], {std::strtoull(words[2].c_str(), nullptr, 10),
                            {words.begin() + 5, words.end()},
                            words[4] == "day",
                            std::strtoull(words[3].c_str(), nullptr, 10)});
  }
  if (words.size() >= 5 && words[0] == "ask") {
    const std::size_t events = std::strtoull(words[2].c_str(), nullptr, 10);
    asker ask(words[1], events, std::strtoull(words[3].c_str(), nullptr, 10),
              {words.begin() + 4, words.end()});
    std::fprintf(stderr, "the store was still %.1f s after it was opened\n", bench::settle());
    ask_counts_and_related(ask);
    ask_ranks(ask, events);
    std::cout << tahoe::to_json(tahoe::value(ask.rows())) << "\n";
    return 0;
  }
  if (words.size() >= 3 && words[0] == "time") {
    asker ask(words[1], 0, 1, {words.begin() + 2, words.end()});
    return time_input(ask);
  }
  std::fprintf(stderr,
               "report_bench build DIRECTORY EVENTS SEED years|day ORGID...\n"
               "report_bench ask DIRECTORY EVENTS SEED ORGID...\n"
               "report_bench time DIRECTORY ORGID...\n");
  return 2;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
