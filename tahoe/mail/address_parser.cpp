#include "tahoe/mail/address_parser.hpp"

#include <algorithm>

#include "tahoe/mail/address_tokens.hpp"

namespace cybexd::tahoe::mail {

namespace {

using kind = address_item::kind;

/// The upper half of the grammar (RFC 5322, 3.4).
class address_parser {
 public:
  explicit address_parser(std::string_view text) : t_(text) {}

  std::optional<std::vector<address>> run() {
    std::vector<address> out;
    while (!t_.gave_up() && !t_.at_end()) {
      const auto before = t_.rest();
      address a;
      if (take_address(a)) {
        out.push_back(std::move(a));
      } else {
        if (t_.gave_up()) break;
        t_.go_back(before);
        const bool blanks = t_.take_blanks();
        if (!t_.gave_up() && !(blanks && t_.at_end()) && !t_.at(',')) {
          skip_invalid(",");
          out.push_back({false, {}, {mailbox{}}});
        }
      }
      if (!t_.at_end() && !t_.at(',')) {
        // The original spoils what it has just read, and stumbles if that is a group.
        if (!out.empty() && out.back().is_group) t_.give_up();
        skip_invalid(",");
      }
      t_.take(',');
    }
    if (t_.gave_up()) return std::nullopt;
    return out;
  }

 private:
  bool take_address(address& out) {
    const auto before = t_.rest();
    if (take_group(out)) return true;
    if (t_.gave_up()) return false;
    t_.go_back(before);
    out = {};
    return take_mailbox(out.boxes.emplace_back());
  }

  bool take_group(address& out) {
    std::vector<address_item> phrase;
    if (!t_.take_phrase(phrase) || !t_.take(':')) return false;
    out.is_group = true;
    if (!name_of(std::move(phrase), out.group_name)) return false;
    if (t_.take(';')) return true;
    t_.take_blanks();
    if (t_.gave_up() || !take_group_members(out.boxes)) return false;
    t_.take(';');
    t_.take_blanks();
    return !t_.gave_up();
  }

  bool take_group_members(std::vector<mailbox>& out) {
    while (!t_.gave_up() && !t_.at_end() && !t_.at(';')) {
      const auto before = t_.rest();
      mailbox box;
      if (take_mailbox(box)) {
        out.push_back(std::move(box));
      } else {
        if (t_.gave_up()) return false;
        t_.go_back(before);
        const bool blanks = t_.take_blanks();
        if (!t_.gave_up() && !(blanks && t_.at_end()) && !t_.at(',') && !(blanks && t_.at(';'))) {
          skip_invalid(",;");
          out.emplace_back();
        }
      }
      if (!t_.at_end() && !t_.at_any(",;")) skip_invalid(",;");
      t_.take(',');
    }
    return !t_.gave_up();
  }

  void skip_invalid(std::string_view ends) {
    std::vector<address_item> phrase;
    while (!t_.gave_up() && !t_.at_end() && !t_.at_any(ends)) {
      if (t_.at_any(phrase_ends))
        t_.drop();
      else
        t_.take_phrase(phrase);
    }
  }

  bool take_mailbox(mailbox& out) {
    const auto before = t_.rest();
    if (take_name_and_angles(out)) return true;
    if (t_.gave_up()) return false;
    t_.go_back(before);
    out = {};
    return take_spec(out);
  }

  bool take_name_and_angles(mailbox& out) {
    t_.take_blanks();
    if (t_.gave_up() || t_.at_end()) return false;
    if (!t_.at('<')) {
      std::vector<address_item> phrase;
      if (t_.at_any(phrase_ends) || !t_.take_phrase(phrase) || t_.at_end()) return false;
      return take_angles(out) && name_of(std::move(phrase), out.name);
    }
    return take_angles(out);
  }

  bool take_angles(mailbox& out) {
    t_.take_blanks();
    if (t_.gave_up() || !t_.take('<')) return false;
    if (t_.at_end()) return t_.give_up();
    if (t_.take('>')) return true;
    const auto before = t_.rest();
    if (!take_spec(out)) {
      if (t_.gave_up()) return false;
      t_.go_back(before);
      if (!skip_route()) return false;
      out.local.clear();
      if (!take_spec(out)) return false;
    }
    t_.take('>');
    t_.take_blanks();
    return !t_.gave_up();
  }

  bool skip_route() {
    while (t_.at(',') || t_.at_any(blanks_or_comment)) {
      if (!t_.take(',')) t_.take_blanks();
      if (t_.gave_up()) return false;
    }
    std::string domain;
    if (!t_.take('@') || !take_domain(domain)) return false;
    while (t_.take(',')) {
      if (t_.at_end()) break;
      t_.take_blanks();
      if (t_.gave_up()) return false;
      if (t_.at_end()) return t_.give_up();
      if (t_.take('@') && !take_domain(domain)) return false;
    }
    return t_.take(':');
  }

  bool take_spec(mailbox& out) {
    if (!take_local(out.local)) return false;
    return !t_.take('@') || take_domain(out.domain);
  }

  bool take_local(std::string& out) {
    if (t_.at_end()) return t_.give_up();
    const auto begin = t_.rest();
    t_.take_blanks();
    if (t_.gave_up() || t_.at_end()) return false;
    const auto before = t_.rest();
    address_item item;
    bool taken = t_.take_dot_atom(item);
    if (!taken && !t_.gave_up()) {
      t_.go_back(before);
      item = {};
      taken = t_.take_word(item);
    }
    if (t_.gave_up()) return false;
    if (!taken) {
      t_.go_back(before);
      if (!t_.at('\\') && t_.at_any(phrase_ends)) return false;
      item = {};
    }
    if (!t_.at_end() && (t_.at('\\') || !t_.at_any(phrase_ends))) {
      t_.go_back(begin);
      return take_obsolete_local(out);
    }
    if (taken && item.hollow) return t_.give_up();
    out = item.text;
    return true;
  }

  bool take_obsolete_local(std::string& out) {
    std::vector<address_item> items;
    while (!t_.at_end() && (t_.at('\\') || !t_.at_any(phrase_ends))) {
      if (t_.take('.')) {
        items.push_back({kind::dot, "."});
      } else if (t_.take('\\')) {
        items.push_back({kind::backslash, "\\"});
      } else {
        const auto before = t_.rest();
        address_item word;
        if (!t_.take_word(word)) {
          if (t_.gave_up()) return false;
          t_.go_back(before);
          if (!t_.take_blanks()) return false;
          word = {kind::blank, {}};
        }
        items.push_back(std::move(word));
      }
      if (t_.gave_up()) return false;
    }
    if (items.size() == 1 && items[0].what == kind::blank) return t_.give_up();
    out = joined_local(items);
    return true;
  }

  /// The parts without what stood around dots and at the ends.
  static std::string joined_local(std::vector<address_item> items) {
    std::erase_if(items, [](const address_item& i) { return i.what == kind::blank; });
    std::string out;
    for (std::size_t n = 0; n < items.size(); ++n) {
      auto& item = items[n];
      if (n == 0 || items[n - 1].what == kind::dot) item.lead = false;
      if (n + 1 == items.size() || items[n + 1].what == kind::dot) item.trail = false;
      out += item.value();
    }
    return out;
  }

  bool take_domain(std::string& out) {
    out.clear();
    if (t_.at_end()) return t_.give_up();
    t_.take_blanks();
    if (t_.gave_up() || t_.at_end()) return false;
    if (t_.at('[')) return take_domain_literal(out);
    const auto before = t_.rest();
    address_item item;
    if (!t_.take_dot_atom(item)) {
      if (t_.gave_up()) return false;
      t_.go_back(before);
      item = {};
      if (!t_.take_atom(item)) return false;
    }
    if (t_.at('@')) return false;
    out = item.text;
    while (t_.take('.')) {
      address_item next;
      if (!t_.take_atom(next)) return false;
      out += "." + next.text;
    }
    out = without_spaces(out);
    return true;
  }

  bool take_domain_literal(std::string& out) {
    t_.drop();
    if (t_.at_end()) return t_.give_up();
    t_.take_spaces();
    if (t_.at_end()) return t_.give_up();
    const auto inside = t_.take_quotable("[]");
    if (t_.at_end()) return t_.give_up();
    t_.take_spaces();
    if (t_.at_end()) return t_.give_up();
    if (!t_.take(']')) return false;
    out = without_spaces("[" + inside + "]");
    t_.take_blanks();
    return !t_.gave_up();
  }

  /// A phrase's words with what stood between them, without what stood around them all.
  bool name_of(std::vector<address_item> phrase, std::string& out) {
    if (phrase.empty()) return true;
    if (phrase.front().what == kind::blank)
      phrase.erase(phrase.begin());
    else if (phrase.front().what == kind::dot)
      return t_.give_up();
    else
      phrase.front().lead = false;
    if (phrase.empty() || phrase.back().what == kind::dot) return t_.give_up();
    if (phrase.back().what == kind::blank)
      phrase.pop_back();
    else
      phrase.back().trail = false;
    for (const auto& item : phrase) out += item.value();
    return true;
  }

  address_tokens t_;
};

}  // namespace

std::optional<std::vector<address>> read_addresses(std::string_view text) {
  return address_parser(text).run();
}

}  // namespace cybexd::tahoe::mail
