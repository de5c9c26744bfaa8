"""`migrate` from the embedded store to MongoDB and back: equal digests, also when it is killed; mixed places; what is refused.

CYBEXD_TEST_RECORDS (default 400) of the real log are taken; with all 34,774 the digest is that of the golden file.
"""
import json
import os
import shutil
import subprocess
import time
import unittest

from mongodb import Database, MongoHub, needs_mongodb

needs_mongodb()

from backup_test import everything  # noqa: E402
from harness import ADMIN, CYBEXD, Hub, golden, may_log, seeded  # noqa: E402

RECORDS = int(os.environ.get("CYBEXD_TEST_RECORDS", "400"))
PLACES = ("cache", "archive", "report", "identity")


def unordered(value):
    if isinstance(value, dict):
        return {k: unordered(v) for k, v in sorted(value.items())}
    if isinstance(value, list):
        return sorted(json.dumps(unordered(v), sort_keys=True) for v in value)
    return value


class Configured(Hub):
    """A hub whose file says where its stores are, since `migrate` reads files alone."""

    def __init__(self, text="", **options):
        super().__init__(**options)
        self.file = os.path.join(self.dir, "places.toml")
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)
        self.config = self.file

    def arguments(self):
        return ["--config", self.file, *(f"--set={k}={v}" for k, v in self.settings.items())]


def on_mongodb(url, suffix=""):
    sections = "".join(f'[store.{p}]\ndb = "{p}_db{suffix}"\n' for p in PLACES)
    return f'[store]\nkind = "mongodb"\nurl = "{url}"\n{sections}'


class Migrate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.database = Database()
        cls.source = Hub()
        hub = cls.source
        hub.run("user", "add", "ann@example.org", "--name", "Ann")
        hub.org("honeynet")
        hub.run("token", "new", "ann@example.org")
        hub.json("token", "revoke", hub.json("token", "list")["tokens"][-1]["jti"])
        put = ("raw", "put", "-", "--org", "honeynet", "--timezone", golden("cowrie-2018-05.json")["cases"]["timezone"], "--typetag")
        lines = may_log()[:RECORDS]
        hub.run(*put, "cowrie", "--lines", input=b"\n".join(lines[:200]))
        hub.run(*put, "cowrie", "--ndjson", input=b"\n".join(lines[200:]))
        hub.run(*put, "cowrie", input=b"\xff\xfe")
        hub.run("archive", "once")
        hub.run(*put, "unheard", input=b"{}")
        for n in range(3):
            hub.json("report", "count", json.dumps({"sub_type": "ipv4", "data": f"203.0.0.{n}"}), "--as", ADMIN)
        cls.answers = cls.asked(hub, lines)
        cls.before = cls.seen(hub)

    @classmethod
    def tearDownClass(cls):
        cls.source.__exit__(None)
        cls.database.__exit__(None)

    @staticmethod
    def asked(hub, lines):
        """The data of reports of all kinds, lists without their order."""
        addresses = sorted({json.loads(line)["src_ip"] for line in lines if b'"src_ip"' in line})[:4]
        data = []
        for address in addresses:
            about = {"sub_type": "ipv4", "data": address}
            for kind, more in (("count", {}), ("count", {"to": "2018-05-07 12:00"}), ("related", {}), ("related", {"level": 2, "summary": False}), ("related", {"level": 3})):
                answer = hub.json("report", kind, json.dumps({**about, **more}), "--as", ADMIN)
                assert answer["status"] == "ready", answer
                data.append(unordered(answer["report"]["data"]))
        assert len(set(map(str, data))) > len(addresses), data
        return data

    @staticmethod
    def seen(hub):
        found = everything(hub)
        for entry in found["aside"]["entries"]:
            entry.pop("id")
        # The order of fields is each home's own; a token of the target's own `init` may be there besides.
        found["identity"] = sorted(json.dumps(json.loads(line), sort_keys=True) for line in found["identity"])
        found["report"] = sorted(json.dumps(json.loads(line), sort_keys=True) for line in found["report"].splitlines())
        found["tokens"] = {t["jti"]: (t["revoked"], t["issued"]) for t in found["tokens"]["tokens"]}
        return found

    def hub(self, *arguments, **options):
        hub = Configured(*arguments, **options)
        self.addCleanup(hub.__exit__, None)
        return hub

    def migrate(self, a, b, *words, expect=0):
        files = [getattr(h, "file", os.path.join(h.dir, "cybexd.toml")) for h in (a, b)]
        done = subprocess.run([CYBEXD, "migrate", *files, "--json", *words], capture_output=True, text=True, timeout=800)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return json.loads(done.stdout) if done.stdout.startswith("{") else done

    def same(self, hub):
        after = self.seen(hub)
        tokens = after.pop("tokens")
        wanted = {**self.before}
        self.assertEqual({jti: tokens.get(jti) for jti in wanted["tokens"]}, wanted.pop("tokens"))
        for part, value in wanted.items():
            self.assertEqual(after[part], value, part)
        self.assertEqual(hub.json("verify")["problems"], 0)

    def test_to_mongodb_and_back(self):
        middle, last = self.hub(on_mongodb(self.database.url(), "_a")), self.hub()
        began = time.monotonic()
        there = self.migrate(self.source, middle)
        between = time.monotonic()
        self.assertTrue(there["complete"] and there["equal"])
        self.same(middle)
        started = time.monotonic()
        back = self.migrate(middle, last)
        print(f"{RECORDS} records, {there['documents']['total']} documents: {between - began:.0f} s there, {time.monotonic() - started:.0f} s back")
        self.assertTrue(back["complete"] and back["equal"])
        self.assertEqual(there["from"], back["to"])
        self.same(last)
        self.assertEqual(self.migrate(middle, last)["documents"]["copied"], 0)
        for hub in (middle, last):
            self.assertEqual(self.asked(hub, may_log()[:RECORDS]), self.answers)
        if RECORDS >= len(may_log()):
            wanted = golden("cowrie-2018-05.json")["cases"]
            for key in ("sha256_of_sorted_hashes", "sha256_of_sorted_parts"):
                self.assertEqual(back["to"][key], wanted[key])

    def test_killed_on_the_way(self):
        middle, last = self.hub(on_mongodb(self.database.url(), "_b")), self.hub()
        chance = seeded()
        for a, b in ((self.source, middle), (middle, last)):
            files = [getattr(h, "file", os.path.join(h.dir, "cybexd.toml")) for h in (a, b)]
            for _ in range(2):
                process = subprocess.Popen([CYBEXD, "migrate", *files], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(chance.uniform(0, 1.5))
                process.kill()
                process.wait(30)
            self.assertTrue(self.migrate(a, b)["equal"])
            self.same(b)

    def test_places_that_both_sides_share(self):
        url = self.database.url()
        first = self.hub(on_mongodb(url, "_c"))
        self.migrate(self.source, first)
        # The same place by another name; only the archive is elsewhere.
        other = url.replace("127.0.0.1", "LOCALHOST").replace("?", "?appName=x&")
        text = on_mongodb(other, "_c").replace('db = "archive_db_c"', 'kind = "embedded"')
        second = self.hub(text)
        done = self.migrate(first, second)
        self.assertTrue(done["complete"] and done["equal"])
        self.assertEqual([done[k]["total"] for k in ("entries", "reports", "identities", "tokens")], [0, 0, 0, 0])
        self.same(second)
        done = self.migrate(first, self.hub(on_mongodb(other, "_c")), expect=2)
        self.assertIn("the same stores", done["error"])
        # What is embedded of it is backed up, and comes back.
        made = second.json("backup", os.path.join(second.folder, "copy"))
        self.assertEqual((made["stores"], made["digest"]), (["archive"], self.before["digest"]))
        shutil.rmtree(second.dir + "/data/store")
        second.json("restore", os.path.join(second.folder, "copy"))
        self.same(second)

    def test_a_server_on_the_source(self):
        first = MongoHub(self.database.url())
        self.addCleanup(first.__exit__, None)
        with open(first.dir + "/places.toml", "w", encoding="utf-8") as file:
            file.write(f'[store]\nkind = "mongodb"\nurl = "{self.database.url()}"\n')
        first.file = first.dir + "/places.toml"
        first.start(within=60)
        last = self.hub()
        done = subprocess.run([CYBEXD, "migrate", first.file, last.file], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("run migrate again", done.stderr)
        self.assertIn(str(first.process.pid), done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
