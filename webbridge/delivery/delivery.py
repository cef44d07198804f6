"""The parts of the delivery that live as long as the application, and the whole course of a submission."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwax.service import Database, Gate, ServiceError
from smime_core.providers.native import NativeProvider
from webbridge.delivery.answers import Answers
from webbridge.delivery.challenges import Challenges
from webbridge.delivery.ids import MANIFEST, new_folder
from webbridge.delivery.kept import KeptFiles
from webbridge.delivery.objects import announced_sizes, check_manifest, chunk_sizes
from webbridge.delivery.openings import Openings
from webbridge.delivery.own_keys.certifier import Certifier
from webbridge.delivery.own_keys.requests import KeyRequests
from webbridge.delivery.parcels import Parcel, Parcels
from webbridge.delivery.pepper import Pepper
from webbridge.delivery.quota import Quota
from webbridge.delivery.receipts import Receipts
from webbridge.delivery.settings import ParcelsConfig
from webbridge.delivery.states import Stage
from webbridge.delivery.store import WHOLE, Store, StoreFailed, Uploads, open_store, store_whole
from webbridge.delivery.submission import Submission, canonical_bytes
from webbridge.delivery.sweep import Sweep, Sweeper
from webbridge.delivery.tokens import Tokens

# Half of the threads that the administrator's guide recommends. A slow client occupies a thread while it sends.
MAX_UPLOADS_AT_ONCE: Final = 8
MAX_UPLOADS_PER_SENDER: Final = 4
# Other requests of senders may occupy a thread too, because a body comes slowly, or because a request waits for another
# one. Most of these requests end quickly.
MAX_SLOW_AT_ONCE: Final = 6
MAX_SLOW_PER_SENDER: Final = 2
SLOW_PATIENCE_SECONDS: Final = 2.0
_RETRY_SECONDS: Final = 2
# No parcel has this folder.
PROBE: Final = "0" * 32


class Incomplete(ServiceError):
    """Some objects of the parcel are missing or incomplete."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        super().__init__(409, "incomplete", "Some objects of the parcel have not come whole. Send the rest of them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The parts of the delivery. Without a signing service, `keys` is None, and recipients get no keys."""

    config: ParcelsConfig
    store: Store
    uploads: Uploads
    pepper: Pepper
    quota: Quota
    parcels: Parcels
    kept: KeptFiles
    tokens: Tokens
    openings: Openings
    challenges: Challenges
    receipts: Receipts
    answers: Answers
    keys: KeyRequests | None
    upload_gate: Gate
    slow_gate: Gate
    sweep: Sweep
    sweeper: Sweeper

    def create(self, sender: str, submission: Submission, body: bytes, *, language: str = "") -> tuple[Parcel, bool]:
        """Return the parcel of a submission, and whether it is new. `body` has all objects of a whole parcel.

        `language` is the language of the mails to the sender, or empty for the operator's language. The bytes of a
        whole parcel are durable before its record is. Raises ServiceError.
        """
        digest = self.pepper.digest_of(canonical_bytes(submission) + body)
        known = self.parcels.find_repeated(sender, submission.id, digest)
        if known is not None:
            return known, False
        self.quota.check_room(submission.total_bytes)
        try:
            return self._create_new(sender, submission, body, digest, language)
        except ServiceError:
            self.quota.give_up(submission.total_bytes)
            raise

    def submit(self, sender: str, parcel_id: str, manifest: bytes | None) -> Parcel:
        """Submit a parcel whose chunks have all come. `manifest` is None if it was uploaded like a chunk.

        A repeated call changes nothing. Raises ServiceError.
        """
        parcel = self.parcels.find_own(sender, parcel_id)
        if parcel.stage is not Stage.UPLOADING:
            return self.parcels.submit(sender, parcel_id)
        # With `in_turn`, no other request deletes or replaces an object between the check and the record.
        with self.uploads.in_turn(parcel.folder):
            # Another request may have submitted the parcel while this one waited.
            if self.parcels.find_own(sender, parcel_id).stage is Stage.UPLOADING:
                self._complete(parcel, manifest)
            submitted = self.parcels.submit(sender, parcel_id, None if manifest is None else len(manifest))
            with suppress(StoreFailed):
                # The folder is empty now. If this fails, the sweep deletes it.
                self.uploads.delete(parcel.folder)
        return submitted

    def withdraw(self, sender: str, parcel_id: str) -> Parcel:
        """Withdraw a parcel, and delete its bytes. If the store fails, the sweep deletes them. Raises ServiceError."""
        self.parcels.withdraw(sender, parcel_id)
        self.sweep.delete_withdrawn(parcel_id)
        return self.parcels.find_own(sender, parcel_id)

    def is_usable(self) -> bool:
        """Return whether the store answers. Raises StoreFailed."""
        self.store.size_of(PROBE, WHOLE)
        return True

    def close(self) -> None:
        """Stop the sweep."""
        self.sweeper.close()

    def _create_new(
        self, sender: str, submission: Submission, body: bytes, digest: bytes, language: str
    ) -> tuple[Parcel, bool]:
        folder = new_folder()
        if submission.is_whole:
            store_whole(self.store, folder, body)
        record = self.pepper.record_of(submission.id, submission.proof)
        try:
            parcel = self.parcels.create(
                sender, submission, digest=digest, folder=folder, record=record, language=language
            )
        except ServiceError:
            self._delete_unrecorded(submission.id, folder)
            raise
        if parcel.folder != folder:
            self._delete_unrecorded(submission.id, folder)
        return parcel, parcel.folder == folder

    def _complete(self, parcel: Parcel, manifest: bytes | None) -> None:
        if manifest is not None:
            check_manifest(parcel, manifest)
        sizes = announced_sizes(parcel) if manifest is None else chunk_sizes(parcel)
        if missing := self.uploads.missing(parcel.folder, sizes):
            raise Incomplete(missing)
        if manifest is not None:
            self.uploads.replace(parcel.folder, MANIFEST, manifest)

    def _delete_unrecorded(self, parcel_id: str, folder: str) -> None:
        # Despite DatabaseUnavailable, the record may have been written. If the database cannot say now, the sweep
        # decides.
        with suppress(ServiceError):
            known = self.parcels.find(parcel_id)
            if known is None or known.folder != folder:
                self.store.delete(folder)


def open_delivery(config: ParcelsConfig, database: Database, *, clock: Callable[[], datetime]) -> Delivery:
    """Return the parts for one configuration. The caller closes them."""
    store, uploads = open_store(config)
    pepper = Pepper(config.pepper)
    quota = Quota(database, store, config=config)
    parcels = Parcels(database, quota, config=config, clock=clock)
    kept_files = KeptFiles(database, store, uploads, quota, pepper, config=config, clock=clock)
    openings = Openings(database, parcels, pepper, clock=clock)
    keys = _open_keys(config, database, pepper, clock)
    sweep = Sweep(database, store, uploads, quota, openings, kept_files, keys, clock=clock)
    return Delivery(
        config=config,
        store=store,
        uploads=uploads,
        pepper=pepper,
        quota=quota,
        parcels=parcels,
        kept=kept_files,
        tokens=Tokens(database, clock=clock),
        openings=openings,
        challenges=Challenges(database, pepper, clock=clock),
        receipts=Receipts(database, clock=clock),
        answers=Answers(database, clock=clock),
        keys=keys,
        upload_gate=Gate(
            MAX_UPLOADS_AT_ONCE,
            max_calls_per_client=MAX_UPLOADS_PER_SENDER,
            refusal="Too many uploads are running. Wait a moment.",
            retry_seconds=_RETRY_SECONDS,
        ),
        slow_gate=Gate(
            MAX_SLOW_AT_ONCE,
            max_calls_per_client=MAX_SLOW_PER_SENDER,
            refusal="Too many slow requests are running. Wait a moment.",
            retry_seconds=_RETRY_SECONDS,
        ),
        sweep=sweep,
        sweeper=Sweeper(sweep),
    )


def _open_keys(
    config: ParcelsConfig, database: Database, pepper: Pepper, clock: Callable[[], datetime]
) -> KeyRequests | None:
    if config.key_socket is None:
        return None
    return KeyRequests(database, pepper, Certifier(config.key_socket), provider=NativeProvider(), clock=clock)
