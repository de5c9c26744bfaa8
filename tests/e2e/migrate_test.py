"""`migrate` between embedded stores: whole, killed in the middle, refused."""
import json
import os
import subprocess
import time
import unittest

from backup_test import everything, record
from harness import ADMIN, CYBEXD, Hub, seeded


def a_hub_with_everything(hub, count=400):
    """Users, organisations, tokens (one revoked), records in every state, reports."""
    hub.run("user", "add", "ann@example.org", "--name", "Ann")
    hub.org("honeynet")
    hub.run("org", "add", "other", "--name", "Other", "--admin", "ann@example.org")
    hub.run("token", "new", "ann@example.org")
    hub.json("token", "revoke", hub.json("token", "list")["tokens"][-1]["jti"])
    put = ("raw", "put", "-", "--org", "honeynet", "--typetag")
    hub.run(*put, "cowrie", "--ndjson", input=b"\n".join([record(n) for n in range(count)] + [b"[" * 100 + b"]" * 100]))
    hub.run(*put, "cowrie", "--lines", input=b"\n".join(record(n) for n in range(count, count + 50)))
    hub.run(*put, "unheard", input=b"{}")
    hub.run(*put, "cowrie", input=b"\xff\xfe")
    hub.run("archive", "once")
    hub.run(*put, "cowrie", "--lines", input=b"\n".join(record(n) for n in range(90_000, 90_020)))  # these wait
    for n in range(5):
        hub.json("report", "count", json.dumps({"sub_type": "ipv4", "data": f"203.0.0.{n}"}), "--as", ADMIN)


def config(hub):
    return os.path.join(hub.dir, "cybexd.toml")


class Migrate(unittest.TestCase):
    def hub(self):
        hub = Hub()
        self.addCleanup(hub.__exit__, None)
        return hub

    def migrate(self, a, b, *words, expect=0):
        done = subprocess.run([CYBEXD, "migrate", config(a), config(b), "--json", *words], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return json.loads(done.stdout) if expect == 0 else done

    def same(self, a, b):
        left, right = everything(a), everything(b)
        for one in (left, right):  # ids of entries are each store's own
            for entry in one["aside"]["entries"]:
                entry.pop("id")
            # What `init` made of its own in the target: its token.
            one["tokens"] = sorted(t["jti"] for t in one["tokens"]["tokens"])
        self.assertLessEqual(set(left.pop("tokens")), set(right.pop("tokens")))
        self.assertEqual(left, right)
        self.assertEqual(b.json("verify")["problems"], 0)

    def test_into_a_new_hub(self):
        a, b = self.hub(), self.hub()
        a_hub_with_everything(a)
        done = self.migrate(a, b)
        self.assertTrue(done["complete"] and done["equal"])
        self.assertEqual(done["from"], a.digest())
        self.assertEqual(done["entries"]["copied"], 1 + 50 + 2 + 20)
        self.assertEqual((done["files"], done["lost_files"]), (23, 0))  # waiting, set aside, and one of which a line is
        self.assertEqual(done["faults"], [])
        self.same(a, b)
        again = self.migrate(a, b)
        self.assertEqual({again[k]["copied"] for k in ("documents", "entries", "reports", "identities", "tokens", "audit_lines")}, {0})
        self.same(a, b)
        # The revoked token stays revoked, and the users are those of before.
        revoked = [t["jti"] for t in a.json("token", "list")["tokens"] if t["revoked"]]
        self.assertEqual(len(revoked), 1)
        self.assertEqual([t["jti"] for t in b.json("token", "list")["tokens"] if t["revoked"]], revoked)
        # What waits goes on there, with the keys of the old hub.
        for key in ("priv.pem", "pub.pem"):
            with open(f"{a.dir}/{key}", "rb") as old, open(f"{b.dir}/{key}", "wb") as new:
                new.write(old.read())
        self.assertEqual(a.json("archive", "once")["archived"], 20)
        self.assertEqual(b.json("archive", "once")["archived"], 20)
        self.assertEqual(a.digest(), b.digest())
        left, right = (h.json("report", "related", '{"sub_type": "ipv4", "data": "203.0.0.7"}', "--as", ADMIN)["report"]["data"] for h in (a, b))
        self.assertGreater(len(left), 3)
        self.assertEqual({k: sorted(map(str, v)) for k, v in left.items()}, {k: sorted(map(str, v)) for k, v in right.items()})

    def test_killed_in_the_middle_and_run_again(self):
        a, b = self.hub(), self.hub()
        a_hub_with_everything(a, 3000)
        began = time.monotonic()
        self.migrate(a, self.hub())
        takes = time.monotonic() - began
        chance = seeded()
        killed = 0
        for _ in range(8):
            process = subprocess.Popen([CYBEXD, "migrate", config(a), config(b)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0, takes))
            process.kill()
            killed += process.wait(30) != 0
        print(killed, "of 8 were cut short")
        self.assertTrue(self.migrate(a, b)["equal"])
        self.same(a, b)

    def test_the_source_is_not_changed(self):
        a, b = self.hub(), self.hub()
        a_hub_with_everything(a, 50)

        def files():
            return {n: (os.stat(f"{a.dir}/data/store/{n}").st_mtime_ns, os.path.getsize(f"{a.dir}/data/store/{n}")) for n in os.listdir(a.dir + "/data/store")}

        before = files()
        self.migrate(a, b)
        self.assertEqual(files(), before)

    def test_what_it_refuses(self):
        a, b = self.hub(), self.hub()
        self.assertIn("the same stores", self.migrate(a, a, expect=2).stderr)
        os.symlink(a.dir + "/data", a.dir + "/other")
        with open(a.dir + "/link.toml", "w", encoding="utf-8") as file:
            file.write('data_dir = "other"\n')
        done = subprocess.run([CYBEXD, "migrate", config(a), a.dir + "/link.toml"], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, "the same stores" in done.stderr), (2, True), done.stderr)
        for one, words in ((a, ("FROM", "stop it first")), (b, ("TO", "stop it first"))):
            one.start()
            done = self.migrate(a, b, expect=1)
            for word in (*words, str(one.process.pid)):
                self.assertIn(word, done.stderr)
            one.stop()
        done = subprocess.run([CYBEXD, "migrate", config(a), b.dir + "/missing.toml"], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, "missing.toml" in done.stderr), (2, True))
        with open(a.dir + "/empty.toml", "w", encoding="utf-8") as file:
            file.write('data_dir = "nowhere"\n')
        done = subprocess.run([CYBEXD, "migrate", a.dir + "/empty.toml", config(b)], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, "there is no store" in done.stderr), (1, True), done.stderr)
        self.assertFalse(os.path.exists(a.dir + "/nowhere"))
        self.assertEqual(subprocess.run([CYBEXD, "migrate", config(a)], capture_output=True, timeout=60).returncode, 2)

    def test_users_that_differ(self):
        a, b = self.hub(), self.hub()
        a_hub_with_everything(a, 50)
        b.run("user", "add", "ann@example.org", "--name", "Another")
        b.org("mine")
        done = self.migrate(a, b, expect=1)
        for word in ("ann@example.org", ADMIN, "--overwrite-identities", "nothing was copied"):
            self.assertIn(word, done.stderr)
        self.assertEqual(b.digest()["instances"], {})
        # The organisation that only the target has holds the admin with the password of there.
        self.assertIn("organisation mine, which holds user " + ADMIN, self.migrate(a, b, "--overwrite-identities", expect=1).stderr)
        c = self.hub()
        c.run("user", "add", "ann@example.org", "--name", "Another")
        self.assertTrue(self.migrate(a, c, "--overwrite-identities")["equal"])
        self.same_users(a, c)

    def same_users(self, a, b):
        """Users, organisations and stored passwords, and no old password left; other parts may stay."""
        for words in (("--itype", "object"), ("--sub-type", "password")):
            self.assertEqual(*(sorted(h.run("export", "--store", "identity", "--secrets", *words).stdout.splitlines()) for h in (a, b)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
