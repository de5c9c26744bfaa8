"""What the tests of the tree share: which files there are, and how to say what is wrong."""
import os
import sys

ROOT = os.environ.get("CYBEXD_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOMS = ["crypto", "tahoe", "report", "messages", "actors", "app"]


def files(*suffixes):
    """Paths, relative to the root, of the project's files with one of these endings; build folders left out."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(f for f in folders if f not in ("build", ".git", "__pycache__"))
        for name in sorted(names):
            if not suffixes or name.endswith(suffixes):
                found.append(os.path.relpath(os.path.join(folder, name), ROOT))
    return found


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def finish(problems, checked):
    """Prints every problem and ends the test. A check that looked at nothing has failed, too."""
    for problem in problems:
        print(problem)
    print(f"{checked} checked, {len(problems)} wrong")
    sys.exit(1 if problems or not checked else 0)
