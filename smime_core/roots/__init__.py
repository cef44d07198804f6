"""Mozilla's root certificates that are trusted for e-mail, as trust anchors.

The generated store is `mozilla.py`; `python -m smime_core.roots certdata.txt --source NAME` makes it anew. It is read
when somebody asks for the anchors, not before.
"""

from __future__ import annotations

import base64
import datetime
import functools

from smime_core.certificate import parse_certificate
from smime_core.pkix.trust import TrustAnchor, TrustSource
from smime_core.roots.certdata import split_store


@functools.cache
def mozilla_anchors() -> tuple[TrustAnchor, ...]:
    """All of them, with the dates after which what they issue does not count."""
    # Imported here: it is large, and most start without it.
    from smime_core.roots.mozilla import ROOTS

    return tuple(_anchor(distrust_after, encoded) for _, distrust_after, encoded in split_store(ROOTS))


def mozilla_labels() -> dict[str, str]:
    """Mozilla's name of each root, by fingerprint."""
    from smime_core.roots.mozilla import ROOTS

    labels = [label for label, _, _ in split_store(ROOTS)]
    return {anchor.certificate.fingerprint: label for anchor, label in zip(mozilla_anchors(), labels, strict=True)}


def _anchor(distrust_after: str, encoded: str) -> TrustAnchor:
    time = datetime.datetime.fromisoformat(distrust_after) if distrust_after else None
    certificate = parse_certificate(base64.b64decode(encoded))
    return TrustAnchor(certificate=certificate, source=TrustSource.MOZILLA, distrust_after=time)
