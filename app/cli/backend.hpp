#pragma once
// Where a command's operations run: on stores that it opens itself, or in the server that has them open.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/client/http_client.hpp"
#include "app/config/config.hpp"
#include "app/directory_lock.hpp"
#include "app/engine.hpp"
#include "tahoe/value.hpp"

namespace cybexd::app::cli {

/// What becomes of a store that should be in `data_dir` and is not.
enum class missing_store : std::uint8_t { is_an_error, is_made };

class backend {
 public:
  /// Takes the directory's lock and opens the stores, or finds the server that holds it. Waits a few seconds
  /// for another command to finish. Errors: conflict (somebody holds it and does not answer), those of
  /// `must_hold_its_stores`, as of the stores.
  [[nodiscard]] static expected<backend> open(const configuration& config,
                                              missing_store how = missing_store::is_an_error);

  /// Runs an operation. `within` bounds the wait for a server.
  [[nodiscard]] expected<tahoe::value> call(std::string_view operation, const tahoe::value& input,
                                            std::chrono::milliseconds within = std::chrono::minutes(10));
  /// A way to call short operations from another thread while a call is under way. Not longer than this
  /// lives.
  [[nodiscard]] std::function<expected<tahoe::value>(std::string_view operation, const tahoe::value& input)>
  call_beside() const;

 private:
  backend() = default;
  [[nodiscard]] static std::optional<backend> to_server(const std::string& data_dir);
  std::optional<directory_lock> lock_;
  std::unique_ptr<engine> engine_;
  std::optional<client::http_client> server_;
  std::string socket_;  // where the server listens
};

}  // namespace cybexd::app::cli
