"""Send a parcel: encrypt chunk by chunk, upload each, then the manifest, then let the service notify.

At most three chunks are in memory: two on their way, and one that is read and encrypted. The state after each chunk is
kept, so that a sending that was killed goes on. All calls can be repeated: the parcel's id, which is chosen here, makes
them one parcel.
"""

from __future__ import annotations

import contextlib
import datetime
import http.client
import itertools
import json
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sealwax.delivery.failures import DeliveryFailed, lie
from sealwax.delivery.kept_sends import KeptSend, KeptSends
from sealwax.delivery.lanes import LANES, Lanes
from sealwax.delivery.outgoing import OutgoingFile
from sealwax.delivery.sender_api import Addressee, Kind, NewParcel, SenderApi, SentParcel
from sealwax.delivery.uploads import Uploader
from sealwax.http_client import Move, no_move
from smime_core import blocking
from smime_core.asn1 import Buffer
from smime_core.cms import Signing
from smime_core.errors import ProviderError
from smime_core.parcels import (
    MANIFEST_OBJECT,
    MESSAGE_NAME,
    Manifest,
    ParcelChunk,
    ParcelFile,
    ParcelKey,
    build_manifest,
    chunk_lengths,
    derive_parcel_key,
    describe_chunk,
    encrypt_chunk,
    expect_parcel_receipt,
    make_parcel_id,
    make_salt,
    make_secret,
    proof_of,
)
from smime_core.provider import CryptoProvider
from smime_core.x509 import Certificate

WHOLE_BYTES: Final = 1_048_576
"""Up to this many bytes a parcel is submitted in one request."""
_SHA256_CHARACTERS: Final = 64
_WHOLE_FILES: Final = 100
_MAX_SIGNATURES: Final = 1_000
_SIGNATURES_TRIED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A parcel to send. `certificates` are those of recipients; the secret opens it too. `language` is the words'."""

    sender: str
    to: Sequence[Addressee]
    files: Sequence[OutgoingFile]
    certificates: Sequence[Certificate] = ()
    signing: Signing | None = None
    days: int
    downloads: int | None = None
    language: str = "en"

    @property
    def kind(self) -> Kind:
        """A message if the first file is a written one."""
        return Kind.MESSAGE if self.files and self.files[0].name == MESSAGE_NAME else Kind.FILES

    @property
    def request(self) -> str:
        """A text that is the same for the same sending, as long as its files are unchanged."""
        signers = () if self.signing is None else self.signing.identities
        members = {
            "from": self.sender,
            "to": [[one.address, one.language] for one in self.to],
            "certificates": [certificate.der.hex() for certificate in self.certificates],
            "signers": [signer.certificate.der.hex() for signer in signers],
            "files": [[file.name, file.stamp] for file in self.files],
            "ends": [self.days, self.downloads],
            "language": self.language,
        }
        return json.dumps(members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A parcel that the service has, and the secret that opens it.

    `expected_receipt` is the SHA-256 of the receipts for its manifest; None if nobody has signed it.
    """

    parcel: SentParcel
    expected_receipt: bytes | None
    secret: str = field(repr=False)


class Sender:
    """Sends parcels over one API, with the cryptography of one provider."""

    def __init__(self, api: SenderApi, kept: KeptSends, provider: CryptoProvider) -> None:
        self._api = api
        self._kept = kept
        self._provider = provider

    def place_of(self, sending: Sending) -> Path:
        """The file of the state of a sending, which `forget` deletes once its secret was shown."""
        return self._kept.place_of(sending.request)

    def forget(self, sending: Sending) -> None:
        """Forget a sending. The same one again is a new parcel. Raises OSError."""
        self._kept.forget(self.place_of(sending))

    def send(self, sending: Sending, at: datetime.datetime, move: Move = no_move) -> Sent:
        """The submitted parcel. A sending that was interrupted goes on. Raises DeliveryFailed, OSError or SmimeError.

        `move` hears of the bytes of content that the service has.
        """
        self._kept.sweep(at.timestamp())
        place = self.place_of(sending)
        kept = self._kept.load(place)
        if kept is not None and self._is_lost(kept):
            kept = None
        if kept is None:
            kept = KeptSend(
                parcel_id=make_parcel_id(self._provider),
                created=int(at.timestamp()),
                secret=make_secret(self._provider, language=sending.language),
                salt=make_salt(self._provider),
            )
        key = blocking.run(derive_parcel_key(kept.secret, kept.salt, self._provider))
        run = _Run(self._api, self._kept, self._provider, place=place, sending=sending, kept=kept, key=key, move=move)
        parcel = run.finish()
        if not parcel.is_on_offer:
            # The words would be told to people who get nothing.
            raise lie("a parcel that it hands out to nobody")
        return Sent(parcel=parcel, expected_receipt=run.expected_receipt, secret=kept.secret)

    def _is_lost(self, kept: KeptSend) -> bool:
        # The service sweeps what was not finished in a day, and a sender may have withdrawn the parcel elsewhere.
        if not kept.manifest_bytes:
            return True
        try:
            return self._api.find(kept.parcel_id).state in ("expired", "withdrawn")
        except DeliveryFailed as error:
            if error.status not in (http.client.NOT_FOUND, http.client.GONE):
                raise
            return bool(kept.chunks)


class _Run:
    """One sending on its way."""

    def __init__(
        self,
        api: SenderApi,
        kept_sends: KeptSends,
        provider: CryptoProvider,
        *,
        place: Path,
        sending: Sending,
        kept: KeptSend,
        key: ParcelKey,
        move: Move,
    ) -> None:
        self._api = api
        self._kept_sends = kept_sends
        self._provider = provider
        self._place = place
        self._sending = sending
        self._kept = kept
        self._goes_on = kept.manifest_bytes > 0
        self._key = key
        self._move = move
        # Several uploads report their progress at the same time.
        self._moving = threading.Lock()

    @property
    def expected_receipt(self) -> bytes | None:
        """The SHA-256 of the receipts for the manifest that was sent."""
        return self._kept.expected_receipt

    def finish(self) -> SentParcel:
        """The submitted parcel. Raises DeliveryFailed, OSError or SmimeError."""
        if self._is_small():
            return self._send_whole()
        sizes = self._sizes()
        if not self._kept.manifest_bytes:
            self._keep(replace(self._kept, manifest_bytes=self._announced_manifest(sizes)))
        created = self._api.create(self._announcement(sizes, self._kept.manifest_bytes, whole=False))
        if created.is_submitted:
            # The service had everything before the interruption.
            return created
        uploader = self._api.uploader(self._kept.parcel_id)
        self._take_pending(uploader)
        with self._api.lanes(self._kept.parcel_id) as lanes:
            self._upload_chunks(lanes, sizes)
        manifest = self._build_manifest(self._kept.chunks, self._kept.manifest_bytes)
        self._keep(replace(self._kept, expected_receipt=self._expect_receipt(manifest)))
        (uploader.replace if self._goes_on else uploader.put)(MANIFEST_OBJECT, manifest)
        return self._api.submit(self._kept.parcel_id)

    def _is_small(self) -> bool:
        files = self._sending.files
        return sum(file.size_bytes for file in files) <= WHOLE_BYTES // 2 and len(files) <= _WHOLE_FILES

    def _send_whole(self) -> SentParcel:
        if self._kept.manifest_bytes:
            # The request of before the interruption may have arrived. What is encrypted now differs from it.
            with contextlib.suppress(DeliveryFailed):
                found = self._api.find(self._kept.parcel_id)
                if found.is_submitted:
                    return found
        objects = [self._encrypt(content) for file in self._sending.files for content in file.read_chunks(0)]
        chunks = [self._describe(cms, length) for cms, length in zip(objects, self._lengths(), strict=True)]
        manifest = self._build_manifest(chunks, None)
        expected = self._expect_receipt(manifest)
        self._keep(replace(self._kept, manifest_bytes=len(manifest), expected_receipt=expected))
        announcement = self._announcement([len(cms) for cms in objects], len(manifest), whole=True)
        created = self._api.create(announcement, [*objects, manifest])
        self._move(sum(file.size_bytes for file in self._sending.files))
        return created

    def _take_pending(self, uploader: Uploader) -> None:
        """Count the chunks that were on their way at the interruption, as far as the service has all of each."""
        for pending in self._kept.pending:
            if uploader.find_offset(str(len(self._kept.chunks))) != (pending.cms_bytes, pending.cms_bytes):
                break
            self._keep(self._kept.with_uploaded())

    def _upload_chunks(self, lanes: Lanes, sizes: Sequence[int]) -> None:
        done = len(self._kept.chunks)
        self._move(sum(chunk.content_bytes for chunk in self._kept.chunks))
        number = 0
        for file in self._sending.files:
            count = len(chunk_lengths(file.size_bytes))
            first = min(max(done - number, 0), count)
            for content in file.read_chunks(first):
                self._start_chunk(lanes, content, sizes)
                if lanes.running == LANES:
                    self._await_chunk(lanes)
            number += count
        while lanes.running:
            self._await_chunk(lanes)

    def _start_chunk(self, lanes: Lanes, content: Buffer, sizes: Sequence[int]) -> None:
        cms, number = self._encrypt(content), len(self._kept.chunks) + lanes.running
        if len(cms) != sizes[number]:
            raise ProviderError("encrypt", f"a chunk has {len(cms)} bytes, and {sizes[number]} were announced")
        # Only after an interruption the service may have a part of another encryption of this chunk.
        replaces = self._kept.has_begun(number)
        self._keep(self._kept.with_pending(number, self._describe(cms, len(content))))
        lanes.start(str(number), cms, self._share(len(content), len(cms)), replaces=replaces)

    def _await_chunk(self, lanes: Lanes) -> None:
        lanes.wait()
        self._keep(self._kept.with_uploaded())

    def _share(self, content_bytes: int, cms_bytes: int) -> Move:
        """Report the bytes of the content in place of those of its CMS structure, which has a few more."""
        moved = 0

        def move(count: int) -> None:
            nonlocal moved
            before, moved = moved, moved + count
            with self._moving:
                self._move(moved * content_bytes // cms_bytes - before * content_bytes // cms_bytes)

        return move

    def _lengths(self) -> list[int]:
        return [length for file in self._sending.files for length in chunk_lengths(file.size_bytes)]

    def _sizes(self) -> list[int]:
        """The bytes of each chunk's CMS structure. They depend on nothing but the length of the content."""
        lengths = self._lengths()
        by_length = {length: len(self._encrypt(bytes(length))) for length in set(lengths)}
        return [by_length[length] for length in lengths]

    def _announced_manifest(self, sizes: Sequence[int]) -> int:
        """The size of the manifest, which is announced before its hashes are known."""
        lengths = self._lengths()
        placeholder = "0" * _SHA256_CHARACTERS
        chunks = [
            ParcelChunk(cms_bytes=size, content_bytes=length, sha256=placeholder)
            for size, length in zip(sizes, lengths, strict=True)
        ]
        # A signature by ECDSA has one byte more or less now and then. The most frequent size is made again soon.
        found = Counter(len(self._build_manifest(chunks, None)) for _ in range(_SIGNATURES_TRIED))
        return found.most_common(1)[0][0]

    def _build_manifest(self, chunks: Sequence[ParcelChunk], size: int | None) -> bytes:
        """The manifest, with exactly `size` bytes if that is not None."""
        waiting = iter(chunks)
        files = [
            ParcelFile(
                name=file.name,
                size_bytes=file.size_bytes,
                chunks=tuple(itertools.islice(waiting, len(chunk_lengths(file.size_bytes)))),
            )
            for file in self._sending.files
        ]
        manifest = Manifest(
            parcel=self._kept.parcel_id,
            sender=self._sending.sender,
            recipients=[one.address for one in self._sending.to],
            created=datetime.datetime.fromtimestamp(self._kept.created, datetime.UTC),
            files=files,
        )
        for _ in range(_MAX_SIGNATURES):
            building = build_manifest(
                manifest,
                self._provider,
                key=self._key,
                certificates=self._sending.certificates,
                signing=self._sending.signing,
            )
            cms = blocking.run(building)
            if size in (None, len(cms)):
                return cms
        raise ProviderError("sign", f"no manifest has the {size} bytes that were announced")

    def _expect_receipt(self, manifest: bytes) -> bytes | None:
        return blocking.run(expect_parcel_receipt(manifest, self._key, self._provider))

    def _announcement(self, sizes: Sequence[int], manifest: int, *, whole: bool) -> NewParcel:
        sending = self._sending
        return NewParcel(
            parcel_id=self._kept.parcel_id,
            to=sending.to,
            salt=self._kept.salt,
            proof=blocking.run(proof_of(self._key, self._provider)),
            certificates=[certificate.der for certificate in sending.certificates],
            kind=sending.kind,
            objects=sizes,
            manifest=manifest,
            days=sending.days,
            downloads=sending.downloads,
            whole=whole,
        )

    def _encrypt(self, content: Buffer) -> bytes:
        encrypting = encrypt_chunk(content, self._provider, key=self._key, certificates=self._sending.certificates)
        return blocking.run(encrypting)

    def _describe(self, cms: bytes, content_bytes: int) -> ParcelChunk:
        return blocking.run(describe_chunk(cms, content_bytes, self._provider))

    def _keep(self, kept: KeptSend) -> None:
        self._kept = kept
        self._kept_sends.save(self._place, kept)
