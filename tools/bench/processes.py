"""Measures whole processes on large files: `sealwax` and `openssl cms` in turn, on the same files.

`sealwax` writes DER. `openssl` writes BER in pieces (`-stream`), because for DER it needs three times the content in
memory. Each program verifies and decrypts both encodings, so that neither program has the advantage of its own
encoding.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from smime_core.asn1.pem import build_pem
from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.identity.private_key_file import export_private_key
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from tests.support.people import NOW

_SEALWAX: Final = [str(Path(sys.executable).with_name("sealwax"))]
_AT: Final = "2026-06-01T12:00:00Z"
_BLOCK: Final = 1 << 20
# A separate small process (9 MB, the least for Python) starts each command, because Linux counts the memory of the
# parent process in the peak of its child.
_TIMER: Final = """
import os, sys, time
start = time.perf_counter()
null = os.open(os.devnull, os.O_RDWR)
pid = os.posix_spawn(sys.argv[1], sys.argv[2:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
_, status, usage = os.wait4(pid, 0)
print(time.perf_counter() - start, usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Two commands that do the same work. Ours writes the file `out`, openssl's writes `out2`."""

    name: str
    ours: list[str]
    theirs: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The figures of one job: the median wall time in seconds, and the largest peak memory in bytes."""

    job: str
    content_bytes: int
    ours_seconds: float
    theirs_seconds: float
    ours_peak_bytes: int
    theirs_peak_bytes: int
    runs: int


def measure(content_bytes: int, *, runs: int, folder: Path | None = None) -> list[Timing]:
    """Measure all jobs on content of this size. `folder` needs space for six times as much."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        _make_inputs(work, content_bytes)
        return [_measure(job, work, content_bytes, runs) for job in _jobs()]


_OPENSSL: Final = "openssl cms -binary"
_SIGNER: Final = "-signer alice.pem -inkey alice.key"
_THEIR_TRUST: Final = f"-CAfile ca.pem -purpose any -attime {int(NOW.timestamp())}"
_OUR_TRUST: Final = f"--anchor ca.pem --no-revocation --from alice@example.test --at {_AT}"
_OPAQUE: Final = (
    "sign content --raw --opaque --der --identity alice.both",
    f"{_OPENSSL} -sign -nodetach -stream -outform DER {_SIGNER} -in content",
)
_DETACHED: Final = (
    "sign content --raw --der --identity alice.both",
    f"{_OPENSSL} -sign -outform DER {_SIGNER} -in content",
)
_ENCRYPTED: Final = {
    cipher: (
        f"encrypt content --raw --der {flag} --to alice.pem",
        f"{_OPENSSL} -encrypt -stream -aes-256-{cipher.lower()} -outform DER -in content -recip alice.pem",
    )
    for cipher, flag in (("CBC", "--compatible"), ("GCM", "--modern"))
}


def _jobs() -> list[Job]:
    jobs = [_job("sign opaque", *_OPAQUE), _job("sign detached", *_DETACHED)]
    jobs += [
        _job(
            f"verify opaque, made by {maker}",
            f"verify opaque.{maker} {_OUR_TRUST}",
            f"{_OPENSSL} -verify -inform DER {_THEIR_TRUST} -in opaque.{maker}",
        )
        for maker in ("us", "openssl")
    ]
    detached = f"{_OPENSSL} -verify -inform DER {_THEIR_TRUST} -in detached.us -content content"
    jobs.append(_job("verify detached", f"verify detached.us --content content {_OUR_TRUST}", detached))
    jobs.append(
        _job(
            "verify multipart/signed",
            f"verify mail.eml {_OUR_TRUST}",
            f"openssl cms -verify -inform SMIME {_THEIR_TRUST} -in mail.eml",
        )
    )
    for cipher, commands in _ENCRYPTED.items():
        jobs.append(_job(f"encrypt AES-256-{cipher}", *commands))
        jobs += [
            _job(
                f"decrypt AES-256-{cipher}, made by {maker}",
                f"decrypt {cipher}.{maker} --identity alice.both",
                f"{_OPENSSL} -decrypt -inform DER -recip alice.pem -inkey alice.key -in {cipher}.{maker}",
            )
            for maker in ("us", "openssl")
        ]
    return jobs


def _job(name: str, ours: str, theirs: str) -> Job:
    return Job(name=name, ours=[*_SEALWAX, *ours.split(), "-o", "out"], theirs=[*theirs.split(), "-out", "out2"])


def _make_inputs(work: Path, content_bytes: int) -> None:
    provider = NativeProvider()
    authority = run(create_authority("Bench CA", provider=provider, at=NOW))
    alice = run(issue_identity(authority, "alice@example.test", provider=provider, at=NOW, key=NewKey.RSA_2048))
    key_pem = run(export_private_key(alice.private_key, None, provider=provider))
    certificate_pem = build_pem("CERTIFICATE", alice.certificate.der)
    (work / "alice.key").write_bytes(key_pem)
    (work / "alice.pem").write_bytes(certificate_pem)
    (work / "alice.both").write_bytes(key_pem + certificate_pem)
    (work / "ca.pem").write_bytes(build_pem("CERTIFICATE", authority.identity.certificate.der))
    _write_random(work / "content", content_bytes)
    _write_mail(work / "plain.eml", content_bytes)
    for name, (ours, theirs) in {"opaque": _OPAQUE, "detached": _DETACHED, **_ENCRYPTED}.items():
        _check([*_SEALWAX, *ours.split(), "-o", f"{name}.us"], work)
        _check([*theirs.split(), "-out", f"{name}.openssl"], work)
    _check([*_SEALWAX, "sign", "plain.eml", "--identity", "alice.both", "-o", "mail.eml"], work)


def _write_random(path: Path, length: int) -> None:
    with path.open("wb") as file:
        while length:
            block = os.urandom(min(_BLOCK, length))
            file.write(block)
            length -= len(block)


def _write_mail(path: Path, length: int) -> None:
    # The body is text in lines of 76 characters, which needs no transfer encoding and so does not grow.
    head = b"From: alice@example.test\r\nTo: bob@example.test\r\nSubject: bench\r\nContent-Type: text/plain\r\n\r\n"
    lines = (b"Sealing wax holds the letter shut until the one whom it is for has broken it" + b"\r\n") * 10_000
    with path.open("wb") as file:
        file.write(head)
        for _ in range(-(-length // len(lines))):
            file.write(lines)


def _measure(job: Job, work: Path, content_bytes: int, runs: int) -> Timing:
    os.sync()  # the disk must not be busy with earlier output during a measurement
    for command in (job.ours, job.theirs):
        _check(command, work)  # fills the caches, and ends with an error if the command fails
    pairs = [(_time(job.ours, work), _time(job.theirs, work)) for _ in range(runs)]
    return Timing(
        job=job.name,
        content_bytes=content_bytes,
        ours_seconds=statistics.median(pair[0][0] for pair in pairs),
        theirs_seconds=statistics.median(pair[1][0] for pair in pairs),
        ours_peak_bytes=max(pair[0][1] for pair in pairs),
        theirs_peak_bytes=max(pair[1][1] for pair in pairs),
        runs=runs,
    )


def _check(command: Sequence[str], work: Path) -> None:
    done = subprocess.run(command, cwd=work, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.decode(errors='replace')}")
    for name in ("out", "out2"):
        (work / name).unlink(missing_ok=True)


def _time(command: Sequence[str], work: Path) -> tuple[float, int]:
    """Run a command. Returns its seconds and its peak memory in bytes. Removes its output files."""
    path = shutil.which(command[0])
    timed = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _TIMER, str(path), *command],
        cwd=work,
        capture_output=True,
        check=False,
        text=True,
    )
    if timed.returncode:
        raise SystemExit(f"{' '.join(command)}: {timed.stderr}")
    for name in ("out", "out2"):
        (work / name).unlink(missing_ok=True)
    seconds, kilobytes = timed.stdout.split()[-2:]
    return float(seconds), int(kilobytes) * 1024
