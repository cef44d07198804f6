"""A demonstration CA: authorities and e-mail certificates for experiments and tests.

The certificates follow RFC 5280 and RFC 8550 unless their `Details` ask for a fault in dates, usage or the CA flag.
Every kind of `NewKey` is supported, and each kind gets the key usage that fits it. Revocation and the other duties of a
real CA are in the other modules of `smime_core.ca`.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from smime_core.ca.certificate_building import CertificateTemplate, build_certificate, new_serial_number
from smime_core.ca.extensions import (
    build_authority_information_access,
    build_basic_constraints,
    build_certificate_policies,
    build_crl_distribution_points,
    build_extended_key_usage,
    build_key_usage,
    build_subject_alt_name,
    key_identifiers,
)
from smime_core.ca.names import COMMON_NAME, build_name
from smime_core.identity.identity import Identity
from smime_core.keys import public_key_of
from smime_core.provider import CryptoProvider, KeyType, NewKey, PrivateKey
from smime_core.x509.certificate import EMAIL_PROTECTION, Extension, KeyUsage

AUTHORITY_VALIDITY: Final = datetime.timedelta(days=3650)
IDENTITY_VALIDITY: Final = datetime.timedelta(days=730)
# The validity begins this long before the issue, because clocks may be slow.
_HEAD_START: Final = datetime.timedelta(days=1)
# RFC 5652 sections 6.2.1 and 6.2.2: ktri needs keyEncipherment, kari needs keyAgreement. RFC 8410 section 5, RFC 9881
# section 5 and RFC 9935 section 5 limit the newer keys.
_USAGES: Final = {
    KeyType.RSA: KeyUsage.DIGITAL_SIGNATURE | KeyUsage.KEY_ENCIPHERMENT,
    KeyType.EC: KeyUsage.DIGITAL_SIGNATURE | KeyUsage.KEY_AGREEMENT,
    KeyType.X25519: KeyUsage.KEY_AGREEMENT,
    KeyType.X448: KeyUsage.KEY_AGREEMENT,
    KeyType.ML_KEM_512: KeyUsage.KEY_ENCIPHERMENT,
    KeyType.ML_KEM_768: KeyUsage.KEY_ENCIPHERMENT,
    KeyType.ML_KEM_1024: KeyUsage.KEY_ENCIPHERMENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A CA that can issue: its certificate and key. `identity.chain` has the certificates above it."""

    identity: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """The content of a certificate besides name, address and key. If a field is empty, its extension is left out.

    A person's common name is the address, or `common_name`. By default `not_before` is a day before `at`, and
    `not_after` is two years after `at` (ten for an authority). `is_ca` overrides the usual value, for tests of
    refusals. `extended_key_usage` has dotted OIDs, for persons only. `more` has further extensions, written unchanged.
    """

    common_name: str | None = None
    not_before: datetime.datetime | None = None
    not_after: datetime.datetime | None = None
    is_ca: bool | None = None
    path_length: int | None = None
    extended_key_usage: tuple[str, ...] = (EMAIL_PROTECTION,)
    crl_urls: tuple[str, ...] = ()
    ocsp_urls: tuple[str, ...] = ()
    issuer_urls: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    more: tuple[Extension, ...] = ()

    def build_pointers(self) -> tuple[Extension, ...]:
        """The extensions with policies and with the URLs of CRLs, OCSP responders and the issuer, then `more`."""
        access = (self.ocsp_urls, self.issuer_urls) != ((), ())
        return (
            *([build_certificate_policies(self.policies)] if self.policies else ()),
            *([build_crl_distribution_points(self.crl_urls)] if self.crl_urls else ()),
            *(
                [build_authority_information_access(ocsp_urls=self.ocsp_urls, issuer_urls=self.issuer_urls)]
                if access
                else ()
            ),
            *self.more,
        )


ORDINARY: Final = Details()


async def create_authority(
    name: str,
    provider: CryptoProvider,
    *,
    at: datetime.datetime,
    key: NewKey | PrivateKey = NewKey.RSA_2048,
    issuer: Authority | None = None,
    details: Details = ORDINARY,
) -> Authority:
    """A new authority: a root, or an intermediate under `issuer`.

    `key` may be an existing key, for a cross-certificate or a new certificate of an old CA. If `details.is_ca` is
    False, the cA flag and keyCertSign are left out. Raises UnsupportedByProvider for a key that cannot sign.
    """
    own_key = await provider.generate_key(key) if isinstance(key, NewKey) else key
    is_ca = details.is_ca is not False
    usage = KeyUsage.KEY_CERT_SIGN | KeyUsage.CRL_SIGN if is_ca else KeyUsage.DIGITAL_SIGNATURE
    extensions = (
        build_basic_constraints(is_ca=is_ca, path_length=details.path_length),
        build_key_usage(usage),
        *details.build_pointers(),
    )
    term = (details.not_before or at - _HEAD_START, details.not_after or at + AUTHORITY_VALIDITY)
    return Authority(identity=await _issue(name, own_key, term, extensions, issuer, provider))


async def issue_identity(
    authority: Authority,
    address: str,
    provider: CryptoProvider,
    *,
    at: datetime.datetime,
    key: NewKey | PrivateKey = NewKey.RSA_2048,
    details: Details = ORDINARY,
) -> Identity:
    """A person's certificate with its key. The kind of key decides whether it is for signing, encryption or both.

    `key` may be an existing key. Raises MalformedMessage for an invalid address.
    """
    alternative_name = build_subject_alt_name([address])
    own_key = await provider.generate_key(key) if isinstance(key, NewKey) else key
    usages = details.extended_key_usage
    extensions = (
        build_basic_constraints(is_ca=details.is_ca is True),
        build_key_usage(_USAGES.get(own_key.key_type, KeyUsage.DIGITAL_SIGNATURE)),
        alternative_name,
        *([build_extended_key_usage(*usages)] if usages else ()),
        *details.build_pointers(),
    )
    name = address if details.common_name is None else details.common_name
    term = (details.not_before or at - _HEAD_START, details.not_after or at + IDENTITY_VALIDITY)
    return await _issue(name, own_key, term, extensions, authority, provider)


async def _issue(
    name: str,
    private_key: PrivateKey,
    term: tuple[datetime.datetime, datetime.datetime],
    extensions: tuple[Extension, ...],
    issuer: Authority | None,
    provider: CryptoProvider,
) -> Identity:
    subject_der = build_name((COMMON_NAME, name))
    public_key = public_key_of(private_key)
    above = None if issuer is None else issuer.identity
    template = CertificateTemplate(
        serial_number=new_serial_number(provider),
        subject_der=subject_der,
        public_key=public_key,
        not_before=term[0],
        not_after=term[1],
        extensions=(*key_identifiers(public_key, None if above is None else above.certificate), *extensions),
    )
    certificate = await build_certificate(
        template,
        provider,
        issuer_der=subject_der if above is None else above.certificate.subject_der,
        signing_key=private_key if above is None else above.private_key,
    )
    return Identity(
        certificate=certificate,
        private_key=private_key,
        chain=() if above is None else (above.certificate, *above.chain),
        friendly_name=name,
    )
