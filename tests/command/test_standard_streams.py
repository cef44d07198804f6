"""Closed, full and unread standard streams: documented exit codes, no traceback, and nothing half written."""

from __future__ import annotations

import array
import fcntl
import itertools
import json
import os
import shutil
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from sealwax.cli.group import sealwax
from tests.support.command.lab import MAIL, READER, SIGNER, TRUST, Lab

pytestmark = pytest.mark.thorough

WELL = ("/dev/null", "out", "err")
STREAMS = {
    "well": WELL,
    "stdin closed": ("closed", "out", "err"),
    "stdout closed": ("/dev/null", "closed", "err"),
    "stdout full": ("/dev/null", "full", "err"),
    "stdout unread": ("/dev/null", "unread", "err"),
    "stderr closed": ("/dev/null", "out", "closed"),
    "stderr full": ("/dev/null", "out", "full"),
    "all closed": ("closed", "closed", "closed"),
}
HELP_STREAMS = ("well", "stdout closed", "stdout unread")
MISSING_STREAMS = ("well", "stderr closed", "stderr full", "all closed")
# Commands that do their work. In addition, every verb runs with --help and with a missing file.
AT_WORK = (
    ("--version",),
    ("sign", "-", *SIGNER, "--raw"),
    ("sign", "mail.eml", *SIGNER),
    ("sign", "mail.eml", *SIGNER, "-o", "new.eml"),
    ("encrypt", "mail.eml", "--to", "ids/bob.pem"),
    ("encrypt", "mail.eml", "--to", "ids/bob.pem", "-o", "new.eml"),
    ("decrypt", "encrypted.eml", *READER),
    ("decrypt", "encrypted.eml", *READER, *TRUST, "-o", "new.eml"),
    ("decrypt", "encrypted.eml", *READER, *TRUST, "-o", "new.eml", "--json"),
    ("verify", "signed.eml", *TRUST),
    ("verify", "signed.eml", *TRUST, "--explain", "-o", "new.eml"),
    ("verify", "signed.eml", *TRUST, "--json"),
    ("verify", "signed.eml", "--json"),
    ("verify", "-", *TRUST),
    ("inspect", "signed.eml"),
    ("inspect", "signed.eml", "--json"),
    ("inspect", "-"),
    ("compress", "mail.eml"),
    ("unpack", "compressed.eml", "-o", "new.eml"),
    ("certificates", "signed.eml"),
    ("countersign", "signed.eml", *SIGNER),
    ("add-signer", "signed.eml", *SIGNER, "-o", "new.eml"),
    ("add-recipients", "encrypted.eml", *READER, "--to", "ids/alice.pem"),
    ("trust", "list"),
    ("trust", "roots"),
    ("identity", "list", "ids/alice.p12", "--passphrase-file", "ids/passphrase.txt"),
    ("identity", "list", "ids/alice.p12", "--passphrase-fd", "0"),
    ("identity", "demo", "new", "--address", "carol@example.test", "--key", "p-256"),
    ("completion", "bash"),
)


@dataclass(frozen=True)
class Run:
    """The arguments and streams of a run, its exit code and output, and the sizes of the files that it left."""

    arguments: tuple[str, ...]
    streams: str
    code: int
    stdout: bytes
    stderr: str
    files: dict[str, int]


def all_verbs(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from all_verbs(command, (*path, name))
        elif command is not None:
            yield (*path, name)


def in_turn(argument: str, streams: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every verb with its streams well, and with one of the others: the verbs take them in turn."""
    well, *others = streams
    for verb, other in zip(all_verbs(sealwax), itertools.cycle(others), strict=False):
        for kind in (well, other):
            yield (*verb, argument), kind


ORDERS = [
    *itertools.product(AT_WORK, STREAMS),
    *in_turn("--help", HELP_STREAMS),
    *in_turn("missing.eml", MISSING_STREAMS),
]


@pytest.fixture(scope="module")
def runs(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[tuple[str, ...], str], Run]:
    """The runs of all ORDERS, by arguments and kind of streams. Each command of AT_WORK runs in its own folder."""
    if not (lab.folder / "compressed.eml").exists():
        lab.made("compress", "mail.eml", "-o", "compressed.eml")
    place = tmp_path_factory.mktemp("streams")
    template = shutil.copytree(lab.folder, place / "template")
    cases: list[dict[str, object]] = []
    for number, (arguments, streams) in enumerate(ORDERS):
        folder = place / str(number)
        folder.mkdir()
        if arguments in AT_WORK:
            shutil.copytree(template, folder / "work", copy_function=os.link)
        states = dict(enumerate(STREAMS[streams]))
        states |= {key: str(folder / state) for key, state in states.items() if state in ("out", "err")}
        work = folder / "work" if arguments in AT_WORK else template
        cases.append({"arguments": arguments, "folder": str(work), "streams": states})
    codes = _run(cases, place)
    return {
        (arguments, streams): _read(arguments, streams, code, place / str(number), template)
        for number, ((arguments, streams), code) in enumerate(zip(ORDERS, codes, strict=True))
    }


def _run(cases: list[dict[str, object]], place: Path) -> list[int]:
    own = {"XDG_CONFIG_HOME": str(place / "config"), "XDG_DATA_HOME": str(place / "data")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.support.command.forked_runs"],
        input=json.dumps(cases).encode(),
        env={**os.environ, **own, "XDG_CACHE_HOME": str(place / "cache")},
        capture_output=True,
        timeout=600,
        check=True,
    )
    assert done.stderr == b""
    return list(json.loads(done.stdout))


def _read(arguments: tuple[str, ...], streams: str, code: int, folder: Path, template: Path) -> Run:
    def written(name: str) -> bytes:
        return (folder / name).read_bytes() if (folder / name).exists() else b""

    before = {str(path.relative_to(template)) for path in template.rglob("*")}
    after = {str(path.relative_to(folder / "work")): path.stat().st_size for path in (folder / "work").rglob("*")}
    new = {name: size for name, size in after.items() if name not in before}
    shutil.rmtree(folder / "work", ignore_errors=True)
    return Run(arguments, streams, code, written("out"), written("err").decode(), new)


Runs = dict[tuple[tuple[str, ...], str], Run]


def test_every_run_ends_with_a_documented_exit_code_and_no_traceback(runs: Runs) -> None:
    for run in runs.values():
        assert run.code in (0, 1, 2), run
        lines = run.stderr.splitlines()
        assert all(line.startswith("sealwax: ") for line in lines), run
        assert len(lines) <= 1, run


def test_a_run_that_cannot_write_its_output_fails(runs: Runs) -> None:
    for run in runs.values():
        well = runs[run.arguments, "well"]
        if run.streams in ("stdout closed", "stdout full", "stdout unread") and well.stdout:
            assert run.code == 2, run
            assert run.stderr or run.streams == "stdout unread", run


def test_messages_that_nobody_can_read_change_nothing(runs: Runs) -> None:
    for run in runs.values():
        well = runs[run.arguments, "well"]
        if run.streams.startswith("stderr"):
            assert (run.code, bool(run.stdout), set(run.files)) == (well.code, bool(well.stdout), set(well.files)), run
        elif run.streams.startswith("stdin") and "-" not in run.arguments and "0" not in run.arguments:
            assert (run.code, run.stderr) == (well.code, well.stderr), run


def test_an_input_that_cannot_be_read_is_told(runs: Runs) -> None:
    for run in runs.values():
        if run.streams.startswith("stdin") and {"-", "0"} & set(run.arguments):
            assert (run.code, run.stdout) == (2, b""), run
            assert "standard input" in run.stderr or "file descriptor 0" in run.stderr, run


def test_nothing_is_left_half_written(runs: Runs) -> None:
    for run in runs.values():
        well = runs[run.arguments, "well"]
        assert set(run.files) <= set(well.files), run
        for name, size in run.files.items():
            # Signatures and keys differ by some bytes from run to run.
            assert size >= well.files[name] * 0.9, run


def test_the_verbs_at_work_do_their_work(runs: Runs) -> None:
    assert sum(run.code == 0 for run in runs.values() if run.arguments in AT_WORK and run.streams == "well") > 20


def feed_without_blocking(lab: Lab, *arguments: str, first: bytes, rest: bytes) -> int:
    """The exit code of a command whose standard input is a non-blocking pipe.

    The rest is written after the first part was read.
    """
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.write(writing, first)
    with subprocess.Popen([sys.executable, "-m", "sealwax.cli", *arguments], cwd=lab.folder, stdin=reading) as process:
        unread = array.array("i", [1])
        while unread[0] and process.poll() is None:
            time.sleep(0.01)
            fcntl.ioctl(reading, termios.FIONREAD, unread)
        os.write(writing, rest)
        os.close(writing)
        code = process.wait(60)
    os.close(reading)
    return code


@pytest.mark.thorough(False)
def test_a_non_blocking_input_is_read_to_its_end(lab: Lab) -> None:
    arguments = ("encrypt", "-", "--raw", "--der", "--to", "ids/bob.pem", "-o", "slow.der")
    assert feed_without_blocking(lab, *arguments, first=MAIL[:50], rest=MAIL[50:]) == 0
    assert lab.sealwax("decrypt", "slow.der", *READER).stdout == MAIL


def test_a_passphrase_of_a_non_blocking_descriptor_is_read_to_its_end(lab: Lab) -> None:
    arguments = ("identity", "list", "ids/alice.p12", "--passphrase-fd", "0")
    passphrase = lab.read("ids/passphrase.txt")
    assert feed_without_blocking(lab, *arguments, first=passphrase[:3], rest=passphrase[3:]) == 0


def test_a_non_blocking_output_is_written_to_its_end(lab: Lab) -> None:
    large = lab.write("large.txt", b"One line of a text that is larger than a pipe.\n" * 10_000)
    lab.made("encrypt", large, "--raw", "--der", "--to", "ids/bob.pem", "-o", "large.der")
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    command = [sys.executable, "-m", "sealwax.cli", "decrypt", "large.der", *READER]
    with subprocess.Popen(command, cwd=lab.folder, stdout=writing) as process, open(reading, "rb") as output:
        os.close(writing)
        assert output.read() == lab.read(large)
    assert process.returncode == 0
