"""Every C++ file stands as .clang-format says."""
import os
import subprocess
import sys

from tree import ROOT, files, finish

FORMATTER = os.path.join(ROOT, "build/test-tools/bin/clang-format")


def main():
    if not os.path.exists(FORMATTER):
        print(f"{FORMATTER} is missing: run deploy/test-tools")
        sys.exit(1)
    sources = files(".cpp", ".hpp")
    run = subprocess.run([FORMATTER, "--dry-run", "-Werror", "--ferror-limit=3", *sources], cwd=ROOT, capture_output=True, text=True)
    wrong = sorted({line.split(":")[0] for line in run.stderr.split("\n") if ": error:" in line})
    if run.returncode and not wrong:
        wrong = [run.stderr]
    finish([f"{path}: not formatted; run {os.path.relpath(FORMATTER, ROOT)} -i {path}" for path in wrong], len(sources))


main()
