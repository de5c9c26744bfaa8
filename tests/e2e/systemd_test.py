"""What systemd is told, and when: a socket of the test stands for it."""
import os
import signal
import socket
import unittest

from harness import Hub, until


class Systemd(unittest.TestCase):
    def start(self, address, environment=None):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listener.close)
        hub = Hub()
        self.addCleanup(hub.__exit__, None)
        path = os.path.join(hub.folder, "notify") if address is None else address
        listener.bind(path if address is None else "\0" + address[1:])
        listener.settimeout(20)
        hub.start(environment={"NOTIFY_SOCKET": path, **(environment or {})})
        return hub, listener

    @staticmethod
    def next(listener):
        return dict(line.split("=", 1) for line in listener.recv(4096).decode().splitlines())

    def test_start_reload_and_stop(self):
        hub, listener = self.start(None)
        self.assertEqual(self.next(listener), {"READY": "1", "MAINPID": str(hub.process.pid)})
        hub.process.send_signal(signal.SIGHUP)
        reloading = self.next(listener)
        self.assertEqual(reloading.pop("RELOADING"), "1")
        self.assertGreater(int(reloading.pop("MONOTONIC_USEC")), 0)
        self.assertEqual(reloading, {})
        self.assertEqual(self.next(listener), {"READY": "1"})
        self.assertEqual(hub.stop()[0], 0)
        self.assertEqual(self.next(listener), {"STOPPING": "1"})
        listener.setblocking(False)
        with self.assertRaises(BlockingIOError):
            listener.recv(4096)

    def test_a_reload_of_a_bad_configuration_is_over_too(self):
        hub, listener = self.start(None)
        self.next(listener)
        with open(os.path.join(hub.dir, "cybexd.toml"), "a", encoding="utf-8") as file:
            file.write("\n[nonsense]\n")
        hub.process.send_signal(signal.SIGHUP)
        self.assertIn("RELOADING", self.next(listener))
        self.assertEqual(self.next(listener), {"READY": "1"})
        self.assertEqual(hub.request("GET", "/ping", token="")[0], 200)

    def test_the_watchdog_is_fed_in_the_abstract_name_space(self):
        hub, listener = self.start(f"@cybexd-test-{os.getpid()}", {"WATCHDOG_USEC": "400000"})
        self.assertEqual(self.next(listener)["READY"], "1")
        for _ in range(3):
            self.assertEqual(self.next(listener), {"WATCHDOG": "1"})
        hub.stop()
        until("the stop is told", lambda: "STOPPING" in self.next(listener))

    def test_the_watchdog_of_another_process_is_not(self):
        hub, listener = self.start(None, {"WATCHDOG_USEC": "400000", "WATCHDOG_PID": "1"})
        self.assertEqual(self.next(listener)["READY"], "1")
        hub.stop()
        self.assertEqual(self.next(listener), {"STOPPING": "1"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
