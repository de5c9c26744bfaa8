#include "actors/parser.hpp"

namespace cybexd::actors {

messages::parser_actor spawn_parsers(caf::actor_system& system, pool_options options, parser_work work,
                                     telemetry& metrics) {
  options.name = "parser";
  return spawn_pool<messages::parser_actor, messages::parse_records, messages::records_parsed>(
      system, std::move(options), "parse_records", std::move(work), metrics);
}

}  // namespace cybexd::actors
