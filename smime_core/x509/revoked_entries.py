"""The revokedCertificates of a list in compact form: its bytes, and the offset of each entry (RFC 5280 section 5.3).

A million entries as objects take half a gigabyte; as offsets they take four megabytes. A serial number is found by
searching for its bytes. Each entry is checked once, during the scan; a list with a damaged entry is refused.
"""

from __future__ import annotations

import datetime
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, overload

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.asn1.general_names import GeneralNames, parse_general_names
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_UNUSUAL_ENTRIES, check_limit
from smime_core.x509.certificate import parse_extensions, parse_time

REASON_CODE: Final = "2.5.29.21"
INVALIDITY_DATE: Final = "2.5.29.24"
CERTIFICATE_ISSUER: Final = "2.5.29.29"
CRL_REASONS: Final = {
    0: "unspecified",
    1: "keyCompromise",
    2: "cACompromise",
    3: "affiliationChanged",
    4: "superseded",
    5: "cessationOfOperation",
    6: "certificateHold",
    8: "removeFromCRL",
    9: "privilegeWithdrawn",
    10: "aACompromise",
}
"""CRLReason (RFC 5280 section 5.3.1). The value 7 is not used."""
UNSPECIFIED: Final = "unspecified"

_PROCESSED: Final = {REASON_CODE, INVALIDITY_DATE, CERTIFICATE_ISSUER}
_WHERE: Final = "revokedCertificate"
_UTC_TIME: Final = b"\x17\x0d"  # Tag and length. RFC 5280 allows no other length.
_GENERALIZED_TIME: Final = b"\x18\x0f"
_Z: Final = 0x5A
_CERTIFICATE_ISSUER_DER: Final = der.oid(CERTIFICATE_ISSUER)
_TRUE_START: Final = b"\x01\x01"  # Tag and length of a BOOLEAN, here of `critical`.
_MAX_KNOWN_EXTENSIONS: Final = 1_000  # A scan caches at most this many extensions. Most lists have fewer than ten.


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedEntry:
    """One entry. `certificate_issuer` is empty if the list's issuer issued the certificate."""

    serial_number: int
    revoked_at: datetime.datetime
    reason: str
    invalidity_date: datetime.datetime | None
    certificate_issuer: GeneralNames


class RevokedEntries(Sequence[int]):
    """The serial numbers in the order of the list, with access to the entries. Made by `scan_entries`."""

    __slots__ = ("_data", "_issuer_marks", "_starts", "has_unknown_critical")

    def __init__(
        self, octets: bytes, *, starts: array[int], issuer_marks: array[int], has_unknown_critical: bool
    ) -> None:
        self._data = octets
        self._starts = starts
        self._issuer_marks = issuer_marks
        self.has_unknown_critical = has_unknown_critical

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> int: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[int, ...]: ...

    def __getitem__(self, index: int | slice) -> int | tuple[int, ...]:
        if isinstance(index, slice):
            return tuple(self[position] for position in range(*index.indices(len(self))))
        start = self._serial_start(range(len(self))[index])
        return der.parse_integer(der.read_tlv(self._data, start, where=_WHERE)[0], where=_WHERE)

    @property
    def names_issuers(self) -> bool:
        """Whether any entry names the issuer of its certificate."""
        return bool(self._issuer_marks)

    def find(self, serial_number: int) -> Iterator[RevokedEntry]:
        """All entries with this serial number. Raises MalformedMessage."""
        encoded_number = der.integer(serial_number)
        position = self._data.find(encoded_number)
        while position >= 0:
            index = bisect_right(self._starts, position) - 1
            # The same bytes may occur elsewhere in an entry.
            if index >= 0 and self._serial_start(index) == position:
                yield self._read(index)
            position = self._data.find(encoded_number, position + 1)

    def _serial_start(self, index: int) -> int:
        start = self._starts[index]
        length = self._data[start + 1]
        return start + 2 + (length & 0x7F if length & 0x80 else 0)

    def _read(self, index: int) -> RevokedEntry:
        fields = _fields(der.read_tlv(self._data, self._starts[index], where=_WHERE)[0])
        extensions = _parse_entry_extensions(bytes(fields[2].encoded)) if len(fields) == 3 else _NO_EXTENSIONS
        return RevokedEntry(
            serial_number=der.parse_integer(fields[0], where=_WHERE),
            revoked_at=parse_time(fields[1], where="revocationDate"),
            reason=extensions.reason,
            invalidity_date=extensions.invalidity_date,
            certificate_issuer=self._issuer_of(index),
        )

    def _issuer_of(self, index: int) -> GeneralNames:
        # RFC 5280 section 5.3.3: an entry without the extension has the same issuer as the entry before it.
        mark = bisect_right(self._issuer_marks, index) - 1
        if mark < 0:
            return ()
        entry, _ = der.read_tlv(self._data, self._starts[self._issuer_marks[mark]], where=_WHERE)
        return _parse_entry_extensions(bytes(_fields(entry)[2].encoded)).certificate_issuer


def scan_entries(octets: bytes, *, may_extend: bool) -> RevokedEntries:
    """Scan the content of revokedCertificates. `may_extend` is False in a list of version 1.

    Empty content means no entries. Section 5.1.2.6 requires a list without entries to omit the field, but some CAs
    write an empty one.
    Raises MalformedMessage or LimitExceeded.
    """
    scan = _Scan(may_extend=may_extend)
    starts = array("I")
    offset, end = 0, len(octets)
    while offset < end:
        starts.append(offset)
        # Nearly every entry is short. Short entries are read here, because a function call for each takes ten times as
        # long.
        if end - offset > 5 and octets[offset] == der.SEQUENCE and octets[offset + 2] == der.INTEGER:
            stop = offset + 2 + octets[offset + 1]
            serial, first = offset + 4, octets[offset + 4]
            time = serial + octets[offset + 3]
            is_utc = octets[time : time + 2] == _UTC_TIME
            behind = time + (15 if is_utc else 17)
            if (
                serial < time < behind <= stop <= min(end, offset + 0x81)
                and (is_utc or octets[time : time + 2] == _GENERALIZED_TIME)
                and octets[behind - 1] == _Z
                and octets[time + 2 : behind - 1].isdigit()
                and (0 < first < 0xFF or first ^ octets[serial + 1] >= 0x80)
            ):
                if behind < stop:
                    scan.extensions(octets[behind:stop], index=len(starts) - 1)
                offset = stop
                continue
        entry, offset = der.read_tlv(octets, offset, where=_WHERE)
        scan.whole_entry(entry, index=len(starts) - 1)
    return RevokedEntries(
        octets, starts=starts, issuer_marks=scan.issuer_marks, has_unknown_critical=scan.has_unknown_critical
    )


class _EntryExtensions(NamedTuple):
    reason: str = UNSPECIFIED
    invalidity_date: datetime.datetime | None = None
    certificate_issuer: GeneralNames = ()
    has_unknown_critical: bool = False


_NO_EXTENSIONS: Final = _EntryExtensions()


class _Scan:
    """The results of a scan besides the offsets. Extensions are cached, because most entries have the same ones."""

    def __init__(self, *, may_extend: bool) -> None:
        self.issuer_marks = array("I")
        self.has_unknown_critical = False
        self._may_extend = may_extend
        self._unusual = 0
        self._known: dict[bytes, _EntryExtensions] = {}

    def extensions(self, extensions_der: bytes, *, index: int) -> None:
        extensions = self._known.get(extensions_der) or self._read(extensions_der)
        if extensions.certificate_issuer:
            self.issuer_marks.append(index)
        self.has_unknown_critical |= extensions.has_unknown_critical

    def whole_entry(self, entry: Tlv, *, index: int) -> None:
        self._count_unusual()
        fields = _fields(entry)
        content = bytes(der.expect(fields[0], der.INTEGER, where=_WHERE).content)
        if not content or (len(content) > 1 and content[0] in (0, 0xFF) and (content[0] ^ content[1]) < 0x80):
            # `find` searches for the shortest form of a serial number, so it would miss any other form.
            raise MalformedMessage("a serial number that is not DER", where=_WHERE)
        parse_time(fields[1], where="revocationDate")
        if len(fields) == 3:
            self.extensions(bytes(fields[2].encoded), index=index)

    def _read(self, extensions_der: bytes) -> _EntryExtensions:
        if not self._may_extend:
            raise MalformedMessage("an extension in a list of version 1", where=_WHERE)
        if len(self._known) < _MAX_KNOWN_EXTENSIONS:
            self._known[extensions_der] = _parse_entry_extensions(extensions_der)
            return self._known[extensions_der]
        # The cache is full, usually of invalidity dates, which are different in each entry. These dates decide nothing
        # here, so only extensions that may name an issuer or be critical are parsed.
        if _CERTIFICATE_ISSUER_DER in extensions_der or _TRUE_START in extensions_der:
            self._count_unusual()
            return _parse_entry_extensions(extensions_der)
        der.expect(der.read_one(extensions_der, where=_WHERE), der.SEQUENCE, where=_WHERE)
        return _NO_EXTENSIONS

    def _count_unusual(self) -> None:
        self._unusual += 1
        check_limit("unusual entries of a CRL", self._unusual, MAX_UNUSUAL_ENTRIES)


NO_ENTRIES: Final = RevokedEntries(b"", starts=array("I"), issuer_marks=array("I"), has_unknown_critical=False)


def _fields(entry: Tlv) -> list[Tlv]:
    return der.read_fields(entry, _WHERE, 2, 3)


def _parse_entry_extensions(extensions_der: bytes) -> _EntryExtensions:
    extensions = {extension.oid: extension for extension in parse_extensions(extensions_der)}
    reason, invalidity = extensions.get(REASON_CODE), extensions.get(INVALIDITY_DATE)
    issuer = extensions.get(CERTIFICATE_ISSUER)
    return _EntryExtensions(
        reason=parse_reason(der.read_one(reason.value, where="reasonCode")) if reason is not None else UNSPECIFIED,
        invalidity_date=(
            parse_time(der.read_one(invalidity.value, where="invalidityDate"), where="invalidityDate")
            if invalidity is not None
            else None
        ),
        certificate_issuer=(
            parse_general_names(
                der.expect(der.read_one(issuer.value), der.SEQUENCE, where="certificateIssuer"),
                where="certificateIssuer",
            )
            if issuer is not None
            else ()
        ),
        has_unknown_critical=any(
            entry_extension.critical and entry_extension.oid not in _PROCESSED
            for entry_extension in extensions.values()
        ),
    )


def parse_reason(enumerated: Tlv) -> str:
    """The name of a CRLReason; "unspecified" for an undefined value. Raises MalformedMessage."""
    content = bytes(der.expect(enumerated, der.ENUMERATED, where="reasonCode").content)
    if len(content) != 1:
        raise MalformedMessage(f"{len(content)} bytes, expected 1", where="reasonCode")
    return CRL_REASONS.get(content[0], UNSPECIFIED)
