"""Mozilla's roots for e-mail, read from the bundle."""

from __future__ import annotations

import functools

from smime_core.pkix import TrustAnchor, TrustSource
from smime_core.trust import roots_to_anchors


@functools.cache
def mozilla_anchors() -> tuple[TrustAnchor, ...]:
    """All of Mozilla's roots for e-mail."""
    # The build makes this module (wasm_build/bundle/mozilla_roots.py). The module is large and many requests do not
    # need it, so it is not imported at the top.
    from sealwax_roots import ROOTS

    return roots_to_anchors(ROOTS, source=TrustSource.MOZILLA)
