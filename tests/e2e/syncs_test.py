"""How often the disk is waited for: once for an upload until it is acknowledged and once until it is archived, once for a report, never for one that is stored."""
import json
import os
import struct
import unittest

from harness import Hub, preload


def record(number):
    return json.dumps({"eventid": "cowrie.login.failed", "session": f"s{number}", "sensor": "t", "src_ip": "192.0.2.1", "username": f"u{number}", "password": "p",
                       "timestamp": "2026-01-01T00:00:00Z"}).encode()


class Syncs(unittest.TestCase):
    def setUp(self):
        self.hub = hub = Hub()
        self.addCleanup(hub.__exit__, None)
        self.counter = os.path.join(hub.folder, "syncs")
        with open(self.counter, "wb") as file:
            file.write(bytes(8))
        hub.org("one")
        hub.start(environment={"LD_PRELOAD": preload("counted_syncs.c", hub.folder), "COUNTED_SYNCS": self.counter})
        self.upload(range(3))  # what is made once is made

    def syncs(self):
        with open(self.counter, "rb") as file:
            return struct.unpack("=Q", file.read(8))[0]

    def upload(self, numbers):
        self.assertEqual(self.hub.post_ndjson([record(n) for n in numbers], "cowrie", "one")[0], 201)
        self.hub.wait_until_archived()

    def ask(self, number, redo=False, **more):
        status, report, _ = self.hub.post_json("/query", {"type": "count", "data": {"sub_type": "username", "data": f"u{number}", **more}, "redo": redo})
        self.assertEqual(status, 201, report)
        return report["data"]

    def of(self, work):
        before = self.syncs()
        work()
        return self.syncs() - before

    def test_an_upload(self):
        self.assertEqual(self.of(lambda: self.upload(range(10, 11))), 2)
        # Records of one envelope go on in parts of some hundred: a write for each part at most.
        self.assertLessEqual(self.of(lambda: self.upload(range(20, 1020))), 11)

    def test_a_report(self):
        for more in ({}, {"category": "malicious"}, {"bogus": 1}):
            for number in (1, 2):
                self.assertEqual(self.of(lambda: self.ask(number, **more)), 1)
                self.assertEqual(self.of(lambda: self.ask(number, **more)), 0)  # it is stored
                self.assertEqual(self.of(lambda: self.ask(number, redo=True, **more)), 1)

    def test_what_is_only_read(self):
        self.assertEqual(self.of(lambda: [self.hub.request("GET", path) for path in ("/user/info/self", "/orgs/user_of", "/report/" + "0" * 64)]), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
