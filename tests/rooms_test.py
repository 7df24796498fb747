#!/usr/bin/env python3
"""The include law of src/ROOMS: who may include whom, and which room alone may see a third-party header."""
import pathlib
import re
import sys

SRC = pathlib.Path(__file__).resolve().parent.parent / "src"
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def read_rooms(text):
    """[(floor, room, [fenced prefixes])], ground floor first."""
    rooms = []
    for line in text.splitlines():
        if re.match(r"\d", line):
            floor, room, fenced, _ = (part.strip() for part in line.split("|"))
            rooms.append((int(floor), room, fenced.split()))
    return rooms


def room_of(path, rooms):
    """The room a path below src lies in: the longest room name that leads it."""
    owners = [room for _, room, _ in rooms if path.startswith(room + "/")]
    return max(owners, key=len, default=None)


def broken_laws(path, text, rooms):
    floors = {room: floor for floor, room, _ in rooms}
    own = room_of(path, rooms)
    if own is None:
        yield f"{path}: lies in no room of src/ROOMS"
        return
    for kind, header in INCLUDE.findall(text):
        other = room_of(header, rooms)
        if kind == '"' and other is None:
            yield f'{path}: includes "{header}", which lies in no room'
        elif kind == '"' and other != own and floors[other] >= floors[own]:
            yield f'{path}: room {own} (floor {floors[own]}) must not include "{header}" of {other} (floor {floors[other]})'
        elif kind == "<":
            keepers = [room for _, room, fenced in rooms if any(header.startswith(f) for f in fenced)]
            if keepers and own not in keepers:
                yield f"{path}: <{header}> is seen by {', '.join(keepers)} alone"


def check_the_checker(rooms):
    """A check that can't fail is none: planted breaches must be found."""
    for path, text in [
        ("delta/x.cc", '#include "engine/engine.h"'),
        ("delta/x.cc", '#include "sql/parser.h"'),
        ("job/x.cc", '#include "engine/duckdb/engine.h"'),
        ("job/x.cc", "#include <duckdb.h>"),
        ("base/x.cc", '#include "plan/type.h"'),
        ("cellar/x.cc", ""),
    ]:
        assert list(broken_laws(path, text, rooms)), f"not found: {text} in {path}"
    assert not list(broken_laws("job/x.cc", '#include "delta/delta.h"\n#include <vector>', rooms))


def main():
    rooms = read_rooms((SRC / "ROOMS").read_text())
    check_the_checker(rooms)
    files = sorted(p for p in SRC.rglob("*") if p.suffix in (".h", ".cc"))
    broken = [law for p in files for law in broken_laws(str(p.relative_to(SRC)), p.read_text(), rooms)]
    print("\n".join(broken) or f"{len(files)} files in {len(rooms)} rooms keep the law")
    return 1 if broken or not files else 0


if __name__ == "__main__":
    sys.exit(main())
