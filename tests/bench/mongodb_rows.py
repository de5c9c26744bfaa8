"""The rows over MongoDB: archive and filters beside the original's figures, reports beside the bare commands they need.

The server is the one of the tests, a fresh one for each row, as in the conditions of the original's figures. It is slow, so
what our documents cost it by themselves is told, too."""
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
# Records a second over the same server, the original's modules with the indexes that they need (../shared/guide/BASELINE.md).
ORIGINAL_ARCHIVE, ORIGINAL_FILTER = 29.3, 12.1
# What the original needs in ms for a rare attribute and a hub of 2,340 events.
ORIGINAL_REPORTS = {("count", 1): (69, 340), ("related", 1): (78, 351), ("related", 2): (93, 489)}
RARE, TURNS = 40, 3


def use_pymongo():
    """pymongo of the environment that deploy/mongo-test-server sets up."""
    lib = os.path.join(ROOT, "build/mongo-test-server/lib")
    if not os.path.isdir(lib):
        sys.exit("no MongoDB server for tests; run deploy/mongo-test-server")
    sys.path += [folder for folder in (os.path.join(lib, name, "site-packages") for name in os.listdir(lib)) if folder not in sys.path]


def raw_documents(collection):
    """The collection as it stands, its documents not taken apart, so that little of a measured time is this program's."""
    from bson.codec_options import CodecOptions
    from bson.raw_bson import RawBSONDocument
    return collection.with_options(CodecOptions(document_class=RawBSONDocument))


def bare_inserts(client, kinds):
    """Documents a second that the server takes: those of the archive again, into a collection with the same indexes."""
    instance = client["tahoe_db"]["instance"]
    bare = client["bare_db"]["instance"]
    bare.drop()
    for name, index in instance.index_information().items():
        options = {k: v for k, v in index.items() if k in ("unique", "sparse", "partialFilterExpression")}
        if name != "_id_":
            bare.create_index(index["key"], name=name, **options)
    documents = list(raw_documents(instance).find({"itype": {"$in": kinds}}))
    began = time.monotonic()
    for at in range(0, len(documents), 4000):
        raw_documents(bare).insert_many(documents[at:at + 4000], ordered=False)
    return len(documents), time.monotonic() - began


def archive_and_filter(options):
    """Entries of the May log, one a file: lake to durable raw documents, then the Cowrie filter over those."""
    from mongodb import Database, MongoHub
    lines = may_log()[:options.log_lines]
    with Database() as database, MongoHub(database.url(), **{"archive.filters": ""}) as hub, database.client() as client:
        hub.org(ORG)
        hub.run("raw", "put", "-", "--lines", "--typetag", "cowrie", "--org", ORG, input=b"\n".join(lines) + b"\n", timeout=1800)
        summary = hub.json("archive", "once", timeout=1800)
        assert summary["archived"] + summary["known"] == len(lines), summary
        yield against("GridFS to raw documents", len(lines), summary["seconds"], ORIGINAL_ARCHIVE, *bare_inserts(client, ["raw"]))
        hub.settings.pop("archive.filters")
        summary = hub.json("archive", "once", timeout=1800)
        filtered = summary["filtered"]
        assert filtered == client["tahoe_db"]["instance"].count_documents({"itype": "raw"}), summary
        yield against("Cowrie filter into the database", filtered, summary["seconds"], ORIGINAL_FILTER,
                      *bare_inserts(client, ["attribute", "object", "event", "session"]))


def against(what, records, seconds, original, documents, bare_seconds):
    return {"what": f"May log, {what}, against the original", "figure": records / seconds / original, "unit": "times", "floor": 20, "aim": 50,
            "beside": {"records": records, "records a second": records / seconds, "the original's": original,
                       "documents made": documents, "seconds": seconds, "seconds of inserting those documents bare": bare_seconds}}


class Bare:
    """The commands that reports need, as pymongo sends them, and nothing else."""

    def __init__(self, instance, orgids):
        self.instance, self.orgids = raw_documents(instance), orgids

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
    from mongodb import Database, MongoHub
    with Database() as database, MongoHub(database.url()) as hub, database.client() as client:
        hub.org(ORG)
        lines = may_log()[:3 * options.log_lines]
        hub.run("raw", "put", "-", "--ndjson", "--typetag", "cowrie", "--org", ORG, input=b"\n".join(lines) + b"\n", timeout=1800)
        hub.json("archive", "once", timeout=1800)
        instance, orgids = client["tahoe_db"]["instance"], [org_hash(ORG)]
        bare = Bare(instance, orgids)
        held = Counter(h for event in instance.find({"itype": "event"}, {"_ref": 1}) for h in event["_ref"])
        known = {a["_hash"]: a for a in instance.find({"itype": "attribute", "sub_type": {"$in": ["ipv4", "url", "filename", "sha256"]}})}
        events = instance.count_documents({"itype": "event"})
        by_events = sorted((h for h in held if h in known), key=lambda h: held[h])
        hub_attribute = by_events[-1]
        for number, (name, attributes) in enumerate((("rare", by_events[:RARE]), (f"hub of {held[hub_attribute]:,}", [hub_attribute] * 10))):
            for kind, level, commands in (("count", 1, bare.count), ("related", 1, bare.related), ("related", 2, bare.related_sessions)):
                ours, theirs = [], []
                for _ in range(TURNS):
                    theirs.append(median_ms(commands, attributes))
                    ours.append(timed(database.url(), orgids, kind, level, [known[h] for h in attributes]))
                mine, its = percentile(ours, 50), percentile(theirs, 50)
                yield {"what": f"{kind}{f', level {level}' if kind == 'related' else ''}, {name}, over MongoDB", "figure": mine / its,
                       "unit": "of bare commands", "floor": 1.5, "aim": 1.1, "less_is_better": True,
                       "beside": {"events in the archive": events, "report, p50 ms": mine,
                                  "bare commands, p50 ms": its, "the original's p50 ms (its hub has 2,340 events)": ORIGINAL_REPORTS[kind, level][number]}}


def timed(url, orgids, kind, level, attributes):
    """The median in ms of reports made inside the process."""
    data = lambda a: {"sub_type": a["sub_type"], "data": a["data"], **({"level": level} if kind == "related" else {})}  # noqa: E731
    queries = "".join(json.dumps({"type": kind, "data": data(a)}) + "\n" for a in attributes)
    done = subprocess.run([program(), "time", url, *orgids], input=queries.encode(), check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(done.stdout)["p50"]


def over_mongodb(options):
    use_pymongo()
    yield from archive_and_filter(options)
    yield from reports_over_it(options)


ROWS = {"mongodb": over_mongodb}
