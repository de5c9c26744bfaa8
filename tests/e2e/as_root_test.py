"""What root may do in the folder of a server that runs as another user."""
import os
import pwd
import shutil
import subprocess
import tempfile
import unittest

from harness import CYBEXD, Hub

NOBODY = 65534


def everything_in(folder):
    """Each file below a folder: its owner and mode."""
    found = {}
    for where, folders, names in os.walk(folder):
        for name in folders + names:
            about = os.lstat(os.path.join(where, name))
            found[os.path.join(where, name)] = (about.st_uid, about.st_mode)
    return found


def give_to_nobody(hub):
    os.chmod(hub.folder, 0o755)
    for path in (hub.dir, *everything_in(hub.dir)):
        os.chown(path, NOBODY, NOBODY)


class AsRoot(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root can do the harm")

    def as_nobody(self, hub, *words):
        """Runs a command as the server's user, who need not be able to read where the binary was built."""
        binary = hub.folder + "/cybexd"
        if not os.path.exists(binary):
            shutil.copy(CYBEXD, binary)
        whoever = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        if subprocess.run(["test", "-x", binary], timeout=60, **whoever).returncode != 0:
            self.skipTest("no other user may read " + tempfile.gettempdir())
        return subprocess.run([binary, *words, *hub.arguments()], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **whoever)

    def test_root_does_not_take_the_store_from_the_servers_user(self):
        """Symptom: `status` as root, with the server down, left files that its user could not read: it never started again."""
        with Hub() as hub:
            hub.org("o")
            hub.run("backup", hub.folder + "/backup", "--quick")
            give_to_nobody(hub)
            before = everything_in(hub.dir)
            owner = pwd.getpwuid(NOBODY).pw_name
            for words in (("status",), ("org", "show"), ("archive", "once"), ("digest",), ("backup", hub.folder + "/b"), ("restore", hub.folder + "/backup", "--replace"),
                          ("user", "add", "new@example.org", "--name", "New"), ("run",)):
                done = hub.run(*words, expect=None)
                self.assertNotEqual(done.returncode, 0, words)
                self.assertIn(f"belongs to the user {owner}", done.stderr)
                self.assertIn("sudo -u", done.stderr)
                self.assertEqual(everything_in(hub.dir), before, words)
            os.remove(hub.dir + "/data/lock")
            hub.run("status", expect=1)
            self.assertFalse(os.path.exists(hub.dir + "/data/lock"))
            self.assertEqual(hub.run("restore", hub.folder + "/backup", "--check").returncode, 0)

    def test_root_may_ask_a_running_server_of_another_user(self):
        with Hub() as hub:
            hub.start()
            os.chown(hub.dir + "/data", NOBODY, NOBODY)
            self.assertTrue(hub.json("status")["running"])
            for words in (("org", "show"), ("digest",), ("export", "--store", "archive")):
                hub.run(*words)
            # But not what makes files in the folder itself, as docs/operating.md says.
            self.assertIn("belongs to the user", hub.run("backup", hub.folder + "/backup", expect=1).stderr)

    def test_root_does_not_make_the_folder_that_is_gone(self):
        """Symptom: a restore as root onto a new disk was content, and the server's user could never open what it had made."""
        with Hub() as hub:
            hub.run("backup", hub.folder + "/backup", "--quick")
            give_to_nobody(hub)
            shutil.rmtree(hub.dir + "/data")
            done = hub.run("restore", hub.folder + "/backup", expect=1)
            self.assertIn(f"{hub.dir} belongs to the user", done.stderr)
            self.assertFalse(os.path.exists(hub.dir + "/data"))
            done = hub.run("restore", hub.folder + "/backup", f"--set=data_dir={hub.folder}/new/data")  # in a folder of root's
            self.assertEqual(os.stat(hub.folder + "/new/data/store").st_uid, 0)

    def test_the_lock_of_a_backup_that_root_once_made(self):
        """Symptom: the server's user could make no backup any more, and root might not."""
        with Hub() as hub:
            give_to_nobody(hub)
            os.chmod(hub.folder, 0o777)
            for name in ("backup.lock", "lock"):
                with open(f"{hub.dir}/data/{name}", "w", encoding="ascii") as file:
                    os.fchmod(file.fileno(), 0o600)
                    os.fchown(file.fileno(), 0, 0)
            told = self.as_nobody(hub, "backup", hub.folder + "/backup", "--quick")
            self.assertEqual(told.returncode, 1)
            self.assertIn("data/lock cannot be opened: Permission denied; it belongs to the user root", told.stderr)
            self.assertNotIn("It may come back", told.stderr)
            os.remove(hub.dir + "/data/lock")
            told = self.as_nobody(hub, "backup", hub.folder + "/backup", "--quick")
            self.assertEqual(told.returncode, 0, told.stderr)
            self.assertEqual(os.stat(hub.dir + "/data/backup.lock").st_uid, NOBODY)


if __name__ == "__main__":
    unittest.main(verbosity=2)
