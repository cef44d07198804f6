"""Send a parcel: encrypt and upload each chunk, upload the manifest, then let the service notify the recipients.

At most three chunks are in memory: two that are being uploaded, and one that is read and encrypted. The state after
each chunk is kept, so a killed sending can go on later. All calls can be repeated, because the client chooses the
parcel's id.
"""

from __future__ import annotations

import contextlib
import datetime
import http.client
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sealwax.delivery.failures import DeliveryFailed, lie
from sealwax.delivery.outgoing import OutgoingFile
from sealwax.delivery.parallel_uploads import MAX_PARALLEL_UPLOADS, ParallelUploads
from sealwax.delivery.send_states import SendState, SendStates
from sealwax.delivery.sender_api import SenderApi, SentParcel
from sealwax.delivery.uploads import Uploader
from sealwax.http_client import Move, no_move
from smime_core import blocking
from smime_core.asn1 import Buffer
from smime_core.cms import Signing
from smime_core.errors import ProviderError
from smime_core.parcels import (
    Addressee,
    ParcelChunk,
    ParcelKey,
    ParcelPlan,
    ParcelSizes,
    ParcelTerms,
    PlannedFile,
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
"""A parcel of at most this many bytes is submitted in one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A parcel to send. A key of `certificates` or the secret opens it. `language` is the six words' language."""

    sender: str
    to: Sequence[Addressee]
    files: Sequence[OutgoingFile]
    certificates: Sequence[Certificate] = ()
    signing: Signing | None = None
    days: int
    downloads: int | None = None
    language: str = "en"

    @property
    def request(self) -> str:
        """A text that identifies the sending. It changes if one of the files changes."""
        signers = () if self.signing is None else self.signing.identities
        members = {
            "from": self.sender,
            "to": [[recipient.address, recipient.language] for recipient in self.to],
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

    `expected_receipt` is the SHA-256 of every right receipt for the parcel; None if the manifest is not signed.
    """

    parcel: SentParcel
    expected_receipt: bytes | None
    secret: str = field(repr=False)


class Sender:
    """Sends parcels over one API, with the cryptography of one provider."""

    def __init__(self, api: SenderApi, states: SendStates, provider: CryptoProvider) -> None:
        self._api = api
        self._states = states
        self._provider = provider

    def state_file_of(self, sending: Sending) -> Path:
        """The file with the state of a sending. `forget` deletes it after the secret was shown."""
        return self._states.state_file_of(sending.request)

    def forget(self, sending: Sending) -> None:
        """Forget a sending. Sending the same files again then makes a new parcel. Raises OSError."""
        self._states.forget(self.state_file_of(sending))

    def send(self, sending: Sending, at: datetime.datetime, move: Move = no_move) -> Sent:
        """Send a parcel, or continue an interrupted sending. Raises DeliveryFailed, OSError or SmimeError.

        `move` reports the bytes of content that the service has received.
        """
        self._states.sweep(at.timestamp())
        state_file = self.state_file_of(sending)
        state = self._states.load(state_file)
        if state is not None and self._is_lost(state):
            state = None
        if state is None:
            state = SendState(
                parcel_id=make_parcel_id(self._provider),
                created=int(at.timestamp()),
                secret=make_secret(self._provider, language=sending.language),
                salt=make_salt(self._provider),
            )
        run = _Run(
            self._api,
            self._states,
            self._provider,
            state_file=state_file,
            sending=sending,
            state=state,
            key=blocking.run(derive_parcel_key(state.secret, state.salt, self._provider)),
            move=move,
        )
        parcel = run.finish()
        if not parcel.is_on_offer:
            # Otherwise the sender would give the six words to people who get no parcel.
            raise lie("a parcel that it hands out to nobody")
        return Sent(parcel=parcel, expected_receipt=run.expected_receipt, secret=state.secret)

    def _is_lost(self, state: SendState) -> bool:
        # The service deletes parcels that are not finished within a day. The sender may also have withdrawn the parcel.
        if not state.manifest_bytes:
            return True
        try:
            return self._api.find(state.parcel_id).state in ("expired", "withdrawn")
        except DeliveryFailed as error:
            if error.status not in (http.client.NOT_FOUND, http.client.GONE):
                raise
            return bool(state.chunks)


class _Run:
    """One sending, from the announcement to the submitted parcel."""

    def __init__(
        self,
        api: SenderApi,
        states: SendStates,
        provider: CryptoProvider,
        *,
        state_file: Path,
        sending: Sending,
        state: SendState,
        key: ParcelKey,
        move: Move,
    ) -> None:
        self._api = api
        self._states = states
        self._provider = provider
        self._state_file = state_file
        self._sending = sending
        self._state = state
        self._key = key
        self._move = move
        self._plan = self._make_plan()
        # Several uploads report their progress at the same time.
        self._moving = threading.Lock()

    @property
    def expected_receipt(self) -> bytes | None:
        """The SHA-256 of every right receipt for the parcel; None if the manifest is not signed."""
        return self._state.expected_receipt

    def finish(self) -> SentParcel:
        """Send everything that the service does not have yet. Raises DeliveryFailed, OSError or SmimeError."""
        if self._plan.is_whole:
            return self._send_whole()
        sizes = blocking.run(self._plan.measure(self._provider))
        if self._state.manifest_bytes:
            # The announcement must be the same as before the interruption.
            sizes = replace(sizes, manifest=self._state.manifest_bytes)
        else:
            self._save(replace(self._state, manifest_bytes=sizes.manifest))
        created = self._api.create(self._state.parcel_id, self._plan.announce(sizes))
        if created.is_submitted:
            # The service had everything before the interruption.
            return created
        self._take_pending(self._api.uploader(self._state.parcel_id))
        with self._api.parallel_uploads(self._state.parcel_id) as uploads:
            self._upload_chunks(uploads, sizes.chunks)
        manifest = self._build_manifest(self._state.chunks, sizes.manifest)
        self._save(replace(self._state, expected_receipt=self._expect_receipt(manifest)))
        return self._api.submit(self._state.parcel_id, manifest)

    def _make_plan(self) -> ParcelPlan:
        sending = self._sending
        proof = blocking.run(proof_of(self._key, self._provider))
        return ParcelPlan(
            parcel=self._state.parcel_id,
            sender=sending.sender,
            to=sending.to,
            created=datetime.datetime.fromtimestamp(self._state.created, datetime.UTC),
            files=[PlannedFile(name=file.name, size_bytes=file.size_bytes) for file in sending.files],
            certificates=sending.certificates,
            key=self._key,
            signing=sending.signing,
            terms=ParcelTerms(salt=self._state.salt, proof=proof, days=sending.days, downloads=sending.downloads),
            whole_bytes=WHOLE_BYTES,
        )

    def _send_whole(self) -> SentParcel:
        if self._state.manifest_bytes:
            # The request before the interruption may have arrived. It cannot be repeated, because a new encryption
            # differs.
            with contextlib.suppress(DeliveryFailed):
                parcel = self._api.find(self._state.parcel_id)
                if parcel.is_submitted:
                    return parcel
        contents = [content for file in self._sending.files for content in file.read_chunks(0)]
        objects = [self._encrypt(content) for content in contents]
        chunks = [self._describe(cms, len(content)) for cms, content in zip(objects, contents, strict=True)]
        manifest = self._build_manifest(chunks)
        expected = self._expect_receipt(manifest)
        self._save(replace(self._state, manifest_bytes=len(manifest), expected_receipt=expected))
        sizes = ParcelSizes(chunks=[len(cms) for cms in objects], manifest=len(manifest))
        created = self._api.create(self._state.parcel_id, self._plan.announce(sizes), [*objects, manifest])
        self._move(self._plan.size_bytes)
        return created

    def _take_pending(self, uploader: Uploader) -> None:
        """Count the pending chunks that the service has completely, up to the first that it has not."""
        for pending in self._state.pending:
            if uploader.find_offset(str(len(self._state.chunks))) != (pending.cms_bytes, pending.cms_bytes):
                break
            self._save(self._state.with_uploaded())

    def _upload_chunks(self, uploads: ParallelUploads, sizes: Sequence[int]) -> None:
        done = len(self._state.chunks)
        self._move(sum(chunk.content_bytes for chunk in self._state.chunks))
        number = 0
        for file in self._sending.files:
            count = len(chunk_lengths(file.size_bytes))
            first = min(max(done - number, 0), count)
            for content in file.read_chunks(first):
                self._start_chunk(uploads, content, sizes)
                if uploads.running == MAX_PARALLEL_UPLOADS:
                    self._await_chunk(uploads)
            number += count
        while uploads.running:
            self._await_chunk(uploads)

    def _start_chunk(self, uploads: ParallelUploads, content: Buffer, sizes: Sequence[int]) -> None:
        cms, number = self._encrypt(content), len(self._state.chunks) + uploads.running
        if len(cms) != sizes[number]:
            raise ProviderError("encrypt", f"a chunk has {len(cms)} bytes, and {sizes[number]} were announced")
        # After an interruption, the service may have a part of another encryption of this chunk.
        replaces = self._state.has_begun(number)
        self._save(self._state.with_pending(number, self._describe(cms, len(content))))
        uploads.start(str(number), cms, self._share(len(content), len(cms)), replaces=replaces)

    def _await_chunk(self, uploads: ParallelUploads) -> None:
        uploads.wait()
        self._save(self._state.with_uploaded())

    def _share(self, content_bytes: int, cms_bytes: int) -> Move:
        """A function that counts bytes of the CMS structure and reports the fewer bytes of content in them."""
        moved = 0

        def move(count: int) -> None:
            nonlocal moved
            before, moved = moved, moved + count
            with self._moving:
                self._move(moved * content_bytes // cms_bytes - before * content_bytes // cms_bytes)

        return move

    def _build_manifest(self, chunks: Sequence[ParcelChunk], most: int | None = None) -> bytes:
        return blocking.run(self._plan.build_manifest(chunks, self._provider, most=most))

    def _expect_receipt(self, manifest: bytes) -> bytes | None:
        return blocking.run(expect_parcel_receipt(manifest, self._key, self._provider))

    def _encrypt(self, content: Buffer) -> bytes:
        encrypting = encrypt_chunk(content, self._provider, key=self._key, certificates=self._sending.certificates)
        return blocking.run(encrypting)

    def _describe(self, cms: bytes, content_bytes: int) -> ParcelChunk:
        return blocking.run(describe_chunk(cms, content_bytes, self._provider))

    def _save(self, state: SendState) -> None:
        self._state = state
        self._states.save(self._state_file, state)
