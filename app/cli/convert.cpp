// config convert: CYBEX-P's configuration as ours.
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "app/cli/functions.hpp"
#include "app/cli/output.hpp"
#include "app/config/convert.hpp"
#include "app/files.hpp"
#include "crypto/random.hpp"

namespace cybexd::app::cli {
namespace {

constexpr std::size_t largest_file = 4u << 20;

/// Whatever is wrong with the file is wrong usage.
int tell_wrong_file(const invocation& call, const error& e) {
  static_cast<void>(tell(call, e));
  return wrong_usage;
}

expected<std::string> read_original(const std::string& name) {
  return name == "-" ? read_all(STDIN_FILENO, largest_file, "standard input") : read_file(name, largest_file);
}

/// The secret of before, or a new one where that one is of no use.
expected<void> write_secret(const std::string& file, const std::optional<crypto::secret>& old) {
  constexpr std::size_t length = 48;
  auto text = old ? std::string(old->view()) : crypto::random_word(length);
  text += "\n";
  auto written = write_new_file(file, text, 0600);
  crypto::wipe(text);
  return written;
}

}  // namespace

int config_convert(const invocation& call) {
  const auto name = call.text("file");
  const auto json = read_original(name);
  if (!json) return tell_wrong_file(call, json.error());
  conversion_request request;
  request.name = name == "-" ? "standard input" : name;
  request.secret_file = "jwt.secret";
  std::error_code problem;
  if (call.has("secret-file"))
    request.secret_file =
        std::filesystem::absolute(call.text("secret-file"), problem).lexically_normal().string();
  const auto made = convert_original(*json, request);
  if (!made) return tell_mistakes(call, made.error());
  if (call.has("secret-file")) {
    if (auto written = write_secret(request.secret_file, made->token_secret); !written)
      return tell(call, written.error());
    std::cerr << "cybexd config convert: "
              << (made->token_secret ? "wrote the secret to " : "wrote a new secret to ")
              << request.secret_file << "\n";
  }
  tahoe::array notes;
  for (const auto& note : made->notes) {
    std::cerr << "cybexd config convert: " << note << "\n";
    notes.emplace_back(note);
  }
  tahoe::object machine{{"toml", made->toml}, {"notes", std::move(notes)}};
  machine.emplace_back("secret_file",
                       call.has("secret-file") ? tahoe::value(request.secret_file) : tahoe::value());
  return answer(call, machine, made->toml);
}

}  // namespace cybexd::app::cli
