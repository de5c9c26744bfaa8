"""The house: which folders stand at the top, how long a file may be, and words that must not come back."""
import os
import re

from tree import ROOMS, ROOT, files, finish, read

TOP = set(ROOMS) | {
    "tests", "deploy", "docs", "samples", ".ci", "CMakeLists.txt", "CMakePresets.json", "README.md", "CONTRIBUTING.md",
    "CHANGELOG.md", "LICENSE", "quickstart", "run-tests", ".clang-format", ".clang-tidy", ".gitignore"}
LOCAL = {"build", ".git", ".venv", ".cache", "Testing", "hub"}  # hub: the README's example makes it
LONGEST = 300
# A line that is right after all says so: `// allowed: reason`.
BANNED = [
    (("actors/", "messages/", "app/"), r"caf::infinite", "a wait without a deadline"),
    (("actors/", "messages/"), r"caf::actor\b|caf::behavior\b", "an untyped actor"),
    (("actors/", "report/", "messages/"), r"\bthrow\b|\bcatch\s*\(", "exceptions stop where a library throws them"),
    (tuple(f"tests/{room}/" for room in ["store", *ROOMS]), r"sleep_for|sleep_until|\busleep\b", "a sleep in a test"),
    (("",), r"\b(TODO|FIXME|XXX|HACK)\b", "left for later"),
]


def main():
    problems = []
    entries = [e for e in os.listdir(ROOT) if e not in LOCAL]
    problems += [f"{e}: not one of the things that stand at the top" for e in entries if e not in TOP]
    problems += [f"{e}: missing" for e in TOP if e not in entries]
    sources = [f for f in files(".cpp", ".hpp")]
    for path in sources:
        text = read(path)
        if text.count("\n") > LONGEST:
            problems.append(f"{path}: {text.count(chr(10))} lines, more than {LONGEST}")
        for folders, pattern, why in BANNED:
            if path.startswith(folders):
                for number, line in enumerate(text.split("\n"), 1):
                    if re.search(pattern, line) and "allowed:" not in line:
                        problems.append(f"{path}:{number}: {why}: {line.strip()}")
        if path.endswith(".hpp") and "#pragma once" not in text:
            problems.append(f"{path}: no #pragma once")
    for command in ("quickstart", "run-tests", ".ci/run"):
        if not os.access(os.path.join(ROOT, command), os.X_OK):
            problems.append(f"{command}: not executable")
    if "./run-tests" not in read(".ci/run"):
        problems.append(".ci/run does not call ./run-tests")
    for command in ("./quickstart", "./run-tests"):
        if command not in read("README.md"):
            problems.append(f"README.md does not name {command}")
    finish(problems, len(sources))


main()
