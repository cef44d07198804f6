"""Inputs that are too large for memory, as files and in pipes: same results, a progress bar, no half-written file."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from smime_core import blocking
from smime_core.algorithms import AES_256_CBC
from smime_core.asn1 import der
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.encrypted_data import build_encrypted_data
from smime_core.providers.native import NativeProvider
from tests.support.command.lab import READER, SIGNER, TRUST, Lab
from tests.support.command.reports import parsed
from tests.support.signals import interruptible_children, started_as

pytestmark = pytest.mark.thorough

HEAD = b"From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: Large\r\nContent-Type: text/plain\r\n\r\n"
LINES = b"".join(b"line %06d of a text that is longer than memory is to hold\r\n" % number for number in range(90_000))
LARGE = HEAD + LINES
assert len(LARGE) > 5 * 1024 * 1024


@pytest.fixture(scope="module")
def large(lab: Lab) -> Lab:
    lab.write("large.eml", LARGE)
    lab.made("sign", "large.eml", *SIGNER, "-o", "large_signed.eml")
    lab.made("encrypt", "large_signed.eml", "--to", "ids/bob.pem", "--modern", "-o", "large_encrypted.eml")
    return lab


@pytest.mark.thorough(False)
def test_goes_through_pipes(large: Lab) -> None:
    signed = large.sealwax("sign", *SIGNER, stdin=LARGE)
    encrypted = large.sealwax("encrypt", "--to", "ids/bob.pem", stdin=signed.stdout)
    opened = large.sealwax("decrypt", *READER, stdin=encrypted.stdout)
    assert (signed.stderr, encrypted.stderr, opened.stderr) == ("", "", "")
    assert LINES in opened.stdout
    assert large.sealwax("verify", "-", *TRUST, stdin=opened.stdout).code == 0


@pytest.mark.parametrize("form", [(), ("--opaque",)], ids=["clear", "opaque"])
def test_a_large_mail_is_decrypted_inside_a_signature(large: Lab, form: tuple[str, ...]) -> None:
    """Triple wrapping: the report has a verdict on each signature, and the output keeps the inner signature."""
    large.made("sign", "large_encrypted.eml", *SIGNER, *form, "-o", "large_triple.eml")
    trust = (*TRUST, "--json")
    judged = parsed(large.sealwax("decrypt", "large_triple.eml", *READER, *trust, "-o", "large_inner.eml"))
    assert judged["state"] == "verified"
    assert [layer["kind"] for layer in judged["layers"]] == ["signed", "encrypted", "signed"]
    assert [signer["state"] for signer in judged["signers"]] == ["verified", "verified"]
    assert large.sealwax("verify", "large_inner.eml", *TRUST).code == 0


def test_the_subject_of_a_large_mail_is_encrypted_too(large: Lab) -> None:
    large.made("encrypt", "large.eml", "--to", "ids/bob.pem", "-o", "large_hidden.eml")
    assert b"Subject: [...]" in large.read("large_hidden.eml")[:500]
    opened = large.sealwax("decrypt", "large_hidden.eml", *READER).stdout
    assert b"Subject: Large" in opened[:500]
    assert opened.endswith(LINES)


def test_inspect_sees_through_what_needs_no_key(large: Lab) -> None:
    shown = large.sealwax("inspect", "large_signed.eml").stdout.decode()
    assert "signed, detached" in shown
    assert "header fields: signed (RFC 9788)" in shown
    report = parsed(large.sealwax("inspect", "large_encrypted.eml", "--json"))
    assert [layer["algorithm"] for layer in report["layers"]] == ["AES-256-GCM"]
    large.made("sign", "large.eml", *SIGNER, "--opaque", "-o", "large_opaque.eml")
    (layer,) = parsed(large.sealwax("inspect", "large_opaque.eml", "--json"))["layers"]
    assert (layer["kind"], layer["detached"]) == ("signed", False)


def test_compressed_content_is_seen_through_in_streams(large: Lab) -> None:
    # Random bytes hardly shrink, so that the compressed file is large too.
    noise = large.write("noise.bin", os.urandom(5_500_000))
    large.made("compress", noise, "--raw", "-o", "noise.der")
    assert large.sealwax("unpack", "noise.der").stdout == large.read(noise)
    large.made("sign", "noise.der", "--raw", "--opaque", *SIGNER, "-o", "noise.p7m")
    layers = parsed(large.sealwax("inspect", "noise.p7m", "--json"))["layers"]
    assert [layer["kind"] for layer in layers] == ["signed", "compressed"]


def test_encrypted_data_is_taken_whole(large: Lab) -> None:
    key = large.write("whole.key", os.urandom(32))
    encrypted = blocking.run(
        build_encrypted_data(
            LINES, large.read(key), content_type=ID_DATA, cipher=AES_256_CBC, provider=NativeProvider()
        )
    )
    assert large.sealwax("decrypt", large.write("whole.der", encrypted), "--shared-key", key).stdout == LINES


def test_more_than_memory_may_hold_is_refused_where_it_must_be_whole(lab: Lab) -> None:
    with (lab.folder / "sparse.der").open("wb") as file:
        file.write(der.header(der.SEQUENCE, 70_000_000))
        file.truncate(70_000_000)
    result = lab.sealwax("countersign", "sparse.der", *SIGNER)
    assert (result.code, "bytes taken into memory" in result.line) == (2, True)


def test_content_is_signed_with_attributes_only(large: Lab) -> None:
    result = large.sealwax("sign", "large.eml", *SIGNER, "--no-attributes", "-o", "never.eml")
    assert (result.code, "attributes" in result.line) == (1, True)
    assert not (large.folder / "never.eml").exists()


@pytest.mark.parametrize("position", [0.5, 0.999], ids=["content", "end"])
def test_an_altered_message_leaves_no_plaintext(large: Lab, position: float) -> None:
    data = bytearray(large.read("large_encrypted.eml"))
    place = int(len(data) * position)
    data[place] = ord("A") if data[place] != ord("A") else ord("B")
    altered = large.write("large_altered.eml", bytes(data))
    before = set(large.folder.iterdir())
    result = large.sealwax("decrypt", altered, *READER, "-o", "never.eml")
    assert (result.code, bool(result.line)) == (1, True)
    assert set(large.folder.iterdir()) == before
    piped = large.sealwax("decrypt", altered, *READER)
    assert (piped.code, piped.stdout) == (1, b"")


@pytest.mark.parametrize("place", ["foreground", "background"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupted_decryption_leaves_the_old_file_and_nothing_else(
    lab: Lab, number: int, code: int, place: str
) -> None:
    folder = lab.folder / f"interrupted_{number}_{place}"
    folder.mkdir()
    (folder / "out.eml").write_bytes(b"old")
    command = [sys.executable, "-W", "error", "-c", INTERRUPTED, str(folder / "out.eml")]
    with started_as(place), interruptible_children():
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"writing\n"
    assert len(list(folder.iterdir())) == 2
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == code
    assert b"Traceback" not in stderr
    assert [path.read_bytes() for path in folder.iterdir()] == [b"old"]


# The command with an additional verb, which writes half of its output and then waits.
INTERRUPTED = """
import sys, time
import click
from sealwax.cli import group
from sealwax.cli.streams.files import open_output

target = sys.argv.pop()

@click.command()
def wait() -> None:
    with open_output(target) as file:
        file.write(b"half of a secret")
        print("writing", flush=True)
        time.sleep(60)

group.Verbs.get_command = lambda self, context, name: wait
sys.argv.append("wait")
sys.exit(group.run())
"""


def test_a_bar_moves_on_a_terminal_and_stays_out_of_pipes(large: Lab) -> None:
    arguments = ["verify", str(large.folder / "large_signed.eml"), "--anchor", str(large.folder / "ids/ca.pem")]
    shown = _on_terminal([*arguments, "--no-revocation"])
    assert b"Verifying" in shown
    assert b"verified: signed by" in shown
    assert "Verifying" not in large.sealwax("verify", "large_signed.eml", *TRUST).stderr


def _on_terminal(arguments: list[str]) -> bytes:
    process, terminal = pty.fork()
    if process == 0:
        os.environ["TERM"] = "xterm"
        os.execv(sys.executable, [sys.executable, "-m", "sealwax.cli", *arguments])  # noqa: S606
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break  # the other end is closed
        if not piece:
            break
        shown += piece
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    os.close(terminal)
    return shown


def test_a_large_message_is_inspected_in_constant_memory(large: Lab) -> None:
    peaks = [_peak_memory(large.folder, name) for name in ("signed.eml", "large_signed.eml")]
    assert peaks[1] - peaks[0] < len(LARGE)


def _peak_memory(folder: Path, name: str) -> int:
    code = (
        "import resource, sys; sys.argv = ['sealwax', 'inspect', sys.argv[1], '--json']\n"
        "from sealwax.cli import main; main()\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, name], cwd=folder, capture_output=True, check=True)
    assert json.loads(done.stdout)["layers"]
    return int(done.stderr)
