"""The examples of docs/roaming_protocol.md, by a reader of that page alone."""

from __future__ import annotations

import base64
import datetime
import re

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from roaming_keys.tickets import check_ticket, read_public_key
from tests.support.project import ROOT

PAGE = (ROOT / "docs" / "roaming_protocol.md").read_text()


def fields(*values: str | bytes) -> bytes:
    parts = [one if isinstance(one, bytes) else one.encode() for one in ("sealwax roaming_keys", *values)]
    return b"".join(len(one).to_bytes(4, "big") + one for one in parts)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_the_ticket_of_the_page_is_made_and_taken() -> None:
    (seed,) = re.findall(r"key is `([0-9a-f]{64})`", PAGE)
    (public_key,) = re.findall(r"`(ed25519:[\w-]{43})`", PAGE)
    (claims,) = re.findall(r"^    (\{.*\})$", PAGE, re.MULTILINE)
    (ticket,) = re.findall(r"^    ([\w-]+\.[\w-]+)$", PAGE, re.MULTILINE)
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    made = f"{base64url(claims.encode())}.{base64url(key.sign(fields('ticket 2', claims.encode())))}"
    assert made == ticket
    at = datetime.datetime.fromtimestamp(1_800_000_000, datetime.UTC)
    read = check_ticket(
        read_public_key(public_key), ticket, audience="https://keys.example.org", user="alice@example.org", at=at
    )
    assert read.id == "AAECAwQFBgcICQoLDA0ODw"
