"""Who may do what over HTTP: every route with every kind of bad token, every route without rights, and a user who is taken off an organisation."""
import base64
import hashlib
import hmac
import http.client
import itertools
import json
import os
import time
import unittest

from harness import ADMIN, Hub

ANN, BOB, CAT = "ann@example.org", "bob@example.org", "cat@example.org"
NOBODY = "0" * 64
ADDRESS = "192.0.2.1"

# Every route that needs a token, with a request that would be good.
ROUTES = [
    ("POST", "/raw?orgid=one&typetag=cowrie&name=n", b"{}", "application/x-ndjson"),
    ("POST", "/query", json.dumps({"type": "count", "data": {"sub_type": "ipv4", "data": ADDRESS}}).encode(), "application/json"),
    ("GET", "/report/" + NOBODY, None, None),
    ("POST", "/create/user", json.dumps({"email": "new@example.org", "password": "a long passphrase", "password2": "a long passphrase", "name": "New"}).encode(), "application/json"),
    ("POST", "/create/org", json.dumps({"orgname": "new", "user": [], "admin": NOBODY, "name": "New"}).encode(), "application/json"),
    ("POST", "/org/add/user", json.dumps({"org_hash": NOBODY, "user": NOBODY, "add_to": "acl"}).encode(), "application/json"),
    ("POST", "/org/del/user", json.dumps({"org_hash": NOBODY, "user": NOBODY, "del_from": "acl"}).encode(), "application/json"),
    ("POST", "/org/info", json.dumps({"org_hash": NOBODY}).encode(), "application/json"),
    ("GET", "/orgs/admin_of", None, None), ("GET", "/orgs/user_of", None, None), ("GET", "/user/info/self", None, None)]


def login_record(number):
    return json.dumps({"eventid": "cowrie.login.failed", "session": "s", "sensor": "t", "src_ip": ADDRESS, "username": f"u{number}", "password": "p",
                       "timestamp": f"2026-01-01T00:00:{number:02d}Z"}).encode()


def org_hash(name):
    return hashlib.sha256(b"objectcybexp_org" + name.encode()).hexdigest()


def segment(value):
    return base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).rstrip(b"=")


def claims_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


class Rights(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = hub = Hub()
        cls.token = {ADMIN: hub.token}
        cls.hash = {}
        for email in (ANN, BOB, CAT):
            cls.hash[email] = hub.json("user", "add", email, "--name", email[:3])["hash"]
            cls.token[email] = hub.run("token", "new", email).stdout.strip()
        cls.hash[ADMIN] = claims_of(hub.token)["_hash"]
        hub.run("org", "add", "one", "--name", "One", "--admin", ADMIN)
        hub.run("org", "add", "two", "--name", "Two", "--admin", ANN, "--user", BOB)
        hub.start()
        assert hub.post_ndjson([login_record(n) for n in range(9)], "cowrie", "one")[0] == 201
        assert hub.post_ndjson([login_record(n) for n in range(20, 24)], "cowrie", "two", token=cls.token[ANN])[0] == 201
        hub.wait_until_archived()

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None)

    def send(self, method, path, body=None, kind="application/json", token=None):
        """Status, all headers but the date, and the bytes of the body."""
        connection = http.client.HTTPConnection(self.hub.ports["http"], timeout=60)
        headers = {"Content-Type": kind} if body is not None else {}
        if token is not None:
            headers["Authorization"] = token
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        out = answer.status, sorted((k, v) for k, v in answer.getheaders() if k.lower() != "date"), answer.read()
        connection.close()
        return out

    def post(self, who, path, **value):
        return self.send("POST", path, json.dumps(value).encode(), token="Bearer " + self.token[who])

    def ask(self, who, kind, **data):
        status, report, _ = self.hub.post_json("/query", {"type": kind, "data": data}, token=self.token[who])
        self.assertEqual(status, 201, report)
        return report

    def bad_tokens(self):
        with open(os.path.join(self.hub.dir, "jwt.secret"), "rb") as file:
            secret = file.read().strip()
        good = claims_of(self.token[ANN])

        def signed(claims, header=None, key=secret, digest=hashlib.sha256):
            text = segment({"alg": "HS256", "typ": "JWT"} if header is None else header) + b"." + segment(claims)
            return (text + b"." + segment(hmac.new(key, text, digest).digest())).decode()

        self.assertEqual(self.send("GET", "/user/info/self", token="Bearer " + signed(good))[0], 200)  # so each below is bad for one reason
        fresh = self.hub.run("token", "new", ANN).stdout.strip()
        self.assertEqual(self.send("GET", "/user/info/self", token="Bearer " + fresh)[0], 200)
        self.hub.run("token", "revoke", claims_of(fresh)["jti"])
        tokens = {
            "wrong signature": signed(good, key=b"x" * 32), "no signature": self.token[ANN].rsplit(".", 1)[0] + ".", "cut": self.token[ANN][:-1], "longer": self.token[ANN] + "A",
            "another's claims": ".".join([*self.token[ANN].split(".")[:1], segment({**good, "sub_type": "cybexp_superuser", "_hash": self.hash[ADMIN]}).decode(), self.token[ANN].split(".")[2]]),
            "none": (segment({"alg": "none", "typ": "JWT"}) + b"." + segment(good) + b".").decode(), "none, signed": signed(good, {"alg": "none"}), "None": signed(good, {"alg": "None"}),
            "HS512": signed(good, {"alg": "HS512"}, digest=hashlib.sha512), "HS384": signed(good, {"alg": "HS384"}, digest=hashlib.sha384), "another name": signed(good, {"alg": "RS256"}),
            "lower case": signed(good, {"alg": "hs256"}), "no algorithm": signed(good, {}), "critical": signed(good, {"alg": "HS256", "crit": ["exp"]}),
            "expired": signed({**good, "exp": int(time.time()) - 1}), "never ends": signed({k: v for k, v in good.items() if k != "exp"}), "ends some day": signed({**good, "exp": "soon"}),
            "not yet": signed({**good, "nbf": int(time.time()) + 1000}), "no jti": signed({k: v for k, v in good.items() if k != "jti"}),
            "revoked": fresh, "deleted user": signed({**good, "_hash": NOBODY}), "another kind of user": signed({**good, "sub_type": "cybexp_superuser"}),
            "an organisation": signed({**good, "_hash": org_hash("one"), "sub_type": "cybexp_org"}), "nonsense": "abc", "dots": "..", "no claims": signed([]), "empty": ""}
        return {**{name: "Bearer " + token for name, token in tokens.items()}, "no header": None, "no bearer": self.token[ANN], "basic": "Basic " + self.token[ANN]}

    def test_every_bad_token_at_every_route(self):
        answers = set()
        for name, token in self.bad_tokens().items():
            for method, path, body, kind in ROUTES:
                status, headers, text = self.send(method, path, body, kind, token)
                self.assertEqual(status, 401, (name, method, path, text))
                answers.add((str([h for h in headers if h[0].lower() != "connection"]), text))
        self.assertEqual(len(answers), 1, answers)  # nobody learns what was wrong

    def same(self, who, status, requests):
        """All requests of somebody get this status and one answer."""
        answers = {(code, str(headers), text) for code, headers, text in (self.send(*request, token="Bearer " + self.token[who]) for request in requests)}
        self.assertEqual(len(answers), 1, (who, answers))
        self.assertEqual(next(iter(answers))[0], status, (who, answers))

    def test_what_is_there_and_what_is_not_look_alike_without_rights(self):
        as_json = lambda value: json.dumps(value).encode()  # noqa: E731
        orgs = (org_hash("one"), "one", org_hash("absent"), "absent", NOBODY, self.hash[ANN])
        users = (self.hash[ANN], self.hash[CAT], NOBODY, "absent@example.org", [self.hash[ANN], NOBODY])
        # A stranger, a plain member of another organisation, an admin of another organisation.
        for who in (CAT, BOB, ANN):
            for path, field in (("/org/add/user", "add_to"), ("/org/del/user", "del_from")):
                self.same(who, 401, [("POST", path, as_json({"org_hash": org, "user": user, field: lists})) for org, user, lists
                                     in itertools.product(orgs, users, ("acl", "user", "admin", "all", ["acl", "admin"], "nonsense"))])
            self.same(who, 401, [("POST", "/org/info", as_json({"org_hash": org, "return_type": kind})) for org, kind in itertools.product(orgs, ("all", "acl", "nonsense"))])
            self.same(who, 401, [("POST", f"/raw?orgid={org}&typetag={tag}&name=n", b"{}", "application/x-ndjson") for org, tag in itertools.product(orgs, ("cowrie", "unheard"))])
            self.same(who, 401, [("POST", "/raw", self.form(org), "multipart/form-data; boundary=B") for org in orgs])
            self.same(who, 401, [("POST", "/create/user", as_json({"email": email, "password": "p" * 12, "password2": "p" * 12, "name": "x"})) for email in (ANN, ADMIN, "absent@example.org")])
            self.same(who, 401, [("POST", "/create/org", as_json({"orgname": name, "user": user, "admin": user, "name": "x"})) for name, user in itertools.product(("one", "absent"), users)])
        # A member, no admin; and a superuser, who has no rights in an organisation of others.
        two = (org_hash("two"), "two", org_hash("absent"), NOBODY)
        for who in (BOB, ADMIN):
            self.same(who, 401, [("POST", "/org/info", as_json({"org_hash": org})) for org in two])
            self.same(who, 401, [("POST", "/org/add/user", as_json({"org_hash": org, "user": user, "add_to": "acl"})) for org, user in itertools.product(two, users)])
            self.same(who, 401, [("POST", f"/raw?orgid={org}&typetag=cowrie&name=n", b"{}", "application/x-ndjson") for org in two])

    @staticmethod
    def form(org):
        fields = {"name": "n", "orgid": org, "typetag": "cowrie", "timezone": "UTC"}
        text = "".join(f'--B\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
        return (text + '--B\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n{}\r\n--B--\r\n').encode()

    def test_reports_tell_a_stranger_nothing(self):
        event = next(d for d in self.ask(ADMIN, "related", sub_type="ipv4", data=ADDRESS, summary=False)["data"] if d["itype"] == "event")
        asked = [("count", "count", {"data": ADDRESS, "sub_type": "ipv4"}, {"data": "192.0.2.99", "sub_type": "ipv4"}),
                 *(("related", f"related {more}", {"data": ADDRESS, "sub_type": "ipv4", **more}, {"data": "192.0.2.99", "sub_type": "ipv4", **more})
                   for more in ({}, {"level": 3}, {"summary": False}, {"summary_graph": True}, {"page": 2}, {"return_type": "session", "summary": False})),
                 *(("threatrank", "threatrank", {"_hash": event["_hash"]}, {"_hash": there}) for there in (NOBODY, attribute_hash("ipv4", ADDRESS), self.hash[ADMIN]))]
        for kind, what, there, absent in asked:
            with self.subTest(what=what):
                reports = []
                for data in (there, absent):
                    report = self.ask(CAT, kind, **data)
                    del report["timestamp"]
                    if kind == "threatrank":  # the text names the hash that was asked
                        self.assertIn(data["_hash"], report["data"])
                        report["data"] = report["data"].replace(data["_hash"], "")
                        del report["_hash"]
                    reports.append(json.dumps(report))
                self.assertEqual(*reports)
        report = self.ask(ADMIN, "count", sub_type="ipv4", data=ADDRESS)
        for who in (CAT, BOB, ANN):
            self.same(who, 404, [("GET", "/report/" + h) for h in (report["_hash"], NOBODY, event["_hash"], "nonsense", report["_hash"].upper())])

    def test_a_user_who_is_removed_loses_everything_at_once(self):
        asked = [("count", {"sub_type": "ipv4", "data": ADDRESS}), ("related", {"sub_type": "ipv4", "data": ADDRESS}), ("related", {"sub_type": "ipv4", "data": ADDRESS, "summary": False})]
        for lists in ("user", "acl"):
            with self.subTest(lists=lists):
                self.assertEqual(self.post(ADMIN, "/org/add/user", org_hash=org_hash("one"), user=self.hash[CAT], add_to="user")[0], 201)
                before = [self.ask(CAT, kind, **data) for kind, data in asked]
                self.assertEqual(before[0]["data"], 9)
                events = [d["_hash"] for d in before[2]["data"] if d["itype"] == "event"]
                before.append(self.ask(CAT, "threatrank", _hash=events[0]))
                self.assertEqual(before[3]["data"], -1.0)
                for report in before:
                    status, _, text = self.send("GET", "/report/" + report["_hash"], token="Bearer " + self.token[CAT])
                    self.assertEqual((status, json.loads(text)), (200, report))
                self.assertEqual(self.post(ADMIN, "/org/del/user", org_hash=org_hash("one"), user=self.hash[CAT], del_from=lists)[0], 201)
                after = [self.ask(CAT, kind, **data)["data"] for kind, data in asked]
                self.assertEqual(after, [0, {}, []])
                self.assertIn(events[0], self.ask(CAT, "threatrank", _hash=events[0])["data"])
                for report in before:
                    self.assertEqual(self.send("GET", "/report/" + report["_hash"], token="Bearer " + self.token[CAT])[0], 404)
                if lists == "acl":  # off the list, and still a user
                    self.assertEqual(self.post(ADMIN, "/org/del/user", org_hash=org_hash("one"), user=self.hash[CAT], del_from="user")[0], 201)

    def test_an_admin_who_is_one_no_more_administers_nothing(self):
        upload = ("POST", "/raw?orgid=two&typetag=cowrie&name=n", login_record(50), "application/x-ndjson")
        self.assertEqual(self.post(ANN, "/org/add/user", org_hash=org_hash("two"), user=self.hash[BOB], add_to="admin")[0], 201)
        self.assertEqual(self.send(*upload, token="Bearer " + self.token[BOB])[0], 201)
        self.assertEqual(self.post(ANN, "/org/del/user", org_hash=org_hash("two"), user=self.hash[BOB], del_from="admin")[0], 201)
        self.assertEqual(self.send(*upload, token="Bearer " + self.token[BOB])[0], 401)
        self.assertEqual(self.post(BOB, "/org/info", org_hash=org_hash("two"))[0], 401)


def attribute_hash(sub_type, data):
    return hashlib.sha256(f"attribute{sub_type}{json.dumps(data)}".encode()).hexdigest()


if __name__ == "__main__":
    unittest.main(verbosity=2)
