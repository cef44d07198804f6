"""The calls of the API for senders: create parcels, upload their objects, follow their states, and end them."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from sealwax.delivery.calls import JSON_TYPE, OCTETS_TYPE, Caller
from sealwax.delivery.connection import Connection
from sealwax.delivery.failures import lie
from sealwax.delivery.fields import ServiceAnswer
from sealwax.delivery.parallel_uploads import ParallelUploads, open_parallel_uploads
from sealwax.delivery.patience import Patience
from sealwax.delivery.uploads import Uploader
from sealwax.http_client import HttpCall, Move, no_move
from smime_core.parcels import is_parcel_id

_PARCELS: Final = "/api/parcels"
_MAX_PAGES: Final = 1_000
_AFTER_SUBMISSION: Final = frozenset(
    ("submitted", "notified", "received", "opened", "answered", "expired", "withdrawn", "failed")
)
_ENDED: Final = frozenset(("expired", "withdrawn"))


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRow:
    """One state of a parcel, its time, and who reported it."""

    state: str
    at: datetime.datetime
    by: str
    recipient: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentParcel:
    """A parcel as the service knows it.

    `downloads` is the number of times that the parcel may be opened, or None for no limit. `opened` is the number of
    times that it was opened. `receipts` are the signed receipts, which only `find` returns.
    """

    parcel_id: str
    reference: str
    state: str
    expires: datetime.datetime | None
    to: tuple[str, ...] = ()
    kind: str = ""
    size: int = 0
    downloads: int | None = None
    opened: int = 0
    tries_left: int = 0
    states: tuple[StateRow, ...] = ()
    receipts: tuple[bytes, ...] = ()

    @property
    def is_submitted(self) -> bool:
        """Whether the service has the whole parcel, so that nothing is left to upload."""
        return self.state in _AFTER_SUBMISSION

    @property
    def is_on_offer(self) -> bool:
        """Whether the recipients can get the parcel from the service."""
        return self.is_submitted and self.state not in _ENDED

    @property
    def is_confirmed(self) -> bool:
        """Whether the service has a signed receipt for the parcel."""
        return any(row.by == "recipient-signed" for row in self.states)


class SenderApi:
    """The calls of a sender, authorized by a token.

    `language` is the language of the service's mails to the sender, or empty.
    """

    def __init__(self, connection: Connection, token: str, patience: Patience, *, language: str = "") -> None:
        self._caller = Caller(connection, f"Bearer {token}", patience)
        self._language = language

    def create(
        self, parcel_id: str, announcement: bytes, objects: Sequence[bytes] = (), move: Move = no_move
    ) -> SentParcel:
        """Announce a parcel. `objects` are its chunks and manifest if sent at once. Repeating this does no harm."""
        body = b"".join([announcement, *objects])
        call = HttpCall(
            method="POST",
            path=_PARCELS,
            headers={"Content-Type": JSON_TYPE, **({"Accept-Language": self._language} if self._language else {})},
            body=body,
        )
        answer = self._caller.patience.run(lambda: self._caller.exchange(call, move))
        return _read_parcel(ServiceAnswer.parse(answer.body), parcel_id)

    def parallel_uploads(self, parcel_id: str) -> contextlib.AbstractContextManager[ParallelUploads]:
        """Uploads of several objects of a parcel at the same time."""
        return open_parallel_uploads(self._caller, lambda caller: Uploader(caller, parcel_id))

    def uploader(self, parcel_id: str) -> Uploader:
        """An uploader for the objects of a parcel, one after another."""
        return Uploader(self._caller, parcel_id)

    def submit(self, parcel_id: str, manifest: bytes) -> SentParcel:
        """Upload the manifest, and let the service send mails to the recipients. A repeated call changes nothing."""
        call = HttpCall(
            method="POST", path=f"{_PARCELS}/{parcel_id}/submit", headers={"Content-Type": OCTETS_TYPE}, body=manifest
        )
        answer = self._caller.patience.run(lambda: self._caller.exchange(call))
        return _read_parcel(ServiceAnswer.parse(answer.body), parcel_id)

    def find(self, parcel_id: str) -> SentParcel:
        """A parcel of this sender. Raises DeliveryFailed."""
        return _read_parcel(self._caller.ask(f"{_PARCELS}/{parcel_id}"), parcel_id)

    def list_page(self, before: str | None = None) -> tuple[tuple[SentParcel, ...], str | None]:
        """Parcels of this sender, the newest first, and the value of `before` for the next page."""
        answer = self._caller.ask(_PARCELS if before is None else f"{_PARCELS}?before={quote(before, safe='')}")
        return tuple(map(_read_parcel, answer.objects("parcels"))), answer.text_or_null("next")

    def list_all(self) -> Iterator[SentParcel]:
        """All parcels of this sender, the newest first."""
        before: str | None = None
        for _ in range(_MAX_PAGES):
            parcels, before = self.list_page(before)
            yield from parcels
            if before is None or not parcels:
                return

    def withdraw(self, parcel_id: str) -> SentParcel:
        """End a parcel: nobody gets it any more. A repeated call changes nothing."""
        withdrawn = _read_parcel(self._caller.ask(f"{_PARCELS}/{parcel_id}/withdraw", {}), parcel_id)
        if withdrawn.state not in _ENDED:
            raise lie("a parcel that it has not withdrawn")
        return withdrawn

    def extend(self, parcel_id: str, days: int) -> SentParcel:
        """Let a parcel end `days` from now, unless it already ends later. A repeated call does no harm."""
        return _read_parcel(self._caller.ask(f"{_PARCELS}/{parcel_id}/extend", {"days": days}), parcel_id)

    def give_tries(self, parcel_id: str) -> SentParcel:
        """Give the recipients five more tries to type the six words."""
        # Not repeated after a lost connection, because the recipients could then get the tries twice.
        return _read_parcel(self._caller.ask_once(f"{_PARCELS}/{parcel_id}/tries", {}), parcel_id)

    def limit_downloads(self, parcel_id: str, limit: int | None) -> SentParcel:
        """Set how often a parcel may be opened, in total; None for no limit. A repeated call changes nothing."""
        return _read_parcel(self._caller.ask(f"{_PARCELS}/{parcel_id}/downloads", {"limit": limit}), parcel_id)


def _read_parcel(fields: ServiceAnswer, expected_id: str | None = None) -> SentParcel:
    states = fields.objects("states") if "states" in fields else ()
    parcel_id = fields.text("id")
    # The id is checked, because it becomes a part of paths, and of the link that the sender passes on with the six
    # words.
    if not is_parcel_id(parcel_id):
        raise lie("an id that is none")
    if parcel_id != (expected_id or parcel_id):
        raise lie("another parcel than was asked for")
    return SentParcel(
        parcel_id=parcel_id,
        reference=fields.text("reference"),
        state=fields.text("state"),
        expires=fields.time_or_null("expires"),
        to=tuple(recipient.text("address") for recipient in fields.objects("to")) if "to" in fields else (),
        kind=fields.text_or_null("kind") or "",
        size=fields.number_or_null("bytes") or 0,
        downloads=fields.number_or_null("downloads"),
        opened=fields.number_or_null("opened") or 0,
        tries_left=fields.number_or_null("triesLeft") or 0,
        states=tuple(map(_read_state, states)),
        receipts=fields.base64_bytes_list("receipts") if "receipts" in fields else (),
    )


def _read_state(fields: ServiceAnswer) -> StateRow:
    return StateRow(
        state=fields.text("state"),
        at=fields.time("at"),
        by=fields.text("by"),
        recipient=fields.text_or_null("recipient") or "",
        code=fields.text_or_null("code") or "",
    )
