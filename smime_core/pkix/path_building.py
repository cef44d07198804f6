"""Finding paths from a certificate to the anchors, the most promising first, in bounded time (RFC 4158 for the order).

A step up is a certificate of the issuer's name whose key has signed. Several keys of one name, cross-certificates and
loops all occur (RFC 5280 section 4.2.1.1): an authority stands once in a path, by name and key. What makes an issuer
less likely (another key identifier, a validity that is over, no authority) puts it off and does not rule it out, so
that the validation can say what is wrong. Nothing here is recursive, and every signature is checked once.
"""

from __future__ import annotations

import dataclasses
import datetime
import heapq
from collections.abc import Iterable
from typing import Final, NamedTuple

from smime_core.algorithms import parse_signature_identifier
from smime_core.certificate import Certificate, KeyUsage, names_match
from smime_core.distinguished_name import ComparableName, comparable_name
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.keys import inherit_dsa_parameters
from smime_core.limits import MAX_PATH_CANDIDATES, MAX_PATH_LENGTH, MAX_PATH_STATES, check_limit
from smime_core.pkix.budget import PathBudget
from smime_core.pkix.extensions import find_issuer_serial
from smime_core.provider import CryptoProvider, KeyType

# Penalty of the path, whether its next certificate is no anchor, its length, a number that no other has, the path, and
# which of the issuers of its last certificate is next. The smallest is tried first.
_State = tuple[int, bool, int, int, tuple[Certificate, ...], int]
_OTHER_KEY: Final = 8  # penalty for an issuer of another key identifier than the one named
_OTHER_SERIAL: Final = 2  # for one of another serial number
_UNNAMED_KEY: Final = 1  # for one of which nobody says so


class Candidate(NamedTuple):
    """A certificate that could stand above another one, and how unlikely it is that a path over it holds."""

    penalty: int
    certificate: Certificate


class _Namesakes:
    """All certificates of one name, the likeliest issuers first, and by their key identifiers."""

    def __init__(self, candidates: list[Candidate]) -> None:
        self.all = candidates
        self.of_another_key = [Candidate(one.penalty + _OTHER_KEY, one.certificate) for one in candidates]
        self.by_identifier: dict[bytes | None, list[Candidate]] = {}
        for penalty, certificate in candidates:
            identifier = certificate.subject_key_identifier
            one = Candidate(penalty + (_UNNAMED_KEY if identifier is None else 0), certificate)
            self.by_identifier.setdefault(identifier, []).append(one)


class CertificatePool:
    """Everything that could stand above a certificate; `anchors` may end a path."""

    def __init__(
        self, certificates: Iterable[Certificate], anchors: Iterable[Certificate], *, at: datetime.datetime
    ) -> None:
        self.anchors = frozenset(anchors)
        self._certificates = tuple(dict.fromkeys((*self.anchors, *certificates)))
        self._at = at
        self._by_name: dict[ComparableName, list[Certificate]] = {}
        self._namesakes: dict[ComparableName, _Namesakes] = {}
        for certificate in self._certificates:
            if certificate.comparable_subject is not None:  # nobody can be found by a name that cannot be read
                self._by_name.setdefault(certificate.comparable_subject, []).append(certificate)

    def with_anchor(self, anchor: Certificate) -> CertificatePool:
        """The same certificates with this one anchor."""
        return CertificatePool(self._certificates, (anchor,), at=self._at)

    def limited_to(self, certificates: Iterable[Certificate]) -> CertificatePool:
        """These certificates alone, with the same anchors."""
        return CertificatePool(certificates, self.anchors, at=self._at)

    def find_issuers(self, name_der: bytes, identifier: bytes | None) -> list[Candidate]:
        """All of that name, in any of its spellings, the likeliest first.

        With a key identifier those that have it or none stand first, and then everybody, these once more.
        """
        try:
            name = comparable_name(name_der)
        except MalformedMessage:
            return []
        if name not in self._namesakes:
            self._namesakes[name] = _Namesakes(self._rank(self._by_name.get(name, [])))
        namesakes = self._namesakes[name]
        if identifier is None:
            return namesakes.all
        named, unnamed = (namesakes.by_identifier.get(one, []) for one in (identifier, None))
        return [*named, *unnamed, *namesakes.of_another_key]

    def _rank(self, certificates: list[Certificate]) -> list[Candidate]:
        candidates = [Candidate(self._penalty(one), one) for one in certificates]
        return sorted(candidates, key=lambda one: (one.penalty, one.certificate not in self.anchors))

    def _penalty(self, issuer: Certificate) -> int:
        usage = issuer.key_usage
        may_issue = issuer.is_ca and (usage is None or KeyUsage.KEY_CERT_SIGN in usage)
        return 4 * (not may_issue) + 2 * (not issuer.not_before <= self._at <= issuer.not_after)


class SignatureChecks:
    """Which key has signed which certificate, asked once each (RFC 5280 section 6.1.3 (a)(1))."""

    def __init__(self, provider: CryptoProvider, budget: PathBudget | None = None) -> None:
        self.budget = budget or PathBudget()
        self._provider = provider
        self._count = 0

    async def holds(self, issuer: Certificate, certificate: Certificate) -> bool:
        """Whether the signature verifies; what cannot be verified, for whatever reason, is no signature.

        Raises LimitExceeded.
        """
        pair, known = (issuer.public_key.spki_der, certificate.der), self.budget.holding
        if pair not in known:
            self._count += 1
            check_limit("the number of signatures to check for a path", self._count, MAX_PATH_CANDIDATES)
            self.budget.count_signature(issuer.public_key)
            known[pair] = await self._verify(issuer, certificate)
        return known[pair]

    async def _verify(self, issuer: Certificate, certificate: Certificate) -> bool:
        try:
            algorithm = parse_signature_identifier(certificate.signature_algorithm_der)
            await self._provider.verify(issuer.public_key, algorithm, certificate.signature, certificate.tbs_der)
        except SmimeError:
            return False
        return True


class PathSearch:
    """All paths of one certificate to the anchors of a pool, best first.

    For when there is none: `furthest` is the longest chain of good signatures seen so far, `disowned` are certificates
    that somebody of their issuer's name has not signed.
    """

    def __init__(self, certificate: Certificate, pool: CertificatePool, checks: SignatureChecks) -> None:
        self.furthest: tuple[Certificate, ...] = (certificate,)
        self.disowned: set[Certificate] = set()
        self._pool = pool
        self._checks = checks
        self._count = 0
        self._waiting: list[_State] = []
        self._put_off((certificate,), penalty=0, rank=0)
        self._is_unasked = certificate in pool.anchors

    async def next_path(self) -> tuple[Certificate, ...] | None:
        """The next path, from the certificate to an anchor, its signatures checked; None when there is no other.

        Raises LimitExceeded.
        """
        if self._is_unasked:
            self._is_unasked = False
            return self.furthest[:1]
        while self._waiting:
            penalty, is_below, _, _, path, rank = heapq.heappop(self._waiting)
            candidate = self._issuers_of(path[-1])[rank]
            self._put_off(path, penalty=penalty - _penalty(path[-1], candidate), rank=rank + 1)
            longer = await self._extend(path, candidate.certificate)
            if longer is None:
                continue
            # An anchor may stand below another one, whose conditions differ.
            self._put_off(longer, penalty=penalty, rank=0)
            if not is_below and (complete := await self._complete_keys(longer)):
                return complete
        return None

    def _put_off(self, path: tuple[Certificate, ...], *, penalty: int, rank: int) -> None:
        candidates = self._issuers_of(path[-1])
        identifier = path[-1].authority_key_identifier
        while rank < len(candidates) and _stood_before(candidates[rank], identifier):
            rank += 1
        if rank == len(candidates) or len(path) == MAX_PATH_LENGTH:
            return
        self._count += 1
        check_limit("the number of issuers to weigh for a path", self._count, MAX_PATH_STATES)
        self._checks.budget.count_state()
        candidate = candidates[rank]
        is_below = candidate.certificate not in self._pool.anchors
        state = (penalty + _penalty(path[-1], candidate), is_below, len(path), self._count, path, rank)
        heapq.heappush(self._waiting, state)

    def _issuers_of(self, certificate: Certificate) -> list[Candidate]:
        return self._pool.find_issuers(certificate.issuer_der, certificate.authority_key_identifier)

    async def _extend(self, path: tuple[Certificate, ...], issuer: Certificate) -> tuple[Certificate, ...] | None:
        if any(_is_same_authority(issuer, one) for one in path):
            return None
        # A DSA key without parameters verifies once it has inherited them, from above (section 6.1.4 (d)).
        if not _lacks_parameters(issuer) and not await self._checks.holds(issuer, path[-1]):
            self.disowned.add(path[-1])
            return None
        longer = (*path, issuer)
        if len(longer) > len(self.furthest):
            self.furthest = longer
        return longer

    async def _complete_keys(self, path: tuple[Certificate, ...]) -> tuple[Certificate, ...] | None:
        # 6.1.4 (d) and (e), from the anchor down; None when a signature that had to wait for it does not hold.
        if not any(map(_lacks_parameters, path)):
            return path
        issuer, complete = path[-1], [path[-1]]
        for certificate in reversed(path[:-1]):
            if not await self._checks.holds(issuer, certificate):
                return None
            if _lacks_parameters(certificate) and issuer.public_key.key_type is KeyType.DSA:
                key = inherit_dsa_parameters(certificate.public_key, issuer.public_key)
                certificate = dataclasses.replace(certificate, public_key=key)
            issuer = certificate
            complete.append(certificate)
        return tuple(reversed(complete))


def _penalty(certificate: Certificate, candidate: Candidate) -> int:
    # Section 4.2.1.1: the issuer's certificate may be named by its own issuer and serial number as well.
    serial_number = find_issuer_serial(certificate)
    return candidate.penalty + _OTHER_SERIAL * (serial_number not in (None, candidate.certificate.serial_number))


def _stood_before(candidate: Candidate, identifier: bytes | None) -> bool:
    is_repeated = identifier is not None and candidate.penalty >= _OTHER_KEY
    return is_repeated and candidate.certificate.subject_key_identifier in (None, identifier)


def _is_same_authority(one: Certificate, other: Certificate) -> bool:
    return one.public_key.spki_der == other.public_key.spki_der and names_match(one.subject_der, other.subject_der)


def _lacks_parameters(certificate: Certificate) -> bool:
    return certificate.public_key.key_type is KeyType.DSA and not certificate.public_key.bits
