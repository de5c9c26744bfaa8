#include <filesystem>

#include "app/engine.hpp"
#include "app/files.hpp"

namespace cybexd::app {
namespace {

/// The address in a file, or as it stands.
expected<std::string> address(const std::string& url, const file_path& file) {
  if (file.path.empty()) return url;
  auto text = read_secret_file(file.path, true);
  if (!text) return fail(text.error());
  if (text->view().empty()) return fail(failure::bad_input, file.path + " is empty: it should hold the url");
  return std::string(text->view());
}

expected<void> place(std::optional<store::mongodb_place>& into, const store_settings& all,
                     const store_place& one) {
  if (!on_mongodb(all, one)) return {};
  const bool own = !one.url.empty() || !one.url_file.path.empty();
  auto url = own ? address(one.url, one.url_file) : address(all.url, all.url_file);
  if (!url) return fail(url.error());
  into = store::mongodb_place{std::move(*url), one.db, one.coll};
  return {};
}

}  // namespace

std::vector<std::string> embedded_stores(const settings& from) {
  const auto& all = from.store;
  std::vector<std::string> names;
  for (const auto& [name, one] : {std::pair{"cache", &all.cache},
                                  {"archive", &all.archive},
                                  {"report", &all.report},
                                  {"identity", &all.identity}})
    if (!on_mongodb(all, *one)) names.emplace_back(name);
  return names;
}

expected<void> must_hold_its_stores(const settings& from) {
  const auto place = from.data_dir.path + "/store";
  std::error_code problem;  // what cannot be looked at is told by whoever opens it
  if (embedded_stores(from).empty() || std::filesystem::exists(place + "/CURRENT", problem) || problem)
    return {};
  return fail(failure::not_found,
              place +
                  ": there is no store; is it the right configuration, and is its volume mounted? "
                  "A new hub is made with cybexd init");
}

store::embedded_options embedded_options_of(const settings& from, const std::string& directory) {
  store::embedded_options options;
  options.directory = directory;
  options.cache_bytes = from.store.cache_size.bytes;
  options.keep_archived_files = from.store.keep_archived_files;
  return options;
}

expected<store::stores> open_stores(const settings& from, bool read_only) {
  store::store_places places;
  places.embedded = embedded_options_of(from, from.data_dir.path + "/store");
  places.embedded.read_only = read_only;
  places.claim = from.store.claim;
  for (const auto& placed : {place(places.cache, from.store, from.store.cache),
                             place(places.archive, from.store, from.store.archive),
                             place(places.report, from.store, from.store.report),
                             place(places.identity, from.store, from.store.identity)})
    if (!placed) return fail(placed.error());
  for (auto* one : {&places.cache, &places.archive, &places.report, &places.identity})
    if (*one) (*one)->read_only = read_only;
  return store::open_stores(places);
}

}  // namespace cybexd::app
