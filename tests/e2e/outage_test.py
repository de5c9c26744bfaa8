"""The disk of a running server fills up and is emptied again: uploads get 503 with Retry-After, nothing is marked, nothing is
lost, /readyz says what it waits for, and everything goes on by itself without a restart."""
import json
import os
import resource
import subprocess
import unittest

from harness import Hub, may_log, until

GOOD = {"eventid": "cowrie.session.connect", "src_ip": "192.0.2.7", "session": "a", "sensor": "s", "timestamp": "2026-01-01T00:00:00Z"}


def record(number):
    return json.dumps({**GOOD, "n": number}).encode()


class Outage(unittest.TestCase):
    def go_through(self, hub, breaks, mends):
        """A load whose middle finds the disk full."""
        hub.org("o")
        hub.start()
        acknowledged = 0
        for number in range(20):
            self.assertEqual(hub.post_file(record(number), "cowrie", "o")[0], 201)
            acknowledged += 1
        # Enough to be still in work when the disk fills up.
        lines = may_log()
        for _ in range(2):
            self.assertEqual(hub.post_ndjson(lines, "cowrie", "o")[0], 201)
            acknowledged += len(lines)
        breaks()
        self.check_outage(hub, acknowledged)
        mends()
        until("the server takes uploads again", lambda: hub.post_file(record(100), "cowrie", "o")[0] == 201, 30)
        acknowledged += 1
        books = hub.wait_until_archived(180)
        self.assertEqual((books["accepted"], books["set_aside"]), (acknowledged, 0))
        until("the server is ready", lambda: hub.request("GET", "/readyz", port="operators", token="")[0] == 200, 30)
        digest = hub.digest()
        self.assertEqual(hub.json("verify")["problems"], 0)
        self.assertEqual(hub.stop()[0], 0)
        self.assertEqual(hub.digest(), digest)
        return digest

    def check_outage(self, hub, acknowledged):
        for answer in (hub.post_file(record(100), "cowrie", "o"), hub.post_ndjson([record(101), record(102)], "cowrie", "o")):
            self.assertEqual(answer[0], 503)
            self.assertGreaterEqual(int(answer[2]["Retry-After"]), 1)

        def not_ready():
            status, answer, _ = hub.request("GET", "/readyz", port="operators", token="")
            return answer if status == 503 else None

        told = json.dumps(until("/readyz says that it waits", not_ready, 10))
        self.assertIn("store", told)
        self.assertIn("needed", told)
        self.assertEqual(hub.request("GET", "/healthz", port="operators", token="")[0], 200)
        before = hub.books()
        self.assertEqual(before["accepted"], acknowledged)
        self.assertGreater(before["pending"], 0, "the disk was full too late for this test")

        def backs_off():
            metrics = hub.metrics()
            return metrics['cybexd_backoff_failures{of="cache_poller"}'] >= 2 and metrics['cybexd_store_up{store="archive"}'] == 0

        until("the archive line backs off", backs_off, 30)
        self.assertEqual(hub.books(), before)  # nothing is marked, nothing is set aside
        self.assertEqual(hub.json("quarantine", "list", "--all")["entries"], [])
        status = hub.json("status")
        self.assertIn("needed", status["line"]["trouble"])
        # Reading goes on.
        self.assertEqual(hub.json("get", hub.run("export", "--store", "archive", "--itype", "raw").stdout.split('"_hash":"')[1][:64])["itype"], "raw")

    def test_files_may_not_grow(self):
        with Hub() as hub:
            limits = resource.getrlimit(resource.RLIMIT_FSIZE)

            def limit(size):
                resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (size, limits[1]))

            self.go_through(hub, lambda: limit(1 << 20), lambda: limit(limits[0]))

    def test_a_disk_without_room(self):
        with Hub() as hub:
            data = os.path.join(hub.dir, "data")
            if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m,mode=700", "none", data], capture_output=True).returncode:
                self.skipTest("only root may mount a small file system; the other test limits the size of files")
            try:
                # What `init` had made lies below the mount: a store of the test's own.
                filler = os.path.join(data, "filler")

                def fill():
                    with open(filler, "wb") as file:
                        try:
                            while True:
                                file.write(b"x" * (1 << 20))
                                file.flush()
                        except OSError:
                            pass

                hub.run("user", "add", "admin@example.org", "--name", "Admin", "--superuser", expect=None)
                hub.token = hub.run("token", "new", "admin@example.org").stdout.strip()
                self.go_through(hub, fill, lambda: os.remove(filler))
            finally:
                if hub.process is not None:
                    hub.kill()
                subprocess.run(["umount", data], check=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
