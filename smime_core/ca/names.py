"""Build distinguished names (RFC 5280 section 4.1.2.4 and appendix A.1)."""

from __future__ import annotations

from typing import Final

from smime_core.asn1 import der
from smime_core.errors import MalformedMessage

COMMON_NAME: Final = "2.5.4.3"
COUNTRY_NAME: Final = "2.5.4.6"
ORGANIZATION_NAME: Final = "2.5.4.10"
MAX_NAME_CHARACTERS: Final = 64  # RFC 5280 appendix A.1: ub-common-name and ub-organization-name.
_UTF8_STRING: Final = 0x0C
_PRINTABLE_STRING: Final = 0x13


def build_name(*attributes: tuple[str, str]) -> bytes:
    """DER of a Name from pairs (attribute OID, text), outermost first. Without pairs it is the empty Name.

    Text is cut to 64 characters, the upper bound of the RFC. Raises MalformedMessage for an invalid country code.
    """
    return der.sequence(*(der.set_of([der.sequence(der.oid(oid), _text(oid, text))]) for oid, text in attributes))


EMPTY_NAME: Final = build_name()


def _text(oid: str, text: str) -> bytes:
    if oid != COUNTRY_NAME:
        return der.element(_UTF8_STRING, text[:MAX_NAME_CHARACTERS].encode())
    if len(text) != 2 or not text.isascii() or not text.isalpha():
        raise MalformedMessage("expected a country as two letters", where="countryName")
    return der.element(_PRINTABLE_STRING, text.upper().encode("ascii"))
