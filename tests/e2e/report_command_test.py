"""The command `report` as an analyst uses it: a table on a terminal, JSON for machines, a graph for Graphviz, and what it says of mistakes."""
import json
import unittest

from harness import ADMIN, Hub


def record(number):
    return json.dumps({"eventid": "cowrie.login.failed", "session": f"s{number // 4}", "sensor": "t", "src_ip": "192.0.2.1", "username": f"u{number}", "password": "p",
                       "timestamp": f"2026-01-01T00:00:{number:02d}Z"}).encode()


ASKED = {"sub_type": "ipv4", "data": "192.0.2.1"}


class ReportCommand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = hub = Hub()
        hub.org("one")
        hub.run("raw", "put", "-", "--ndjson", "--typetag", "cowrie", "--org", "one", input=b"\n".join(record(n) for n in range(12)))
        hub.run("archive", "once")

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None)

    def words(self, kind, *more, **data):
        return ["report", kind, json.dumps({**ASKED, **data}), "--as", ADMIN, *more]

    def on_terminal(self, *words):
        """What the command prints where standard output is a terminal."""
        shown, _ = self.hub.on_terminal(*words)
        return shown.decode().replace("\r\n", "\n")

    def test_a_terminal_gets_a_table(self):
        self.assertEqual(self.on_terminal(*self.words("count")), "count: 12\n")
        table = self.on_terminal(*self.words("related"))
        self.assertRegex(table, r"(?m)^sub_type +data$")
        self.assertRegex(table, r"(?m)^username +u11$")
        self.assertRegex(table, r"(?m)^page 1, next page 2$")
        listed = self.on_terminal(*self.words("related", summary=False, return_type="event"))
        self.assertRegex(listed, r"(?m)^event +login +2026-01-01 00:00:11 +malicious +[0-9a-f]{64} ")
        self.assertEqual(self.on_terminal(*self.words("related", page=9)), "nothing found\n")
        self.assertTrue(self.on_terminal(*self.words("count", level=4)).startswith("failed: 'level' was 4; it may be an integer from 1 to 3\n"))

    def test_others_get_json_on_a_terminal_too_when_they_ask(self):
        plain = json.loads(self.hub.run(*self.words("count")).stdout)
        self.assertEqual((plain["status"], plain["report"]["data"], plain["report"]["current_page"]), ("ready", 12, 1))
        asked = json.loads(self.on_terminal(*self.words("count", "--json")))
        self.assertEqual(asked["report"]["data"], 12)

    def test_a_graph(self):
        drawn = self.hub.run(*self.words("related", "--dot")).stdout
        self.assertTrue(drawn.startswith("graph related {\n"))
        self.assertTrue(drawn.endswith("}\n"))
        self.assertIn('[label="ipv4: 192.0.2.1", shape=ellipse]', drawn)
        self.assertIn('[label="username: u11", shape=ellipse]', drawn)
        self.assertRegex(drawn, r"n\d+ -- n\d+;")

    def test_mistakes_are_told(self):
        run = self.hub.run
        self.assertIn("related", run(*self.words("count", "--dot"), expect=2).stderr)
        self.assertIn("--json", run(*self.words("related", "--dot", "--json"), expect=2).stderr)
        self.assertIn("--batch", run("report", "--batch", "-", "--dot", input=b"", expect=2).stderr)
        self.assertIn("'level' was 4", run(*self.words("related", "--dot", level=4), expect=1).stderr)
        unknown = json.loads(run("report", "count", json.dumps(ASKED), "--as", "nobody@example.org").stdout)
        self.assertEqual((unknown["status"], unknown["report"]["data"]), ("failed", "the asking user is not known"))
        self.assertIn("JSON", run("report", "count", "{", "--as", ADMIN, expect=2).stderr)

    def test_lines_of_a_batch_that_cannot_be_read_keep_their_place(self):
        good = json.dumps({"type": "count", "data": ASKED, "user": ADMIN}).encode()
        lines = [good, b"{", b'"\xff"', b"[]", b"x" * (17 << 20), good]
        done = self.hub.run("report", "--batch", "-", input=b"\n".join(lines), expect=1)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([a["status"] for a in answers], ["ready", "failed", "failed", "failed", "failed", "ready"])
        for answer, words in zip(answers[1:5], ("JSON", "UTF-8", "an object", "longer than 16 MiB")):
            self.assertIn(words, answer["error"])

    def test_a_batch_whose_reports_are_large_comes_in_parts(self):
        """Symptom: more than a server's answer may have: 503 after all reports were made, every time."""
        lines = [json.dumps({"type": "count", "data": ASKED, "user": f"{n:02d}" + "u" * 1_000_000}).encode() for n in range(70)]
        answers = self.hub.run("report", "--batch", "-", input=b"\n".join(lines)).stdout.splitlines()
        self.assertEqual(len(answers), 70)  # a report holds its user, so these have more than 64 MiB
        for number, answer in enumerate(answers):
            self.assertIn(f'"userid":"{number:02d}u', answer)


if __name__ == "__main__":
    unittest.main(verbosity=2)
