"""The golden reports through `cybexd import` and `cybexd report --batch`: a whole archive with users and organisations, and ranks."""
import hashlib
import json
import os
import tempfile
import unittest

from harness import ADMIN, Hub, golden


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


def event_of(part, orgid, time):
    """An event of one attribute. Its canonical data is an object of one list of one text, each written as JSON text of the text below."""
    canonical = json.dumps({part["sub_type"]: json.dumps([json.dumps(part["data"])])})
    unique = f"eventsighting{orgid}{float(time)!r}{canonical}"
    return {"itype": "event", "sub_type": "sighting", "orgid": orgid, "timestamp": float(time), "category": "unknown", "data": {part["sub_type"]: [part["data"]]}, "_cref": [part["_hash"]],
            "_ref": [part["_hash"]], "_ben_ref": [], "_mal_ref": [], "_hash": hashlib.sha256(unique.encode()).hexdigest()}


class GoldenReports(unittest.TestCase):
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
            for store, found in (("archive", list(documents.values())[::-1]), ("identity", self.identities(scenario))):
                path = os.path.join(folder, store)
                with open(path, "wb") as file:
                    file.write(lines_of(found))
                hub.run("import", path, "--store", store)
            answers = self.batch(hub, folder, [{"type": c["type"], "data": c["data"], "user": c["user"], "now": scenario["now"]} for c in scenario["cases"]])
            for case, answer in zip(scenario["cases"], answers):
                with self.subTest(type=case["type"], data=case["data"], user=case["user"]):
                    self.check(case, answer)

    def test_time_ranges(self):
        """Each range by an attribute of its own: events right at its ends and a second outside them."""
        ranges = golden("dtrange.json")
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            hub.org("one")
            orgid = hashlib.sha256(b"objectcybexp_orgone").hexdigest()
            documents, queries, wanted = {}, [], []
            for number, case in enumerate(ranges["cases"]):
                asked = attribute_of("url", f"case {number}")
                ends = () if "error" in case else (case["start"], case["end"])
                times = {t for end in ends for t in (end - 1, end, end + 1)}
                for time in times:
                    event = event_of(asked, orgid, time)
                    documents |= {asked["_hash"]: asked, event["_hash"]: event}
                # A bound of 0 is none.
                inside = lambda t: (ends[0] == 0 or t >= ends[0]) and (ends[1] == 0 or t <= ends[1])  # noqa: E731
                wanted.append(None if "error" in case else sum(map(inside, times)))
                data = {"sub_type": "url", "data": f"case {number}", **{k: case[k] for k in ("from", "to", "last", "tzname") if case[k] is not None}}
                queries.append({"type": "count", "data": data, "user": ADMIN, "now": ranges["now"]})
            path = os.path.join(folder, "archive")
            with open(path, "wb") as file:
                file.write(lines_of(documents.values()))
            hub.run("import", path, "--store", "archive")
            for case, answer, count in zip(ranges["cases"], self.batch(hub, folder, queries), wanted):
                with self.subTest(case=case):
                    if count is None:
                        self.assertEqual(answer["status"], "failed")
                        self.assertTrue(answer["report"]["data"])
                    else:
                        self.assertEqual((answer["status"], answer["report"]["data"]), ("ready", count))

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
