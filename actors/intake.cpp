#include "actors/intake.hpp"

#include <algorithm>

#include "crypto/envelope.hpp"

namespace cybexd::actors {

namespace {

constexpr auto write_deadline = std::chrono::minutes(2);

}  // namespace

void intake_state::start(pointer self, intake_options options, intake_partners partners) {
  self_ = self;
  options_ = options;
  partners_ = std::move(partners);
}

bool intake_state::lake_is_full() {
  const auto now = self_->clock().now();
  if (partners_.pending && now >= pending_until_) {
    pending_ = partners_.pending();
    // A lake that needs long for the answer is asked less often.
    pending_until_ = now + std::max(options_.backlog_age, 10 * (self_->clock().now() - now));
  }
  return pending_ > options_.backlog;
}

std::optional<error> intake_state::refuse(const messages::submission& what) {
  if (draining_) return error{failure::overloaded, "the server is stopping"};
  if (outage_ && writing_) return outage_;
  if (requests_ >= options_.requests || (requests_ != 0 && bytes_ + what.text.size() > options_.bytes))
    return error{failure::overloaded, "more uploads wait than the server takes at once"};
  if (lake_is_full()) return error{failure::overloaded, "more records wait to be archived than may"};
  return std::nullopt;
}

void intake_state::submit(const messages::submit& what) {
  const auto& upload = *what.what;
  if (auto problem = refuse(upload)) return (*what.reply)(fail(std::move(*problem)));
  auto orgid = partners_.who(upload);
  if (!orgid) return (*what.reply)(fail(std::move(orgid.error())));
  store::new_entry entry;
  entry.name = upload.name;
  entry.orgid = std::move(*orgid);
  entry.typetag = upload.typetag;
  entry.timezone = upload.timezone;
  entry.timestamp = partners_.now();
  entry.ndjson = upload.ndjson;
  entry.records = upload.records;
  entry.sealed = crypto::seal_envelope(*partners_.key, upload.text);
  ++requests_;
  bytes_ += upload.text.size();
  askers_.push_back({what.reply, upload.records, upload.text.size()});
  entries_.push_back(std::move(entry));
  put();
}

void intake_state::put() {
  if (writing_ || askers_.empty()) return;
  std::size_t count = 0;
  for (std::uint64_t bytes = 0; count < std::min(askers_.size(), options_.entries_together); ++count) {
    bytes += askers_[count].bytes;
    if (count != 0 && bytes > options_.bytes_together) break;
  }
  const auto split = [count](auto& from) {
    auto part = std::make_shared<std::remove_reference_t<decltype(from)>>();
    const auto end = from.begin() + static_cast<std::ptrdiff_t>(count);
    part->assign(std::make_move_iterator(from.begin()), std::make_move_iterator(end));
    from.erase(from.begin(), end);
    return part;
  };
  auto askers = split(askers_);
  write({split(entries_)}, std::move(askers));
}

void intake_state::write(messages::put_entries what, std::shared_ptr<std::vector<waiting>> askers) {
  writing_ = true;
  act::ask(self_, partners_.lake_writer, write_deadline, std::move(what))
      .then(
          [this, askers](messages::entries_put& result) {
            if (result.problem)
              answered(*askers, fail(std::move(*result.problem)));
            else
              answered(*askers, std::move(result.ids));
          },
          [this, askers](caf::error& e) {
            log(log_level::error, name, "uploads could not be written: " + error_text(self_, e));
            answered(*askers, fail(failure::unavailable, "the cache data lake could not be written"));
          });
}

/// Keeps in mind whether the lake takes writes, and tells.
void intake_state::note(const error* trouble) {
  const bool before = outage_.has_value();
  outage_.reset();
  if (trouble != nullptr && trouble->kind == failure::unavailable) outage_ = *trouble;
  if (outage_) {
    if (!before) tries_.succeeded();
    act::tell_after(self_, tries_.next(), messages::intake_actor{self_}, messages::tick{++generation_});
    tries_.failed();
  }
  if (partners_.told && (outage_ || before))
    partners_.told(outage_ ? "the cache data lake, to take uploads: " + outage_->text : std::string());
}

void intake_state::tick(std::uint64_t generation) {
  if (generation != generation_ || writing_ || !outage_ || draining_) return;
  write({std::make_shared<const std::vector<store::new_entry>>()}, std::make_shared<std::vector<waiting>>());
}

void intake_state::answered(const std::vector<waiting>& askers,
                            const expected<std::vector<store::entry_id>>& ids) {
  writing_ = false;
  note(ids ? nullptr : &ids.error());
  for (std::size_t i = 0; i < askers.size(); ++i) {
    --requests_;
    bytes_ -= askers[i].bytes;
    if (ids && i < ids->size())
      (*askers[i].reply)(messages::submitted{(*ids)[i], askers[i].records});
    else
      (*askers[i].reply)(ids ? expected<messages::submitted>(fail(failure::internal, "the lake gave no id"))
                             : expected<messages::submitted>(fail(ids.error())));
  }
  if (ids) partners_.arrived();
  if (outage_) give_up_what_gathered();
  put();
  if (draining_ && requests_ == 0) {
    draining_->deliver(messages::drained{});
    self_->quit();
  }
}

/// What gathered behind a failed write would only wait for the next failure.
void intake_state::give_up_what_gathered() {
  const auto rest = std::exchange(askers_, {});
  entries_.clear();
  for (const auto& asker : rest) {
    --requests_;
    bytes_ -= asker.bytes;
    (*asker.reply)(fail(*outage_));
  }
}

void intake_state::drain(caf::typed_response_promise<messages::drained> promise) {
  draining_ = std::move(promise);
  if (requests_ != 0) return;
  draining_->deliver(messages::drained{});
  self_->quit();
}

namespace {

messages::intake_actor::behavior_type intake(intake_state::pointer self, const intake_options& options,
                                             const intake_partners& partners, telemetry* metrics) {
  const auto meter = metrics->actor(intake_state::name);
  behave(self, meter);
  act::st(self).start(self, options, partners);
  act::watch(self, partners.lake_writer);
  act::on_down(self, [self](caf::down_msg& down) { end_with(self, intake_state::name, down); });
  return {
      metered(self, meter, "submit", [self](const messages::submit& what) { act::st(self).submit(what); }),
      metered(self, meter, "tick", [self](messages::tick tick) { act::st(self).tick(tick.generation); }),
      metered(self, meter, "drain", [self](messages::drain) -> caf::result<messages::drained> {
        auto promise = self->make_response_promise<messages::drained>();
        act::st(self).drain(promise);
        return promise;
      })};
}

}  // namespace

messages::intake_actor spawn_intake(caf::actor_system& system, intake_options options,
                                    intake_partners partners, telemetry& metrics) {
  return spawn_detached(system, intake, options, std::move(partners), &metrics);
}

}  // namespace cybexd::actors
