"""A demonstration CA: authorities and e-mail certificates for trying things out and for tests. Native only.

The certificates follow RFC 5280 and RFC 8550 unless a parameter asks for a fault: dates, usage and the CA flag are
plain arguments. Leaves out: revocation, and every duty of a CA that people may rely on.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from smime_core.certificate import EMAIL_PROTECTION, parse_certificate
from smime_core.errors import MalformedMessage, UnsupportedByProvider
from smime_core.identity import Identity
from smime_core.provider import CryptoProvider, KeyType, NewKey, PrivateKey

AUTHORITY_VALIDITY: Final = datetime.timedelta(days=3650)
IDENTITY_VALIDITY: Final = datetime.timedelta(days=730)
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_MAILBOX: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_MAX_COMMON_NAME: Final = 64  # characters, RFC 5280 appendix A.1; addresses may be longer
_HEAD_START: Final = datetime.timedelta(days=1)  # for clocks that are slow


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A CA that can issue: its own certificate and key, and in `identity.chain` those above it."""

    identity: Identity


async def create_authority(
    name: str,
    *,
    provider: CryptoProvider,
    at: datetime.datetime,
    key: NewKey = NewKey.RSA_2048,
    issuer: Authority | None = None,
    is_ca: bool = True,
    not_before: datetime.datetime | None = None,
    not_after: datetime.datetime | None = None,
) -> Authority:
    """A new authority: a root, or an intermediate under `issuer`. Valid from a day before `at` for ten years.

    `is_ca=False` leaves out the cA flag and keyCertSign, for tests of what must be refused.
    """
    own_key = await provider.generate_key(key)
    builder = (
        _start(name, own_key, issuer)
        .not_valid_before(not_before or at - _HEAD_START)
        .not_valid_after(not_after or at + AUTHORITY_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(_key_usage(key_cert_sign=is_ca, crl_sign=is_ca, digital_signature=not is_ca), critical=True)
    )
    return Authority(identity=_issue(builder, own_key, issuer, friendly_name=name))


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
) -> Identity:
    """A person's certificate for signing and encryption, with its new key. Valid from a day before `at` for two years.

    `extended_key_usage` takes dotted OIDs; none leaves the extension out. Raises MalformedMessage for what is no
    ASCII address.
    """
    alternative_name = _address_name(address)
    own_key = await provider.generate_key(key)
    is_rsa = own_key.key_type is KeyType.RSA
    name = common_name if common_name is not None else address
    builder = (
        _start(name, own_key, authority)
        .not_valid_before(not_before or at - _HEAD_START)
        .not_valid_after(not_after or at + IDENTITY_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        # RFC 5652 sections 6.2.1 and 6.2.2: ktri wants keyEncipherment, kari keyAgreement.
        .add_extension(
            _key_usage(digital_signature=True, key_encipherment=is_rsa, key_agreement=not is_rsa), critical=True
        )
        .add_extension(x509.SubjectAlternativeName([alternative_name]), critical=False)
    )
    if extended_key_usage:
        purposes = x509.ExtendedKeyUsage(map(x509.ObjectIdentifier, extended_key_usage))
        builder = builder.add_extension(purposes, critical=False)
    return _issue(builder, own_key, authority, friendly_name=name)


def _address_name(address: str) -> x509.RFC822Name:
    # RFC 5321 section 4.1.2: Dot-string @ Domain; quoted local parts and address literals are left out.
    if not _MAILBOX.fullmatch(address):
        raise MalformedMessage("expected an e-mail address in ASCII", where="address")
    return x509.RFC822Name(address)


def _start(name: str, own_key: PrivateKey, issuer: Authority | None) -> x509.CertificateBuilder:
    # RFC 5280 section 4.2.1.1: a root needs no AKI; the others name the SKI of their issuer.
    public_key = _load(own_key).public_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_MAX_COMMON_NAME])])
    builder = (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .subject_name(subject)
        .public_key(public_key)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )
    if issuer is None:
        return builder.issuer_name(subject)
    certificate = x509.load_der_x509_certificate(issuer.identity.certificate.der)
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return builder.issuer_name(certificate.subject).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
    )


def _key_usage(
    *,
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_agreement: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=key_agreement,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _issue(
    builder: x509.CertificateBuilder, own_key: PrivateKey, issuer: Authority | None, *, friendly_name: str
) -> Identity:
    signer = own_key if issuer is None else issuer.identity.private_key
    certificate = builder.sign(_load(signer), hashes.SHA256())
    return Identity(
        certificate=parse_certificate(certificate.public_bytes(serialization.Encoding.DER)),
        private_key=own_key,
        chain=() if issuer is None else (issuer.identity.certificate, *issuer.identity.chain),
        friendly_name=friendly_name,
    )


def _load(private_key: PrivateKey) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    loaded = serialization.load_der_private_key(private_key.pkcs8_der, password=None)
    if not isinstance(loaded, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise UnsupportedByProvider("issue", "an authority's key is RSA or EC")
    return loaded
