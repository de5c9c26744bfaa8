"""One attribute in 200,000 events over HTTP: counts and pages of every level, exact and within the deadline."""
import json
import unittest

from harness import Hub

EVENTS, SESSION, PART = 200_000, 10, 2_000


def record(number):
    minute, second = divmod(number // 100, 60)
    hour, minute = divmod(minute, 60)
    return json.dumps({"eventid": "cowrie.login.failed", "session": f"s{number // SESSION}", "sensor": "t", "src_ip": "192.0.2.1", "username": f"u{number}", "password": "p",
                       "timestamp": f"2026-01-01T{hour:02d}:{minute:02d}:{second:02d}.{number % 100 * 10000:06d}Z"}).encode()


class AHub(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = hub = Hub()
        hub.org("one")
        hub.start()
        for begin in range(0, EVENTS, PART):
            while True:
                status = hub.post_ndjson([record(n) for n in range(begin, begin + PART)], "cowrie", "one")[0]
                if status == 201:
                    break
                assert status == 503, status
        hub.wait_until_archived(300)

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None)

    def ask(self, kind, **more):
        status, report, _ = self.hub.post_json("/query", {"type": kind, "data": {"sub_type": "ipv4", "data": "192.0.2.1", **more}})
        self.assertEqual(status, 201, report)
        return report

    def test_counts(self):
        self.assertEqual(self.ask("count")["data"], EVENTS)
        self.assertEqual(self.ask("count", to="2025-12-31")["data"], 0)
        self.assertEqual(self.ask("count", **{"from": "2026-01-01 00:10"})["data"], EVENTS - 60_000)
        self.assertEqual(self.ask("count", **{"from": "2026-01-01 00:10", "to": "2026-01-01 00:10:00.5"})["data"], 51)

    def test_any_page_of_any_level(self):
        for page in (1, 2, 9_999, EVENTS // 10):
            newest = EVENTS - (page - 1) * 10
            for level in (1, 2, 3):
                with self.subTest(page=page, level=level):
                    report = self.ask("related", page=page, level=level)
                    self.assertEqual(sorted(report["data"]["username"]), sorted(f"u{n}" for n in range(newest - 10, newest)))
                    self.assertEqual((report["current_page"], report["next_page"]), (page, page + 1))
        beyond = self.ask("related", page=EVENTS // 10 + 1)
        self.assertEqual((beyond["data"], beyond["next_page"]), ({}, 1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
