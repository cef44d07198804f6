"""The possible issuers of a certificate in a path, sorted, the likeliest first (RFC 4158 section 3)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Final, NamedTuple

from smime_core.asn1.distinguished_name import ComparableName, find_comparable_name
from smime_core.x509.certificate import Certificate, KeyUsage

OTHER_KEY: Final = 8  # Penalty for an issuer with another key identifier than the certificate names.
_UNNAMED_KEY: Final = 1  # Penalty for an issuer that has no key identifier.


class Candidate(NamedTuple):
    """A possible issuer. A higher penalty means that a path through it is less likely to be valid."""

    penalty: int
    certificate: Certificate


class _Namesakes:
    """All certificates with one subject name: as a list, the likeliest issuers first, and grouped by key identifier."""

    def __init__(self, candidates: list[Candidate]) -> None:
        self.all = candidates
        self.of_another_key = [
            Candidate(candidate.penalty + OTHER_KEY, candidate.certificate) for candidate in candidates
        ]
        self.by_identifier: dict[bytes | None, list[Candidate]] = {}
        for penalty, certificate in candidates:
            identifier = certificate.subject_key_identifier
            entry = Candidate(penalty + (_UNNAMED_KEY if identifier is None else 0), certificate)
            self.by_identifier.setdefault(identifier, []).append(entry)


class CertificatePool:
    """All certificates that may be issuers in a path. A path must end at one of the `anchors`."""

    def __init__(
        self, certificates: Iterable[Certificate], anchors: Iterable[Certificate], *, at: datetime.datetime
    ) -> None:
        self.anchors = frozenset(anchors)
        self._certificates = tuple(dict.fromkeys((*self.anchors, *certificates)))
        self._at = at
        self._by_name: dict[ComparableName, list[Certificate]] = {}
        self._namesakes: dict[ComparableName, _Namesakes] = {}
        for certificate in self._certificates:
            if certificate.comparable_subject is not None:  # A damaged name is None.
                self._by_name.setdefault(certificate.comparable_subject, []).append(certificate)

    def with_anchor(self, anchor: Certificate) -> CertificatePool:
        """A pool of the same certificates, with `anchor` as the only anchor."""
        return CertificatePool(self._certificates, (anchor,), at=self._at)

    def limited_to(self, certificates: Iterable[Certificate]) -> CertificatePool:
        """A pool of the same anchors and only these certificates."""
        return CertificatePool(certificates, self.anchors, at=self._at)

    def find_issuers(self, name_der: bytes, identifier: bytes | None) -> list[Candidate]:
        """All certificates whose subject is that name, in any spelling, the likeliest first.

        With a key identifier, the certificates with that identifier come first, then those without any. After them come
        all certificates of the name again, with a higher penalty. The certificates of the first two groups therefore
        occur twice.
        """
        name = find_comparable_name(name_der)
        if name is None:
            return []
        if name not in self._namesakes:
            self._namesakes[name] = _Namesakes(self._rank(self._by_name.get(name, [])))
        namesakes = self._namesakes[name]
        if identifier is None:
            return namesakes.all
        named, unnamed = (namesakes.by_identifier.get(key_identifier, []) for key_identifier in (identifier, None))
        return [*named, *unnamed, *namesakes.of_another_key]

    def _rank(self, certificates: list[Certificate]) -> list[Candidate]:
        candidates = [Candidate(self._penalty(certificate), certificate) for certificate in certificates]
        return sorted(candidates, key=lambda candidate: (candidate.penalty, candidate.certificate not in self.anchors))

    def _penalty(self, issuer: Certificate) -> int:
        usage = issuer.key_usage
        may_issue = issuer.is_ca and (usage is None or KeyUsage.KEY_CERT_SIGN in usage)
        return 4 * (not may_issue) + 2 * (not issuer.not_before <= self._at <= issuer.not_after)
