"""The quickstart with a binary that is there: with the samples, with a file of one's own, and with what is wrong."""
import glob
import json
import os
import re
import subprocess
import tempfile
import unittest

from harness import CYBEXD, SOURCE, may_log

KINDS = ("cowrie", "sighting", "email", "openphish_feed", "phishtank_feed")


class Quickstart(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="cybexd-quickstart-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def quickstart(self, *words, expect=0):
        environment = {"PATH": os.environ["PATH"], "TMPDIR": self.folder, "CYBEXD_TEST_BINARY": CYBEXD}
        done = subprocess.run([os.path.join(SOURCE, "quickstart"), *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, expect, done.stdout[-3000:] + done.stderr[-3000:])
        return done.stdout if expect == 0 else done.stderr

    def check_end(self, said, records):
        self.assertRegex(said, rf"(?m)^  {records} of {records} records: ")
        self.assertIn("\nstopped cleanly\n", said)
        # How to go on names a hub that is there, and commands that this binary has.
        hub, = glob.glob(self.folder + "/cybexd-quickstart.*/hub")
        self.assertIn(f"{CYBEXD} run --config {hub}/cybexd.toml\n", said)
        status = subprocess.run([CYBEXD, "digest", "--json", "--config", hub + "/cybexd.toml"], capture_output=True, timeout=60, check=True)
        return json.loads(status.stdout)

    def test_the_samples(self):
        records = 0
        for kind in KINDS:
            with open(os.path.join(SOURCE, f"samples/{kind}.ndjson"), encoding="utf-8") as file:
                records += len(file.read().splitlines())
        said = self.quickstart()
        digest = self.check_end(said, records)
        for kind in ("cowrie", "sighting", "email"):
            self.assertGreater(digest["instances"]["raw/" + kind], 0)
        # Read by a person, also where it is no terminal: no line of JSON.
        count = re.search(r"(?m)^count: (\d+)$", said)
        self.assertTrue(count and int(count.group(1)) > 0, said[-2000:])
        for kind, number in digest["instances"].items():
            self.assertRegex(said, rf"(?m)^ +{number:,}  {kind}$")
        self.assertRegex(said, rf"(?m)^ +{sum(digest['instances'].values()):,}  documents in all$")
        self.assertIn(digest["sha256_of_sorted_hashes"], said)
        self.assertLess(max(len(line) for line in said.splitlines()), 400)

    def test_a_file_of_ones_own(self):
        path = os.path.join(self.folder, "mine.ndjson")
        with open(path, "wb") as file:
            file.write(b"\n".join(may_log()[:300]) + b"\n")
        said = self.quickstart(path, "--typetag", "cowrie")
        self.assertEqual(self.check_end(said, 300)["instances"]["raw/cowrie"], 300)
        self.assertIn("report count '", said)

    def test_what_is_wrong_is_told(self):
        for words, told in ((("/nowhere",), "cannot read '/nowhere'"), ((__file__,), "--typetag"), (("--typetag", "cowrie"), "goes with a file"),
                            (("--fast",), "unknown option '--fast'"), (("--typetag",), "needs a name")):
            self.assertIn(told, self.quickstart(*words, expect=2))


if __name__ == "__main__":
    unittest.main(verbosity=2)
