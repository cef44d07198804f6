"""Tasks for single certificates: the facts in them, their refusal, and their possible issuers."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import parse_signature_identifier
from smime_core.asn1.distinguished_name import name_text
from smime_core.errors import MalformedMessage, PathError, SmimeError
from smime_core.pkix import Purpose, TrustAnchor
from smime_core.pkix.certificate_pool import CertificatePool
from smime_core.pkix.constrained_names import read_constrained_names
from smime_core.pkix.extensions import (
    CERTIFICATE_POLICIES,
    INHIBIT_ANY_POLICY,
    POLICY_CONSTRAINTS,
    find_extension,
    find_issuer_serial,
)
from smime_core.pkix.journal import Journal
from smime_core.pkix.path_validation import PathInputs, check_path
from smime_core.pkix.policies import (
    PolicyConstraints,
    parse_certificate_policies,
    parse_inhibit_any_policy,
    parse_policy_constraints,
)
from smime_core.pkix.purposes import use_of
from smime_core.pkix.trust import PolicyRequirements
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import SUBJECT_ALT_NAME, Certificate, parse_certificate
from smime_core.x509.distribution_points import (
    ACCESS_CA_ISSUERS,
    ACCESS_OCSP,
    find_access_urls,
    parse_distribution_points,
)
from tools.conformance.case import task
from tools.conformance.checks.facts import claim
from tools.conformance.checks.paths import EMPTY_NAME

PARSER: Final = "parser"
READER: Final = "reader"
_URI: Final = 0x86
Fact = str | int | bytes | tuple[str, ...] | None


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateForm:
    """A certificate has these facts, named as in `READERS`, or it is refused.

    `refused_at` is PARSER, READER (for a function of `READERS`), or the label of the step of path validation that
    refuses the certificate. It is "" for a certificate that is not refused.
    """

    octets: bytes
    facts: tuple[tuple[str, Fact], ...] = ()
    refused_at: str = ""

    async def run(self, provider: CryptoProvider) -> int:
        del provider
        try:
            certificate = parse_certificate(self.octets)
        except MalformedMessage as error:
            return claim(self.refused_at == PARSER, f"refused: {error}")
        if self.refused_at not in ("", PARSER, READER):
            labels = _find_faults(certificate)
            return claim(self.refused_at in labels, f"refused at {labels}, expected {self.refused_at}")
        try:
            comparisons = [(name, READERS[name](certificate), value) for name, value in self.facts]
        except MalformedMessage as error:
            return claim(self.refused_at == READER, f"refused: {error}")
        claim(not self.refused_at, f"read, expected to be refused by the {self.refused_at}")
        return 1 + sum(
            claim(fact == other, f"{name} {fact!r}, expected {other!r}") for name, fact, other in comparisons
        )


def _find_faults(certificate: Certificate) -> list[str]:
    # Checks the certificate at the end of a path, and as an authority in a path. The anchor is faultless.
    authority = dataclasses.replace(
        certificate,
        version=3,
        extensions=(),
        is_ca=True,
        path_length=None,
        key_usage=None,
        extended_key_usage=None,
    )
    end = dataclasses.replace(authority, is_ca=False)
    labels: list[str] = []
    for path in ((certificate, authority), (end, certificate, authority)):
        inputs = PathInputs(
            at=certificate.not_before,
            use=use_of(Purpose.SIGN, path[0]),
            requirements=PolicyRequirements(),
            policy=Policy.ARCHIVE,
        )
        try:
            check_path(Journal(certificates=path), inputs, TrustAnchor(certificate=authority))
        except PathError as error:
            labels.append(error.rfc5280_step)
    return labels


def _policy_count(certificate: Certificate) -> int | None:
    extension = find_extension(certificate, CERTIFICATE_POLICIES)
    return None if extension is None else len(parse_certificate_policies(extension.value, critical=extension.critical))


def _policy_constraints(certificate: Certificate) -> PolicyConstraints:
    extension = find_extension(certificate, POLICY_CONSTRAINTS)
    if extension is None:
        return PolicyConstraints(require_explicit_policy=None, inhibit_policy_mapping=None)
    return parse_policy_constraints(extension.value)


def _inhibit_any_policy(certificate: Certificate) -> int | None:
    extension = find_extension(certificate, INHIBIT_ANY_POLICY)
    return None if extension is None else parse_inhibit_any_policy(extension.value)


def _signature_scheme(certificate: Certificate) -> str | None:
    with contextlib.suppress(SmimeError):
        return parse_signature_identifier(certificate.signature_algorithm_der).label
    return None


def _list_names(certificate: Certificate) -> tuple[str, ...]:
    points = parse_distribution_points(certificate)
    names = [name for point in points for name in (*(point.name.full_name if point.name else ()), *point.crl_issuers)]
    return tuple(
        general_name.content.decode() if general_name.tag == _URI else name_text(general_name.content)
        for general_name in names
    )


def _alternative_names(certificate: Certificate) -> tuple[str, ...]:
    # Each name as its form and, if the core compares names of this form, its text.
    extension = find_extension(certificate, SUBJECT_ALT_NAME)
    names = read_constrained_names(EMPTY_NAME, None if extension is None else extension.value)
    return tuple(dict.fromkeys(f"{name.form} {'' if name.value is None else name.text}".strip() for name in names))


def _list_reasons(certificate: Certificate) -> tuple[str, ...]:
    reasons = [point.reasons for point in parse_distribution_points(certificate)]
    return tuple("all" if flags is None else f"{flags.value:09b}" for flags in reasons)


READERS: Final[Mapping[str, Callable[[Certificate], Fact]]] = {
    "version": lambda certificate: certificate.version,
    "serial_number": lambda certificate: certificate.serial_number,
    "issuer": lambda certificate: certificate.issuer_der,
    "subject": lambda certificate: certificate.subject_der,
    "not_before": lambda certificate: certificate.not_before.isoformat(),
    "not_after": lambda certificate: certificate.not_after.isoformat(),
    "spki": lambda certificate: certificate.public_key.spki_der,
    "tbs": lambda certificate: certificate.tbs_der,
    "signature_algorithm": lambda certificate: certificate.signature_algorithm_der,
    "signature_scheme": _signature_scheme,
    "signature": lambda certificate: certificate.signature,
    "is_ca": lambda certificate: certificate.is_ca,
    "path_length": lambda certificate: certificate.path_length,
    "key_usage": lambda certificate: None if certificate.key_usage is None else certificate.key_usage.value,
    "extended_key_usages": lambda certificate: len(certificate.extended_key_usage or ()),
    "extensions": lambda certificate: len(certificate.extensions),
    "critical": lambda certificate: tuple(extension.oid for extension in certificate.extensions if extension.critical),
    "alternative_names": _alternative_names,
    "subject_key_identifier": lambda certificate: certificate.subject_key_identifier,
    "authority_key_identifier": lambda certificate: certificate.authority_key_identifier,
    "issuer_serial": find_issuer_serial,
    "list_names": _list_names,
    "list_reasons": _list_reasons,
    "responders": lambda certificate: find_access_urls(certificate, ACCESS_OCSP),
    "issuer_urls": lambda certificate: find_access_urls(certificate, ACCESS_CA_ISSUERS),
    "policies": _policy_count,
    "require_explicit_policy": lambda certificate: _policy_constraints(certificate).require_explicit_policy,
    "inhibit_policy_mapping": lambda certificate: _policy_constraints(certificate).inhibit_policy_mapping,
    "inhibit_any_policy": _inhibit_any_policy,
}


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuersFound:
    """The certificates of a pool that path building considers as issuers of a certificate."""

    certificate: bytes
    pool: tuple[bytes, ...]
    issuers: tuple[bytes, ...]

    async def run(self, provider: CryptoProvider) -> int:
        del provider
        certificate = parse_certificate(self.certificate)
        pool = CertificatePool(map(parse_certificate, self.pool), (), at=certificate.not_before)
        candidates = pool.find_issuers(certificate.issuer_der, certificate.authority_key_identifier)
        issuers = {candidate.certificate.der for candidate in candidates}
        return claim(issuers == set(self.issuers), f"{len(issuers)} issuers, expected {len(set(self.issuers))}")
