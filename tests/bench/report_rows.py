"""The reports' rows: over a synthetic archive inside the process, over HTTP while the server loads, and over the May log beside the original's figures."""
import hashlib
import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from archive_rows import ORG, Sender, parts_of
from harness import Hub, may_log

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMES = ("org-a", "org-b", "org-c")  # the asking user sees the first two


def org_hash(name):
    return hashlib.sha256(("objectcybexp_org" + name).encode()).hexdigest()


ORGS = tuple(map(org_hash, NAMES))
SMALL = 10_000  # events of the archive that growth is measured against


def program():
    """The benchmark program beside the measured binary; built when it is not there."""
    path = os.path.join(os.path.dirname(os.environ["CYBEXD"]), "report_bench")
    if not os.path.exists(path):
        subprocess.run([os.path.join(ROOT, "deploy/build"), "release", "report_bench"], check=True)
    return path


class Archive:
    """A synthetic archive in a directory of its own, removed at the end unless archives are kept."""

    def __init__(self, options, events, hub):
        self.events, self.seed = events, options.seed
        self.temporary = None if options.keep else tempfile.mkdtemp(prefix="cybexd-bench-")
        self.store = os.path.join(options.keep or self.temporary, f"{events}-{hub}-{self.seed}")
        self.seconds = None
        if os.path.exists(self.store):
            return
        began = time.monotonic()
        os.makedirs(os.path.dirname(self.store), exist_ok=True)
        subprocess.run([program(), "build", self.store + ".new", str(events), str(self.seed), hub, *ORGS], check=True)
        os.rename(self.store + ".new", self.store)
        self.seconds = time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.temporary:
            shutil.rmtree(self.temporary, ignore_errors=True)

    def ask(self):
        done = subprocess.run([program(), "ask", self.store, str(self.events), str(self.seed), *ORGS[:2]], check=True, stdout=subprocess.PIPE)
        return {row["name"]: row for row in json.loads(done.stdout)}


# name in the program's answer, what the table says, figure, floor and aim in ms
FIGURES = [
    ("count, rare attribute", "p99", 1, 0.1), ("count, hub, any range, category and context", "p99", 5, 2),
    ("related, ordinary attribute, first page", "p99", 20, 5), ("related, ordinary attribute, any page", "p99", 20, 5),
    ("related, hub, first page", "p99", 100, 30), ("related, hub, any page", "p99", 100, 30),
    ("related, hub, any range, category and context", "p99", 100, 30), ("related, ordinary attribute, level 2", "p99", 100, 30),
    ("related, hub, level 2, any page", "p99", 100, 30), ("threatrank, no hub within reach", "p99", 100, 20),
    ("threatrank, hub within reach, first of its archive", "most", 5000, 500), ("threatrank, the hub itself", "most", 5000, 500),
    ("threatrank, hub within reach", "most", 5000, 500)]


def table_rows(found, note, small=None):
    for name, figure, floor, aim in FIGURES:
        row = found[name]
        beside = {"p50 ms": row["p50"], "p99 ms of the processor": row["processor p99"], "rows read, median": row["rows p50"], "rows read, most": row["rows most"], "reports": row["reports"],
                  "of them held up by other work on the machine": row["held up"], "of them from the disk": row["from disk"], "rounds until so": row["rounds"]}
        if small:
            beside |= {f"p50 ms at {SMALL:,} events": small[name]["p50"], f"rows read, median, at {SMALL:,} events": small[name]["rows p50"]}
        yield {"what": name + note, "figure": row[figure], "unit": f"ms, {figure}", "floor": floor, "aim": aim, "less_is_better": True, "beside": beside}


def reports(options):
    """Every kind of report inside the process, the hub spread over years, and how it grows."""
    with Archive(options, SMALL, "years") as archive:
        small = archive.ask()
    with Archive(options, options.events, "years") as archive:
        if archive.seconds:
            yield {"what": f"building the archive of {options.events:,} events", "figure": archive.seconds, "unit": "s"}
        found = archive.ask()
        yield from table_rows(found, "", small)
        for name in ("count, rare attribute", "count, hub, any range, category and context", "related, ordinary attribute, any page", "related, hub, any page"):
            yield {"what": f"growth: {name}", "figure": found[name]["rows p50"] / small[name]["rows p50"], "unit": "times the rows", "less_is_better": True,
                   "beside": {f"events, times {SMALL:,}": options.events / SMALL, "times the processor's time": found[name]["processor p50"] / small[name]["processor p50"]}}


def day(options):
    """The reports of a hub that lies on one day."""
    with Archive(options, options.events, "day") as archive:
        yield from (row for row in table_rows(archive.ask(), "; on one day") if "hub" in row["what"])


class Client:
    """One kept connection that sends ready requests: little of a measured time is this client's."""

    def __init__(self, hub):
        host, port = hub.ports["http"].rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = f"POST /query HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {hub.token}\r\nContent-Type: application/json\r\nContent-Length: "

    def ask(self, kind, data):
        """Seconds, status and report of one query."""
        body = json.dumps({"type": kind, "data": data})
        request = f"{self.head}{len(body)}\r\n\r\n{body}".encode()
        began = time.monotonic()
        self.socket.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(65536)
        head, _, body = answer.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        while len(body) < length:
            body += self.socket.recv(65536)
        return time.monotonic() - began, int(head.split(b" ", 2)[1]), json.loads(body)


def put_under(hub, archive):
    """The hub's store becomes a copy of this archive, with the hub's own identities."""
    identities = hub.run("export", "--store", "identity", "--secrets").stdout
    store = os.path.join(hub.dir, "data", "store")
    shutil.rmtree(store)
    shutil.copytree(archive, store)
    hub.run("import", "-", "--store", "identity", input=identities.encode())


def percentile(values, percent):
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def query(options):
    """Counts over HTTP, none asked before, while records come in at half the speed at which this machine takes them."""
    lines, rng = may_log(), random.Random(options.seed)
    with Hub() as hub:
        for name in (ORG, *NAMES):
            hub.org(name)
        with Archive(options, options.events, "years") as archive:
            put_under(hub, archive.store)
        hub.start()
        began = time.monotonic()
        Sender(hub, parts_of(lines)).run()
        hub.wait_until_archived(600)
        rate = len(lines) / (time.monotonic() - began)
        size, fresh = 500, [line.replace(b'"session": "', b'"session": "half') for line in lines]
        load = Sender(hub, parts_of([line for _ in range(20) for line in fresh], size), connections=1, pause=size / (rate / 2))
        background = threading.Thread(target=load.run)
        background.start()
        client, times = Client(hub), []
        for _ in range(2000):
            ask = {"sub_type": "url", "data": f"z{rng.randrange(1, options.events // 2)}"} if rng.random() < 0.5 else \
                {"sub_type": "asn", "data": "AS64500", "from": str(1_600_000_000 + rng.randrange(10**8))}
            seconds, status, report = client.ask("count", ask)
            assert status == 201 and isinstance(report["data"], int), report
            times.append(seconds * 1000)
        with load.lock:
            load.parts.clear()
        background.join()
        beside = {"queries": len(times), "records a second meanwhile": rate / 2, "events in the archive": options.events}
        yield {"what": "/query for a count over HTTP at half load, p50", "figure": percentile(times, 50), "unit": "ms", "floor": 5, "aim": 1, "less_is_better": True, "beside": beside}
        yield {"what": "/query for a count over HTTP at half load, p99", "figure": percentile(times, 99), "unit": "ms", "floor": 50, "aim": 10, "less_is_better": True,
               "beside": {"most ms": max(times)}}


# The original's medians in ms (../shared/guide/BASELINE.md): report, rare and hub (2,340 events) of the May log.
ORIGINAL = {"count": (69, 340), "related level 1": (78, 351), "related level 2": (93, 489), "POST /query, count": (302, 503)}


def may(options):
    """The May log's reports beside the original's."""
    lines, rng = may_log(), random.Random(options.seed)
    with Hub() as hub:
        hub.org(ORG)
        hub.start()
        Sender(hub, parts_of(lines)).run()
        hub.wait_until_archived(600)
        events = {}
        for line in hub.run("export", "--store", "archive", "--itype", "attribute", "--sub-type", "ipv4").stdout.splitlines():
            address = json.loads(line)["data"]
            events[address] = hub.post_json("/query", {"type": "count", "data": {"sub_type": "ipv4", "data": address}})[1]["data"]
        rare = [a for a, n in events.items() if 0 < n <= 20]
        big = min(events, key=lambda a: abs(events[a] - 2340))
        client = Client(hub)
        times = [[], []]
        for number in range(400):
            for hub_asked, address in ((0, rng.choice(rare)), (1, big)):
                seconds, status, _ = client.ask("count", {"sub_type": "ipv4", "data": address, "from": str(number + 1)})
                assert status == 201
                times[hub_asked].append(seconds * 1000)
        measured = {"POST /query, count": [percentile(t, 50) for t in times]}
        hub.stop()
        for what, level in (("count", 0), ("related level 1", 1), ("related level 2", 2)):
            ask = lambda a, l=level: {"type": "related" if l else "count", "data": {"sub_type": "ipv4", "data": a, **({"level": l} if l else {})}}  # noqa: E731
            measured[what] = [timed(hub, [ask(a) for a in asked]) for asked in ([rng.choice(rare) for _ in range(300)], [big] * 300)]
    for what, original in ORIGINAL.items():
        for kind, before, now in zip(("rare", f"hub of {events[big]:,} events"), original, measured[what]):
            yield {"what": f"May log, {what}, {kind}: times as fast as the original", "figure": before / now, "unit": "times", "floor": 50, "aim": 500, "beside": {"p50 ms": now, "the original's p50 ms": before}}


def timed(hub, queries):
    """Median milliseconds of the reports inside the process."""
    done = subprocess.run([program(), "time", os.path.join(hub.dir, "data", "store"), org_hash(ORG)], input="".join(json.dumps(q) + "\n" for q in queries),
                          check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)["p50"]


ROWS = {"reports": reports, "day": day, "query": query, "may": may}
