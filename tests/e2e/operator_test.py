"""What an operator meets who does what operators do: root's commands on the server's folder, a volume that is not mounted."""
import os
import pwd
import unittest

from harness import Hub

NOBODY = 65534


def everything_in(folder):
    """Each file below a folder: its owner and mode."""
    found = {}
    for where, folders, names in os.walk(folder):
        for name in folders + names:
            about = os.lstat(os.path.join(where, name))
            found[os.path.join(where, name)] = (about.st_uid, about.st_mode)
    return found


class AsRoot(unittest.TestCase):
    def test_root_does_not_take_the_store_from_the_servers_user(self):
        """Symptom: `status` as root, with the server down, left files that its user could not read: it never started again."""
        if os.geteuid() != 0:
            self.skipTest("only root can do the harm")
        with Hub() as hub:
            hub.org("o")
            hub.run("backup", hub.folder + "/backup", "--quick")
            os.chmod(hub.folder, 0o755)
            os.chown(hub.dir, NOBODY, NOBODY)
            for path in everything_in(hub.dir):
                os.chown(path, NOBODY, NOBODY)
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
        if os.geteuid() != 0:
            self.skipTest("only root may ask for another user")
        with Hub() as hub:
            hub.start()
            os.chown(hub.dir + "/data", NOBODY, NOBODY)
            self.assertTrue(hub.json("status")["running"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
