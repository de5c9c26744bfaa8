// The ground that the MongoDB stores stand on: BSON, errors, deadlines, counts, indexes.
#include <boost/test/unit_test.hpp>

#include "tahoe/store/mongodb_collection.hpp"
#include "tahoe/store/mongodb_url_internal.hpp"
#include "tests/fixtures/eventually.hpp"
#include "tests/fixtures/mongodb_server.hpp"

namespace cybexd::tests {

using namespace store;
namespace {

mongodb_collection things(const mongodb_places& places, const std::string& name = "things") {
  return {places.home(), places.cache.db, name};
}

template <class T>
T must(expected<T> result) {
  BOOST_REQUIRE_MESSAGE(result, (result ? "" : result.error().text));
  return std::move(*result);
}
void must(const expected<void>& result) {
  BOOST_REQUIRE_MESSAGE(result, (result ? "" : result.error().text));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_home, *with_mongodb())

BOOST_AUTO_TEST_CASE(what_is_written_comes_back_with_its_types) {
  const mongodb_places places;
  const auto all = things(places);
  const auto id = object_id::make();
  BOOST_TEST((object_id::from_hex(id.to_hex()) == id));
  bulk_write writes;
  BOOST_TEST(writes.insert(bson()
                               .add("_id", id)
                               .add("whole", 2.0)
                               .add("small", 7)
                               .add("large", std::int64_t{1} << 40)
                               .add("yes", true)
                               .add_date("when", 1'500'000'000'123)
                               .add_binary("bytes", std::string_view("a\0b", 3))
                               .add_null("nothing")
                               .add("", "an empty key")
                               .add("a.b", bson().add("$odd", 1))));
  const auto done = must(all.write(std::move(writes), "test: write"));
  BOOST_TEST(done.inserted == 1u);
  const auto read = must(all.find_one(bson().add("_id", id), {}, "test: read"));
  BOOST_REQUIRE(read);
  BOOST_TEST(read->find("whole").type() == 0x01);
  BOOST_TEST(read->find("small").type() == 0x10);
  BOOST_TEST(read->find("large").type() == 0x12);
  BOOST_TEST((read->find("_id").id() == id));
  BOOST_TEST(read->find("bytes").binary().value() == std::string_view("a\0b", 3));
  BOOST_TEST(read->find("when").date().value() == 1'500'000'000'123);
  BOOST_TEST((read->find("yes").boolean() == true && read->find("nothing").is_null()));
  BOOST_TEST(read->find("").text().value() == "an empty key");
  BOOST_TEST(read->find("a.b").document()->find("$odd").integer().value() == 1);
  BOOST_TEST(!read->find("absent").exists());
}

BOOST_AUTO_TEST_CASE(duplicates_are_told_apart_and_the_rest_is_written) {
  const mongodb_places places;
  const auto all = things(places);
  notices said;
  must(all.make_indexes({{"by_hash", bson().add("_hash", 1), true, {}}}, said, "test: index"));
  must(all.make_indexes({{"by_hash", bson().add("_hash", 1), true, {}}}, said, "test: index"));
  std::vector<std::string> sentences;
  said.listen([&](const std::string& s) { sentences.push_back(s); });
  BOOST_REQUIRE_EQUAL(sentences.size(), 1u);  // once, not twice
  BOOST_TEST(sentences[0] == "made the index by_hash of " + all.full_name());
  bulk_write first;
  for (const auto* hash : {"a", "b", "a", "c"}) first.insert(bson().add("_hash", hash));
  const auto done = must(all.write(std::move(first), "test: write"));
  BOOST_TEST(done.inserted == 3u);
  BOOST_TEST(done.duplicates == std::vector<std::size_t>{2}, boost::test_tools::per_element());
  BOOST_TEST(done.faults.empty());
  bulk_write second;
  for (const auto* hash : {"c", "d"})
    second.update_one(bson().add("_hash", hash),
                      bson().add("$setOnInsert", bson().add("n", 1.0)).add("$set", bson().add("m", 2)),
                      upsert::yes);
  const auto merged = must(all.write(std::move(second), "test: upsert"));
  BOOST_TEST(merged.matched == 1u);
  BOOST_TEST(merged.upserted_at == std::vector<std::size_t>{1}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(doubles_make_a_unique_index_a_plain_one) {
  const mongodb_places places;
  const auto all = things(places);
  bulk_write twice;
  for (int i = 0; i < 2; ++i) twice.insert(bson().add("_hash", "a"));
  must(all.write(std::move(twice), "test: write"));
  notices said;
  std::string text;
  said.listen([&](const std::string& s) { text += s + "\n"; });
  const std::vector<index_wish> wishes{{"by_hash", bson().add("_hash", 1), true, {}}};
  must(all.make_indexes(wishes, said, "test: index"));
  BOOST_TEST(text.find("not unique") != std::string::npos);
  text.clear();
  must(all.make_indexes(wishes, said, "test: index"));
  BOOST_TEST(text.find("not unique") != std::string::npos);  // said at every start
}

BOOST_AUTO_TEST_CASE(many_writes_are_few_commands) {
  const mongodb_places places;
  const auto all = things(places);
  const auto before = places.home()->counts().commands;
  bulk_write writes;
  for (int i = 0; i < 3000; ++i) writes.insert(bson().add("n", i));
  must(all.write(std::move(writes), "test: write"));
  BOOST_TEST(places.home()->counts().commands - before == 1u);
  find_options sorted;
  sorted.sort = bson().add("n", -1);
  sorted.limit = 2;
  const auto last = must(all.find_all(bson(), sorted, "test: read"));
  BOOST_REQUIRE_EQUAL(last.size(), 2u);
  BOOST_TEST(last[1].find("n").integer().value() == 2998);
  bson_list stages;
  stages.push(bson().add("$group", bson().add_null("_id").add("sum", bson().add("$sum", "$n"))));
  double sum = 0;
  must(all.aggregate(stages, "test: sum", [&](const bson_view& one) {
    sum = one.find("sum").number().value_or(0);
    return true;
  }));
  BOOST_TEST(sum == 3000.0 * 2999 / 2);
}

BOOST_AUTO_TEST_CASE(a_document_that_is_too_large_costs_the_others_nothing) {
  const mongodb_places places;
  const auto all = things(places);
  bulk_write writes;
  BOOST_TEST(writes.insert(bson().add("n", 1)));
  BOOST_TEST(!writes.insert(bson().add("n", std::string(16u << 20, 'x'))));
  BOOST_TEST(writes.insert(bson().add("n", 2)));
  BOOST_TEST(must(all.write(std::move(writes), "test: write")).inserted == 2u);
}

BOOST_AUTO_TEST_CASE(one_change_answers_the_document) {
  const mongodb_places places;
  const auto all = things(places);
  const auto change = bson().add("$set", bson().add("owner", "me"));
  BOOST_TEST(!must(all.find_and_update(bson().add("n", 1), change, {}, "test: claim")));
  mongodb_collection::change_options made;
  made.how = upsert::yes;
  const auto claimed = must(all.find_and_update(bson().add("n", 1), change, made, "test: claim"));
  BOOST_REQUIRE(claimed);
  BOOST_TEST(claimed->find("owner").text().value() == "me");
}

BOOST_AUTO_TEST_CASE(statistics_are_named_as_metrics_are) {
  const mongodb_places places;
  must(things(places).find_and_update(bson().add("n", 1), bson().add("$set", bson().add("m", 1)), {},
                                      "test: change"));
  std::map<std::string, double> numbers;
  for (const auto& [name, number] : places.home()->statistics()) numbers[name] = number;
  BOOST_TEST(numbers.at("mongoc_find_and_modify_commands") >= 1);
  BOOST_TEST(numbers.at("mongoc_commands") >= numbers.at("mongoc_find_and_modify_commands"));
  BOOST_TEST(numbers.at("mongoc_command_seconds") > 0);
}

BOOST_AUTO_TEST_CASE(errors_are_translated_and_hold_no_password) {
  const std::string password = "s3cr%2Ft";
  mongodb_options away;
  away.url = "mongodb://someone:" + password + "@127.0.0.1:1/?retryWrites=false&authSource=admin";
  away.select = std::chrono::milliseconds(200);
  auto home = must(store::mongodb_home::open(away));
  BOOST_TEST(home->where() == "127.0.0.1:1");
  const mongodb_collection nowhere(home, "db", "things");
  const auto read = nowhere.find_one(bson(), {}, "test: read");
  BOOST_REQUIRE(!read);
  BOOST_TEST((read.error().kind == failure::unavailable));
  BOOST_TEST(read.error().text.starts_with("test: read: "));
  for (const auto* wrong : {"mongodb://u:s3cr/t@x:99999999/", "nonsense s3cr", "mongodb://u:s3cr@/?x=s3cr",
                            "mongodb://u:a@s3cr@127.0.0.1:1/", "mongodb+srv://u:a@s3cr@h.invalid"}) {
    away.url = wrong;
    const auto refused = store::mongodb_home::open(away);
    BOOST_REQUIRE_MESSAGE(!refused, wrong);
    BOOST_TEST((refused.error().kind == failure::bad_input));
    BOOST_TEST(refused.error().text.find("s3cr@") == std::string::npos, refused.error().text);
  }
  BOOST_TEST(store::mongodb_home::open({.url = "mongodb://u:p@h/?appName=a@b"}).has_value());
  const auto secrets =
      secrets_of(away.url = "mongodb://u:" + password + "@h/?tlsCertificateKeyFilePassword=k1x");
  BOOST_TEST(without(secrets, "a s3cr%2Ft b s3cr/t c k1x d") == "a *** b *** c *** d");
}

// A machine that comes up before its name service does.
BOOST_AUTO_TEST_CASE(hosts_that_cannot_be_looked_up_are_a_database_that_is_away) {
  auto home = store::mongodb_home::open({.url = "mongodb+srv://u:s3cret@cluster.nosuch.invalid/?tls=false"});
  BOOST_REQUIRE_MESSAGE(home, (home ? "" : home.error().text));
  const auto lease = (*home)->lease("test: read");
  BOOST_REQUIRE(!lease);
  BOOST_TEST((lease.error().kind == failure::unavailable));
  BOOST_TEST(lease.error().text.find("cluster.nosuch.invalid is away") != std::string::npos,
             lease.error().text);
  BOOST_TEST(lease.error().text.find("s3cret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_url_may_name_one_server_of_a_set) {
  const auto alone = [](const std::string& url) {
    return must(store::mongodb_home::open({.url = url}))->names_one_server_only();
  };
  BOOST_TEST(alone("mongodb://a.example"));
  BOOST_TEST(alone("mongodb://a.example/?retryWrites=false"));
  BOOST_TEST(!alone("mongodb://a.example,b.example"));
  BOOST_TEST(!alone("mongodb://a.example/?replicaSet=rs0"));
  BOOST_TEST(!alone("mongodb://a.example/?directConnection=true"));
  BOOST_TEST(!alone("mongodb+srv://cluster.nosuch.invalid/"));
}

// What takes a database too long will do so at the next try, too; what it gives up long before is tried
// again.
BOOST_AUTO_TEST_CASE(who_waits_until_then_only_is_told_that_it_takes_too_long) {
  mongodb_server server;
  auto home = must(store::mongodb_home::open({.url = server.url("&appName=watched")}));
  const mongodb_collection all(home, "test", "things");
  const auto waits = all.by(std::chrono::steady_clock::now() + std::chrono::hours(1));
  const auto kind_of = [](const auto& answer) {
    return answer ? std::string() : std::string(to_string(answer.error().kind));
  };
  BOOST_TEST(kind_of(waits.find_all({}, {}, "test: read")) == "");
  const auto asks = [&](const mongodb_collection& whom) {
    return kind_of(whom.aggregate({}, "test: ask", [](const bson_view&) { return true; }));
  };
  server.fail_commands(R"("alwaysOn")",
                       R"({"appName":"watched","failCommands":["find","aggregate"],"errorCode":50})");
  const auto late = all.by(std::chrono::steady_clock::now());
  BOOST_TEST(kind_of(late.find_all({}, {}, "test: read")) == to_string(failure::timed_out));
  BOOST_TEST(asks(late) == to_string(failure::timed_out));
  BOOST_TEST(kind_of(waits.find_all({}, {}, "test: read")) == to_string(failure::unavailable));
  BOOST_TEST(asks(waits) == to_string(failure::unavailable));
  BOOST_TEST(asks(all) == to_string(failure::unavailable));  // whoever tries again until it works
  for (const auto& [code, kind] :
       {std::pair{"290", failure::timed_out},  // the look is too old
        std::pair{"292", failure::internal},   // more memory than it may
        std::pair{R"(292,"errorLabels":["TransientTransactionError"])", failure::unavailable},
        std::pair{"239", failure::unavailable},    // the snapshot is gone
        std::pair{"14031", failure::unavailable},  // no room on its disk
        std::pair{"211", failure::unavailable}, std::pair{"175", failure::unavailable},
        std::pair{"251", failure::unavailable}, std::pair{"10107", failure::unavailable}}) {  // not primary
    server.fail_commands(R"("alwaysOn")", R"({"appName":"watched","failCommands":["find"],"errorCode":)" +
                                              std::string(code) + "}");
    BOOST_TEST(kind_of(waits.find_all({}, {}, "test: read")) == to_string(kind), code);
  }
  server.heal();
  BOOST_TEST(kind_of(waits.find_all({}, {}, "test: read")) == "");
}

BOOST_AUTO_TEST_CASE(a_server_that_fails_is_unavailable_and_then_works_again) {
  mongodb_server server;
  auto home = must(store::mongodb_home::open({.url = server.url("&appName=watched")}));
  const mongodb_collection all(home, "test", "things");
  const auto write = [&]() -> expected<write_result> {
    bulk_write one;
    one.insert(bson().add("n", 1));
    return all.write(std::move(one), "test: write");
  };
  must(write());
  const std::string app = R"("appName":"watched",)";
  for (const auto& [mode, data] :
       {std::pair{R"({"times":1})", R"("failCommands":["insert"],"errorCode":10107)"},  // not primary
        std::pair{R"({"times":1})", R"("failCommands":["insert"],"errorCode":50)"},     // too slow
        std::pair{R"({"times":1})", R"("failCommands":["insert"],"closeConnection":true)"},
        std::pair{R"({"times":1})",
                  R"("failCommands":["insert"],"writeConcernError":{"code":64,"errmsg":"waiting"})"}}) {
    server.fail_commands(mode, "{" + app + data + "}");
    const auto failed = write();
    BOOST_REQUIRE_MESSAGE(!failed, data);
    BOOST_TEST((failed.error().kind == failure::unavailable), failed.error().text);
    server.heal();
    must(write());
  }
  server.kill();
  const auto away = write();
  BOOST_REQUIRE(!away);
  BOOST_TEST((away.error().kind == failure::unavailable), away.error().text);
  BOOST_TEST(!write());
  const auto before = std::chrono::steady_clock::now();
  BOOST_TEST(!write());  // nobody waits for what one has waited for
  BOOST_TEST((std::chrono::steady_clock::now() - before < std::chrono::seconds(3)));
  server.start_again();
  BOOST_TEST(eventually([&] { return write().has_value(); }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
