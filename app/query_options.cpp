#include "app/query_options.hpp"

#include "crypto/envelope.hpp"
#include "crypto/random.hpp"

namespace cybexd::app {
namespace {

report::open_function opener(key_source key) {
  return [key = std::move(key)](const std::string& envelope) -> expected<std::string> {
    const auto now = key();
    if (!now) return fail(failure::unavailable, "there is no private key");
    auto text = crypto::open_envelope(*now, envelope);
    if (!text) return fail(failure::bad_input, "the query's envelope does not open");
    return std::move(*text);
  };
}

actors::query_authenticator authenticate_by(std::shared_ptr<tahoe::identity::accounts> accounts) {
  return [accounts](const messages::query_request& query) -> expected<std::string> {
    if (query.token.empty() && !query.user.empty()) return query.user;  // from this machine's operator
    const auto who = accounts->authenticate(query.token, unix_now());
    if (!who) return fail(who.error());
    return crypto::to_hex(who->user.hash);
  };
}

}  // namespace

actors::query_side_options query_options(engine& over, key_source key) {
  const auto values = over.values();
  const auto& report = values->report;
  actors::query_side_options options;
  options.authenticate = authenticate_by(over.shared_accounts());
  options.visible_to = actors::visibility_from(over.stores().identity);
  options.open_envelope = opener(std::move(key));
  options.report.sub_types = report.sub_types;
  options.report.types = report.types;
  options.report.threatrank_decay = report.threatrank_decay;
  options.report.threatrank_max_edges = static_cast<int>(report.threatrank_max_edges);
  options.report.most_documents = report.max_documents;
  options.report.ranks = std::make_shared<report::rank_memory>(report.threatrank_memory.bytes);
  options.workers = report.workers;
  options.queue = report.queue;
  options.deadline = report.deadline;
  options.stop_grace = std::min<std::chrono::milliseconds>(values->stop_within / 3, std::chrono::seconds(5));
  options.poll_cap = report.poll_cap;
  options.foreign_age = std::chrono::duration<double>(report.foreign_age).count();
  options.exclusive = !on_mongodb(values->store, values->store.report);
  options.claim = values->store.claim;
  options.reply = {report.api_host, report.reply_allow, report.reply_timeout};
  constexpr std::size_t owner_length = 16;
  options.owner = "cybexd-" + crypto::random_word(owner_length);
  options.now = unix_now;
  return options;
}

}  // namespace cybexd::app
