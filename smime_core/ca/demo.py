"""A demonstration CA: authorities and e-mail certificates for trying things out and for tests.

The certificates follow RFC 5280 and RFC 8550 unless a parameter asks for a fault: dates, usage and the CA flag are
plain arguments. Any kind of new key gets one; what only encrypts says so in its usage. Leaves out: revocation, and
every duty of a CA that people may rely on, which are `smime_core.ca`.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
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
from smime_core.certificate import EMAIL_PROTECTION, Extension, KeyUsage
from smime_core.identity import Identity
from smime_core.keys import public_key_of
from smime_core.provider import CryptoProvider, KeyType, NewKey, PrivateKey

AUTHORITY_VALIDITY: Final = datetime.timedelta(days=3650)
IDENTITY_VALIDITY: Final = datetime.timedelta(days=730)
_HEAD_START: Final = datetime.timedelta(days=1)  # for clocks that are slow
# RFC 5652 sections 6.2.1 and 6.2.2: ktri wants keyEncipherment, kari keyAgreement; RFC 8410 section 5, RFC 9881 section
# 5 and RFC 9935 section 5 say what the younger keys may not do.
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
    """A CA that can issue: its own certificate and key, and in `identity.chain` those above it."""

    identity: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointers:
    """What a certificate says about itself: where its revocation is told and its issuer is found, under what policies.

    Nothing is left out of the certificate but what is empty here. `more` holds further extensions as they are.
    """

    crl_urls: tuple[str, ...] = ()
    ocsp_urls: tuple[str, ...] = ()
    issuer_urls: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    more: tuple[Extension, ...] = ()

    def build(self) -> tuple[Extension, ...]:
        """The extensions that say so."""
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


NO_POINTERS: Final = Pointers()


async def create_authority(
    name: str,
    *,
    provider: CryptoProvider,
    at: datetime.datetime,
    key: NewKey = NewKey.RSA_2048,
    issuer: Authority | None = None,
    is_ca: bool = True,
    path_length: int | None = None,
    not_before: datetime.datetime | None = None,
    not_after: datetime.datetime | None = None,
    pointers: Pointers = NO_POINTERS,
    private_key: PrivateKey | None = None,
) -> Authority:
    """A new authority: a root, or an intermediate under `issuer`. Valid from a day before `at` for ten years.

    `private_key` certifies a key that is there already, as for a cross-certificate or a new certificate of an old CA.
    `is_ca=False` leaves out the cA flag and keyCertSign, for tests of what must be refused.
    Raises UnsupportedByProvider for a key that cannot sign.
    """
    own_key = private_key or await provider.generate_key(key)
    usage = KeyUsage.KEY_CERT_SIGN | KeyUsage.CRL_SIGN if is_ca else KeyUsage.DIGITAL_SIGNATURE
    request = _Request(
        name=name,
        private_key=own_key,
        not_before=not_before or at - _HEAD_START,
        not_after=not_after or at + AUTHORITY_VALIDITY,
        extensions=(
            build_basic_constraints(is_ca=is_ca, path_length=path_length),
            build_key_usage(usage),
            *pointers.build(),
        ),
    )
    return Authority(identity=await _issue(request, issuer, provider=provider))


async def issue_identity(
    authority: Authority,
    address: str,
    *,
    provider: CryptoProvider,
    at: datetime.datetime,
    key: NewKey = NewKey.RSA_2048,
    common_name: str | None = None,
    not_before: datetime.datetime | None = None,
    not_after: datetime.datetime | None = None,
    extended_key_usage: Sequence[str] = (EMAIL_PROTECTION,),
    is_ca: bool = False,
    pointers: Pointers = NO_POINTERS,
    private_key: PrivateKey | None = None,
) -> Identity:
    """A person's certificate for what the key can do: signing, encryption or both.

    Valid from a day before `at` for two years. `extended_key_usage` takes dotted OIDs; none leaves the extension out.
    `private_key` certifies a key that is there already. Raises MalformedMessage for what is no address.
    """
    alternative_name = build_subject_alt_name([address])
    own_key = private_key or await provider.generate_key(key)
    request = _Request(
        name=common_name if common_name is not None else address,
        private_key=own_key,
        not_before=not_before or at - _HEAD_START,
        not_after=not_after or at + IDENTITY_VALIDITY,
        extensions=(
            build_basic_constraints(is_ca=is_ca),
            build_key_usage(_USAGES.get(own_key.key_type, KeyUsage.DIGITAL_SIGNATURE)),
            alternative_name,
            *([build_extended_key_usage(*extended_key_usage)] if extended_key_usage else ()),
            *pointers.build(),
        ),
    )
    return await _issue(request, authority, provider=provider)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    name: str
    private_key: PrivateKey
    not_before: datetime.datetime
    not_after: datetime.datetime
    extensions: tuple[Extension, ...]


async def _issue(request: _Request, issuer: Authority | None, *, provider: CryptoProvider) -> Identity:
    subject_der = build_name((COMMON_NAME, request.name))
    public_key = public_key_of(request.private_key)
    above = None if issuer is None else issuer.identity
    template = CertificateTemplate(
        serial_number=new_serial_number(provider),
        subject_der=subject_der,
        public_key=public_key,
        not_before=request.not_before,
        not_after=request.not_after,
        extensions=(*key_identifiers(public_key, None if above is None else above.certificate), *request.extensions),
    )
    certificate = await build_certificate(
        template,
        issuer_der=subject_der if above is None else above.certificate.subject_der,
        signing_key=request.private_key if above is None else above.private_key,
        provider=provider,
    )
    return Identity(
        certificate=certificate,
        private_key=request.private_key,
        chain=() if above is None else (above.certificate, *above.chain),
        friendly_name=request.name,
    )
