#include "app/store_place.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <sstream>
#include <utility>

#include "app/engine.hpp"
#include "app/files.hpp"

namespace cybexd::app {
namespace {

const store_place& section_of(const store_settings& from, const std::string& section) {
  if (section == "cache") return from.cache;
  if (section == "archive") return from.archive;
  return section == "report" ? from.report : from.identity;
}

/// The address of a store on MongoDB, from its file where it stands in one.
std::string address_of(const store_settings& all, const store_place& one) {
  const bool own = !one.url.empty() || !one.url_file.path.empty();
  const auto& file = own ? one.url_file : all.url_file;
  if (file.path.empty()) return own ? one.url : all.url;
  const auto text = read_secret_file(file.path, true);
  return text ? std::string(text->view()) : file.path;
}

/// `host:port` in lower case.
std::string plain_host(std::string host) {
  std::transform(host.begin(), host.end(), host.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto bracket = host.rfind(']');
  if (host.find(':', bracket == std::string::npos ? 0 : bracket) == std::string::npos) host += ":27017";
  constexpr std::string_view local = "localhost:";
  if (host.starts_with(local)) host = "127.0.0.1:" + host.substr(local.size());
  return host;
}

/// The hosts of a MongoDB address, in order.
std::string plain_hosts(std::string_view url) {
  const auto scheme = url.find("://");
  const bool by_name = url.starts_with("mongodb+srv://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  if (const auto at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
  std::istringstream parts{std::string(url.substr(0, url.find_first_of("/?")))};
  std::vector<std::string> hosts;
  for (std::string host; std::getline(parts, host, ',');) hosts.push_back(by_name ? host : plain_host(host));
  std::sort(hosts.begin(), hosts.end());
  std::string text;
  for (const auto& host : hosts) text += (text.empty() ? "" : ",") + host;
  return text;
}

/// The collections that a store on MongoDB keeps beside the one that it is told, in the same database.
std::vector<std::string> collections_beside(const std::string& section, const std::string& coll) {
  if (section == "cache")
    return {"fs.files", "fs.chunks", coll + "_cybexd_parts", coll + "_cybexd_quarantine",
            coll + "_cybexd_claims"};
  if (section == "identity")
    return {coll + "_cybexd_changes", coll + "_cybexd_tokens", coll + "_cybexd_audit"};
  return {};
}

/// All collections that a store on MongoDB writes: none of an embedded one.
struct owned_collections {
  std::string server, db;
  std::vector<std::string> names;  ///< The one that it is told is the first.
};
owned_collections owned_by(const settings& from, const std::string& section) {
  const auto& place = section_of(from.store, section);
  owned_collections all;
  if (!on_mongodb(from.store, place)) return all;
  all.server = plain_hosts(address_of(from.store, place));
  all.db = place.db;
  all.names = collections_beside(section, place.coll);
  all.names.insert(all.names.begin(), place.coll);
  return all;
}

std::optional<std::string> shared(const owned_collections& one, const owned_collections& other) {
  if (one.server != other.server || one.db != other.db) return std::nullopt;
  const auto& names = other.names;
  const auto found = std::find_if(one.names.begin(), one.names.end(), [&names](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  });
  if (found == one.names.end()) return std::nullopt;
  return one.db + "." + *found;
}

}  // namespace

const std::vector<std::string>& store_sections() {
  static const std::vector<std::string> all{"cache", "archive", "report", "identity"};
  return all;
}

std::vector<clash> clashes_of(const settings& from) {
  std::vector<std::pair<std::string, owned_collections>> before;
  std::vector<clash> all;
  for (const auto& section : store_sections()) {
    auto owned = owned_by(from, section);
    const auto& names = owned.names;
    if (!names.empty() && std::find(names.begin() + 1, names.end(), names.front()) != names.end())
      all.push_back({section, section, names.front(), owned.db + "." + names.front()});
    for (const auto& [other, others] : before)
      if (auto name = shared(others, owned)) all.push_back({other, section, names.front(), std::move(*name)});
    before.emplace_back(section, std::move(owned));
  }
  return all;
}

std::string place_of(const settings& from, const std::string& section) {
  const auto embedded = embedded_stores(from);
  if (std::find(embedded.begin(), embedded.end(), section) != embedded.end()) {
    const auto directory = from.data_dir.path + "/store";
    std::error_code problem;
    const auto real = std::filesystem::weakly_canonical(directory, problem);
    return problem ? directory : real.string();
  }
  const auto& place = section_of(from.store, section);
  return "mongodb://" + plain_hosts(address_of(from.store, place)) + "/" + place.db + "." + place.coll;
}

}  // namespace cybexd::app
