"""A parcel before it is encrypted: its chunks, its sizes, and its announcement to the service.

A large parcel is announced with the sizes of its objects before the first object is sent. The size of a chunk's CMS
depends only on the length of its content. The size of the manifest differs by some bytes from signature to signature,
so its largest possible size is announced. A small parcel is sent in one request, after everything is encrypted.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from smime_core.cms.signing import Signing
from smime_core.errors import ProviderError
from smime_core.parcels.chunks import encrypt_chunk
from smime_core.parcels.manifest import MESSAGE_NAME, Manifest, ParcelChunk, ParcelFile, chunk_lengths
from smime_core.parcels.manifest_object import build_manifest
from smime_core.parcels.parcel_key import ParcelKey
from smime_core.provider import CryptoProvider
from smime_core.text import base64_text, write_base64url
from smime_core.x509.certificate import Certificate

_MAX_WHOLE_FILES: Final = 100
# Each number of an ECDSA signature may be a byte longer than in the measured signature, or some bytes shorter.
_SIGNATURE_BYTES: Final = 64
_NO_HASH: Final = "0" * 64


class ParcelKind(StrEnum):
    """The kind of a parcel, which its notice names."""

    MESSAGE = "message"
    FILES = "files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """A recipient, and the language of the notice."""

    address: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """A file to send, by its name in the parcel and its size in bytes."""

    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChunk:
    """The content of a chunk: `content_bytes` from the byte `start` on, in the file of this number."""

    file: int
    start: int
    content_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelSizes:
    """The bytes of each chunk's CMS, and of the manifest: exact for a parcel in one request, else the maximum."""

    chunks: Sequence[int]
    manifest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelTerms:
    """The terms of a parcel: the service gives it to holders of `proof`, at most `downloads` times (None: no limit)."""

    salt: bytes
    proof: bytes = field(repr=False)
    days: int
    downloads: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelPlan:
    """A parcel to send. `key`, the certificates, or both open it. `created` is in UTC.

    A service accepts a parcel of up to `whole_bytes` in one request. `terms` are None for a file that people keep for
    themselves.
    """

    parcel: str
    sender: str
    to: Sequence[Addressee]
    created: datetime.datetime
    files: Sequence[PlannedFile]
    certificates: Sequence[Certificate] = ()
    key: ParcelKey | None = None
    signing: Signing | None = None
    terms: ParcelTerms | None = None
    whole_bytes: int

    @property
    def size_bytes(self) -> int:
        """The bytes of all files."""
        return sum(file.size_bytes for file in self.files)

    @property
    def is_whole(self) -> bool:
        """Whether the parcel goes in one request. The limits leave room for encryption and the manifest."""
        return self.size_bytes <= self.whole_bytes // 2 and len(self.files) <= _MAX_WHOLE_FILES

    @property
    def kind(self) -> ParcelKind:
        """A message if the first file is a written message."""
        return ParcelKind.MESSAGE if self.files and self.files[0].name == MESSAGE_NAME else ParcelKind.FILES

    @property
    def chunks(self) -> tuple[PlannedChunk, ...]:
        """The chunks of all files. The number of a chunk is its index here. Raises LimitExceeded."""
        planned: list[PlannedChunk] = []
        for number, file in enumerate(self.files):
            start = 0
            for length in chunk_lengths(file.size_bytes):
                planned.append(PlannedChunk(file=number, start=start, content_bytes=length))
                start += length
        return tuple(planned)

    async def measure(self, provider: CryptoProvider) -> ParcelSizes:
        """The sizes to announce for a parcel that needs several requests. Raises SmimeError."""
        lengths = [chunk.content_bytes for chunk in self.chunks]
        by_length = {
            length: len(await encrypt_chunk(bytes(length), provider, key=self.key, certificates=self.certificates))
            for length in sorted(set(lengths))
        }
        chunks = [ParcelChunk(cms_bytes=by_length[length], content_bytes=length, sha256=_NO_HASH) for length in lengths]
        manifest = await self._build(chunks, provider)
        return ParcelSizes(chunks=[chunk.cms_bytes for chunk in chunks], manifest=len(manifest) + _SIGNATURE_BYTES)

    async def build_manifest(
        self, chunks: Sequence[ParcelChunk], provider: CryptoProvider, *, most: int | None = None
    ) -> bytes:
        """The manifest for the encrypted chunks, of at most `most` bytes if these were announced.

        Raises ProviderError if it has more, and SmimeError.
        """
        manifest = await self._build(chunks, provider)
        if most is not None and len(manifest) > most:
            raise ProviderError("sign", f"the manifest has {len(manifest)} bytes, and {most} were announced")
        return manifest

    def announce(self, sizes: ParcelSizes) -> bytes:
        """The line of JSON that announces the parcel to the service, with the line end."""
        members: dict[str, Any] = {"id": self.parcel, "objects": list(sizes.chunks), "manifest": sizes.manifest}
        if self.terms is not None:
            members |= {
                "to": [{"address": recipient.address, "language": recipient.language} for recipient in self.to],
                "salt": write_base64url(self.terms.salt),
                "proof": write_base64url(self.terms.proof),
                "certificates": [base64_text(certificate.der) for certificate in self.certificates],
                "kind": str(self.kind),
                "days": self.terms.days,
                "downloads": self.terms.downloads,
            }
        members["whole"] = self.is_whole
        return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    async def _build(self, chunks: Sequence[ParcelChunk], provider: CryptoProvider) -> bytes:
        waiting = iter(chunks)
        files = [
            ParcelFile(
                name=file.name,
                size_bytes=file.size_bytes,
                chunks=tuple(islice(waiting, len(chunk_lengths(file.size_bytes)))),
            )
            for file in self.files
        ]
        manifest = Manifest(
            parcel=self.parcel,
            sender=self.sender,
            recipients=[recipient.address for recipient in self.to],
            created=self.created,
            files=files,
        )
        return await build_manifest(
            manifest, provider, key=self.key, certificates=self.certificates, signing=self.signing
        )
