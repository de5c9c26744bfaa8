#include "actors/retry_rule.hpp"

#include "actors/log.hpp"
#include "crypto/envelope.hpp"

namespace cybexd::actors {

expected<bool> may_be_retried(store::cache_lake& lake, const crypto::private_key& key,
                              const store::entry_report& entry) {
  if (entry.mark.state != store::entry_state::processed) return true;  // nothing of it is archived
  const auto files = lake.read_files(std::span(&entry.entry.id, 1));
  if (!files) return fail(files.error());
  const auto& file = files->front();
  return file && crypto::open_envelope(key, *file).has_value();
}

expected<std::vector<store::entry_id>> worth_a_retry(store::cache_lake& lake,
                                                     const std::optional<crypto::private_key>& key,
                                                     std::span<const store::entry_report> page) {
  std::vector<store::entry_id> ids;
  for (const auto& report : page) {
    const auto may = key ? may_be_retried(lake, *key, report) : expected<bool>(true);
    if (!may) return fail(may.error());
    if (*may)
      ids.push_back(report.entry.id);
    else
      log(log_level::warning, "cache_poller",
          "entry " + report.entry.id + " stays as it is: lines of it are archived, and it does not open now");
  }
  return ids;
}

}  // namespace cybexd::actors
