"""What docs/operating.md tells an operator to do, done as it stands there: its commands are read from it."""
import os
import re
import unittest

from harness import ADMIN, SOURCE, Hub

RECORD = b'{"eventid": "cowrie.session.connect", "src_ip": "192.0.2.7", "session": "a", "sensor": "s", "timestamp": "2026-01-01T00:00:00Z"}'


def commands_under(heading):
    """The commands `cybexd ...` from this heading to the next, in their order."""
    with open(os.path.join(SOURCE, "docs/operating.md"), encoding="utf-8") as file:
        text = file.read()
    begin = text.index(f"**{heading}**")
    text = text[begin:text.find("\n**", begin)]
    return [words.split() for words in re.findall(r"`cybexd ([^`>]*)[^`]*`", text)]


class Manual(unittest.TestCase):
    def test_another_key_pair(self):
        """Symptom: what was retried before the change was archived by nothing as long as the old key was there, and lost."""
        with Hub() as hub:
            hub.org("o")
            for typetag, record in (("mine", RECORD), ("cowrie", b'{"a": NaN}')):
                hub.run("raw", "put", "-", "--typetag", typetag, "--org", "o", input=record)
            hub.run("archive", "once")
            hub.run("raw", "put", "-", "--typetag", "mine", "--org", "o", input=RECORD.replace(b".7", b".8"))
            hub.settings["archive.accept_unknown_typetags"] = "true"  # the cause is gone
            last = None
            for words in commands_under("Another key pair."):
                words = [{"DIR": hub.folder + "/backup", "NEW": hub.folder + "/new"}.get(word, word) for word in words]
                last = hub.run(*words)
                if words[:2] == ["quarantine", "list"]:
                    for entry in hub.json("quarantine", "list", "--all")["entries"]:
                        hub.run("quarantine", "retry" if entry["typetag"] == "mine" else "drop", entry["id"])
            self.assertIn("keygen", last.args)
            for name in ("priv.pem", "pub.pem"):
                os.replace(f"{hub.folder}/new/{name}", f"{hub.dir}/{name}")
            hub.start()
            books = hub.wait_until_archived()
            self.assertEqual(books["archived"], 2, books)
            self.assertEqual(hub.json("quarantine", "list", "--all")["entries"], [])

    def test_somebody_leaves(self):
        """Symptom: of an administrator each form of the command failed, and whoever stopped there left it one."""
        with Hub() as hub:
            hub.org("o")
            people = {"bob@example.org": "admin", "eve@example.org": "acl,user"}
            for email, lists in people.items():
                hub.run("user", "add", email, "--name", email[:3])
                hub.run("org", "member", "add", "o", email, "--list", lists)
                hub.run("token", "new", email)
                for words in commands_under("Somebody leaves."):
                    if "admin" in words and lists != "admin":
                        continue
                    for token in hub.json("token", "list")["tokens"] if "JTI" in words else [{"jti": ""}]:
                        if token.get("user", email) == email:
                            hub.run(*({"ORG": "o", "EMAIL": email, "JTI": token["jti"]}.get(word, word) for word in words))
            (org,) = hub.json("org", "show")["orgs"]
            self.assertEqual((org["admin"], org["user"], org["acl"]), ([ADMIN],) * 3, org)
            self.assertEqual({token["user"] for token in hub.json("token", "list")["tokens"] if not token["revoked"]}, {ADMIN})


if __name__ == "__main__":
    unittest.main(verbosity=2)
