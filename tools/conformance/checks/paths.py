"""Tasks for certification paths (RFC 5280 section 6) and their parts: names, name constraints, policies, signatures."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import parse_signature_identifier
from smime_core.asn1 import der
from smime_core.asn1.distinguished_name import comparable_name
from smime_core.errors import LimitExceeded, MalformedMessage, PathError, SmimeError, UnsupportedByProvider
from smime_core.keys import parse_public_key
from smime_core.keys.forms import read_bit_string
from smime_core.pkix import (
    CertificateUse,
    Evidence,
    PathRules,
    PolicyRequirements,
    Purpose,
    RevocationPolicy,
    TrustAnchor,
    TrustStore,
    ValidatedPath,
    validate_path,
)
from smime_core.pkix.constrained_names import read_constrained_names
from smime_core.pkix.name_constraints import find_violation, parse_name_constraints
from smime_core.pkix.policies import parse_certificate_policies
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import Certificate, parse_certificate
from smime_core.x509.revocation_list import RevocationList, parse_revocation_list
from tools.conformance.case import task
from tools.conformance.checks.facts import claim
from tools.conformance.checks.signed import read_layer, verify_one

EMPTY_NAME: Final = b"\x30\x00"
ANY_USE: Final = CertificateUse(name="anything")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedPath:
    """A path with the trust, time and policy by which it is validated, all parsed."""

    certificate: Certificate
    intermediates: tuple[Certificate, ...]
    trust_store: TrustStore
    at: datetime.datetime
    purpose: Purpose | CertificateUse
    policy: Policy

    async def validate(self, provider: CryptoProvider) -> ValidatedPath:
        """Validate the path. Raises PathError or LimitExceeded."""
        return await validate_path(
            self.certificate,
            self.purpose,
            PathRules(self.trust_store, self.at, known=self.intermediates, policy=self.policy),
            provider,
        )


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class PathVerdict:
    """A path is accepted or refused at a time (ISO 8601), by policy ARCHIVE if `is_archived`, otherwise RECEIVE.

    If `is_revocation_required`, the revocation status must be known. One of the extended key usages in `usages` must be
    allowed. Without `usages` and `purpose`, no use is checked. `policies` is the expected user-constrained-policy-set;
    None if it is not compared. `message` is signed with the certificate. The signature verifies even if the path is
    refused.
    """

    certificate: bytes
    anchors: tuple[bytes, ...]
    intermediates: tuple[bytes, ...] = ()
    revocation_lists: tuple[bytes, ...] = ()
    at: str
    is_accepted: bool
    is_archived: bool = False
    is_revocation_required: bool = False
    purpose: str = ""
    usages: tuple[str, ...] = ()
    initial_policies: tuple[str, ...] = ()
    explicit_policy: bool = False
    inhibit_mapping: bool = False
    inhibit_any_policy: bool = False
    policies: tuple[str, ...] | None = None
    message: bytes | None = None

    async def run(self, provider: CryptoProvider) -> int:
        try:
            path = await self.prepare().validate(provider)
        except UnsupportedByProvider:
            raise
        except SmimeError as error:
            claim(not self.is_accepted, f"refused, expected to be accepted: {_describe(error)}")
            return 1 + (await self._verify_message((), provider) if self.message and not _is_damage(error) else 0)
        facts = claim(self.is_accepted, "accepted, expected to be refused")
        if self.policies is not None:
            facts += claim(path.policies == set(self.policies), f"policies {sorted(path.policies)}")
        return facts + (await self._verify_message(path.certificates, provider) if self.message else 0)

    def prepare(self) -> PreparedPath:
        """The path and its conditions, parsed. Raises SmimeError."""
        return PreparedPath(
            certificate=parse_certificate(self.certificate),
            intermediates=tuple(map(parse_certificate, self.intermediates)),
            trust_store=TrustStore(
                anchors=tuple(TrustAnchor(certificate=parse_certificate(anchor)) for anchor in self.anchors),
                revocation=RevocationPolicy.REQUIRED if self.is_revocation_required else RevocationPolicy.NOT_CHECKED,
                requirements=self._requirements(),
                evidence=Evidence(revocation_lists=tuple(_readable_lists(self.revocation_lists))),
            ),
            at=datetime.datetime.fromisoformat(self.at),
            purpose=self._use(),
            policy=Policy.ARCHIVE if self.is_archived else Policy.RECEIVE,
        )

    def _requirements(self) -> PolicyRequirements:
        plain = PolicyRequirements()
        return PolicyRequirements(
            initial_policies=frozenset(self.initial_policies) or plain.initial_policies,
            require_explicit_policy=self.explicit_policy,
            inhibit_policy_mapping=self.inhibit_mapping,
            inhibit_any_policy=self.inhibit_any_policy,
        )

    def _use(self) -> Purpose | CertificateUse:
        if self.purpose:
            return Purpose(self.purpose)
        return CertificateUse(name="this", extended_key_usages=frozenset(self.usages)) if self.usages else ANY_USE

    async def _verify_message(self, path: tuple[Certificate, ...], provider: CryptoProvider) -> int:
        layer, known = read_layer(self.message or b"", None, self.intermediates)
        infos = layer.signed_data.signer_infos
        for info in infos:
            await verify_one(info, layer, (*path, *known), provider)
        return claim(bool(infos), "nobody signed")


def _describe(error: SmimeError) -> str:
    step = f" ({error.rfc5280_step})" if isinstance(error, PathError) else ""
    return f"{error.code}: {error}{step}"


def _is_damage(error: SmimeError) -> bool:
    return isinstance(error, MalformedMessage) and not isinstance(error, LimitExceeded)


def _readable_lists(lists: tuple[bytes, ...]) -> list[RevocationList]:
    # Leaves out the lists that cannot be read.
    revocation_lists: list[RevocationList] = []
    for octets in lists:
        try:
            revocation_lists.append(parse_revocation_list(octets))
        except SmimeError:
            continue
    return revocation_lists


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class NamesMatch:
    """Two distinguished names are the same or not (RFC 5280 section 7.1). None: one of the names must be refused."""

    names: tuple[bytes, bytes]
    is_same: bool | None

    async def run(self, provider: CryptoProvider) -> int:
        del provider
        try:
            name, other = map(comparable_name, self.names)
        except MalformedMessage:
            return claim(self.is_same is None, "a name cannot be read")
        return claim((name == other) is self.is_same, f"the same: {name == other}, expected {self.is_same}")


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class NamesAllowed:
    """Name constraints allow a subject and a subjectAltName, or do not. All three are the DER of a value.

    Constraints that cannot be read allow nothing.
    """

    constraints: bytes
    is_critical: bool = True
    subject: bytes = EMPTY_NAME
    alternative_names: bytes | None = None
    is_allowed: bool

    async def run(self, provider: CryptoProvider) -> int:
        del provider
        try:
            constraints = parse_name_constraints(self.constraints, critical=self.is_critical)
            violation = find_violation(read_constrained_names(self.subject, self.alternative_names), constraints)
        except MalformedMessage as error:
            return claim(not self.is_allowed, f"refused: {error}")
        return claim((violation is None) is self.is_allowed, f"{violation}, expected allowed: {self.is_allowed}")


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The policies of a certificatePolicies extension; None if it must be refused."""

    value: bytes
    is_critical: bool = True
    policies: tuple[str, ...] | None

    async def run(self, provider: CryptoProvider) -> int:
        del provider
        try:
            policies = parse_certificate_policies(self.value, critical=self.is_critical)
        except MalformedMessage as error:
            return claim(self.policies is None, f"refused: {error}")
        return claim(self.policies is not None and policies == set(self.policies), f"policies {sorted(policies)}")


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureOverData:
    """A signature over bytes, given as the DER of a BIT STRING, verifies or does not."""

    public_key: bytes
    algorithm: bytes
    data: bytes
    signature: bytes
    is_good: bool

    async def run(self, provider: CryptoProvider) -> int:
        try:
            bits = read_bit_string(der.read_one(self.signature), where="signature")
            algorithm = parse_signature_identifier(self.algorithm)
            await provider.verify(parse_public_key(self.public_key), algorithm, bytes(bits), self.data)
        except UnsupportedByProvider:
            raise
        except SmimeError as error:
            return claim(not self.is_good, f"refused: {error}")
        return claim(self.is_good, "the signature holds, expected a refusal")
