"""The sample logs are what samples/make makes, are synthetic, and have every kind of record that a filter reads."""
import json
import os
import re
import shutil
import subprocess
import tempfile

from tree import ROOT, finish, read

KINDS = ["cowrie", "sighting", "email", "openphish_feed", "phishtank_feed"]
COWRIE = {"command.input", "command.success", "command.failed", "login.success", "login.failed", "session.file_download", "session.file_download.failed",
          "session.file_upload", "direct-tcpip.request", "direct-tcpip.data", "session.connect", "session.closed"}
DOCUMENTATION = re.compile(r"^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$")


def main():
    problems, total, events = [], 0, set()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(os.path.join(ROOT, "samples/make"), folder)
        subprocess.run(["/usr/bin/python3", os.path.join(folder, "make")], check=True)
        for kind in KINDS:
            text = read(f"samples/{kind}.ndjson")
            with open(os.path.join(folder, f"{kind}.ndjson"), encoding="utf-8") as made:
                if made.read() != text:
                    problems.append(f"samples/{kind}.ndjson is not what samples/make makes")
            for line in text.splitlines():
                record = json.loads(line)
                total += 1
                events.add(record.get("eventid", "").removeprefix("cowrie."))
                problems += [f"{kind}: {a} is no documentation address" for a in re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", line) if not DOCUMENTATION.match(a)]
    problems += [f"no record of cowrie.{e}" for e in COWRIE - events]
    if total < 2000:
        problems.append(f"only {total} records")
    finish(problems, total)


main()
