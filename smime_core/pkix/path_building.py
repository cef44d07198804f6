"""Find paths from a certificate to the anchors in bounded time, the most promising first, as in RFC 4158.

Each step leads from a certificate to an issuer: a certificate with the issuer's name, whose key made the signature.
Several keys of one name, cross-certificates and loops all occur (RFC 5280 section 4.2.1.1). Therefore an authority (a
name and a key) may be in a path only once. An unlikely issuer (another key identifier, expired, no authority) is tried
later but not ruled out, so that the validation can report the fault. Nothing here is recursive, and every signature is
checked once.
"""

from __future__ import annotations

import dataclasses
import heapq
from typing import Final

from smime_core.algorithms import parse_signature_identifier
from smime_core.errors import SmimeError
from smime_core.keys import inherit_dsa_parameters
from smime_core.limits import MAX_PATH_CANDIDATES, MAX_PATH_LENGTH, MAX_PATH_STATES, check_limit
from smime_core.pkix.budget import PathBudget
from smime_core.pkix.certificate_pool import OTHER_KEY, Candidate, CertificatePool
from smime_core.pkix.extensions import find_issuer_serial
from smime_core.provider import CryptoProvider, KeyType
from smime_core.x509.certificate import Certificate, names_match

# A path that the search can extend: (penalty, whether the next issuer is no anchor, length, unique number, path, index
# of the next issuer among the possible issuers). The smallest tuple is tried first.
_State = tuple[int, bool, int, int, tuple[Certificate, ...], int]
_OTHER_SERIAL: Final = 2  # Penalty for an issuer without the serial number that the certificate names.


class SignatureChecks:
    """The checks of the signatures on certificates, each made once (RFC 5280 section 6.1.3 (a)(1))."""

    def __init__(self, provider: CryptoProvider, budget: PathBudget | None = None) -> None:
        self.budget = budget or PathBudget()
        self._provider = provider
        self._count = 0

    async def holds(self, issuer: Certificate, certificate: Certificate) -> bool:
        """Whether the issuer's key signed the certificate. Also False if the signature cannot be checked.

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
    """All paths of one certificate to the anchors of a pool, the most promising first.

    If there is no path, two values explain why. `furthest` is the longest chain of good signatures.
    `with_rejected_issuer` has the certificates of which at least one possible issuer was rejected, because its key did
    not make their signature. A certificate stays in it if another issuer of the same name did sign it.
    """

    def __init__(self, certificate: Certificate, pool: CertificatePool, checks: SignatureChecks) -> None:
        self.furthest: tuple[Certificate, ...] = (certificate,)
        self.with_rejected_issuer: set[Certificate] = set()
        self._pool = pool
        self._checks = checks
        self._count = 0
        self._waiting: list[_State] = []
        self._put_off((certificate,), penalty=0, rank=0)
        self._is_unasked = certificate in pool.anchors

    async def next_path(self) -> tuple[Certificate, ...] | None:
        """The next path, from the certificate to an anchor, with all signatures checked; None if there is no other.

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
            # The search continues above an anchor, because a higher anchor may have other conditions.
            self._put_off(longer, penalty=penalty, rank=0)
            if not is_below and (complete := await self._complete_keys(longer)):
                return complete
        return None

    def _put_off(self, path: tuple[Certificate, ...], *, penalty: int, rank: int) -> None:
        candidates = self._issuers_of(path[-1])
        identifier = path[-1].authority_key_identifier
        while rank < len(candidates) and _is_repetition(candidates[rank], identifier):
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
        if any(_is_same_authority(issuer, certificate) for certificate in path):
            return None
        # A DSA key without parameters can verify only after it has inherited them from above (section 6.1.4 (d)).
        if not _lacks_parameters(issuer) and not await self._checks.holds(issuer, path[-1]):
            self.with_rejected_issuer.add(path[-1])
            return None
        longer = (*path, issuer)
        if len(longer) > len(self.furthest):
            self.furthest = longer
        return longer

    async def _complete_keys(self, path: tuple[Certificate, ...]) -> tuple[Certificate, ...] | None:
        # 6.1.4 (d) and (e), from the anchor down. Signatures by keys without parameters are checked only here. Returns
        # None if a signature is wrong.
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
    # Section 4.2.1.1: authorityKeyIdentifier may name the issuer's certificate by its issuer and serial number.
    serial_number = find_issuer_serial(certificate)
    return candidate.penalty + _OTHER_SERIAL * (serial_number not in (None, candidate.certificate.serial_number))


def _is_repetition(candidate: Candidate, identifier: bytes | None) -> bool:
    is_repeated = identifier is not None and candidate.penalty >= OTHER_KEY
    return is_repeated and candidate.certificate.subject_key_identifier in (None, identifier)


def _is_same_authority(certificate: Certificate, other: Certificate) -> bool:
    return certificate.public_key.spki_der == other.public_key.spki_der and names_match(
        certificate.subject_der, other.subject_der
    )


def _lacks_parameters(certificate: Certificate) -> bool:
    return certificate.public_key.key_type is KeyType.DSA and not certificate.public_key.bits
