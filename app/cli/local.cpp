// Commands that need no store.
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "app/cli/functions.hpp"
#include "app/cli/numbers.hpp"
#include "app/cli/output.hpp"
#include "app/config/keys.hpp"
#include "app/files.hpp"
#include "app/secrets.hpp"
#include "crypto/envelope.hpp"
#include "tahoe/document.hpp"
#include "tahoe/json.hpp"

namespace cybexd::app::cli {
namespace {

constexpr std::size_t longest_line = 256u << 20;
constexpr std::size_t largest_envelope = 256u << 20;  // an upload may have as much

struct hash_limits {
  tahoe::json_limits json;
  tahoe::canonical_limits canonical;
};

tahoe::value hash_of(std::string_view line, bool is_document, const hash_limits& limits) {
  const auto refused = [](const std::string& why) { return tahoe::value(tahoe::object{{"error", why}}); };
  auto read = tahoe::parse_json(line, limits.json);
  if (!read) return refused(read.error().text);
  if (is_document) {
    const auto unique = tahoe::unique_string(*read, limits.canonical);
    if (!unique) return refused(unique.error().text);
    return tahoe::object{{"_hash", crypto::to_hex(crypto::sha256(*unique))}, {"unique", *unique}};
  }
  const auto form = tahoe::canonical(*read, limits.canonical);
  if (!form) return refused(form.error().text);
  return tahoe::object{{"canonical", *form}, {"sha256", crypto::to_hex(crypto::sha256(*form))}};
}

/// With a configuration named, its limits hold; this command must work without any.
tl::expected<hash_limits, int> limits_of(const invocation& call) {
  hash_limits limits;
  if (!call.config && call.sets.empty()) return limits;
  const auto config = configuration_of(call, true);
  if (!config) return tl::unexpected(config.error());
  limits.json.depth = config->values.archive.max_depth;
  limits.canonical.size = config->values.archive.max_canonical.bytes;
  return limits;
}

/// What changed on the way is left as it was: nothing is printed before all of it is right.
int put_out(const invocation& call, std::string_view bytes) {
  if (const auto written = write_all(STDOUT_FILENO, bytes, "standard output"); !written)
    return tell(call, written.error());
  return done;
}

}  // namespace

int hash(const invocation& call) {
  const auto limits = limits_of(call);
  if (!limits) return limits.error();
  line_reader lines(STDIN_FILENO, longest_line);
  std::string line;
  while (true) {
    const auto got = lines.next(line);
    if (got == line_reader::outcome::end) break;
    if (got == line_reader::outcome::broken)
      return tell(call, {failure::unavailable, "standard input cannot be read"});
    const auto answered = got == line_reader::outcome::too_long
                              ? tahoe::value(tahoe::object{{"error", "the line is longer than 256 MiB"}})
                              : hash_of(line, call.has("document"), *limits);
    const auto text = tahoe::to_json(answered) + "\n";
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) return output_lost(call);
  }
  return std::fflush(stdout) == 0 ? done : failed;
}

int seal(const invocation& call) {
  const auto config = configuration_of(call, true);
  if (!config) return config.error();
  const auto key = read_public_key(config->values);
  if (!key) return tell(call, key.error());
  const auto text = read_all(STDIN_FILENO, largest_envelope, "standard input");
  if (!text) return tell(call, text.error());
  return put_out(call, crypto::seal_envelope(*key, *text));
}

int open(const invocation& call) {
  const auto config = configuration_of(call, true);
  if (!config) return config.error();
  invocation plain = call;
  plain.json = false;  // a refused envelope leaves nothing on standard output
  const auto key = read_private_key(config->values, environment());
  if (!key) return tell(plain, key.error());
  const auto file = read_all(STDIN_FILENO, largest_envelope, "standard input");
  if (!file) return tell(plain, file.error());
  const auto text = crypto::open_envelope(*key, *file);
  if (!text)
    return tell(plain,
                {failure::bad_input, "the envelope does not open: " + std::string(to_string(text.error()))});
  return put_out(plain, *text);
}

int keygen(const invocation& call) {
  const auto bits = whole_number(call.text("bits", "2048"));
  if (!bits || *bits < 2048 || *bits > 8192)
    return tell_usage(
        call, "--bits: was " + toml_quoted(call.text("bits")) + "; may be a whole number from 2048 to 8192");
  std::optional<crypto::secret> passphrase;
  if (call.has("passphrase-file")) {
    auto read = read_secret_file(call.text("passphrase-file"), false);
    if (!read) return tell(call, read.error());
    if (read->empty()) return tell(call, {failure::bad_input, call.text("passphrase-file") + " is empty"});
    passphrase = std::move(*read);
  }
  const std::string folder = call.text("dir");
  const std::string private_path = folder + "/priv.pem", public_path = folder + "/pub.pem";
  for (const auto& path : {private_path, public_path}) {
    if (::access(path.c_str(), F_OK) == 0)
      return tell(call, {failure::conflict, path + " is there already; move it away first"});
  }
  const auto pair =
      crypto::generate_key_pair(static_cast<unsigned>(*bits), passphrase ? &*passphrase : nullptr);
  if (!pair)
    return pair.error().kind == failure::bad_input ? tell_usage(call, pair.error().text)
                                                   : tell(call, pair.error());
  if (auto made = make_folder(folder); !made) return tell(call, made.error());
  if (auto written = write_new_file(private_path, pair->private_pem.view(), 0600); !written)
    return tell(call, written.error());
  if (auto written = write_new_file(public_path, pair->public_pem, 0644); !written)
    return tell(call, written.error());
  return answer(call, tahoe::object{{"private", private_path}, {"public", public_path}, {"bits", *bits}},
                "private key " + private_path + " (keep it secret)\npublic key  " + public_path);
}

int config_check(const invocation& call) {
  const auto config = configuration_of(call);
  if (!config) return config.error();
  tahoe::array warnings, unusable;
  for (const auto& warning : config->warnings) {
    std::cerr << "warning: " << warning << "\n";
    warnings.push_back(warning);
  }
  for (auto& one : unusable_files(config->values, environment())) {
    std::cerr << "warning: `cybexd run` cannot use " << one << "\n";
    unusable.emplace_back(std::move(one));
  }
  const std::string but = unusable.empty() ? "" : ", but `cybexd run` does not start with these files";
  return answer(call,
                tahoe::object{{"ok", true},
                              {"file", config->file},
                              {"mistakes", tahoe::array{}},
                              {"warnings", std::move(warnings)},
                              {"unusable_files", std::move(unusable)}},
                config->file + ": no mistakes" + but);
}

int config_show(const invocation& call) {
  const auto config = configuration_of(call);
  if (!config) return config.error();
  tahoe::object machine;
  std::string people, section;
  for (const auto& key : setting_keys()) {
    const auto text = shown_value(key, config->values);
    const auto& origin = config->origins.at(std::string(key.name));
    machine.emplace_back(key.name, tahoe::object{{"value", text}, {"from", origin}});
    if (std::string(section_of(key.name)) != section) {
      section = section_of(key.name);
      people += "\n[" + section + "]\n";
    }
    people += std::string(last_part(key.name)) + " = " + text + "  # " + origin + "\n";
  }
  return answer(call, tahoe::object{{"file", config->file}, {"settings", std::move(machine)}}, people);
}

int config_example(const invocation& call) { return put_out(call, example_file()); }

int completion(const invocation& call) {
  const auto text = completion_for(call.text("shell"));
  if (text.empty()) return tell_usage(call, "no such shell: " + call.text("shell") + "; may be bash or zsh");
  return put_out(call, text);
}

int manual(const invocation& call) { return put_out(call, manual_page()); }

}  // namespace cybexd::app::cli
