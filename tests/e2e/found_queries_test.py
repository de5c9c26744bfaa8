"""Query documents that others put into the report store: broken ones of every kind stop nothing; who waits on a socket is told, or costs the configured time at most."""
import base64
import hashlib
import json
import os
import socket
import tempfile
import threading
import time
import unittest

from harness import Hub, preload, until

WRONG = [None, [], [None], ["a", "b"], [{}], [[]], "text", {}, 7, [7.5], [True], ["b'"], ["b'\\"], ["b'\\x4'"], ["b'b'''"], ["__import__('os').abort()"], ["b'%s' % 1"]]


def attribute(sub_type, data):
    return {"itype": "attribute", "sub_type": sub_type, "data": data, "_hash": hashlib.sha256(f"attribute{sub_type}{json.dumps(data)}".encode()).hexdigest()}


def tdql(user, when, host="localhost", port=0, nonce="", change=None):
    """A query document in `wait` with its children; `change` is done to its data at the end."""
    canonical = json.dumps({"data": json.dumps("192.0.2.1"), "sub_type": '"ipv4"'})
    qhash = hashlib.sha256(canonical.encode()).hexdigest()
    fields = {"qtype": "count", "qhash": qhash, "qdata": repr(canonical.encode()), "userid": user, "timestamp": when, "encrypted": False, "status": "wait", "report_id": ""}
    children = [attribute(k, v) for k, v in fields.items()]
    below = [attribute("host", host), attribute("port", port), attribute("nonce", nonce)]
    data = {**{k: [v] for k, v in fields.items()}, "socket": [{"host": [host], "port": [port], "nonce": [nonce]}]}
    refs = sorted(c["_hash"] for c in children)
    document = {"itype": "object", "sub_type": "query", "_hash": hashlib.sha256(f"objectquerycount{qhash}{user}{int(when) // 3600}".encode()).hexdigest(), "data": data, "_cref": refs,
                "_ref": sorted(refs + [c["_hash"] for c in below])}
    if change:
        change(data)
    return document, [*children, *below, document]


class FoundQueries(unittest.TestCase):
    def put(self, hub, documents):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "queries")
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(d) + "\n" for d in documents)
            hub.run("import", path, "--store", "report", expect=None)

    def statuses(self, hub):
        found = [json.loads(line) for line in hub.run("export", "--store", "report", "--sub-type", "query").stdout.splitlines()]
        return {d["_hash"]: d["data"].get("status") for d in found}

    def user(self, hub):
        return json.loads(base64.urlsafe_b64decode(hub.token.split(".")[1] + "=="))["_hash"]

    def test_broken_ones_stop_nothing(self):
        with Hub() as hub:
            hub.start()
            user, hour, documents, fields = self.user(hub), 1_700_000_000, [], {}
            for field in ("qdata", "encrypted", "socket", "report_id", "status", "bogus"):
                for value in ("missing", *WRONG):
                    hour += 3600

                    def change(data, field=field, value=value):
                        data.pop(field, None)
                        if value != "missing":
                            data[field] = value

                    made, more = tdql(user, float(hour), change=change)
                    documents += more
                    fields[made["_hash"]] = field
            good, more = tdql(user, float(hour + 7200))
            self.put(hub, documents + more)
            until("the good query is answered", lambda: self.statuses(hub).get(good["_hash"]) == ["ready"], 30)
            # All others have an end, too: nothing of them waits.
            until("no query waits", lambda: not [s for s in self.statuses(hub).values() if s in (["wait"], ["processing"])], 30)
            statuses = self.statuses(hub)
            for query, field in fields.items():  # what the report does not need never costs it
                if field != "status":
                    self.assertEqual(statuses[query], ["failed"] if field in ("qdata", "encrypted") else ["ready"], field)
            reasons = [json.loads(line)["data"] for line in hub.run("export", "--store", "report", "--itype", "report").stdout.splitlines()]
            for field in ("qdata", "encrypted"):
                self.assertTrue([r for r in reasons if f"'{field}'" in str(r)], reasons)
            self.assertEqual(hub.post_json("/query", {"type": "count", "data": {"sub_type": "ipv4", "data": "192.0.2.1"}})[1]["data"], 0)

    def test_who_waits_on_a_socket(self):
        told = []
        with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as refusing, socket.socket() as hanging:
            refusing.bind(("127.0.0.1", 0))  # and does not listen
            refused = refusing.getsockname()[1]
            hanging.bind(("127.0.0.1", 0))
            hanging.listen(0)
            full = [socket.socket() for _ in range(4)]  # nobody accepts: the queue is full, and a further connection hangs
            for s in full:
                s.setblocking(False)
                s.connect_ex(hanging.getsockname())

            def accept():
                connection, _ = listening.accept()
                with connection:
                    told.append(connection.recv(1000).decode())

            thread = threading.Thread(target=accept, daemon=True)
            thread.start()
            with Hub(**{"report.reply_timeout": "1s"}) as hub:
                hub.start()
                user, queries = self.user(hub), []
                for number, (host, port) in enumerate([("0.0.0.0", refused), ("127.0.0.1", hanging.getsockname()[1]), ("192.0.2.77", 80), ("localhost", listening.getsockname()[1])]):
                    queries.append(tdql(user, 1_700_000_000.0 + 7200 * number, host, port, f"nonce {number}"))
                began = time.monotonic()
                self.put(hub, [d for _, documents in queries for d in documents])
                until("all are ready", lambda: all(self.statuses(hub).get(q["_hash"]) == ["ready"] for q, _ in queries), 30)
                thread.join(20)
                self.assertEqual(told, ["nonce 3"])
                outcomes = until("all are told or given up", lambda: (lambda m: m if sum(m.values()) == 4 else None)(
                    {k.split('"')[1]: v for k, v in hub.metrics().items() if k.startswith("cybexd_reply_total")}), 20)
                self.assertEqual({k: v for k, v in outcomes.items() if v}, {"told": 1, "refused": 1, "timed_out": 1, "not_allowed": 1})
                self.assertLess(time.monotonic() - began, 30)
            for s in full:
                s.close()

    def test_a_name_that_is_looked_up_for_ever(self):
        """The resolver answers no name of these; each costs the configured time, no report, nobody else, and not the stop."""
        with socket.create_server(("127.0.0.1", 0)) as listening, Hub(**{"report.reply_timeout": "1s", "report.reply_allow": '["hangs.example", "also.hangs.example", "localhost"]'}) as hub:
            hub.start(environment={"LD_PRELOAD": preload("slow_names.c", hub.folder)})
            user, port = self.user(hub), listening.getsockname()[1]
            hosts = ["hangs.example"] * 6 + ["also.hangs.example"] * 6 + ["localhost"]
            queries = [tdql(user, 1_700_000_000.0 + 7200 * number, host, port, f"nonce {number}") for number, host in enumerate(hosts)]
            self.put(hub, [d for _, documents in queries for d in documents])
            until("all are ready", lambda: all(self.statuses(hub).get(q["_hash"]) == ["ready"] for q, _ in queries), 30)
            listening.settimeout(30)
            connection, _ = listening.accept()
            with connection:
                self.assertEqual(connection.recv(1000), b"nonce 12")
            counted = lambda outcome: hub.metrics().get(f'cybexd_reply_total{{outcome="{outcome}"}}', 0)  # noqa: E731
            until("the others are given up", lambda: counted("timed_out") == 12, 60)
            self.assertEqual(counted("told"), 1)
            status, seconds = hub.stop()
            self.assertEqual(status, 0)
            print(f"12 replies to names that hang, and a stop in {seconds:.1f} s")


if __name__ == "__main__":
    unittest.main(verbosity=2)
