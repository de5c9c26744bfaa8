#pragma once
// The owner of every entry that was taken from the lake and is not durable yet: which stage it is in, what
// happens when a stage fails it, what is written about it in the end. No actor: the cache poller carries its
// questions to the stages and the answers back.
//
//   entry --> unit of entries --open--> parse --> filter --> commit --> settled
//        \--> NDJSON: open --> parts of lines: each a unit: parse --> filter --> commit, then the entry's
//        mark
//
// A unit whose worker dies is split into single entries (or lines) that are tried again alone; one that has
// cost `deaths` workers is set aside, and given up where the lake refuses even that. A stage that says
// "unavailable" blocks the line: nothing is marked, all entries are held until `resume`.
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/ndjson.hpp"
#include "actors/telemetry.hpp"
#include "messages/line.hpp"

namespace cybexd::actors {

struct line_limits {
  std::size_t unit_entries = 128;         ///< Entries in one unit ...
  std::uint64_t unit_bytes = 256u << 10;  ///< ... and bytes, but at least one entry.
  std::size_t busy_units = 8;             ///< As many on their way keep every worker busy: see `unit_size`.
  std::size_t units = 128;                ///< Units on their way at once, gathered by the writer included ...
  std::uint64_t unit_bytes_total = 4u << 20;  ///< ... and bytes, but at least one unit ...
  std::size_t unit_records_total = 4096;  ///< ... and records: filtered ones take twenty times their bytes.
  std::size_t texts = 128;                ///< NDJSON texts in memory at once ...
  std::uint64_t text_bytes = 32u << 20;   ///< ... and bytes, but at least one text.
  int deaths = 3;                         ///< Workers that an entry may cost.
};

/// The stages as the line sees them. Each question is answered by the method named beside it, or by `lost`.
struct line_stages {
  std::function<void(std::uint64_t unit, messages::open_files)> open;        ///< opened
  std::function<void(std::uint64_t unit, messages::parse_records)> parse;    ///< parsed
  std::function<void(std::uint64_t unit, messages::filter_records)> filter;  ///< filtered
  std::function<void(std::uint64_t unit, messages::commit_work)> commit;     ///< committed
  /// The sub_type that a typetag names, empty for an unknown one. An error: nobody can tell now, and the line
  /// is blocked.
  std::function<expected<std::string>(const std::string& typetag)> sub_type_of;
  /// An entry is no longer part of a round: it is settled (`archived`: as SUCCESS or not), or held.
  std::function<void(std::uint64_t round, bool archived)> left;
  /// An entry has cost too many workers, and even the mark that says so was refused. The line knows it no
  /// more, and the lake still takes it for taken.
  std::function<void(const store::entry_id& id)> refused;
};

/// Records, by what became of them.
struct line_counts {
  std::uint64_t archived = 0, known = 0, not_supported = 0, errors = 0, bad_data = 0, quarantined = 0;
};

class archive_line {
 public:
  archive_line(line_limits limits, line_stages stages, telemetry& metrics)
      : limits_(limits), stages_(std::move(stages)), metrics_(metrics) {}

  void add(store::lake_entry entry, std::uint64_t round);
  /// Starts as many units as the limits allow. Call it after every answer and every `add`.
  void pump();

  void opened(std::uint64_t unit, const messages::files_opened& answer);
  void parsed(std::uint64_t unit, const messages::records_parsed& answer);
  void filtered(std::uint64_t unit, const messages::records_filtered& answer);
  void committed(std::uint64_t unit, const messages::work_committed& answer);
  /// The worker that had the unit is gone; `reason` is what it died of.
  void lost(std::uint64_t unit, const std::string& reason);

  /// The unit was not begun: its worker died of something else. It goes on as it was.
  void not_begun(std::uint64_t unit);
  /// The unit could not be worked on, through no fault of its own: blocks the line.
  void unavailable(std::uint64_t unit, const std::string& why);

  /// Goes on after an outage: what was held belongs to `round` now. Returns how many entries that are.
  std::size_t resume(std::uint64_t round);
  /// Starts nothing new from now on, but for marks that only wait to be written.
  void stop() { stopped_ = true; }
  /// Entries that were taken and are not settled.
  [[nodiscard]] std::vector<store::entry_id> remaining() const;

  [[nodiscard]] bool blocked() const { return blocked_; }
  /// What it waits for, in words; empty when all is well.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  [[nodiscard]] std::size_t entries() const { return jobs_.size(); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t units_on_their_way() const { return units_.size(); }
  [[nodiscard]] const line_counts& counts() const { return counts_; }

 private:
  struct job {
    store::lake_entry entry;
    std::uint64_t round = 0;
    int deaths = 0;
    bool held = false;
    bool counted = false;    // its text is among those in memory
    std::string last_words;  // what its last worker died of
    // NDJSON only, once it is open:
    std::shared_ptr<const std::string> text;
    std::string sub_type;
    std::optional<line_parts> parts;
    std::size_t open_parts = 0;  // parts or single lines that are not committed yet
    store::entry_mark sum;       // of the parts that are
  };
  struct part {
    std::uint64_t key = 0;  // of its job
    line_slice slice;
    int deaths = 0;
  };
  struct unit {
    std::vector<std::uint64_t> keys;  // the entries, where it is no part
    std::optional<part> of;
    bool alone = false;
    bool final = false;       // its commit marks an NDJSON entry
    bool quarantine = false;  // its commit sets an entry aside that has cost too many workers
    std::uint64_t bytes = 0;
    std::size_t records = 1;
    std::vector<messages::opened_file> files;  // of entries
    std::vector<std::size_t> texts;            // index of a text among the parsed ones -> index of its entry
    std::shared_ptr<messages::parsed_batch> batch;
    std::shared_ptr<std::vector<tahoe::document>> documents;
  };
  using unit_entry = std::map<std::uint64_t, unit>::iterator;

  // archive_line.cpp: what is started when
  bool start_something();
  bool start_suspect();
  bool start_entries();
  bool start_ndjson();
  bool start_part();
  bool start_finish();
  bool start_doomed();
  void release_text(job& j);
  [[nodiscard]] std::size_t unit_size() const;
  [[nodiscard]] bool room_for(std::uint64_t bytes, std::size_t records) const;
  std::uint64_t new_unit(unit u);
  void open(unit u);
  void parse_part(part p, bool alone);
  void hold_all(const std::string& why);
  void hold(job& j);
  void put_back(unit u, bool held);

  // archive_line_stages.cpp: what follows from an answer
  unit take_unit(unit_entry at);
  [[nodiscard]] expected<bool> open_text(const unit& u, const messages::opened_file& file);
  void parse_files(std::uint64_t id, unit& u);
  void commit(std::uint64_t id, unit& u, const messages::records_filtered& answer);
  [[nodiscard]] std::shared_ptr<std::vector<store::entry_work>> entries_work(
      unit& u, std::vector<store::record_write> records) const;
  [[nodiscard]] std::shared_ptr<std::vector<store::entry_work>> part_work(
      unit& u, std::vector<store::record_write> records);
  void quarantine(std::uint64_t key);
  void entries_committed(const unit& u, const std::vector<store::entry_mark>& marks);
  void part_committed(const unit& u, const store::entry_mark& mark);
  void part_done(std::uint64_t key);
  void settle(std::uint64_t key, const store::entry_mark& mark);
  void entry_lost(std::uint64_t key, const std::string& reason);
  void part_lost(const part& p, const std::string& reason);
  /// The bad lines by their numbers: parts come back in any order.
  static void in_order(store::entry_mark& mark);
  /// Why no record can be made of an entry, whatever its file holds; else empty.
  [[nodiscard]] static std::string fault_of(const store::lake_entry& entry);
  void count(store::entry_state state, std::uint64_t records);
  void count_written(std::uint64_t archived, std::uint64_t known, std::uint64_t bytes);
  [[nodiscard]] static store::entry_mark set_aside(const job& j, store::entry_state state,
                                                   std::string reason);

  line_limits limits_;
  line_stages stages_;
  telemetry& metrics_;
  std::uint64_t last_key_ = 0;
  std::map<std::uint64_t, job> jobs_;
  std::map<std::uint64_t, unit> units_;
  std::uint64_t bytes_ = 0, unit_bytes_ = 0, text_bytes_ = 0;
  std::size_t texts_ = 0, unit_records_ = 0;
  std::deque<std::uint64_t> singles_, ndjson_, suspects_, reading_, finishing_, doomed_;
  std::deque<part> part_retries_;
  bool blocked_ = false, stopped_ = false, parts_turn_ = false;
  std::string trouble_;
  line_counts counts_;
};

}  // namespace cybexd::actors
