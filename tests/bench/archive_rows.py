"""The archive's rows: envelopes, NDJSON, growth, memory, disk, reopening, and how soon a record is visible."""
import json
import os
import random
import re
import subprocess
import threading
import time
import urllib.parse

from harness import Hub, may_log, until

ORG = "bench"


def rsa_rate():
    """RSA-2048 private operations a second on two cores: the ceiling of single envelopes."""
    done = subprocess.run(["openssl", "speed", "-seconds", "3", "-multi", "2", "rsa2048"], capture_output=True, text=True, timeout=120)
    return float(re.search(r"rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)", done.stdout).group(1))


def kibibyte_records(count, seed):
    """Cowrie log-ins padded to 1 KiB of JSON."""
    rng = random.Random(seed)
    for number in range(count):
        record = {"eventid": "cowrie.login.failed", "session": f"{rng.getrandbits(40):010x}", "sensor": "bench", "src_ip": f"198.51.100.{rng.randrange(256)}",
                  "username": rng.choice(["root", "admin", "pi"]), "password": f"p{rng.randrange(5000)}", "timestamp": f"2026-01-01T00:00:00.{number:06d}Z", "pad": ""}
        record["pad"] = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=1024 - len(json.dumps(record))))
        yield json.dumps(record).encode()


def envelopes(options):
    """Single envelopes of 1 KiB, lake to durable, beside the machine's RSA rate right before and after."""
    count = 20_000
    lines = b"\n".join(kibibyte_records(count, options.seed)) + b"\n"
    for what, typetag, floor, aim, extra in (("single envelopes of 1 KiB, lake to durable raw document", "plain", 0.8, 0.95, {"archive.accept_unknown_typetags": "true"}),
                                             ("the same, with Cowrie events written", "cowrie", 0.6, 0.8, {})):
        with Hub(**extra) as hub:
            hub.org(ORG)
            hub.run("raw", "put", "-", "--lines", "--typetag", typetag, "--org", ORG, input=lines, timeout=600)
            before = rsa_rate()
            summary = hub.json("archive", "once", timeout=600)
            yardstick = (before + rsa_rate()) / 2
            assert summary["archived"] == count, summary
            rate = count / summary["seconds"]
            yield {"what": what, "figure": rate / yardstick, "unit": "of RSA rate", "floor": floor, "aim": aim,
                   "beside": {"records a second": rate, "RSA-2048 private operations a second": yardstick}}


class Sender:
    """Uploads parts on a few kept connections, each part until it is acknowledged."""

    def __init__(self, hub, parts, connections=4, pause=0.0):
        self.hub, self.parts, self.pause = hub, list(reversed(parts)), pause
        self.lock, self.threads = threading.Lock(), [threading.Thread(target=self.work) for _ in range(connections)]

    def work(self):
        import http.client
        connection = http.client.HTTPConnection(self.hub.ports["http"], timeout=120)
        path = "/raw?" + urllib.parse.urlencode({"orgid": ORG, "typetag": "cowrie"})
        headers = {"Authorization": "Bearer " + self.hub.token, "Content-Type": "application/x-ndjson"}
        while True:
            with self.lock:
                if not self.parts:
                    return
                part = self.parts.pop()
            while True:
                connection.request("POST", path, part, headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status == 201:
                    break
                assert answer.status == 503, answer.status
                time.sleep(0.05)
            if self.pause:
                time.sleep(self.pause)

    def run(self):
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()


def parts_of(lines, size=1000):
    return [b"\n".join(lines[i:i + size]) + b"\n" for i in range(0, len(lines), size)]


def disk_bytes(folder):
    return sum(os.stat(os.path.join(where, name)).st_blocks * 512 for where, _, names in os.walk(folder) for name in names)


def ndjson(options):
    """The May log over HTTP until every record is durable and filtered; then the disk and the reopening."""
    lines = may_log()
    with Hub() as hub:
        hub.org(ORG)
        hub.start()
        began = time.monotonic()
        Sender(hub, parts_of(lines)).run()
        hub.wait_until_archived(600)
        seconds = time.monotonic() - began
        yield {"what": "NDJSON over HTTP to durable, filtered events, May log", "figure": len(lines) / seconds, "unit": "records/s", "floor": 15_000, "aim": 50_000,
               "beside": {"records": len(lines), "seconds": seconds, "resident MiB, peak": hub.resident_bytes("VmHWM") / 2**20}}


def varied(number, rng):
    """Record `number` of a long synthetic log: sessions of ten log-ins, attackers and passwords by a long-tailed law."""
    tail = lambda n: min(int(rng.paretovariate(0.9)), n)  # noqa: E731
    return json.dumps({"eventid": "cowrie.login.failed", "session": f"{number // 10:012x}", "sensor": "bench", "src_ip": f"198.{tail(250)}.{tail(250)}.{tail(250)}",
                       "username": f"user{tail(3000)}", "password": f"secret{tail(100000)}", "message": f"login attempt number {number} of the bench", "isError": 0, "system": "SSHService 'ssh-userauth' on HoneyPotSSHTransport",
                       "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_700_000_000 + number * 0.7)) + f".{number % 1000000:06d}Z"}).encode()


def growth(options):
    """A long load: rate of the last tenth against the first, memory, disk, reopening after SIGKILL."""
    rng, size = random.Random(options.seed), 1000
    tenth = options.records // 10
    rates, sent = [], 0
    os.sync()  # what other programs have left to be written would slow its last tenths
    with Hub() as hub:
        hub.org(ORG)
        hub.start()
        for number in range(10):
            lines = [varied(number * tenth + i, rng) for i in range(tenth)]
            parts = parts_of(lines, size)
            sent += sum(map(len, parts))
            began = time.monotonic()
            Sender(hub, parts).run()
            hub.wait_until_archived(3600)
            rates.append(tenth / (time.monotonic() - began))
        yield {"what": f"last tenth of {options.records:,} records against the first tenth", "figure": rates[-1] / rates[0], "unit": "rate",
               "floor": 0.7 if options.records <= 1_000_000 else None, "aim": 0.9,  # the floor is one for 1 M, the aim for 10 M
               "beside": {"records a second, first tenth": rates[0], "last tenth": rates[-1]}}
        yield {"what": "resident memory during that", "figure": hub.resident_bytes("VmHWM") / 2**20, "unit": "MiB", "floor": 1024, "aim": 512, "less_is_better": True}
        hub.kill()
        began = time.monotonic()
        hub.start(within=60)
        yield {"what": "reopen after SIGKILL", "figure": time.monotonic() - began, "unit": "s", "floor": 3, "aim": 0.5, "less_is_better": True}
        hub.stop()
        used = disk_bytes(os.path.join(hub.dir, "data"))
        yield {"what": "bytes on disk for each byte of JSON in", "figure": used / sent, "unit": "bytes", "floor": 1.0, "aim": 0.5, "less_is_better": True,
               "beside": {"JSON in, MiB": sent / 2**20, "on disk, MiB": used / 2**20}}


def visible(options):
    """Half load goes on while single marked records are sent; how long until a count sees each."""
    lines = may_log()
    with Hub() as hub:
        hub.org(ORG)
        hub.start()
        # 15 parts of 500 records a second: half of the floor's rate.
        load = Sender(hub, parts_of([l for _ in range(4) for l in lines], 500), connections=1, pause=500 / 7500)
        background = threading.Thread(target=load.run)
        background.start()
        waits = []
        for number in range(100):
            address = f"203.0.113.{number}"
            record = {"eventid": "cowrie.login.failed", "session": f"v{number}", "sensor": "v", "src_ip": address, "username": "u", "password": "p", "timestamp": "2026-01-01T00:00:00Z"}
            assert hub.post_file(json.dumps(record).encode(), "cowrie", ORG)[0] == 201
            began = time.monotonic()
            until("the record is visible", lambda a=address: hub.post_json("/query", {"type": "count", "data": {"sub_type": "ipv4", "data": a}, "redo": True})[1].get("data") == 1, 30, 0.005)
            waits.append(time.monotonic() - began)
        with load.lock:
            load.parts.clear()
        background.join()
        waits.sort()
        yield {"what": "201 to visible in a report, p99, at half load", "figure": waits[98], "unit": "s", "floor": 2, "aim": 0.2, "less_is_better": True, "beside": {"p50": waits[49]}}


ROWS = {"envelopes": envelopes, "ndjson": ndjson, "growth": growth, "visible": visible}
