"""The golden reports through `cybexd import` and `cybexd report --batch`: a whole archive with users and organisations, time ranges, ranks, query documents."""
import ast
import hashlib
import json
import os
import tempfile
import unittest

from harness import ADMIN, Hub, golden, tdql, until


def lines_of(values):
    return "".join(json.dumps(value) + "\n" for value in values).encode()


def parts_of(tree):
    """Documents of a body and of everything below it."""
    for part in tree:
        below = list(parts_of(part.get("children", [])))
        yield from below
        if part["itype"] == "attribute":
            yield part
        else:
            children = part["children"]
            data = {}
            for child in children:
                data.setdefault(child["sub_type"], []).append(data_of(child))
            yield {"itype": part["itype"], "sub_type": part["sub_type"], "_hash": part["_hash"], "data": data,
                   "_cref": sorted({c["_hash"] for c in children}), "_ref": sorted({b["_hash"] for b in below})}


def data_of(part):
    if part["itype"] == "attribute":
        return part["data"]
    data = {}
    for child in part["children"]:
        data.setdefault(child["sub_type"], []).append(data_of(child))
    return data


def unordered(value, pair=False):
    """Lists have no order; within a pair [data, path] they have."""
    if isinstance(value, list) and not pair:
        return sorted((unordered(item) for item in value), key=lambda v: json.dumps(v, sort_keys=True))
    if isinstance(value, dict):
        return {k: unordered(v) for k, v in value.items()}
    return value


def graph_shape(data):
    """Of equally short paths any will do: what is reached, how far away, and both ends."""
    return {sub_type: sorted(([item, len(path), path[0], path[-1]] for item, path in pairs), key=json.dumps) for sub_type, pairs in data.items()}


def attribute_of(sub_type, data):
    return {"itype": "attribute", "sub_type": sub_type, "data": data, "_hash": hashlib.sha256(f"attribute{sub_type}{json.dumps(data)}".encode()).hexdigest()}


def event_of(parts, orgid, time, sub_type="sighting", category="unknown"):
    """An event of attributes of one sub_type. Its canonical data is an object of one set of texts, each written as JSON text of the text below."""
    kind = parts[0]["sub_type"]
    canonical = json.dumps({kind: json.dumps(sorted({json.dumps(part["data"]) for part in parts}))})
    unique = f"event{sub_type}{orgid}{float(time)!r}{canonical}"
    refs = sorted(part["_hash"] for part in parts)
    return {"itype": "event", "sub_type": sub_type, "orgid": orgid, "timestamp": float(time), "category": category, "data": {kind: [part["data"] for part in parts]},
            "_cref": refs, "_ref": refs, "_ben_ref": [], "_mal_ref": [], "_hash": hashlib.sha256(unique.encode()).hexdigest()}


def org_hash(name):
    return hashlib.sha256(b"objectcybexp_org" + name.encode()).hexdigest()


class GoldenReports(unittest.TestCase):
    def put(self, hub, folder, store, documents):
        path = os.path.join(folder, store)
        with open(path, "wb") as file:
            file.write(lines_of(documents))
        hub.run("import", path, "--store", store)

    def batch(self, hub, folder, queries):
        path = os.path.join(folder, "queries.ndjson")
        with open(path, "wb") as file:
            file.write(lines_of(queries))
        answers = [json.loads(line) for line in hub.run("report", "--batch", path).stdout.splitlines()]
        self.assertEqual(len(answers), len(queries))
        return answers

    def test_scenario(self):
        scenario = golden("scenario_small.json")
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            documents = {d["_hash"]: d for e in scenario["events"] + scenario["sessions"] for d in [*parts_of(e["body"]), e["doc"]]}
            self.put(hub, folder, "archive", list(documents.values())[::-1])
            self.put(hub, folder, "identity", self.identities(scenario))
            answers = self.batch(hub, folder, [{"type": c["type"], "data": c["data"], "user": c["user"], "now": scenario["now"]} for c in scenario["cases"]])
            for case, answer in zip(scenario["cases"], answers):
                with self.subTest(type=case["type"], data=case["data"], user=case["user"]):
                    self.check(case, answer)
            self.check_pages(hub, folder, scenario)

    def check_pages(self, hub, folder, scenario):
        """Which ten events are on a page of a case that is not exact is ours to choose; no event is on two, and none is missing."""
        cases = [c for c in scenario["cases"] if not c["exact"]]
        self.assertEqual(len(cases), 11)
        common = lambda c: {"user": c["user"], "now": scenario["now"]}  # noqa: E731
        counts = [a["report"]["data"] for a in self.batch(hub, folder, [{"type": "count", "data": c["data"], **common(c)} for c in cases])]
        events = {"level": 1, "summary": False, "summary_graph": False, "return_type": "event"}
        for case, count in zip(cases, counts):
            pages = range(1, count // 10 + 3)
            answers = [a["report"] for a in self.batch(hub, folder, [{"type": "related", "data": {**case["data"], **events, "page": page}, **common(case)} for page in pages])]
            sizes = [len(a["data"]) for a in answers]
            self.assertEqual(sizes, [max(0, min(10, count - 10 * (page - 1))) for page in pages])
            self.assertEqual([(a["current_page"], a["next_page"]) for a in answers], [(page, page + 1 if size else 1) for page, size in zip(pages, sizes)])
            shown = [d for a in answers for d in a["data"]]
            self.assertEqual(len({d["_hash"] for d in shown}), count)
            asked = attribute_of(case["data"]["sub_type"], case["data"]["data"])["_hash"]
            self.assertTrue(all(asked in d["_ref"] for d in shown))

    def test_time_ranges(self):
        """Each range by an attribute of its own: events right at its ends and a second outside them."""
        ranges = golden("dtrange.json")
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            hub.org("one")
            orgid = org_hash("one")
            documents, queries, wanted = {}, [], []
            for number, case in enumerate(ranges["cases"]):
                asked = attribute_of("url", f"case {number}")
                ends = () if "error" in case else (case["start"], case["end"])
                times = {t for end in ends for t in (end - 1, end, end + 1)}
                for time in times:
                    event = event_of([asked], orgid, time)
                    documents |= {asked["_hash"]: asked, event["_hash"]: event}
                # A bound of 0 is none.
                inside = lambda t: (ends[0] == 0 or t >= ends[0]) and (ends[1] == 0 or t <= ends[1])  # noqa: E731
                wanted.append(None if "error" in case else sum(map(inside, times)))
                data = {"sub_type": "url", "data": f"case {number}", **{k: case[k] for k in ("from", "to", "last", "tzname") if case[k] is not None}}
                queries.append({"type": "count", "data": data, "user": ADMIN, "now": ranges["now"]})
            self.put(hub, folder, "archive", documents.values())
            for case, answer, count in zip(ranges["cases"], self.batch(hub, folder, queries), wanted):
                with self.subTest(case=case):
                    if count is None:
                        self.assertEqual(answer["status"], "failed")
                        self.assertTrue(answer["report"]["data"])
                    else:
                        self.assertEqual((answer["status"], answer["report"]["data"]), ("ready", count))

    def test_ranks(self):
        """All graphs in one archive, each with attributes of its own; one user sees both organisations, one the first."""
        cases, both = golden("threatrank.json")["cases"], "both@example.org"
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            hub.run("user", "add", both, "--name", "Both")
            hub.run("org", "add", "o1", "--name", "One", "--admin", ADMIN, "--user", both)
            hub.run("org", "add", "o2", "--name", "Two", "--admin", both)
            documents, hashes = {}, []
            for number, case in enumerate(cases):
                hashes.append({})
                for event in case["events"]:
                    parts = [attribute_of("hostname", f"{name} of {number}") for name in event["attributes"]]
                    made = event_of(parts, org_hash(event["org"]), event["timestamp"], "sighting_" + event["id"], event["category"])
                    hashes[-1][event["id"]] = made["_hash"]
                    documents |= {d["_hash"]: d for d in (*parts, made)}
            self.put(hub, folder, "archive", documents.values())
            asked = 0
            for edges in (2, 4, 6):
                hub.settings["report.threatrank_max_edges"] = edges
                queries, wanted = [], []
                for case, of_case in zip(cases, hashes):
                    if case["max_edges"] != edges:
                        continue
                    for event, rank in case["ranks"].items():
                        wanted.append(rank)
                        queries.append({"type": "threatrank", "data": {"_hash": of_case[event].upper()}, "user": both if len(case["visible_orgs"]) == 2 else ADMIN, "now": case["now"]})
                for query, rank, answer in zip(queries, wanted, self.batch(hub, folder, queries)):
                    with self.subTest(query=query, edges=edges):
                        self.check_rank(answer, rank)
                asked += len(queries)
            self.assertEqual(asked, sum(len(case["ranks"]) for case in cases))

    def check_rank(self, answer, rank):
        if rank is None:
            self.assertEqual(answer["status"], "failed")
            return
        self.assertEqual(answer["status"], "ready", answer)
        self.assertLessEqual(abs(answer["report"]["data"] - rank["rank"]), 1e-12 * abs(rank["rank"]))

    def test_query_documents(self):
        """The documents of a batch are the original's; those of the original are taken, and stay what they are but for status and report."""
        golden_cases = golden("tdql.json")
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            cases = golden_cases["cases"]
            answers = self.batch(hub, folder, [{"type": c["type"], "data": c["data"], "user": c["userid"], "now": c["timestamp"]} for c in cases])
            self.assertEqual([a["status"] for a in answers], ["failed"] * 3)  # nobody has this hash
            for case in cases:
                with self.subTest(case=case["type"]):
                    self.check_life(hub, case, case["steps"][0]["doc"])
                    again = json.loads(hub.run("hash", "--document", input=lines_of([hub.json("get", case["_hash"])])).stdout)
                    self.assertEqual((again["_hash"], again["unique"]), (case["_hash"], case["unique"]))
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            waiting = [next(s["doc"] for s in c["steps"] if s["step"] == "wait") for c in cases]
            for document in waiting:
                self.put(hub, folder, "report", [attribute_of(k, v[0]) for k, v in document["data"].items() if k != "socket"] + [document])
            hub.start()
            until("nothing waits", lambda: all(hub.json("get", c["_hash"])["data"]["status"] == ["failed"] for c in cases), 30)
            for case, document in zip(cases, waiting):
                with self.subTest(case=case["type"]):
                    self.check_life(hub, case, document)

    def test_bytes_literals(self):
        """Each literal as the whole query of another module: what was read of it are its bytes, since it is answered for what they say where `qhash` is their
        SHA-256, and not where it is another's. Those that are text also as what a query looks for, there and in a batch."""
        cases = golden("tdql.json")["bytes_literals"]
        texts = sorted({text.strip() for text in (bytes.fromhex(c["hex"]).decode(errors="ignore") for c in cases)} - {""})
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            hub.org("one")
            urls = [attribute_of("url", text) for text in texts]
            self.put(hub, folder, "archive", urls + [event_of([url], org_hash("one"), 1_600_000_000) for url in urls])
            wanted = [{"sub_type": "url", "data": text} for text in texts]
            answers = self.batch(hub, folder, [{"type": "count", "data": data, "user": ADMIN, "now": 1_620_000_000} for data in wanted])
            self.assertEqual([(a["status"], a["report"]["data"]) for a in answers], [("ready", 1)] * len(texts))
            canonical = [json.dumps({k: json.dumps(v) for k, v in sorted(data.items())}).encode() for data in wanted]
            stored = [json.loads(line)["data"]["qdata"][0] for line in hub.run("export", "--store", "report", "--sub-type", "query").stdout.splitlines()]
            self.assertEqual(sorted(stored), sorted(map(repr, canonical)))  # written as Python does
            self.assertEqual(sorted(map(ast.literal_eval, stored)), sorted(canonical))
            user, hour = json.loads(hub.run("export", "--store", "identity", "--sub-type", "cybexp_superuser").stdout.splitlines()[0])["_hash"], iter(range(10**9, 10**10, 3600))
            as_query = [[tdql(user, float(next(hour)), "", canonical=bytes.fromhex(c["hex"]), qhash=qhash) for c in cases] for qhash in (None, "0" * 64)]
            looking = [tdql(user, float(next(hour)), "", canonical=text) for text in canonical]
            for case, (query, _) in zip(cases, as_query[0]):
                self.assertEqual(query["data"]["qdata"], [case["literal"]])
            self.put(hub, folder, "report", [d for _, documents in sum(as_query, looking) for d in documents])
            hub.start()
            for queries, status in (*((some, "failed") for some in as_query), (looking, "ready")):
                until("all are answered", lambda: all(hub.json("get", q["_hash"])["data"]["status"] == [status] for q, _ in queries), 60)
            said = [[self.report_of(hub, query)["data"] for query, _ in queries] for queries in (*as_query, looking)]
            for case, right, wrong in zip(cases, said[0], said[1]):
                with self.subTest(literal=case["literal"]):
                    self.assertNotIn("'qhash'", right)
                    self.assertIn("the query", right)
                    self.assertIn("'qhash' was", wrong)
            self.assertEqual(said[2], [1] * len(texts))

    @staticmethod
    def report_of(hub, query):
        return hub.json("get", hub.json("get", query["_hash"])["data"]["report_id"][0])

    def check_life(self, hub, case, before):
        """The stored query of a case is the document that was there before, but for another status and report."""
        after = hub.json("get", case["_hash"])
        kept = {k: v for k, v in before["data"].items() if k not in ("status", "report_id")}
        self.assertEqual({k: v for k, v in after["data"].items() if k not in ("status", "report_id")}, kept)
        self.assertEqual((after["data"]["qdata"], after["data"]["qhash"]), ([case["qdata"]], [case["qhash"]]))
        report = hub.json("get", after["data"]["report_id"][0])
        self.assertEqual((report["itype"], report["sub_type"]), ("report", case["type"]))
        changed = {attribute_of(k, d["data"][k][0])["_hash"] for d in (before, after) for k in ("status", "report_id")}
        for refs in ("_cref", "_ref"):
            self.assertEqual(len(after[refs]), len(before[refs]))
            self.assertEqual(set(before[refs]) ^ set(after[refs]), changed)

    @staticmethod
    def identities(scenario):
        """Users, organisations, and the attributes and objects that they are made of."""
        import hashlib

        def attribute(sub_type, data):
            return {"itype": "attribute", "sub_type": sub_type, "data": data, "_hash": hashlib.sha256(("attribute" + sub_type + json.dumps(data)).encode()).hexdigest()}

        for thing in scenario["users"] + scenario["orgs"]:
            for sub_type in ("email_addr", "password", "name", "orgname"):
                for data in thing["doc"]["data"].get(sub_type, []):
                    yield attribute(sub_type, data)
            yield thing["doc"]

    def check(self, case, answer):
        report, expected = answer["report"], case["report"]
        if case["original_crashed"]:
            self.assertEqual((answer["status"], report["data"]), ("ready", {} if case["data"].get("summary_graph") or case["data"].get("summary", True) else []))
            return
        self.assertEqual(answer["status"], case["status"])
        self.assertEqual((report["itype"], report["sub_type"]), ("report", case["type"]))
        if case["status"] == "failed":
            self.assertTrue(report["data"])
            self.assertEqual((report["current_page"], report["next_page"]), (1, 1))
            return
        if expected is None:
            return  # which ten events are on the page depends on their order; the unit tests check pages together
        # The stored page is that of the first query that made the report; shown is the asker's own.
        page = case["data"].get("page", 1)
        self.assertEqual(report["current_page"], page)
        if expected["current_page"] == page and expected["data"]:
            self.assertEqual(report["next_page"], expected["next_page"])
        else:
            self.assertIn(report["next_page"], (1, page + 1))
        if case["type"] == "count":
            self.assertEqual((report["current_page"], report["next_page"]), (1, 1))
        if case["type"] == "related" and case["data"].get("summary_graph"):
            self.assertEqual(graph_shape(report["data"]), graph_shape(expected["data"]))
        else:
            self.assertEqual(unordered(report["data"]), unordered(expected["data"]))
            self.assertEqual(report["_hash"], expected["_hash"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
