"""A running server keeps its private key out of what a core dump would hold, in every thread that opens envelopes."""
import os
import re
import subprocess
import unittest

from harness import Hub, may_log

LARGEST = 1 << 30  # a mapping that is larger is reserved, not used


def prime_of(key):
    """96 bytes of the key's first prime, as OpenSSL computes with it: least significant bytes first."""
    text = subprocess.run(["openssl", "rsa", "-in", key, "-noout", "-text"], capture_output=True, text=True, check=True, timeout=60).stdout
    digits = re.search(r"prime1:\s+((?:[0-9a-f]{2}:?\s*)+)", text).group(1)
    return bytes.fromhex(re.sub(r"[^0-9a-f]", "", digits))[::-1][16:112]


def dumped_memory(pid):
    """What a core dump would hold: writable mappings without the flag `dd`."""
    with open(f"/proc/{pid}/smaps", encoding="ascii") as smaps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        begin = end = 0
        writable = False
        for line in smaps:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line)
            if head:
                begin, end, writable = int(head[1], 16), int(head[2], 16), head[3].startswith("rw")
            elif line.startswith("VmFlags:") and writable and " dd" not in line and end - begin < LARGEST:
                memory.seek(begin)
                try:
                    yield memory.read(end - begin)
                except OSError:
                    pass  # gone meanwhile


class KeyMemory(unittest.TestCase):
    def test_no_prime_of_a_server_would_be_dumped(self):
        with Hub() as hub:
            hub.org("honeynet")
            hub.start()
            for line in may_log()[:300]:  # each an envelope of its own
                self.assertEqual(hub.post_file(line, "cowrie", "honeynet")[0], 201)
            hub.wait_until_archived()
            prime = prime_of(os.path.join(hub.dir, "priv.pem"))
            self.assertEqual(len(prime), 96)
            parts = list(dumped_memory(hub.process.pid))
            self.assertGreater(sum(map(len, parts)), 16 << 20)  # that is the server's memory
            self.assertTrue(any(hub.token.encode()[:20] in part or b"honeynet" in part for part in parts))  # the search itself works
            self.assertEqual(sum(part.count(prime) for part in parts), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
