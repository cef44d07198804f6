"""Values that several verbs take in their requests."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from smime_core.certificate import Certificate, parse_certificate
from smime_core.errors import MalformedMessage


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
