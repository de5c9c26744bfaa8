"""The rows over MongoDB: archive and filters beside the original's figures, reports beside the bare commands they need.

The server is the one of the tests, a fresh one for each row, as in the conditions of the original's figures."""
import json
import os
import subprocess
import sys
import time
from collections import Counter

from harness import may_log
from report_rows import org_hash, percentile, program

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ORG = "honeynet"
# Records a second over the same server, the original's modules with the indexes that they need (2 cores, the guide's BASELINE).
ORIGINAL_ARCHIVE, ORIGINAL_FILTER = 29.3, 12.1
FIRST_RECORDS, REPORT_RECORDS = 2_000, 6_000


def use_pymongo():
    """pymongo of the environment that deploy/mongo-test-server sets up."""
    found = [os.path.join(ROOT, "build/mongo-test-server/lib", name, "site-packages") for name in os.listdir(os.path.join(ROOT, "build/mongo-test-server/lib"))]
    sys.path += [folder for folder in found if folder not in sys.path]


def archive_and_filter(options):
    """The first entries of the May log: lake to durable raw documents, then the Cowrie filter over those."""
    use_pymongo()
    from mongodb import Database, MongoHub
    lines = may_log()[:FIRST_RECORDS]
    with Database() as database, MongoHub(database.url(), **{"archive.filters": "[]"}) as hub:
        hub.org(ORG)
        hub.run("raw", "put", "-", "--lines", "--typetag", "cowrie", "--org", ORG, input=b"\n".join(lines) + b"\n", timeout=600)
        summary = hub.json("archive", "once", timeout=600)
        assert summary["archived"] == len(lines), summary
        rate = len(lines) / summary["seconds"]
        yield {"what": "May log, GridFS to raw documents, against the original", "figure": rate / ORIGINAL_ARCHIVE, "unit": "times", "floor": 20, "aim": 50,
               "beside": {"records a second": rate, "the original's": ORIGINAL_ARCHIVE}}
        hub.settings.pop("archive.filters")
        summary = hub.json("archive", "once", timeout=600)
        assert summary["filtered"] == len(lines), summary
        rate = len(lines) / summary["seconds"]
        yield {"what": "Cowrie filter into the database, against the original", "figure": rate / ORIGINAL_FILTER, "unit": "times", "floor": 20, "aim": 50,
               "beside": {"records a second": rate, "the original's": ORIGINAL_FILTER}}


class Bare:
    """The commands that reports need, as pymongo sends them, and nothing else."""

    def __init__(self, instance, orgids):
        self.instance, self.orgids = instance, orgids

    def events(self, attribute):
        return {"_ref": attribute, "timestamp": {"$gte": float("-inf")}, "itype": "event", "orgid": {"$in": self.orgids}}

    def count(self, attribute):
        stages = [{"$match": self.events(attribute)}, {"$group": {"_id": None, "n": {"$sum": 1}}}]
        return next(iter(self.instance.aggregate(stages)), {"n": 0})["n"]

    def page(self, attribute):
        return list(self.instance.find(self.events(attribute)).sort("timestamp", -1).limit(10))

    def parts(self, events):
        return list(self.instance.find({"_hash": {"$in": list({h for e in events for h in e["_ref"]})}}))

    def related(self, attribute):
        self.parts(self.page(attribute))

    def related_sessions(self, attribute):
        events = self.page(attribute)
        sessions = list(self.instance.find({"_ref": {"$in": [e["_hash"] for e in events]}, "itype": "session"}))
        members = list({h for s in sessions for h in s["_ref"]})
        self.parts(list(self.instance.find({"_hash": {"$in": members}, "itype": "event", "orgid": {"$in": self.orgids}})))


def median_ms(work, attributes):
    times = []
    for attribute in attributes:
        began = time.monotonic()
        work(attribute)
        times.append(1e3 * (time.monotonic() - began))
    return percentile(times, 50)


def reports_over_it(options):
    """Reports inside the process and the bare commands, of the same attributes over the same archive, turn by turn."""
    use_pymongo()
    from mongodb import Database, MongoHub
    with Database() as database, MongoHub(database.url()) as hub, database.client() as client:
        hub.org(ORG)
        lines = may_log()[:REPORT_RECORDS]
        hub.run("raw", "put", "-", "--ndjson", "--typetag", "cowrie", "--org", ORG, input=b"\n".join(lines) + b"\n", timeout=600)
        hub.json("archive", "once", timeout=1200)
        instance, orgids = client["tahoe_db"]["instance"], [org_hash(ORG)]
        bare = Bare(instance, orgids)
        held = Counter(h for event in instance.find({"itype": "event"}, {"_ref": 1}) for h in event["_ref"])
        known = {a["_hash"]: a for a in instance.find({"itype": "attribute", "sub_type": {"$in": ["ipv4", "url", "filename", "sha256"]}})}
        by_events = sorted((h for h in held if h in known), key=lambda h: held[h])
        rare, hub_attribute = by_events[:60], by_events[-1]
        for name, attributes in (("rare", rare), (f"hub of {held[hub_attribute]}", [hub_attribute] * 10)):
            for kind, level, commands in (("count", 1, bare.count), ("related", 1, bare.related), ("related", 2, bare.related_sessions)):
                ours, theirs = [], []
                for _ in range(3):
                    theirs.append(median_ms(commands, attributes))
                    ours.append(timed(database.url(), orgids, kind, level, [known[h] for h in attributes]))
                yield {"what": f"{kind}{', level ' + str(level) if kind == 'related' else ''}, {name}, over MongoDB", "figure": percentile(ours, 50) / percentile(theirs, 50),
                       "unit": "of bare commands", "floor": 1.5, "aim": 1.1, "less_is_better": True,
                       "beside": {"report, p50 ms": percentile(ours, 50), "bare commands, p50 ms": percentile(theirs, 50)}}


def timed(url, orgids, kind, level, attributes):
    """The median in ms of reports made inside the process."""
    data = lambda a: {"sub_type": a["sub_type"], "data": a["data"], **({"level": level} if kind == "related" else {})}  # noqa: E731
    queries = "".join(json.dumps({"type": kind, "data": data(a)}) + "\n" for a in attributes)
    done = subprocess.run([program(), "time", url, *orgids], input=queries.encode(), check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(done.stdout)["p50"]


ROWS = {"mongodb": archive_and_filter, "mongodb_reports": reports_over_it}
