"""GeneralName and GeneralNames: the names in certificates, CRLs, receipts and timestamps (RFC 5280 4.2.1.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.asn1.distinguished_name import ComparableName, comparable_name
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_GENERAL_NAMES, check_limit
from smime_core.text.mail_address import parse_address

RFC822_NAME: Final = 0x81
DIRECTORY_NAME: Final = 0xA4  # The tag is explicit, because Name is a CHOICE.
UNIFORM_RESOURCE_IDENTIFIER: Final = 0x86
_TAGS: Final = frozenset({0xA0, RFC822_NAME, 0x82, 0xA3, DIRECTORY_NAME, 0xA5, UNIFORM_RESOURCE_IDENTIFIER, 0x87, 0x88})


class GeneralName(NamedTuple):
    """One name: its identifier byte and its content. For a directoryName the content is the DER of the Name."""

    tag: int
    content: bytes

    @property
    def encoded(self) -> bytes:
        """DER of the name."""
        return der.element(self.tag, self.content)

    @property
    def address(self) -> str | None:
        """The mail address of an rfc822Name, or None for other names. Raises MalformedMessage."""
        if self.tag != RFC822_NAME:
            return None
        try:
            return self.content.decode("ascii")
        except UnicodeDecodeError as error:
            raise MalformedMessage("an address is not ASCII", where="GeneralName") from error

    @property
    def directory_name_der(self) -> bytes | None:
        """The DER of the Name in a directoryName, or None for other names."""
        return self.content if self.tag == DIRECTORY_NAME else None

    def matches(self, other: GeneralName) -> bool:
        """Whether `other` is the same name; see `comparable`. Raises MalformedMessage."""
        return self == other or self.comparable() == other.comparable()

    def comparable(self) -> tuple[int, ComparableName | str | bytes]:
        """A form that is equal for two spellings of one name: domains in any case, Names as in RFC 5280 section 7.1.

        Raises MalformedMessage.
        """
        if self.tag == DIRECTORY_NAME:
            return self.tag, comparable_name(self.content)
        if (text := self.address) is not None:
            address = parse_address(text)
            return self.tag, text if address is None else f"{address.local_part}@{address.domain}"
        return self.tag, self.content


GeneralNames = tuple[GeneralName, ...]
"""The names of one entity."""


def mail_name(address: str) -> GeneralName:
    """An rfc822Name. Raises MalformedMessage for an address that is not ASCII."""
    try:
        return GeneralName(RFC822_NAME, address.encode("ascii"))
    except UnicodeEncodeError as error:
        raise MalformedMessage("an rfc822Name is ASCII", where="GeneralName") from error


def directory_name(name_der: bytes) -> GeneralName:
    """A directoryName around the DER of a Name."""
    return GeneralName(DIRECTORY_NAME, name_der)


def directory_names(names: Sequence[GeneralName]) -> tuple[bytes, ...]:
    """The DER of each directoryName among `names`."""
    return tuple(name.content for name in names if name.tag == DIRECTORY_NAME)


def find_common_name(some: Sequence[GeneralName], others: Sequence[GeneralName]) -> GeneralName | None:
    """The first of `some` that is also among `others`, or None. Raises MalformedMessage."""
    keys = {other.comparable() for other in others}
    return next((name for name in some if name.comparable() in keys), None)


def parse_general_name(tlv: Tlv, where: str) -> GeneralName:
    """Parse one GeneralName. Raises MalformedMessage."""
    if tlv.tag not in _TAGS:
        raise MalformedMessage("expected a GeneralName", where)
    return GeneralName(tlv.tag, bytes(tlv.content))


def parse_general_names(tlv: Tlv, where: str) -> GeneralNames:
    """The members of GeneralNames. Their outer tag is not checked. Raises MalformedMessage or LimitExceeded."""
    members = der.read_children(tlv, where)
    check_limit("general names", len(members), MAX_GENERAL_NAMES)
    if not members:
        raise MalformedMessage("expected one GeneralName or more", where)
    return tuple(parse_general_name(member, where) for member in members)
