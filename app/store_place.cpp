#include "app/store_place.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>

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

}  // namespace

const std::vector<std::string>& store_sections() {
  static const std::vector<std::string> all{"cache", "archive", "report", "identity"};
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
