"""The choice of `make test`: a function of its seed and of the files that there are.

Without a seed every test runs. With one, tests that drive browsers and servers take turns, because they take ten times
as long as all others: a sixth of their files runs, each in one browser and each of its tests with one database.
Other seeds choose other files, so in some runs every one of them has had its turn.

The parts are for `make test-all` and `make nightly`. The four quarters are together what seeds can choose, and WebKit.
Three quarters of all time is that of the thorough tests: they are a part of the night.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

import pytest

from tests.support.project import ROOT

_QUARTERS: Final = 4
THOROUGH: Final = "thorough"
NIGHTLY: Final = "nightly"
PARTS: Final = (*(str(number + 1) for number in range(_QUARTERS)), THOROUGH, NIGHTLY)
# The tests that start many editors, webmails, web servers or other programs, those with files of hundreds of megabytes,
# and those that measure times.
_OF_NIGHT: Final = (
    "tests/extension/any_webmail/test_real_",
    "tests/extension/editors/",
    "tests/extension/webmails/",
    "tests/interop/test_matrix.py",
    "tests/operation/test_proxies.py",
    "tests/pages/test_growing_times.py",
    "tests/vault/test_message_streams.py",
    "tests/vault/test_storm.py",
)
_PREFIX: Final = "23:"
# A run of `make test` takes one of so many files.
SHARE: Final = 6
_BROWSERS: Final = ("chromium", "firefox")
_DATABASES: Final = ("sqlite", "postgresql")
_OF_EITHER: Final = re.compile(r"chromium|firefox|sqlite|postgresql")
# The folders of tests that take turns.
_FOLDERS: Final = frozenset(
    f"tests/{name}"
    for name in ("bridge", "command", "extension", "interop", "keys", "operation", "pages", "service", "vault")
)


def seed_of_commit() -> str:
    """The seed of a run that names none, so that one commit has the same tests everywhere."""
    command = ["git", "rev-parse", "--short=10", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() or "0"


def choose(items: Iterable[pytest.Item], seed: str) -> set[pytest.Item]:
    """The tests that a run with this seed takes."""
    items = list(items)
    main_ways = {item for item in items if item.get_closest_marker("main_way") and not _is_in_webkit(item)}
    chosen = _files_in_turn({item.nodeid.partition("::")[0] for item in items}, seed)
    possible = [
        item
        for item in items
        if (not takes_turns(item) or item.nodeid.partition("::")[0] in chosen) and _is_turn(item, seed)
    ]
    return main_ways | _that_do_not_wait(possible)


def tests_of_part(items: Iterable[pytest.Item], part: str) -> set[pytest.Item]:
    """The tests of a part. Those of one file in one quarter stay together: they share what they start."""
    items = list(items)
    soon = _that_do_not_wait(items)
    return {item for item in items if _part_of(item, waits=item not in soon) == part}


def _part_of(item: pytest.Item, *, waits: bool) -> str:
    """The part of all tests to which a test belongs.

    The hash of a file's name, behind a prefix, chooses its quarter. With this prefix, of a hundred, the quarters differ
    least in the time that their tests were measured to take.
    """
    if item.nodeid.startswith(_OF_NIGHT):
        return NIGHTLY
    if waits:
        return THOROUGH
    return PARTS[zlib.crc32(f"{_PREFIX}{item.path.name}".encode()) % _QUARTERS]


def takes_turns(item: pytest.Item) -> bool:
    """Whether a test is of a folder whose files take turns."""
    return _folder(item.nodeid) in _FOLDERS


def _drives(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("browser", "server"))


def _folder(name: str) -> str:
    return "/".join(name.split("/", 2)[:2])


def _files_in_turn(files: Collection[str], seed: str) -> set[str]:
    """A sixth of the files in each folder, so that each run has something of every room."""
    rooms = defaultdict(list)
    for file in files:
        rooms[_folder(file)].append(file)
    return {
        file
        for room in rooms.values()
        for file in sorted(room, key=lambda path: _number(seed, path))[: -(-len(room) // SHARE)]
    }


def _is_turn(item: pytest.Item, seed: str) -> bool:
    """Whether a test's browser is the one of its file, and its database the one of the test itself."""
    if _is_in_webkit(item):
        return False
    if not takes_turns(item) and not _drives(item):
        # The name of a browser or a database is only a value of a test in memory.
        return True
    file, test = item.nodeid.partition("::")[0], _OF_EITHER.sub("", item.nodeid)
    own = set(_OF_EITHER.findall(_parameters(item)))
    return all(
        not own.intersection(names) or names[_number(seed, by) % len(names)] in own
        for names, by in ((_BROWSERS, file), (_DATABASES, test))
    )


def _that_do_not_wait(items: Iterable[pytest.Item]) -> set[pytest.Item]:
    """The tests without the thorough ones, and without the parameter sets after those that `after` counts."""
    seen: dict[tuple[str, frozenset[str]], int] = defaultdict(int)
    chosen = set()
    for item in items:
        mark = item.get_closest_marker("thorough")
        test = (item.nodeid.partition("[")[0], frozenset(_OF_EITHER.findall(_parameters(item))))
        seen[test] += 1
        if mark is None or False in mark.args or seen[test] <= mark.kwargs.get("after", 0):
            chosen.add(item)
    return chosen


def _is_in_webkit(item: pytest.Item) -> bool:
    return "webkit" in _parameters(item) or "webkit" in getattr(item, "fixturenames", ())


def _parameters(item: pytest.Item) -> str:
    """The part of a test's name that its parameters make."""
    return item.name.partition("[")[2]


def _number(seed: str, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8])


if __name__ == "__main__":
    print(seed_of_commit())
