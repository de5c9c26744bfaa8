#pragma once
// A large archive to measure reports on: attributes by Zipf's law, one hub in half of all events, communities
// of events that no much used attribute leads to, sessions of ten events. The same seed gives the same
// archive.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tahoe/document.hpp"

namespace cybexd::bench {

inline constexpr double newest = 1'700'000'000;  ///< No event is later.
inline constexpr double hub_day_back =
    400 * 86'400;  ///< The day of a hub that has one ends so long before that.

struct archive_plan {
  std::size_t events = 100'000;
  std::vector<std::string> orgids;  ///< An event is of one of them, each as often.
  bool hub_on_one_day = false;      ///< Else over five years, as all other events.
  std::uint64_t seed = 1;
};

/// Ranks 1 to n, the r-th with a probability that goes with 1/r.
class zipf {
 public:
  explicit zipf(std::size_t n) {
    double sum = 0;
    for (std::size_t rank = 1; rank <= n; ++rank) sums_.push_back(sum += 1 / static_cast<double>(rank));
  }
  std::size_t operator()(std::mt19937_64& random) const {
    const double at = std::uniform_real_distribution<double>(0, sums_.back())(random);
    return static_cast<std::size_t>(std::lower_bound(sums_.begin(), sums_.end(), at) - sums_.begin()) + 1;
  }

 private:
  std::vector<double> sums_;
};

/// Attributes by their names, which tell how often they are met: `ipv4` "z1" is the most frequent, then "z2".
class synthetic_archive {
 public:
  static constexpr std::size_t community_share = 10;  ///< Each tenth event is of a community,
  static constexpr std::size_t community_size = 40;   ///< which has so many events.
  static constexpr std::size_t session_size = 10;

  explicit synthetic_archive(archive_plan plan)
      : plan_(std::move(plan)),
        random_(plan_.seed),
        addresses_(std::max<std::size_t>(plan_.events / 5, 10)),
        urls_(std::max<std::size_t>(plan_.events / 2, 10)),
        names_(std::max<std::size_t>(plan_.events / 20, 10)) {}

  static tahoe::document hub() { return attribute("asn", "AS64500"); }
  static tahoe::document attribute(const std::string& sub_type, const std::string& data) {
    return tahoe::make_attribute(sub_type, data).value();
  }
  /// An attribute of a community: `number` up to 10.
  static tahoe::document community_attribute(std::size_t community, std::size_t number) {
    return attribute("domain", "c" + std::to_string(community) + "-" + std::to_string(number));
  }

  [[nodiscard]] bool done() const { return made_ >= plan_.events; }

  /// Documents of the next session's events and of the session, children first.
  std::vector<tahoe::document> next_session() {
    std::vector<tahoe::document> all;
    auto id = attribute("sessionid", "s" + std::to_string(made_));
    auto session = tahoe::make_session("cowrie_session", {&id}).value();
    for (std::size_t i = 0; i < session_size && !done(); ++i) {
      const bool in_community = made_ / session_size % community_share == 0;
      session.ref.push_back(in_community ? add_community_event(all) : add_event(all));
      ++made_;
    }
    std::sort(session.ref.begin(), session.ref.end());
    session.ref.erase(std::unique(session.ref.begin(), session.ref.end()), session.ref.end());
    all.push_back(std::move(id));
    all.push_back(std::move(session));
    return all;
  }

 private:
  std::string ranked(const zipf& of) { return "z" + std::to_string(of(random_)); }

  tahoe::hash256 add_event(std::vector<tahoe::document>& all) {
    std::vector<tahoe::document> in_object{attribute("ipv4", ranked(addresses_)),
                                           attribute("hostname", ranked(names_))};
    std::vector<tahoe::document> direct{
        attribute("url", ranked(urls_)), attribute("filename", ranked(names_)),
        attribute("email_addr", ranked(addresses_)), attribute("username", "u" + std::to_string(made_))};
    const bool has_hub = made_ % 2 == 1;
    if (has_hub) direct.push_back(hub());
    direct.push_back(tahoe::make_object("src", pointers(in_object)).value());
    all.insert(all.end(), in_object.begin(), in_object.end());
    return add(all, std::move(direct), has_hub && plan_.hub_on_one_day);
  }

  tahoe::hash256 add_community_event(std::vector<tahoe::document>& all) {
    const std::size_t community = made_ / (session_size * community_share) * session_size / community_size;
    std::vector<tahoe::document> direct;
    for (int i = 0; i < 4; ++i) direct.push_back(community_attribute(community, random_() % 10));
    direct.push_back(attribute("username", "u" + std::to_string(made_)));
    return add(all, std::move(direct), false);
  }

  tahoe::hash256 add(std::vector<tahoe::document>& all, std::vector<tahoe::document> direct, bool one_day) {
    constexpr double day = 86'400, years = 5 * 365.25 * day;
    const double back = std::uniform_real_distribution<double>(0, one_day ? day : years)(random_);
    tahoe::event_fields fields;
    fields.orgid = plan_.orgids[random_() % plan_.orgids.size()];
    fields.timestamp = newest - (one_day ? hub_day_back : 0) - back;
    fields.category = static_cast<tahoe::category>(random_() % 3);
    for (const auto& part : direct) {
      const auto context = random_() % 4;
      if (context == 1) fields.benign.push_back(part.hash);
      if (context == 2) fields.malicious.push_back(part.hash);
    }
    auto event = tahoe::make_event("login", pointers(direct), std::move(fields)).value();
    const auto hash = event.hash;
    all.insert(all.end(), std::make_move_iterator(direct.begin()), std::make_move_iterator(direct.end()));
    all.push_back(std::move(event));
    return hash;
  }

  static std::vector<const tahoe::document*> pointers(const std::vector<tahoe::document>& of) {
    std::vector<const tahoe::document*> all;
    for (const auto& one : of) all.push_back(&one);
    return all;
  }

  archive_plan plan_;
  std::mt19937_64 random_;
  zipf addresses_, urls_, names_;
  std::size_t made_ = 0;
};

}  // namespace cybexd::bench
