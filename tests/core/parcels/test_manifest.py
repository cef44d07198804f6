"""The JSON of a manifest: what is written is read, and every other text is refused with one error, in linear time."""

from __future__ import annotations

import dataclasses
import datetime
import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from smime_core.errors import LimitExceeded, MalformedMessage, SmimeError
from smime_core.limits import (
    MAX_PARCEL_CHUNK_OVERHEAD_BYTES,
    MAX_PARCEL_CHUNKS,
    MAX_PARCEL_FILES,
    MAX_PARCEL_MANIFEST_BYTES,
)
from smime_core.parcels import CHUNK_BYTES, MESSAGE_NAME, ParcelFile, check_file_name
from smime_core.parcels.manifest import read_manifest, write_manifest
from tests.support.growth import grows_in_proportion
from tests.support.parcels import manifest, small_manifest

CHUNK = {"bytes": 900, "sha256": "a" * 64}
FILE = {"name": "one", "bytes": 1, "chunks": [CHUNK]}


def members(**changes: Any) -> bytes:
    return json.dumps(json.loads(write_manifest(small_manifest())) | changes).encode()


def file_members(**changes: Any) -> bytes:
    return members(files=[FILE | changes])


def chunk_members(**changes: Any) -> bytes:
    return file_members(chunks=[CHUNK | changes])


def test_what_is_written_is_read() -> None:
    assert read_manifest(write_manifest(manifest())) == manifest()
    assert [chunk.content_bytes for chunk in manifest().chunks] == [5, CHUNK_BYTES, 8]


def test_the_members_are_those_of_the_format() -> None:
    assert json.loads(write_manifest(small_manifest())) == {
        "version": "sealwax-parcel-1",
        "parcel": "AAAAAAAAAAAAAAAAAAAAAA",
        "from": "alice@example.test",
        "to": ["bob@example.test"],
        "created": "2026-06-01T12:00:00Z",
        "files": [FILE],
    }


def test_a_written_message_is_the_first_file() -> None:
    assert small_manifest().message is None
    empty = ParcelFile(name=MESSAGE_NAME, size_bytes=0, chunks=())
    assert small_manifest(files=(empty, *small_manifest().files)).message == empty
    assert small_manifest(files=(*small_manifest().files, empty)).message is None
    assert small_manifest(files=()).message is None


def test_a_manifest_without_files_and_an_empty_file_are_read() -> None:
    assert read_manifest(members(files=[])).files == ()
    assert read_manifest(file_members(bytes=0, chunks=[])).files[0].chunks == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b'"text"',
        b"\xff",
        members(version="sealwax-parcel-2"),
        members(more=1),
        members(parcel="AAAAAAAAAAAAAAAAAAAAAB"),
        members(parcel="short"),
        members(parcel=7),
        members(**{"from": "alice"}),
        members(to=["bob"]),
        members(to="bob@example.test"),
        members(to=[7]),
        members(created="2026-06-01T12:00:00+02:00"),
        members(created="2026-06-31T12:00:00Z"),
        members(files={}),
        members(files=[7]),
        members(files=[FILE, FILE]),
        members(files=[FILE, FILE | {"name": "ONE"}]),
        file_members(name=""),
        file_members(name=7),
        file_members(bytes=-1),
        file_members(bytes=True),
        file_members(bytes=1.0),
        file_members(bytes=0),
        file_members(bytes=CHUNK_BYTES + 1),
        file_members(chunks=[]),
        file_members(chunks=[CHUNK, CHUNK]),
        file_members(chunks=[[]]),
        chunk_members(bytes=1),
        chunk_members(bytes=2 + MAX_PARCEL_CHUNK_OVERHEAD_BYTES),
        chunk_members(bytes="900"),
        chunk_members(sha256="A" * 64),
        chunk_members(sha256="a" * 63),
        chunk_members(more=1),
        members().replace(b'"bytes": 1,', b'"bytes": 1, "bytes": 1,'),
        members().replace(b'"one"', b'"\\ud800"'),
    ],
)
def test_another_manifest_is_malformed(content: bytes) -> None:
    with pytest.raises(MalformedMessage):
        read_manifest(content)


@pytest.mark.parametrize(
    "content",
    [
        members(files=[FILE | {"name": str(number)} for number in range(MAX_PARCEL_FILES + 1)]),
        members(to=["bob@example.test"] * 501),
        file_members(bytes=CHUNK_BYTES * MAX_PARCEL_CHUNKS + 1),
        file_members(bytes=(1 << 53) - 1),
        file_members(name="n" * 256),
        b" " * MAX_PARCEL_MANIFEST_BYTES + members(),
        b"[" * 500_000,
        members(
            files=[
                FILE | {"name": str(n), "bytes": CHUNK_BYTES * 32_768, "chunks": [CHUNK] * 32_768 + [CHUNK] * 2_000}
                for n in "ab"
            ]
        ),
    ],
    ids=["files", "to", "chunks", "bytes", "name", "size", "depth", "tokens"],
)
def test_huge_counts_are_refused(content: bytes) -> None:
    with pytest.raises(LimitExceeded):
        read_manifest(content)


def test_chunks_of_all_files_are_counted() -> None:
    half = {"bytes": CHUNK_BYTES * 16_385, "chunks": [CHUNK | {"bytes": CHUNK_BYTES + 1}] * 16_385}
    with pytest.raises(LimitExceeded, match="chunks of a parcel is 32770"):
        read_manifest(members(files=[half | {"name": "a"}, half | {"name": "b"}]))


def test_the_largest_manifest_is_read() -> None:
    longest = [f"{number:05}{'n' * 250}" for number in range(MAX_PARCEL_FILES)]
    chunk = CHUNK | {"bytes": CHUNK_BYTES + 1}
    film = {"name": "film", "bytes": CHUNK_BYTES * 22_769, "chunks": [chunk] * 22_769}
    content = members(files=[*(FILE | {"name": name} for name in longest[1:]), film])
    assert len(read_manifest(content).chunks) == MAX_PARCEL_CHUNKS


@pytest.mark.parametrize("name", ["photo.jpg", "Grüße aus Köln.txt", "نص.txt", "…", ".profile", "a b", "n" * 255])
def test_names_of_files_are_accepted(name: str) -> None:
    check_file_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a\0b",
        "a\nb",
        "a\x7fb",
        "\u202egpj.exe",
        "a\u2066b",
        "a\u200fb",
        "a\u2028b",
        "\ud800",
        "ü" * 128,
    ],
)
def test_names_that_deceive_or_leave_the_folder_are_refused(name: str) -> None:
    with pytest.raises(MalformedMessage):
        check_file_name(name)


@pytest.mark.parametrize(
    "changes",
    [
        {"parcel": "short"},
        {"sender": "nobody"},
        {"recipients": ("\ud800",)},
        {"created": datetime.datetime(2026, 6, 1)},
        {"created": datetime.datetime(2026, 6, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))},
        {"files": (ParcelFile(name="a/b", size_bytes=0, chunks=()),)},
    ],
)
def test_a_manifest_that_would_be_refused_is_not_written(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        write_manifest(dataclasses.replace(small_manifest(), **changes))


def test_fractions_of_a_second_are_left_out() -> None:
    created = small_manifest().created.replace(microsecond=5)
    assert read_manifest(write_manifest(small_manifest(created=created))) == small_manifest()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.sampled_from(["a" * 64, "one"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["name", "bytes", "chunks", "sha256"]), inner)
    ),
    max_leaves=20,
)


@given(st.sampled_from(["version", "parcel", "from", "to", "created", "files"]), VALUES)
def test_any_member_is_read_or_refused_with_one_error(name: str, value: object) -> None:
    content = members(**{name: value})
    try:
        first_reading = read_manifest(content)
    except SmimeError:
        return
    assert read_manifest(write_manifest(first_reading)) == first_reading


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:0aeu\\', max_size=60).map(str.encode))
@settings(max_examples=300)
def test_any_bytes_are_read_or_refused_with_one_error(content: bytes) -> None:
    with pytest.raises(MalformedMessage):
        read_manifest(content)


@pytest.mark.parametrize(
    "piece", [b"[", b'{"a":', b'"', b"\\u0041", b"1", b" ", b'{"name":"x","bytes":0,"chunks":[]},']
)
def test_hostile_manifests_take_linear_time(piece: bytes) -> None:
    head = members(files=[])[:-2]

    def refused(content: bytes) -> None:
        with pytest.raises(MalformedMessage):
            read_manifest(content)

    def work(size: int) -> Any:
        content = head + piece * (size // len(piece))
        return lambda: refused(content)

    assert grows_in_proportion(work, 4_000_000)
