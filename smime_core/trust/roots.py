"""Published lists of root certificates, as trust anchors.

The list is PEM (RFC 7468). In the text above a certificate, there may be a line `# Distrust after:` with a time.
Certificates that the root issues after this time do not count. The caller decides which list to use.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from smime_core.asn1 import FileValue, ValueKind, build_pem, parse_file_values
from smime_core.errors import MalformedMessage
from smime_core.pkix.trust import TrustAnchor, TrustSource
from smime_core.x509.certificate import parse_certificate

_LABEL: Final = "CERTIFICATE"
_WHERE: Final = "roots"
_DISTRUST_AFTER: Final = re.compile(rb"^# Distrust after: (\S{1,40})\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A root certificate. Certificates that it issued after `distrust_after` do not count."""

    certificate_der: bytes
    distrust_after: datetime.datetime | None = None


def parse_roots(pem: bytes) -> tuple[Root, ...]:
    """The roots of a list in its order. Raises MalformedMessage or LimitExceeded."""
    file_values = parse_file_values(pem, _WHERE)
    values = file_values.take(ValueKind.CERTIFICATE, where=_WHERE)
    if len(values) != len(file_values.values):
        raise MalformedMessage("expected one certificate in each entry", where=_WHERE)
    return tuple(_root_of(value) for value in values)


def build_root(root: Root, *, name: str) -> bytes:
    """The entry of a root in a list, under a line with its name."""
    lines = [f"# {name}\n"]
    if root.distrust_after is not None:
        lines.append(f"# Distrust after: {root.distrust_after:%Y-%m-%dT%H:%M:%SZ}\n")
    return "".join(lines).encode() + build_pem(_LABEL, root.certificate_der)


def roots_to_anchors(roots: Iterable[Root], *, source: TrustSource) -> tuple[TrustAnchor, ...]:
    """An anchor for each root. Raises MalformedMessage."""
    return tuple(
        TrustAnchor(
            certificate=parse_certificate(root.certificate_der), source=source, distrust_after=root.distrust_after
        )
        for root in roots
    )


def _root_of(value: FileValue) -> Root:
    distrusted = _DISTRUST_AFTER.search(value.block.text_before) if value.block is not None else None
    return Root(
        certificate_der=value.der,
        distrust_after=_parse_time(distrusted[1].decode("latin-1")) if distrusted else None,
    )


def _parse_time(text: str) -> datetime.datetime:
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedMessage(f"expected a time in ISO 8601, found {text}", where="roots") from error
    if time.tzinfo is None:
        raise MalformedMessage("the time of distrust has no time zone", where="roots")
    return time
