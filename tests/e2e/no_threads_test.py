"""The system lets a running server have no thread when it needs one: it serves again by itself as soon as there are threads, and says
meanwhile that it does not."""
import os
import signal
import unittest

from harness import ADMIN, Hub, Refused, preload, until

RECORD = b'{"eventid": "cowrie.session.connect", "src_ip": "192.0.2.7", "session": "a", "sensor": "s", "timestamp": "2026-01-01T00:00:00Z"}'


class NoThreads(unittest.TestCase):
    def start(self, hub):
        """Answers the file that keeps threads from being started while it is there."""
        marker = os.path.join(hub.folder, "no_threads")
        hub.org("o")
        hub.start(environment={"LD_PRELOAD": preload("no_threads.c", hub.folder), "NO_THREADS_WHEN": marker})
        return marker

    def test_a_reload_without_threads(self):
        """Symptom: the supervisor died, every upload and query got 503 for ever, and /readyz said 200."""
        with Hub() as hub:
            marker = self.start(hub)
            self.assertEqual(hub.post_file(RECORD, "cowrie", "o")[0], 201)
            hub.wait_until_archived()
            open(marker, "w", encoding="ascii").close()
            hub.process.send_signal(signal.SIGHUP)
            told = until("/readyz tells of it", lambda: self.not_ready(hub), 20)
            self.assertIn("anew", str(told))
            self.assertEqual(hub.post_file(RECORD, "cowrie", "o")[0], 503)
            self.assertIsNone(hub.process.poll())
            os.remove(marker)
            until("it takes uploads again", lambda: self.takes(hub), 30)
            until("it is ready", lambda: hub.request("GET", "/readyz", port="operators", token="")[0] == 200, 30)
            self.assertIsNone(hub.process.poll())  # the same process
            books = hub.wait_until_archived()
            self.assertEqual(books["set_aside"], 0)
            self.assertEqual(hub.json("verify")["problems"], 0)
            self.assertEqual(hub.stop()[0], 0)

    def test_a_login_without_threads(self):
        """Symptom: the stop waited for the desk whose thread had not started, and was cut off. The last thread may go to somebody
        else at any instant: of the two that a desk starts it gets none, one, both."""
        for more in range(3):
            with self.subTest(more=more), Hub() as hub:
                marker = self.start(hub)
                self.wait_for_its_threads(hub)

                def login():
                    return hub.post_json("/login", {"email": ADMIN, "password": "wrong"}, token="")[0]

                with open(marker + ".new", "w", encoding="ascii") as file:
                    file.write(str(more))
                os.rename(marker + ".new", marker)
                refused = login()
                self.assertTrue(refused >= 500 or more == 2, refused)
                os.remove(marker)
                self.assertEqual(login(), 401)
                self.assertEqual(hub.stop()[0], 0)

    @staticmethod
    def wait_for_its_threads(hub):
        """Those of a start, all of them: some come after it is ready."""
        counts = []

        def settled():
            counts.append(len(os.listdir(f"/proc/{hub.process.pid}/task")))
            return len(counts) > 5 and len(set(counts[-5:])) == 1

        until("no more threads start", settled, every=0.1)

    @staticmethod
    def not_ready(hub):
        status, answer, _ = hub.request("GET", "/readyz", port="operators", token="")
        return answer if status == 503 else None

    @staticmethod
    def takes(hub):
        try:
            return hub.post_file(RECORD.replace(b"0.2.7", b"0.2.8"), "cowrie", "o")[0] == 201
        except Refused:
            return False


if __name__ == "__main__":
    unittest.main(verbosity=2)
