#include "report/query.hpp"

#include <algorithm>
#include <array>

namespace cybexd::report {
namespace {

using tahoe::value;

constexpr std::array<std::string_view, 14> keys = {
    "sub_type", "data",        "from",  "to",   "last",    "tzname",        "category",
    "context",  "return_type", "level", "page", "summary", "summary_graph", "_hash"};

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

tl::unexpected<error> wrong(std::string_view key, const value& was, std::string_view may_be) {
  std::string text = "'";
  text.append(key).append("' was ").append(shown(was)).append("; it may be ").append(may_be);
  return fail(failure::bad_input, std::move(text));
}

/// Takes the members of a query one by one, and remembers the first that is wrong.
class member_reader {
 public:
  explicit member_reader(const value& data) : data_(data) {}

  [[nodiscard]] const std::optional<error>& problem() const { return problem_; }

  template <class T>
  T one_of(std::string_view key, const std::vector<std::pair<std::string, T>>& choices, T otherwise) {
    const auto* found = data_.find(key);
    if (found == nullptr) return otherwise;
    if (const auto* text = found->text())
      for (const auto& [name, meaning] : choices)
        if (name == *text) return meaning;
    std::vector<std::string> names;
    for (const auto& choice : choices) names.push_back(choice.first);
    note(wrong(key, *found, "one of: " + join(names)));
    return otherwise;
  }

  std::int64_t integer(std::string_view key, std::int64_t least, std::int64_t most, std::string_view may_be) {
    const auto* found = data_.find(key);
    if (found == nullptr) return least;
    const auto* number = found->get_if<std::int64_t>();
    if (number != nullptr && *number >= least && *number <= most) return *number;
    note(wrong(key, *found, may_be));
    return least;
  }

  bool boolean(std::string_view key, bool otherwise) {
    const auto* found = data_.find(key);
    if (found == nullptr) return otherwise;
    if (const auto* flag = found->get_if<bool>()) return *flag;
    note(wrong(key, *found, "true or false"));
    return otherwise;
  }

  std::optional<std::string> text(std::string_view key, std::string_view may_be) {
    const auto* found = data_.find(key);
    if (found == nullptr) return std::nullopt;
    if (const auto* text = found->text()) return *text;
    note(wrong(key, *found, may_be));
    return std::nullopt;
  }

  std::optional<hash256> hash(std::string_view key) {
    const auto* found = data_.find(key);
    if (found == nullptr) return std::nullopt;
    const auto* text = found->text();
    auto hash = text != nullptr ? crypto::hash_from_hex(*text) : std::nullopt;
    if (!hash) note(wrong(key, *found, "64 hexadecimal digits"));
    return hash;
  }

  void note(tl::unexpected<error> e) {
    if (!problem_) problem_ = std::move(e.value());
  }

 private:
  const value& data_;
  std::optional<error> problem_;
};

expected<void> check_keys(query_type type, const value& data) {
  const auto* members = data.get_if<tahoe::object>();
  if (members == nullptr)
    return fail(failure::bad_input,
                "the query was " + std::string(tahoe::kind_of(data)) + "; it may be an object");
  for (const auto& [key, member] : *members)
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      std::string known;
      for (auto name : keys) known.append(known.empty() ? "" : ", ").append(name);
      return fail(failure::bad_input, "key " + shown(value(key)) + " is not known (it was " + shown(member) +
                                          "); a query may have the keys: " + known);
    }
  const auto need = [&](std::string_view key) -> expected<void> {
    if (data.find(key) != nullptr) return {};
    return fail(failure::bad_input, "'" + std::string(key) + "' is missing; a query of type " +
                                        std::string(to_string(type)) + " needs it");
  };
  if (type == query_type::threatrank) return need("_hash");
  if (auto there = need("sub_type"); !there) return there;
  return need("data");
}

void read_attribute(member_reader& from, const value& data, const std::vector<std::string>& sub_types,
                    query& into) {
  std::vector<std::pair<std::string, std::string>> choices;
  for (const auto& name : sub_types) choices.emplace_back(name, name == "ip" ? "ipv4" : name);
  into.sub_type = from.one_of<std::string>("sub_type", choices, "");
  const auto* scalar = data.find("data");
  if (scalar == nullptr) return;
  if (!scalar->is_scalar())
    return from.note(wrong("data", *scalar, "a string, a number, true, false or null"));
  into.data = *scalar;
  if (into.sub_type.empty()) return;
  auto attribute = tahoe::make_attribute(into.sub_type, into.data);
  if (!attribute) return from.note(wrong("data", *scalar, "a shorter text: " + attribute.error().text));
  into.attribute = attribute->hash;
}

void read_choices(member_reader& from, query& into) {
  using store::context_filter;
  using tahoe::category;
  using tahoe::itype;
  into.category = from.one_of<std::optional<category>>("category",
                                                       {{"all", std::nullopt},
                                                        {"benign", category::benign},
                                                        {"malicious", category::malicious},
                                                        {"unknown", category::unknown}},
                                                       std::nullopt);
  into.context = from.one_of<context_filter>("context",
                                             {{"all", context_filter::all},
                                              {"benign", context_filter::benign},
                                              {"malicious", context_filter::malicious},
                                              {"unknown", context_filter::unknown}},
                                             context_filter::all);
  into.only = from.one_of<return_type>("return_type",
                                       {{"all", std::nullopt},
                                        {"attribute", itype::attribute},
                                        {"event", itype::event},
                                        {"object", itype::object},
                                        {"session", itype::session}},
                                       std::nullopt);
  into.level = static_cast<int>(from.integer("level", 1, 3, "an integer from 1 to 3"));
  into.page = from.integer("page", 1, INT64_MAX, "an integer from 1");
  into.summary = from.boolean("summary", true);
  into.summary_graph = from.boolean("summary_graph", false);
  into.event = from.hash("_hash");
}

}  // namespace

std::string_view to_string(query_type type) {
  switch (type) {
    case query_type::count:
      return "count";
    case query_type::related:
      return "related";
    case query_type::threatrank:
      return "threatrank";
  }
  return "unknown";
}

std::optional<query_type> query_type_from(std::string_view name) {
  for (auto type : {query_type::count, query_type::related, query_type::threatrank})
    if (to_string(type) == name) return type;
  return std::nullopt;
}

const std::vector<std::string>& default_sub_types() {
  static const std::vector<std::string> names = {"asn",      "body",     "domain", "email_addr",
                                                 "filename", "hostname", "sha256", "subject",
                                                 "ip",       "ipv4",     "url"};
  return names;
}

store::event_filter query::filter(const store::visibility& who) const {
  store::event_filter out;
  range.apply(out);
  out.category = category;
  out.context = context;
  out.who = who;
  return out;
}

expected<query> read_query(query_type type, const value& data, double now,
                           const std::vector<std::string>& sub_types) {
  if (auto good = check_keys(type, data); !good) return fail(good.error());
  query out;
  out.type = type;
  member_reader from(data);
  read_attribute(from, data, sub_types, out);
  read_choices(from, out);
  constexpr std::string_view date = "a date or Unix seconds, as a string";
  const time_range_text range{from.text("from", date), from.text("to", date),
                              from.text("last", "a length of time such as \"7 days\", as a string"),
                              from.text("tzname", "the name of a time zone, such as \"Europe/Berlin\"")};
  if (from.problem()) return fail(*from.problem());
  const auto read = read_time_range(range, now);
  if (!read) return fail(read.error());
  out.range = *read;
  return out;
}

}  // namespace cybexd::report
