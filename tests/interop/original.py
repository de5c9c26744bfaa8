"""What CYBEX-P's own modules do with their databases, with pymongo: TAHOE documents, lake entries, queries, sockets.

Written from the specification and the golden files, and used by the tests to stand in for the original's API.
"""
import hashlib
import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))


def canonical(value):
    if isinstance(value, str):
        return json.dumps(value.strip())
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {json.dumps(canonical(v))}" for k, v in sorted(value.items())) + "}"
    return "[" + ", ".join(json.dumps(c) for c in sorted({canonical(v) for v in value})) + "]"


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def attribute(sub_type, data):
    return {"itype": "attribute", "sub_type": sub_type, "data": data, "_hash": sha256("attribute" + sub_type + canonical(data))}


def tahoe_object(sub_type, children, unique=None):
    """The object and its children's data; `unique` where the hash covers something else than the data."""
    data = {}
    for child in children:
        data.setdefault(child["sub_type"], []).append(child["data"])
    cref = [c["_hash"] for c in children]
    ref = cref + [h for c in children for h in c.get("_ref", [])]
    return {"itype": "object", "sub_type": sub_type, "data": data, "_cref": list(dict.fromkeys(cref)), "_ref": list(dict.fromkeys(ref)),
            "_hash": sha256("object" + sub_type + (canonical(data) if unique is None else unique))}


def insert_once(collection, *documents):
    """Looks first and then inserts, as the original does."""
    for document in documents:
        if collection.find_one({"_hash": document["_hash"]}) is None:
            collection.insert_one(dict(document))


def user_documents(email, password, name):
    parts = [attribute("email_addr", email), attribute("password", sha256(password)), attribute("name", name)]
    return parts, tahoe_object("cybexp_user", parts, email)


def put_entry(database, sealed, name, orgid, typetag, timezone="UTC"):
    """A lake entry with its file, as the original's API writes them; the entry's id."""
    import gridfs
    fid = gridfs.GridFS(database).put(sealed)
    entry = {"name": name, "orgid": orgid, "typetag": typetag, "timezone": timezone, "timestamp": time.time(), "processed": False, "fid": fid}
    return database["file_entries"].insert_one(entry).inserted_id


def socket_documents(host, port, nonce):
    parts = [attribute("host", host), attribute("port", port), attribute("nonce", nonce)]
    return [*parts, tahoe_object("socket", parts)]


def query_documents(qtype, data, userid, seal=None, timestamp=None, status="invalid"):
    """A query document whom nobody waits for, its parts before it."""
    text = canonical(data)
    qhash = sha256(text)
    raw = seal(text.encode()) if seal else text.encode()
    when = time.time() if timestamp is None else timestamp
    socket_parts = socket_documents("localhost", 0, "")
    parts = [attribute(k, v) for k, v in (
        ("qtype", qtype), ("qhash", qhash), ("qdata", str(raw)), ("userid", userid), ("timestamp", when),
        ("encrypted", seal is not None), ("status", status), ("report_id", ""))]
    document = tahoe_object("query", [*parts, socket_parts[-1]], qtype + qhash + userid + str(int(when / 3600)))
    return [*parts, *socket_parts, document]


class Query:
    """A query document, edited child by child as the original's API does."""

    def __init__(self, instance, *what, **options):
        self.instance = instance
        self.socket_parts = socket_documents("localhost", 0, "")
        documents = query_documents(*what, **options)
        self.hash = documents[-1]["_hash"]
        insert_once(instance, *documents)

    def document(self):
        return self.instance.find_one({"_hash": self.hash})

    def _edit(self, old, new, name, value, keep=()):
        """Reads, edits, and writes `data`, `_cref` and `_ref` back in one update, with fields that were read before."""
        insert_once(self.instance, *new)
        now = self.document()
        gone, come = [d["_hash"] for d in old], [d["_hash"] for d in new]
        now["data"][name] = [value]
        child = new[-1]["_hash"]
        cref = [h for h in now["_cref"] if h not in gone] + [child]
        ref = [h for h in now["_ref"] if h not in gone] + come
        change = {"data": now["data"], "_cref": list(dict.fromkeys(cref)), "_ref": list(dict.fromkeys(ref)), **dict(keep)}
        self.instance.update_one({"_hash": self.hash}, {"$set": change})

    def set_socket(self, host, port, nonce):
        parts = socket_documents(host, port, nonce)
        self._edit(self.socket_parts, parts, "socket", parts[-1]["data"])
        self.socket_parts = parts

    def set_status(self, status, keep=()):
        old = self.document()["data"]["status"]
        self._edit([attribute("status", s) for s in old], [attribute("status", status)], "status", status, keep)

    def status(self):
        return self.document()["data"]["status"][0]

    def report(self):
        """What the original's API reads: the report by the query's report_id, in the query's collection."""
        return self.instance.find_one({"_hash": self.document()["data"]["report_id"][0]})


class Waiting:
    """A socket on which the API waits for its nonce."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.nonce = os.urandom(16).hex()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def told(self, within=30.0):
        """What the first that connects says, or nothing."""
        self.listener.settimeout(within)
        try:
            peer, _ = self.listener.accept()
        except TimeoutError:
            return None
        with peer:
            peer.settimeout(within)
            said = b""
            while chunk := peer.recv(4096):
                said += chunk
        return said.decode()
