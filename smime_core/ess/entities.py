"""The entities, such as people, that receipts and mailing lists name (RFC 2634 sections 2.7 and 4.4).

Each entity is a tuple of its names.
"""

from __future__ import annotations

from collections.abc import Iterable

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.asn1.general_names import GeneralName, GeneralNames, parse_general_names
from smime_core.limits import MAX_GENERAL_NAMES, check_limit


def parse_entities(tlv: Tlv, where: str) -> tuple[GeneralNames, ...]:
    """The members of a SEQUENCE OF GeneralNames with any tag. Raises MalformedMessage or LimitExceeded."""
    members = der.read_children(tlv, where)
    check_limit("entities", len(members), MAX_GENERAL_NAMES)
    return tuple(parse_general_names(der.expect(member, der.SEQUENCE, where), where) for member in members)


def build_entities(entities: Iterable[GeneralNames], *, tag: int = der.SEQUENCE) -> bytes:
    """DER of a SEQUENCE OF GeneralNames with the identifier byte `tag`."""
    return der.element(tag, *(der.sequence(*(name.encoded for name in names)) for names in entities))


def names_overlap(ours: Iterable[GeneralName], entities: Iterable[GeneralNames]) -> bool:
    """Whether one of our names is a name of one of the entities."""
    own = tuple(ours)
    return any(mine.matches(name) for names in entities for name in names for mine in own)
