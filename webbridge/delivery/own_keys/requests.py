"""The requests of recipients for their own certificates. A code that is mailed to the address confirms a request.

A code counts only for the address and the request that it was made for. No answer reveals whether an address is a
recipient of the parcel, or has opened another parcel, because every address gets a row with the same counts. Only the
row of a recipient who has opened another parcel has a mailbox, a mail, and a code that counts.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update

from sealwax.authority.proved_requests import open_request_for
from sealwax.service import CLOCK_SLACK_SECONDS, Database, LeakyCounter, ServiceError, TryLater
from smime_core import SmimeError
from smime_core.ca.certification_request import parse_certification_request
from smime_core.provider import CryptoProvider
from smime_core.text import addresses_match, normalise_address
from webbridge.database.tables import PARCEL, PARCEL_KEY_REQUEST, PARCEL_NOTICE, TABLES
from webbridge.delivery.fixed_error import FixedError
from webbridge.delivery.limits import CODE_SECONDS, CODE_TRIES, MAX_KEY_REQUESTS
from webbridge.delivery.notices.outbox import KEY_KINDS, PARCEL_KIND, queue_code
from webbridge.delivery.own_keys.certifier import Certifier
from webbridge.delivery.own_keys.codes import counts
from webbridge.delivery.parcels import Parcel
from webbridge.delivery.pepper import Pepper
from webbridge.delivery.submission import Recipient

_DAY_SECONDS: Final = 24 * 60 * 60
MAX_CODES: Final = 5
"""The most codes for an address in a day. The limit is for each parcel, and also for all parcels together."""
MAX_CODES_OF_PARCEL: Final = 20
_NONCE_BYTES: Final = 16
_REFUSAL: Final = "There were too many codes for this address. Try again tomorrow."

_IS_OF_ADDRESS: Final = and_(
    PARCEL_KEY_REQUEST.c.parcel == bindparam("of_id"), PARCEL_KEY_REQUEST.c.address == bindparam("of_address")
)
_IS: Final = and_(_IS_OF_ADDRESS, PARCEL_KEY_REQUEST.c.digest == bindparam("of_digest"))
_FIND: Final = select(PARCEL_KEY_REQUEST).where(_IS)
_LOCK: Final = _FIND.with_for_update()
_NUMBERS: Final = select(PARCEL_KEY_REQUEST.c.number).where(_IS_OF_ADDRESS)
_ADD: Final = insert(PARCEL_KEY_REQUEST)
_RENEW: Final = update(PARCEL_KEY_REQUEST).where(_IS)
_LOCK_PARCEL: Final = select(PARCEL.c.id).where(PARCEL.c.id == bindparam("of_id")).with_for_update()
_OPENED_ANOTHER: Final = (
    select(PARCEL.c.id)
    .join(PARCEL_NOTICE, PARCEL_NOTICE.c.parcel == PARCEL.c.id)
    .where(
        PARCEL_NOTICE.c.address.in_(bindparam("of_addresses", expanding=True)),
        PARCEL_NOTICE.c.kind == PARCEL_KIND,
        PARCEL.c.id != bindparam("of_id"),
        PARCEL.c.openings > 0,
    )
    .limit(1)
)
_ENDED: Final = select(PARCEL_KEY_REQUEST).where(
    or_(PARCEL_KEY_REQUEST.c.ends_at <= bindparam("now"), PARCEL_KEY_REQUEST.c.ends_at > bindparam("ahead"))
)
_FORGET_MAILS: Final = delete(PARCEL_NOTICE).where(
    PARCEL_NOTICE.c.parcel == bindparam("of_id"),
    PARCEL_NOTICE.c.address == bindparam("of_mailbox"),
    PARCEL_NOTICE.c.kind == bindparam("of_kind"),
)
_FORGET: Final = delete(PARCEL_KEY_REQUEST).where(_IS)


class RequestUnusable(
    FixedError, status=422, code="request-unusable", text="The request for a certificate is not one for this address."
):
    """The request cannot be read, does not prove the possession of its key, or names another address."""


class WrongCode(ServiceError):
    """The code is wrong. `tries_left` is the number of tries until the recipient has to ask for another code."""

    def __init__(self, tries_left: int) -> None:
        self.tries_left = tries_left
        super().__init__(403, "wrong-code", "The code is wrong. Compare it with the mail.")


class CodeEnded(
    FixedError, status=410, code="code-ended", text="The code does not count any more. Ask for another one."
):
    """No code counts for this request, because its time is over, or too many codes were wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A certification request for an address.

    `text` is the address as typed. `address` is equal for all its spellings.
    """

    parcel: str
    address: str
    text: str
    request_der: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """The name of the request."""
        return sha256(self.request_der).digest()

    @property
    def name(self) -> dict[str, object]:
        """The parameters that identify the row."""
        return {"of_id": self.parcel, "of_address": self.address, "of_digest": self.digest}


class KeyRequests:
    """The requests of one bridge."""

    def __init__(
        self,
        database: Database,
        pepper: Pepper,
        certifier: Certifier,
        *,
        provider: CryptoProvider,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._pepper = pepper
        self._certifier = certifier
        self._provider = provider
        self._clock = clock
        self._asked, self._mails = (
            LeakyCounter(database, clock, tables=TABLES, kind=kind, seconds=_DAY_SECONDS, refusal=_REFUSAL)
            for kind in ("parcel-key", "parcel-key-mail")
        )

    def is_offered(self, parcel: Parcel) -> bool:
        """Return whether recipients of a parcel are offered a key, because one may have opened another parcel.

        For several recipients the result is always True. Otherwise one would learn about the parcels of the others.
        """
        if len(parcel.recipients) > 1:
            return True
        return self._has_opened_another(parcel, parcel.recipients[0].address)

    def ask(self, parcel: Parcel, address: str, request_der: bytes) -> int:
        """Send a code for a request to a recipient who has opened another parcel. Return its seconds of validity.

        Other addresses get no code, but the same answer. A repeated request sends no further mail while its code
        counts. Raises RequestUnusable or TryLater.
        """
        order = self._open_order(parcel, address, request_der)
        at = self._clock().timestamp()
        with self._database.reading() as rows:
            row = rows.execute(_FIND, order.name).first()
        if row is not None and counts(row.ends_at, row.tries_left, at):
            return max(1, int(row.ends_at - at))
        self._asked.start(
            {self._count_name("parcel", parcel.id): MAX_CODES_OF_PARCEL}
            | {self._count_name("asked", parcel.id, order.address): MAX_CODES}
        )
        recipient = self._find_recipient(parcel, order)
        with self._database.transaction() as rows:
            # The lock makes concurrent requests for a parcel wait for each other, so that each gets a different number.
            rows.execute(_LOCK_PARCEL, {"of_id": parcel.id})
            self._store(rows, order, recipient, at)
        return CODE_SECONDS

    def confirm(self, parcel: Parcel, address: str, digest: bytes, code: str) -> tuple[bytes, ...]:
        """Return the certificate (DER) for the request with this digest, and the certificates of the CAs above it.

        A repeated call returns the same certificate. Raises WrongCode, CodeEnded, CertifierUnavailable, NotCertified or
        TryLater.
        """
        name = {"of_id": parcel.id, "of_address": normalise_address(address), "of_digest": digest}
        at = self._clock().timestamp()
        with self._database.transaction() as rows:
            row = rows.execute(_LOCK, name).first()
            # The code is computed for unknown requests too, so that a known request does not take longer.
            expected = self._pepper.key_code(parcel.id, digest, b"" if row is None else bytes(row.nonce))
            is_same = hmac.compare_digest(expected, code)
            tries = 0 if row is None or not counts(row.ends_at, row.tries_left, at) else int(row.tries_left)
            is_right = is_same and tries > 0 and row is not None and bool(row.mailbox)
            if tries and not is_right:
                rows.execute(_RENEW, {**name, "tries_left": tries - 1})
        if row is None or not is_right:
            raise WrongCode(tries - 1) if tries > 1 else CodeEnded
        request_der = bytes(row.request)
        return self._certifier.certify(parse_certification_request(request_der).addresses[0], request_der)

    def forget_ended(self) -> None:
        """Delete the requests whose codes count no more, with their mails. Raises DatabaseUnavailable."""
        now = self._clock().timestamp()
        with self._database.transaction(durable=False) as rows:
            for row in rows.execute(_ENDED, {"now": now, "ahead": now + CODE_SECONDS + CLOCK_SLACK_SECONDS}).all():
                kind = KEY_KINDS[row.number - 1]
                rows.execute(_FORGET_MAILS, {"of_id": row.parcel, "of_mailbox": row.mailbox, "of_kind": kind})
                rows.execute(_FORGET, {"of_id": row.parcel, "of_address": row.address, "of_digest": bytes(row.digest)})

    def _open_order(self, parcel: Parcel, address: str, request_der: bytes) -> Order:
        try:
            open_request_for(address, request_der, self._provider)
        except SmimeError:
            raise RequestUnusable from None
        return Order(parcel=parcel.id, address=normalise_address(address), text=address, request_der=request_der)

    def _find_recipient(self, parcel: Parcel, order: Order) -> Recipient | None:
        """Return the recipient who gets a code, or None. The steps are the same for every address."""
        addressee = next(
            (candidate for candidate in parcel.recipients if addresses_match(candidate.address, order.text)), None
        )
        has_opened = self._has_opened_another(parcel, order.text if addressee is None else addressee.address)
        recipient = addressee if has_opened else None
        try:
            self._mails.start({self._count_name("none" if recipient is None else "mail", order.address): MAX_CODES})
        except TryLater:
            # The client does not get this error, because it would reveal that the recipient has opened another parcel.
            return None
        return recipient

    def _has_opened_another(self, parcel: Parcel, address: str) -> bool:
        sought = {"of_id": parcel.id, "of_addresses": [address, address.lower()]}
        with self._database.reading() as rows:
            return rows.execute(_OPENED_ANOTHER, sought).first() is not None

    def _store(self, rows: Connection, order: Order, recipient: Recipient | None, at: float) -> None:
        """Store a request with a new code, and queue the mail if a recipient gets one."""
        row = rows.execute(_FIND, order.name).first()
        number = _free_number(rows, order) if row is None else row.number
        changed = {
            "mailbox": "" if recipient is None else recipient.address,
            "nonce": secrets.token_bytes(_NONCE_BYTES),
            "tries_left": CODE_TRIES,
            "ends_at": at + CODE_SECONDS,
        }
        if row is None:
            new = {
                "parcel": order.parcel,
                "address": order.address,
                "digest": order.digest,
                "number": number,
                "request": order.request_der,
            }
            rows.execute(_ADD, new | changed)
        else:
            rows.execute(_RENEW, {**order.name, **changed})
        if recipient is not None:
            queue_code(
                rows,
                order.parcel,
                number,
                address=recipient.address,
                language=recipient.language,
                at=datetime.fromtimestamp(at, UTC),
            )

    def _count_name(self, *parts: str) -> str:
        return self._pepper.key_count_name("\0".join(parts))


def _free_number(rows: Connection, order: Order) -> int:
    used = set(rows.execute(_NUMBERS, order.name).scalars())
    free = next((number for number in range(1, MAX_KEY_REQUESTS + 1) if number not in used), None)
    if free is None:
        raise TryLater(_REFUSAL, CODE_SECONDS)
    return free
