"""`config convert`: from CYBEX-P's config.json to a configuration that `config check` takes, and to a secret that `run` takes."""
import json
import os
import stat
import subprocess
import tempfile
import unittest

from harness import CYBEXD, Hub

OLD = {"cache": {"mongo_url": "mongodb://user:hush@10.0.0.1:27017/?authSource=admin", "db": "cache_db", "coll": "file_entries"},
       "archive": {"mongo_url": "mongodb://10.0.0.2:27017/", "db": "tahoe_db"}, "tahoe": {"mongo_url": "mongodb://10.0.0.3:27017/"},
       "report": {}, "identity": {"secret": "secret"}, "api": {"url": "http://localhost:5000/", "host": "localhost", "token": "a.b.c"}}


class Convert(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def convert(self, old, *words, expect=0, name="config.json"):
        text = old if isinstance(old, bytes) else json.dumps(old).encode()
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(text)
        done = subprocess.run([CYBEXD, "config", "convert", name, *words], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def shown(self, toml):
        path = os.path.join(self.folder, "new.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(toml)
        checked = subprocess.run([CYBEXD, "config", "check", "--config", path], capture_output=True, text=True, timeout=60)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        done = subprocess.run([CYBEXD, "config", "show", "--config", path, "--json"], capture_output=True, text=True, timeout=60)
        return {k: json.loads(v["value"]) for k, v in json.loads(done.stdout)["settings"].items() if v["from"] != "default" and k != "archive.typetags"}

    def test_the_output_is_a_configuration(self):
        done = self.convert(OLD)
        got = self.shown(done.stdout)
        self.assertEqual((got["store.kind"], got["store.url"], got["store.cache.url"]), ("mongodb", "mongodb://10.0.0.3:27017/", "mongodb://***@10.0.0.1:27017/?authSource=admin"))
        self.assertEqual(got["store.report.url"], "mongodb://localhost:27017/")
        self.assertEqual((got["archive.accept_unknown_typetags"], got["identity.accept_tokens_without_exp"], got["report.api_host"]), (True, True, "localhost"))
        for part in ("tahoe wins", "identity.secret cannot be used", "api.url was not taken over", "api.token was not", "chmod 600"):
            self.assertIn(part, done.stderr)
        self.assertNotIn("hush", done.stderr)
        self.assertIn("# ", done.stdout)
        machine = json.loads(self.convert(OLD, "--json").stdout)
        self.assertEqual(machine["toml"], done.stdout)
        self.assertEqual(machine["secret_file"], None)
        self.assertEqual(len(machine["notes"]), len(done.stderr.splitlines()))
        piped = subprocess.run([CYBEXD, "config", "convert", "-"], input=json.dumps(OLD), capture_output=True, text=True, timeout=60)
        self.assertEqual(piped.stdout.replace("standard input", "config.json"), done.stdout)

    def test_the_secret(self):
        good = "n0t-a-w3ll-kn0wn-s3cret-but-l0ng-en0ugh!"
        for number, (old, kept) in enumerate(((good, True), ("secret", False))):
            file = os.path.join(self.folder, f"jwt{number}")
            done = self.convert({"identity": {"secret": old}}, "--secret-file", f"jwt{number}")
            self.assertEqual(stat.S_IMODE(os.stat(file).st_mode), 0o600)
            with open(file, encoding="utf-8") as text:
                secret = text.read().rstrip("\n")
            self.assertEqual(secret == old, kept)
            self.assertGreaterEqual(len(secret), 32)
            self.assertNotIn(secret, done.stdout + done.stderr)
            self.assertEqual(self.shown(done.stdout)["identity.jwt_secret_file"], file)
            self.convert({}, "--secret-file", f"jwt{number}", expect=1)  # is there already
            with Hub(**{"identity.jwt_secret_file": file}) as hub:
                hub.start()
                self.assertEqual(hub.stop()[0], 0)
        with open(os.path.join(self.folder, "weak"), "w", encoding="utf-8") as weak:
            weak.write("secret\n")
        os.chmod(weak.name, 0o600)
        with Hub(**{"identity.jwt_secret_file": weak.name}) as hub:
            self.assertIn("weak", hub.run("run", expect=2).stderr)

    def test_what_is_wrong_is_told_with_its_place(self):
        for old, place in ((b"", "config.json:1:1"), (b'{\n "cache": {,}\n}', "config.json:2:12"), (b"\xff", "config.json"), (b"[1]", "an array"),
                           ({"cache": {"mongo_url": ["x"]}}, "cache.mongo_url"), ({"tahoe": 5}, "tahoe"), ({"report": {"db": "a b"}}, "report.db"),
                           (b"[" * 100_000, "config.json"), (b'{"a": ' * 40 + b"1" + b"}" * 40, "config.json"), (b" " * (5 << 20), "config.json")):
            done = self.convert(old, expect=2)
            self.assertIn(place, done.stderr)
            self.assertEqual(done.stdout, "")
        mistakes = json.loads(self.convert({"cache": {"db": 1}, "api": {"host": ""}}, "--json", expect=2).stdout)["mistakes"]
        self.assertEqual([m["key"] for m in mistakes], ["cache.db", "api.host"])
        for words in (("missing.json",), ("/",), ()):
            done = subprocess.run([CYBEXD, "config", "convert", *words], cwd=self.folder, capture_output=True, timeout=60)
            self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
