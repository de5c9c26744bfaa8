"""How a hub begins: what an `init` may take away."""
import fcntl
import os
import subprocess
import tempfile
import time
import unittest

from harness import ADMIN, CYBEXD


def plain(*words, input=b"", **options):
    return subprocess.run([CYBEXD, *words], input=input, capture_output=True, timeout=120, **options)


class Begin(unittest.TestCase):
    def test_an_init_takes_no_hub_away_that_has_been_served(self):
        """Symptom: a living hub beside a mark of an init that had ended at its last step was removed, store and keys."""
        with tempfile.TemporaryDirectory() as folder:
            hub = folder + "/hub"
            words = ("init", "--dir", hub, "--admin", ADMIN)
            self.assertEqual(plain(*words).returncode, 0)
            mark = hub + "/cybexd.toml.unfinished"
            self.assertFalse(os.path.exists(mark))
            os.rename(hub + "/cybexd.toml", mark)
            an_hour_ago = time.time() - 3600
            os.utime(mark, (an_hour_ago, an_hour_ago))
            with open(hub + "/priv.pem", "rb") as file:
                key = file.read()
            refused = plain(*words)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(b"an init was ended here, but " + hub.encode() + b"/data/", refused.stderr)
            with open(hub + "/priv.pem", "rb") as file:
                self.assertEqual(file.read(), key)
            os.rename(mark, hub + "/cybexd.toml")
            self.assertIn(ADMIN.encode(), plain("user", "list", "--config", hub + "/cybexd.toml").stdout)

    def test_an_init_that_is_refused_leaves_the_folder_to_the_other(self):
        """Symptom: of two at once the refused one removed the folder while it was empty, and both failed."""
        with tempfile.TemporaryDirectory() as folder:
            hub = folder + "/hub"
            os.mkdir(hub)
            other = os.open(hub, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(other, fcntl.LOCK_EX)
                refused = plain("init", "--dir", hub, "--admin", ADMIN)
                self.assertEqual(refused.returncode, 1)
                self.assertIn(b"another init works in", refused.stderr)
                self.assertTrue(os.path.isdir(hub))
            finally:
                os.close(other)


if __name__ == "__main__":
    unittest.main(verbosity=2)
