"""Includes go one way (crypto <- tahoe <- report <- messages <- actors <- app), and libraries stay in the .cpp files."""
import re

from tree import ROOMS, files, finish, read

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
HIDDEN = re.compile(
    r"^(rocksdb/|mongoc|bson/|bson\.h|cryptopp/|crypto\+\+/|openssl/|simdjson|boost/|gmime|spdlog/|CLI/|toml\+\+|toml\.hpp|prometheus/|date/|zlib\.h)")
CAF_ROOMS = {"messages", "actors", "app"}


def problems_of(path, text):
    """What is wrong with the includes of one source file."""
    room = path.split("/")[0]
    allowed = ROOMS[: ROOMS.index(room) + 1]
    found = []
    for mark, name in INCLUDE.findall(text):
        if mark == '"':
            if name.split("/")[0] not in ROOMS or "/" not in name:
                found.append(f"{path}: '{name}' is not written from the root of the tree")
            elif name.split("/")[0] not in allowed:
                found.append(f"{path}: {room} must not include {name}")
        else:
            if path.endswith(".hpp") and HIDDEN.match(name):
                found.append(f"{path}: <{name}> belongs into a .cpp file")
            if name.startswith("caf/") and room not in CAF_ROOMS:
                found.append(f"{path}: {room} must not know actors (<{name}>)")
    return found


def main():
    # The check itself must be able to fail.
    assert problems_of("tahoe/a.cpp", '#include "report/b.hpp"\n')
    assert problems_of("tahoe/a.hpp", "#include <rocksdb/db.h>\n")
    assert problems_of("report/a.cpp", "#include <caf/all.hpp>\n")
    assert problems_of("report/a.cpp", '#include "a.hpp"\n')
    assert not problems_of("report/a.cpp", '#include "tahoe/b.hpp"\n#include <vector>\n')

    sources = [f for f in files(".cpp", ".hpp") if f.split("/")[0] in ROOMS]
    problems = [p for f in sources for p in problems_of(f, read(f))]
    finish(problems, len(sources))


main()
