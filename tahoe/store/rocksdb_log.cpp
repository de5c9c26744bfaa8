#include "tahoe/store/rocksdb_log.hpp"

#include <rocksdb/env.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <mutex>

namespace cybexd::store {
namespace {

constexpr long most_bytes = 4L << 20;

class database_log final : public rocksdb::Logger {
 public:
  explicit database_log(const std::string& directory)
      : Logger(rocksdb::WARN_LEVEL), path_(directory + "/LOG") {
    open();
  }

  using Logger::Logv;
  void Logv(const char* format, va_list values) override {
    std::array<char, 2048> text{};
    if (std::vsnprintf(text.data(), text.size(), format, values) < 0) return;
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    std::array<char, 32> when{};
    (void)std::strftime(when.data(), when.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
    const std::scoped_lock lock(mutex_);
    if (!file_) return;
    (void)std::fprintf(file_.get(), "%s %s\n", when.data(), text.data());
    (void)std::fflush(file_.get());
    std::clearerr(file_.get());
    if (std::ftell(file_.get()) > most_bytes) turn_over();
  }

 private:
  struct closer {
    void operator()(std::FILE* f) const { (void)std::fclose(f); }
  };

  void open() { file_.reset(std::fopen(path_.c_str(), "ae")); }
  void turn_over() {
    std::error_code ignored;
    file_.reset();
    std::filesystem::rename(path_, path_ + ".old", ignored);
    open();
  }

  std::string path_;
  std::mutex mutex_;
  std::unique_ptr<std::FILE, closer> file_;
};

}  // namespace

std::shared_ptr<rocksdb::Logger> make_database_log(const std::string& directory) {
  return std::make_shared<database_log>(directory);
}

}  // namespace cybexd::store
