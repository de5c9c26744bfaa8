#include "tahoe/fingerprint.hpp"

#include <array>

#include "tahoe/json.hpp"

namespace cybexd::tahoe {

namespace {

constexpr std::size_t room_in_memory = 32u << 20;

value hash_texts(const std::vector<hash256>& hashes) {
  array out;
  out.reserve(hashes.size());
  for (const auto& hash : hashes) out.emplace_back(crypto::to_hex(hash));
  return value(std::move(out));
}

std::string event_text(const document& d) {
  return to_python_json(array{crypto::to_hex(d.hash), d.sub_type, d.orgid, d.timestamp, to_string(d.category),
                              hash_texts(d.ref), hash_texts(d.mal_ref)});
}

std::string session_text(const document& d) {
  return to_python_json(array{crypto::to_hex(d.hash), d.sub_type, hash_texts(d.ref),
                              d.start_time.value_or(value()), d.end_time.value_or(value()),
                              d.duration.value_or(value())});
}

bool begins_with_letter(const hash256& hash) { return hash.bytes[0] >= 0xa0; }

}  // namespace

/// Texts joined by a newline, hashed as they come.
class fingerprint_maker::joined {
 public:
  void add(std::string_view text) {
    if (any_) stream_.update("\n");
    any_ = true;
    stream_.update(text);
  }
  /// Texts that are joined already.
  void add_joined(std::string_view piece) { stream_.update(piece); }
  void mark_begun() { any_ = true; }
  [[nodiscard]] bool begun() const { return any_; }
  [[nodiscard]] hash256 finish() { return stream_.finish(); }

 private:
  crypto::sha256_stream stream_;
  bool any_ = false;
};

/// Texts joined by a newline that wait for their turn, in memory while they are few.
class fingerprint_maker::waiting_room {
 public:
  waiting_room() = default;
  waiting_room(const waiting_room&) = delete;
  waiting_room& operator=(const waiting_room&) = delete;
  ~waiting_room() {
    if (file_ != nullptr) std::fclose(file_);
  }

  expected<void> add(std::string_view text) {
    if (any_) memory_ += '\n';
    any_ = true;
    memory_ += text;
    if (memory_.size() < room_in_memory) return {};
    if (file_ == nullptr) file_ = std::tmpfile();
    if (file_ == nullptr || std::fwrite(memory_.data(), 1, memory_.size(), file_) != memory_.size())
      return fail(failure::unavailable, "cannot write the temporary file of the digest");
    memory_.clear();
    return {};
  }

  expected<void> move_to(joined& out) {
    if (!any_) return {};
    if (out.begun()) out.add_joined("\n");
    out.mark_begun();
    if (file_ != nullptr) {
      std::rewind(file_);
      std::array<char, 65536> piece;
      for (std::size_t size = 0; (size = std::fread(piece.data(), 1, piece.size(), file_)) > 0;)
        out.add_joined({piece.data(), size});
      if (std::ferror(file_) != 0)
        return fail(failure::unavailable, "cannot read the temporary file of the digest");
    }
    out.add_joined(memory_);
    memory_.clear();
    return {};
  }

 private:
  bool any_ = false;
  std::string memory_;
  std::FILE* file_ = nullptr;
};

fingerprint_maker::fingerprint_maker()
    : hashes_(std::make_unique<joined>()),
      parts_(std::make_unique<joined>()),
      events_(std::make_unique<waiting_room>()) {}

fingerprint_maker::~fingerprint_maker() = default;

expected<void> fingerprint_maker::add(const document& d) {
  if (any_ && !(last_ < d.hash))
    return fail(failure::bad_input, "documents must come in the order of their hashes");
  any_ = true;
  last_ = d.hash;
  ++result_.instances[std::string(to_string(d.kind)) + "/" + d.sub_type];
  hashes_->add(crypto::to_hex(d.hash));
  return add_part(d);
}

// Texts in order: hashes that begin with a digit, then the texts of events and sessions (which begin with a
// bracket), then hashes that begin with a letter.
expected<void> fingerprint_maker::add_part(const document& d) {
  if (!letters_ && begins_with_letter(d.hash))
    if (auto done = begin_letters(); !done) return done;
  const bool listed = d.kind == itype::event || d.kind == itype::session;
  if (!listed) {
    letters_ ? others_.push_back(d.hash) : parts_->add(crypto::to_hex(d.hash));
    return {};
  }
  const auto text = d.kind == itype::event ? event_text(d) : session_text(d);
  if (!letters_) return events_->add(text);
  parts_->add(text);
  return {};
}

expected<void> fingerprint_maker::begin_letters() {
  letters_ = true;
  return events_->move_to(*parts_);
}

expected<fingerprint> fingerprint_maker::finish() {
  if (!letters_)
    if (auto done = begin_letters(); !done) return fail(std::move(done.error()));
  for (const auto& hash : others_) parts_->add(crypto::to_hex(hash));
  result_.hashes = hashes_->finish();
  result_.parts = parts_->finish();
  return std::move(result_);
}

value fingerprint::to_value() const {
  object counts;
  for (const auto& [name, count] : instances) counts.emplace_back(name, static_cast<std::int64_t>(count));
  return value(object{{"instances", std::move(counts)},
                      {"sha256_of_sorted_hashes", crypto::to_hex(hashes)},
                      {"sha256_of_sorted_parts", crypto::to_hex(parts)}});
}

}  // namespace cybexd::tahoe
