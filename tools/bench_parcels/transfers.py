"""Measures the upload and download of a gigabyte as a parcel, compared with one PUT and one GET of the same bytes.

The same client does both. The ciphertext is prepared before, because the API accepts only ciphertext. The whole
command, which also encrypts and decrypts, is a separate figure. The memory of the servers is that of all processes of
gunicorn and nginx.
"""

from __future__ import annotations

import datetime
import mmap
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final, TypeVar

from sealwax.delivery.address import parse_server
from sealwax.delivery.connection import Connection
from sealwax.delivery.parallel_uploads import MAX_PARALLEL_UPLOADS
from sealwax.delivery.patience import Patience
from sealwax.delivery.recipient_api import RecipientApi
from sealwax.delivery.sender_api import SenderApi
from sealwax.http_client import HttpCall
from smime_core.blocking import run
from smime_core.parcels import (
    CHUNK_BYTES,
    MANIFEST_OBJECT,
    Addressee,
    ParcelKey,
    ParcelPlan,
    ParcelSizes,
    ParcelTerms,
    PlannedFile,
    derive_parcel_key,
    encrypt_chunk,
    make_parcel_id,
    make_salt,
    make_secret,
    proof_of,
)
from tests.support.people import PROVIDER
from tests.support.servers.own_process import clean_environment
from tools.bench.results import Figure, Figures, Limit
from tools.bench_bridge.memory import MemoryWatch
from tools.bench_parcels.rig import SENDER, ParcelRig

Result = TypeVar("Result")

OURS, THEIRS = "ours", "one request"
UP, DOWN = "up", "down"
UP_ENCRYPTED, DOWN_DECRYPTED = "up, with the command's start and encryption", "down, with its start and decryption"
GROWTH: Final = "growth of the servers"
WHERE: Final = "1 GB"
BYTES: Final = 1_000_000_000
# The smallest allowed share of the speed of one request.
_SHARE: Final = 0.7
_MAX_GROWTH_MB: Final = 16.0
_MB: Final = 1_000_000
_RECIPIENT: Final = "renate@elsewhere.test"
_MANIFEST: Final = bytes(10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A parcel whose encrypted chunks are in one file, `data`, one after the other."""

    key: ParcelKey
    data: mmap.mmap
    chunks: Sequence[memoryview]


@contextmanager
def prepare(folder: Path, size: int) -> Iterator[Prepared]:
    """Encrypt random bytes in chunks, into a file of the folder."""
    key = run(derive_parcel_key(make_secret(PROVIDER), make_salt(PROVIDER), PROVIDER))
    path, ends = folder / "ciphertext", [0]
    with path.open("wb") as target:
        for start in range(0, size, CHUNK_BYTES):
            content = os.urandom(min(CHUNK_BYTES, size - start))
            ends.append(ends[-1] + target.write(run(encrypt_chunk(content, PROVIDER, key=key))))
    with path.open("rb") as source, mmap.mmap(source.fileno(), 0, prot=mmap.PROT_READ) as data:
        view = memoryview(data)
        chunks = [view[start:end] for start, end in pairwise(ends)]
        yield Prepared(key=key, data=data, chunks=chunks)
        for buffer in (*chunks, view):
            buffer.release()


class Transfers:
    """The measured operations. `download` gets the id that `upload` returned. `get` reads the file that `put` sent."""

    def __init__(self, rig: ParcelRig, prepared: Prepared) -> None:
        self._rig = rig
        self._prepared = prepared
        self._address = parse_server(f"http://127.0.0.1:{rig.port}")
        # The buffer for the file that `get` reads.
        self._download_buffer = memoryview(bytearray(len(prepared.data)))

    def upload(self) -> str:
        """Send the chunks as a parcel, and return its id."""
        prepared, parcel_id = self._prepared, make_parcel_id(PROVIDER)
        with Connection(self._address) as connection:
            api = SenderApi(connection, self._rig.token, Patience())
            api.create(parcel_id, self._announce(parcel_id))
            with api.parallel_uploads(parcel_id) as uploads:
                for number, chunk in enumerate(prepared.chunks):
                    uploads.start(str(number), chunk)
                    if uploads.running == MAX_PARALLEL_UPLOADS:
                        uploads.wait()
                while uploads.running:
                    uploads.wait()
            api.submit(parcel_id, _MANIFEST)
        return parcel_id

    def download(self, parcel_id: str) -> None:
        """Fetch all objects of a parcel."""
        proof = run(proof_of(self._prepared.key, PROVIDER))
        with Connection(self._address) as connection, RecipientApi(connection, Patience()) as api:
            opened = api.open_by_proof(parcel_id, proof)
            api.read_object(MANIFEST_OBJECT, opened.manifest)
            for number, size in enumerate(opened.objects):
                api.read_object(str(number), size)

    def put(self) -> None:
        """Send the encrypted chunks as one file."""
        with Connection(self._address) as connection:
            body = memoryview(self._prepared.data)
            answer = connection.exchange(HttpCall(method="PUT", path="/plain/file", body=body))
            body.release()
        if answer.status != 204:
            raise RuntimeError(f"PUT: {answer.status}")

    def get(self) -> None:
        """Fetch the file that `put` sent."""
        with Connection(self._address) as connection:
            answer, count = connection.download(HttpCall(method="GET", path="/plain/file"), self._download_buffer)
        if answer.status != 200 or count != len(self._download_buffer):
            raise RuntimeError(f"GET: {answer.status}, {count} bytes")

    def tidy(self) -> None:
        """Delete the stored bytes, and wait until the disk is at rest."""
        for folder in (self._rig.store, self._rig.plain):
            for entry in folder.iterdir():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        os.sync()

    def _announce(self, parcel_id: str) -> bytes:
        prepared = self._prepared
        plan = ParcelPlan(
            parcel=parcel_id,
            sender=SENDER,
            to=[Addressee(address=_RECIPIENT, language="en")],
            created=datetime.datetime.now(datetime.UTC),
            files=[PlannedFile(name="film.bin", size_bytes=BYTES)],
            key=prepared.key,
            terms=ParcelTerms(salt=prepared.key.salt, proof=run(proof_of(prepared.key, PROVIDER)), days=7),
            whole_bytes=0,
        )
        sizes = ParcelSizes(chunks=[len(chunk) for chunk in prepared.chunks], manifest=len(_MANIFEST))
        return plan.announce(sizes)


def measure_transfers(rig: ParcelRig, runs: int) -> list[Figure]:
    """Measure both sides in turn, after one run of each as a warm-up."""
    times: dict[tuple[str, str], list[float]] = {}
    with prepare(rig.folder, BYTES) as prepared:
        transfers = Transfers(rig, prepared)
        for number in range(runs + 1):
            for (job, who), seconds in _measure_once(transfers):
                if number:
                    times.setdefault((job, who), []).append(seconds)
            transfers.tidy()
        growth = _measure_growth(rig, transfers)
    for job, seconds in _measure_command(rig, runs):
        times.setdefault((job, OURS), []).append(seconds)
    figures = [
        Figure(where=WHERE, job=job, who=who, unit="s", values=tuple(values)) for (job, who), values in times.items()
    ]
    return figures + growth


def transfer_limits(figures: Figures) -> list[Limit]:
    """Limits: 0.7 of the speed of one request, 16 MB of the servers' memory."""
    limits = [
        Limit(
            where=WHERE,
            what=f"{job}: {OURS} / {THEIRS}",
            value=figures.ratio(WHERE, job, OURS, THEIRS),
            limit=1 / _SHARE,
            unit="times",
        )
        for job in (UP, DOWN)
    ]
    return limits + [
        Limit(where=WHERE, what=job, value=figures.median(WHERE, job, OURS), limit=_MAX_GROWTH_MB, unit="MB")
        for job in (f"{UP}: {GROWTH}", f"{DOWN}: {GROWTH}")
    ]


def _measure_once(transfers: Transfers) -> Iterator[tuple[tuple[str, str], float]]:
    yield (UP, THEIRS), _seconds(transfers.put)[0]
    os.sync()
    seconds, parcel_id = _seconds(transfers.upload)
    yield (UP, OURS), seconds
    os.sync()
    yield (DOWN, THEIRS), _seconds(transfers.get)[0]
    yield (DOWN, OURS), _seconds(lambda: transfers.download(parcel_id))[0]


def _seconds(work: Callable[[], Result]) -> tuple[float, Result]:
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def _measure_growth(rig: ParcelRig, transfers: Transfers) -> list[Figure]:
    watch = MemoryWatch(rig.bridge_pid, rig.nginx_pid)
    parcel_id = transfers.upload()

    def growth_during(work: Callable[[], object]) -> float:
        return watch.growth_during([work], meanwhile=lambda: time.sleep(0.05)) / _MB

    values = {UP: growth_during(transfers.upload), DOWN: growth_during(lambda: transfers.download(parcel_id))}
    transfers.tidy()
    return [
        Figure(where=WHERE, job=f"{job}: {GROWTH}", who=OURS, unit="MB", values=(value,))
        for job, value in values.items()
    ]


def _measure_command(rig: ParcelRig, runs: int) -> Iterator[tuple[str, float]]:
    """The time of the whole command, which reads a file from the disk and writes one."""
    folder = rig.folder / "command"
    folder.mkdir()
    (folder / "token").write_text(f"{rig.token}\n")
    with (folder / "file").open("wb") as target:
        for _ in range(BYTES // _MB):
            target.write(os.urandom(_MB))
    service = ("--server", rig.pages_origin, "--address", SENDER, "--token-file", "token")
    for _ in range(runs):
        os.sync()
        seconds, printed = _seconds(partial(_deliver, folder, "send", "file", "--to", _RECIPIENT, *service))
        yield UP_ENCRYPTED, seconds
        fields = dict(line.split(": ", 1) for line in printed.splitlines())
        (folder / "words").write_text(f"{fields['Words']}\n")
        os.sync()
        opening = ("open", fields["Link"], "--words-file", "words", "-o", "got", "--no-revocation")
        yield DOWN_DECRYPTED, _seconds(partial(_deliver, folder, *opening))[0]
        shutil.rmtree(folder / "got")


def _deliver(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "sealwax.cli", "deliver", *arguments],
        cwd=folder, env=clean_environment(HOME=str(folder)), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"deliver {arguments[0]}: {done.stderr}")
    return done.stdout
