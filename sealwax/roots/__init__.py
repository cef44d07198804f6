"""Mozilla's root certificates that are trusted for e-mail: the list `mozilla.pem`, and the code that reads it.

`python -m sealwax.roots certdata.txt --source NAME` makes the list again.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

from sealwax.files.small import read_small
from smime_core.pkix import TrustAnchor, TrustSource
from smime_core.trust import parse_roots, roots_to_anchors

MOZILLA_PEM: Final = Path(__file__).with_name("mozilla.pem")


@functools.cache
def mozilla_anchors() -> tuple[TrustAnchor, ...]:
    """All of Mozilla's roots for e-mail. Certificates that a root issued after its date of distrust are refused."""
    return roots_to_anchors(parse_roots(read_small(MOZILLA_PEM)), source=TrustSource.MOZILLA)
