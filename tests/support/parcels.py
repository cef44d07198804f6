"""A parcel from Alice to Bob with two files, one of them larger than a chunk, and the functions that open it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Sequence
from typing import Final

from smime_core import Identity, Signing
from smime_core.blocking import run
from smime_core.parcels import (
    CHUNK_BYTES,
    Manifest,
    OpenedManifest,
    ParcelChunk,
    ParcelFile,
    ParcelKey,
    build_manifest,
    decrypt_chunk,
    derive_parcel_key,
    describe_chunk,
    encrypt_chunk,
    open_manifest,
)
from smime_core.trust import Judging
from tests.support.people import NOW, PROVIDER, person, trust

SECRET: Final = "abandon ability able about above absent"
SALT: Final = bytes(range(16))
PARCEL: Final = "AAAAAAAAAAAAAAAAAAAAAA"
ALICE, BOB = person("alice"), person("bob")
FILES: Final = {"letter.txt": b"Hello", "film.bin": bytes(range(256)) * (CHUNK_BYTES // 256) + b"the rest"}


@functools.cache
def parcel_key() -> ParcelKey:
    return run(derive_parcel_key(SECRET, SALT, PROVIDER))


@functools.cache
def chunks() -> tuple[bytes, ...]:
    """The chunks of FILES, for the secret and for Bob."""
    pieces = [
        data[start : start + CHUNK_BYTES] for data in FILES.values() for start in range(0, len(data), CHUNK_BYTES)
    ]
    return tuple(
        run(encrypt_chunk(piece, PROVIDER, key=parcel_key(), certificates=[BOB.certificate])) for piece in pieces
    )


@functools.cache
def manifest() -> Manifest:
    """The manifest of FILES."""
    letter, whole, rest = chunks()
    rest_bytes = len(FILES["film.bin"]) - CHUNK_BYTES
    return Manifest(
        parcel=PARCEL,
        sender="alice@example.test",
        recipients=("bob@example.test",),
        created=NOW,
        files=(
            ParcelFile(name="letter.txt", size_bytes=5, chunks=(described(letter, 5),)),
            ParcelFile(
                name="film.bin",
                size_bytes=len(FILES["film.bin"]),
                chunks=(described(whole, CHUNK_BYTES), described(rest, rest_bytes)),
            ),
        ),
    )


def described(cms: bytes, content_bytes: int) -> ParcelChunk:
    return run(describe_chunk(cms, content_bytes, PROVIDER))


def small_manifest(**changes: object) -> Manifest:
    """A manifest with one file of one byte, without its chunk."""
    chunk = ParcelChunk(cms_bytes=900, content_bytes=1, sha256="a" * 64)
    files = (ParcelFile(name="one", size_bytes=1, chunks=(chunk,)),)
    return dataclasses.replace(manifest(), **{"files": files, **changes})  # type: ignore[arg-type]


def signing(identity: Identity = ALICE) -> Signing:
    return Signing(identities=[identity], signing_time=NOW)


def protected(content: Manifest, *, sign: Signing | None = None, for_bob: bool = False) -> bytes:
    """The manifest as an object of the parcel."""
    certificates = [BOB.certificate] if for_bob else []
    return run(build_manifest(content, PROVIDER, key=parcel_key(), certificates=certificates, signing=sign))


def opened(
    cms: bytes, *, key: ParcelKey | None = None, identities: Sequence[Identity] = (), readers: Collection[str] = ()
) -> OpenedManifest:
    """The manifest, opened by the parcel's key if no other one and no identities are given."""
    key = parcel_key() if key is None and not identities else key
    judging = Judging(trust_store=trust(), at=NOW)
    return run(open_manifest(cms, judging, PROVIDER, parcel=PARCEL, key=key, identities=identities, readers=readers))


def decrypted(cms: bytes, chunk: ParcelChunk, *, whole: Manifest | None = None) -> bytes:
    return run(decrypt_chunk(cms, chunk, PROVIDER, key=parcel_key(), manifest=whole))
