"""What an operator meets who does what operators do: a volume that is not mounted, a mistake in a word, a backup that was killed."""
import fcntl
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

from harness import CYBEXD, Hub, Refused, until


class WithoutItsStore(unittest.TestCase):
    COMMANDS = (("status",), ("org", "show"), ("user", "list"), ("token", "list"), ("quarantine", "list"), ("archive", "once"), ("user", "add", "new@example.org", "--name", "New"),
                ("org", "add", "o", "--name", "O", "--admin", "admin@example.org"), ("token", "new", "admin@example.org"), ("import", "-", "--store", "archive"),
                ("report", "count", '{"sub_type": "ipv4", "data": "192.0.2.1"}', "--as", "admin@example.org"),
                ("raw", "put", "-", "--typetag", "cowrie", "--org", "o"), ("digest",), ("verify",), ("run",))

    def test_nothing_makes_a_store_where_one_is_missing(self):
        """Symptom: each of these made an empty hub where the volume was not mounted, and was content; `run` served it, and told senders
        for good that they are unknown."""
        with Hub() as hub:
            os.mkdir(hub.folder + "/mounted")
            for place in (hub.folder + "/mounted", hub.folder + "/nowhere"):
                for words in self.COMMANDS:
                    done = hub.run(*words, "--set=data_dir=" + place, input=b"{}", expect=None, timeout=30)
                    self.assertIn(done.returncode, (1, 2), words)
                    self.assertIn("there is no store", done.stderr, words)
            self.assertEqual(os.listdir(hub.folder + "/mounted"), [])
            self.assertFalse(os.path.exists(hub.folder + "/nowhere"))
            # The two that make one.
            hub.run("backup", hub.folder + "/backup", "--quick")
            hub.run("restore", hub.folder + "/backup", "--set=data_dir=" + hub.folder + "/mounted")
            self.assertEqual(len(hub.json("user", "list", "--set=data_dir=" + hub.folder + "/mounted")["users"]), 1)

    def test_a_running_server_is_asked_also_when_its_store_is_gone(self):
        with Hub() as hub:
            hub.start()
            os.rename(hub.dir + "/data/store", hub.dir + "/gone")
            try:
                self.assertTrue(hub.json("status")["running"])
                self.assertFalse(os.path.exists(hub.dir + "/data/store"))
            finally:
                os.rename(hub.dir + "/gone", hub.dir + "/data/store")
            shutil.rmtree(hub.dir + "/data/store")
            hub.kill()
            self.assertIn("there is no store", hub.run("status", expect=1).stderr)


class Mistakes(unittest.TestCase):
    """What a command says to an operator who gives it something wrong."""

    def test_a_password_file_holds_one_line(self):
        """Symptom: of a file with two lines, both and the break between them were the password."""
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            path = folder + "/password"
            for content, words in ((b"secret of mine\nmore\n", "more than one line"), (b"secret\xff of mine\n", "UTF-8"), (b"", "is empty")):
                with open(path, "wb") as file:
                    file.write(content)
                done = hub.run("user", "add", "a@example.org", "--name", "A", "--password-file", path, expect=1)
                self.assertIn(words, done.stderr)
            done = hub.run("user", "add", "a@example.org", "--name", "A", "--password-file", folder, expect=1)
            self.assertNotIn("come back", done.stderr)
            self.assertEqual(len(hub.json("user", "list")["users"]), 1)

    def test_config_check_looks_at_the_files_that_run_needs(self):
        """Symptom: "no mistakes" where `run` could not start."""
        with Hub() as hub:
            self.assertEqual(hub.json("config", "check")["unusable_files"], [])
            missing = [f"--set={key}={hub.folder}/missing.pem" for key in ("keys.private", "keys.public", "identity.jwt_secret_file", "http.tls_certificate", "http.tls_key")]
            done = hub.run("config", "check", "--json", *missing)
            unusable = json.loads(done.stdout)["unusable_files"]
            self.assertEqual([one.split(":")[0] for one in unusable], ["keys.private", "keys.public", "identity.jwt_secret_file", "http.tls_certificate and http.tls_key"])
            for one in unusable:
                self.assertIn("missing.pem", one)
                self.assertIn("No such file", one)
            self.assertIn("does not start", hub.run("config", "check", *missing).stdout)

    def test_advice_fits_the_command(self):
        with Hub() as hub:
            done = subprocess.run([CYBEXD, "init", "--dir", "/proc/nowhere", "--admin", "a@example.org"], capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, "come back" in done.stderr), (1, False), done.stderr)
            taken = socket.create_server(("127.0.0.1", 0))
            for key in ("http.listen", "http.operators"):
                hub.settings.update({"http.listen": "127.0.0.1:0", "http.operators": "127.0.0.1:0", key: f"127.0.0.1:{taken.getsockname()[1]}"})
                done = hub.run("run", expect=1, timeout=60)
                self.assertIn(f"{key}: Cannot listen", done.stderr)
                self.assertNotIn("cybexd status", done.stderr)
            taken.close()
            for words in (("frob",), ("--config", hub.dir + "/cybexd.toml", "frob")):
                done = subprocess.run([CYBEXD, *words], capture_output=True, text=True, timeout=60)
                self.assertEqual((done.returncode, "no such command: frob" in done.stderr), (2, True), done.stderr)

    def test_output_that_nobody_reads(self):
        with Hub() as hub:
            hub.org("o")
            for words in (("export", "--store", "identity"), ("org", "show")):
                reader, writer = os.pipe()
                os.close(reader)  # as of `| head -1`, when it has seen enough
                done = subprocess.run([CYBEXD, *words, *hub.arguments()], stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60)
                os.close(writer)
                self.assertEqual((done.returncode, done.stderr), (1, ""))
            for words, told in ((("user", "add", "a@example.org", "--name", "A"), "is added all the same"), (("token", "new", "a@example.org"), "is good all the same"),
                                (("user", "passwd", "a@example.org", "--generate"), "is changed all the same")):
                with open("/dev/full", "w", encoding="ascii") as full:
                    done = subprocess.run([CYBEXD, *words, *hub.arguments()], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
                self.assertEqual((done.returncode, "cannot be written" in done.stderr, told in done.stderr), (1, True, True), done.stderr)
            for words in (("seal",), ("open",)):
                with open("/dev/zero", "rb") as endless:
                    done = subprocess.run([CYBEXD, *words, *hub.arguments()], stdin=endless, capture_output=True, timeout=60)
                self.assertEqual((done.returncode, b"larger than 268435456 bytes" in done.stderr), (1, True), done.stderr)


class Serving(unittest.TestCase):
    def test_a_command_does_not_hinder_a_start(self):
        """Symptom: a look of a tenth of a second, at the wrong moment, and `run` gave up at once."""
        with Hub() as hub:
            with open(hub.dir + "/data/lock", "r+b") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                threading.Timer(1.5, fcntl.flock, (lock, fcntl.LOCK_UN)).start()
                hub.start()

    def test_what_a_killed_backup_left_goes(self):
        """Symptom: hard links to every table of then, so that the disk filled up until the next restart."""
        with Hub() as hub:
            hub.start()
            left = hub.dir + "/data/checkpoint"
            os.mkdir(hub.folder + "/made")
            with open(hub.folder + "/made/000001.sst", "w", encoding="ascii") as file:
                file.write("a table")
            os.rename(hub.folder + "/made", left)  # as a whole: the server may look at any instant
            until("it is gone", lambda: not os.path.exists(left), 30)

    def test_rounds_that_found_nothing_are_no_failures(self):
        """Symptom: `status` of a server without work said "after 1 without success"."""
        with Hub() as hub:
            hub.start()
            until("a round has found nothing", lambda: "found nothing to do" in hub.run("status").stdout)
            self.assertNotIn("succe", hub.run("status").stdout)

    def test_an_outage_is_in_the_log(self):
        """Symptom: neither a full disk nor a folder that was gone left a line there, nor did its end."""
        with Hub() as hub:
            hub.org("o")
            hub.start()
            record = b'{"eventid": "cowrie.session.connect", "src_ip": "192.0.2.7", "session": "a", "sensor": "s", "timestamp": "2026-01-01T00:00:00Z"}'

            def status():
                try:
                    return hub.post_file(record, "cowrie", "o")[0]
                except Refused:  # the server begins again
                    return 0

            self.assertEqual(status(), 201)
            hub.wait_until_archived()  # nothing is being written when the folder goes
            os.rename(hub.dir + "/data/store", hub.dir + "/gone")
            until("uploads are refused", lambda: status() == 503)
            os.rename(hub.dir + "/gone", hub.dir + "/data/store")
            until("uploads are taken", lambda: status() == 201)
            hub.wait_until_archived()

            def log():
                with open(hub.log, encoding="utf-8") as file:
                    return file.read()

            # Where RocksDB was at a file of its own at that moment, the store is opened anew instead.
            until("its end is told", lambda: log().count("is over: ") == 2 or log().count("the store is opened anew") == 1, 30)
            # Once, though the intake, the archive line and the look at the store all meet it.
            self.assertEqual(log().count("503 until this is over: "), 1, log())

    def test_the_audit_log(self):
        """Symptom: it was written, and nothing printed it."""
        with Hub() as hub:
            hub.org("o")
            hub.run("user", "add", "bob@example.org", "--name", "Bob")
            hub.run("org", "member", "add", "o", "bob@example.org", "--list", "acl")
            hub.run("org", "member", "del", "o", "bob@example.org", "--list", "acl")
            for running in (False, True):
                lines = hub.json("audit")["lines"]
                self.assertEqual([line["who"] for line in lines[-2:]], ["operator"] * 2)
                self.assertEqual([line["what"].startswith("org.") for line in lines[-2:]], [True] * 2)
                self.assertIn("bob@example.org", lines[-1]["whom"])
                self.assertEqual(sorted(line["when"] for line in lines), [line["when"] for line in lines])
                self.assertEqual(hub.json("audit", "--limit", "1")["lines"], lines[-1:])
                self.assertEqual(hub.run("audit").stdout.splitlines()[0].split(), ["WHEN", "WHO", "WHAT", "WHOM"])
                if not running:
                    hub.start()
            for limit in ("0", "10001", "x"):
                hub.run("audit", "--limit=" + limit, expect=2)


class Retries(unittest.TestCase):
    def test_a_retry_after_a_change_of_keys_takes_nothing_back(self):
        """Symptom: an upload with one good line and a bad one became bad data as a whole: its archived record was set aside in the books."""
        with Hub() as hub:
            hub.org("o")
            good = b'{"eventid": "cowrie.session.connect", "src_ip": "192.0.2.7", "session": "a", "sensor": "s", "timestamp": "2026-01-01T00:00:00Z"}'
            hub.run("raw", "put", "-", "--ndjson", "--typetag", "cowrie", "--org", "o", input=good + b"\n" + b'{"a": NaN}\n')
            hub.run("archive", "once")

            def stands():
                lake, (entry,) = hub.json("status")["lake"], hub.json("quarantine", "list", "--all")["entries"]
                return lake, entry

            before = stands()
            self.assertEqual((before[0]["archived"], before[0]["set_aside"], before[1]["state"]), (1, 1, "processed"))
            hub.run("archive", "once", "--force")  # with its key: the good line is known then
            before = stands()
            self.assertEqual((before[0]["known"], before[0]["set_aside"], before[1]["state"]), (1, 1, "processed"))
            hub.run("keygen", "--dir", hub.folder + "/new")
            for name in ("priv.pem", "pub.pem"):
                os.replace(f"{hub.folder}/new/{name}", f"{hub.dir}/{name}")
            done = hub.run("archive", "once", "--force")
            self.assertEqual(stands(), before)
            self.assertIn("stays as it is", done.stderr)
            self.assertIn("stays as it is", hub.run("quarantine", "retry", before[1]["id"], expect=1).stderr)
            self.assertEqual(stands(), before)


class InNoReport(unittest.TestCase):
    def test_a_record_that_its_filter_cannot_use_is_told(self):
        """Symptom: archived, no error, nothing set aside; that it is in no report was told nowhere."""
        with Hub() as hub:
            hub.org("o")
            record = b'{"eventid": "cowrie.session.connect", "src_ip": "192.0.2.7"}'
            hub.run("raw", "put", "-", "--typetag", "cowrie", "--org", "o", input=record)
            summary = hub.json("archive", "once")
            self.assertEqual((summary["archived"], summary["filtered"], summary["unusable"]), (1, 0, 1))
            hub.start()
            self.assertEqual(hub.json("status")["unusable"], 0)
            self.assertNotIn("not usable", hub.run("status").stdout)
            hub.post_file(record.replace(b".7", b".8"), "cowrie", "o")
            hub.wait_until_archived()
            until("the filter has run", lambda: hub.json("status")["unusable"] == 1)
            self.assertIn("not usable:   1 records since the start", hub.run("status").stdout)
            # As docs/operating.md lists them.
            raws = [json.loads(line) for line in hub.run("export", "--store", "archive", "--itype", "raw").stdout.splitlines() if '"_valid":false' in line]
            self.assertEqual(len(raws), 2)
            for raw in raws:
                self.assertIn("timestamp", raw["_cybexd_reason"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
