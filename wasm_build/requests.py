"""Values that several verbs take in their requests."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any, Final

from smime_core.algorithms import AES_256_CBC, AES_256_GCM, ContentCipher, SignatureScheme
from smime_core.certificate import Certificate, parse_certificate
from smime_core.errors import MalformedMessage

_CIPHERS: Final[dict[str | None, ContentCipher]] = {None: AES_256_CBC, "cbc": AES_256_CBC, "gcm": AES_256_GCM}


def parse_certificates(encoded: Iterable[bytes]) -> tuple[Certificate, ...]:
    """Certificates from DER. Raises MalformedMessage."""
    return tuple(parse_certificate(one) for one in encoded)


def parse_time(text: str) -> datetime.datetime:
    """A time of ISO 8601 with its zone, in whole seconds. Raises MalformedMessage."""
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedMessage("expected a time in ISO 8601", where="request") from error
    if time.tzinfo is None:
        raise MalformedMessage("the time has no time zone", where="request")
    return time.replace(microsecond=0)


def parse_cipher(args: dict[str, Any]) -> ContentCipher:
    """The cipher that a request names, AES-256-CBC where it names none. Raises MalformedMessage."""
    if args.get("cipher") not in _CIPHERS:
        raise MalformedMessage("the cipher is cbc or gcm", where="request")
    return _CIPHERS[args.get("cipher")]


def parse_scheme(args: dict[str, Any]) -> SignatureScheme | None:
    """The signature scheme that a request names. Raises MalformedMessage."""
    scheme = args.get("scheme")
    if scheme is None:
        return None
    if scheme not in set(SignatureScheme):
        raise MalformedMessage("an unknown signature scheme", where="request")
    return SignatureScheme(scheme)
