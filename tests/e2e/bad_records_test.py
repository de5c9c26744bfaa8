"""Every kind of bad record in one load with good ones: each gets its state and reason, every good one is archived, the books balance."""
import base64
import collections
import json
import os
import tempfile
import unittest

from harness import Hub, golden

GOOD = {"eventid": "cowrie.session.connect", "src_ip": "192.0.2.7", "session": "a", "sensor": "s", "timestamp": "2026-01-01T00:00:00Z"}


def nested(depth):
    return b"[" * depth + b"]" * depth


# name -> the record's bytes, and a word that its reason must have
BAD = {
    "too deep": (nested(40), "deep"),
    "far too deep": (nested(100_000), "deep"),
    "NaN": (b'{"a": NaN}', "NaN"),
    "Infinity": (b'{"a": [-Infinity]}', "Infinity"),
    "integer too large": (b'{"a": 9223372036854775808}', "integer"),
    "integer too small": (b'{"a": -9223372036854775809}', "integer"),
    "number beyond a double": (b'{"a": 1e400}', "number"),
    "lone surrogate": (b'{"a": "\\ud800"}', "surrogate"),
    "reversed surrogates": (b'["\\udc00\\ud800"]', "surrogate"),
    "key with U+0000": (b'{"a\\u0000b": 1}', "U+0000"),
    "canonical form too long": (b"[" * 24 + json.dumps("\\" * 8).encode() + b"]" * 24, "canonical"),
    "text whose canonical form is too long": (json.dumps("é" * 3_000_000, ensure_ascii=False).encode(), "canonical form passes 16777216"),
    "text over 16 MiB": (json.dumps("x" * (17 << 20)).encode(), "passes 16777216 bytes as BSON"),
    "list over 16 MiB": (b"[" + b",".join([b"0"] * 1_500_000) + b"]", "passes 16777216 bytes as BSON"),
}
# name -> bytes that look wrong and are good records all the same
ODD = {
    "not JSON": b"May 6 17:44:05 sshd[1]: not JSON at all",
    "empty": b"",
    "white space": b"  \t ",
    "scalar": b"42",
    "byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "key with a dollar": b'{"$a.b": 1}',
    "NUL in a string": b'{"a": "x\\u0000y"}',
    "cut in the middle": b'{"eventid": "cowrie.login',
}


# why of golden/envelope.json -> the reason that an operator reads
DAMAGE = {
    "empty file": "too short",
    "shorter than the wrapped key": "too short",
    "no nonce": "too short",
    "no tag": "too short",
    "half a tag": "too short",
    "wrapped key damaged": "wrapped key does not open",
    "plain text instead": "wrapped key does not open",
    "nonce damaged": "tag does not match",
    "tag damaged": "tag does not match",
    "ciphertext damaged": "tag does not match",
    "ciphertext cut": "tag does not match",
    "byte appended": "tag does not match",
    "decrypts to bytes that are not UTF-8": "not UTF-8",
}


def take_golden_key(hub, key):
    """Puts a key pair of the vectors into the hub, under its passphrase."""
    for name, field in (("priv.pem", "private_pem"), ("pub.pem", "public_pem")):
        with open(os.path.join(hub.dir, name), "w", encoding="ascii") as file:
            file.write(key[field])
    if key["passphrase"]:
        path = os.path.join(hub.dir, "passphrase")
        with open(path, "w", encoding="utf-8") as file:
            file.write(key["passphrase"])
        os.chmod(path, 0o600)
        hub.settings["keys.passphrase_file"] = path


class BadRecords(unittest.TestCase):
    def test_everything_in_one_load(self):
        """Every damage of the vectors, every bad record, single and as lines, among good ones."""
        vectors = golden("envelope.json")
        for bits, key in vectors["keys"].items():
            with self.subTest(key=bits), Hub() as hub, tempfile.TemporaryDirectory() as folder:
                take_golden_key(hub, key)
                hub.org("o")
                hub.start()
                cases = [c for c in vectors["cases"] if c["key"] == bits]
                self.assertEqual(collections.Counter(c["why"] for c in cases if not c["ok"]), {why: 1 for why in DAMAGE})
                accepted = archived = set_aside = 0
                for number, case in enumerate(cases):
                    path = os.path.join(folder, case.get("why") or f"whole {number}")
                    with open(path, "wb") as file:
                        file.write(base64.b64decode(case["file_b64"]))
                    hub.run("raw", "put", path, "--sealed", "--typetag", "cowrie", "--org", "o")
                    good = json.dumps({**GOOD, "n": number}).encode()
                    self.assertEqual(hub.post_file(good, "cowrie", "o", name=f"good {number}")[0], 201)
                    accepted, archived, set_aside = accepted + 2, archived + 1 + case["ok"], set_aside + (not case["ok"])
                for name, (content, _) in BAD.items():
                    self.assertEqual(hub.post_file(content, "cowrie", "o", name=name)[0], 201, name)
                self.assertEqual(hub.post_file(b"\xff\xfe\x00binary\x80", "cowrie", "o", name="binary")[0], 201)
                self.assertEqual(hub.post_file(b"{}", "never_heard_of", "o", name="unknown typetag")[0], 201)
                for name, content in ODD.items():
                    self.assertEqual(hub.post_file(content, "cowrie", "o", name=name)[0], 201, name)
                accepted, archived, set_aside = accepted + len(BAD) + 2 + len(ODD), archived + len(ODD), set_aside + len(BAD) + 2
                lines = [line for number, (content, _) in enumerate(BAD.values()) for line in (json.dumps({**GOOD, "line": number}).encode(), content)]
                self.assertEqual(hub.post_ndjson(lines, "cowrie", "o", compress=True)[0], 201)
                accepted, archived, set_aside = accepted + len(lines), archived + len(BAD), set_aside + len(BAD)
                books = hub.wait_until_archived()
                self.assertEqual((books["accepted"], books["archived"] + books["known"], books["set_aside"]), (accepted, archived, set_aside))
                entries = {e["name"]: e for e in hub.json("quarantine", "list", "--all")["entries"]}
                for why, reason in DAMAGE.items():
                    self.assertEqual((entries[why]["state"], entries[why]["reason"]), ("bad_data", "envelope: " + reason), why)
                self.check_reasons(hub)
                self.check_lines(hub, entries["test"], [word for _, word in BAD.values()])
                metrics = hub.metrics()
                counted = {o: metrics[f'cybexd_archive_entries_total{{outcome="{o}"}}'] for o in ("error", "bad_data", "not_supported")}
                self.assertEqual(counted, {"error": 2 * len(BAD), "bad_data": len(DAMAGE) + 1, "not_supported": 1})
                failures = {r: metrics[f'cybexd_envelope_failures_total{{reason="{r}"}}'] for r in ("too_short", "wrapped_key", "session_key", "tag", "not_utf8")}
                self.assertEqual(failures, {"too_short": 5, "wrapped_key": 2, "session_key": 0, "tag": 5, "not_utf8": 2})
                there = {json.loads(line)["data"].get("n") for line in hub.run("export", "--store", "archive", "--itype", "raw").stdout.splitlines()
                         if isinstance(json.loads(line)["data"], dict)}
                self.assertLessEqual(set(range(len(cases))), there)
                self.assertEqual(hub.stop()[0], 0)

    def check_lines(self, hub, listed, words):
        """The bad lines of an upload of many, every second one, each with its number and its own reason."""
        self.assertEqual((listed["state"], listed["lines_set_aside"]), ("processed", len(words)))
        shown = hub.json("quarantine", "show", listed["id"])
        self.assertEqual([line["number"] for line in shown["lines"]], [2 * n + 2 for n in range(len(words))])
        for line, word in zip(shown["lines"], words):
            self.assertEqual(line["state"], "error")
            self.assertIn(word.lower(), line["reason"].lower())
        self.assertIn("lines, the first is", hub.run("quarantine", "list", "--all").stdout)

    def test_a_file_that_is_no_text_spoils_no_other_line(self):
        """Over HTTP such an upload is refused whole, naming the line; the command line gives the line an envelope of its own."""
        good = [json.dumps({**GOOD, "n": n}).encode() for n in range(4)]
        lines = good[:2] + [b"\xff\xfe"] + good[2:]
        with Hub() as hub:
            hub.org("o")
            hub.start()
            status, answer, _ = hub.post_ndjson(lines, "cowrie", "o")
            self.assertEqual(status, 400)
            self.assertIn("Line 3", answer["message"])
            self.assertEqual(hub.books()["accepted"], 0)
            hub.run("raw", "put", "-", "--ndjson", "--typetag", "cowrie", "--org", "o", input=b"\n".join(lines))
            books = hub.wait_until_archived()
            self.assertEqual((books["archived"], books["set_aside"]), (4, 1))
            entries = hub.json("quarantine", "list", "--all")["entries"]
            self.assertEqual([(e["state"], e["reason"]) for e in entries], [("bad_data", "envelope: not UTF-8")])

    def test_a_line_keeps_its_number(self):
        """Symptom: blank lines, lines of other ways and every further envelope shifted the numbers of bad lines."""
        good = json.dumps(GOOD).encode()
        lines = [good, b"", b" \t", b"\xff", good, b'{"a": NaN}', good] + [b"%d" % n for n in range(10_000)] + [b"", b'{"b": NaN}']
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            hub.org("o")
            path = os.path.join(folder, "odd.ndjson")
            with open(path, "wb") as file:
                file.write(b"\n".join(lines))
            hub.run("raw", "put", path, "--ndjson", "--typetag", "cowrie", "--org", "o")
            hub.json("archive", "once")
            found = {e["name"]: [line["number"] for line in e["lines"]] for e in hub.json("quarantine", "list", "--all")["entries"]}
            # The first envelope is full after 10,000 records, which is line 10,003; the number counts from there.
            self.assertEqual(found, {"odd.ndjson": [6], "odd.ndjson:4": [], "odd.ndjson:10004": [len(lines) - 10_003]})

    def test_a_line_too_long_costs_no_other(self):
        """Symptom: the lines that were gathered before it, and all after it, were not put."""
        good = [json.dumps({**GOOD, "n": n}).encode() for n in range(2)]
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            hub.org("o")
            path = os.path.join(folder, "long.ndjson")
            with open(path, "wb") as file:
                file.write(good[0] + b'\n"' + b"x" * (65 << 20) + b'"\n' + good[1] + b"\n")
            for form, entries in (("--ndjson", 1), ("--lines", 2)):
                done = hub.run("raw", "put", path, form, "--typetag", "cowrie", "--org", "o", "--json", expect=1)
                self.assertIn(path + ":2: not put: the line is longer than 64 MiB", done.stderr)
                told = json.loads(done.stdout)
                self.assertEqual((told["records"], told["entries"], told["not_put"]), (2, entries, 1))
                self.assertEqual([(one["file"], one["line"]) for one in told["details"]], [(path, 2)])
            hub.json("archive", "once")
            books = hub.json("status")["lake"]
            self.assertEqual((books["archived"], books["known"], books["set_aside"]), (2, 2, 0))

    def check_reasons(self, hub):
        entries = {e["name"]: e for e in hub.json("quarantine", "list", "--all")["entries"]}
        for name, (_, word) in BAD.items():
            self.assertEqual(entries[name]["state"], "error", name)
            self.assertIn(word.lower(), entries[name]["reason"].lower(), name)
        self.assertEqual(entries["binary"]["state"], "bad_data")
        self.assertIn("UTF-8", entries["binary"]["reason"])
        self.assertEqual(entries["unknown typetag"]["state"], "not_supported")
        self.assertIn("never_heard_of", entries["unknown typetag"]["reason"])

    def test_odd_documents_come_back_whole(self):
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            hub.org("o")
            for name, content in ODD.items():
                path = os.path.join(folder, "record")
                with open(path, "wb") as file:
                    file.write(content)
                hub.run("raw", "put", path, "--typetag", "cowrie", "--org", "o")
            hub.run("archive", "once")
            found = [json.loads(line)["data"] for line in hub.run("export", "--store", "archive", "--itype", "raw").stdout.splitlines()]
            for name, content in ODD.items():
                if name == "white space":
                    continue  # it has the same canonical form as the empty one: one document, the first one's
                try:
                    expected = json.loads(content)
                    if content.startswith(b"\xef\xbb\xbf"):
                        raise ValueError  # a byte order mark makes it no JSON
                except ValueError:
                    expected = {"data": content.decode()}
                self.assertIn(expected, found, name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
