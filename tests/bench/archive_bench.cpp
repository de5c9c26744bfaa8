// Measures the embedded archive alone: archive_bench DIRECTORY RECORDS [may-log.jsonl]
// Synthetic Cowrie log-ins (every second event holds one hub, three organisations), or the given log over and
// over with other sessions and times. Prints the rate of writes, the first tenth against the last, and times
// of questions.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

#include "tahoe/filters/filter.hpp"
#include "tahoe/parse.hpp"
#include "tahoe/store/rocksdb_archive.hpp"
#include "tahoe/store/rocksdb_home.hpp"

namespace {

using namespace cybexd;

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Of all threads: what a busy machine does not blur.
double processor_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

template <class T>
T must(expected<T> e) {
  if (!e) throw std::runtime_error(e.error().text);
  return std::move(*e);
}

std::string line(std::mt19937_64& random, std::size_t i) {
  const auto pick = [&](std::size_t n) {
    return std::to_string(std::uniform_int_distribution<std::size_t>(0, n - 1)(random));
  };
  const auto skewed = [&](std::size_t n) {
    return std::to_string(static_cast<std::size_t>(
        std::pow(static_cast<double>(n), std::uniform_real_distribution<double>(0, 1)(random))));
  };
  char time[64];
  std::snprintf(time, sizeof time, "2018-%02zu-%02zuT%02zu:%02zu:%02zu.%06zuZ", i % 12 + 1, i / 12 % 28 + 1,
                i / 7 % 24, i / 11 % 60, i / 13 % 60, i * 7919 % 1000000);
  return R"({"eventid": "cowrie.login.)" + std::string(i % 2 ? "failed" : "success") + R"(", "session": ")" +
         pick(1'000'000'000) + R"(", "sensor": "bench", "src_ip": "10.)" + skewed(250) + "." + skewed(250) +
         "." + skewed(250) + R"(", "username": "u)" + skewed(100'000) + R"(", "password": "p)" +
         skewed(1'000'000) +
         R"(", "message": "login attempt", "system": "SSHService 'ssh-userauth' on HoneyPotSSHTransport", "timestamp": ")" +
         time + "\"}";
}

/// A line of the log with its session changed, so that it is another record.
std::string again(std::string text, std::size_t round) {
  const auto at = text.find(R"("session": ")");
  if (round > 0 && at != std::string::npos) text.insert(at + 12, std::to_string(round) + "-");
  return text;
}

store::record_write record(const std::string& text, const std::string& orgid) {
  store::record_write w;
  w.raw = must(tahoe::parse_record(text, "cowrie", orgid, "UTC"));
  const auto* filter = tahoe::filters::for_sub_type("cowrie");
  w.filtered = store::filter_result{std::string(filter->id), filter->run(w.raw.data, {orgid, "UTC", 0}), 0};
  return w;
}

void times(const char* what, std::vector<double> all, std::uint64_t rows) {
  std::sort(all.begin(), all.end());
  std::printf("%-44s p50 %9.1f us  p99 %9.1f us  %8.1f rows\n", what, all[all.size() / 2] * 1e6,
              all[all.size() * 99 / 100] * 1e6, static_cast<double>(rows) / static_cast<double>(all.size()));
}

template <class F>
void ask(store::archive_store& archive, const char* what, int n, F question) {
  std::vector<double> all;
  std::uint64_t rows = 0;
  for (int i = 0; i < n; ++i) {
    const auto begin = seconds();
    auto view = must(archive.view());
    question(*view);
    all.push_back(seconds() - begin);
    rows += view->rows_read();
  }
  times(what, std::move(all), rows);
}

void questions(store::archive_store& archive) {
  std::mt19937_64 random(7);
  const auto hub = must(tahoe::make_attribute("method", "ssh")).hash;
  const auto within = [&](double& from, double& to) {
    std::uniform_real_distribution<double> any(1.5147e9, 1.5461e9);
    from = any(random), to = any(random);
    if (to < from) std::swap(from, to);
  };
  store::event_filter f;
  f.who.orgids = {"org0", "org2"};
  const auto total = must(must(archive.view())->count(hub, f));
  std::printf("hub: %llu events\n", static_cast<unsigned long long>(total));
  ask(archive, "count, rare", 2000, [&](auto& v) {
    const auto rare =
        must(tahoe::make_attribute("username", "u" + std::to_string(50'000 + random() % 50'000))).hash;
    (void)must(v.count(rare, f));
  });
  ask(archive, "count, hub, random range", 2000, [&](auto& v) {
    auto g = f;
    within(g.from, g.to);
    g.context = static_cast<store::context_filter>(random() % 4);
    (void)must(v.count(hub, g));
  });
  ask(archive, "page, hub, first", 1000, [&](auto& v) { (void)must(v.page(hub, f, 0, 10)); });
  ask(archive, "page, hub, anywhere in random range", 1000, [&](auto& v) {
    auto g = f;
    within(g.from, g.to);
    const auto n = must(v.count(hub, g));
    const auto page = must(v.page(hub, g, n ? random() % n : 0, 10));
    std::vector<tahoe::hash256> hashes;
    for (const auto& p : page) hashes.push_back(p.hash);
    for (const auto& d : must(v.get_many(hashes))) (void)must(v.get_many(d.ref));
  });
  ask(archive, "all events", 3, [&](auto& v) {
    std::size_t n = 0;
    (void)v.all_events({true, {}}, [&](const auto& e) { return n += e.attributes.size(), true; });
  });
  ask(archive, "events of the hub", 3, [&](auto& v) {
    store::node node = 0;
    const auto event = must(v.page(hub, f, 0, 1)).front().hash;
    const auto facts = must(v.facts(*must(v.event_node(event, f.who)), f.who));
    for (const auto a : facts->attributes) {
      if (must(v.degree(a, f.who)) == total) node = a;
    }
    std::size_t n = 0;
    (void)v.events_of(node, f.who, [&](const auto&) { return ++n > 0; });
  });
}

std::size_t resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string l; std::getline(status, l);) {
    if (l.starts_with("VmHWM:")) return std::strtoull(l.c_str() + 6, nullptr, 10);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) return std::fprintf(stderr, "archive_bench DIRECTORY RECORDS [LOG]\n"), 2;
  const std::string directory = argv[1];
  const std::size_t records = std::strtoull(argv[2], nullptr, 10);
  std::vector<std::string> log;
  if (argc > 3) {
    std::ifstream file(argv[3]);
    for (std::string l; std::getline(file, l);) log.push_back(l);
  }
  store::embedded_options options;
  options.directory = directory;
  auto home = must(store::rocksdb_home::open(options));
  auto archive = must(store::rocksdb_archive::open(home));
  std::mt19937_64 random(1);
  std::vector<double> tenths(10), worked(10);
  std::uint64_t bytes = 0;
  const auto begin = seconds();
  constexpr std::size_t at_once = 1000;
  for (std::size_t i = 0; i < records;) {
    std::vector<store::record_write> batch;
    for (; batch.size() < at_once && i < records; ++i) {
      const auto text = log.empty() ? line(random, i) : again(log[i % log.size()], i / log.size());
      bytes += text.size();
      batch.push_back(record(text, "org" + std::to_string(i % 3)));
    }
    const auto start = seconds(), start_work = processor_seconds();
    (void)must(archive->write(batch));
    tenths[(i - 1) * 10 / records] += seconds() - start;
    worked[(i - 1) * 10 / records] += processor_seconds() - start_work;
  }
  double all = 0;
  for (const auto t : tenths) all += t;
  const auto tenth = static_cast<double>(records) / 10;
  std::printf(
      "%zu records: %.0f/s in the store alone, %.0f/s with parsing and filtering; first tenth %.0f/s, last "
      "%.0f/s (%.2f)\n",
      records, static_cast<double>(records) / all, static_cast<double>(records) / (seconds() - begin),
      tenth / tenths[0], tenth / tenths[9], tenths[0] / tenths[9]);
  std::printf("by processor time: first tenth %.0f/s, last %.0f/s (%.2f)\n", tenth / worked[0],
              tenth / worked[9], worked[0] / worked[9]);
  questions(*archive);
  for (const auto& [name, number] : home->statistics()) {
    if (name.find("live_sst") != std::string::npos) std::printf("%s %.0f\n", name.c_str(), number);
  }
  archive.reset();
  home.reset();
  std::uint64_t disk = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory)) disk += file.file_size();
  std::printf("disk %.1f MB for %.1f MB of JSON (%.2f); resident at most %zu MiB\n",
              static_cast<double>(disk) / 1e6, static_cast<double>(bytes) / 1e6,
              static_cast<double>(disk) / static_cast<double>(bytes), resident_kib() / 1024);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
