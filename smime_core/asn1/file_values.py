"""The DER values in a file of any form, each with its kind. All functions that accept files use this module.

The forms: DER or BER, several values one after the other, PEM in any line form (RFC 7468), and base64 without armour.
Text may be UTF-8 or UTF-16, with or without a byte order mark. Forms may be nested. Line ends, blanks and zeros between
and after values are ignored. The structure decides the kind (`value_kinds`); the label of a PEM block does not. Reading
takes linear time. Mails, LDIF, vCard and the content of a value are not read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.asn1.pem import PEM_BEGIN, PemBlock, decode_base64_values, find_pem_blocks
from smime_core.asn1.value_kinds import ValueKind, kind_of
from smime_core.errors import LimitExceeded, MalformedMessage, OpenPgpContent, SmimeError, UnsupportedAlgorithm
from smime_core.limits import MAX_FILE_VALUES, MAX_WHOLE_BYTES, check_limit
from smime_core.text.entrust import check_no_entrust_profile
from smime_core.text.text_form import to_utf8

_FILLER: Final = re.compile(rb"[\0\t\n\r \x1a]*+")  # 0x1A ends text files of MS-DOS.
_MAX_STRAY_BYTES: Final = 2  # The same as after a ContentInfo, because old writers added a byte.
_FOREIGN_KEYS: Final = ("OPENSSH PRIVATE KEY",)
_OPENPGP: Final = "PGP "  # RFC 9580 section 6.2: all labels of OpenPGP begin with this.
_OF_OTHER_PROGRAMS: Final = (UnsupportedAlgorithm, OpenPgpContent)
_MAX_TEXT_LEVELS: Final = 2  # Secret stores encode a PEM file in base64 once more.
_NOTHING: Final = "found neither DER, PEM nor base64"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileValue:
    """One value. `block` is its PEM block, or None. The bytes of a key that DEK-Info encrypts are no DER."""

    kind: ValueKind
    der: bytes = field(repr=False)
    block: PemBlock | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileValues:
    """The values of a file in their order, and the errors of blocks that cannot be read."""

    values: tuple[FileValue, ...]
    failures: tuple[SmimeError, ...] = ()

    def find(self, *kinds: ValueKind) -> tuple[FileValue, ...]:
        """The values of these kinds, in their order."""
        return tuple(value for value in self.values if value.kind in kinds)

    def take(self, *kinds: ValueKind, where: str = "") -> tuple[FileValue, ...]:
        """The values of these kinds, at least one. The first kind is the expected one.

        Raises the error of the first damaged block. The error of another program's block is raised only if the file has
        no value of these kinds.
        """
        damaged = (error for error in self.failures if not isinstance(error, _OF_OTHER_PROGRAMS))
        if (failure := next(damaged, None)) is not None:
            raise failure
        values = self.find(*kinds)
        if values:
            return values
        if self.failures:
            raise self.failures[0]
        others = " and ".join(dict.fromkeys(value.kind for value in self.values))
        raise MalformedMessage(f"found no {kinds[0]}, but a {others}", where)


def parse_file_values(data: Buffer, where: str = "file") -> FileValues:
    """All values in a file. A damaged PEM block does not hide the others.

    Raises MalformedMessage if there is no value or if other bytes follow a value, EntrustProfile or LimitExceeded.
    """
    check_limit("bytes of a file", len(data), MAX_WHOLE_BYTES)
    return _Reader(where).read(bytes(data), 0)


def parse_single_value(data: Buffer, kind: ValueKind, where: str = "") -> bytes:
    """The DER of the only value of this kind. Raises the errors of `parse_file_values` and of `FileValues.take`."""
    values = parse_file_values(data, where or str(kind)).take(kind, where=where)
    if len(values) != 1:
        raise MalformedMessage(f"found {len(values)}, expected one", where or str(kind))
    return values[0].der


def is_whole_element(data: Buffer) -> bool:
    """Whether the bytes are one SEQUENCE and nothing else, so that no outer form has to be removed."""
    if bytes(data[:1]) != b"\x30":
        return False
    try:
        return der.read_tlv(data)[1] == len(data)
    except MalformedMessage:
        return False


class _Reader:
    def __init__(self, where: str) -> None:
        self._where = where
        self._count = 0

    def read(self, octets: bytes, level: int) -> FileValues:
        start = _skip(octets, 0)
        if octets[start : start + 1] == b"\x30":
            return FileValues(values=tuple(self._elements(octets, start, None, self._where)))
        text = to_utf8(octets)
        if PEM_BEGIN in text:
            return self._blocks(text)
        check_no_entrust_profile(text)
        if level < _MAX_TEXT_LEVELS and text.strip():
            try:
                return self.read(decode_base64_values(text), level + 1)
            except MalformedMessage as error:
                if error.where:
                    raise
        raise MalformedMessage(_NOTHING, self._where)

    def _elements(self, octets: bytes, start: int, block: PemBlock | None, where: str) -> Iterator[FileValue]:
        view = memoryview(octets)
        offset = end = start
        while offset < len(octets):
            if offset > start and octets[offset] != der.SEQUENCE:
                if len(octets) - end <= _MAX_STRAY_BYTES:
                    return
                raise MalformedMessage(f"{len(octets) - end} bytes follow the structure", where)
            self._check_count()
            value, end = der.read_tlv(view, offset, where)
            whole = octets if not offset and end == len(octets) else bytes(value.encoded)
            yield FileValue(kind=kind_of(value), der=whole, block=block)
            offset = _skip(octets, end)

    def _blocks(self, text: bytes) -> FileValues:
        values: list[FileValue] = []
        failures: list[SmimeError] = []
        for block in find_pem_blocks(text):
            try:
                values += self._of_block(block)
            except LimitExceeded:
                raise
            except SmimeError as error:
                failures.append(error)
        if not values and not failures:
            raise MalformedMessage("found no whole PEM block", self._where)
        return FileValues(values=tuple(values), failures=tuple(failures))

    def _of_block(self, block: PemBlock) -> list[FileValue]:
        if block.label.startswith(_OPENPGP):
            raise OpenPgpContent
        if block.problem:
            raise MalformedMessage(block.problem, block.label)
        if block.find_header("DEK-Info") is not None:
            return [FileValue(kind=ValueKind.PRIVATE_KEY, der=block.octets, block=block)]
        if block.label in _FOREIGN_KEYS:
            raise UnsupportedAlgorithm(block.label, "private key")
        if not block.octets:
            raise MalformedMessage("the block is empty", block.label)
        return list(self._elements(block.octets, 0, block, block.label))

    def _check_count(self) -> None:
        self._count += 1
        check_limit("values of a file", self._count, MAX_FILE_VALUES)


def _skip(octets: bytes, start: int) -> int:
    filler = _FILLER.match(octets, start)
    return filler.end() if filler else start
