"""The database goes away, its connections are cut, its commands fail: nothing is lost or doubled, and work goes on by itself.

CYBEXD_TEST_OUTAGE (default 8) is how many seconds the database is stopped.
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

OUTAGE = float(os.environ.get("CYBEXD_TEST_OUTAGE", "8"))
ORG = "honeynet"
APP = "&appName=cybexd-under-test"
FLAT = 150 << 20  # more than memory may grow by while the database is away


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
        hub = MongoHub(self.database.url(port, APP), claim="10s", **settings)
        self.addCleanup(hub.__exit__, None)
        hub.org(ORG)
        hub.start(within=120)
        until("the server is ready", lambda: readyz(hub)[0] == 200, 60)
        return hub

    def send(self, hub, first=0):
        sender = Sender(hub, self.lines[first:])
        sender.start()
        self.addCleanup(sender.stop.set)
        until("some records are taken", lambda: len(sender.sent) >= 5, 60)
        return sender

    def settle(self, hub, sender):
        """Everything acknowledged stands in the archive once, as in a server of its own."""
        before = len(sender.sent)
        until("records are taken again", lambda: len(sender.sent) > before + 3, 90)
        sender.stop.set()
        sender.join(90)
        self.assertIsNone(sender.problem)
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
        status, text = until("the server says what it waits for", lambda: (lambda r: r if r[0] == 503 else None)(readyz(hub)), 60)
        self.assertIn("waits_for", text)
        memory = hub.resident_bytes()
        time.sleep(OUTAGE)
        self.assertLess(hub.resident_bytes() - memory, FLAT)
        self.assertTrue(sender.statuses.get(503), sender.statuses)
        self.database.start()
        self.settle(hub, sender)
        print("answers", sender.statuses, "slowest refusal", max(r[0] for r in sender.refusals))

    def test_it_is_away_when_the_server_starts(self):
        hub = self.hub_on(self.database.port)
        hub.stop()
        self.database.kill()
        hub.start(within=60)
        status, text = until("the server says what it waits for", lambda: (lambda r: r if r[0] == 503 else None)(readyz(hub)), 60)
        self.assertIn(f"127.0.0.1:{self.database.port}", text)
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
            proxy.refuse(True)
            time.sleep(OUTAGE / 2)
            proxy.refuse(False)
            proxy.hold(True)  # nothing is refused and nothing answered
            time.sleep(OUTAGE / 2)
            proxy.hold(False)
            until("records are taken again", lambda: sender.statuses.get(201), 60)
            self.settle(hub, sender)
            print("answers", sender.statuses)

    def test_commands_fail(self):
        hub = self.hub_on(self.database.port)
        sender = self.send(hub)
        client = self.database.client()
        self.addCleanup(client.close)
        admin = client.admin
        commands = ["insert", "update", "find", "aggregate", "delete", "getMore"]
        kinds = [{"errorCode": 10107}, {"errorCode": 189}, {"errorCode": 50}, {"errorCode": 11600}, {"closeConnection": True},
                 {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}}]
        for kind in kinds:
            hits = commands if "writeConcernError" not in kind else ["insert", "update", "delete"]
            admin.command({"configureFailPoint": "failCommand", "mode": {"times": 5}, "data": {"failCommands": hits, "appName": "cybexd-under-test", **kind}})
            time.sleep(1.5)
        admin.command({"configureFailPoint": "failCommand", "mode": "off"})
        self.settle(hub, sender)
        print("answers", sender.statuses)


if __name__ == "__main__":
    unittest.main(verbosity=2)
