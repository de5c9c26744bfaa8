"""Queries that another module puts into the database, at three servers that are killed again and again: each gets one
report and becomes `ready` once.

CYBEXD_TEST_DATABASE_QUERIES (default 150; the full size is 2000) says how many, CYBEXD_TEST_SEED what happens when.
"""
import os
import random
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))

import original  # noqa: E402
from mongodb import Database, MongoHub, needs_mongodb  # noqa: E402

needs_mongodb()

from harness import until  # noqa: E402

QUERIES = int(os.environ.get("CYBEXD_TEST_DATABASE_QUERIES", "150"))
SEED = int(os.environ.get("CYBEXD_TEST_SEED", "20261125"))
CLAIM = 6.0
KILLS = 6
USER = "user0@example.com"


class QueriesInTheDatabase(unittest.TestCase):
    def test_each_is_answered_once(self):
        print("seed", SEED, "queries", QUERIES)
        rng = random.Random(SEED)
        with Database() as database, database.client() as client:
            parts, user = original.user_documents(USER, "pass0word", "User 0")
            original.insert_once(client["identity_db"]["instance"], *parts, user)
            instance = client["report_db"]["instance"]
            first = MongoHub(database.url(), claim=f"{CLAIM:g}s")
            hubs = [first] + [MongoHub(database.url(), like=first, claim=f"{CLAIM:g}s") for _ in range(2)]
            try:
                for hub in hubs:
                    hub.start(within=120)
                watcher = Watcher(instance)
                hashes, kills = self.run_with_kills(instance, user["_hash"], hubs, rng)
                seen = watcher.end()
            finally:
                for hub in hubs:
                    hub.__exit__(*sys.exc_info())
            self.check(instance, hashes, seen)
            print(f"{QUERIES} queries, {KILLS} kills, {kills} while queries were in work")
            self.assertGreaterEqual(kills, 2)

    def put_queries(self, instance, userid, numbers):
        everything, hashes = {}, []
        for number in numbers:
            data = {"sub_type": "ipv4", "data": f"10.{number // 65536}.{number // 256 % 256}.{number % 256}", "to": "2020-01-01"}
            documents = original.query_documents("count", data, userid, timestamp=1.6e9 + number, status="wait")
            hashes.append(documents[-1]["_hash"])
            for document in documents:
                everything.setdefault(document["_hash"], document)
        queries = [d for d in everything.values() if d["sub_type"] == "query"]
        original.insert_once(instance, *(d for d in everything.values() if d["sub_type"] != "query"))
        instance.insert_many(queries)
        return hashes

    def run_with_kills(self, instance, userid, hubs, rng):
        """Puts the queries in portions and kills a server in the middle of each. Answers the queries' hashes, once all
        are answered, and how many kills found queries that were not."""
        hashes, in_work = [], 0

        def left():
            return instance.count_documents({"sub_type": "query", "data.status": {"$ne": "ready"}})

        for portion in range(KILLS):
            hashes += self.put_queries(instance, userid, range(QUERIES * portion // KILLS, QUERIES * (portion + 1) // KILLS))
            if portion % 2:  # else at once, whatever the speed of the machine
                time.sleep(rng.uniform(0.0, 1.0))
            hub = rng.choice(hubs)
            in_work += left() > 0
            hub.kill()
            time.sleep(rng.uniform(0.0, 1.0))
            hub.start(within=120)
        until("every query is answered", lambda: left() == 0, 180 + QUERIES, every=0.5)
        return hashes, in_work

    def check(self, instance, hashes, seen):
        queries = {d["_hash"]: d for d in instance.find({"sub_type": "query"})}
        self.assertEqual(sorted(queries), sorted(hashes))
        reports = {d["_hash"]: d for d in instance.find({"itype": "report"})}
        self.assertEqual(len(reports), 1)  # every count is 0, and equal reports are one
        for query in queries.values():
            self.assertEqual(query["data"]["status"], ["ready"])
            self.assertEqual(reports[query["data"]["report_id"][0]]["data"], 0)
            self.assertEqual(len(query["_cref"]), 9)
        became_ready = [of for of, status in seen if status == "ready"]
        self.assertEqual(sorted(became_ready), sorted(d["_id"] for d in queries.values()))


class Watcher:
    """Every change of a query's status, as the database tells it."""

    def __init__(self, instance):
        self.changes = []
        self.ending = threading.Event()
        self.stream = instance.watch([{"$match": {"operationType": "update"}}], max_await_time_ms=200)
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        quiet_since = time.monotonic()
        while not self.ending.is_set() or time.monotonic() - quiet_since < 2:
            if not self.ending.is_set():
                quiet_since = time.monotonic()
            change = self.stream.try_next()
            if change is None:
                continue
            quiet_since = time.monotonic()
            fields = change["updateDescription"]["updatedFields"]
            status = fields.get("data.status") or [fields.get("data.status.0")]
            self.changes.append((change["documentKey"]["_id"], status[0]))

    def end(self):
        self.ending.set()
        self.thread.join(60)
        assert not self.thread.is_alive()
        return self.changes


if __name__ == "__main__":
    sys.argv = [sys.argv[0], "-v"]
    unittest.main()
