"""The trust list of a bridge's operator. The bridge looks up revocation at the authorities in this list."""

from __future__ import annotations

import datetime

from smime_core import blocking
from smime_core.own_content import TrustList, find_operator, verify_trust_list
from smime_core.provider import CryptoProvider


def open_own_list(cms: bytes, provider: CryptoProvider, *, at: datetime.datetime) -> TrustList:
    """Verify a list, whoever signed it. The operator supplied the file, so no signer needs to be pinned.

    Raises the errors of `verify_trust_list`.
    """
    return blocking.run(verify_trust_list(cms, provider, find_operator(cms), at))
