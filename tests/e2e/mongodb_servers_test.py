"""Three servers on one database, killed again and again: every entry is archived once in effect, every query answered once.

CYBEXD_TEST_ENTRIES (default 400) and CYBEXD_TEST_QUERIES (default 60) set the size, CYBEXD_TEST_CLAIM (default 6) how many seconds
a claim lasts, CYBEXD_TEST_SEED what happens when.
"""
import os
import random
import threading
import time
import unittest

from mongodb import Database, MongoHub, needs_mongodb

needs_mongodb()

from harness import Hub, Refused, may_log, until  # noqa: E402

ENTRIES = int(os.environ.get("CYBEXD_TEST_ENTRIES", "400"))
QUERIES = int(os.environ.get("CYBEXD_TEST_QUERIES", "60"))
SEED = int(os.environ.get("CYBEXD_TEST_SEED", "20261125"))
CLAIM = float(os.environ.get("CYBEXD_TEST_CLAIM", "6"))
SLOWEST = 100  # entries a second that three servers archive at least while they are killed again and again
SLACK = 10  # seconds: a look of this test at everything, and servers that start again on a busy machine
ORG = "honeynet"


def unpacked(ids):
    """ObjectIds of a take, as the document of the claims has them."""
    from bson import ObjectId
    return {ObjectId(ids[at:at + 12]) for at in range(0, len(ids), 12)}


class Servers:
    """Three servers, each in a thread of its own killed and started again at random moments until told to stop."""

    def __init__(self, url, rng):
        settings = {"claim": f"{CLAIM:g}s", "http.query_patience": "5s"}
        first = MongoHub(url, **settings)
        self.hubs = [first] + [MongoHub(url, like=first, **settings) for _ in range(2)]
        self.rngs = [random.Random(rng.random()) for _ in self.hubs]
        self.quiet = threading.Event()
        self.kills, self.problems = 0, []
        self.threads = []

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.quiet.set()
        for thread in self.threads:
            thread.join(120)
        for hub in self.hubs:
            hub.__exit__(*details)

    def start(self):
        for hub in self.hubs:
            hub.start(within=120)

    def trouble(self, until_killed):
        self.threads = [threading.Thread(target=self._trouble, args=(hub, rng, until_killed)) for hub, rng in zip(self.hubs, self.rngs)]
        for thread in self.threads:
            thread.start()

    def _trouble(self, hub, rng, times):
        try:
            for _ in range(times):
                if self.quiet.wait(rng.uniform(1.0, 8.0)):
                    return
                hub.kill()
                self.kills += 1
                if self.quiet.wait(rng.uniform(0.0, 2.0)):
                    pass
                hub.start(within=120)
        except Exception as problem:  # told by the test
            self.problems.append(repr(problem))

    def calm(self):
        for thread in self.threads:
            thread.join(600)
        assert not self.problems, self.problems


class SeveralServers(unittest.TestCase):
    def test_killed_at_random_moments(self):
        print("seed", SEED, "entries", ENTRIES, "queries", QUERIES)
        rng = random.Random(SEED)
        lines = may_log()[:ENTRIES]
        with Database() as database, Servers(database.url(), rng) as servers:
            first = servers.hubs[0]
            first.org(ORG)
            records = os.path.join(first.folder, "records")
            with open(records, "wb") as file:
                file.write(b"\n".join(lines))
            first.run("raw", "put", records, "--lines", "--typetag", "cowrie", "--org", ORG)
            client = database.client()
            self.addCleanup(client.close)
            entries = client["cache_db"]["file_entries"]
            self.assertEqual(entries.count_documents({"processed": False}), ENTRIES)
            began = time.monotonic()
            servers.start()
            servers.trouble(min(12, max(2, ENTRIES // 400)))
            waited = self.watch(entries, servers)
            servers.calm()
            self.assertGreater(servers.kills, 3)
            print(f"{ENTRIES} entries in {time.monotonic() - began:.0f} s, {servers.kills} kills, longest wait for a claim that had run out {waited:.1f} s")
            self.check_entries(entries)
            with Hub() as alone:  # the same records in a server of its own
                alone.org(ORG)
                alone.run("raw", "put", records, "--lines", "--typetag", "cowrie", "--org", ORG)
                alone.run("archive", "once")
                self.assertEqual(first.digest(), alone.digest())
            self.ask_all(servers, client, rng)

    def watch(self, entries, servers):
        """Until every entry is archived; answers how long one whose claim had run out stayed free at most."""
        free_since, longest = {}, 0.0
        claims_document = entries.database["file_entries_cybexd_claims"]

        def done():
            nonlocal longest
            now = time.time()
            takes = (claims_document.find_one({"_id": "entries"}) or {"takes": {}})["takes"].values()
            claims_read = time.time()
            waiting = {entry["_id"] for entry in entries.find({"processed": False}, {"_id": 1})}
            claims = {entry: take["until"] for take in takes for entry in unpacked(take["entries"]) & waiting}
            # A server that was killed leaves a claim that ends soon, so that nobody waits for it longer than a claim lasts.
            self.assertLess(max(claims.values(), default=0) - claims_read, CLAIM + 1)
            free = {entry for entry, end in claims.items() if end < now}
            for entry in set(free_since) - free:
                longest = max(longest, now - free_since.pop(entry))
            for entry in free:
                free_since.setdefault(entry, claims[entry])
            # And when it has ended, the entry comes before all that wait, for it is older, but after what the servers have in work.
            self.assertLess(max((now - since for since in free_since.values()), default=0), CLAIM + SLACK + ENTRIES / SLOWEST)
            return not waiting

        # Each look reads all that waits, and the database does nothing else meanwhile.
        until("every entry is archived", done, 120 + ENTRIES * 0.5, every=max(0.5, ENTRIES / 4000))
        return longest

    def check_entries(self, entries):
        for entry in entries.find():
            self.assertIs(entry["processed"], True, entry)
            self.assertEqual(len(entry["_ref"]), 1, entry)
            self.assertEqual(entry["_cybexd_archived"] + entry["_cybexd_known"], 1, entry)
            for gone in ("_cybexd_owner", "_cybexd_until", "skip", "bad_data"):
                self.assertNotIn(gone, entry)

    def ask_all(self, servers, client, rng):
        """Every query has one report and becomes ready once, whichever server is killed meanwhile."""
        instance = client["report_db"]["instance"]
        changes = []
        stop = threading.Event()
        stream = instance.watch([{"$match": {"operationType": "update"}}], full_document="default", max_await_time_ms=500)
        listener = threading.Thread(target=self.listen, args=(stream, changes, stop))
        listener.start()
        asked = {}
        for number in range(QUERIES):
            asked[number] = {"type": "count", "data": {"sub_type": "ipv4", "data": f"10.0.{number // 256}.{number % 256}", "from": "2018-01-01", "to": "2019-01-01"}}
        servers.trouble(2)
        pending = dict(asked)
        deadline = time.monotonic() + 120 + QUERIES
        while pending and time.monotonic() < deadline:
            number = rng.choice(sorted(pending))
            try:
                status, answer, _ = rng.choice(servers.hubs).post_json("/query", pending[number], timeout=30)
            except (Refused, OSError, KeyError):
                time.sleep(0.2)
                continue
            if status == 201:
                del pending[number]
            else:
                self.assertIn(status, (202, 429, 503), answer)
        servers.calm()
        self.assertFalse(pending, f"{len(pending)} queries are not answered")
        until("every query is ready", lambda: not instance.count_documents({"sub_type": "query", "data.status": {"$nin": ["ready"]}}), 120)
        stop.set()
        listener.join(60)
        self.assertFalse(listener.is_alive())
        stream.close()
        queries = list(instance.find({"sub_type": "query"}))
        # A query asked again in the next hour of the clock is another document.
        contents = [(q["data"]["qhash"][0], int(q["data"]["timestamp"][0]) // 3600) for q in queries]
        self.assertEqual(len(contents), len(set(contents)))
        self.assertEqual(len({qhash for qhash, _ in contents}), QUERIES)
        reports = {r["_hash"] for r in instance.find({"itype": "report"})}
        self.assertEqual({q["data"]["report_id"][0] for q in queries}, reports)
        became_ready = [c["documentKey"]["_id"] for c in changes if self.makes_ready(c)]
        self.assertEqual(sorted(became_ready), sorted(q["_id"] for q in queries))

    @staticmethod
    def listen(stream, changes, stop):
        """Until told to stop and nothing has changed for a while: what a late server might still change shows too."""
        quiet_since = time.monotonic()
        while not stop.is_set() or time.monotonic() - quiet_since < 2:
            if not stop.is_set():
                quiet_since = time.monotonic()
            change = stream.try_next()
            if change is not None:
                changes.append(change)
                quiet_since = time.monotonic()

    @staticmethod
    def makes_ready(change):
        fields = change["updateDescription"]["updatedFields"]
        return fields.get("data.status") == ["ready"] or fields.get("data.status.0") == "ready" or (fields.get("data") or {}).get("status") == ["ready"]


if __name__ == "__main__":
    unittest.main(verbosity=2)
