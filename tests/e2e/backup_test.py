"""`backup` and `restore`: of a running server and without one, cut short, damaged, over another store."""
import fcntl
import json
import os
import shutil
import subprocess
import threading
import time
import unittest

from harness import ADMIN, CYBEXD, Hub, seeded, until


def record(number):
    return json.dumps({"eventid": "cowrie.login.failed", "session": f"s{number}", "sensor": "one", "src_ip": f"203.0.{number // 250}.{number % 250}",
                       "username": "root", "password": "toor", "timestamp": "2026-01-01T00:00:00Z", "n": number}).encode()


def filled(hub, count=400):
    hub.org("honeynet")
    hub.run("raw", "put", "-", "--ndjson", "--typetag", "cowrie", "--org", "honeynet", input=b"\n".join(record(n) for n in range(count)))
    hub.run("raw", "put", "-", "--typetag", "unheard", "--org", "honeynet", input=b"{}")
    hub.run("archive", "once")
    return hub.digest()


def everything(hub):
    """What an operator can see of all four stores."""
    lake = hub.json("status")["lake"]
    return {"digest": hub.digest(), "lake": lake, "aside": hub.json("quarantine", "list", "--all"), "users": hub.json("user", "list"),
            "tokens": hub.json("token", "list"), "identity": sorted(hub.run("export", "--store", "identity", "--secrets").stdout.splitlines()),
            "report": hub.run("export", "--store", "report").stdout}


class Backup(unittest.TestCase):
    def hub(self):
        hub = Hub()
        self.addCleanup(hub.__exit__, None)
        return hub

    def test_without_a_server(self):
        hub, other = self.hub(), self.hub()
        digest = filled(hub)
        hub.json("report", "count", '{"sub_type": "ipv4", "data": "203.0.1.7"}', "--as", ADMIN)
        before = everything(hub)
        folder = os.path.join(hub.folder, "deep/backup")
        made = hub.json("backup", folder)
        self.assertEqual((made["dir"], made["digest"], made["stores"]), (folder, digest, ["cache", "archive", "report", "identity"]))
        with open(folder + "/manifest.json", encoding="utf-8") as file:
            manifest = json.load(file)
        self.assertEqual({f["name"]: f["bytes"] for f in manifest["files"]},
                         {name: os.path.getsize(f"{folder}/store/{name}") for name in os.listdir(folder + "/store")})
        self.assertEqual([os.stat(folder).st_mode & 0o777, os.stat(folder + "/manifest.json").st_mode & 0o777], [0o700, 0o600])
        self.assertFalse(os.path.exists(hub.dir + "/data/checkpoint"))
        self.assertEqual(everything(hub), before)
        # Into another hub: not over its store unless told, and its old store stays.
        refused = other.run("restore", folder, expect=1)
        self.assertIn("--replace", refused.stderr)
        self.assertEqual(sum(other.digest()["instances"].values()), 0)
        done = other.run("restore", folder, "--replace", "--json")
        self.assertIn("public key", done.stderr)
        self.assertTrue(os.path.isdir(json.loads(done.stdout)["old_store"]))
        self.assertEqual(everything(other), before)
        self.assertEqual(other.json("verify")["problems"], 0)
        # Into a hub that lost its store.
        shutil.rmtree(hub.dir + "/data")
        self.assertNotIn("old_store", hub.json("restore", folder))
        self.assertEqual(everything(hub), before)
        self.assertEqual(hub.json("restore", folder, "--check")["files"], len(manifest["files"]))

    def test_restores_in_one_second_keep_every_old_store(self):
        """Symptom: the second one's old store had the name of the first one's, and was deleted."""
        hub = self.hub()
        filled(hub, 20)
        hub.run("backup", hub.folder + "/backup", "--quick")
        now = int(time.time())
        for second in range(now - 1, now + 120):
            aside = hub.dir + time.strftime("/data/store.before-%Y%m%dT%H%M%SZ", time.gmtime(second))
            os.mkdir(aside)
            with open(aside + "/of-another-restore", "w", encoding="utf-8"):
                pass
        kept = set()
        for _ in range(2):
            before = everything(hub)
            old = hub.json("restore", hub.folder + "/backup", "--replace")["old_store"]
            self.assertNotIn(old, kept)
            kept.add(old)
            self.assertEqual(os.listdir(hub.dir + "/data").count("restoring"), 0)
            os.rename(hub.dir + "/data/store", hub.folder + "/new")
            os.rename(old, hub.dir + "/data/store")
            self.assertEqual(everything(hub), before)
            os.rename(hub.dir + "/data/store", old)
            os.rename(hub.folder + "/new", hub.dir + "/data/store")
        for name in os.listdir(hub.dir + "/data"):
            if name.startswith("store.before-"):
                self.assertNotEqual(os.path.exists(f"{hub.dir}/data/{name}/of-another-restore"), f"{hub.dir}/data/{name}" in kept)

    def test_a_call_of_a_client_that_was_killed(self):
        """Its checkpoint, made late, must not take the place of that of the next backup."""
        hub = self.hub()
        filled(hub, 20)
        hub.start()

        def checkpoint(process):
            return hub.operate("checkpoint", {"process": process})

        with open(hub.dir + "/data/backup.lock", "w", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # as a backup holds it, whose files the server leaves alone
            file.write("12\n")
            file.flush()
            folder = hub.dir + "/data/checkpoint"
            self.assertEqual(checkpoint(12)["ok"]["directory"], folder)
            made = os.stat(folder).st_ino
            for stale in (11, None):
                self.assertIn("process 12", checkpoint(stale)["error"])
                self.assertEqual(os.stat(folder).st_ino, made)
            answers = []
            together = [threading.Thread(target=lambda: answers.append(checkpoint(12))) for _ in range(4)]
            for one in together:
                one.start()
            for one in together:
                one.join()
        self.assertEqual(["ok" in answer for answer in answers], [True] * 4, answers)
        self.assertEqual(hub.json("backup", hub.folder + "/backup")["digest"], hub.digest())

    def test_of_a_running_server_under_load(self):
        hub, other = self.hub(), self.hub()
        filled(hub, 50)
        hub.start()
        stop, sent = threading.Event(), []

        def load():
            while not stop.is_set():
                lines = [record(10_000 + 200 * len(sent) + n) for n in range(200)]
                self.assertEqual(hub.post_ndjson(lines, "cowrie", "honeynet")[0], 201)
                sent.append(len(lines))

        sender = threading.Thread(target=load)
        sender.start()
        try:
            until("some is sent", lambda: len(sent) > 3)
            # The path is relative to the command's folder, not to the server's.
            made = subprocess.run([CYBEXD, "backup", "copy", *hub.arguments(), "--json"], cwd=hub.folder, capture_output=True, timeout=120)
            self.assertEqual(made.returncode, 0, made.stderr)
            before = len(sent)
            until("more is sent", lambda: len(sent) > before)
        finally:
            stop.set()
            sender.join()
        self.assertEqual(hub.wait_until_archived()["archived"], 50 + sum(sent))
        done = hub.run("restore", hub.folder + "/copy", "--replace", expect=1)
        self.assertIn(str(hub.process.pid), done.stderr)
        other.json("restore", hub.folder + "/copy", "--replace")
        for key in ("priv.pem", "pub.pem"):
            shutil.copy(f"{hub.dir}/{key}", f"{other.dir}/{key}")
        self.assertEqual(other.digest(), json.loads(made.stdout)["digest"])
        self.assertEqual(other.json("verify")["problems"], 0)
        books = other.json("status")["lake"]
        self.assertEqual(books["accepted"], books["archived"] + books["known"] + books["set_aside"] + books["pending"])
        other.run("archive", "once")  # what waited in it goes on
        raws = other.digest()["instances"]["raw/cowrie"]
        self.assertEqual(raws, other.json("status")["lake"]["archived"])
        self.assertGreaterEqual(raws, 50 + 200 * 3)
        self.assertEqual(hub.stop()[0], 0)

    def test_where_it_may_go(self):
        hub = self.hub()
        os.mkdir(hub.folder + "/empty")
        hub.run("backup", hub.folder + "/empty", "--quick")
        self.assertIn("not empty", hub.run("backup", hub.folder + "/empty", expect=1).stderr)
        for bad in (hub.dir + "/data/store/b", hub.dir + "/data/checkpoint", hub.dir + "/cybexd.toml", "/proc/nowhere"):
            hub.run("backup", bad, expect=1)
        self.assertTrue(os.path.exists(hub.dir + "/cybexd.toml"))
        self.assertEqual(hub.json("restore", hub.folder + "/empty", "--check")["dir"], hub.folder + "/empty")
        hub.run("backup", expect=2)
        mongodb = ("--set=store.kind=mongodb", "--set=store.url=mongodb://127.0.0.1:1")
        for words, tool in ((("backup", hub.folder + "/m"), "mongodump"), (("restore", hub.folder + "/empty"), "mongorestore")):
            self.assertIn(tool, hub.run(*words, *mongodb, expect=2).stderr)

    def test_of_a_folder_without_a_store(self):
        """Symptom: an empty store was made there and backed up, with exit status 0, every night."""
        hub = self.hub()
        os.mkdir(hub.folder + "/not_mounted")
        wrong = "--set=data_dir=" + hub.folder + "/not_mounted"
        self.assertIn("no store", hub.run("backup", hub.folder + "/nothing", wrong, expect=1).stderr)
        self.assertFalse(os.path.exists(hub.folder + "/nothing"))
        for words in (("verify",), ("digest",), ("export", "--store", "archive"), ("get", "0" * 64)):
            self.assertIn("no store", hub.run(*words, wrong, expect=1).stderr)
        self.assertEqual(os.listdir(hub.folder + "/not_mounted"), [])

    def test_a_damaged_backup_replaces_nothing(self):
        hub = self.hub()
        filled(hub, 50)
        folder = hub.folder + "/backup"
        hub.json("backup", folder)
        before = everything(hub)
        chance = seeded()
        names = sorted(n for n in os.listdir(folder + "/store") if os.path.getsize(f"{folder}/store/{n}"))

        def damaged(change, words):
            copy = hub.folder + "/copy"
            shutil.copytree(folder, copy)
            change(copy)
            for check in (("--check",), ("--replace",)):
                done = hub.run("restore", copy, *check, expect=1)
                self.assertIn(words, done.stderr)
            self.assertEqual(everything(hub), before)
            self.assertEqual([n for n in os.listdir(hub.dir + "/data") if n.startswith(("restoring", "store."))], [])
            shutil.rmtree(copy)

        def flip(copy):
            path = f"{copy}/store/{chance.choice(names)}"
            with open(path, "r+b") as file:
                at = chance.randrange(os.path.getsize(path))
                file.seek(at)
                byte = file.read(1)[0]
                file.seek(at)
                file.write(bytes([byte ^ (1 << chance.randrange(8))]))

        def rewrite(change):
            def apply(copy):
                with open(copy + "/manifest.json", encoding="utf-8") as file:
                    manifest = json.load(file)
                change(manifest)
                with open(copy + "/manifest.json", "w", encoding="utf-8") as file:
                    json.dump(manifest, file)
            return apply

        for _ in range(5):
            damaged(flip, "SHA-256")
        damaged(lambda c: os.truncate(f"{c}/store/{names[0]}", os.path.getsize(f"{c}/store/{names[0]}") - 1), "bytes")
        damaged(lambda c: os.remove(f"{c}/store/{chance.choice(names)}"), "cannot be opened")
        damaged(lambda c: os.remove(c + "/manifest.json"), "no complete backup")
        damaged(lambda c: os.truncate(c + "/manifest.json", 100), "manifest.json")
        damaged(rewrite(lambda m: m["files"][0].update(name="../../cybexd.toml")), "files.name")
        damaged(rewrite(lambda m: m.update(store_format=99)), "format version 99")
        damaged(rewrite(lambda m: m.update(cybexd_backup=2)), "cybexd_backup")

    def test_cut_short(self):
        """A kill at any moment leaves no backup that passes for one, and the next backup works."""
        hub = self.hub()
        digest = filled(hub, 3000)
        hub.start()
        chance = seeded()
        began = time.monotonic()
        hub.run("backup", hub.folder + "/first")
        takes = time.monotonic() - began
        whole = 0
        for number in range(12):
            folder = f"{hub.folder}/backup{number}"
            process = subprocess.Popen([CYBEXD, "backup", folder, *hub.arguments()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0, 1.1 * takes))
            process.kill()
            process.wait(30)
            if os.path.exists(folder + "/manifest.json"):
                whole += 1
                hub.run("restore", folder, "--check")
            elif os.path.exists(folder):
                hub.run("restore", folder, "--check", expect=1)
        print(whole, "of 12 were done before the kill")
        self.assertEqual(hub.json("backup", hub.folder + "/last")["digest"], digest)
        self.assertFalse(os.path.exists(hub.dir + "/data/checkpoint"))
        left = [hub.dir + "/data/checkpoint", hub.dir + "/data/checkpoint.tmp"]
        for folder in left:
            os.mkdir(folder)  # as a kill leaves it: the second while RocksDB makes it
        self.assertEqual(hub.stop()[0], 0)
        hub.start()
        self.assertEqual([folder for folder in left if os.path.exists(folder)], [])

    def test_a_restore_cut_short_leaves_the_old_store_or_the_new_one(self):
        hub = self.hub()
        digest = filled(hub, 3000)
        hub.json("backup", hub.folder + "/backup")
        hub.run("raw", "put", "-", "--typetag", "cowrie", "--org", "honeynet", input=record(90_000))
        hub.run("archive", "once")
        newer = hub.digest()
        chance = seeded()
        began = time.monotonic()
        hub.run("restore", hub.folder + "/backup", "--replace")
        takes = time.monotonic() - began
        hub.run("raw", "put", "-", "--typetag", "cowrie", "--org", "honeynet", input=record(90_000))
        hub.run("archive", "once")
        self.assertEqual(hub.digest(), newer)
        for _ in range(8):
            process = subprocess.Popen([CYBEXD, "restore", hub.folder + "/backup", "--replace", *hub.arguments()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0, 1.1 * takes))
            process.kill()
            process.wait(30)
            self.assertIn(hub.digest(), (digest, newer))
        hub.json("restore", hub.folder + "/backup", "--replace")
        self.assertEqual(hub.digest(), digest)


if __name__ == "__main__":
    unittest.main(verbosity=2)
