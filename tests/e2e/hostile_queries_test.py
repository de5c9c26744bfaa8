"""Hostile queries over HTTP and through the command line: whatever a query holds, it gets a failed report or an error that names the key, and the next one is
answered as before."""
import itertools
import json
import os
import unittest

from harness import ADMIN, Hub

BIG = "x" * 10_000_000
HASH = "0" * 64


def login_record(number):
    return json.dumps({"eventid": "cowrie.login.failed", "session": "s", "sensor": "t", "src_ip": "192.0.2.1", "username": f"u{number}", "password": "p",
                       "timestamp": f"2026-01-01T00:00:{number:02d}Z"}).encode()


VALUES = [None, True, False, 0, -1, 4, 2**62, 1.5, 1e300, "", " ", "nonsense", "nan", "1_000", "5 parsecs", "../../etc/passwd", "\u0000", "\U0001f600", [], [1], ["ipv4"], {}, {"a": 1}, [[[[]]]]]


def is_right(key, value):
    """Whether a key may have one of the values above."""
    flag = isinstance(value, bool)
    if key == "data":
        return not isinstance(value, (list, dict))
    if key in ("from", "to", "last", "tzname"):  # blank counts as absent
        return isinstance(value, str) and not value.strip()
    if key == "page":
        return isinstance(value, int) and not flag and value >= 1
    return key in ("summary", "summary_graph") and flag


class HostileQueries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = hub = Hub(**{"http.max_json": "64MiB"})
        hub.org("one")
        hub.start()
        assert hub.post_ndjson([login_record(n) for n in range(9)], "cowrie", "one")[0] == 201
        hub.wait_until_archived()
        events = hub.post_json("/query", {"type": "related", "data": {"sub_type": "ipv4", "data": "192.0.2.1", "summary": False, "return_type": "event"}})[1]["data"]
        cls.event = events[0]["_hash"]

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None)

    def setUp(self):
        self.base = {"count": {"sub_type": "ipv4", "data": "192.0.2.1"}, "related": {"sub_type": "ipv4", "data": "192.0.2.1"}, "threatrank": {"_hash": self.event}}

    def tearDown(self):
        """The next query is answered as before."""
        self.assertEqual(self.ask("count", self.base["count"])[1]["data"], 9)

    def ask(self, kind, data):
        return self.hub.post_json("/query", {"type": kind, "data": data, "redo": True})[:2]

    def must_name(self, key, kind, data):
        status, report = self.ask(kind, data)
        self.assertEqual(status, 201, report)
        self.assertIsInstance(report["data"], str, (key, str(report)[:300]))
        self.assertIn(key, report["data"])
        self.assertLess(len(report["data"]), 1000)

    def test_every_wrong_type_for_every_key(self):
        keys = ["sub_type", "data", "from", "to", "last", "tzname", "category", "context", "return_type", "level", "page", "summary", "summary_graph", "_hash", "bogus", "$where", ""]
        tried = 0
        for kind, base in self.base.items():
            for key in keys:
                for value in VALUES:
                    with self.subTest(kind=kind, key=key, value=value):
                        tried += 1
                        if not is_right(key, value):
                            self.must_name(key, kind, {**base, key: value})
                        else:
                            status, report = self.ask(kind, {**base, key: value})
                            self.assertEqual(status, 201)
                            self.assertNotIn("may be", str(report["data"]))
        print(f"{tried} queries")

    def test_what_is_needed_is_asked_for(self):
        for kind, base in self.base.items():
            for key in base:
                self.must_name(key, kind, {k: v for k, v in base.items() if k != key})

    def test_ten_megabytes(self):
        keys = ("sub_type", "from", "to", "last", "tzname", "category", "context", "return_type", "level", "page", "summary", "summary_graph", "_hash", "bogus")
        for key, (kind, base) in zip(keys, itertools.cycle(self.base.items())):
            with self.subTest(kind=kind, key=key):
                self.must_name(key, kind, {**base, key: BIG})
        self.assertEqual(self.ask("count", {"sub_type": "ipv4", "data": BIG})[1]["data"], 0)
        self.must_name("xxxx", "count", {**self.base["count"], BIG: 1})
        self.must_name("data", "count", {**self.base["count"], "data": [[12345] * 1000] * 1900})
        self.assertLess(self.hub.resident_bytes("VmHWM"), 1 << 30)

    def test_ten_thousand_keys(self):
        for kind, base in self.base.items():
            self.must_name("key0", kind, {**base, **{f"key{n}": n for n in range(10_000)}})

    def test_depth_of_a_thousand(self):
        for begin, end in (("[" * 1000, "]" * 1000), ('{"a":' * 1000 + "1", "}" * 1000)):
            for text in (f'{{"type": "count", "data": {begin}{end}}}', f'{{"type": "count", "data": {{"sub_type": "ipv4", "data": {begin}{end}}}}}', begin + end, begin):
                status, answer, _ = self.hub.request("POST", "/query", text.encode(), {"Content-Type": "application/json"})
                self.assertEqual(status, 400)
                self.assertTrue("nested" in answer["message"] or "JSON" in answer["message"], answer)
        self.must_name("data", "count", {**self.base["count"], "data": json.loads("[" * 12 + "]" * 12)})
        # The canonical form doubles with each level: this one has none that anybody could store.
        for nested in ("[" * 28 + "]" * 28, '{"a":' * 27 + "1" + "}" * 27):
            status, answer = self.ask("count", {**self.base["count"], "level": json.loads(nested)})
            self.assertEqual(status, 400)
            self.assertIn('"level" was', answer["message"])
        text = "1"
        for _ in range(12):
            text = json.dumps([text])
        self.assertEqual(self.ask("count", {"sub_type": "ipv4", "data": text})[1]["data"], 0)

    def test_bodies_that_are_none(self):
        for body, word in ((b"{", "JSON"), (b"", "JSON"), (b"\xff\xfe", "JSON"), (b'"text"', "object"), (b"[]", "object"), (b"null", "object"), (b'{"type": 1, "data": {}}', "type"), (b'{"type": "count"}', "data"),
                           (b'{"type": "count", "data": {}, "redo": "yes"}', "redo"), (b'{"type": "no type", "data": {}}', "type"), (b'{"data": {}}', "type"), (b'{"type": "count", "data": NaN}', "JSON"),
                           (b'{"type": "count", "data": [1]}', "data"), (b'{"type": "count", "data": "{}"}', "data"), (b'{"type": "count", "data": {"sub_type": "\xff"}}', "JSON"),
                           (b'{"type": "count", "data": {"sub_type": "\\ud800"}}', "JSON"), (b'{"type": "count", "data": {"data": 1e999}}', "JSON"), (b'{"type": "' + b"a" * 3_000_000 + b' ", "data": {}}', "type")):
            status, answer, _ = self.hub.request("POST", "/query", body, {"Content-Type": "application/json"})
            self.assertEqual(status, 400, body[:60])
            self.assertIn(word, answer["message"], body[:60])
            self.assertLess(len(answer["message"]), 1000)

    def test_the_same_through_a_batch(self):
        base = self.base["count"]
        queries = [{**base, "bogus": BIG}, {**base, "data": BIG}, {**base, **{f"key{n}": n for n in range(10_000)}}, {**base, "level": "1"}, base]
        path = os.path.join(self.hub.folder, "queries")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps({"type": "count", "data": query, "user": ADMIN}) + "\n" for query in queries)
            file.write('{"type": "count", "data": ' + "[" * 1000 + "]" * 1000 + "}\n{\n")
            file.write(json.dumps({"type": "count", "data": base, "user": ADMIN}) + "\n")
        done = self.hub.run("report", "--batch", path, expect=1)  # two lines are no queries
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([a["status"] for a in answers], ["failed", "ready", "failed", "failed", "ready", "failed", "failed", "ready"])
        self.assertEqual([answers[n]["report"]["data"] for n in (1, 4, 7)], [0, 9, 9])
        for number, key in ((0, "bogus"), (2, "key0"), (3, "level")):
            self.assertIn(key, answers[number]["report"]["data"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
