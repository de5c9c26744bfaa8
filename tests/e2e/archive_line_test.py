"""The whole line on the real binary: the May log of a real honeypot goes in and stands in the archive, whatever happens."""
import os
import random
import tempfile
import threading
import unittest

from harness import Hub, Refused, golden, may_log, until

FINGERPRINT = golden("cowrie-2018-05.json")
ORG = FINGERPRINT["cases"]["orgname"]


def assert_fingerprint(test, digest):
    expected = FINGERPRINT["cases"] if "sha256_of_sorted_hashes" in FINGERPRINT["cases"] else FINGERPRINT
    test.assertEqual(digest["instances"], FINGERPRINT["cases"]["instances"])
    test.assertEqual(digest["sha256_of_sorted_hashes"], expected["sha256_of_sorted_hashes"])
    test.assertEqual(digest["sha256_of_sorted_parts"], expected["sha256_of_sorted_parts"])


def chunks(lines, size):
    return [lines[i:i + size] for i in range(0, len(lines), size)]


class ArchiveLine(unittest.TestCase):
    def send(self, hub, lines, singles=200, size=2000):
        for line in lines[:singles]:
            status, answer, _ = hub.post_file(line, "cowrie", ORG)
            self.assertEqual((status, answer), (201, {"message": "File uploaded successfully!"}))
        for number, part in enumerate(chunks(lines[singles:], size)):
            status, answer, _ = hub.post_ndjson(part, "cowrie", ORG, compress=number % 2 == 1)
            self.assertEqual((status, answer.get("records")), (201, len(part)), answer)

    def test_the_log_over_http_once_and_twice(self):
        lines = may_log()
        with Hub() as hub:
            hub.org(ORG)
            hub.start()
            self.send(hub, lines)
            books = hub.wait_until_archived()
            self.assertEqual((books["accepted"], books["archived"], books["known"]), (len(lines), len(lines), 0))
            assert_fingerprint(self, hub.digest())
            self.send(hub, lines)
            books = hub.wait_until_archived()
            self.assertEqual((books["accepted"], books["archived"], books["known"]), (2 * len(lines), len(lines), len(lines)))
            assert_fingerprint(self, hub.digest())
            self.assertEqual(hub.stop()[0], 0)
            assert_fingerprint(self, hub.digest())

    def test_killed_in_the_middle_again_and_again(self):
        lines = may_log()
        seed = int(os.environ.get("CYBEXD_TEST_SEED", "20261122"))
        print("seed", seed)
        rng = random.Random(seed)
        parts = chunks(lines[:200], 1) + chunks(lines[200:], 1000)  # the first 200 as single uploads
        with Hub() as hub:
            hub.org(ORG)
            hub.start()
            kills = sorted(rng.sample(range(1, 200), 2) + rng.sample(range(200, len(parts)), 4))
            number = 0

            def post(part):
                return hub.post_file(part[0], "cowrie", ORG)[0] if len(part) == 1 else hub.post_ndjson(part, "cowrie", ORG)[0]

            while number < len(parts):
                if kills and number == kills[0]:
                    kills.pop(0)
                    # The kill comes while this part is on its way: the answer may or may not arrive.
                    timer = threading.Timer(rng.random() * (0.15 if number >= 200 else 0.01), hub.process.kill)
                    timer.start()
                    try:
                        acknowledged = post(parts[number]) == 201
                    except Refused:
                        acknowledged = False
                    timer.join()
                    hub.process.wait(30)
                    hub.start()
                    if not acknowledged:
                        continue  # the sender repeats what was not acknowledged
                else:
                    self.assertEqual(post(parts[number]), 201)
                number += 1
            hub.wait_until_archived()
            assert_fingerprint(self, hub.digest())

    def test_from_the_command_line(self):
        lines = may_log()
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            hub.org(ORG)
            single, rest = os.path.join(folder, "single.json"), os.path.join(folder, "rest.ndjson")
            with open(single, "wb") as file:
                file.write(lines[0])
            with open(rest, "wb") as file:
                file.write(b"\n".join(lines[300:]) + b"\n")
            hub.run("raw", "put", single, "--typetag", "cowrie", "--org", ORG)
            hub.run("raw", "put", "-", "--lines", "--typetag", "cowrie", "--org", ORG, input=b"\n".join(lines[1:300]) + b"\n")
            hub.run("raw", "put", rest, "--ndjson", "--typetag", "cowrie", "--org", ORG)
            summary = hub.json("archive", "once")
            self.assertEqual((summary["archived"], summary["known"], summary["errors"]), (len(lines), 0, 0))
            assert_fingerprint(self, hub.digest())
            again = hub.json("archive", "once")
            self.assertEqual(again["archived"], 0)

    def test_sigterm_under_load_and_on_again(self):
        lines = may_log()[:20000]
        parts = chunks(lines, 500)
        with Hub() as hub, Hub() as reference:
            reference.org(ORG)
            reference.run("raw", "put", "-", "--ndjson", "--typetag", "cowrie", "--org", ORG, input=b"\n".join(lines) + b"\n")
            reference.run("archive", "once")
            hub.org(ORG)
            hub.start()
            waiting = list(range(len(parts)))
            lock = threading.Lock()
            stopping = threading.Event()

            def sender():
                while True:
                    with lock:
                        if not waiting:
                            return
                        number = waiting.pop()
                    try:
                        acknowledged = hub.post_ndjson(parts[number], "cowrie", ORG)[0] == 201
                    except Refused:
                        acknowledged = False
                    if not acknowledged:
                        with lock:
                            waiting.append(number)
                        if stopping.is_set():
                            return

            def run_senders():
                senders = [threading.Thread(target=sender) for _ in range(4)]
                for thread in senders:
                    thread.start()
                return senders

            senders = run_senders()
            until("a part of the load is in", lambda: hub.books()["accepted"] >= 4000)
            stopping.set()
            status, seconds = hub.stop()
            for thread in senders:
                thread.join()
            self.assertEqual(status, 0)
            self.assertLess(seconds, 10)
            left = hub.json("status")["lake"]
            print(f"stopped in {seconds:.2f} s with {left['pending']} records pending and {len(waiting)} of {len(parts)} parts to send again")
            stopping.clear()
            hub.start()
            # What had been accepted is archived without anybody's help.
            self.assertEqual(hub.wait_until_archived()["accepted"], left["accepted"])
            for thread in run_senders():
                thread.join()
            hub.wait_until_archived()
            self.assertEqual(hub.digest(), reference.digest())


if __name__ == "__main__":
    unittest.main(verbosity=2)
