"""Mails in every charset that Python knows: subjects and bodies in the archive are those that this machine's Python reads in them, and what it refuses is refused."""
import base64
import email.parser
import email.policy
import json
import os
import sys
import tempfile
import unittest
import warnings

from harness import SOURCE, Hub

sys.path.insert(0, os.path.join(SOURCE, "tests", "data"))
import make_charsets  # noqa: E402

BROKEN = int(os.environ.get("CYBEXD_TEST_MAILS", "40"))  # texts of each charset of several bytes
MAIL = "From: n%d@b.c\nTo: x@y.z\nDate: Fri, 21 Nov 1997 09:55:06 -0600\nSubject: %s\nContent-Type: text/plain; charset=\"%s\"\nContent-Transfer-Encoding: base64\n\n%s\n"


def cases():
    for charset, raw in make_charsets.cases(BROKEN):
        # A lone surrogate of UTF-7 in a subject is text here, and an error in Python.
        if not (charset == "utf-7" and make_charsets.replaced(raw, charset) is None):
            yield charset, raw
    for charset in make_charsets.MANY_BYTES:
        yield from ((charset, raw) for raw in make_charsets.pairs(charset))


def read(text):
    """What the original reads: subject and body; nothing where it raises an error or finds no subject."""
    try:
        message = email.parser.Parser(policy=email.policy.default).parsestr(text)
        subject = str(message["subject"])
        body = message.get_body(preferencelist=("plain", "html")).get_content()
        (subject + body).encode()
        return [subject, body] if subject else None
    except Exception:
        return None


class MailCharsets(unittest.TestCase):
    def test_every_charset_is_read_as_python_reads_it(self):
        warnings.simplefilter("ignore")
        mails, expected = [], {}
        for number, (charset, raw) in enumerate(cases()):
            coded = base64.b64encode(raw).decode()
            mails.append(MAIL % (number, f"=?{charset}?b?{coded}?=", charset, coded))
            event = read(mails[-1])
            if event is not None:
                expected[f"n{number}@b.c"] = event
        self.assertGreater(len(mails), 1000)
        self.assertGreater(len(expected), 1000)
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            hub.org("o")
            path = os.path.join(folder, "mails.ndjson")
            with open(path, "w", encoding="ascii") as file:
                file.writelines(json.dumps({"data": text}) + "\n" for text in mails)
            hub.run("raw", "put", path, "--ndjson", "--typetag", "email", "--org", "o")
            hub.run("archive", "once")
            made = {}
            for line in hub.run("export", "--store", "archive", "--itype", "event").stdout.split("\n")[:-1]:  # texts hold other ends of lines
                data = json.loads(line)["data"]
                made[data["src"][0]["email_addr"][0]] = [data["subject"][0], data["body"][0]]
        wrong = [who for who in sorted(expected.keys() | made.keys()) if expected.get(who) != made.get(who)]
        for who in wrong[:20]:
            print(mails[int(who[1:-4])].split("\n")[3:5], "\n  expected", ascii(expected.get(who)), "\n  made    ", ascii(made.get(who)))
        self.assertEqual(len(wrong), 0, f"of {len(mails)} mails")


if __name__ == "__main__":
    unittest.main()
