#include "app/config/convert.hpp"

#include <algorithm>
#include <map>

#include "app/config/checks.hpp"
#include "app/config/keys.hpp"
#include "app/config/original_reader.hpp"
#include "app/store_place.hpp"
#include "crypto/token.hpp"
#include "tahoe/store/stores.hpp"

namespace cybexd::app {
namespace {

constexpr std::string_view original_url = "mongodb://localhost:27017/";

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c != 0x7f; });
}

std::string with_scheme(std::string_view address) {
  const bool bare = address.find("://") == std::string_view::npos;
  return (bare ? "mongodb://" : "") + std::string(address);
}

/// pymongo takes a bare `host:port`, too.
bool is_address(std::string_view text) {
  const auto scheme = text.find("://");
  const bool ours = text.starts_with("mongodb://") || text.starts_with("mongodb+srv://");
  const auto rest = scheme == std::string_view::npos ? text : text.substr(scheme + 3);
  if (!is_printable(text) || (scheme != std::string_view::npos && !ours) || rest.empty() || rest[0] == '/')
    return false;
  return store::check_mongodb_url(with_scheme(text)).has_value();
}

/// MongoDB's rules for names of databases and collections.
bool is_db(std::string_view text) {
  return is_printable(text) && wrong_in_database(text).empty() &&
         text.find_first_of("*<>:|?") == std::string_view::npos;
}
bool is_coll(std::string_view text) { return wrong_in_collection(text).empty() && text.back() != '.'; }
bool is_host(std::string_view text) {
  return is_printable(text) && !text.empty() && text.find_first_of("/@,") == std::string_view::npos;
}
bool is_path(std::string_view text) { return !text.empty() && text.find('\0') == std::string_view::npos; }

const original_reader::expectation address{
    "the address of a MongoDB server, such as \"mongodb://127.0.0.1:27017/\"", is_address, true};
const original_reader::expectation db{"the name of a MongoDB database", is_db};
const original_reader::expectation coll{"the name of a MongoDB collection", is_coll};
const original_reader::expectation host{"the name or address of a host", is_host};
const original_reader::expectation path{"the path of a file", is_path};
const original_reader::expectation any_secret{"a text", nullptr, true};

class converter {
 public:
  converter(const tahoe::value& root, const conversion_request& request)
      : reader_(root, request.name), request_(request) {}

  tl::expected<conversion, std::vector<mistake>> run() {
    values_.store.kind = "mongodb";
    say("store.kind", "CYBEX-P keeps all in MongoDB.");
    places();
    keys();
    rest();
    secret();
    if (!reader_.mistakes.empty()) return tl::unexpected(std::move(reader_.mistakes));
    for (auto& note : reader_.leftovers()) out_.notes.push_back(std::move(note));
    out_.toml = render();
    return std::move(out_);
  }

 private:
  struct place {
    original_text url, db, coll;
  };

  /// Why a key stands in the output.
  void say(std::string_view key, std::string why) { reasons_[key] = std::move(why); }
  static std::string from(const original_text& text) {
    return text.key.empty() ? "CYBEX-P's default, which the file does not change." : "From " + text.key + ".";
  }
  void note(std::string text) { out_.notes.push_back(std::move(text)); }

  /// The place that a section names, by the keys of now and of older versions.
  place read(const std::string& section, const std::vector<std::string>& old, const store_place& defaults) {
    std::vector<std::string> dbs{"db"}, colls{"coll"}, old_dbs, old_colls;
    for (const auto& name : old) {
      old_dbs.push_back(name + "_db");
      old_colls.push_back(name + "_coll");
    }
    dbs.insert(dbs.end(), old_dbs.begin(), old_dbs.end());
    colls.insert(colls.end(), old_colls.begin(), old_colls.end());
    const auto either = [&](const std::vector<std::string>& keys, const std::vector<std::string>& old_keys,
                            const original_reader::expectation& expected, std::string_view otherwise) {
      auto found = reader_.text(section, keys, expected);
      auto shared = reader_.text("mongo", old_keys, expected);
      if (!found) found = std::move(shared);
      return found ? *found : original_text{std::string(otherwise), ""};
    };
    place p{either({"mongo_url"}, {"mongo_url"}, address, original_url),
            either(dbs, old_dbs, db, defaults.db), either(colls, old_colls, coll, defaults.coll)};
    p.url.value = with_scheme(p.url.value);
    return p;
  }

  void take(std::string_view section, const place& p, store_place& into) {
    const std::string name = "store." + std::string(section);
    into.db = p.db.value;
    into.coll = p.coll.value;
    coll_keys_[std::string(section)] = p.coll.key.empty() ? std::string(section) + ".coll" : p.coll.key;
    say(*find(name + ".db"), from(p.db));
    say(*find(name + ".coll"), from(p.coll));
    if (p.url.value == values_.store.url) return;
    into.url = p.url.value;
    say(*find(name + ".url"), from(p.url));
  }
  static const std::string_view* find(const std::string& name) { return &find_key(name)->name; }

  void places() {
    auto& s = values_.store;
    const bool tahoe = reader_.has("tahoe");
    const auto archive = read(tahoe ? "tahoe" : "archive", {"tahoe", "archive"}, s.archive);
    s.url = archive.url.value;
    say("store.url", from(archive.url) + " For every store that names no other.");
    take("cache", read("cache", {"cache"}, s.cache), s.cache);
    take("archive", archive, s.archive);
    take("report", read("report", {"report"}, s.report), s.report);
    take("identity", read("identity", {"identity"}, s.identity), s.identity);
    for (const auto& [first, second, name, collection] : clashes_of(values_)) {
      const bool own = first == second;
      reader_.complain(coll_keys_.at(second),
                       collection + (own ? " is where " + first + " keeps files"
                                         : " belongs to " + coll_keys_.at(first) + " already"),
                       toml_quoted(name), "a collection that no other section uses");
    }
    if (tahoe && reader_.has("archive"))
      tell_difference("archive",
                      read("archive", {"tahoe", "archive"}, store_place{"", "", {}, "tahoe_db", "instance"}),
                      archive);
    if (s.url.find('@') != std::string::npos || s.cache.url.find('@') != std::string::npos ||
        s.report.url.find('@') != std::string::npos || s.identity.url.find('@') != std::string::npos) {
      note("the addresses hold a password: keep the new file to yourself (chmod 600)");
    }
  }

  void tell_difference(const std::string& section, const place& other, const place& archive) {
    if (other.url.value == archive.url.value && other.db.value == archive.db.value &&
        other.coll.value == archive.coll.value)
      return;
    note("the sections tahoe and " + section +
         " name different places; tahoe wins. Documents that are in the other one only must be moved: " +
         "cybexd migrate, or mongodump and mongorestore");
  }

  void keys() {
    std::optional<original_text> found;
    for (const auto* section : {"cache", "tahoe", "archive", "report"})
      if (auto here = reader_.text(section, {"private_key"}, path); here && !found) found = std::move(here);
    if (found) values_.keys.private_key.path = found->value;
    say("keys.private",
        found ? from(*found) + " A relative path is now relative to the folder of this file."
              : "CYBEX-P's modules look for priv.pem in their own folders: copy it here, mode 0600.");
    auto open = reader_.text("api", {"public_key"}, path);
    if (open) values_.keys.public_key.path = open->value;
    say("keys.public", open ? from(*open) : "The API's pub.pem: it must belong to the private key.");
  }

  void rest() {
    say("data_dir", "For the lock, the socket and run.json; the documents stay in MongoDB.");
    values_.archive.accept_unknown_typetags = true;
    say("archive.accept_unknown_typetags", "As CYBEX-P does; its front end posts test_json.");
    values_.identity.accept_tokens_without_exp = true;
    say("identity.accept_tokens_without_exp",
        "CYBEX-P's tokens never end; set it to false when all were issued again.");
    if (auto name = reader_.text("api", {"host"}, host)) {
      values_.report.api_host = name->value;
      say("report.api_host", from(*name));
    }
    if (!reader_.has("analytics"))
      note(
          "if CYBEX-P's analytics module goes on running, set archive.filters = [], so that it alone runs "
          "the "
          "filters; its archive and report modules must not run beside cybexd");
  }

  void secret() {
    values_.identity.jwt_secret_file.path = request_.secret_file;
    say("identity.jwt_secret_file",
        "Signs tokens, in place of identity.secret. Mode 0600, at least 32 bytes.");
    auto found = reader_.text("identity", {"secret"}, any_secret);
    crypto::secret text(std::string_view(found ? found->value : "secret"));
    const bool cut = !text.empty() && (text.view().back() == '\n' || text.view().back() == '\r');
    const auto fit = crypto::check_token_secret(text);
    if (found) crypto::wipe(found->value);
    if (fit && !cut) {
      out_.token_secret = std::move(text);
      note("identity.secret is not shown here: it must stand in " + request_.secret_file +
           " (mode 0600). With --secret-file FILE the command writes it there");
      return;
    }
    note(std::string(found ? "identity.secret" : "CYBEX-P's default for identity.secret") +
         " cannot be used: " + (fit ? "it ends with a line break" : fit.error().text) +
         " Whoever knows it makes tokens for everybody. Make another: head -c 32 /dev/urandom | base64 > " +
         request_.secret_file + " && chmod 600 " + request_.secret_file +
         " (--secret-file FILE does that), put it into identity.secret of CYBEX-P's API if that goes on "
         "running, "
         "and issue every token again, the input module's too: cybexd token new EMAIL");
  }

  std::string render() const;

  original_reader reader_;
  const conversion_request& request_;
  settings values_;
  std::map<std::string_view, std::string> reasons_;
  std::map<std::string, std::string> coll_keys_;  ///< Where a store's collection stands, by our sections.
  conversion out_;
};

std::string converter::render() const {
  std::string text =
      toml_comment("Settings of cybexd (TOML), made of " + request_.name +
                   " by `cybexd config convert`. What is not here is at its default: `cybexd config "
                   "example` lists every key. Paths are relative to the folder of this file.");
  std::string section;
  for (const auto& key : setting_keys()) {
    const auto reason = reasons_.find(key.name);
    if (reason == reasons_.end()) continue;
    if (const std::string place(section_of(key.name)); place != section) {
      text += "\n[" + place + "]\n";
      section = place;
    } else if (place.empty()) {
      text += "\n";
    }
    text += toml_comment(std::string(key.help) + " " + reason->second) + std::string(last_part(key.name)) +
            " = " + toml_text(key, values_) + "\n";
  }
  return text;
}

}  // namespace

tl::expected<conversion, std::vector<mistake>> convert_original(std::string_view json,
                                                                const conversion_request& request) {
  const auto root = parse_original(json, request.name);
  if (!root) return tl::unexpected(std::vector{root.error()});
  auto made = converter(*root, request).run();
  if (!made) return made;
  // What comes out must go in.
  config_request check;
  check.folder = "/";
  const auto read = read_config_text(made->toml, "/" + request.name + ".toml", check);
  if (!read) return tl::unexpected(read.error());
  return made;
}

}  // namespace cybexd::app
