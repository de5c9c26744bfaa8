#include "actors/report_writer.hpp"

#include "actors/query_records.hpp"
#include "actors/shell.hpp"

namespace cybexd::actors {

messages::report_writer_actor::behavior_type report_writer(
    messages::report_writer_actor::stateful_pointer<report_writer_state> self,
    std::shared_ptr<store::report_store> store, telemetry* metrics) {
  const auto meter = metrics->actor(report_writer_state::name);
  behave(self, meter);
  act::st(self).store = std::move(store);
  return {metered(self, meter, "store", [self](const messages::store_report& done) {
    return finish_query(*act::st(self).store, done);
  })};
}

}  // namespace cybexd::actors
