"""An operator's own list, for the operator's own servers: whom they may ask authorities about."""

from __future__ import annotations

import datetime

from smime_core import blocking
from smime_core.provider import CryptoProvider
from smime_core.trust_list import TrustList, find_operator, open_trust_list


def open_own_list(cms: bytes, *, at: datetime.datetime, provider: CryptoProvider) -> TrustList:
    """A list by whoever signed it: it came from the operator's hands, so that nobody needs to be pinned.

    Raises as `open_trust_list`.
    """
    return blocking.run(open_trust_list(cms, operator=find_operator(cms), provider=provider, at=at))
