"""cybexd in the middle of an existing CYBEX-P: what the original's modules write, and what they read back, field by field."""
import json
import sys
import time
import unittest

import original
from mongodb import Database, MongoHub, needs_mongodb

needs_mongodb()

import bson  # noqa: E402
import gridfs  # noqa: E402

from harness import golden, may_log, until  # noqa: E402

JSON_TYPES = (str, int, float, bool, type(None), list, dict)


class Interop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.database = Database()
        cls.client = cls.database.client()
        cls.archive = cls.client["tahoe_db"]["instance"]
        cls.reports = cls.client["report_db"]["instance"]
        cls.identity = cls.client["identity_db"]["instance"]
        cls.scenario = golden("scenario_small.json")
        cls.put_scenario()
        cls.hub = MongoHub(cls.database.url(), **{"report.api_host": "127.0.0.1", "archive.backoff_cap": "1s"})
        cls.hub.org("honeynet")
        cls.orgid = original.sha256("object" + "cybexp_org" + "honeynet")
        cls.hub.start(within=60)

    @classmethod
    def tearDownClass(cls):
        cls.hub.__exit__(None)
        cls.client.close()
        cls.database.__exit__(None)

    @classmethod
    def put_scenario(cls):
        """Users, organisations and an archive as the original's modules stored them."""
        for user in cls.scenario["users"]:
            parts, document = original.user_documents(user["email"], user["password"], user["name"])
            assert document["_hash"] == user["_hash"] and set(document["_cref"]) == set(user["doc"]["_cref"])
            original.insert_once(cls.identity, *parts, document)
        for org in cls.scenario["orgs"]:
            original.insert_once(cls.identity, original.attribute("orgname", org["orgname"]), original.attribute("name", org["name"]), org["doc"])
        for item in cls.scenario["events"] + cls.scenario["sessions"]:
            for part in item["body"]:
                cls.put_part(part)
            original.insert_once(cls.archive, item["doc"])

    @classmethod
    def put_part(cls, part):
        if part["itype"] == "attribute":
            document = original.attribute(part["sub_type"], part["data"])
        else:
            document = original.tahoe_object(part["sub_type"], [cls.put_part(child) for child in part["children"]])
        assert document["_hash"] == part["_hash"], part
        original.insert_once(cls.archive, document)
        return document

    def seal(self, content):
        import subprocess
        from harness import CYBEXD
        done = subprocess.run([CYBEXD, "seal", *self.hub.arguments()], input=content, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    # --- what is checked everywhere

    def check_plain(self, document):
        """Queries, reports, users and organisations go on as JSON: no dates, no binaries, our own fields at the top only."""
        self.assertIsInstance(document["_id"], bson.ObjectId)
        rest = {k: v for k, v in document.items() if k != "_id"}
        json.dumps(rest)
        self.check_values(rest, "")
        for key in rest:
            if key.startswith("_") and key not in ("_hash", "_cref", "_ref", "_usr_ref", "_adm_ref", "_acl"):
                self.assertTrue(key.startswith("_cybexd_"), key)

    def check_values(self, value, path):
        self.assertIsInstance(value, JSON_TYPES, path)
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
            if path:
                self.assertFalse(str(key).startswith("_cybexd_"), path)
            self.check_values(inner, f"{path}.{key}")

    def check_children(self, collection, document):
        for name in ("_cref", "_ref"):
            hashes = document[name]
            self.assertEqual(len(hashes), len(set(hashes)))
            there = {d["_hash"] for d in collection.find({"_hash": {"$in": hashes}}, {"_hash": 1})}
            self.assertEqual(set(hashes) - there, set(), f"{name} of {document['sub_type']}")

    # --- the lake and the archive

    def test_entries_are_archived_and_marked(self):
        lake = self.client["cache_db"]
        line = next(record for record in may_log() if json.loads(record)["eventid"] == "cowrie.login.failed")
        whole = json.dumps({**json.loads(line), "timestamp": "2018-05-01T00:00:00.000000Z"}).encode()
        good = original.put_entry(lake, self.seal(line), "good", self.orgid, "cowrie", "US/Pacific")
        again = original.put_entry(lake, self.seal(line), "again", self.orgid, "cowrie", "US/Pacific")
        second = original.put_entry(lake, self.seal(whole), "whole second", self.orgid, "cowrie")
        unknown = original.put_entry(lake, self.seal(line), "unknown", self.orgid, "no_such_typetag")
        wrong = original.put_entry(lake, self.seal(b'{"n": NaN}'), "wrong", self.orgid, "cowrie")
        opens_not = original.put_entry(lake, b"no envelope", "opens not", self.orgid, "cowrie")
        broken = original.put_entry(lake, self.seal(line), "broken", self.orgid, "cowrie")
        lake["fs.chunks"].delete_many({"files_id": lake["file_entries"].find_one({"_id": broken})["fid"]})
        lost = original.put_entry(lake, self.seal(line), "lost", self.orgid, "cowrie")
        gridfs.GridFS(lake).delete(lake["file_entries"].find_one({"_id": lost})["fid"])
        nobodys = original.put_entry(lake, self.seal(line), "nobody's", None, "cowrie")
        odd_tag = original.put_entry(lake, self.seal(line), "odd tag", self.orgid, 5)
        odd_name = original.put_entry(lake, self.seal(line), 5, self.orgid, "cowrie")

        def entry(of):
            return lake["file_entries"].find_one({"_id": of})

        def settled():
            marks = ("processed", "skip", "bad_data")
            return all(any(entry(e).get(m) for m in marks) for e in (good, again, second, unknown, wrong, opens_not, broken, lost,
                                                                                nobodys, odd_tag, odd_name))

        until("every entry is archived or set aside", settled, 60)
        for done in (good, again, second, odd_name):
            self.assertIs(entry(done)["processed"], True)
            self.assertEqual(len(entry(done)["_ref"]), 1)
            self.assertNotIn("skip", entry(done))
            self.assertNotIn("bad_data", entry(done))
        self.assertEqual(entry(good)["_ref"], entry(again)["_ref"])
        for aside, mark, other in ((unknown, "skip", "bad_data"), (wrong, "skip", "bad_data"),
                                   (nobodys, "skip", "bad_data"), (odd_tag, "skip", "bad_data"),
                                   (opens_not, "bad_data", "skip"), (broken, "bad_data", "skip"), (lost, "bad_data", "skip")):
            self.assertIs(entry(aside)[mark], True, entry(aside))
            self.assertIs(entry(aside)["processed"], False)
            self.assertIsInstance(entry(aside)["skip_reason"], str)
            self.assertNotIn(other, entry(aside))
        for any_one in (good, unknown, broken):
            e = entry(any_one)
            self.assertIsInstance(e["_id"], bson.ObjectId)
            self.assertIsInstance(e["fid"], bson.ObjectId)
            self.assertIs(type(e["timestamp"]), float)
            self.assertEqual({k for k in e if k.startswith("_cybexd_") and k in ("_cybexd_owner", "_cybexd_until")}, set())
        self.check_archived(entry(good)["_ref"][0], entry(second)["_ref"][0])

    def check_archived(self, raw_hash, second_hash):
        raw = self.archive.find_one({"_hash": raw_hash})
        self.assertEqual((raw["itype"], raw["orgid"], raw["timezone"]), ("raw", self.orgid, "US/Pacific"))
        self.assertIsInstance(raw["_id"], bson.ObjectId)
        self.assertEqual(raw["_hash"], original.sha256("raw" + raw["sub_type"] + original.canonical(raw["data"])))
        raw = until("the filters have run", lambda: (lambda d: d if d.get("filters") else None)(self.archive.find_one({"_hash": second_hash})), 60)
        self.assertTrue(all(isinstance(f, str) for f in raw["filters"]))
        made = list(self.archive.find({"_hash": {"$in": raw["_ref"]}}))
        self.assertEqual({d["_hash"] for d in made}, set(raw["_ref"]))
        kinds = {d["itype"] for d in made}
        self.assertIn("event", kinds)
        for document in made:
            self.assertIsInstance(document["_id"], bson.ObjectId)
            if document["itype"] != "event":
                continue
            self.assertIs(type(document["timestamp"]), float)  # a whole second
            self.assertEqual(document["timestamp"] % 1, 0)
            self.assertIn(document["category"], ("unknown", "benign", "malicious"))
            self.assertEqual(document["orgid"], self.orgid)
            for name in ("_ben_ref", "_mal_ref"):
                self.assertLessEqual(set(document[name]), set(document["_ref"]))
            self.check_children(self.archive, document)
            float_text = repr(document["timestamp"])
            self.assertEqual(document["_hash"], original.sha256("event" + document["sub_type"] + document["orgid"] + float_text + original.canonical(document["data"])))
        for session in self.archive.find({"itype": "session", "sub_type": {"$regex": "cowrie"}}):
            for name in ("start_time", "end_time"):
                self.assertIs(type(session.get(name, 0.0)), float, session)

    # --- queries

    def ask(self, qtype, data, userid, **options):
        """A query as the API asks it: its document, what was said at its socket, its status at that time."""
        with original.Waiting() as waiting:
            query = original.Query(self.reports, qtype, data, userid, **options)
            query.set_socket("0.0.0.0", waiting.port, waiting.nonce)
            query.set_status("wait")
            self.assertEqual(waiting.told(), waiting.nonce)
        return query

    def test_a_query_is_answered_as_the_api_reads_it(self):
        case = next(c for c in self.scenario["cases"] if c["type"] == "count" and c["report"] and c["report"]["data"] and "last" not in c["data"])
        user = next(u for u in self.scenario["users"] if u["email"] == case["user"])
        query = self.ask("count", case["data"], user["_hash"], seal=self.seal, timestamp=float(int(time.time())))
        self.assertEqual(query.status(), "ready")
        report = query.report()
        self.check_plain(report)
        self.assertEqual(report["data"], case["report"]["data"])
        self.assertEqual((report["itype"], report["sub_type"]), ("report", "count"))
        self.assertIs(type(report["timestamp"]), float)
        self.assertIs(type(report["current_page"]), int)
        self.assertEqual(report["_hash"], original.sha256("report" + "count" + original.canonical(report["data"])))
        document = query.document()
        self.check_plain(document)
        self.check_children(self.reports, document)
        self.assertNotIn("timestamp", document)
        data = document["data"]
        self.assertIs(type(data["timestamp"][0]), float)
        self.assertIs(type(data["socket"][0]["port"][0]), int)
        self.assertIs(data["encrypted"][0], True)
        self.assertIs(type(data["qdata"][0]), str)
        expected = {original.attribute("status", "ready")["_hash"], original.attribute("report_id", report["_hash"])["_hash"]}
        self.assertLessEqual(expected, set(document["_cref"]))
        for gone in (("status", "invalid"), ("status", "wait"), ("status", "processing"), ("report_id", "")):
            self.assertNotIn(original.attribute(*gone)["_hash"], document["_cref"] + document["_ref"])
        self.assertEqual(len(document["_cref"]), 9)
        self.assertEqual(len(document["_ref"]), 12)
        self.redo(query, document)

    def redo(self, query, before):
        """The API asks again and writes old values of our fields back with its edit."""
        ours = {k: v for k, v in before.items() if k.startswith("_cybexd_")}
        self.assertTrue(ours)
        ours["_cybexd_owner"], ours["_cybexd_until"] = "a server of old", time.time() + 1e6
        with original.Waiting() as waiting:
            query.set_socket("0.0.0.0", waiting.port, waiting.nonce)
            query.set_status("wait", keep=ours)
            self.assertEqual(waiting.told(), waiting.nonce)
        self.assertEqual(query.status(), "ready")
        self.check_children(self.reports, query.document())

    def test_the_scenario_through_the_database(self):
        chosen = [c for c in self.scenario["cases"] if c["exact"] and not c["original_crashed"] and "last" not in c["data"]]
        self.assertGreater(len(chosen), 50)
        users = {u["email"]: u["_hash"] for u in self.scenario["users"]}
        asked = []
        for number, case in enumerate(chosen):
            # The same query of one user would be one document in this hour.
            query = original.Query(self.reports, case["type"], case["data"], users.get(case["user"], "f" * 64), timestamp=1.6e9 + 3600 * number)
            query.set_status("wait")
            asked.append((case, query))
        for case, query in asked:
            until("the query is answered", lambda q=query: q.status() in ("ready", "failed"), 120)
            self.assertEqual(query.status(), case["status"], case)
            if case["status"] == "ready":
                graph = case["data"].get("summary_graph") is True
                self.assertEqual(self.comparable(query.report()["data"], graph), self.comparable(case["report"]["data"], graph), case["data"])
        documents = [q.document() for _, q in asked]
        for document in documents[::20]:
            self.check_plain(document)
            self.check_children(self.reports, document)

    def comparable(self, data, graph):
        """Lists have no order; of equally short paths any will do."""
        if graph:
            data = {kind: [[item, len(path), path[0], path[-1]] for item, path in pairs] for kind, pairs in data.items()}
        return self.unordered(data)

    def unordered(self, value):
        if isinstance(value, dict):
            return {k: self.unordered(v) for k, v in value.items()}
        if isinstance(value, list):
            return sorted((json.dumps(self.unordered(v), sort_keys=True) for v in value))
        return value

    def test_what_is_wrong_with_a_query_fails_it_alone(self):
        user = self.scenario["users"][0]["_hash"]
        unknown = self.ask("no_such_type", {"x": 1}, user)
        self.assertEqual(unknown.status(), "failed")
        self.check_plain(unknown.report())
        for spoil in ({"$unset": {"data.qdata": 1}}, {"$set": {"data.timestamp": ["x"]}}, {"$set": {"data.encrypted": 7}}, {"$set": {"_ref": "x"}},
                      {"$set": {"data.socket": []}}, {"$unset": {"itype": 1}}, {"$set": {"data.userid": [5]}}):
            query = original.Query(self.reports, "count", {"sub_type": "ipv4", "data": json.dumps(spoil)}, user)
            query.set_status("wait")
            self.reports.update_one({"_hash": query.hash}, spoil)
        good = self.ask("count", {"sub_type": "ipv4", "data": "192.0.2.77"}, user)
        self.assertEqual((good.status(), good.report()["data"]), ("ready", 0))

    # --- users and organisations

    def test_an_original_user_logs_in_and_every_copy_of_the_password_follows(self):
        user = self.scenario["users"][0]
        status, answer, _ = self.hub.post_json("/login", {"email": user["email"], "password": user["password"]})
        self.assertEqual(status, 200, answer)
        old = original.attribute("password", original.sha256(user["password"]))
        document = self.identity.find_one({"_hash": user["_hash"]})
        fresh = document["data"]["password"][0]
        self.assertNotEqual(fresh, old["data"])
        self.check_plain(document)
        self.check_children(self.identity, document)
        self.assertIsNone(self.identity.find_one({"_hash": old["_hash"]}))
        orgs = list(self.identity.find({"sub_type": "cybexp_org", "_usr_ref": user["_hash"]}))
        self.assertTrue(orgs)
        for org in orgs:
            self.check_plain(org)
            text = json.dumps(org["data"])
            self.assertNotIn(old["data"], text)
            self.assertIn(json.dumps(fresh), text)
            for name in ("_acl", "_usr_ref", "_adm_ref"):
                self.assertEqual(set(org[name]), set(next(o for o in self.scenario["orgs"] if o["_hash"] == org["_hash"])["doc"][name]))
        status, answer, _ = self.hub.request("GET", "/user/info/self", token=answer["token"])
        self.assertEqual(status, 200)
        self.assertNotIn("password", json.dumps(answer))

    def test_our_users_and_organisations_are_as_the_original_made_them(self):
        self.hub.run("user", "add", "new@example.com", "--name", "New")
        self.hub.run("org", "add", "new_org", "--name", "New Org", "--admin", "new@example.com")
        user = self.identity.find_one({"_hash": original.sha256("object" + "cybexp_user" + "new@example.com")})
        org = self.identity.find_one({"_hash": original.sha256("object" + "cybexp_org" + "new_org")})
        for document in (user, org):
            self.check_plain(document)
            self.check_children(self.identity, document)
        self.assertEqual({k for k in user if not k.startswith("_cybexd_")}, {"_id", "itype", "sub_type", "_hash", "data", "_cref", "_ref"})
        self.assertEqual({k for k in org if not k.startswith("_cybexd_")},
                         {"_id", "itype", "sub_type", "_hash", "data", "_cref", "_ref", "_acl", "_usr_ref", "_adm_ref"})
        self.assertEqual(set(user["data"]), {"email_addr", "password", "name"})
        self.assertEqual(set(org["data"]), {"orgname", "name", "cybexp_user", "admin"})
        self.assertEqual(org["_acl"], [user["_hash"]])
        audit = list(self.client["identity_db"]["instance_cybexd_audit"].find().sort("_id", 1))
        self.assertEqual([line["_id"] for line in audit], list(range(1, len(audit) + 1)))
        self.assertIn("org.create", [line["what"] for line in audit])


if __name__ == "__main__":
    sys.argv = [sys.argv[0], "-v"]
    unittest.main()
