"""The mark of an identity that several people share, such as a hospital ward: a friendlyName (RFC 2985 section 5.5.1).

The mark travels with the key through key files and accounts. So a shared key can be distinguished from the person's own
keys even if nothing else is known about it. The mark gives no trust: a marked key has fewer rights than another key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from smime_core.identity.identity import Identity
from smime_core.x509.certificate import Certificate, names_match

SHARED_NAME: Final = "Shared identity (Sealwax)"
_MARK: Final = re.compile(r"Shared identity \(Sealwax\)(?: [0-9]+)?")


def is_shared(identity: Identity) -> bool:
    """Whether the identity is shared. In a file with several shared identities, a number follows the mark."""
    return identity.friendly_name is not None and _MARK.fullmatch(identity.friendly_name) is not None


def as_shared(identity: Identity) -> Identity:
    """The identity, marked as shared by several people."""
    return identity if is_shared(identity) else replace(identity, friendly_name=SHARED_NAME)


def with_own_issuers(identity: Identity) -> Identity:
    """The identity with a chain of only those certificates that may be above its own, judged by issuer names.

    A file or an account gives each identity the certificates of all identities. Without this step, all of these
    certificates would go into each signed message.
    """
    return replace(identity, chain=find_issuers(identity.certificate, identity.chain))


def find_issuers(certificate: Certificate, others: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """The certificates of `others` that may be above a certificate in its path, in the order of `others`."""
    issuers: set[bytes] = set()
    names = [certificate.issuer_der]
    while names:
        name = names.pop()
        new = [other for other in others if other.der not in issuers and names_match(other.subject_der, name)]
        issuers.update(other.der for other in new)
        names += [other.issuer_der for other in new]
    return tuple(other for other in others if other.der in issuers)
