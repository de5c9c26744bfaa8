"""The metrics of a server that has worked: clean for promtool, and known by the alerts and dashboards that ask for them."""
import glob
import json
import os
import re
import subprocess
import unittest

from harness import SOURCE, Hub

PROMTOOL = os.path.join(SOURCE, "build/test-tools/promtool")
PROMETHEUS = os.path.join(SOURCE, "deploy/prometheus")
NAME = re.compile(r"\b(?:cybexd|rocksdb|process)_[a-z0-9_]+")


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

    def test_promtool_finds_nothing(self):
        with Hub() as hub:
            hub.org("o")
            hub.start()
            with open(os.path.join(SOURCE, "samples/cowrie.ndjson"), "rb") as file:
                self.assertEqual(hub.post_ndjson(file.read().splitlines(), "cowrie", "o")[0], 201)
            hub.wait_until_archived()
            self.assertEqual(hub.post_json("/query", {"type": "count", "data": {"sub_type": "ipv4", "data": "192.0.2.1"}})[0], 201)
            status, text, _ = hub.request("GET", "/metrics", port="operators", token="")
            self.assertEqual(status, 200)
            self.assertIn("cybexd_lake_entries", text)
            checked = promtool("check", "metrics", input=text.encode())
            self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, b""))
            # The check itself must be able to fail.
            self.assertNotEqual(promtool("check", "metrics", input=b"# TYPE a counter\na 1\n").returncode, 0)
            offered = set(re.findall(r"^# TYPE (\S+) (?:counter|gauge)$", text, re.M))
            offered |= {name + end for name in re.findall(r"^# TYPE (\S+) histogram$", text, re.M) for end in ("_bucket", "_sum", "_count")}
            asked = asked_for()
            self.assertGreater(len(asked), 30)
            # Counted only when it happens: a replaced worker, a failed handler, a reply to a socket.
            rare = {"cybexd_actor_restarts_total", "cybexd_actor_failures_total", "cybexd_reply_total"}
            self.assertEqual({(name, where) for name, where in asked if name not in offered | rare}, set())


if __name__ == "__main__":
    unittest.main(verbosity=2)
