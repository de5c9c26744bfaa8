#include "tahoe/store/mongodb_bson.hpp"

#include <bson/bson.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tahoe/bson.hpp"

namespace cybexd::store {
namespace {

const std::uint8_t* raw(std::string_view bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

int length(std::string_view text) { return static_cast<int>(text.size()); }

std::string_view chars(const void* bytes, std::size_t size) {
  return {static_cast<const char*>(bytes), size};
}

bson_oid_t to_oid(const object_id& id) {
  bson_oid_t oid;
  std::memcpy(oid.bytes, id.bytes.data(), id.bytes.size());
  return oid;
}

}  // namespace

bool bson_element::is_null() const { return type_ == BSON_TYPE_NULL; }

std::optional<std::string_view> bson_element::text() const {
  if (type_ != BSON_TYPE_UTF8) return std::nullopt;
  return chars(bytes_, size_);
}

std::optional<double> bson_element::number() const {
  if (type_ == BSON_TYPE_DOUBLE) return real_;
  if (type_ == BSON_TYPE_INT32 || type_ == BSON_TYPE_INT64) return static_cast<double>(whole_);
  return std::nullopt;
}

std::optional<std::int64_t> bson_element::integer() const {
  if (type_ == BSON_TYPE_INT32 || type_ == BSON_TYPE_INT64) return whole_;
  constexpr double most = 9.0e18;
  if (type_ != BSON_TYPE_DOUBLE || !(std::abs(real_) < most) || real_ != std::floor(real_))
    return std::nullopt;
  return static_cast<std::int64_t>(real_);
}

std::optional<bool> bson_element::boolean() const {
  if (type_ != BSON_TYPE_BOOL) return std::nullopt;
  return whole_ != 0;
}

std::optional<object_id> bson_element::id() const {
  if (type_ != BSON_TYPE_OID) return std::nullopt;
  object_id id;
  std::memcpy(id.bytes.data(), bytes_, id.bytes.size());
  return id;
}

std::optional<std::string_view> bson_element::binary() const {
  if (type_ != BSON_TYPE_BINARY) return std::nullopt;
  return chars(bytes_, size_);
}

std::optional<std::int64_t> bson_element::date() const {
  if (type_ != BSON_TYPE_DATE_TIME) return std::nullopt;
  return whole_;
}

std::optional<bson_view> bson_element::document() const {
  if (type_ != BSON_TYPE_DOCUMENT && type_ != BSON_TYPE_ARRAY) return std::nullopt;
  return bson_view(chars(bytes_, size_));
}

bson_view::bson_view(const bson_t* document) : bytes_(chars(bson_get_data(document), document->len)) {}

namespace {

/// What an iterator stands at, with lengths checked by it.
struct read_field {
  const void* bytes = nullptr;
  std::size_t size = 0;
  std::int64_t whole = 0;
  double real = 0;
};

read_field field_at(const bson_iter_t* at) {
  read_field f;
  std::uint32_t size = 0;
  const std::uint8_t* bytes = nullptr;
  switch (bson_iter_type(at)) {
    case BSON_TYPE_UTF8:
      f.bytes = bson_iter_utf8(at, &size);
      f.size = size;
      break;
    case BSON_TYPE_DOUBLE:
      f.real = bson_iter_double(at);
      break;
    case BSON_TYPE_INT32:
      f.whole = bson_iter_int32(at);
      break;
    case BSON_TYPE_INT64:
      f.whole = bson_iter_int64(at);
      break;
    case BSON_TYPE_BOOL:
      f.whole = bson_iter_bool(at) ? 1 : 0;
      break;
    case BSON_TYPE_DATE_TIME:
      f.whole = bson_iter_date_time(at);
      break;
    case BSON_TYPE_OID:
      f.bytes = bson_iter_oid(at);
      break;
    case BSON_TYPE_BINARY:
      bson_iter_binary(at, nullptr, &size, &bytes);
      f.bytes = bytes;
      f.size = size;
      break;
    case BSON_TYPE_DOCUMENT:
      bson_iter_document(at, &size, &bytes);
      f.bytes = bytes;
      f.size = size;
      break;
    case BSON_TYPE_ARRAY:
      bson_iter_array(at, &size, &bytes);
      f.bytes = bytes;
      f.size = size;
      break;
    default:
      break;
  }
  return f;
}

}  // namespace

void bson_view::each(const std::function<bool(const bson_element&)>& visit) const {
  bson_iter_t at;
  if (!bson_iter_init_from_data(&at, raw(bytes_), bytes_.size())) return;
  while (bson_iter_next(&at)) {
    const auto field = field_at(&at);
    bson_element e;
    e.type_ = static_cast<std::uint8_t>(bson_iter_type(&at));
    e.key_ = bson_iter_key(&at);
    e.bytes_ = field.bytes;
    e.size_ = field.size;
    e.whole_ = field.whole;
    e.real_ = field.real;
    if (!visit(e)) return;
  }
}

bson_element bson_view::find(std::string_view key) const {
  bson_element found;
  each([&](const bson_element& e) {
    if (e.key() != key) return true;
    found = e;
    return false;
  });
  return found;
}

bson_element bson_view::find_dotted(std::string_view path) const {
  const auto dot = path.find('.');
  const auto field = find(path.substr(0, dot));
  if (dot == std::string_view::npos) return field;
  const auto inner = field.document();
  return inner ? inner->find_dotted(path.substr(dot + 1)) : bson_element();
}

expected<tahoe::value> bson_view::to_value() const { return tahoe::from_bson(bytes_); }

void bson::freed::operator()(bson_t* document) const { bson_destroy(document); }

bson::bson() : document_(bson_new()) {}
bson::bson(const bson_view& copied)
    : document_(bson_new_from_data(raw(copied.bytes()), copied.bytes().size())) {
  if (!document_) document_.reset(bson_new());  // damaged bytes hold no fields
}
bson::bson(const bson& other) : document_(bson_copy(other.get())) {}
bson& bson::operator=(const bson& other) {
  if (this != &other) document_.reset(bson_copy(other.get()));
  return *this;
}

expected<bson> bson::from(const tahoe::value& v) {
  auto bytes = tahoe::to_bson(v);
  if (!bytes) return fail(bytes.error());
  return bson(bson_view(*bytes));
}

bson& bson::add(std::string_view key, std::string_view text) {
  bson_append_utf8(get(), key.data(), length(key), text.data(), length(text));
  return *this;
}
bson& bson::add(std::string_view key, bool b) {
  bson_append_bool(get(), key.data(), length(key), b);
  return *this;
}
bson& bson::add(std::string_view key, double d) {
  bson_append_double(get(), key.data(), length(key), d);
  return *this;
}
bson& bson::add(std::string_view key, std::int64_t i) {
  if (i < std::numeric_limits<std::int32_t>::min() || i > std::numeric_limits<std::int32_t>::max())
    return add_int64(key, i);
  bson_append_int32(get(), key.data(), length(key), static_cast<std::int32_t>(i));
  return *this;
}
bson& bson::add_int64(std::string_view key, std::int64_t i) {
  bson_append_int64(get(), key.data(), length(key), i);
  return *this;
}
bson& bson::add(std::string_view key, const object_id& id) {
  const auto oid = to_oid(id);
  bson_append_oid(get(), key.data(), length(key), &oid);
  return *this;
}
bson& bson::add(std::string_view key, const bson& document) {
  bson_append_document(get(), key.data(), length(key), document.get());
  return *this;
}
bson& bson::add(std::string_view key, const bson_list& list) {
  bson_append_array(get(), key.data(), length(key), list.items().get());
  return *this;
}
bson& bson::add_null(std::string_view key) {
  bson_append_null(get(), key.data(), length(key));
  return *this;
}
bson& bson::add_binary(std::string_view key, std::string_view bytes) {
  bson_append_binary(get(), key.data(), length(key), BSON_SUBTYPE_BINARY, raw(bytes),
                     static_cast<std::uint32_t>(bytes.size()));
  return *this;
}
bson& bson::add_date(std::string_view key, std::int64_t milliseconds) {
  bson_append_date_time(get(), key.data(), length(key), milliseconds);
  return *this;
}

expected<void> bson::add_value(std::string_view key, const tahoe::value& v) {
  auto wrapped = bson::from(tahoe::object{{std::string(key), v}});
  if (!wrapped) return fail(wrapped.error());
  bson_concat(get(), wrapped->get());
  return {};
}

bson& bson::add_field(std::string_view key, const bson_view& from) {
  bson_iter_t at;
  if (!bson_iter_init_from_data(&at, raw(from.bytes()), from.bytes().size())) return *this;
  if (bson_iter_find_w_len(&at, key.data(), length(key)))
    bson_append_iter(get(), key.data(), length(key), &at);
  return *this;
}

bson& bson::add_all(const bson_view& other) {
  bson_concat(get(), bson(other).get());
  return *this;
}

bson_view bson::view() const { return bson_view(get()); }
std::size_t bson::size() const { return document_->len; }
bool bson::empty() const { return bson_empty(get()); }

}  // namespace cybexd::store
