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

from smime_core.asn1.pem import build_pem, find_pem_blocks
from smime_core.errors import MalformedMessage
from smime_core.pkix.trust import TrustAnchor, TrustSource
from smime_core.x509.certificate import parse_certificate

_LABEL: Final = "CERTIFICATE"
_END: Final = b"-----END CERTIFICATE-----"
_DISTRUST_AFTER: Final = re.compile(rb"^# Distrust after: (\S{1,40})\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A root certificate. Certificates that it issued after `distrust_after` do not count."""

    certificate_der: bytes
    distrust_after: datetime.datetime | None = None


def parse_roots(pem: bytes) -> tuple[Root, ...]:
    """The roots of a list in its order. Raises MalformedMessage or LimitExceeded."""
    *entries, rest = pem.split(_END)
    if b"-----BEGIN " in rest:
        raise MalformedMessage("the last certificate has no end", where="roots")
    return tuple(_parse_entry(entry + _END) for entry in entries)


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


def _parse_entry(entry: bytes) -> Root:
    blocks = find_pem_blocks(entry)
    if len(blocks) != 1 or blocks[0].label != _LABEL:
        raise MalformedMessage("expected one certificate in each entry", where="roots")
    distrusted = _DISTRUST_AFTER.search(entry)
    return Root(
        certificate_der=blocks[0].octets,
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
