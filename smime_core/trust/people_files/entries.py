"""Entries of an address book, as LDIF and vCard have them.

The certificates of an entry are bytes here: DER, or CMS with certificates (RFC 2798 section 2.8).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_ADDRESS_CHARACTERS, MAX_CERTIFICATES, MAX_PERSON_ADDRESSES, check_limit

_MAX_NAME_BYTES: Final = 1_000  # A name is only shown, so a long one may be cut.
_MAX_ADDRESS_BYTES: Final = 4 * MAX_ADDRESS_CHARACTERS  # A longer text is cut, and is still too long for an address.


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: its name, the addresses that it states, and its certificates.

    `refusals` are the codes of `left_out.LEFT_OUT_REASONS` for values that hold no certificate.
    """

    name: str
    addresses: tuple[str, ...]
    certificates: tuple[bytes, ...]
    refusals: tuple[str, ...] = ()


class EntryDraft:
    """An entry that is being read."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._addresses: list[str] = []
        self._certificates: list[bytes] = []
        self._refusals: list[str] = []

    def add_name(self, value: bytes) -> None:
        """Add a name. Only the first name of an entry is used."""
        if not self._names:
            self._names.append(value[:_MAX_NAME_BYTES].decode("utf-8", "replace"))

    def add_address(self, value: bytes) -> None:
        """Add an address, which is not checked here. Raises LimitExceeded."""
        check_limit("addresses of an entry", len(self._addresses) + 1, MAX_PERSON_ADDRESSES)
        self._addresses.append(value[:_MAX_ADDRESS_BYTES].decode("utf-8", "replace").strip())

    def add_certificate(self, value: bytes) -> None:
        """Add the bytes of a certificate. Bytes that hold no certificate are refused later. Raises LimitExceeded."""
        self._certificates.append(value)
        self._check_count()

    def add_base64_certificate(self, text: bytes) -> None:
        """Add a certificate in base64. Raises LimitExceeded."""
        try:
            octets = decode_base64(text, "certificate")
        except MalformedMessage:
            self.refuse("not-read")
        else:
            self.add_certificate(octets)

    def refuse(self, code: str) -> None:
        """Note a value that holds no certificate. Raises LimitExceeded."""
        self._refusals.append(code)
        self._check_count()

    def finish(self) -> Entry:
        """The finished entry. If it has no name, its first address is used as the name."""
        return Entry(
            name=next(iter((*self._names, *self._addresses)), ""),
            addresses=tuple(self._addresses),
            certificates=tuple(self._certificates),
            refusals=tuple(self._refusals),
        )

    def _check_count(self) -> None:
        check_limit("certificates of an entry", len(self._certificates) + len(self._refusals), MAX_CERTIFICATES)


def decode_base64(text: bytes, where: str) -> bytes:
    """The bytes of base64, with or without blanks in it. Raises MalformedMessage."""
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error as error:
        raise MalformedMessage("expected base64", where) from error
