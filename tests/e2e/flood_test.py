"""A flood: 200 connections offer far more than the server can take. Memory stays flat, what is refused is told so, and
every record that was acknowledged is there afterwards."""
import asyncio
import json
import os
import random
import subprocess
import threading
import time
import unittest

from harness import CYBEXD, Hub

CONNECTIONS = 200
SECONDS = float(os.environ.get("CYBEXD_FLOOD_SECONDS", "3"))  # the whole: 30
RECORDS = int(os.environ.get("CYBEXD_FLOOD_RECORDS", "100"))  # of one upload, whose size stays
FILLER = 80_000  # bytes of one upload beside what makes its records differ
MEMORY = 512 << 20


def record(marker):
    return {"eventid": "cowrie.login.failed", "session": f"s{marker % 5000}", "sensor": "flood", "src_ip": f"198.51.{marker % 200}.{marker % 250}",
            "username": f"user{marker % 300}", "password": f"password-{marker}", "timestamp": "2026-01-01T00:00:00.5Z", "message": "x" * (FILLER // RECORDS), "marker": marker}


class Client:
    """One connection that offers upload after upload, whatever the answer, and keeps what was acknowledged."""

    def __init__(self, hub, number, tally):
        self.hub, self.tally, self.rng = hub, tally, random.Random(number)
        self.next = number * 100_000_000
        self.ready = self.upload()  # made before the flood begins: 200 of them take a while

    def upload(self):
        first, self.next = self.next, self.next + RECORDS
        body = "\n".join(json.dumps(record(m)) for m in range(first, first + RECORDS)).encode()
        head = (f"POST /raw?orgid=flood&typetag=cowrie HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {self.hub.token}\r\n"
                f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        return first, head + body

    async def run(self, end):
        host, port = self.hub.ports["http"].rsplit(":", 1)
        first, request = self.ready
        while time.monotonic() < end:
            try:
                reader, writer = await asyncio.wait_for(asyncio.open_connection(host, int(port)), 10)
            except (OSError, asyncio.TimeoutError):
                self.tally["no connection"] = self.tally.get("no connection", 0) + 1
                await asyncio.sleep(0.1)
                continue
            try:
                while time.monotonic() < end:
                    writer.write(request)
                    await asyncio.wait_for(writer.drain(), 60)
                    status, headers = await asyncio.wait_for(self.answer(reader), 60)
                    self.tally[status] = self.tally.get(status, 0) + 1
                    if status == 201:
                        self.tally["acknowledged"].append(first)
                        first, request = self.upload()
                    elif status == 503:
                        assert "retry-after" in headers, headers
                        # An honest client would wait as long as it is told; this one offers again almost at once.
                        await asyncio.sleep(0.05)
                    else:
                        self.tally["unexpected"].append(status)
                    if headers.get("connection", "").lower() == "close":
                        break
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as problem:
                self.tally["cut"] = self.tally.get("cut", 0) + 1
                self.tally["why cut"] = repr(problem)
            finally:
                writer.close()

    @staticmethod
    async def answer(reader):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.strip().lower(): v.strip() for k, v in (line.split(":", 1) for line in head[1:] if ":" in line)}
        await reader.readexactly(int(headers.get("content-length", "0")))
        return int(head[0].split()[1]), headers


class Flood(unittest.TestCase):
    def test_two_hundred_connections(self):
        tally = {"acknowledged": [], "unexpected": []}
        with Hub() as hub:  # with the limits as they are by default
            hub.org("flood")
            hub.start()
            peak, done = [0], threading.Event()

            def watch():
                while not done.wait(0.2):
                    peak[0] = max(peak[0], hub.resident_bytes())

            watcher = threading.Thread(target=watch)
            watcher.start()

            clients = [Client(hub, number, tally) for number in range(CONNECTIONS)]

            async def flood():
                end = time.monotonic() + SECONDS
                await asyncio.gather(*(client.run(end) for client in clients))

            try:
                asyncio.run(flood())
                print({k: v for k, v in tally.items() if k != "acknowledged"}, len(tally["acknowledged"]) * RECORDS, "records acknowledged, peak", peak[0] >> 20, "MiB", flush=True)
                books = hub.wait_until_archived(300)
            finally:
                done.set()
                watcher.join()
            hub.stop()
            print({k: v for k, v in tally.items() if k != "acknowledged"}, "peak", peak[0] >> 20, "MiB, books", books)
            self.assertFalse(tally["unexpected"])
            self.assertTrue(tally["acknowledged"])
            self.assertGreater(tally.get(503, 0), 0, "the load was no flood")
            self.assertLess(peak[0], MEMORY)
            self.assertEqual(books["set_aside"], 0)
            export = [CYBEXD, "export", "--store", "archive", "--itype", "raw", *hub.arguments()]
            with subprocess.Popen(export, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as exported:  # a whole flood's records are gigabytes
                there = {json.loads(line)["data"]["marker"] for line in exported.stdout}
            self.assertEqual(exported.returncode, 0)
            missing = [m for first in tally["acknowledged"] for m in range(first, first + RECORDS) if m not in there]
            self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
