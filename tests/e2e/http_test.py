"""The HTTP interface of the real binary: identities, uploads, framing, limits, TLS, the operators' side."""
import gzip
import http.client
import json
import os
import socket
import ssl
import stat
import subprocess
import time
import unittest

from harness import Hub

PASSWORD = "a long passphrase"


def connect(hub, port="http"):
    host, number = hub.ports[port].rsplit(":", 1)
    return socket.create_connection((host, int(number)), timeout=20)


def raw(hub, request, port="http"):
    """Sends bytes, reads until the server closes or has answered: status, JSON body."""
    with connect(hub, port) as s:
        try:
            s.sendall(request)
        except OSError:
            pass  # it may have answered and closed before it read everything
        answer = http.client.HTTPResponse(s)
        answer.begin()
        text = answer.read()
    return answer.status, json.loads(text)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Identities(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub()
        cls.hub.start()

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None)

    def user(self, name):
        email = name + "@example.org"
        status, answer, _ = self.hub.post_json("/create/user", {"email": email, "password": PASSWORD, "password2": PASSWORD, "name": name})
        self.assertEqual((status, answer["message"]), (201, "User created!"))
        self.assertNotIn("password", json.dumps(answer["result"]))
        return answer["result"]["_hash"], answer["token"], email

    def org(self, name, users, admins):
        status, answer, _ = self.hub.post_json("/create/org", {"orgname": name, "user": users, "admin": admins, "name": name.title()})
        self.assertEqual((status, answer["message"]), (201, "Org created!"))
        self.assertNotIn("password", json.dumps(answer["result"]))
        return answer["result"]["_hash"]

    def test_login(self):
        _, _, email = self.user("login")
        status, answer, _ = self.hub.post_json("/login", {"email": email, "password": PASSWORD}, token="")
        self.assertEqual(status, 200)
        self.assertLessEqual(len(answer["token"]), 300)
        self.assertEqual(self.hub.request("GET", "/user/info/self", token=answer["token"])[0], 200)
        wrong = self.hub.post_json("/login", {"email": email, "password": "x"}, token="")[:2]
        self.assertEqual(wrong[0], 401)
        self.assertEqual(self.hub.post_json("/login", {"email": "nobody@example.org", "password": "x"}, token="")[:2], wrong)
        for _ in range(20):
            status, _, headers = self.hub.post_json("/login", {"email": email, "password": "x"}, token="")
            if status == 429:
                break
        self.assertEqual(status, 429)
        self.assertGreaterEqual(int(headers["Retry-After"]), 1)

    def test_only_superusers_create(self):
        _, token, _ = self.user("ordinary")
        body = {"email": "x@example.org", "password": PASSWORD, "password2": PASSWORD, "name": "x"}
        self.assertEqual(self.hub.post_json("/create/user", body, token=token)[0], 401)
        self.assertEqual(self.hub.post_json("/create/org", {"orgname": "x", "user": [], "admin": "0" * 64, "name": "x"}, token=token)[0], 401)
        for field in ("email", "password", "password2", "name"):
            status, answer, _ = self.hub.post_json("/create/user", {k: v for k, v in body.items() if k != field})
            self.assertEqual(status, 400)
            self.assertIn(field, answer["message"])

    def test_members_of_an_organisation(self):
        post = self.hub.post_json
        (one, one_token, _), (two, two_token, _) = self.user("member-one"), self.user("member-two")
        org = self.org("members", one, [one])
        add = lambda **more: post("/org/add/user", {"org_hash": org, "user": two, "add_to": "user", **more}, token=one_token)[:2]
        self.assertEqual(add(add_to=["acl", "user"]), (201, {"message": "User/s successfully added!"}))
        self.assertEqual(add()[0], 400)
        self.assertIn("Invalid user hash", add(user="0" * 64)[1]["message"])
        self.assertEqual(post("/org/add/user", {"org_hash": org, "user": two, "add_to": "admin"}, token=two_token)[0], 401)
        # Whoever is no admin learns nothing about which organisations there are.
        self.assertEqual(post("/org/info", {"org_hash": org}, token=two_token)[:2], post("/org/info", {"org_hash": "0" * 64}, token=two_token)[:2])
        status, answer, _ = post("/org/info", {"org_hash": org}, token=one_token)
        self.assertEqual((status, answer["message"]), (200, "See result."))
        self.assertEqual(sorted(answer["result"]["acl"]), sorted([one, two]))
        self.assertEqual([u["_hash"] for u in answer["result"]["admin"]], [one])
        self.assertEqual(len(self.hub.request("GET", "/orgs/user_of", token=two_token)[1]["result"]), 1)
        self.assertEqual(self.hub.request("GET", "/orgs/admin_of", token=two_token)[1]["result"], [])
        self.assertEqual(post("/org/del/user", {"org_hash": org, "user": one, "del_from": "all"}, token=one_token)[0], 400)
        self.assertEqual(post("/org/del/user", {"org_hash": org, "user": two, "del_from": ["acl", "user"]}, token=one_token)[:2],
                         (201, {"message": "User/s successfully deleted!"}))
        self.assertEqual(self.hub.request("GET", "/orgs/user_of", token=two_token)[1]["result"], [])

    def test_uploads(self):
        hub = self.hub
        one, token, _ = self.user("uploader")
        self.org("uploads", [], one)
        self.assertEqual(hub.post_file(b"{}", "test_json", "uploads", token=token)[:2], (201, {"message": "File uploaded successfully!"}))
        self.assertEqual(hub.post_ndjson([b"{}", b"", b"1"], "test_json", "uploads", token=token, compress=True)[1]["records"], 2)
        _, other, _ = self.user("stranger")
        refused = hub.post_file(b"{}", "test_json", "uploads", token=other)[:2]
        self.assertEqual(refused[0], 401)
        self.assertEqual(hub.post_file(b"{}", "test_json", "no-such-org", token=other)[:2], refused)
        self.assertEqual(hub.request("POST", "/raw?orgid=uploads&typetag=t&timezone=Mars/Base", b"{}", {"Content-Type": "application/x-ndjson"}, token=token)[0], 400)
        status, answer, _ = hub.post_ndjson([b"{}", b"\xff"], "test_json", "uploads", token=token)
        self.assertEqual(status, 400)
        self.assertIn("Line 2", answer["message"])
        status, answer, _ = hub.request("POST", "/raw", b"--B\r\nContent-Disposition: form-data; name=colour\r\n\r\nx\r\n--B--\r\n",
                                        {"Content-Type": "multipart/form-data; boundary=B"}, token=token)
        self.assertEqual(status, 400)
        self.assertIn("colour", answer["message"])


class Limits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(**{"http.header_time": "3s", "http.body_time": "3s", "http.max_upload": "1MiB", "http.max_json": "64KiB"})
        cls.hub.org("o")
        cls.hub.start()

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None)

    def tearDown(self):
        self.assertEqual(self.hub.request("GET", "//ping", token="")[:2], (200, {"message": "pong"}))

    def test_slow_clients_are_told(self):
        with connect(self.hub) as s:
            s.sendall(b"GET /ping HTT")
            self.assertTrue(s.recv(1000).startswith(b"HTTP/1.1 408"))
        status, _ = raw(self.hub, f"POST /query HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {self.hub.token}\r\nContent-Length: 9\r\n\r\n{{".encode())
        self.assertEqual(status, 408)

    def test_large_bodies_and_bombs(self):
        hub = self.hub
        self.assertEqual(hub.request("POST", "/query", b" " * (64 << 10) + b" ")[0], 413)
        self.assertEqual(hub.post_file(b"x" * (3 << 20), "t", "o")[0], 413)
        fields = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        self.assertEqual(hub.request("POST", "/raw?orgid=o&typetag=t&name=n", gzip.compress(b"\n" * (200 << 20), 9), fields)[0], 413)
        self.assertLess(hub.resident_bytes("VmHWM"), 512 << 20)

    def test_framing_that_can_be_read_in_two_ways(self):
        for fields in ("Content-Length: 3\r\nTransfer-Encoding: chunked", "Content-Length: 3\r\nContent-Length: 3", "Transfer-Encoding: xchunked", "Content-Length: -1"):
            self.assertEqual(raw(self.hub, f"POST /login HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\n0\r\n\r\n".encode())[0], 400, fields)
        self.assertEqual(raw(self.hub, b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n")[0], 414)
        self.assertEqual(raw(self.hub, b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 100_000 + b"\r\n\r\n")[0], 431)

    def test_many_slow_connections_cost_the_others_nothing(self):
        slow = []
        for _ in range(500):
            s = connect(self.hub)
            s.sendall(b"GET /ping HTTP/1.1\r\nX")
            slow.append(s)
        began = time.monotonic()
        self.assertEqual(self.hub.request("GET", "/ping", token="")[0], 200)
        self.assertLess(time.monotonic() - began, 3)
        for s in slow:
            s.close()


class Operators(unittest.TestCase):
    def test_their_port_and_socket(self):
        with Hub() as hub:
            hub.start()
            for path in ("/metrics", "/healthz", "/readyz"):
                self.assertEqual(hub.request("GET", path)[0], 404)
                self.assertEqual(hub.request("GET", path, token="", port="operators")[0], 200)
            self.assertEqual(hub.request("GET", "/ping", token="", port="operators")[0], 404)
            self.assertEqual(hub.request("POST", "/operator/status", b"{}", token="", port="operators")[0], 404)
            path = os.path.join(hub.dir, "data", "cybexd.sock")
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            connection = UnixConnection(path)
            connection.request("POST", "/operator/status", b"{}")
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()
            hub.request("GET", "/a/secret/path", token="")
            metrics = hub.metrics()
            self.assertGreater(metrics['cybexd_http_requests_total{route="other",status="404"}'], 0)
            self.assertNotIn("secret", " ".join(metrics))
            hub.stop()
            self.assertFalse(os.path.exists(path))


class Tls(unittest.TestCase):
    def test_tls(self):
        with Hub() as hub:
            files = [os.path.join(hub.folder, name) for name in ("cert.pem", "key.pem")]
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                            "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
            hub.start(**{"http.tls_certificate": files[0], "http.tls_key": files[1]})
            host, port = hub.ports["http"].rsplit(":", 1)
            connection = http.client.HTTPSConnection(host, int(port), timeout=20, context=ssl.create_default_context(cafile=files[0]))
            for _ in range(3):
                connection.request("GET", "/user/info/self", headers={"Authorization": "Bearer " + hub.token})
                answer = connection.getresponse()
                self.assertEqual(answer.status, 200)
                answer.read()
            connection.close()
            self.assertEqual(hub.stop()[0], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
