"""A MongoDB server for tests, servers of cybexd on it, and a proxy between them that can cut and stop.

Tests that need it call `needs_mongodb()` first: it goes on in the Python of deploy/mongo-test-server, which has pymongo;
where that is not set up the test is skipped by name, and fails where CI=true. With CYBEXD_TEST_MONGO=mongodb://... tests
that do not stop the database use the server that is there.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from harness import ADMIN, Hub, SOURCE, ends_with_the_test, until

HOME = os.path.join(SOURCE, "build/mongo-test-server/bin")


def needs_mongodb():
    python = os.path.join(HOME, "python")
    if not os.path.exists(os.path.join(HOME, "secantusd-py")):
        if os.environ.get("CI") == "true":  # in other words: ctest takes a test that says SKIPPED for one that is
            sys.exit("no MongoDB server, and CI wants one: deploy/mongo-test-server failed")
        print("SKIPPED: no MongoDB server for tests; run deploy/mongo-test-server")
        sys.exit(0)
    if not sys.prefix.startswith(os.path.dirname(HOME)):
        os.execv(python, [python, *sys.argv])


class Database:
    """A server process with files of its own, removed at the end. It can be killed and started again on its port."""

    def __init__(self, *arguments):
        self.folder = tempfile.mkdtemp(prefix="cybexd-mongo-")
        self.arguments = arguments
        self.port = 0
        self.kept = None  # its port, while it is away: another process might take it
        self.process = None
        self.starts = 0
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process is not None:
            self.kill()
        self.let_port_go()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        self.starts += 1
        log = os.path.join(self.folder, f"log{self.starts}")
        with open(log, "wb") as out:
            self.process = ends_with_the_test(subprocess.Popen(
                [os.path.join(HOME, "secantusd-py"), "--port", str(self.port), "--storage-path", os.path.join(self.folder, "files"), *self.arguments],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.folder))

        def port():
            with open(log, encoding="utf-8", errors="replace") as file:
                text = file.read()
            assert self.process.poll() is None, f"the database ended: {text}"
            found = re.search(r"listening on 127\.0\.0\.1:(\d+)", text)
            return found and int(found.group(1))

        self.port = until("the database is ready", port, 60)
        self.let_port_go()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)
        self.process = None
        self.kept = socket.socket()
        self.kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.kept.bind(("127.0.0.1", self.port))  # without listening: connections are refused

    def let_port_go(self):
        if self.kept is not None:
            self.kept.close()
        self.kept = None

    def url(self, port=None, more=""):
        return f"mongodb://127.0.0.1:{port or self.port}/?retryWrites=false{more}"

    def client(self, **options):
        import pymongo
        return pymongo.MongoClient(self.url(), appname="the-test-itself", **options)


class Proxy:
    """A TCP proxy on a port of its own: `cut` ends every connection, `refuse` new ones too, `hold` lets nothing pass."""

    def __init__(self, port):
        self.target = port
        self.open = set()
        self.lock = threading.Lock()
        self.passing = threading.Event()
        self.passing.set()
        self.accepting = True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.cut()

    def cut(self):
        with self.lock:
            ends, self.open = self.open, set()
        for end in ends:
            self._close(end)

    def refuse(self, yes):
        self.accepting = not yes
        if yes:
            self.cut()

    def hold(self, yes):
        (self.passing.clear if yes else self.passing.set)()

    @staticmethod
    def _close(end):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        end.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if not self.accepting:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 5)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            with self.lock:
                self.open |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source, sink):
        try:
            while chunk := source.recv(1 << 16):
                self.passing.wait(600)
                sink.sendall(chunk)
        except OSError:
            pass
        self._close(source)
        self._close(sink)


class MongoHub(Hub):
    """A server whose stores are on MongoDB. Those of one database share keys and secrets: `like` names the first."""

    def __init__(self, url, like=None, claim="60s", **settings):
        super().__init__(**{"store.kind": "mongodb", "store.url": url, "store.claim": claim, **settings})
        if like is None:
            self.run("user", "add", ADMIN, "--name", "Admin", "--superuser")
            self.token = self.run("token", "new", ADMIN).stdout.strip()
            return
        for name in ("priv.pem", "pub.pem", "jwt.secret"):
            shutil.copy2(os.path.join(like.dir, name), os.path.join(self.dir, name))
        self.token = like.token
