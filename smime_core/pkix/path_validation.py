"""The checks on one path whose signatures are good (RFC 5280 sections 6.1.2 to 6.1.5), each recorded in a journal.

The checks run from the anchor down, in the order of the RFC and under its labels. 6.1.3 (a)(1) and (a)(4) are checked
while paths are built. (a)(3) is checked in `revocation`. An anchor's certificate is checked too: its validity, key
usage, path length and name constraints count, but not its policies. The check of the anchor is our own rule, after RFC
5937.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import parse_signature_identifier
from smime_core.errors import CertificateExpired, MalformedMessage, UntrustedAnchor
from smime_core.pkix.constrained_names import find_constrained_names
from smime_core.pkix.extensions import NAME_CONSTRAINTS, find_extension, find_unprocessed
from smime_core.pkix.journal import Journal
from smime_core.pkix.name_constraints import NameConstraints, find_violation, parse_name_constraints
from smime_core.pkix.policies import PolicyState
from smime_core.pkix.purposes import CertificateUse, find_usage_fault, may_vouch_for
from smime_core.pkix.trust import PolicyRequirements, TrustAnchor
from smime_core.pkix.validity import find_validity_fault
from smime_core.policy import Policy, is_weak_signature
from smime_core.provider import KeyType
from smime_core.text.mail_address import is_covered
from smime_core.x509.certificate import Certificate, KeyUsage

_MIN_RSA_BITS: Final = 1_024  # RFC 8551 section 4.3: signatures by smaller keys prove nothing.
_SOURCES: Final = {
    "given": "given as an anchor",
    "mozilla": "a root of Mozilla's list for e-mail",
    "operator": "on the operator's list",
    "user": "accepted by you",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PathInputs:
    """The inputs of section 6.1.1, the use of the certificate, and the policy on algorithms."""

    at: datetime.datetime
    use: CertificateUse
    requirements: PolicyRequirements
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPath:
    """The results: the certificate's addresses that the anchor is trusted for, and the user-constrained-policy-set."""

    addresses: tuple[str, ...]
    policies: frozenset[str]


def check_path(journal: Journal, inputs: PathInputs, anchor: TrustAnchor) -> CheckedPath:
    """Check the path in the journal, except signatures and revocation. Raises PathError with its trail.

    Raises PathError also for a structure that cannot be read.
    """
    addresses = _check_conditions(journal, inputs, anchor)
    checker = _PathChecker(journal, inputs)
    last = len(journal.certificates) - 1
    if anchor.is_exact:
        checker.check_validity(0)
        checker.check_end_entity()
        return CheckedPath(addresses=addresses, policies=frozenset())
    for position in range(last, -1, -1):
        try:
            checker.check(position, is_anchor=position == last)
        except MalformedMessage as error:
            raise journal.failed("4.2", position, f"it cannot be read: {error}") from error
    return CheckedPath(addresses=addresses, policies=checker.policies)


def _key_strength(certificate: Certificate) -> int:
    key = certificate.public_key
    return key.bits if key.key_type is KeyType.RSA else _MIN_RSA_BITS


def _check_conditions(journal: Journal, inputs: PathInputs, anchor: TrustAnchor) -> tuple[str, ...]:
    # 6.1.1 (d), and the conditions that the store sets for the anchor. Returns the certificate's addresses that the
    # anchor is trusted for.
    label, top, certificate = "6.1.1 (d)", len(journal.certificates) - 1, journal.certificates[0]
    journal.passed(label, top, _SOURCES[anchor.source])
    if anchor.distrust_after is not None and certificate.not_before > anchor.distrust_after:
        day = f"{anchor.distrust_after:%Y-%m-%d}"
        text = f"{anchor.certificate.common_name} is not trusted for certificates issued after {day}"
        raise journal.failed(label, top, text, error=UntrustedAnchor)
    if not anchor.addresses or not inputs.use.concerns_people:
        return certificate.email_addresses
    covered = tuple(address for address in certificate.email_addresses if is_covered(address, anchor.addresses))
    if not covered:
        allowed = ", ".join(anchor.addresses)
        text = f"{anchor.certificate.common_name} is trusted only for {allowed}, which this certificate is not for"
        raise journal.failed(label, top, text, error=UntrustedAnchor)
    journal.passed(label, top, f"trusted for {', '.join(covered)}")
    return covered


class _PathChecker:
    """The state variables of section 6.1.2 during the checks. `policies` is set after the end-entity certificate."""

    def __init__(self, journal: Journal, inputs: PathInputs) -> None:
        self.policies: frozenset[str] = frozenset()
        self._journal = journal
        self._inputs = inputs
        self._path = journal.certificates
        length = len(self._path) - 1
        self._graph = PolicyState.initial(inputs.requirements, length)
        self._constraints: list[NameConstraints] = []
        self._left = length  # max_path_length, 6.1.2 (k)

    def check(self, position: int, *, is_anchor: bool) -> None:
        """Check one certificate. Raises PathError or MalformedMessage."""
        self.check_validity(position)
        if not is_anchor:
            self._check_signature(position)
            self._check_names(position)
            self._check_policies(position)
        if position == 0:
            self.check_end_entity()
            if not is_anchor:
                self._finish_policies()
        else:
            self._prepare(position, is_anchor=is_anchor)

    def check_validity(self, position: int) -> None:
        """Check the validity period, 6.1.3 (a)(2)."""
        certificate, at = self._path[position], self._inputs.at
        text = find_validity_fault(certificate, at)
        if text is None:
            self._journal.passed("6.1.3 (a)(2)", position, f"valid until {certificate.not_after:%Y-%m-%d}")
            return
        raise self._journal.failed("6.1.3 (a)(2)", position, text, error=CertificateExpired)

    def check_end_entity(self) -> None:
        """Check the end-entity certificate: critical extensions, 6.1.5 (f), and the use. Raises PathError."""
        self._check_form(0, "6.1.5 (f)")
        fault = find_usage_fault(self._path[0], self._inputs.use)
        if fault is not None:
            raise self._journal.failed(fault[0], 0, fault[1])
        self._journal.passed("4.2.1.12", 0, f"may be used for {self._inputs.use.name}")

    def _check_signature(self, position: int) -> None:
        # The path search has checked 6.1.3 (a)(1) and (4). This function checks that algorithm and key are strong
        # enough.
        algorithm = parse_signature_identifier(self._path[position].signature_algorithm_der)
        pair = self._path[position : position + 2]
        bits, curve_bits = min(map(_key_strength, pair)), min(certificate.public_key.bits for certificate in pair)
        is_small = any(is_weak_signature(algorithm, certificate.public_key) for certificate in pair)
        if is_small or bits < _MIN_RSA_BITS:
            size = bits if bits < _MIN_RSA_BITS else curve_bits
            weak = algorithm.label if is_weak_signature(algorithm) else f"a key of {size} bits"
            text = f"signed by {weak}, which proves little today"
            if self._inputs.policy is not Policy.ARCHIVE:
                raise self._journal.failed("6.1.3 (a)(1)", position, text)
            self._journal.noted("6.1.3 (a)(1)", position, text)
        else:
            self._journal.passed("6.1.3 (a)(1)", position, "signed by the key of its issuer")
        self._journal.passed("6.1.3 (a)(4)", position, "names the certificate above as its issuer")

    def _check_names(self, position: int) -> None:
        # 6.1.3 (b) and (c): name constraints.
        certificate = self._path[position]
        if not self._constraints or (position and certificate.is_self_issued):
            return
        names = find_constrained_names(certificate)
        for constraints in self._constraints:
            violation = find_violation(names, constraints)
            if violation is not None:
                raise self._journal.failed(violation[0], position, violation[1])
        self._journal.passed("6.1.3 (b)", position, "has names that the authorities above may certify")

    def _check_policies(self, position: int) -> None:
        # 6.1.3 (d), (e), (f): policies.
        self._graph.take_policies(self._path[position], is_last=position == 0)
        if not self._graph.is_satisfied:
            raise self._journal.failed(
                "6.1.3 (f)", position, "no policy that is demanded holds for the path up to here"
            )
        self._journal.passed(
            "6.1.3 (f)", position, "policies hold" if not self._graph.is_null else "no policy is demanded"
        )

    def _prepare(self, position: int, *, is_anchor: bool) -> None:
        # Section 6.1.4. The steps (k) and (n) come first, because their errors explain most.
        certificate = self._path[position]
        self._check_authority(position, is_anchor=is_anchor)
        if not is_anchor:
            self._graph.take_mappings(certificate)  # (a), (b)
        self._take_name_constraints(position)
        if not is_anchor:
            self._graph.take_constraints(certificate)  # (h), (i), (j)
        self._check_length(position, is_anchor=is_anchor)
        self._check_form(position, "6.1.4 (o)")

    def _check_authority(self, position: int, *, is_anchor: bool) -> None:
        # (k): before version 3, a certificate cannot state that it is an authority. An anchor of such a version counts
        # as an authority, because it is in the trust store.
        certificate = self._path[position]
        if not certificate.is_ca and not (is_anchor and certificate.version < 3):
            raise self._journal.failed(
                "6.1.4 (k)", position, f"{certificate.common_name} is no certification authority"
            )
        # (n): keyCertSign.
        if certificate.key_usage is not None and KeyUsage.KEY_CERT_SIGN not in certificate.key_usage:
            raise self._journal.failed("6.1.4 (n)", position, f"{certificate.common_name} may not sign certificates")
        if not may_vouch_for(certificate, self._inputs.use):
            text = f"{certificate.common_name} may not certify for {self._inputs.use.name}"
            raise self._journal.failed("4.2.1.12", position, text)
        self._journal.passed("6.1.4 (k)", position, "a certification authority")

    def _take_name_constraints(self, position: int) -> None:
        # 6.1.4 (g)
        extension = find_extension(self._path[position], NAME_CONSTRAINTS)
        if extension is not None:
            self._constraints.append(parse_name_constraints(extension.value, critical=extension.critical))
            self._journal.passed("6.1.4 (g)", position, "certifies only certain names")

    def _check_length(self, position: int, *, is_anchor: bool) -> None:
        # 6.1.4 (l), (m)
        certificate = self._path[position]
        if not is_anchor and not certificate.is_self_issued:
            self._left -= 1
        if certificate.path_length is not None:
            self._left = min(self._left, certificate.path_length)
        # By the RFC, (l) fails at the next certificate. The check is made here, so that the error names the certificate
        # that sets the limit.
        below = sum(not path_certificate.is_self_issued for path_certificate in self._path[1:position])
        if below > self._left:
            raise self._journal.failed("6.1.4 (m)", position, "the path is too long")

    def _check_form(self, position: int, label: str) -> None:
        certificate = self._path[position]
        # Section 4.1.2.1: extensions exist since version 3, and there is no version above it.
        if not 1 <= certificate.version <= 3 or (certificate.version < 3 and certificate.extensions):
            text = f"a certificate of version {certificate.version}, with {len(certificate.extensions)} extensions"
            raise self._journal.failed("4.1.2.1", position, text)
        unknown = find_unprocessed(certificate)
        if unknown is not None:
            raise self._journal.failed(label, position, f"extension {unknown} is not understood")
        self._journal.passed(label, position, "every extension that is critical was checked")

    def _finish_policies(self) -> None:
        # 6.1.5 (a), (b), (g): the policies of the whole path.
        policies = self._graph.finish(self._path[0])
        if policies is None:
            raise self._journal.failed(
                "6.1.5 (g)", 0, "none of the policies that are demanded holds for the whole path"
            )
        self.policies = policies
