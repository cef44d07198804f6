"""Chains of certificates with any extensions, and revocation lists. All keys are P-256, made once and named."""

from __future__ import annotations

import datetime
import functools
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import parse_signature_identifier
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.ca.certificate_building import CertificateTemplate, build_certificate, new_serial_number
from smime_core.ca.extensions import (
    build_authority_key_identifier,
    build_basic_constraints,
    build_extended_key_usage,
    build_key_usage,
    build_subject_alt_name,
    build_subject_key_identifier,
)
from smime_core.ca.names import COMMON_NAME, build_name
from smime_core.ca.revocation_list_building import ListTerm, RevokedCertificate, build_revocation_list
from smime_core.keys import public_key_of
from smime_core.provider import NewKey, PrivateKey
from smime_core.x509.certificate import EMAIL_PROTECTION, Certificate, Extension, KeyUsage, parse_certificate
from smime_core.x509.revocation_list import RevocationList, parse_revocation_list
from tests.support.people import NOW, PROVIDER

YEAR: Final = datetime.timedelta(days=365)
CA_USAGE: Final = KeyUsage.KEY_CERT_SIGN | KeyUsage.CRL_SIGN
SIGNER_USAGE: Final = KeyUsage.DIGITAL_SIGNATURE | KeyUsage.KEY_AGREEMENT
TERM: Final = ListTerm(this_update=NOW, next_update=NOW + datetime.timedelta(days=7))


@functools.cache
def key(name: str) -> PrivateKey:
    """The key of this name, which is generated at its first use."""
    return run(PROVIDER.generate_key(NewKey.P256))


@dataclass(frozen=True, kw_only=True)
class Rig:
    """An authority, or a person, with a certificate and a named key. After a key rollover `key_name` is not `name`."""

    name: str
    certificate: Certificate
    key_name: str

    def issue(
        self,
        name: str,
        *extensions: Extension,
        is_ca: bool = True,
        key_name: str = "",
        not_before: datetime.datetime = NOW - YEAR,
        not_after: datetime.datetime = NOW + YEAR,
        path_length: int | None = None,
    ) -> Rig:
        """Issue an authority below this one; with `is_ca` False, a person whose certificate has no address."""
        basic = build_basic_constraints(is_ca=is_ca, path_length=path_length)
        usage = build_key_usage(CA_USAGE if is_ca else SIGNER_USAGE)
        certificate = issue(
            name,
            key_name or name,
            self,
            (basic, usage, *extensions),
            not_before=not_before,
            not_after=not_after,
        )
        return Rig(name=name, certificate=certificate, key_name=key_name or name)

    def certify(
        self,
        address: str,
        *extensions: Extension,
        not_before: datetime.datetime = NOW - YEAR,
        not_after: datetime.datetime = NOW + YEAR,
    ) -> Certificate:
        """Issue a person's certificate for mail. `extensions` replace usual ones of the same OID, or are added."""
        named = _address_extensions(address)
        own = {extension.oid for extension in extensions}
        defaults = tuple(extension for extension in named if extension.oid not in own)
        return self.issue(
            address, *defaults, *extensions, is_ca=False, not_before=not_before, not_after=not_after
        ).certificate


def root(name: str = "Root", *extensions: Extension, path_length: int | None = None) -> Rig:
    """A self-signed authority."""
    basic = build_basic_constraints(is_ca=True, path_length=path_length)
    certificate = issue(name, name, None, (basic, build_key_usage(CA_USAGE), *extensions))
    return Rig(name=name, certificate=certificate, key_name=name)


def issue(
    name: str,
    key_name: str,
    issuer: Rig | None,
    extensions: tuple[Extension, ...],
    *,
    not_before: datetime.datetime = NOW - YEAR,
    not_after: datetime.datetime = NOW + YEAR,
    subject_der: bytes = b"",
) -> Certificate:
    """A certificate with exactly these extensions and the key identifiers. `subject_der` replaces the name."""
    subject_der = subject_der or build_name((COMMON_NAME, name))
    public_key = public_key_of(key(key_name))
    identifiers = [build_subject_key_identifier(public_key)]
    if issuer is not None:
        identifier = issuer.certificate.subject_key_identifier or b""
        identifiers.append(build_authority_key_identifier(identifier))
    template = CertificateTemplate(
        serial_number=new_serial_number(PROVIDER),
        subject_der=subject_der,
        public_key=public_key,
        not_before=not_before,
        not_after=not_after,
        extensions=(*identifiers, *extensions),
    )
    return run(
        build_certificate(
            template,
            issuer_der=subject_der if issuer is None else issuer.certificate.subject_der,
            signing_key=key(key_name if issuer is None else issuer.key_name),
            provider=PROVIDER,
        )
    )


def authority_extensions() -> tuple[Extension, ...]:
    """The extensions of an authority's certificate: basic constraints and key usage."""
    return build_basic_constraints(is_ca=True), build_key_usage(CA_USAGE)


def person_extensions(address: str) -> tuple[Extension, ...]:
    """The extensions of a person's certificate for mail."""
    usage = build_key_usage(SIGNER_USAGE)
    return build_basic_constraints(is_ca=False, path_length=None), usage, *_address_extensions(address)


def _address_extensions(address: str) -> tuple[Extension, ...]:
    return build_subject_alt_name((address,)), build_extended_key_usage(EMAIL_PROTECTION)


def clique(names: list[str], count: int) -> tuple[list[Rig], list[Certificate]]:
    """`count` authorities that have all certified each other, and these certificates. `names` are used in turn."""
    rigs = [
        Rig(
            name=names[number % len(names)],
            certificate=issue(names[number % len(names)], f"clique {number}", None, authority_extensions()),
            key_name=f"clique {number}",
        )
        for number in range(count)
    ]
    pool = [
        issue(rig.name, rig.key_name, other, authority_extensions())
        for rig in rigs
        for other in rigs
        if rig is not other
    ]
    return rigs, pool


def with_version(certificate: Certificate, version: int, signer: str) -> Certificate:
    """The same certificate with another version number, signed again by the key `signer`."""
    tbs = der.read_children(der.read_one(certificate.tbs_der))
    number = der.explicit(0, der.integer(version - 1)) if version != 1 else b""
    tbs_der = der.sequence(number, *(field.encoded for field in tbs[1:]))
    return _signed(certificate, tbs_der, signer)


def without_extensions(certificate: Certificate, signer: str) -> Certificate:
    """The certificate as version 1, without extensions, signed again by the key `signer`."""
    tbs = der.read_children(der.read_one(certificate.tbs_der))
    return _signed(certificate, der.sequence(*(field.encoded for field in tbs[1:-1])), signer)


def _signed(certificate: Certificate, tbs_der: bytes, signer: str) -> Certificate:
    algorithm = parse_signature_identifier(certificate.signature_algorithm_der)
    signature = run(PROVIDER.sign(key(signer), algorithm, tbs_der))
    bits = der.element(0x03, b"\0", signature)
    return parse_certificate(der.sequence(tbs_der, certificate.signature_algorithm_der, bits))


def revocation_list(rig: Rig, *revoked: Certificate, key_name: str = "") -> RevocationList:
    entries = [RevokedCertificate(serial_number=certificate.serial_number, revoked_at=NOW) for certificate in revoked]
    return parse_revocation_list(
        run(
            build_revocation_list(
                entries,
                issuer=rig.certificate,
                signing_key=key(key_name or rig.key_name),
                number=1,
                term=TERM,
                provider=PROVIDER,
            )
        )
    )
