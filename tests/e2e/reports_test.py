"""Reports over HTTP: who may ask and see what, hostile queries, tokens, many waiting at once."""
import asyncio
import base64
import collections
import http.client
import json
import os
import signal
import socket
import tempfile
import time
import unittest

from harness import ADMIN, Hub, tdql, until

OTHER = "other@example.org"


def login_record(number, address="192.0.2.1", session="s"):
    return json.dumps({"eventid": "cowrie.login.failed", "session": session, "sensor": "t", "src_ip": address, "username": f"u{number}", "password": "p",
                       "timestamp": f"2026-01-01T00:00:{number % 60:02d}Z"}).encode()


def query(address="192.0.2.1", **more):
    return {"sub_type": "ipv4", "data": address, **more}


class Reports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub()
        hub = cls.hub
        hub.org("one")
        hub.start()
        password = os.path.join(hub.folder, "password")
        with open(password, "w", encoding="utf-8") as file:
            file.write("a long passphrase\n")
        hub.run("user", "add", OTHER, "--name", "Other", "--password-file", password)
        hub.org("two", OTHER)
        cls.other = hub.run("token", "new", OTHER).stdout.strip()
        assert hub.post_ndjson([login_record(n) for n in range(30)], "cowrie", "one")[0] == 201
        assert hub.post_ndjson([login_record(n) for n in range(5)], "cowrie", "two", token=cls.other)[0] == 201
        hub.wait_until_archived()

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None)

    def ask(self, kind, data, **options):
        return self.hub.post_json("/query", {"type": kind, "data": data, "redo": True}, **options)

    def test_each_sees_what_their_organisations_may_see(self):
        status, report, _ = self.ask("count", query())
        self.assertEqual((status, report["data"], report["itype"], report["sub_type"]), (201, 30, "report", "count"))
        self.assertEqual((report["current_page"], report["next_page"]), (1, 1))
        self.assertEqual(self.ask("count", query(), token=self.other)[1]["data"], 5)
        related = self.ask("related", query(), token=self.other)[1]["data"]
        self.assertEqual(sorted(related["username"]), [f"u{n}" for n in range(5)])

    def test_a_member_who_is_taken_off_sees_nothing_any_more(self):
        hub = self.hub
        hub.org("three")
        hub.run("org", "member", "add", "three", OTHER, "--list", "user")
        self.assertEqual(hub.post_ndjson([login_record(n, "192.0.2.3") for n in range(7)], "cowrie", "three")[0], 201)
        hub.wait_until_archived()
        same = {"type": "count", "data": query("192.0.2.3")}
        self.assertEqual(hub.post_json("/query", same, token=self.other)[1]["data"], 7)
        hub.run("org", "member", "del", "three", OTHER, "--list", "acl")
        self.assertEqual(hub.post_json("/query", same, token=self.other)[1]["data"], 0)

    def test_report_by_hash_only_for_who_asked(self):
        report = self.ask("count", query("192.0.2.1", category="malicious"))[1]
        self.assertEqual(self.hub.request("GET", "/report/" + report["_hash"])[0], 200)
        self.assertEqual(self.hub.request("GET", "/report/" + report["_hash"], token=self.other)[0], 404)
        self.assertEqual(self.hub.request("GET", "/report/" + "0" * 64)[0], 404)
        self.assertEqual(self.hub.request("GET", "/report/" + report["_hash"], token="")[0], 401)

    def test_queries_that_others_put_into_the_store(self):
        """A TDQL document of somebody else is taken, answered, and a broken one stops nothing."""
        hub = self.hub
        user = json.loads(base64.urlsafe_b64decode(hub.token.split(".")[1] + "=="))["_hash"]

        good, documents = tdql(user, 1_700_000_000.0, "192.0.2.1")
        lines = documents
        for number, drop in enumerate(("qdata", "encrypted", "timestamp", "socket")):
            lines = lines + tdql(user, 1_700_100_000.0 + 7200 * number, "192.0.2.1", drop=drop)[1]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "queries")
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(d) + "\n" for d in lines)
            hub.run("import", path, "--store", "report", expect=None)

        def status():
            for line in hub.run("export", "--store", "report", "--sub-type", "query").stdout.splitlines():
                found = json.loads(line)
                if found["_hash"] == good["_hash"] and found["data"]["status"] == ["ready"]:
                    return found
            return None

        done = until("the query is answered", status, 20)
        report = json.loads(hub.run("export", "--store", "report", "--itype", "report").stdout.splitlines()[0])
        self.assertEqual(report["itype"], "report")
        self.assertTrue(done["data"]["report_id"][0])
        self.assertEqual(self.ask("count", query())[1]["data"], 30)


class Leaving(unittest.TestCase):
    """Clients and the server end while queries wait."""

    def send(self, hub, count, first=0):
        """So many queries, each on a connection of its own; nothing is read yet."""
        host, port = hub.ports["http"].rsplit(":", 1)
        connections = []
        for number in range(first, first + count):
            body = json.dumps({"type": "related", "data": query(level=3, summary_graph=True, page=1 + number)}).encode()
            connection = socket.create_connection((host, int(port)), timeout=30)
            connection.sendall(f"POST /query HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {hub.token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            connections.append(connection)
        return connections

    def hub_with_work(self):
        hub = Hub(**{"report.workers": 1, "http.query_patience": "5s"})
        self.addCleanup(hub.__exit__, None)
        hub.org("one")
        hub.start()
        lines = [login_record(n, f"192.0.2.{n % 3}", f"s{n % 40}") for n in range(2000)]
        self.assertEqual(hub.post_ndjson(lines, "cowrie", "one")[0], 201)
        hub.wait_until_archived()
        return hub

    def statuses(self, hub):
        return collections.Counter(json.loads(line)["data"]["status"][0] for line in hub.run("export", "--store", "report", "--sub-type", "query").stdout.splitlines())

    def test_clients_that_leave_are_noticed_and_their_reports_not_made(self):
        hub = self.hub_with_work()
        for connection in self.send(hub, 200):
            connection.close()

        def settled():
            """Counted 499 before the desk hears of it, and a report that is being made is withdrawn by its worker: wait for the last."""
            metrics, statuses = hub.metrics(), self.statuses(hub)
            seen = sum(metrics.get(f'cybexd_http_requests_total{{route="/query",status="{status}"}}', 0) for status in (499, 201, 202))
            if seen < 200 or metrics["cybexd_http_in_flight"] or statuses["wait"] or statuses["processing"] or not statuses["invalid"]:
                return None
            withdrawn = hub.metrics().get('cybexd_reports_total{status="withdrawn",type="related"}', 0)  # after the statuses, which it follows
            return (metrics, withdrawn) if withdrawn == statuses["invalid"] else None

        metrics, withdrawn = until("all who left are noticed, and as many withdrawn as stand as invalid", settled, 60)
        left = metrics['cybexd_http_requests_total{route="/query",status="499"}']
        print(f"{left:.0f} left, {withdrawn:.0f} of their reports were not made")
        self.assertGreater(withdrawn, 0)
        self.assertLessEqual(withdrawn, left)
        for page in (1, 200):  # whoever asks again has it made
            self.assertIn(hub.post_json("/query", {"type": "related", "data": query(level=3, summary_graph=True, page=page)})[0], (201, 202))

    def test_a_stop_with_queries_in_flight(self):
        hub = self.hub_with_work()
        connections = self.send(hub, 300)
        # All of them: what the server has not read yet is cut by a stop, without an answer.
        until("the desk has them", lambda: sum(self.statuses(hub).values()) == 300, 60)
        hub.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        answers = []
        for connection in connections:
            answer = http.client.HTTPResponse(connection)
            try:
                answer.begin()
                answers.append(answer.status)
            except (OSError, http.client.HTTPException):
                answers.append(0)
            connection.close()
        self.assertEqual(hub.process.wait(15), 0)
        self.assertLess(time.monotonic() - began, 10)
        hub.process = None
        print(collections.Counter(answers), self.statuses(hub))
        self.assertLessEqual(set(answers), {201, 202, 503})
        self.assertEqual(self.statuses(hub)["processing"], 0)
        hub.start()
        until("the queries that went back are answered", lambda: set(self.statuses(hub)) == {"ready"}, 60)


class ManyWaiting(unittest.TestCase):
    def test_five_thousand_queries_at_once(self):
        with Hub(**{"http.query_patience": "5s"}) as hub:
            hub.org("one")
            hub.start()
            self.assertEqual(hub.post_ndjson([login_record(n) for n in range(100)], "cowrie", "one")[0], 201)
            hub.wait_until_archived()
            host, port = hub.ports["http"].rsplit(":", 1)
            threads = len(os.listdir(f"/proc/{hub.process.pid}/task"))
            peak, most = [0], [0]

            async def ask(number, gate):
                async with gate:
                    reader, writer = await asyncio.open_connection(host, int(port))
                body = json.dumps({"type": "related", "data": query(level=1 + number % 3, page=1 + number)}).encode()
                writer.write(f"POST /query HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {hub.token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
                answer = await asyncio.wait_for(reader.read(), 120)
                writer.close()
                return int(answer.split(b" ", 2)[1])

            async def watch(stop):
                while not stop.is_set():
                    peak[0] = max(peak[0], hub.resident_bytes())
                    most[0] = max(most[0], len(os.listdir(f"/proc/{hub.process.pid}/task")))
                    await asyncio.sleep(0.1)

            async def everything():
                stop, gate = asyncio.Event(), asyncio.Semaphore(200)
                watcher = asyncio.create_task(watch(stop))
                found = await asyncio.gather(*(ask(n, gate) for n in range(5000)))
                stop.set()
                await watcher
                return found

            import resource
            files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            self.assertTrue(files == resource.RLIM_INFINITY or files > 5200, f"only {files} files may be open here, fewer than the connections of this test")
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
            statuses = asyncio.run(everything())
            print({s: statuses.count(s) for s in set(statuses)}, "peak", peak[0] >> 20, "MiB, threads", threads, most[0])
            self.assertLessEqual(set(statuses), {201, 202})
            self.assertLess(peak[0], 512 << 20)
            self.assertLessEqual(most[0], threads + 8)


if __name__ == "__main__":
    unittest.main(verbosity=2)
