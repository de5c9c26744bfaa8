#include "actors/parser.hpp"

namespace cybexd::actors {

namespace {

messages::parser_actor::behavior_type parser(messages::parser_actor::pointer self, const parser_work& work,
                                             telemetry* metrics) {
  const auto meter = metrics->actor("parser");
  behave(self, meter);
  return {metered(self, meter, "parse_records",
                  [work](const messages::parse_records& job) -> caf::result<messages::records_parsed> {
                    return work(job);
                  })};
}

}  // namespace

messages::parser_actor spawn_parsers(caf::actor_system& system, pool_options options, parser_work work,
                                     telemetry& metrics) {
  options.name = "parser";
  const std::function<messages::parser_actor()> make = [&system, work = std::move(work), &metrics] {
    return spawn_detached(system, parser, work, &metrics);
  };
  return system.spawn(pool<messages::parser_actor, messages::parse_records, messages::records_parsed>,
                      std::move(options), make, &metrics);
}

}  // namespace cybexd::actors
