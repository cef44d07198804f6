"""The calls of the API for recipients: prove the right to open a parcel, get its objects, and send reports."""

from __future__ import annotations

import contextlib
import datetime
from dataclasses import dataclass, field
from typing import Final

from sealwax.delivery.calls import Caller
from sealwax.delivery.connection import Connection
from sealwax.delivery.downloads import Downloader
from sealwax.delivery.failures import DeliveryFailed, lie
from sealwax.delivery.fields import ServiceAnswer
from sealwax.delivery.patience import Patience
from sealwax.http_client import Move, no_move
from smime_core.text import base64_text, write_base64url

SALT_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A nonce, encrypted for a certificate, and the token that the service expects with the decrypted nonce."""

    cms: bytes
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedParcel:
    """A parcel that the service has opened. `objects` are its chunks' sizes; the `ticket` allows us to read them."""

    parcel_id: str
    reference: str
    kind: str
    objects: tuple[int, ...]
    manifest: int
    until: datetime.datetime | None
    ticket: str = field(repr=False)


class RecipientApi:
    """The calls of a recipient, who has no account."""

    def __init__(self, connection: Connection, patience: Patience) -> None:
        self._caller = Caller(connection, "", patience)
        self._downloader = Downloader(connection, self._caller)

    def __enter__(self) -> RecipientApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._downloader.close()

    def start(self, parcel_id: str) -> tuple[bytes, int]:
        """The salt and the PBKDF2 iterations of a parcel; made-up ones if there is no such parcel."""
        answer = self._caller.ask("/api/open/start", {"id": parcel_id})
        return answer.url_data("salt", SALT_BYTES), answer.number("iterations")

    def challenge(self, parcel_id: str, certificate_der: bytes) -> Challenge:
        """A challenge for the holder of a certificate."""
        members = {"id": parcel_id, "certificate": base64_text(certificate_der)}
        answer = self._caller.ask("/api/open/challenge", members)
        return Challenge(cms=answer.base64_bytes("challenge"), token=answer.text("token"))

    def open_by_proof(self, parcel_id: str, proof: bytes) -> OpenedParcel:
        """The parcel, if the proof is right. The service counts each wrong proof."""
        # Not repeated after a lost connection: a repeated wrong proof would count twice.
        return self._take_ticket(
            parcel_id, self._caller.ask_once("/api/open", {"id": parcel_id, "proof": write_base64url(proof)})
        )

    def open_by_nonce(self, parcel_id: str, nonce: bytes, token: str) -> OpenedParcel:
        """The parcel, if `nonce` is the decrypted nonce of the challenge."""
        members = {"id": parcel_id, "nonce": write_base64url(nonce), "token": token}
        return self._take_ticket(parcel_id, self._caller.ask_once("/api/open", members))

    def read_object(self, name: str, size: int, move: Move = no_move) -> bytearray:
        """The bytes of an object. Raises DeliveryFailed."""
        return self._downloader.read(f"/api/open/objects/{name}", size, move)

    def claim(self, state: str, code: str | None = None) -> None:
        """Report a state. If the report fails, no error is raised."""
        with contextlib.suppress(DeliveryFailed):
            self._caller.ask_once("/api/open/claims", {"state": state} | ({"code": code} if code else {}))

    def give_receipt(self, cms: bytes) -> None:
        """Give the sender a signed receipt. A repeated call changes nothing. Raises DeliveryFailed."""
        self._caller.ask("/api/open/receipt", {"receipt": base64_text(cms)})

    def _take_ticket(self, parcel_id: str, answer: ServiceAnswer) -> OpenedParcel:
        ticket = answer.text("ticket")
        # The ticket becomes a header field, so other characters are refused.
        if not all("!" <= character <= "~" for character in ticket):
            raise lie("a ticket that is none")
        opened = OpenedParcel(
            parcel_id=parcel_id,
            reference=answer.text("reference"),
            kind=answer.text("kind"),
            objects=answer.numbers("objects"),
            manifest=answer.number("manifest"),
            until=answer.time_or_null("until"),
            ticket=ticket,
        )
        self._caller.authorize(f"Parcel {opened.ticket}")
        return opened
