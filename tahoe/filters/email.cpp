#include "tahoe/filters/builder.hpp"
#include "tahoe/filters/filters.hpp"
#include "tahoe/mail/addresses.hpp"
#include "tahoe/mail/charset.hpp"
#include "tahoe/mail/date.hpp"
#include "tahoe/mail/message.hpp"
#include "tahoe/mail/words.hpp"

namespace cybexd::tahoe::filters {

namespace {

/// Bytes of one header that the filter reads. Mail servers refuse or cut headers that are a quarter of it.
constexpr std::size_t longest_header = 256u << 10;

/// The headers of a message, decoded. What the filter needs and does not find makes the record unusable.
class email_headers {
 public:
  email_headers(const mail::part& message, builder& b) : message_(message), b_(b) {}

  std::string addresses(std::string_view name) {
    const auto* raw = need(name);
    if (raw == nullptr) return {};
    auto text = mail::rewrite_addresses(*raw);
    if (!text || text->empty()) b_.refuse("the e-mail's " + std::string(name) + " names no address");
    return text.value_or(std::string());
  }

  /// The same where the header may be missing, or empty.
  std::string optional_addresses(std::string_view name) {
    const auto* raw = header(name);
    if (raw == nullptr) return {};
    const auto text = mail::rewrite_addresses(*raw);
    if (!text) b_.refuse("the e-mail's " + std::string(name) + " cannot be read");
    return text.value_or(std::string());
  }

  std::string text(std::string_view name) {
    const auto* raw = need(name);
    if (raw == nullptr) return {};
    auto decoded = mail::decode_unstructured(*raw);
    if (decoded.empty()) b_.refuse("the e-mail's " + std::string(name) + " is empty");
    return decoded;
  }

  std::string optional_text(std::string_view name) {
    const auto* raw = header(name);
    return raw == nullptr ? std::string() : mail::decode_unstructured(*raw);
  }

  double date() {
    const auto* raw = need("Date");
    const auto time = raw == nullptr ? std::nullopt : mail::parse_date(*raw);
    if (!time) b_.refuse("the e-mail's Date is no date");
    return time.value_or(0);
  }

 private:
  const std::string* need(std::string_view name) {
    const auto* raw = header(name);
    if (raw == nullptr) b_.refuse("the e-mail has no " + std::string(name));
    return raw;
  }

  const std::string* header(std::string_view name) {
    const auto* raw = message_.header(name);
    if (raw == nullptr || raw->size() <= longest_header) return raw;
    b_.refuse("the e-mail's " + std::string(name) + " passes " + std::to_string(longest_header) + " bytes");
    return nullptr;
  }

  const mail::part& message_;
  builder& b_;
};

/// A header that ends in `>` holds, right of its last space, an address in brackets, and left of it a name.
builder::parts name_and_address(builder& b, std::string_view header) {
  if (!header.ends_with('>')) return {&b.attribute("email_addr", header)};
  const auto space = header.rfind(' ');
  const auto name = space == std::string_view::npos ? std::string_view() : header.substr(0, space);
  auto address = space == std::string_view::npos ? header : header.substr(space + 1);
  // As the original cuts it: one character at each end, whatever it is. The last one is the bracket.
  address.remove_suffix(1);
  if (!address.empty()) address.remove_prefix(1);
  while (!address.empty() && (static_cast<unsigned char>(address.front()) & 0xc0) == 0x80)
    address.remove_prefix(1);
  builder::parts parts;
  if (!name.empty()) parts.push_back(&b.attribute("name", name));
  parts.push_back(&b.attribute("email_addr", address));
  return parts;
}

std::string body_text(const mail::part& message, builder& b) {
  const auto* body = mail::find_body(message);
  if (body == nullptr) {
    b.refuse("the e-mail has no text part");
    return {};
  }
  auto text = mail::text_of(*body);
  if (!text && !mail::is_known_charset(body->charset()))
    b.refuse("the charset of the e-mail's text is unknown");
  else if (!text)
    b.refuse("the e-mail's text cannot be decoded from its charset");
  return text.value_or(std::string());
}

}  // namespace

product run_email(const value& data, const context& about) {
  builder b(data, about);
  const auto* field = data.find("data");
  if (field == nullptr || field->text() == nullptr) {
    b.refuse("the record has no string data that holds an e-mail");
    return b.finish();
  }
  const auto message = mail::read_message(*field->text());
  if (!message) {
    b.refuse("the e-mail's parts are too many or nested too deep");
    return b.finish();
  }
  email_headers headers(*message, b);
  const auto from = headers.addresses("From"), to = headers.addresses("To"),
             subject = headers.text("Subject");
  const auto reply_to = headers.optional_addresses("Reply-To");
  const auto sender = headers.optional_text("X-Mailgun-Sending-Ip");
  const auto date = headers.date();
  const auto body = body_text(*message, b);
  if (b.refused()) return b.finish();

  auto src = name_and_address(b, from);
  if (!sender.empty()) src.push_back(&b.attribute("ipv4", sender));
  builder::parts parts{&b.object("src", src)};
  if (!reply_to.empty()) parts.push_back(&b.object("reply_to", {&b.attribute("email_addr", reply_to)}));
  parts.push_back(&b.object("dst", name_and_address(b, to)));
  parts.push_back(&b.attribute("subject", subject));
  parts.push_back(&b.attribute("body", body));
  b.event("email", parts, date, category::unknown, {});
  return b.finish();
}

}  // namespace cybexd::tahoe::filters
