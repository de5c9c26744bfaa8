"""What deploy/ ships beside the binary: the container's start, its packages, and that its files name each other right."""
import os
import re
import signal
import subprocess
import tempfile
import unittest

from harness import CYBEXD, SOURCE, Hub, ends_with_the_test, until

DEPLOY = os.path.join(SOURCE, "deploy")


class Deploy(unittest.TestCase):
    def test_the_start_of_the_container(self):
        with tempfile.TemporaryDirectory() as folder:
            config = folder + "/hub/cybexd.toml"
            environment = {"PATH": os.path.dirname(CYBEXD) + ":/usr/bin:/bin", "CYBEXD_CONFIG": config, "CYBEXD_HTTP__LISTEN": "127.0.0.1:0",
                           "CYBEXD_HTTP__OPERATORS": "127.0.0.1:0"}
            start = [os.path.join(DEPLOY, "container-start")]
            done = subprocess.run(start, env=environment, capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, "CYBEXD_ADMIN" in done.stderr, os.path.exists(config)), (2, True, False))
            for time in ("first", "again"):
                process = subprocess.Popen([*start, "run"], env={**environment, "CYBEXD_ADMIN": "you@example.org"}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                ends_with_the_test(process)
                until("it serves", lambda: os.path.exists(folder + "/hub/data/run.json"), 60)
                done = subprocess.run([*start, "status"], env=environment, capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr)
                process.send_signal(signal.SIGTERM)
                said = process.communicate(timeout=30)[0]
                self.assertEqual(process.returncode, 0)
                self.assertEqual("password:" in said, time == "first")

    def test_the_packages_that_it_needs(self):
        done = subprocess.run([os.path.join(DEPLOY, "runtime-packages"), CYBEXD], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        packages = done.stdout.split()
        self.assertEqual(packages, sorted(set(packages)))
        for wanted in ("ca-certificates", "tzdata", "libc6"):
            self.assertIn(wanted, packages)
        self.assertTrue(any(p.startswith("libssl3") for p in packages), packages)
        self.assertFalse([p for p in packages if p.endswith("-dev")], packages)

    def test_files_that_are_named_are_there(self):
        with open(os.path.join(DEPLOY, "README.md"), encoding="utf-8") as file:
            table = file.read().split("## Ports")[0]
        named = {name for line in table.splitlines() if line.startswith("| `") for name in re.findall(r"`([^`]+)`", line.split("|")[1])}
        there = {name + ("/" if os.path.isdir(os.path.join(DEPLOY, name)) else "") for name in os.listdir(DEPLOY)} - {"README.md", "Dockerfile.dockerignore"}
        self.assertEqual(named, there)
        with open(os.path.join(DEPLOY, "Dockerfile"), encoding="utf-8") as file:
            for name in re.findall(r"deploy/[A-Za-z-]+(?:\.[a-z]+)?", file.read()):
                self.assertTrue(os.path.exists(os.path.join(SOURCE, name)), name)
        with open(os.path.join(DEPLOY, "compose.yaml"), encoding="utf-8") as file:
            for name in re.findall(r"\./(prometheus/[a-z.]+):", file.read()):
                self.assertTrue(os.path.exists(os.path.join(DEPLOY, name)), name)

    def test_the_commands_of_the_readme(self):
        """Symptom: none of them found the configuration of the set-up that it describes, and those run by root would have taken the
        store from the server's user."""
        with open(os.path.join(DEPLOY, "README.md"), encoding="utf-8") as file:
            text = file.read()
        with open(os.path.join(DEPLOY, "cybexd.service"), encoding="utf-8") as file:
            served = re.search(r"^ExecStart=\S+ run (--config \S+)$", file.read(), re.MULTILINE).group(1)
        self.assertIn(f"alias hub='sudo -u cybexd cybexd {served}'", text)
        lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
        commands = [line for line in lines if line.startswith("hub ")]
        self.assertGreater(len(commands), 2)
        self.assertEqual([line for line in lines if re.match(r"(sudo )?cybexd ", line)], [])
        self.assertIn(f"cybexd /usr/local/bin/cybexd {served} backup ", text)  # of cron
        with Hub() as hub:
            hub.start()
            for command in commands:
                script = 'hub() { "$CYBEXD" --config "$0" "$@"; }\n' + command.replace("/srv/backups", hub.folder + "/backups")
                done = subprocess.run(["bash", "-c", script, hub.dir + "/cybexd.toml"], capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 0, command + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
