"""Every kind of bad record in one load with good ones: each gets its state and reason, every good one is archived, the books balance."""
import json
import os
import tempfile
import unittest

from harness import Hub

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


class BadRecords(unittest.TestCase):
    def test_single_uploads(self):
        with Hub() as hub:
            hub.org("o")
            hub.start()
            for number in range(20):
                self.assertEqual(hub.post_file(json.dumps({**GOOD, "n": number}).encode(), "cowrie", "o", name=f"good {number}")[0], 201)
            for name, (content, _) in BAD.items():
                self.assertEqual(hub.post_file(content, "cowrie", "o", name=name)[0], 201, name)
            for name, content in ODD.items():
                self.assertEqual(hub.post_file(content, "cowrie", "o", name=name)[0], 201, name)
            self.assertEqual(hub.post_file(b"\xff\xfe\x00binary\x80", "cowrie", "o", name="binary")[0], 201)
            self.assertEqual(hub.post_file(b"{}", "never_heard_of", "o", name="unknown typetag")[0], 201)
            books = hub.wait_until_archived()
            self.assertEqual((books["archived"] + books["known"], books["set_aside"]), (20 + len(ODD), len(BAD) + 2))
            self.check_reasons(hub)
            metrics = hub.metrics()
            self.assertEqual(metrics['cybexd_archive_entries_total{outcome="error"}'], len(BAD))
            self.assertEqual(metrics['cybexd_archive_entries_total{outcome="bad_data"}'], 1)
            self.assertEqual(metrics['cybexd_archive_entries_total{outcome="not_supported"}'], 1)

    def check_reasons(self, hub):
        entries = {e["name"]: e for e in hub.json("quarantine", "list", "--all")["entries"]}
        for name, (_, word) in BAD.items():
            self.assertEqual(entries[name]["state"], "error", name)
            self.assertIn(word.lower(), entries[name]["reason"].lower(), name)
        self.assertEqual(entries["binary"]["state"], "bad_data")
        self.assertIn("UTF-8", entries["binary"]["reason"])
        self.assertEqual(entries["unknown typetag"]["state"], "not_supported")
        self.assertIn("never_heard_of", entries["unknown typetag"]["reason"])

    def test_lines_of_one_upload(self):
        lines = []
        for number, (content, _) in enumerate(BAD.values()):
            lines += [json.dumps({**GOOD, "n": number}).encode(), content]
        with Hub() as hub:
            hub.org("o")
            hub.start()
            status, answer, _ = hub.post_ndjson(lines, "cowrie", "o")
            self.assertEqual((status, answer["records"]), (201, len(lines)))
            books = hub.wait_until_archived()
            self.assertEqual((books["accepted"], books["archived"], books["set_aside"]), (len(lines), len(BAD), len(BAD)))
            self.assertEqual(hub.digest()["instances"]["raw/cowrie"], len(BAD))

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
