"""People for tests: one authority, a few identities made once, and a message between them."""

from __future__ import annotations

import datetime
import functools
from typing import Final

from smime_core import Certificate, Identity, RevocationPolicy, TrustStore
from smime_core.blocking import run
from smime_core.demo_ca import Authority, create_authority, issue_identity
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider

PROVIDER: Final = NativeProvider()
NOW: Final = datetime.datetime(2026, 6, 1, 12, 0, tzinfo=datetime.UTC)
TEXT: Final = "Grüße aus Köln"
MESSAGE: Final = (
    b"From: Alice <alice@example.test>\r\nTo: Bob <bob@example.test>\r\nSubject: Greetings\r\n"
    b"Date: Mon, 01 Jun 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + TEXT.encode() + b"\r\n"
)


@functools.cache
def authority() -> Authority:
    return run(create_authority("Test CA", provider=PROVIDER, at=NOW))


@functools.cache
def person(name: str, key: NewKey = NewKey.RSA_2048) -> Identity:
    """The identity of name@example.test."""
    return run(issue_identity(authority(), f"{name}@example.test", provider=PROVIDER, at=NOW, key=key))


def anchor() -> Certificate:
    return authority().identity.certificate


def trust(*anchors: Certificate, revocation: RevocationPolicy = RevocationPolicy.NOT_CHECKED) -> TrustStore:
    """A store with the given anchors, the test authority without any."""
    return TrustStore(anchors=anchors or (anchor(),), revocation=revocation)
