"""The plan of a parcel: where its chunks are, how large everything is at most, and what the service is told."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from smime_core import Signing
from smime_core.blocking import run
from smime_core.errors import LimitExceeded, MalformedMessage, ProviderError
from smime_core.limits import MAX_PARCEL_CHUNKS
from smime_core.parcels import (
    CHUNK_BYTES,
    MESSAGE_NAME,
    Addressee,
    ParcelPlan,
    ParcelSizes,
    ParcelTerms,
    PlannedChunk,
    PlannedFile,
)
from smime_core.provider import NewKey
from tests.support.growth import grows_in_proportion
from tests.support.parcels import BOB, FILES, PARCEL, SALT, chunks, described, manifest, opened, parcel_key, signing
from tests.support.people import NOW, PROVIDER, person

LENGTHS = (5, CHUNK_BYTES, 8)


def plan(**changes: Any) -> ParcelPlan:
    """The plan of FILES."""
    planned = ParcelPlan(
        parcel=PARCEL,
        sender="alice@example.test",
        to=[Addressee(address="bob@example.test", language="de")],
        created=NOW,
        files=[PlannedFile(name=name, size_bytes=len(data)) for name, data in FILES.items()],
        certificates=[BOB.certificate],
        key=parcel_key(),
        signing=signing(),
        terms=ParcelTerms(salt=SALT, proof=b"p" * 32, days=7),
        whole_bytes=1_000_000,
    )
    return dataclasses.replace(planned, **changes)


def file(size_bytes: int, name: str = "a") -> PlannedFile:
    return PlannedFile(name=name, size_bytes=size_bytes)


def test_each_chunk_has_its_place() -> None:
    assert plan().chunks == (
        PlannedChunk(file=0, start=0, content_bytes=5),
        PlannedChunk(file=1, start=0, content_bytes=CHUNK_BYTES),
        PlannedChunk(file=1, start=CHUNK_BYTES, content_bytes=8),
    )
    assert plan(files=[file(0), file(1, "b")]).chunks == (PlannedChunk(file=1, start=0, content_bytes=1),)
    with pytest.raises(LimitExceeded):
        plan(files=[file((MAX_PARCEL_CHUNKS + 1) * CHUNK_BYTES)]).chunks  # noqa: B018


@pytest.mark.parametrize(
    ("files", "is_whole"),
    [([500_000], True), ([500_001], False), ([0] * 100, True), ([0] * 101, False), ([250_000, 250_001], False)],
)
def test_a_small_parcel_goes_whole(files: list[int], is_whole: bool) -> None:
    planned = plan(files=[file(size, str(number)) for number, size in enumerate(files)])
    assert planned.is_whole is is_whole


def test_the_chunks_have_the_sizes_that_are_announced() -> None:
    sizes = run(plan().measure(PROVIDER))
    assert list(sizes.chunks) == [len(cms) for cms in chunks()]


@pytest.mark.parametrize("key", [NewKey.RSA_2048, NewKey.P256, NewKey.P521])
def test_no_manifest_has_more_bytes_than_are_announced(key: NewKey) -> None:
    planned = plan(signing=Signing(identities=[person("alice", key)], signing_time=NOW), files=[file(8)])
    most = run(planned.measure(PROVIDER)).manifest
    chunk = described(chunks()[2], 8)
    made = {len(run(planned.build_manifest([chunk], PROVIDER, most=most))) for _ in range(60)}
    # The signatures of an elliptic curve differ in size, and those of RSA do not.
    assert max(made) <= most < min(made) + 100
    assert (len(made) > 1) == (key is not NewKey.RSA_2048)


def test_a_manifest_above_the_announced_size_is_refused() -> None:
    made = [described(cms, length) for cms, length in zip(chunks(), LENGTHS, strict=True)]
    built = run(plan().build_manifest(made, PROVIDER))
    assert opened(built).manifest == manifest()
    assert run(plan().build_manifest(made, PROVIDER, most=len(built)))
    with pytest.raises(ProviderError, match="were announced"):
        run(plan().build_manifest(made, PROVIDER, most=len(built) - 1))


def test_a_manifest_needs_all_chunks_of_its_plan() -> None:
    made = [described(cms, length) for cms, length in zip(chunks(), LENGTHS, strict=True)]
    for wrong in (made[:2], [made[1], made[0], made[2]]):
        with pytest.raises(MalformedMessage):
            run(plan().build_manifest(wrong, PROVIDER))


def test_the_service_is_told_the_sizes_and_the_recipients() -> None:
    line = plan(whole_bytes=64_000_000).announce(ParcelSizes(chunks=[1, 2, 3], manifest=4))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "id": PARCEL,
        "to": [{"address": "bob@example.test", "language": "de"}],
        "salt": "AAECAwQFBgcICQoLDA0ODw",
        "proof": base64.urlsafe_b64encode(b"p" * 32).decode().rstrip("="),
        "certificates": [base64.b64encode(BOB.certificate.der).decode()],
        "kind": "files",
        "objects": [1, 2, 3],
        "manifest": 4,
        "days": 7,
        "downloads": None,
        "whole": True,
    }
    letter = plan(files=[file(1, MESSAGE_NAME)]).announce(ParcelSizes(chunks=[1], manifest=1))
    assert json.loads(letter)["kind"] == "message"


def test_the_service_is_told_only_the_sizes_of_a_file_that_is_kept() -> None:
    line = plan(terms=None).announce(ParcelSizes(chunks=[1, 2, 3], manifest=4))
    assert json.loads(line) == {"id": PARCEL, "objects": [1, 2, 3], "manifest": 4, "whole": False}


def test_a_plan_grows_in_proportion_to_its_files() -> None:
    def work(count: int) -> Callable[[], object]:
        planned = plan(files=[file(0, str(number)) for number in range(count)], certificates=())
        return lambda: run(planned.build_manifest([], PROVIDER))

    assert grows_in_proportion(work, 8_000)
