"""The known authorities that may have issued a certificate.

Authorities are found by their names (RFC 5280 section 7.1). The path of a certificate through them is validated when
the certificate is used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from smime_core.asn1.distinguished_name import ComparableName, comparable_name
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_PATH_LENGTH
from smime_core.x509.certificate import Certificate


class Issuers:
    """Authorities by their names. Roots are left out, because anybody can send a root."""

    def __init__(self, authorities: Iterable[Certificate]) -> None:
        self._by_subject: dict[ComparableName, list[Certificate]] = defaultdict(list)
        for authority in authorities:
            name = authority.comparable_subject
            if name and not authority.is_self_issued and len(self._by_subject[name]) < MAX_PATH_LENGTH:
                self._by_subject[name].append(authority)

    def find_above(self, certificate: Certificate) -> tuple[Certificate, ...]:
        """The authorities above a certificate, at most MAX_PATH_LENGTH."""
        authorities: dict[Certificate, None] = {}
        waiting = [certificate]
        while waiting and len(authorities) < MAX_PATH_LENGTH:
            new = [
                authority
                for authority in self._by_subject.get(_issuer_of(waiting.pop()), ())
                if authority not in authorities
            ]
            authorities |= dict.fromkeys(new)
            waiting += new
        return tuple(authorities)[:MAX_PATH_LENGTH]


def _issuer_of(certificate: Certificate) -> ComparableName:
    try:
        return comparable_name(certificate.issuer_der)
    except MalformedMessage:
        return ()
