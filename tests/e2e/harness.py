"""A hub of one's own for a test: a working directory, the real binary as commands and as a server, and an HTTP client.

    with Hub() as hub:
        hub.org("honeynet")
        hub.start()
        status, answer, headers = hub.post_ndjson(lines, typetag="cowrie", org="honeynet")
        hub.wait_until_archived()
        print(hub.json("digest"))
"""
import gzip
import hashlib
import http.client
import json
import os
import pty
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

CYBEXD = os.environ["CYBEXD"]
SOURCE = os.environ["CYBEXD_SOURCE_DIR"]
SHARED = os.environ["CYBEXD_SHARED_DIR"]
ADMIN = "admin@example.org"


def seeded():
    """Chance that is the same in every run, so that a failure can be run again; $CYBEXD_TEST_SEED explores."""
    seed = int(os.environ.get("CYBEXD_TEST_SEED", "20261125"))
    print("seed", seed)
    return random.Random(seed)


def golden(name):
    """A golden file, read as JSON."""
    with open(os.path.join(SHARED, "golden", name), encoding="utf-8") as file:
        return json.load(file)


def may_log():
    """The lines of the real honeypot log, as bytes."""
    with gzip.open(os.path.join(SHARED, "data/cowrie-2018-05.jsonl.gz")) as file:
        return file.read().splitlines()


def until(what, condition, within=60.0, every=0.05):
    """Waits for a condition with a deadline; answers its value."""
    end = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(every)


def preload(source, folder):
    """Builds a library of this folder that a server is started with (`LD_PRELOAD`); answers its path."""
    library = os.path.join(folder, source.removesuffix(".c") + ".so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, os.path.join(os.path.dirname(os.path.abspath(__file__)), source), "-ldl"], check=True)
    return library


def tdql(user, when, address, port=0, nonce="", drop=None, canonical=None, qhash=None):
    """A count that another module has put into the report store, waiting: the query document, and all documents of it. `canonical`: other bytes of the query;
    `qhash`: one that is not theirs."""
    def attribute(sub_type, data):
        return {"itype": "attribute", "sub_type": sub_type, "data": data, "_hash": hashlib.sha256(f"attribute{sub_type}{json.dumps(data)}".encode()).hexdigest()}

    if canonical is None:
        canonical = json.dumps({"data": json.dumps(address), "sub_type": '"ipv4"'}).encode()
    qhash = qhash or hashlib.sha256(canonical).hexdigest()
    fields = {"qtype": "count", "qhash": qhash, "qdata": repr(canonical), "userid": user, "timestamp": when, "encrypted": False, "status": "wait", "report_id": ""}
    children = [attribute(k, v) for k, v in fields.items()]
    waiting = [attribute("host", "localhost"), attribute("port", port), attribute("nonce", nonce)]
    data = {**{k: [v] for k, v in fields.items()}, "socket": [{"host": ["localhost"], "port": [port], "nonce": [nonce]}]}
    unique = f"objectquerycount{qhash}{user}{int(when) // 3600}"
    refs = sorted(c["_hash"] for c in children)
    document = {"itype": "object", "sub_type": "query", "_hash": hashlib.sha256(unique.encode()).hexdigest(), "data": data, "_cref": refs,
                "_ref": sorted(refs + [c["_hash"] for c in waiting])}
    if drop:
        del document["data"][drop]
    return document, children + waiting + [document]


# Ends what it was told of when its input ends, which is when the test has ended: in whatever way, a kill too. A number
# that another process has by now is known by when that began.
KEEPER = """
import os, signal, sys
def began(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None
kept = [(int(line), began(int(line))) for line in iter(sys.stdin.readline, "")]
for pid, when in kept:
    if when is not None and began(pid) == when:
        os.kill(pid, signal.SIGKILL)
"""
_keeper = []


def ends_with_the_test(process):
    """A server that a test leaves behind would take the processor from the next ones."""
    if not _keeper:
        _keeper.append(subprocess.Popen([sys.executable, "-c", KEEPER], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True))
    _keeper[0].stdin.write(b"%d\n" % process.pid)
    _keeper[0].stdin.flush()
    return process


class Refused(Exception):
    """The server is not there, or cut the connection."""


class Hub:
    """A working directory made by `cybexd init`, removed at the end together with its server."""

    def __init__(self, **settings):
        self.folder = tempfile.mkdtemp(prefix="cybexd-test-")
        self.dir = os.path.join(self.folder, "hub")
        # A query that must be 201 is given all the time that a held-up machine needs; tests that want 202 set less.
        self.settings = {"http.listen": "127.0.0.1:0", "http.operators": "127.0.0.1:0", "http.query_patience": "60s", **settings}
        self.process = None
        self.log = os.path.join(self.folder, "server.log")
        self.ports = {}
        made = subprocess.run([CYBEXD, "init", "--dir", self.dir, "--admin", ADMIN], capture_output=True, text=True, timeout=60)
        assert made.returncode == 0, made.stderr
        self.init_output = made.stdout
        with open(os.path.join(self.dir, "admin.token"), encoding="utf-8") as file:
            self.token = file.read().strip()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process is not None:
            self.kill()
        if kind is not None and os.path.exists(self.log):
            with open(self.log, encoding="utf-8", errors="replace") as file:
                sys.stdout.write("--- the server's log, its end ---\n" + "".join(file.readlines()[-60:]))
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- commands

    def arguments(self):
        return ["--config", os.path.join(self.dir, "cybexd.toml"), *(f"--set={k}={v}" for k, v in self.settings.items())]

    def run(self, *words, input=None, expect=0, timeout=300):
        """Runs a command; answers its CompletedProcess (text). `expect` None takes any exit status."""
        options = {"input": input} if input is not None else {"stdin": subprocess.DEVNULL}
        done = subprocess.run([CYBEXD, *words, *self.arguments()], capture_output=True, timeout=timeout, **options)
        done.stdout, done.stderr = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        if expect is not None:
            assert done.returncode == expect, f"{words}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done

    def on_terminal(self, *words, stream="stdout"):
        """Runs a command with this stream of it on a terminal; answers what the terminal showed and what the other stream held (bytes)."""
        ours, terminal = pty.openpty()
        other = {"stdout": "stderr", "stderr": "stdout"}[stream]
        with tempfile.TemporaryFile() as kept:
            command = subprocess.Popen([CYBEXD, *words, *self.arguments()], stdin=subprocess.DEVNULL, **{stream: terminal, other: kept})
            os.close(terminal)
            shown = b""
            while True:
                try:
                    part = os.read(ours, 65536)
                except OSError:  # the other end is closed
                    part = b""
                if not part:
                    break
                shown += part
            os.close(ours)
            status = command.wait(120)
            assert status == 0, f"{words}: exit {status}\n{shown[-2000:]!r}"
            kept.seek(0)
            return shown, kept.read()

    def json(self, *words, **options):
        """The one JSON document that a command prints with --json."""
        return json.loads(self.run(*words, "--json", **options).stdout)

    def org(self, name, admin=ADMIN):
        self.run("org", "add", name, "--name", name.title(), "--admin", admin)

    # --- the server

    def launch(self, environment=None):
        """Starts the server and waits for nothing."""
        with open(self.log, "ab") as log:
            self.process = ends_with_the_test(subprocess.Popen([CYBEXD, "run", *self.arguments()], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                               env={**os.environ, **(environment or {})}))

    def start(self, within=60.0, environment=None, **settings):
        self.settings.update(settings)
        run_json = os.path.join(self.dir, "data", "run.json")
        if os.path.exists(run_json):
            os.remove(run_json)  # left behind by a kill
        self.launch(environment)

        def ready():
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}"
            return os.path.exists(run_json)

        until("the server is ready", ready, within)
        with open(run_json, encoding="utf-8") as file:
            self.ports = json.load(file)
        assert self.ports["pid"] == self.process.pid
        return self

    def stop(self, within=11.0):
        """SIGTERM; answers the exit status and how long it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(within)
        self.process = None
        return status, time.monotonic() - began

    def kill(self):
        self.process.kill()
        self.process.wait(30)
        self.process = None

    def resident_bytes(self, what="VmRSS"):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(what + r":\s+(\d+) kB", file.read()).group(1)) * 1024

    def operate(self, name, value):
        """One operation over the operators' Unix socket, as commands ask for it."""
        connection = http.client.HTTPConnection("localhost", timeout=120)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(120)
        try:
            connection.sock.connect(os.path.join(self.dir, "data", "cybexd.sock"))
            connection.request("POST", "/operator/" + name, json.dumps(value).encode())
            return json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException) as problem:
            raise Refused(repr(problem)) from problem
        finally:
            connection.close()

    # --- HTTP

    def request(self, method, path, body=None, headers=None, token=None, port="http", timeout=120):
        """One request on a connection of its own: status, JSON (or text), headers."""
        connection = http.client.HTTPConnection(self.ports[port], timeout=timeout)
        fields = dict(headers or {})
        if token != "":
            fields["Authorization"] = "Bearer " + (token or self.token)
        try:
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as problem:
            raise Refused(repr(problem)) from problem
        finally:
            connection.close()
        try:
            value = json.loads(text)
        except ValueError:
            value = text.decode(errors="replace")
        return answer.status, value, dict(answer.getheaders())

    def post_json(self, path, value, **options):
        return self.request("POST", path, json.dumps(value).encode(), {"Content-Type": "application/json"}, **options)

    def post_file(self, content, typetag, org, name="record.json", **options):
        """One record as a multipart upload, as the original's clients send it."""
        edge = "edge-of-a-test"
        parts = [(f'name="{k}"', v.encode()) for k, v in (("name", name), ("orgid", org), ("typetag", typetag), ("timezone", "UTC"))]
        parts.append((f'name="file"; filename="{name}"', content))
        body = b"".join(b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (edge.encode(), head.encode(), text) for head, text in parts)
        return self.request("POST", "/raw", body + b"--%s--\r\n" % edge.encode(), {"Content-Type": f"multipart/form-data; boundary={edge}"}, **options)

    def post_ndjson(self, lines, typetag, org, compress=False, **options):
        """Many records, one a line."""
        body = b"\n".join(lines) + b"\n"
        headers = {"Content-Type": "application/x-ndjson"}
        if compress:
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        return self.request("POST", "/raw?" + urllib.parse.urlencode({"orgid": org, "typetag": typetag, "timezone": "UTC", "name": "test"}), body, headers, **options)

    def metrics(self):
        """The operators' metrics: `name{labels}` -> value."""
        status, text, _ = self.request("GET", "/metrics", port="operators", token="")
        assert status == 200, text
        self.old_figures = "are those of an earlier scrape" in text
        found = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                found[name] = float(value)
        return found

    def books(self):
        """The lake's books from one scrape; they must balance at every one."""
        metrics = self.metrics()
        books = {s: int(metrics[f'cybexd_lake_entries{{state="{s}"}}']) for s in ("accepted", "archived", "known", "set_aside", "pending")}
        assert books["accepted"] == books["archived"] + books["known"] + books["set_aside"] + books["pending"], books
        return books

    def wait_until_archived(self, within=120.0):
        """Until nothing is pending; answers the books."""
        def archived():
            books = self.books()
            return books if books["pending"] == 0 and not self.old_figures else None

        return until("everything is archived", archived, within)

    def digest(self):
        return self.json("digest")
