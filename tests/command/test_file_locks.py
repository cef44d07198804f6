"""Locks of the command's own files: processes take turns, and no file of another program is changed."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sealwax.cli.streams.files import lock_file
from sealwax.files.locks import lock_beside
from tests.support.command.lab import TRUST, Lab

OTHER = b"somebody's own file\n"
# Adds one to the number in a file, so slowly that several processes do it at the same time.
COUNT = """
import sys, time
from pathlib import Path
from sealwax.cli.streams.files import lock_file, write_output
path = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(10):
    with lock_file(path):
        number = int(path.read_text())
        time.sleep(0.005)
        write_output(str(path), str(number + 1).encode())
"""


@pytest.mark.parametrize("name", ["poetry.json", "poetry", "poetry.lock", "poetry.json.bak"])
def test_a_file_with_the_ending_lock_stays_as_it_is(name: str, tmp_path: Path) -> None:
    others = [tmp_path / other for other in ("poetry.lock", "poetry.json.lock", ".poetry.json.lock", "poetry")]
    for other in others:
        other.write_bytes(OTHER)
    with lock_beside(tmp_path / name):
        assert [other.read_bytes() for other in others] == [OTHER] * 4
    assert [other.read_bytes() for other in others] == [OTHER] * 4


def test_remembering_leaves_a_lock_file_of_another_program_alone(lab: Lab) -> None:
    lab.write("poetry.lock", OTHER)
    result = lab.sealwax("verify", "signed.eml", *TRUST, "--remember", "--contacts", "poetry.json")
    assert (result.code, lab.read("poetry.lock")) == (0, OTHER)
    assert b"alice@example.test" in lab.read("poetry.json")


def test_contacts_may_have_the_ending_lock(lab: Lab) -> None:
    options = ("verify", "signed.eml", *TRUST, "--remember")
    for _ in range(2):
        assert lab.sealwax(*options, "--contacts", "people.lock").code == 0
    assert b"alice@example.test" in lab.read("people.lock")


def test_decisions_leave_a_lock_file_of_another_program_alone(lab: Lab) -> None:
    lab.write("my.lock", OTHER)
    accept = ("trust", "accept", "ids/ca.pem", "--ca", "--for", "@example.test", "--yes", "--decisions", "my.json")
    lab.told(*accept)
    assert lab.read("my.lock") == OTHER


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(OTHER)
    for name in (".people.json.lock", "people.lock"):
        (tmp_path / name).symlink_to(victim)
    with pytest.raises(OSError, match=r"symbolic link.*\.people\.json\.lock"), lock_file(tmp_path / "people.json"):
        pass
    assert victim.read_bytes() == OTHER


def test_the_lock_is_its_owners_alone_and_stays_empty(tmp_path: Path) -> None:
    with lock_file(tmp_path / "new" / "people.json"):
        pass
    (lock,) = (tmp_path / "new").iterdir()
    assert (lock.name, lock.read_bytes(), stat.S_IMODE(lock.stat().st_mode)) == (".people.json.lock", b"", 0o600)


@pytest.mark.parametrize("letter", ["a", "\N{GRINNING FACE}"])
def test_the_longest_name_has_a_lock(letter: str, tmp_path: Path) -> None:
    name = letter * (255 // len(letter.encode()))
    (tmp_path / name).write_bytes(OTHER)
    with lock_beside(tmp_path / name):
        assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_takes_no_lock_is_told_by_the_name_of_the_file(tmp_path: Path) -> None:
    # The folder is missing, because no permission would stop a test that runs as root.
    with pytest.raises(FileNotFoundError) as caught, lock_beside(tmp_path / "missing" / "people.json"):
        pass
    assert caught.value.filename == str(tmp_path / "missing" / "people.json")


def test_processes_take_turns_on_a_file_and_on_a_link_to_it(tmp_path: Path) -> None:
    number = tmp_path / "number.json"
    number.write_text("0")
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "other.json"
    link.symlink_to(number)
    counting = [start(COUNT, name) for name in (number, link, number)]
    for process in counting:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in counting:
        process.communicate(timeout=60)
    assert [process.returncode for process in counting] == [0, 0, 0]
    assert number.read_text() == "30"


def start(script: str, path: Path) -> subprocess.Popen[str]:
    """Start a process. It has printed "ready" and waits for a line."""
    command = [sys.executable, "-c", script, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process
