"""The memory of `sealwax deliver` for a parcel of many chunks: hardly more than for one of two."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from smime_core.parcels import CHUNK_BYTES
from tests.support.command.lab import Result
from tests.support.delivery.lab import BOB, DeliveryLab, read_sent

pytestmark = [
    pytest.mark.server,
    pytest.mark.thorough,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux says how much memory a process had"),
]

FEW, MANY = 2, 8
MEASURED = """
import sys
import smime_core.cms.recipients.pwri, sealwax.delivery.opening
smime_core.cms.recipients.pwri.PASSWORD_ITERATIONS = sealwax.delivery.opening.ITERATIONS = 1_000
from sealwax.cli import main
sys.argv = ["sealwax", *sys.argv[1:]]
code = main()
# Not ru_maxrss: it also counts the memory that the process had before it ran this program, which is that of the tests.
(peak,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(int(peak.split()[1]) * 1024, file=sys.stderr)
sys.exit(code)
"""


def measured(post: DeliveryLab, *arguments: str) -> tuple[Result, int]:
    """The result of a run as a process, and the most memory that it had in bytes."""
    place = post.folder / "measured.py"
    place.write_text(MEASURED)
    own = {"XDG_CONFIG_HOME": str(post.folder / "config"), "XDG_DATA_HOME": str(post.folder / "data")}
    done = subprocess.run(
        [sys.executable, str(place), *arguments],
        cwd=post.folder,
        env={**os.environ, **own},
        capture_output=True,
        timeout=600,
        check=False,
    )
    lines = done.stderr.decode().splitlines()
    return Result(done.returncode, done.stdout, "\n".join(lines[:-1])), int(lines[-1])


def there_and_back(post: DeliveryLab, chunks: int) -> tuple[int, int]:
    """The memory of sending a file of so many chunks, and that of opening it."""
    source: Path = post.folder / f"{chunks}.bin"
    with source.open("wb") as file:
        for _ in range(chunks):
            file.write(os.urandom(CHUNK_BYTES))
    result, sending = measured(post, "deliver", "send", "--to", BOB, source.name)
    sent = read_sent(result)
    post.lab.write("words.txt", f"{sent.words}\n".encode())
    target = f"got{chunks}"
    result, opening = measured(post, "deliver", "open", sent.link, "-o", target, "--words-file", "words.txt")
    assert result.code == 0
    assert (post.folder / target / source.name).read_bytes() == source.read_bytes()
    return sending, opening


def test_many_chunks_need_no_more_memory_than_two(post: DeliveryLab) -> None:
    few, many = there_and_back(post, FEW), there_and_back(post, MANY)
    assert many[0] - few[0] < CHUNK_BYTES
    assert many[1] - few[1] < CHUNK_BYTES
