"""GeneralName and GeneralNames: the entities of receipts and mailing lists (RFC 5280 section 4.2.1.6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from smime_core import der
from smime_core.certificate import names_match
from smime_core.der import Tlv
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_GENERAL_NAMES, check_limit

_RFC822_NAME: Final = 0x81
_DIRECTORY_NAME: Final = 0xA4  # explicit, because Name is a CHOICE
_TAGS: Final = frozenset({0xA0, _RFC822_NAME, 0x82, 0xA3, _DIRECTORY_NAME, 0xA5, 0x86, 0x87, 0x88})


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralName:
    """One name, as its DER; mail addresses and directory names can be told, others are kept as they stand."""

    encoded: bytes

    @property
    def address(self) -> str | None:
        """The mail address of an rfc822Name. Raises MalformedMessage."""
        tlv = der.read_one(self.encoded)
        if tlv.tag != _RFC822_NAME:
            return None
        try:
            return bytes(tlv.content).decode("ascii")
        except UnicodeDecodeError as error:
            raise MalformedMessage("an address is not ASCII", where="GeneralName") from error

    @property
    def directory_name_der(self) -> bytes | None:
        """The Name of a directoryName."""
        tlv = der.read_one(self.encoded)
        return bytes(tlv.content) if tlv.tag == _DIRECTORY_NAME else None

    def matches(self, other: GeneralName) -> bool:
        """Whether both name the same: domains in either case, Names as RFC 5280 section 7.1 compares them."""
        if self.encoded == other.encoded:
            return True
        if self.address is not None and other.address is not None:
            return _comparable(self.address) == _comparable(other.address)
        if self.directory_name_der is not None and other.directory_name_der is not None:
            return names_match(self.directory_name_der, other.directory_name_der)
        return False


GeneralNames = tuple[GeneralName, ...]
"""The names of one entity."""


def mail_name(address: str) -> GeneralName:
    """An rfc822Name. Raises MalformedMessage for an address that is not ASCII."""
    try:
        return GeneralName(encoded=der.element(_RFC822_NAME, address.encode("ascii")))
    except UnicodeEncodeError as error:
        raise MalformedMessage("an rfc822Name is ASCII", where="GeneralName") from error


def directory_name(name_der: bytes) -> GeneralName:
    """A directoryName around the DER of a Name."""
    return GeneralName(encoded=der.element(_DIRECTORY_NAME, name_der))


def parse_general_names(tlv: Tlv, *, where: str) -> GeneralNames:
    """A SEQUENCE OF GeneralName. Raises MalformedMessage or LimitExceeded."""
    members = der.read_children(der.expect(tlv, der.SEQUENCE, where=where), where=where)
    check_limit("general names", len(members), MAX_GENERAL_NAMES)
    if not members or any(member.tag not in _TAGS for member in members):
        raise MalformedMessage("expected one GeneralName or more", where=where)
    return tuple(GeneralName(encoded=bytes(member.encoded)) for member in members)


def parse_entities(tlv: Tlv, *, where: str) -> tuple[GeneralNames, ...]:
    """The members of a SEQUENCE OF GeneralNames, whatever its own tag. Raises MalformedMessage or LimitExceeded."""
    members = der.read_children(tlv, where=where)
    check_limit("entities", len(members), MAX_GENERAL_NAMES)
    return tuple(parse_general_names(member, where=where) for member in members)


def build_entities(entities: Iterable[GeneralNames], *, tag: int = der.SEQUENCE) -> bytes:
    """DER of a SEQUENCE OF GeneralNames under the identifier octet `tag`."""
    return der.element(tag, *(der.sequence(*(name.encoded for name in names)) for names in entities))


def names_overlap(ours: Iterable[GeneralName], entities: Iterable[GeneralNames]) -> bool:
    """Whether one of our names is among those of the entities."""
    own = tuple(ours)
    return any(mine.matches(name) for names in entities for name in names for mine in own)


def _comparable(address: str) -> str:
    local_part, at, domain = address.rpartition("@")
    return f"{local_part}{at}{domain.lower()}"
