"""The database goes away, its connections are cut, its commands fail, while records and queries come in: nothing is lost or
doubled, the server says what it waits for and refuses uploads, its memory stays, and work goes on by itself.

CYBEXD_TEST_OUTAGE (default 4) is how many seconds the database is stopped; each other trouble lasts a quarter of it.
"""
import http.client
import json
import os
import threading
import time
import unittest

from mongodb import Database, MongoHub, Proxy, needs_mongodb

needs_mongodb()

from harness import Hub, Refused, may_log, until  # noqa: E402

OUTAGE = float(os.environ.get("CYBEXD_TEST_OUTAGE", "4"))
ORG = "honeynet"
APP = "&appName=cybexd-under-test"
FLAT = 64 << 20  # more than memory may grow by while the database is away


class Sender(threading.Thread):
    """Uploads records one after the other until told to stop; repeats what was refused, as an honest client does."""

    def __init__(self, hub, lines):
        super().__init__(daemon=True)
        self.hub, self.lines = hub, lines
        self.sent = []
        self.statuses, self.refusals, self.problem = {}, [], None
        self.stop = threading.Event()

    def run(self):
        try:
            for line in self.lines:
                while not self.stop.is_set() and not self.upload(line):
                    time.sleep(0.3)
                if self.stop.is_set():
                    return
        except Exception as problem:  # told by the test
            self.problem = repr(problem)

    def upload(self, line):
        began = time.monotonic()
        try:
            status, answer, headers = self.hub.post_file(line, "cowrie", ORG, timeout=60)
        except Refused:
            status, answer, headers = 0, "", {}
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == 503:
            self.refusals.append((time.monotonic() - began, headers.get("Retry-After"), answer))
        if status == 201:
            self.sent.append(line)
        return status == 201


class Asker(threading.Thread):
    """Asks for counts one after the other, each another one, until told to stop; repeats what was not answered."""

    def __init__(self, hub):
        super().__init__(daemon=True)
        self.hub, self.answered, self.statuses, self.problem = hub, [], {}, None
        self.stop = threading.Event()

    def run(self):
        try:
            number = 0
            while not self.stop.wait(0.1):
                number += self.ask(number)
        except Exception as problem:  # told by the test
            self.problem = repr(problem)

    def ask(self, number):
        query = {"type": "count", "data": {"sub_type": "ipv4", "data": f"192.0.2.{number % 256}", "from": str(number + 1), "to": "2020-01-01"}}
        try:
            status, answer, _ = self.hub.post_json("/query", query, timeout=60)
        except (Refused, OSError, ValueError):
            status, answer = 0, {}
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == 201:
            self.answered.append(answer["data"])
        return status == 201


def readyz(hub):
    connection = http.client.HTTPConnection(hub.ports["operators"], timeout=30)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


class Outage(unittest.TestCase):
    def setUp(self):
        self.lines = may_log()
        self.database = Database("--enable-test-commands", "--sync-on-commit")
        self.addCleanup(self.database.__exit__, None)

    def hub_on(self, port, **settings):
        hub = MongoHub(self.database.url(port, APP), claim="10s", **{"http.query_patience": "5s", **settings})
        self.addCleanup(hub.__exit__, None)
        hub.org(ORG)
        hub.start(within=120)
        until("the server is ready", lambda: readyz(hub)[0] == 200, 60)
        return hub

    def send(self, hub, first=0):
        sender, asker = Sender(hub, self.lines[first:]), Asker(hub)
        sender.asker = asker
        for thread in (sender, asker):
            thread.start()
            self.addCleanup(thread.stop.set)
        until("some records are taken", lambda: len(sender.sent) >= 5, 60)
        until("some queries are answered", lambda: len(asker.answered) >= 2, 60)
        return sender

    def in_trouble(self, name, hub, sender, seconds, database=""):
        """While the database cannot be used: the server says so, refuses uploads, and its memory stays."""
        before, memory = sender.statuses.get(503, 0), hub.resident_bytes()
        _, text = until(f"{name}: the server says what it waits for", lambda: (lambda r: r if r[0] == 503 else None)(readyz(hub)), 60)
        waits = json.loads(text)["waits_for"]
        self.assertTrue(waits and all(waits), text)
        self.assertIn(database, text)
        until(f"{name}: uploads are refused", lambda: sender.statuses.get(503, 0) > before, 60)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.assertLess(hub.resident_bytes() - memory, FLAT, name)
            time.sleep(0.5)

    def works_again(self, name, hub, sender):
        before, asked = len(sender.sent), len(sender.asker.answered)
        until(f"{name}: records are taken again", lambda: len(sender.sent) > before + 3, 90)
        until(f"{name}: queries are answered again", lambda: len(sender.asker.answered) > asked + 1, 90)
        until(f"{name}: the server is ready", lambda: readyz(hub)[0] == 200, 60)

    def check_queries(self, sender):
        """Each query stands there once, has its report, and is answered."""
        with self.database.client() as client:
            instance = client["report_db"]["instance"]
            unanswered = {"sub_type": "query", "data.status": {"$nin": ["ready"]}}
            try:
                until("every query is answered", lambda: not instance.count_documents(unanswered), 120, every=0.5)
            except AssertionError:
                self.fail(f"at {time.time()} not answered: {list(instance.find(unanswered))}")
            queries = list(instance.find({"sub_type": "query"}))
            self.assertEqual(len(queries), len({q["_hash"] for q in queries}))
            # A query asked again in the next hour of the clock is another document.
            contents = [(q["data"]["qhash"][0], int(q["data"]["timestamp"][0]) // 3600) for q in queries]
            self.assertEqual(len(contents), len(set(contents)))
            asked = len({qhash for qhash, _ in contents})
            self.assertGreaterEqual(asked, len(sender.asker.answered))
            self.assertLessEqual(asked, len(sender.asker.answered) + 1)  # one may have been asked for and not answered
            reports = {r["_hash"] for r in instance.find({"itype": "report"})}
            self.assertLessEqual({q["data"]["report_id"][0] for q in queries}, reports)
            self.assertEqual(set(sender.asker.answered), {0})

    def settle(self, hub, sender):
        """Everything acknowledged stands in the archive once, as in a server of its own."""
        self.works_again("at the end", hub, sender)
        for thread in (sender, sender.asker):
            thread.stop.set()
            thread.join(90)
            self.assertIsNone(thread.problem)
        self.check_queries(sender)
        until("nothing waits", lambda: hub.books()["pending"] == 0, 180, every=1)
        status, text = until("the server is ready", lambda: (lambda r: r if r[0] == 200 else None)(readyz(hub)), 60)
        with Hub() as alone:
            alone.org(ORG)
            records = os.path.join(alone.folder, "records")
            with open(records, "wb") as file:
                file.write(b"\n".join(sender.sent))
            alone.run("raw", "put", records, "--ndjson", "--typetag", "cowrie", "--org", ORG)
            alone.run("archive", "once")
            wanted = alone.digest()
        got = hub.digest()
        # An upload that was refused may be stored all the same, and its repetition is known then.
        self.assertEqual(got, wanted)
        for took, after, answer in sender.refusals:
            self.assertTrue(after and int(after) >= 1, (after, answer))
            self.assertLess(took, 45, answer)

    def test_the_database_is_stopped(self):
        hub = self.hub_on(self.database.port)
        sender = self.send(hub)
        self.database.kill()
        self.in_trouble("stopped", hub, sender, OUTAGE, f"127.0.0.1:{self.database.port}")
        self.database.start()
        self.settle(hub, sender)
        print("answers", sender.statuses, "to queries", sender.asker.statuses, "slowest refusal", max(r[0] for r in sender.refusals))

    def test_it_is_away_when_the_server_starts(self):
        hub = self.hub_on(self.database.port)
        hub.stop()
        self.database.kill()
        hub.start(within=60)
        def waits_for_it():  # and for its actors to start, before that
            status, text = readyz(hub)
            return status == 503 and f"127.0.0.1:{self.database.port}" in text

        until("the server says what it waits for", waits_for_it, 60)
        self.assertEqual(hub.post_file(self.lines[0], "cowrie", ORG)[0], 503)
        self.database.start()
        sender = self.send(hub)
        self.settle(hub, sender)

    def test_connections_are_cut_and_stall(self):
        with Proxy(self.database.port) as proxy:
            hub = self.hub_on(proxy.port)
            sender = self.send(hub)
            for _ in range(5):
                proxy.cut()
                time.sleep(0.7)
            self.works_again("cut", hub, sender)
            proxy.refuse(True)
            self.in_trouble("refused", hub, sender, OUTAGE / 4, f"127.0.0.1:{proxy.port}")
            proxy.refuse(False)
            self.works_again("refused", hub, sender)
            proxy.hold(True)  # nothing is refused and nothing answered
            self.in_trouble("stalled", hub, sender, OUTAGE / 4)
            proxy.hold(False)
            self.settle(hub, sender)
            print("answers", sender.statuses, "to queries", sender.asker.statuses)

    def test_commands_fail(self):
        """Every command, or every write, fails in one way, then in another."""
        hub = self.hub_on(self.database.port)
        sender = self.send(hub)
        client = self.database.client()
        self.addCleanup(client.close)
        reads, writes = ["find", "aggregate", "getMore", "count"], ["insert", "update", "delete", "findAndModify"]
        kinds = {"not primary": {"errorCode": 10107}, "stepped down": {"errorCode": 189}, "time-out": {"errorCode": 50}, "shutting down": {"errorCode": 11600}, "disk full": {"errorCode": 14031},
                 "network error": {"closeConnection": True}, "write concern error": {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}}}
        for name, kind in kinds.items():
            commands = writes if "writeConcernError" in kind else writes + reads

            def fail(mode, **data):
                client.admin.command({"configureFailPoint": "failCommand", "mode": mode, "data": {"failCommands": commands, "appName": "cybexd-under-test", **data}})

            fail({"times": 5}, **kind)  # some, and then all for a while
            time.sleep(0.5)
            fail("alwaysOn", **kind)
            self.in_trouble(name, hub, sender, OUTAGE / 4)
            fail("off")
            self.works_again(name, hub, sender)
        self.settle(hub, sender)
        print("answers", sender.statuses, "to queries", sender.asker.statuses)


if __name__ == "__main__":
    unittest.main(verbosity=2)
