"""How a hub and a server begin: what an `init` may take away, and a stop at any instant of a start."""
import errno
import fcntl
import os
import subprocess
import tempfile
import time
import unittest

from harness import ADMIN, CYBEXD, Hub, ends_with_the_test, until


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

    def start_until_it_reads_its_certificate(self, hub, **settings):
        """The last thing of a start: a server that waits for this has its actors. Answers the pipe that it reads, and what belongs there."""
        certificate, key = (os.path.join(hub.folder, name) for name in ("hub.pem", "hub.key"))
        made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                               "-subj", "/CN=hub"], capture_output=True, timeout=60)
        self.assertEqual(made.returncode, 0, made.stderr)
        os.chmod(key, 0o600)
        pipe = os.path.join(hub.folder, "pipe")
        os.mkfifo(pipe, 0o600)
        hub.settings.update({"http.tls_certificate": pipe, "http.tls_key": key, **settings})
        with open(hub.log, "ab") as log:
            hub.process = ends_with_the_test(subprocess.Popen([CYBEXD, "run", *hub.arguments()], stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        writer = []

        def reads():
            self.assertIsNone(hub.process.poll(), "the server ended")
            try:
                writer.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
            except OSError as problem:
                self.assertEqual(problem.errno, errno.ENXIO)
            return bool(writer)

        until("the server reads its certificate", reads)
        with open(certificate, "rb") as file:
            return writer[0], file.read()

    def signal_and_wait_until_taken(self, hub):
        hub.process.terminate()
        until("the signal was taken", lambda: "SigPnd" in status(hub) and int(status(hub)["ShdPnd"], 16) == 0)

    def ended(self, hub, within):
        """Its exit status and its log."""
        code = hub.process.wait(within)
        hub.process = None
        with open(hub.log, encoding="utf-8") as file:
            return code, file.read()

    def test_a_stop_at_the_end_of_a_start_is_an_orderly_one(self):
        """Symptom: the actors worked already, and the process ended without giving back what they had taken."""
        with Hub() as hub:
            writer, certificate = self.start_until_it_reads_its_certificate(hub)
            self.signal_and_wait_until_taken(hub)
            os.write(writer, certificate)
            os.close(writer)
            code, said = self.ended(hub, 20)
            self.assertEqual(code, 0)
            self.assertNotIn("told to stop before it was ready", said)
            self.assertIn("stopping", said)
            self.assertEqual([name for name in ("run.json", "cybexd.sock") if os.path.exists(os.path.join(hub.dir, "data", name))], [])

    def test_a_start_that_hangs_ends_at_a_second_signal(self):
        """Symptom: with the actors at work it heard one signal, and no other until the start was over, which it never was."""
        with Hub() as hub:
            writer, _ = self.start_until_it_reads_its_certificate(hub, stop_within="600s")
            self.signal_and_wait_until_taken(hub)
            self.assertIsNone(hub.process.poll())
            hub.process.terminate()
            self.check_that_it_is_cut_off(hub, writer, "a second signal")

    def test_a_start_that_hangs_ends_when_a_stop_would(self):
        with Hub() as hub:
            writer, _ = self.start_until_it_reads_its_certificate(hub, stop_within="1s")
            hub.process.terminate()
            self.check_that_it_is_cut_off(hub, writer, "the stop took too long")

    def check_that_it_is_cut_off(self, hub, writer, why):
        code, said = self.ended(hub, 30)
        os.close(writer)
        self.assertEqual(code, 1)
        self.assertIn(why + ": ending at once", said)


def status(hub):
    with open(f"/proc/{hub.process.pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


if __name__ == "__main__":
    unittest.main(verbosity=2)
