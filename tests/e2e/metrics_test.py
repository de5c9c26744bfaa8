"""The metrics of a server that has worked: clean for promtool, and their books balance."""
import os
import subprocess
import unittest

from harness import SOURCE, Hub

PROMTOOL = os.path.join(SOURCE, "build/test-tools/promtool")


class Metrics(unittest.TestCase):
    def test_promtool_finds_nothing(self):
        with Hub() as hub:
            hub.org("o")
            hub.start()
            with open(os.path.join(SOURCE, "samples/cowrie.ndjson"), "rb") as file:
                self.assertEqual(hub.post_ndjson(file.read().splitlines(), "cowrie", "o")[0], 201)
            hub.wait_until_archived()
            self.assertEqual(hub.post_json("/query", {"type": "count", "data": {"sub_type": "ipv4", "data": "192.0.2.1"}})[0], 201)
            status, text, _ = hub.request("GET", "/metrics", port="operators", token="")
            self.assertEqual(status, 200)
            self.assertIn("cybexd_lake_entries", text)
            checked = subprocess.run([PROMTOOL, "check", "metrics"], input=text.encode(), capture_output=True, timeout=60)
            self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, b""))
            # The check itself must be able to fail.
            broken = subprocess.run([PROMTOOL, "check", "metrics"], input=b"# TYPE a counter\na 1\n", capture_output=True, timeout=60)
            self.assertNotEqual(broken.returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
