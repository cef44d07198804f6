"""AlgorithmIdentifier in general (RFC 5280 section 4.1.1.2), and the parameters that several algorithms share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm

_T = TypeVar("_T")

NULL: Final = b"\x05\x00"


def parse_algorithm_identifier(identifier_der: Buffer) -> tuple[str, bytes | None]:
    """Parse an AlgorithmIdentifier into its dotted OID and the DER of its parameters (None if absent).

    Raises MalformedMessage.
    """
    children = der.expect_count(
        der.read_sequence(identifier_der, where="AlgorithmIdentifier"), "AlgorithmIdentifier", 1, 2
    )
    return der.parse_oid(children[0]), bytes(children[1].encoded) if len(children) == 2 else None


def check_known(oid: str, known: Mapping[str, _T], role: str) -> _T:
    """Return the value that `known` has for an algorithm. Raises UnsupportedAlgorithm."""
    if oid not in known:
        raise UnsupportedAlgorithm(oid, role)
    return known[oid]


def context_fields(parameters: bytes | None, where: str, *, known: tuple[int, ...]) -> dict[int, bytes]:
    """The content of each explicitly tagged field, by tag number, as in RSASSA-PSS-params. Raises MalformedMessage."""
    if parameters is None:
        raise MalformedMessage("parameters are absent", where)
    fields: dict[int, bytes] = {}
    for child in der.read_sequence(parameters, where):
        number = child.tag - 0xA0
        if number not in known or any(number <= earlier for earlier in fields):
            raise MalformedMessage(f"unexpected field with tag 0x{child.tag:02x}", where)
        fields[number] = bytes(child.content)
    return fields


def check_absent_or_null(parameters: bytes | None, where: str) -> None:
    """Raise MalformedMessage unless the parameters are absent or NULL."""
    if parameters not in (None, NULL):
        raise MalformedMessage("parameters are neither absent nor NULL", where)


def check_absent(parameters: bytes | None, where: str) -> None:
    """Raise MalformedMessage unless the parameters are absent (RFC 8410 section 3, RFC 9882 section 4)."""
    if parameters is not None:
        raise MalformedMessage("parameters are present, expected none", where)
