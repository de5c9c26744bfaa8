"""A hub over HTTP: one attribute in every event. Counts, pages of every level and ranks, exact, each within the deadline.

The events come in pairs that share a url; the first of each pair is malicious. All hold the hub and an attribute of their own, ten are a session, and all
are ten days old, so everything can be counted by hand. CYBEXD_HUB_EVENTS=200000 is the full size."""
import hashlib
import json
import math
import os
import time
import unittest

from harness import Hub

EVENTS = int(os.environ.get("CYBEXD_HUB_EVENTS", "20000"))
STEP = 25_000 / EVENTS  # seconds between two events
DEADLINE = 60


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def attribute(sub_type, data):
    return {"itype": "attribute", "sub_type": sub_type, "data": data, "_hash": sha256(f"attribute{sub_type}{json.dumps(data)}")}


def canonical(parts):
    """Of an object with one attribute of each sub_type."""
    return json.dumps({part["sub_type"]: json.dumps([json.dumps(part["data"])]) for part in sorted(parts, key=lambda p: p["sub_type"])})


class World:
    """The documents of the hub, and what must come out."""

    def __init__(self):
        self.first = math.floor(time.time()) - 10.5 * 86400
        self.orgid = sha256("objectcybexp_orgone")
        self.hub = attribute("asn", "hub")

    def time(self, number):
        return self.first + number * STEP

    def event(self, number):
        parts = [self.hub, attribute("url", f"pair {number // 2}"), attribute("username", f"u{number}")]
        refs = [part["_hash"] for part in parts]
        made = {"itype": "event", "sub_type": "sighting", "orgid": self.orgid, "timestamp": self.time(number), "category": "malicious" if number % 2 == 0 else "unknown",
                "data": {part["sub_type"]: [part["data"]] for part in parts}, "_cref": refs, "_ref": refs, "_mal_ref": [], "_ben_ref": refs[:1] if number % 4 == 1 else [],
                "_hash": sha256(f"eventsighting{self.orgid}{self.time(number)!r}{canonical(parts)}")}
        return parts, made

    def documents(self):
        yield self.hub
        for begin in range(0, EVENTS, 10):
            ident, refs = attribute("sessionid", f"s{begin // 10}"), []
            for number in range(begin, begin + 10):
                (_, pair, own), made = self.event(number)
                refs.append(made["_hash"])
                yield from (pair, own, made) if number % 2 == 0 else (own, made)
            yield ident
            yield {"itype": "session", "sub_type": "cowrie_session", "data": {"sessionid": [ident["data"]]}, "_cref": [ident["_hash"]], "_ref": [ident["_hash"], *refs],
                   "_hash": sha256(f"sessioncowrie_session{canonical([ident])}")}

    @staticmethod
    def rank():
        """Of an event that is not malicious: its pair, all malicious ones by the hub, and these by two further steps."""
        weight, half = 0.998**10 / 3, EVENTS / 2
        return -(weight + (half - 1) * weight**2 / EVENTS + (half - 1) * weight**3 / (4 * EVENTS))


class AHub(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world, cls.times = World(), {}
        cls.hub = hub = Hub()
        hub.org("one")
        path = os.path.join(hub.folder, "documents")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(d) + "\n" for d in cls.world.documents())
        began = time.monotonic()
        hub.run("import", path, "--store", "archive", timeout=600)
        print(f"{EVENTS:,} events imported in {time.monotonic() - began:.1f} s")
        os.remove(path)
        hub.start()

    @classmethod
    def tearDownClass(cls):
        for kind, times in cls.times.items():
            print(f"{kind}: {len(times)} reports, median {sorted(times)[len(times) // 2] * 1000:.1f} ms, longest {max(times) * 1000:.1f} ms")
        print(f"resident memory at the end {cls.hub.resident_bytes() >> 20} MiB, most {cls.hub.resident_bytes('VmHWM') >> 20} MiB")
        cls.hub.__exit__(None)

    def ask(self, kind, data):
        """The report, over HTTP, asked for again and again until it is there."""
        began = time.monotonic()
        while True:
            status, report, _ = self.hub.post_json("/query", {"type": kind, "data": data})
            took = time.monotonic() - began
            self.assertLess(took, DEADLINE, (kind, data))
            if status == 201:
                self.times.setdefault(kind, []).append(took)
                return report
            self.assertEqual(status, 202, report)
            time.sleep(0.2)

    def of_hub(self, kind, **more):
        return self.ask(kind, {"sub_type": "asn", "data": "hub", **more})

    def test_counts(self):
        count = lambda **more: self.of_hub("count", **more)["data"]  # noqa: E731
        self.assertEqual(count(), EVENTS)
        for category, share in (("malicious", 1 / 2), ("unknown", 1 / 2), ("benign", 0)):
            self.assertEqual(count(category=category), EVENTS * share)
        for context, share in (("malicious", 0), ("unknown", 3 / 4), ("benign", 1 / 4)):
            self.assertEqual(count(context=context), EVENTS * share)
        self.assertEqual(count(category="malicious", context="benign"), 0)
        for first, last in ((0, 0), (1, 1), (77, 5_000), (EVENTS // 3, EVENTS // 2), (EVENTS - 1, EVENTS - 1)):
            bounds = {"from": repr(self.world.time(first) - STEP / 2), "to": repr(self.world.time(last) + STEP / 2)}
            self.assertEqual(count(**bounds), last - first + 1)
        self.assertEqual(count(to=repr(self.world.first - 1)), 0)

    def test_any_page_of_any_level(self):
        for page in (1, 2, EVENTS // 30, EVENTS // 10 - 1, EVENTS // 10):
            newest = EVENTS - (page - 1) * 10
            shown = sorted(f"u{n}" for n in range(newest - 10, newest))
            for level in (1, 2, 3):
                with self.subTest(page=page, level=level):
                    report = self.of_hub("related", page=page, level=level)
                    self.assertEqual(sorted(report["data"]["username"]), shown)
                    self.assertEqual(report["data"]["asn"], ["hub"])
                    self.assertEqual((report["current_page"], report["next_page"]), (page, page + 1))
                    graph = self.of_hub("related", page=page, level=level, summary_graph=True)["data"]
                    self.assertEqual(sorted(pair[0] for pair in graph["username"]), shown)
                    self.assertEqual(graph["username"][0][1], ["username=attribute", "sighting=event", "asn=attribute"])
                    documents = self.of_hub("related", page=page, level=level, summary=False)["data"]
                    found = {kind: sum(d["itype"] == kind for d in documents) for kind in ("event", "session")}
                    self.assertEqual(found, {"event": 10, "session": int(level > 1)})
        beyond = self.of_hub("related", page=EVENTS // 10 + 1)
        self.assertEqual((beyond["data"], beyond["next_page"]), ({}, 1))

    def test_ranks(self):
        for number in (1, 3, EVENTS // 2 + 1, EVENTS - 1):
            rank = self.ask("threatrank", {"_hash": self.world.event(number)[1]["_hash"]})["data"]
            self.assertLessEqual(abs(rank / self.world.rank() - 1), 1e-12)
        self.assertEqual(self.ask("threatrank", {"_hash": self.world.event(EVENTS - 2)[1]["_hash"]})["data"], -1.0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
