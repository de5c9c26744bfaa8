// Every home of the archive: pages while others write, reopening, documents at MongoDB's limit of 16 MiB.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "tahoe/bson.hpp"
#include "tests/fixtures/archive_homes.hpp"

namespace cybexd::tests {

namespace {

record_write at_time(double timestamp, const std::string& name) {
  auto plan = simple_plan();
  plan.timestamp = timestamp;
  plan.attributes.push_back(attribute("filename", name));
  return record_with(name, plan);
}

std::vector<std::string> everything_in(store::archive_store& archive) {
  std::vector<std::string> all;
  for (const auto& d : all_of(archive)) all.push_back(text_of(d));
  return all;
}

/// A raw document whose BSON has so many bytes.
document raw_of_size(std::size_t bytes) {
  const auto empty = tahoe::to_bson(tahoe::to_value(store::archive_rules::fresh_raw(raw_of("", "org1"))));
  return raw_of(std::string(bytes - must(empty).size(), 'x'), "org1");
}

}  // namespace

CYBEXD_CONFORMANCE_SUITE(archive_pages_conformance)

BOOST_AUTO_TEST_CASE(pages_of_one_look_are_complete_while_others_write) {
  in_every_home([](store::archive_store& archive) {
    std::vector<record_write> first;
    for (int i = 0; i < 35; ++i) first.push_back(at_time(i / 3, std::to_string(i)));
    write(archive, first);
    std::set<hash256> wanted;
    for (const auto& record : first) wanted.insert(record.filtered->product.documents.back().hash);
    store::event_filter f;
    f.who.everything = true;
    const auto ip = attribute("ipv4", "10.0.0.1").hash;
    auto view = must(archive.view());
    std::vector<store::event_position> seen;
    for (std::uint64_t offset = 0; offset < 50; offset += 10) {
      write(archive, {at_time(100 + static_cast<double>(offset), "newer" + std::to_string(offset)),
                      at_time(-1 - static_cast<double>(offset), "older" + std::to_string(offset))});
      for (const auto& event : must(view->page(ip, f, offset, 10))) seen.push_back(event);
    }
    std::set<hash256> hashes;
    for (const auto& event : seen) hashes.insert(event.hash);
    BOOST_TEST(seen.size() == 35u);
    BOOST_TEST((hashes == wanted));
    BOOST_TEST(must(view->count(ip, f)) == 35u);
    BOOST_TEST(must(must(archive.view())->count(ip, f)) == 45u);
  });
}

BOOST_AUTO_TEST_CASE(what_waits_for_a_filter_is_listed_once_while_others_write) {
  in_every_home([](store::archive_store& archive) {
    std::vector<record_write> waiting;
    std::set<hash256> wanted;
    for (int i = 0; i < 23; ++i) {
      waiting.push_back({raw_of(std::to_string(i), "org1"), std::nullopt});
      wanted.insert(waiting.back().raw.hash);
    }
    write(archive, waiting);
    std::vector<hash256> seen;
    std::optional<hash256> after;
    for (int page = 0; page < 20; ++page) {
      const auto some = must(archive.unfiltered(cowrie, after, 5));
      if (some.empty()) break;
      for (const auto& one : some) seen.push_back(one.raw.hash);
      after = seen.back();
      // One that was listed is filtered, and another one comes.
      if (page < 4)
        write(archive, {{some.front().raw, filtered(make_parts(simple_plan()))},
                        {raw_of("late " + std::to_string(page), "org1"), std::nullopt}});
    }
    const std::set<hash256> once(seen.begin(), seen.end());
    BOOST_TEST(once.size() == seen.size());
    BOOST_TEST((std::includes(once.begin(), once.end(), wanted.begin(), wanted.end())));
  });
}

BOOST_AUTO_TEST_CASE(a_page_of_large_records_ends_sooner) {
  in_every_home([](store::archive_store& archive) {
    std::vector<record_write> waiting;
    for (int i = 0; i < 9; ++i)
      waiting.push_back({raw_of(std::to_string(i) + std::string(5u << 20, 'x'), "org1"), std::nullopt});
    write(archive, waiting);
    std::set<hash256> seen;
    std::vector<std::size_t> pages;
    std::optional<hash256> after;
    for (auto some = must(archive.unfiltered(cowrie, after, 128)); !some.empty();
         some = must(archive.unfiltered(cowrie, after, 128))) {
      pages.push_back(some.size());
      for (const auto& one : some) BOOST_TEST(seen.insert(one.raw.hash).second);
      after = some.back().raw.hash;
    }
    BOOST_TEST(pages == (std::vector<std::size_t>{4, 4, 1}), boost::test_tools::per_element());
    BOOST_TEST(seen.size() == 9u);
  });
}

BOOST_AUTO_TEST_CASE(a_reopened_archive_is_the_same_and_goes_on) {
  in_every_home_reopened([](archive_pointer archive, const reopen_archive& reopen) {
    archive_world world(20'261'125);
    std::vector<record_write> batch;
    for (int i = 0; i < 40; ++i) batch.push_back(world.record());
    write(*archive, batch);
    const auto before = everything_in(*archive);
    const auto waiting = unfiltered_in(*archive);
    reopen(archive);
    BOOST_TEST(everything_in(*archive) == before, boost::test_tools::per_element());
    BOOST_TEST(unfiltered_in(*archive) == waiting);
    const auto again = write(*archive, batch);
    BOOST_TEST(std::all_of(again.begin(), again.end(), [](const auto& r) { return r.known; }));
    BOOST_TEST(everything_in(*archive) == before, boost::test_tools::per_element());
    write(*archive, {at_time(1, "after it")});
    reopen(archive);
    BOOST_TEST(everything_in(*archive).size() > before.size());
    std::vector<std::string> faults;
    must(archive->check_index({[&](const std::string& fault) { faults.push_back(fault); }}));
    BOOST_TEST(faults.empty());
  });
}

BOOST_AUTO_TEST_CASE(a_document_just_within_the_limit_is_kept) {
  in_every_home_reopened([](archive_pointer archive, const reopen_archive& reopen) {
    const auto large = raw_of_size(tahoe::max_bson_size - 16 * 1024);
    write(*archive, {{large, std::nullopt}, at_time(1, "beside it")});
    reopen(archive);
    const auto stored = must(archive->get(large.hash));
    BOOST_REQUIRE(stored);
    BOOST_TEST((stored->data == large.data));
  });
}

BOOST_AUTO_TEST_CASE(what_passes_the_limit_costs_its_own_record_only) {
  in_every_home([](store::archive_store& archive) {
    auto large = attribute("body", "large");
    large.data = std::string(tahoe::max_bson_size, 'x');
    const auto imported = must(archive.import(std::vector{large, attribute("body", "small")}));
    BOOST_TEST((!imported[0].stored && imported[0].refused));
    BOOST_TEST((imported[0].refused->kind == failure::too_large), imported[0].refused->text);
    BOOST_TEST((imported[1].stored && !imported[1].refused));

    auto useless = at_time(1, "useless");
    useless.filtered->product.documents.push_back(large);
    const auto good = at_time(2, "good");
    write(archive, {useless, good});
    const auto raw = must(archive.get(useless.raw.hash));
    BOOST_REQUIRE(raw);
    BOOST_TEST((raw->valid == false && raw->ref.empty() && !raw->reason.empty()));
    BOOST_TEST(!must(archive.get(large.hash)));
    BOOST_TEST(must(archive.get(good.raw.hash))->filters.size() == 1u);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
