"""Every command of the binary, with and without a server, and how each fails."""
import fcntl
import hashlib
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
import unittest.mock

from harness import ADMIN, CYBEXD, SOURCE, Hub, may_log, seeded, until

RECORD = {"eventid": "cowrie.login.failed", "session": "s1", "sensor": "one", "src_ip": "203.0.113.7", "username": "root",
          "password": "toor", "timestamp": "2026-01-01T00:00:00Z"}


def record(number):
    return json.dumps({**RECORD, "n": number, "session": f"s{number}", "src_ip": f"203.0.{number // 250}.{number % 250}"}).encode()


def plain(*words, input=b"", **options):
    return subprocess.run([CYBEXD, *words], input=input, capture_output=True, timeout=120, **options)


class WithAndWithoutServer:
    """The cases of a class below run twice: on the stores themselves, and through a server."""
    serve = False

    def hub(self, **settings):
        hub = Hub(**settings)
        self.addCleanup(hub.__exit__, None)
        if self.serve:
            hub.start()
        return hub

    def test_users(self):
        hub = self.hub()
        made = hub.json("user", "add", "ann@example.org", "--name", "Ann")
        self.assertEqual(len(made["password"]), 20)
        self.assertEqual(made["hash"], hashlib.sha256(b"objectcybexp_userann@example.org").hexdigest())
        users = {u["email"]: u for u in hub.json("user", "list")["users"]}
        self.assertEqual({e: u["superuser"] for e, u in users.items()}, {ADMIN: True, "ann@example.org": False})
        hub.run("user", "add", "ann@example.org", "--name", "Again", expect=1)
        hub.run("user", "add", "no address", "--name", "X", expect=1)
        hub.run("user", "passwd", "nobody@example.org", "--generate", expect=1)
        secret = os.path.join(hub.folder, "secret")
        with open(secret, "w", encoding="utf-8") as file:
            file.write("a new password\n")
        changed = hub.json("user", "passwd", "ann@example.org", "--password-file", secret)
        self.assertNotIn("password", changed)
        self.assertNotIn("scrypt", hub.run("get", users["ann@example.org"]["hash"]).stdout)
        self.assertNotIn("scrypt", hub.run("export", "--store", "identity").stdout)
        self.assertIn("scrypt", hub.run("export", "--store", "identity", "--secrets").stdout)

    def test_organisations(self):
        hub = self.hub()
        hub.run("user", "add", "ann@example.org", "--name", "Ann")
        hub.run("user", "add", "bob@example.org", "--name", "Bob")
        org = hub.json("org", "add", "honeynet", "--name", "Honey", "--admin", ADMIN, "--user", "ann@example.org")
        self.assertEqual((org["admin"], sorted(org["user"])), ([ADMIN], sorted([ADMIN, "ann@example.org"])))
        hub.run("org", "add", "honeynet", "--name", "Again", "--admin", ADMIN, expect=1)
        hub.run("org", "add", "other", "--name", "Other", "--admin", "nobody@example.org", expect=1)
        org = hub.json("org", "member", "add", "honeynet", "bob@example.org", "--list", "acl")
        self.assertIn("bob@example.org", org["acl"])
        self.assertNotIn("bob@example.org", org["user"])
        hub.run("org", "member", "add", "honeynet", "bob@example.org", "--list", "acl", expect=1)
        hub.run("org", "member", "add", "honeynet", "bob@example.org", "--list", "owner", expect=2)
        org = hub.json("org", "member", "del", org["hash"], "bob@example.org", "--list", "acl")
        self.assertNotIn("bob@example.org", org["acl"])
        hub.run("org", "member", "del", "honeynet", ADMIN, "--list", "admin", expect=1)
        self.assertEqual(hub.json("org", "show", "honeynet")["orgname"], "honeynet")
        self.assertEqual(len(hub.json("org", "show")["orgs"]), 1)
        hub.run("org", "show", "nowhere", expect=1)

    def test_no_password_of_a_member_is_shown(self):
        hub = self.hub()
        hub.run("user", "add", "ann@example.org", "--name", "Ann")
        hub.run("org", "add", "honeynet", "--name", "Honey", "--admin", ADMIN, "--user", "ann@example.org")
        export = ("export", "--store", "identity")
        stored = [json.loads(line) for line in hub.run(*export, "--secrets").stdout.splitlines()]
        passwords = [d for d in stored if (d["itype"], d["sub_type"]) == ("attribute", "password")]
        self.assertEqual(len(passwords), 2)
        self.assertEqual([d["sub_type"] for d in stored if "scrypt" in json.dumps(d)].count("admin"), 1)
        shown = hub.run(*export).stdout
        self.assertEqual(len(shown.splitlines()), len(stored) - 2)
        for d in stored:
            secret = d in passwords
            got = hub.run("get", d["_hash"], expect=1 if secret else 0).stdout
            for hidden in ["scrypt", *([] if secret else (p["_hash"] for p in passwords))]:
                self.assertNotIn(hidden, got)
                self.assertNotIn(hidden, shown)

    def test_tokens(self):
        hub = self.hub()
        token = hub.run("token", "new", ADMIN, "--days", "3").stdout
        self.assertEqual(token.count("."), 2)
        self.assertEqual(token, token.strip() + "\n")
        self.assertLessEqual(len(token), 300)
        known = hub.json("token", "list")["tokens"]
        self.assertEqual({len(t["jti"]) for t in known}, {16})
        hub.json("token", "revoke", known[0]["jti"])
        self.assertEqual([t["revoked"] for t in hub.json("token", "list")["tokens"] if t["jti"] == known[0]["jti"]], [True])
        hub.run("token", "revoke", "unknown", expect=1)
        hub.run("token", "new", "nobody@example.org", expect=1)
        hub.run("token", "new", ADMIN, "--days", "0", expect=2)
        hub.run("token", "new", ADMIN, "--days", "many", expect=2)

    def test_records_in_and_documents_out(self):
        hub = self.hub()
        hub.org("honeynet")
        lines = [record(n) for n in range(300)]
        one, many = os.path.join(hub.folder, "one"), os.path.join(hub.folder, "many")
        with open(one, "wb") as file:
            file.write(lines[0])
        with open(many, "wb") as file:
            file.write(b"\n".join(lines[1:100]) + b"\n\n")
        put = ("raw", "put", "--typetag", "cowrie", "--org", "honeynet")
        self.assertEqual(hub.json(*put, one), {"records": 1, "entries": 1})
        self.assertEqual(hub.json(*put, many, "--lines"), {"records": 99, "entries": 99})
        self.assertEqual(hub.json(*put, "-", "--ndjson", input=b"\n".join(lines[100:])), {"records": 200, "entries": 1})
        hub.run(*put, os.path.join(hub.folder, "missing"), expect=1)
        hub.run(*put, one, "--lines", "--ndjson", expect=2)
        hub.run(*put, one, "--timezone", "Mars/Olympus", expect=1)
        hub.run("raw", "put", one, "--typetag", "cowrie", "--org", "nowhere", expect=1)
        summary = hub.json("archive", "once")
        self.assertEqual(summary["errors"], 0)
        digest = hub.digest()
        self.assertEqual(digest["instances"]["raw/cowrie"], 300)
        self.assertEqual(digest["instances"]["event/login"], 300)
        answer = hub.json("report", "count", '{"sub_type": "ipv4", "data": "203.0.1.7"}', "--as", ADMIN)
        self.assertEqual((answer["status"], answer["report"]["data"]), ("ready", 1))
        hub.run("report", "count", "no json", "--as", ADMIN, expect=2)
        hub.run("report", "count", expect=2)
        self.assertEqual(hub.json("verify")["problems"], 0)
        status = hub.json("status")
        self.assertEqual((status["running"], status["lake"]["accepted"], status["lake"]["pending"]), (self.serve, 300, 0))
        self.round_trip(hub, digest)

    def round_trip(self, hub, digest):
        text = hub.run("export", "--store", "archive").stdout
        documents = text.splitlines()
        self.assertEqual(len(documents), sum(digest["instances"].values()))
        event = json.loads(hub.run("export", "--store", "archive", "--itype", "event", "--sub-type", "login").stdout.splitlines()[0])
        self.assertEqual(hub.json("get", event["_hash"]), event)
        hub.run("get", "0" * 64, expect=1)
        hub.run("get", "nothing", expect=2)
        hub.run("export", "--store", "archive", "--itype", "evnt", expect=2)
        hub.run("export", "--store", "attic", expect=2)
        other = self.hub()
        path = os.path.join(other.folder, "dump")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(documents[::-1]) + "\n")
        self.assertEqual(other.json("import", path, "--store", "archive")["stored"], len(documents))
        self.assertEqual(other.digest(), digest)
        again = other.json("import", path, "--store", "archive")
        self.assertEqual((again["stored"], again["known"], again["refused"]), (0, len(documents), 0))
        self.assertEqual(other.json("verify")["problems"], 0)

    def test_import_refuses_what_does_not_match(self):
        hub = self.hub()
        attribute = {"itype": "attribute", "sub_type": "ipv4", "data": "192.0.2.1"}
        attribute["_hash"] = hashlib.sha256(b'attributeipv4"192.0.2.1"').hexdigest()
        extended = {"_id": {"$oid": "5f5d1d2f3b0a1c2d3e4f5a6b"}, "itype": "attribute", "sub_type": "port", "data": {"$numberLong": "80"},
                    "_hash": hashlib.sha256(b"attributeport80").hexdigest()}
        wrong = {**attribute, "data": "192.0.2.2"}
        lines = [attribute, wrong, extended, "no document", {"itype": "attribute"}]
        done = hub.run("import", "-", "--store", "archive", "--json", expect=1,
                       input=("\n".join(json.dumps(line) for line in lines) + "\n{cut").encode())
        answer = json.loads(done.stdout)
        self.assertEqual((answer["stored"], answer["refused"]), (2, 4))
        self.assertEqual(sorted(d["line"] for d in answer["details"]), [2, 4, 5, 6])
        self.assertEqual(hub.json("get", extended["_hash"])["data"], 80)

    def test_import_reads_numbers_of_a_database_beside_data_that_only_looks_so(self):
        hub = self.hub()
        raw = {"itype": "raw", "sub_type": "test", "data": {"a": {"$numberLong": "5"}}, "orgid": "o", "timezone": "UTC", "filters": [], "_ref": [],
               "_cybexd_first_run": {"$numberDouble": "1600000000.5"}}
        inner = json.dumps({"$numberLong": json.dumps("5")})
        raw["_hash"] = hashlib.sha256(b"rawtest" + json.dumps({"a": inner}).encode()).hexdigest()
        hub.run("import", "-", "--store", "archive", input=json.dumps(raw).encode())
        stored = hub.json("get", raw["_hash"])
        self.assertEqual(stored["data"], raw["data"])
        self.assertEqual(stored["_cybexd_first_run"], 1600000000.5)

    def test_quarantine(self):
        hub = self.hub()
        hub.org("honeynet")
        hub.run("raw", "put", "-", "--typetag", "unheard", "--org", "honeynet", input=b"{}")
        hub.run("raw", "put", "-", "--typetag", "cowrie", "--org", "honeynet", input=b"\xff\xfe")
        hub.run("archive", "once")
        self.assertEqual(hub.json("quarantine", "list")["entries"], [])
        entries = hub.json("quarantine", "list", "--all")["entries"]
        self.assertEqual([e["state"] for e in entries], ["not_supported", "bad_data"])
        first, second = (e["id"] for e in entries)
        self.assertEqual(hub.json("quarantine", "show", first)["typetag"], "unheard")
        hub.json("quarantine", "drop", second)
        self.assertEqual(len(hub.json("quarantine", "list", "--all")["entries"]), 1)
        hub.json("quarantine", "retry", first)
        hub.run("quarantine", "retry", "ffffffffffffffff", expect=1)
        hub.run("quarantine", "show", "ffffffffffffffff", expect=1)
        again = hub.run("archive", "once", "--force", "--set", "archive.accept_unknown_typetags=true")
        self.assertEqual(again.returncode, 0)

    def test_batches_of_reports(self):
        hub = self.hub()
        lines = [{"type": "count", "data": {"sub_type": "ipv4", "data": "192.0.2.1"}, "user": ADMIN, "now": 1e9},
                 {"type": "nothing", "data": {}, "user": ADMIN, "now": 1e9},
                 {"type": "count", "data": {"sub_type": "ipv4", "data": "192.0.2.1"}, "user": "0" * 64, "now": 1e9}]
        done = hub.run("report", "--batch", "-", input="\n".join(map(json.dumps, lines)).encode() + b"\n")
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([a["status"] for a in answers], ["ready", "failed", "failed"])
        self.assertEqual(answers[0]["report"]["timestamp"], 1e9)
        done = hub.run("report", "--batch", "-", input=b"{}\n{cut\n" + json.dumps(lines[0]).encode(), expect=1)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([a["status"] for a in answers], ["failed", "failed", "ready"])


class OnTheStores(WithAndWithoutServer, unittest.TestCase):
    serve = False


class ThroughAServer(WithAndWithoutServer, unittest.TestCase):
    serve = True


class Local(unittest.TestCase):
    def test_init(self):
        with Hub() as hub:
            modes = [os.stat(os.path.join(hub.dir, name)).st_mode & 0o777 for name in ("priv.pem", "admin.token", "jwt.secret", "")]
            self.assertEqual(modes, [0o600, 0o600, 0o600, 0o700])
            self.assertIn("password", hub.init_output)
            with open(os.path.join(hub.dir, "cybexd.toml"), encoding="utf-8") as file, open(os.path.join(SOURCE, "deploy/cybexd.toml.example"), encoding="utf-8") as example:
                self.assertEqual(file.read(), example.read())
            self.assertEqual(plain("init", "--dir", hub.dir, "--admin", ADMIN).returncode, 1)
            self.assertTrue(hub.json("config", "check")["ok"])

    def test_what_a_killed_process_left_is_no_news(self):
        """Symptom: after a process with the same number was killed, a command warned of the MongoDB driver's counters."""
        command = 'touch /dev/shm/mongoc-$$ && exec "$0" --version'
        done = subprocess.run(["sh", "-c", command, CYBEXD], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("cybexd", done.stdout)

    def test_a_failed_init_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(plain("init", "--dir", folder + "/hub", "--admin", "no address").returncode, 1)
            self.assertFalse(os.path.exists(folder + "/hub"))

    def test_a_failed_init_leaves_what_was_there(self):
        """Symptom: in a folder with a `data` of its own, a failed `init` removed that."""
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(folder + "/data")
            with open(folder + "/data/mine", "w", encoding="utf-8") as file:
                file.write("years of work")
            self.assertEqual(plain("init", "--dir", folder, "--admin", "no address").returncode, 1)
            self.assertEqual((os.listdir(folder), os.listdir(folder + "/data")), (["data"], ["mine"]))
            self.assertEqual(plain("init", "--dir", folder, "--admin", ADMIN).returncode, 0)
            self.assertTrue(os.path.exists(folder + "/data/mine"))

    def test_an_init_after_one_that_was_cut_short(self):
        """Symptom: a container that was stopped while its hub was made never served: each start found a key there already, or no user."""
        chance, served = seeded(), 0
        with tempfile.TemporaryDirectory() as folder:
            for number in range(5):
                hub = f"{folder}/hub{number}"
                words = [CYBEXD, "init", "--dir", hub, "--admin", ADMIN]
                process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(chance.uniform(0, 0.3))
                process.kill()
                process.wait(30)
                if not os.path.exists(hub + "/cybexd.toml"):
                    self.assertEqual(plain(*words[1:]).returncode, 0)
                    served += 1
                self.assertIn(ADMIN.encode(), plain("user", "list", "--config", hub + "/cybexd.toml").stdout)
                self.assertTrue(os.path.exists(hub + "/admin.token"))
            print(served, "of 5 were cut short")
            # At the very end: all but the configuration is there.
            os.rename(hub + "/cybexd.toml", hub + "/cybexd.toml.unfinished")
            self.assertEqual(plain(*words[1:]).returncode, 0)
            self.assertFalse(os.path.exists(hub + "/cybexd.toml.unfinished"))
            self.assertEqual(plain("user", "list", "--config", hub + "/cybexd.toml").stdout.count(b"@"), 1)

    def test_an_init_keeps_a_key_that_it_has_not_made(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(folder + "/priv.pem", "w", encoding="ascii") as file:
                file.write("mine")
            self.assertEqual(plain("init", "--dir", folder, "--admin", ADMIN).returncode, 1)
            self.assertEqual(os.listdir(folder), ["priv.pem"])

    def test_a_stop_while_a_server_starts(self):
        """Symptom: a start that waited for a disk or a database took no signal."""
        with Hub() as hub:
            os.remove(hub.dir + "/jwt.secret")
            os.mkfifo(hub.dir + "/jwt.secret", 0o600)  # nobody writes into it
            hub.process = subprocess.Popen([CYBEXD, "run", *hub.arguments()], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

            def begun():
                with open(hub.dir + "/data/lock", encoding="ascii") as file:
                    return file.read().strip() == str(hub.process.pid)

            until("it has begun", begun)
            self.assertEqual(hub.stop()[0], 0)
            os.remove(hub.dir + "/jwt.secret")
            with open(hub.dir + "/jwt.secret", "w", encoding="ascii") as file:
                file.write("another secret of the server, long enough")
            os.chmod(hub.dir + "/jwt.secret", 0o600)
            hub.start()
            self.assertEqual(hub.stop()[0], 0)

    def test_envelopes(self):
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            config = ("--config", hub.dir + "/cybexd.toml")
            text = "größer\0\n".encode()
            sealed = plain("seal", *config, input=text).stdout
            self.assertEqual(plain("open", *config, input=sealed).stdout, text)
            broken = bytearray(sealed)
            broken[-1] ^= 1
            for bad in (bytes(broken), sealed[:100], b"", plain("seal", *config, input=b"\xff").stdout):
                done = plain("open", *config, input=bad)
                self.assertEqual((done.returncode, done.stdout), (1, b""))
            os.chmod(hub.dir + "/priv.pem", 0o640)
            done = plain("open", *config, input=sealed)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertIn(b"600", done.stderr)
            self.assertNotEqual(plain("run", *config).returncode, 0)

    def test_keys_under_a_passphrase(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(folder + "/pass", "w", encoding="utf-8") as file:
                file.write("open sesame\n")
            os.chmod(folder + "/pass", 0o600)
            made = plain("keygen", "--dir", folder + "/keys", "--bits", "3072", "--passphrase-file", folder + "/pass")
            self.assertEqual(made.returncode, 0, made.stderr)
            self.assertEqual(plain("keygen", "--dir", folder + "/keys").returncode, 1)
            for bits in ("1024", "99999999999", "2048x", "-2048"):
                self.assertEqual(plain("keygen", "--dir", folder + "/other", "--bits=" + bits).returncode, 2)
            self.assertFalse(os.path.exists(folder + "/other"))
            sets = [f"--set=keys.private={folder}/keys/priv.pem", f"--set=keys.public={folder}/keys/pub.pem"]
            sealed = plain("seal", *sets, input=b"x", cwd=folder).stdout
            self.assertEqual(plain("open", *sets, input=sealed, cwd=folder).returncode, 1)
            self.assertEqual(plain("open", *sets, input=sealed, cwd=folder, env={**os.environ, "CYBEXD_PASSPHRASE": "open sesame"}).stdout, b"x")
            self.assertEqual(plain("open", *sets, f"--set=keys.passphrase_file={folder}/pass", input=sealed, cwd=folder).stdout, b"x")

    def test_every_mistake_of_a_configuration_at_once(self):
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/bad.toml"
            with open(path, "w", encoding="utf-8") as file:
                file.write('[http]\nlsten = "x"\nmax_json = 5\n[archive]\nbatch = 0\n[nonsense]\n')
            for words in (("config", "check"), ("run",), ("user", "list")):
                done = plain(*words, "--config", path)
                self.assertEqual(done.returncode, 2)
                for expected in (b"bad.toml:2:", b'did you mean "http.listen"', b"bad.toml:3:", b"256MiB", b"bad.toml:5:", b"from 1 to", b"bad.toml:6:"):
                    self.assertIn(expected, done.stderr)
            answer = json.loads(plain("config", "check", "--config", path, "--json").stdout)
            self.assertEqual([m["line"] for m in answer["mistakes"]], [2, 3, 5, 6])
            self.assertEqual(plain("status", cwd=folder, env={"PATH": "/"}).returncode, 2)

    def test_progress_on_a_terminal(self):
        # 64 entries each 50 ms at most: the line is at work when it is first looked at, however fast the machine.
        with Hub(**{"archive.window_entries": 64, "archive.commit_delay": "50ms"}) as hub:
            hub.org("honeynet")
            lines = may_log()[:2000]
            hub.run("raw", "put", "-", "--lines", "--typetag", "cowrie", "--org", "honeynet", input=b"\n".join(lines))
            answer, shown = self.on_a_terminal(hub, "archive", "once")
            self.assertEqual(answer["archived"], len(lines))
            self.assertRegex(shown, rb"archive once: \d+ done, \d+ remaining, \d+ a second, 0 errors")
            self.assertEqual(hub.run("archive", "once").stderr, "")  # no terminal, no progress
            for serves in (False, True):
                if serves:
                    hub.start()
                _, shown = self.on_a_terminal(hub, "digest")
                self.assertRegex(shown, rb"digest, documents: [1-9]\d* done, (\d+ remaining, )?(\d+ a second, )?0 errors")
                verified, shown = self.on_a_terminal(hub, "verify")
                self.assertEqual(verified["problems"], 0)
                self.assertRegex(shown, rb"verify, [a-z ]+: [1-9]\d* done, (\d+ remaining, )?(\d+ a second, )?0 errors")
                self.assertEqual(hub.run("verify").stderr, "")
            hub.stop()

    def verify_that_gets(self, hub, number, before=None):
        """What a verify says, and its exit status, that gets this signal before it has begun; `before` runs in it first."""
        with open(hub.dir + "/data/lock", "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # it waits for whoever works in the directory
            command = subprocess.Popen([CYBEXD, "verify", *hub.arguments()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=before)

            def holds_signals():
                with open(f"/proc/{command.pid}/status", encoding="ascii") as file:
                    return int(re.search(r"SigBlk:\s*([0-9a-f]+)", file.read()).group(1), 16) >> (signal.SIGTERM - 1) & 1

            until("it takes signals", holds_signals)
            command.send_signal(number)
            fcntl.flock(lock, fcntl.LOCK_UN)
            out, told = command.communicate(timeout=60)
            return command.returncode, out, told

    def test_a_verify_that_is_told_to_end(self):
        with Hub() as hub:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                status, out, told = self.verify_that_gets(hub, number)
                self.assertEqual((status, out), (1, b""))
                self.assertIn(b"cybexd verify: it was told to end before it was done", told)
            self.assertEqual(hub.json("verify")["problems"], 0)

    def test_a_verify_of_nohup_goes_on(self):
        """Symptom: a verify of hours ended when the terminal was closed, though nohup had it ignore that."""
        with Hub() as hub:
            for number in (signal.SIGHUP, signal.SIGINT):
                status, out, told = self.verify_that_gets(hub, number, lambda: signal.signal(number, signal.SIG_IGN))
                self.assertEqual((status, told), (0, b""))
                self.assertIn(b"0 problems", out)

    def test_a_variable_that_is_no_setting(self):
        with Hub() as hub:
            environment = {**os.environ, "CYBEXD_HTTP_LISTEN": "127.0.0.1:1"}
            words = ("--config", hub.dir + "/cybexd.toml")
            done = plain("config", "check", *words, env=environment)
            wanted = b"$CYBEXD_HTTP_LISTEN is no setting and changes nothing; did you mean $CYBEXD_HTTP__LISTEN?"
            self.assertEqual((done.returncode, wanted in done.stderr), (0, True), done.stderr)
            self.assertEqual(plain("user", "list", *words, env=environment).stderr, b"")  # once is enough
            hub.start(environment={"CYBEXD_HTTP_LISTEN": "127.0.0.1:1"})

            def told():
                with open(hub.log, "rb") as file:
                    return wanted in file.read()

            until("it is told", told)
            self.assertEqual(hub.stop()[0], 0)

    def on_a_terminal(self, hub, *words):
        """The answer of a command whose standard error is a terminal, and what that showed."""
        shown, answer = hub.on_terminal(*words, "--json", stream="stderr")
        return json.loads(answer), shown

    def test_wrong_usage(self):
        for words in ((), ("usr",), ("user",), ("user", "add"), ("hash", "--nonsense"), ("completion", "fish"), ("keygen", "--dir", "/tmp/x", "--bits", "many")):
            done = plain(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertTrue(done.stderr, words)
        with Hub() as hub:
            for words in (("usr",), ("get",), ("get", "xx"), ("user", "add"), ("raw", "put", "-", "--lines", "--ndjson", "--typetag", "t", "--org", "o")):
                told = json.loads(hub.run(*words, "--json", expect=2).stdout)
                self.assertEqual((set(told), told["kind"]), ({"error", "kind"}, "bad input"), words)

    def test_every_command_has_help_with_an_example(self):
        for words in (("init",), ("user", "add"), ("org", "member", "add"), ("raw", "put"), ("report",), ("import",), ("quarantine", "list"), ("config", "show")):
            done = plain(*words, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn(b"Example", done.stdout)
            self.assertIn(b"cybexd " + " ".join(words).encode(), done.stdout)

    def test_completion_and_the_manual_are_current(self):
        with open(os.path.join(SOURCE, "deploy/cybexd.1"), "rb") as file:
            self.assertEqual(file.read(), plain("manual").stdout, "write it anew with: cybexd manual > deploy/cybexd.1")
        script = plain("completion", "bash").stdout
        for shell, name in (("bash", "cybexd.bash"), ("zsh", "_cybexd")):
            with open(os.path.join(SOURCE, "deploy/completion", name), "rb") as file:
                self.assertEqual(file.read(), plain("completion", shell).stdout, f"write it anew with: cybexd completion {shell}")
        with tempfile.NamedTemporaryFile(suffix=".bash") as file:
            file.write(script + b'COMP_WORDS=(cybexd org mem); COMP_CWORD=2; _cybexd; echo "${COMPREPLY[@]}"\n'
                                b'COMP_WORDS=(cybexd user add --su); COMP_CWORD=3; _cybexd; echo "${COMPREPLY[@]}"\n')
            file.flush()
            done = subprocess.run(["bash", file.name], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.stdout, "member\n--superuser\n", done.stderr)
        self.assertIn(b"#compdef cybexd", plain("completion", "zsh").stdout)


class Serving(unittest.TestCase):
    def test_a_second_server_says_who_holds_the_directory(self):
        with Hub() as hub:
            hub.start()
            done = hub.run("run", expect=1)
            self.assertIn(str(hub.process.pid), done.stderr)

    def test_in_a_folder_with_a_long_path(self):
        """Symptom: `init` made a hub that `run` could not serve, since the address of a Unix socket holds 107 bytes."""
        with tempfile.TemporaryDirectory() as folder:
            long = os.path.join(folder, "a" * 120, "b" * 120)
            os.makedirs(long)
            with unittest.mock.patch.object(tempfile, "tempdir", long), Hub() as hub:
                hub.org("honeynet")
                hub.start()
                self.assertTrue(hub.json("status")["running"])
                socket = os.path.join(hub.dir, "data", "cybexd.sock")
                self.assertEqual(os.stat(socket).st_mode & 0o777, 0o600)
                self.assertEqual(hub.stop()[0], 0)
                self.assertFalse(os.path.exists(socket))
                self.assertFalse(hub.json("status")["running"])

    def test_to_another_server(self):
        with Hub() as hub:
            hub.org("honeynet")
            hub.start()
            url = ("--server", "http://" + hub.ports["http"], "--token-file", os.path.join(hub.dir, "admin.token"))
            lines = b"\n".join(record(n) for n in range(50))
            for form in (("--lines",), ("--ndjson",)):
                done = plain("raw", "put", "-", "--typetag", "cowrie", "--org", "honeynet", *form, *url, "--json", input=lines)
                self.assertEqual((done.returncode, json.loads(done.stdout or b"{}").get("records")), (0, 50), done.stderr)
            books = hub.wait_until_archived()
            self.assertEqual((books["archived"], books["known"]), (50, 50))
            done = plain("raw", "put", "-", "--typetag", "cowrie", "--org", "nowhere", *url, input=b"{}")
            self.assertEqual(done.returncode, 1)
            self.assertEqual(plain("raw", "put", "-", "--typetag", "cowrie", "--org", "honeynet", *url[:2], input=b"{}").returncode, 2)

    def test_to_another_server_over_tls(self):
        with Hub() as hub:
            hub.org("honeynet")

            def certificate(name, names):
                paths = [os.path.join(hub.folder, f"{name}.{kind}") for kind in ("key", "pem")]
                made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", paths[0], "-out", paths[1], "-days", "2",
                                       "-subj", "/CN=" + name, "-addext", "subjectAltName=" + names], capture_output=True, timeout=60)
                self.assertEqual(made.returncode, 0, made.stderr)
                os.chmod(paths[0], 0o600)
                return paths

            key, good = certificate("hub", "DNS:localhost,IP:127.0.0.1")
            _, stranger = certificate("stranger", "IP:127.0.0.1")
            hub.start(**{"http.tls_certificate": good, "http.tls_key": key})
            put = ("raw", "put", "-", "--typetag", "cowrie", "--org", "honeynet", "--lines", "--token-file", os.path.join(hub.dir, "admin.token"), "--server")
            url = "https://" + hub.ports["http"]

            def send(number, *words, server=url, **environment):
                clean = {k: v for k, v in os.environ.items() if not k.startswith("SSL_CERT")}
                return plain(*put, server, *words, input=record(number), env={**clean, **environment})

            self.assertEqual(send(1, "--ca-file", good).returncode, 0)
            self.assertEqual(send(2, SSL_CERT_FILE=good).returncode, 0)
            self.assertEqual(send(3, "--ca-file", good, server=url.replace("127.0.0.1", "localhost")).returncode, 0)
            for refused in (send(4), send(5, "--ca-file", stranger), send(6, SSL_CERT_FILE=stranger), send(7, "--ca-file", stranger, SSL_CERT_FILE=good)):
                self.assertEqual(refused.returncode, 1)
                self.assertIn(b"self-signed certificate", refused.stderr)
            self.assertEqual(send(8, "--ca-file", os.path.join(hub.folder, "absent")).returncode, 1)
            self.assertEqual(send(9, "--ca-file", good, server=url.replace("https", "http")).returncode, 1)
            self.assertEqual(plain("raw", "put", "-", "--typetag", "cowrie", "--org", "honeynet", "--ca-file", good, input=b"{}").returncode, 2)
            self.assertEqual(hub.wait_until_archived()["accepted"], 3)
            hub.stop()
            # A certificate that is trusted, but for another host.
            key, other = certificate("other", "DNS:other.example.org")
            hub.start(**{"http.tls_certificate": other, "http.tls_key": key})
            refused = send(10, "--ca-file", other, server="https://" + hub.ports["http"])
            self.assertEqual(refused.returncode, 1)
            self.assertIn(b"TLS", refused.stderr)
            self.assertEqual(hub.books()["accepted"], 3)

    def test_raw_documents_that_a_server_imports_are_filtered(self):
        with Hub(**{"archive.filters": "[]"}) as source, Hub() as hub:
            source.org("honeynet")
            source.run("raw", "put", "-", "--ndjson", "--typetag", "cowrie", "--org", "honeynet", input=b"\n".join(map(record, range(20))))
            source.run("archive", "once")
            documents = source.run("export", "--store", "archive").stdout
            self.assertEqual(source.digest()["instances"], {"raw/cowrie": 20})
            hub.start()
            self.assertEqual(hub.json("import", "-", "--store", "archive", input=documents.encode())["stored"], 20)
            until("they are filtered", lambda: hub.json("status")["unfiltered"] == 0, 30)
            self.assertEqual(hub.digest()["instances"]["event/login"], 20)

    def test_reload(self):
        with Hub() as hub:
            hub.org("honeynet")
            path = os.path.join(hub.dir, "cybexd.toml")
            hub.start()
            with open(path, encoding="utf-8") as file:
                text = file.read()
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace("[archive.typetags]", '[archive.typetags]\nmine = "cowrie"').replace("token_days = 30", "token_days = 31").replace("threads = 1", "threads = 2").replace("queue = 10000", "queue = 9999"))
            hub.process.send_signal(signal.SIGHUP)

            def log():
                with open(hub.log, encoding="utf-8") as lines:
                    return lines.read()

            until("the configuration is read again", lambda: "read the configuration again" in log())
            self.assertIn("only a restart makes it hold: report.queue, http.threads", log())
            self.assertEqual(hub.post_file(record(1), "mine", "honeynet")[0], 201)
            hub.wait_until_archived()
            self.assertEqual(hub.digest()["instances"]["raw/cowrie"], 1)
            hub.process.send_signal(signal.SIGHUP)  # a stop does not wait for a reload
            status, seconds = hub.stop()
            self.assertEqual(status, 0)
            self.assertLess(seconds, 10)
            self.assertFalse(os.path.exists(os.path.join(hub.dir, "data", "run.json")))


if __name__ == "__main__":
    unittest.main(verbosity=2)
