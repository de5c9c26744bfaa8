// `raw put`.
#include "app/cli/functions.hpp"
#include "app/cli/input.hpp"
#include "app/cli/record_sink.hpp"
#include "app/cli/with_backend.hpp"
#include "crypto/envelope.hpp"

namespace cybexd::app::cli {
namespace {

constexpr std::size_t largest_record = 64u << 20;
constexpr std::size_t envelope_bytes = 4u << 20, envelope_records = 10'000;

/// Cuts a file of lines into records or envelopes of many.
class line_sender {
 public:
  line_sender(record_sink& into, bool many) : into_(into), many_(many) {}

  expected<void> send(const input_file& file) {
    progress shown("raw put");
    line_reader lines(file.number(), largest_record);
    std::string line;
    for (std::uint64_t number = 1;; ++number) {
      const auto got = lines.next(line);
      if (got == line_reader::outcome::broken)
        return fail(failure::unavailable, file.name + " cannot be read");
      if (got == line_reader::outcome::end) break;
      if (got == line_reader::outcome::too_long) {
        return fail(failure::too_large,
                    file.name + ":" + std::to_string(number) + ": the line is longer than 64 MiB");
      }
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      if (auto added = add(file, number, line); !added) return added;
      shown.at(into_.records, 0);
    }
    return end_envelope(file);
  }

 private:
  expected<void> add(const input_file& file, std::uint64_t number, const std::string& line) {
    // A line that is not UTF-8 would spoil the envelope it stands in: it gets one of its own.
    if (!many_ || !crypto::is_utf8(line))
      return into_.put({file.short_name() + ":" + std::to_string(number), line, false, 1});
    text_ += line;
    text_ += '\n';
    ++records_;
    return text_.size() >= envelope_bytes || records_ >= envelope_records ? end_envelope(file)
                                                                          : expected<void>{};
  }

  expected<void> end_envelope(const input_file& file) {
    if (records_ == 0) return {};
    auto sent = into_.put({file.short_name(), std::move(text_), true, records_});
    text_.clear();
    records_ = 0;
    return sent;
  }

  record_sink& into_;
  const bool many_;
  std::string text_;
  std::uint64_t records_ = 0;
};

expected<void> send_file(const invocation& call, const input_file& file, record_sink& into) {
  if (call.has("lines") || call.has("ndjson")) return line_sender(into, call.has("ndjson")).send(file);
  auto text = read_all(file.number(), largest_record, file.name);
  if (!text) return fail(text.error());
  return into.put({file.short_name(), std::move(*text), false, 1, call.has("sealed")});
}

int send_all(const invocation& call, record_sink& into) {
  const auto files = open_inputs(call.texts("file"));
  if (!files) return tell(call, files.error());
  expected<void> sent;
  for (const auto& file : *files) {
    sent = send_file(call, file, into);
    if (!sent) break;
  }
  if (sent) sent = into.flush();
  const auto stored =
      std::to_string(into.records) + " records in " + std::to_string(into.entries) + " envelopes";
  if (!sent) {
    return tell(call, {sent.error().kind, sent.error().text + "; stored before that: " + stored +
                                              " (sending them again does no harm)"});
  }
  return answer(call,
                tahoe::object{{"records", static_cast<std::int64_t>(into.records)},
                              {"entries", static_cast<std::int64_t>(into.entries)}},
                stored);
}

}  // namespace

int raw_put(const invocation& call) {
  if (call.has("lines") && call.has("ndjson"))
    return tell_usage(call, "--lines and --ndjson exclude each other");
  if (call.has("sealed") && (call.has("lines") || call.has("ndjson") || call.has("server")))
    return tell_usage(call, "--sealed goes with none of --lines, --ndjson and --server");
  if (call.has("server") != call.has("token-file"))
    return tell_usage(call, "--server and --token-file go together");
  if (call.has("ca-file") && !call.has("server"))
    return tell_usage(call, "--ca-file is for --server https://...");
  if (call.has("server")) {
    auto into = server_sink(call);
    return into ? send_all(call, **into) : tell(call, into.error());
  }
  return with_backend(call, [&](backend& to) -> int { return send_all(call, *lake_sink(call, to)); });
}

}  // namespace cybexd::app::cli
