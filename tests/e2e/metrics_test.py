"""The metrics of a server that has done work of every kind: each name and label of the specification is there, promtool finds
nothing, the alerts and dashboards ask for nothing else, and the books balance."""
import base64
import glob
import json
import os
import re
import socket
import subprocess
import threading
import unittest

from harness import SHARED, SOURCE, Hub, tdql, until

PROMTOOL = os.path.join(SOURCE, "build/test-tools/promtool")
PROMETHEUS = os.path.join(SOURCE, "deploy/prometheus")
NAME = re.compile(r"\b(?:cybexd|rocksdb|process)_[a-z0-9_]+")


def names_of_the_specification():
    """(name, labels, kind) of each metric in the table of actors.md; a label's values where they are enumerated."""
    with open(os.path.join(SHARED, "spec/actors.md"), encoding="utf-8") as file:
        table = file.read().split("| name (labels) | kind |", 1)[1]
    found = []
    for row in table.splitlines()[2:]:
        if not row.startswith("|"):
            break
        names, kinds = (cell.strip() for cell in re.match(r"\|((?:[^|]|\\\|)*)\|((?:[^|]|\\\|)*)\|$", row.replace(r"\|", "\0")).groups())
        names = re.findall(r"`(cybexd_[a-z_]+)(?:\{([^}]*)\})?`", names.replace("\0", "|"))
        kinds = re.findall(r"counter|gauge|histogram", kinds)
        for number, (name, labels) in enumerate(names):
            kind = kinds[number] if len(kinds) > 1 else kinds[0]
            found.append((name, dict((part.split("=") + [""])[:2] for part in labels.split(",")) if labels else {}, kind))
    return found


def promtool(*words, **options):
    return subprocess.run([PROMTOOL, *words], capture_output=True, timeout=60, **options)


def asked_for():
    """Names of metrics in the alert rules and dashboards, with where they stand."""
    with open(os.path.join(PROMETHEUS, "alerts.yml"), encoding="utf-8") as file:
        found = {(name, "alerts.yml") for name in NAME.findall(file.read())}
    for path in glob.glob(os.path.join(SOURCE, "deploy/dashboards/*.json")):
        with open(path, encoding="utf-8") as file:
            board = json.load(file)
        for panel in board["panels"]:
            found |= {(name, panel["title"]) for target in panel.get("targets", []) for name in NAME.findall(target["expr"])}
    return found


class Metrics(unittest.TestCase):
    def test_alert_rules(self):
        for words in (("check", "rules", "alerts.yml"), ("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")):
            checked = promtool(*words, cwd=PROMETHEUS)
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        with open(os.path.join(PROMETHEUS, "alerts.yml"), encoding="utf-8") as rules, open(os.path.join(PROMETHEUS, "alerts_test.yml"), encoding="utf-8") as tests:
            alerts, tested = re.findall(r"alert: (\w+)", rules.read()), tests.read()
        self.assertGreater(len(alerts), 5)
        for alert in alerts:  # each has a case in which it fires and one in which it does not
            self.assertIn(f"alertname: {alert}, exp_alerts: []", tested)
            self.assertIn(f"alertname: {alert}\n        exp_alerts:\n", tested)

    def test_every_name_and_label_after_real_work(self):
        with Hub() as hub:
            self.work(hub)
            status, text, headers = hub.request("GET", "/metrics", port="operators", token="")
            self.assertEqual((status, headers["Content-Type"].split(";")[0]), (200, "text/plain"))
            self.check_names(text)
            self.check_values(text)
            checked = promtool("check", "metrics", input=text.encode())
            self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, b""))
            # The check itself must be able to fail.
            self.assertNotEqual(promtool("check", "metrics", input=b"# TYPE a counter\na 1\n").returncode, 0)
            self.check_asked_for(text)

    def test_a_server_that_has_done_nothing_offers_every_name(self):
        """Symptom: those of reports were missing until the first one, which a dashboard shows as "no data"."""
        with Hub() as hub:
            hub.start()
            hub.request("GET", "/nowhere")  # so that there is a request to count
            metrics = hub.metrics()
            offered = {re.sub(r"\{.*", "", name) for name in metrics}
            wanted = {name + ("_count" if kind == "histogram" else "") for name, _, kind in names_of_the_specification()}
            self.assertEqual(len(wanted), 29)
            self.assertEqual(wanted - offered, set())
            for kind in ("count", "related", "threatrank"):
                for name in ('cybexd_reports_total{status="ready",type="%s"}', 'cybexd_reports_total{status="failed",type="%s"}',
                             'cybexd_report_queue{type="%s"}', 'cybexd_report_seconds_count{type="%s"}', 'cybexd_report_wait_seconds_count{type="%s"}'):
                    self.assertEqual(metrics.get(name % kind), 0, name % kind)
            self.assertEqual(metrics.get('cybexd_reply_total{outcome="told"}'), 0)

    def work(self, hub):
        hub.org("o")
        told = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(told.close)

        def hear():
            with told.accept()[0] as connection:
                connection.recv(1024)

        heard = threading.Thread(target=hear)
        heard.start()
        hub.start()
        with open(os.path.join(SOURCE, "samples/cowrie.ndjson"), "rb") as file:
            lines = file.read().splitlines()
        self.samples = len(lines)
        self.assertEqual(hub.post_ndjson(lines, "cowrie", "o")[0], 201)
        hub.wait_until_archived()
        self.assertEqual(hub.post_ndjson(lines[:10], "cowrie", "o")[0], 201)
        for content, typetag in ((b"{}", "unheard"), (b"NaN", "cowrie"), (b"\xff", "cowrie"), (b'{"no": "eventid"}', "cowrie")):
            self.assertEqual(hub.post_file(content, typetag, "o")[0], 201)
        for kind in ("count", "related"):
            self.assertEqual(hub.post_json("/query", {"type": kind, "data": {"sub_type": "ipv4", "data": "192.0.2.1"}})[0], 201)
        self.assertEqual(hub.post_json("/query", {"type": "threatrank", "data": {"_hash": "0" * 64}})[0], 201)
        self.assertEqual(hub.request("GET", "/nowhere")[0], 404)
        self.assertEqual(hub.request("GET", "/user/info/self")[0], 200)
        # A query of another module, which waits on a socket.
        user = json.loads(base64.urlsafe_b64decode(hub.token.split(".")[1] + "=="))["_hash"]
        documents = tdql(user, 1_700_000_000.0, "192.0.2.1", told.getsockname()[1], "00ff")[1]
        hub.run("import", "-", "--store", "report", input="\n".join(map(json.dumps, documents)).encode())
        heard.join(30)
        self.assertFalse(heard.is_alive(), "nobody was told")
        until("it is counted", lambda: hub.metrics().get('cybexd_reply_total{outcome="told"}') == 1, 30)
        hub.wait_until_archived()

    def check_values(self, text):
        metrics = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")}
        for name, value in {
                'cybexd_archive_entries_total{outcome="archived"}': self.samples + 1, 'cybexd_archive_entries_total{outcome="known"}': 10,
                'cybexd_archive_entries_total{outcome="not_supported"}': 1, 'cybexd_archive_entries_total{outcome="error"}': 1,
                'cybexd_archive_entries_total{outcome="bad_data"}': 1, 'cybexd_envelope_failures_total{reason="not_utf8"}': 1,
                'cybexd_envelope_failures_total{reason="tag"}': 0, 'cybexd_reply_total{outcome="told"}': 1,
                'cybexd_reports_total{status="failed",type="threatrank"}': 1, 'cybexd_reports_total{status="ready",type="count"}': 2,
                'cybexd_http_requests_total{route="/query",status="201"}': 3, 'cybexd_http_requests_total{route="other",status="404"}': 1,
                'cybexd_report_seconds_count{type="count"}': 2, 'cybexd_quarantine_entries': 0, 'cybexd_http_in_flight': 0,
                'cybexd_actor_restarts_total{actor="query_desk"}': 0, 'cybexd_actor_failures_total{actor="decryptor"}': 0}.items():
            self.assertEqual(metrics.get(name), value, name)
        for store in ("cache", "archive", "report", "identity"):
            self.assertEqual(metrics[f'cybexd_store_up{{store="{store}"}}'], 1)
            if store != "identity":
                self.assertGreater(metrics[f'cybexd_store_commit_seconds_count{{store="{store}"}}'], 0)
        self.assertGreater(metrics["cybexd_archive_bytes_total"], 400_000)
        self.assertGreater(metrics['cybexd_filter_records_total{filter="cowrie",outcome="used"}'], 1000)
        self.assertGreaterEqual(metrics['cybexd_filter_records_total{filter="cowrie",outcome="unusable"}'], 1)
        for actor in ("intake", "cache_poller", "decryptor", "parser", "analyst", "archive_writer", "lake_writer", "supervisor", "query_desk", "query_poller",
                      "report_writer", "count_worker", "related_worker", "threatrank_worker", "reply_socket"):
            self.assertGreater(metrics[f'cybexd_actor_handling_seconds_count{{actor="{actor}"}}'], 0, actor)

    def check_names(self, text):
        samples = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                name, labels = re.match(r"([a-z_]+)(?:\{(.*)\})? ", line).groups()
                samples.setdefault(name, []).append(dict(re.findall(r'([a-z_]+)="([^"]*)"', labels or "")))
        specified = names_of_the_specification()
        self.assertEqual(len(specified), 29)
        for name, labels, kind in specified:
            self.assertIn(f"# TYPE {name} {kind}\n", text)
            sample = name + "_count" if kind == "histogram" else name
            self.assertIn(sample, samples)
            for labelled in samples[sample]:
                self.assertEqual(set(labelled), set(labels), name)
            for label, values in labels.items():
                if values:
                    self.assertEqual({s[label] for s in samples[sample]}, set(values.strip('"').split("|")), name)
        # Nothing of ours that the specification does not name: the table, and why an envelope did not open (envelope.md).
        ours = {re.sub("_(bucket|sum|count)$", "", n) for n in samples if n.startswith("cybexd_")}
        self.assertEqual(ours, {name for name, _, _ in specified} | {"cybexd_envelope_failures_total"})
        reasons = {s["reason"] for s in samples["cybexd_envelope_failures_total"]}
        self.assertEqual(reasons, {"too_short", "wrapped_key", "session_key", "tag", "not_utf8"})
        for name in ("process_cpu_seconds_total", "process_open_fds", "process_max_fds", "process_resident_memory_bytes",
                     "process_virtual_memory_bytes", "process_virtual_memory_max_bytes", "process_start_time_seconds"):
            self.assertIn(name, samples)
        self.assertTrue([n for n in samples if n.startswith("rocksdb_")])

    def check_asked_for(self, text):
        """What alerts and dashboards ask for is offered."""
        offered = set(re.findall(r"^# TYPE (\S+) (?:counter|gauge)$", text, re.M))
        offered |= {name + end for name in re.findall(r"^# TYPE (\S+) histogram$", text, re.M) for end in ("_bucket", "_sum", "_count")}
        asked = asked_for()
        self.assertGreater(len(asked), 30)
        self.assertEqual({(name, where) for name, where in asked if name not in offered}, set())


if __name__ == "__main__":
    unittest.main(verbosity=2)
