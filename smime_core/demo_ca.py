"""A demonstration CA: authorities and e-mail certificates for trying things out and for tests.

The certificates follow RFC 5280 and RFC 8550 unless a parameter asks for a fault: dates, usage and the CA flag are
plain arguments. Any kind of new key gets one; what only encrypts says so in its usage. Leaves out: revocation, and
every duty of a CA that people may rely on.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core import der
from smime_core.algorithms import (
    PURE_SCHEME_HASHES,
    Curve,
    HashName,
    SignatureAlgorithm,
    SignatureScheme,
    build_signature_identifier,
)
from smime_core.certificate import (
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    EMAIL_PROTECTION,
    EXTENDED_KEY_USAGE,
    KEY_USAGE,
    SUBJECT_ALT_NAME,
    SUBJECT_KEY_IDENTIFIER,
    KeyUsage,
    parse_certificate,
)
from smime_core.errors import MalformedMessage, UnsupportedByProvider
from smime_core.identity import Identity
from smime_core.keys import public_key_of, public_octets
from smime_core.provider import CryptoProvider, KeyType, NewKey, PrivateKey
from smime_core.signed_attributes import build_time

AUTHORITY_VALIDITY: Final = datetime.timedelta(days=3650)
IDENTITY_VALIDITY: Final = datetime.timedelta(days=730)
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_MAILBOX: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_MAX_COMMON_NAME: Final = 64  # characters, RFC 5280 appendix A.1; addresses may be longer
_HEAD_START: Final = datetime.timedelta(days=1)  # for clocks that are slow
_COMMON_NAME: Final = "2.5.4.3"
_UTF8_STRING: Final = 0x0C
_BIT_STRING: Final = 0x03
_CRITICAL: Final = b"\x01\x01\xff"
_RFC822_NAME: Final = 0x81
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
_CURVE_HASHES: Final = {Curve.P384: HashName.SHA384, Curve.P521: HashName.SHA512}


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
    Raises UnsupportedByProvider for a key that cannot sign.
    """
    own_key = await provider.generate_key(key)
    usage = KeyUsage.KEY_CERT_SIGN | KeyUsage.CRL_SIGN if is_ca else KeyUsage.DIGITAL_SIGNATURE
    request = _Request(
        name=name,
        private_key=own_key,
        not_before=not_before or at - _HEAD_START,
        not_after=not_after or at + AUTHORITY_VALIDITY,
        extensions=(_basic_constraints(is_ca=is_ca), _key_usage(usage)),
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
) -> Identity:
    """A person's certificate for what the new key can do: signing, encryption or both.

    Valid from a day before `at` for two years. `extended_key_usage` takes dotted OIDs; none leaves the extension out.
    Raises MalformedMessage for what is no ASCII address.
    """
    alternative_name = _address_name(address)
    own_key = await provider.generate_key(key)
    purposes = [der.oid(purpose) for purpose in extended_key_usage]
    request = _Request(
        name=common_name if common_name is not None else address,
        private_key=own_key,
        not_before=not_before or at - _HEAD_START,
        not_after=not_after or at + IDENTITY_VALIDITY,
        extensions=(
            _basic_constraints(is_ca=is_ca),
            _key_usage(_USAGES.get(own_key.key_type, KeyUsage.DIGITAL_SIGNATURE)),
            _extension(SUBJECT_ALT_NAME, der.sequence(alternative_name)),
            _extension(EXTENDED_KEY_USAGE, der.sequence(*purposes)) if purposes else b"",
        ),
    )
    return await _issue(request, authority, provider=provider)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    name: str
    private_key: PrivateKey
    not_before: datetime.datetime
    not_after: datetime.datetime
    extensions: tuple[bytes, ...]


def _address_name(address: str) -> bytes:
    # RFC 5321 section 4.1.2: Dot-string @ Domain; quoted local parts and address literals are left out.
    if not _MAILBOX.fullmatch(address):
        raise MalformedMessage("expected an e-mail address in ASCII", where="address")
    return der.element(_RFC822_NAME, address.encode("ascii"))


async def _issue(request: _Request, issuer: Authority | None, *, provider: CryptoProvider) -> Identity:
    # RFC 5280 section 4.1; the certificate of a root is signed by its own key.
    signer = request.private_key if issuer is None else issuer.identity.private_key
    algorithm = _signature_algorithm(signer)
    identifier = build_signature_identifier(algorithm)
    subject = _name(request.name)
    public_key = public_key_of(request.private_key)
    tbs_der = der.sequence(
        der.explicit(0, der.integer(2)),
        der.unsigned(provider.random_bytes(16)),
        identifier,
        subject if issuer is None else issuer.identity.certificate.subject_der,
        der.sequence(build_time(request.not_before), build_time(request.not_after)),
        subject,
        public_key.spki_der,
        der.explicit(3, der.sequence(*_key_identifiers(public_octets(public_key), issuer), *request.extensions)),
    )
    signature = await provider.sign(signer, algorithm, tbs_der)
    certificate_der = der.sequence(tbs_der, identifier, der.element(_BIT_STRING, b"\0", signature))
    return Identity(
        certificate=parse_certificate(certificate_der),
        private_key=request.private_key,
        chain=() if issuer is None else (issuer.identity.certificate, *issuer.identity.chain),
        friendly_name=request.name,
    )


def _signature_algorithm(signer: PrivateKey) -> SignatureAlgorithm:
    if signer.key_type is KeyType.RSA:
        return SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA256)
    if signer.curve is not None:
        hash_name = _CURVE_HASHES.get(signer.curve, HashName.SHA256)
        return SignatureAlgorithm(scheme=SignatureScheme.ECDSA, hash_name=hash_name)
    try:
        scheme = SignatureScheme(signer.key_type.value)
    except ValueError:
        raise UnsupportedByProvider("issue", f"a key of type {signer.key_type} signs nothing") from None
    return SignatureAlgorithm(scheme=scheme, hash_name=PURE_SCHEME_HASHES[scheme])


def _name(common_name: str) -> bytes:
    value = der.element(_UTF8_STRING, common_name[:_MAX_COMMON_NAME].encode())
    return der.sequence(der.set_of([der.sequence(der.oid(_COMMON_NAME), value)]))


def _key_identifiers(public: bytes, issuer: Authority | None) -> tuple[bytes, ...]:
    # RFC 5280 section 4.2.1.1: a root needs no AKI; the others name the SKI of their issuer. RFC 7093 section 2 (1):
    # the identifier is the first 160 bits of SHA-256 over the key.
    own = _extension(SUBJECT_KEY_IDENTIFIER, der.octet_string(hashlib.sha256(public).digest()[:20]))
    identifier = None if issuer is None else issuer.identity.certificate.subject_key_identifier
    if identifier is None:
        return (own,)
    return own, _extension(AUTHORITY_KEY_IDENTIFIER, der.sequence(der.element(0x80, identifier)))


def _basic_constraints(*, is_ca: bool) -> bytes:
    return _extension(BASIC_CONSTRAINTS, der.sequence(b"\x01\x01\xff" if is_ca else b""), critical=True)


def _key_usage(usage: KeyUsage) -> bytes:
    # X.690 section 11.2.2: a list of named bits ends with its last set one.
    length = usage.value.bit_length()
    bits = sum(0x80 >> number for number in range(length) if usage.value >> number & 1)
    return _extension(KEY_USAGE, der.element(_BIT_STRING, bytes((8 - length, bits))), critical=True)


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    return der.sequence(der.oid(oid), _CRITICAL if critical else b"", der.octet_string(value))
