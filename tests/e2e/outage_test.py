"""The disk of a running server fills up, goes away or breaks, and is mended: uploads get 503 with Retry-After, nothing is marked,
nothing is lost, /readyz says what is waited for, and everything goes on by itself, in the same process."""
import concurrent.futures
import json
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import unittest

from harness import Hub, Refused, may_log, preload, until

GOOD = {"eventid": "cowrie.session.connect", "src_ip": "192.0.2.7", "session": "a", "sensor": "s", "timestamp": "2026-01-01T00:00:00Z"}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def record(number):
    return json.dumps({**GOOD, "n": number}).encode()


# One upload each 50 ms at most, each waiting for the disk by itself, while the senders share its waits: the load lasts until the
# disk breaks, however fast or slow the machine.
# The rule of the backoff has tests of its own, under simulated time: here it stays short.
SLOW = {"archive.window_entries": 1, "archive.commit_delay": "50ms", "archive.backoff_cap": "2s"}
SENDERS = 4
UPLOAD = 100  # lines
LINES = 60 * UPLOAD


class Outage(unittest.TestCase):
    def go_through(self, hub, breaks, mends, word, reads=True, environment=None):
        """A load whose middle finds the disk out of order."""
        hub.org("o")
        hub.start(environment=environment)
        singles, lines = [record(number) for number in range(20)], may_log()[:LINES]
        self.assertEqual(self.send(hub, singles, lines), 0)
        acknowledged = len(singles) + len(lines)
        breaks()  # while much of it is still in work
        self.check_outage(hub, acknowledged, word, reads)
        mends()
        until("the server takes uploads again", lambda: self.takes(hub, record(100)), 30)
        singles.append(record(100))
        until("the server is ready", lambda: hub.request("GET", "/readyz", port="operators", token="")[0] == 200, 30)
        books = hub.wait_until_archived(180)
        # What got 503 may be there all the same: its sender repeats it.
        self.assertGreaterEqual(books["accepted"], acknowledged + 1)
        self.assertLessEqual(books["accepted"], acknowledged + 1 + self.refused)
        self.assertEqual(books["set_aside"], 0)
        self.assertEqual(hub.post_ndjson(singles + lines, "cowrie", "o")[0], 201)
        again = hub.wait_until_archived(180)
        self.assertEqual(again["archived"], books["archived"], "a record that was acknowledged was not there")
        self.assertEqual(hub.json("verify")["problems"], 0)
        self.assertEqual(hub.process.poll(), None)  # the same process as before
        digest = hub.digest()
        self.assertEqual(hub.stop()[0], 0)
        self.assertEqual(hub.digest(), digest)

    refused = 0

    def send(self, hub, singles, lines):
        """Answers how many uploads were not taken."""
        uploads = [lines[at:at + UPLOAD] for at in range(0, len(lines), UPLOAD)]
        with concurrent.futures.ThreadPoolExecutor(SENDERS) as senders:
            sent = [*senders.map(lambda one: hub.post_file(one, "cowrie", "o")[0], singles), *senders.map(lambda some: hub.post_ndjson(some, "cowrie", "o")[0], uploads)]
        return sum(status != 201 for status in sent)

    def takes(self, hub, content):
        self.refused += 1
        try:
            return hub.post_file(content, "cowrie", "o")[0] == 201
        except Refused:
            return False

    def check_outage(self, hub, acknowledged, word, reads):
        for answer in (hub.post_file(record(100), "cowrie", "o"), hub.post_ndjson([record(101), record(102)], "cowrie", "o")):
            self.assertEqual(answer[0], 503)
            self.assertGreaterEqual(int(answer[2]["Retry-After"]), 1)
        self.refused += 3

        def not_ready():
            status, answer, _ = hub.request("GET", "/readyz", port="operators", token="")
            return json.dumps(answer) if status == 503 and word in json.dumps(answer) else None

        told = until("/readyz says what it waits for", not_ready, 10)
        self.assertIn("store", told)
        self.assertEqual(hub.request("GET", "/healthz", port="operators", token="")[0], 200)
        looks = []

        def stand_still():  # a commit that had begun before may end after
            looks.append(hub.books())
            return looks[-1] if looks[-2:] == looks[-1:] * 2 else None

        before = until("the books stand still", stand_still, every=0.5)
        self.assertEqual(before["accepted"], acknowledged)
        self.assertGreater(before["pending"], 0, "the disk broke too late for this test")

        def backs_off():
            metrics = hub.metrics()
            return metrics['cybexd_backoff_failures{of="cache_poller"}'] >= 2 and metrics['cybexd_store_up{store="cache"}'] == 0

        until("the archive line backs off", backs_off, 30)
        self.assertEqual(hub.books(), before)  # nothing is marked, nothing is set aside
        self.assertTrue(hub.json("status")["line"]["trouble"])
        if not reads:
            return
        self.assertEqual(hub.json("quarantine", "list", "--all")["entries"], [])
        self.assertEqual(hub.json("get", hub.run("export", "--store", "archive", "--itype", "raw").stdout.split('"_hash":"')[1][:64])["itype"], "raw")

    def test_files_may_not_grow(self):
        with Hub(**SLOW) as hub:
            limits = resource.getrlimit(resource.RLIMIT_FSIZE)

            def limit(size):
                resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (size, limits[1]))

            self.go_through(hub, lambda: limit(1 << 20), lambda: limit(limits[0]), "needed")

    def test_the_folder_is_not_there(self):
        with Hub(**SLOW) as hub:
            store = os.path.join(hub.dir, "data", "store")
            self.go_through(hub, lambda: os.rename(store, store + ".away"), lambda: os.rename(store + ".away", store), "is gone", reads=False)

    def test_a_disk_that_breaks(self):
        """Every change of a file fails with EIO. The store must be opened anew then, which the server does by itself."""
        with Hub(**SLOW) as hub:
            marker, environment = self.breakable(hub)
            self.go_through(hub, lambda: open(marker, "w", encoding="ascii").close(), lambda: os.remove(marker), "Input/output error", environment=environment)
            with open(hub.log, encoding="utf-8") as log:
                self.assertIn("the store is opened anew", log.read())

    @staticmethod
    def breakable(hub):
        """Answers the file that breaks the store's disk while it is there, and a server's environment in which it does."""
        marker = os.path.join(hub.folder, "broken")
        return marker, {"LD_PRELOAD": preload("broken_disk.c", hub.folder), "BROKEN_DISK": os.path.join(hub.dir, "data", "store"), "BROKEN_DISK_WHEN": marker}

    def test_a_stop_while_the_disk_is_broken(self):
        with Hub() as hub:
            marker, environment = self.breakable(hub)
            hub.org("o")
            hub.start(environment=environment)
            lines = may_log()[:10_000]
            self.assertEqual(self.send(hub, [], lines), 0)
            open(marker, "w", encoding="ascii").close()
            self.assertEqual(hub.post_file(record(1), "cowrie", "o")[0], 503)
            status, seconds = hub.stop()
            self.assertEqual(status, 0)
            self.assertLess(seconds, 10)
            os.remove(marker)
            hub.start(environment=environment)
            self.assertGreaterEqual(hub.wait_until_archived()["archived"], len(lines))
            self.assertEqual(hub.json("verify")["problems"], 0)

    def start_without_room(self, hub, fill, free):
        """Symptom: after a kill on a disk without a byte free neither the server nor any command started, not even a backup elsewhere."""
        hub.start()
        for number in range(20):
            self.assertEqual(hub.post_file(record(1000 + number), "cowrie", "o")[0], 201)
        before, digest = hub.wait_until_archived(), hub.digest()
        hub.kill()
        fill()
        self.check_commands_without_room(hub, before, digest)
        # What it writes run.json with is lacking too, so its ports must be known.
        hub.ports = {name: f"127.0.0.1:{free_port()}" for name in ("http", "operators")}
        hub.settings.update({"http.listen": hub.ports["http"], "http.operators": hub.ports["operators"]})
        hub.launch()
        until("it serves, and says what it waits for", lambda: "disk is full" in self.readiness(hub)[1], 30)
        self.assertEqual(self.readiness(hub)[0], 503)
        self.assertEqual(hub.post_file(record(1), "cowrie", "o")[0], 503)
        self.assertEqual(hub.request("GET", "/user/info/self")[0], 200)
        self.check_commands_without_room(hub, before, digest)
        free()
        until("it is ready by itself", lambda: self.readiness(hub)[0] == 200, 60)
        self.assertEqual(hub.post_file(record(2000), "cowrie", "o")[0], 201)
        self.assertEqual(hub.wait_until_archived()["archived"], before["archived"] + 1)
        self.assertEqual(hub.stop()[0], 0)
        self.assertEqual(hub.json("verify")["problems"], 0)

    def check_commands_without_room(self, hub, books, digest):
        self.assertEqual(hub.json("status")["lake"]["archived"], books["archived"])
        self.assertEqual(hub.digest(), digest)
        self.assertEqual(hub.json("verify")["problems"], 0)
        self.assertTrue(hub.run("export", "--store", "archive", "--itype", "raw").stdout)
        self.assertIn("disk is full", hub.run("user", "add", "a@example.org", "--name", "A", expect=1).stderr)
        with tempfile.TemporaryDirectory() as elsewhere:
            hub.run("backup", elsewhere + "/backup")
            hub.run("restore", elsewhere + "/backup", "--check")

    @staticmethod
    def readiness(hub):
        try:
            status, answer, _ = hub.request("GET", "/readyz", port="operators", token="")
        except Refused:  # it begins, or begins again
            return 0, ""
        return status, json.dumps(answer)

    def test_a_disk_without_room(self):
        with Hub(**SLOW) as hub:
            data, made = os.path.join(hub.dir, "data"), os.path.join(hub.dir, "made")
            shutil.copytree(data, made)
            if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m,mode=700", "none", data], capture_output=True).returncode:
                self.skipTest("only root may mount a small file system; the other tests need none")
            try:
                shutil.copytree(made, data, dirs_exist_ok=True)  # what `init` had made lies below the mount
                filler = os.path.join(data, "filler")

                def fill():
                    with open(filler, "wb") as file:
                        try:
                            while True:
                                file.write(b"x" * (1 << 20))
                                file.flush()
                        except OSError:
                            pass

                self.go_through(hub, fill, lambda: os.remove(filler), "needed")
                self.start_without_room(hub, fill, lambda: os.remove(filler))
            finally:
                if hub.process is not None:
                    hub.kill()
                subprocess.run(["umount", data], check=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
