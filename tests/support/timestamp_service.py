"""A timestamp authority, and its tokens built by hand, so that a test can make each part wrong."""

from __future__ import annotations

import datetime
import functools
import hashlib
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from smime_core import Certificate, Identity, RevocationPolicy, TrustAnchor, TrustStore, parse_certificate
from smime_core.algorithms import HashName, SignatureAlgorithm, SignatureScheme, build_hash_identifier
from smime_core.asn1 import der
from smime_core.cms.attributes import CONTENT_TYPE, MESSAGE_DIGEST, build_attribute
from smime_core.cms.content_info import ID_SIGNED_DATA, build_content_info
from smime_core.cms.signed_attributes import build_signing_certificate
from smime_core.keys import parse_private_key
from smime_core.timestamp import ID_CT_TST_INFO, TimestampToken, parse_timestamp_token
from tests.support.people import NOW
from tests.support.signed_structures import signer_info

POLICY: Final = "1.3.6.1.4.1.99.1"
YEAR: Final = datetime.timedelta(days=365)
ECDSA: Final = SignatureAlgorithm(scheme=SignatureScheme.ECDSA, hash_name=HashName.SHA256)
TIMESTAMPING: Final = (ExtendedKeyUsageOID.TIME_STAMPING,)
TRUE: Final = b"\x01\x01\xff"


def root(name: str = "Clock root") -> Identity:
    """The root of timestamp services. It has issued no certificates for people."""
    return _root(name)


@functools.cache
def _root(name: str) -> Identity:
    return issue(name, None, is_ca=True, usage=(), critical=False, not_after=NOW + 20 * YEAR)


@functools.cache
def service(
    name: str = "Clock",
    *,
    usage: tuple[x509.ObjectIdentifier, ...] = TIMESTAMPING,
    critical: bool = True,
    not_after: datetime.datetime = NOW + 10 * YEAR,
    under: str = "Clock root",
) -> Identity:
    """A timestamp service, by default with a certificate as RFC 3161 section 2.3 requires."""
    return issue(name, root(under), is_ca=False, usage=usage, critical=critical, not_after=not_after)


def clock_trust(*anchors: Certificate, revocation: RevocationPolicy = RevocationPolicy.NOT_CHECKED) -> TrustStore:
    """A trust store for timestamp services with these anchors; by default with their root."""
    return TrustStore.of(*(anchors or (root().certificate,)), revocation=revocation)


def clock_anchors() -> tuple[TrustAnchor, ...]:
    return (TrustAnchor(certificate=root().certificate),)


def tst_info(
    imprinted: bytes = b"",
    *,
    imprint: bytes | None = None,
    version: bytes = der.integer(1),
    tsa_policy: bytes = der.oid(POLICY),
    serial_number: bytes = der.integer(7),
    gen_time: bytes = b"20260601120000Z",
    further: tuple[bytes, ...] = (),
) -> bytes:
    """The DER of a TSTInfo over the SHA-256 of `imprinted`. `further`: the optional fields."""
    if imprint is None:
        digest = hashlib.sha256(imprinted).digest()
        imprint = der.sequence(build_hash_identifier(HashName.SHA256), der.octet_string(digest))
    return der.sequence(version, tsa_policy, imprint, serial_number, der.element(0x18, gen_time), *further)


def token_attributes(info: bytes, signer: Identity) -> list[bytes]:
    return [
        build_attribute(CONTENT_TYPE, der.oid(ID_CT_TST_INFO)),
        build_attribute(MESSAGE_DIGEST, der.octet_string(hashlib.sha256(info).digest())),
        build_signing_certificate(signer.certificate),
    ]


def token_der(
    info: bytes,
    *,
    by: Identity | None = None,
    attributes: list[bytes] | None = None,
    infos: tuple[bytes, ...] | None = None,
    certificates: tuple[Certificate, ...] | None = None,
    content_type: str = ID_CT_TST_INFO,
    detached: bool = False,
) -> bytes:
    """The DER of a token with the TSTInfo `info`, signed by `by` or by the default service."""
    by = by or service()
    attributes = token_attributes(info, by) if attributes is None else attributes
    infos = (signer_info(attributes, identity=by, algorithm=ECDSA),) if infos is None else infos
    certificates = (by.certificate,) if certificates is None else certificates
    return build_content_info(
        ID_SIGNED_DATA,
        der.sequence(
            der.integer(3),
            der.set_of([build_hash_identifier(HashName.SHA256)]),
            der.sequence(der.oid(content_type), b"" if detached else der.explicit(0, der.octet_string(info))),
            der.set_of([certificate.der for certificate in certificates], tag=0xA0) if certificates else b"",
            der.set_of(list(infos)),
        ),
    )


def token(imprinted: bytes, *, gen_time: datetime.datetime = NOW, by: Identity | None = None) -> TimestampToken:
    """A valid token over `imprinted`, made at `gen_time`."""
    return parse_timestamp_token(make_token(imprinted, gen_time=gen_time, by=by))


def make_token(imprinted: bytes, *, gen_time: datetime.datetime = NOW, by: Identity | None = None) -> bytes:
    """The DER of a valid token over `imprinted`, made at `gen_time`."""
    return token_der(tst_info(imprinted, gen_time=f"{gen_time:%Y%m%d%H%M%S}Z".encode()), by=by)


async def answer(request: bytes) -> bytes:
    """The service's answer to a TimeStampReq, with the fixed time of the tests."""
    _, imprint, *optional = der.read_sequence(request)
    nonce = next(bytes(field.encoded) for field in optional if field.tag == der.INTEGER)
    return response(0, token_der(tst_info(imprint=bytes(imprint.encoded), further=(nonce,))))


def response(status: int, token: bytes = b"", *, details: bytes = b"") -> bytes:
    """The DER of a TimeStampResp."""
    return der.sequence(der.sequence(der.integer(status), details), token)


def build_list(
    issuer: Identity,
    issued: datetime.datetime,
    *revoked: Identity,
    revoked_at: datetime.datetime | None = None,
    why: x509.ReasonFlags | None = None,
    invalid_since: datetime.datetime | None = None,
) -> bytes:
    """A revocation list of `issuer`, valid for a week."""
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=x509.load_der_x509_certificate(issuer.certificate.der).subject,
        last_update=issued,
        next_update=issued + datetime.timedelta(days=7),
    ).add_extension(x509.CRLNumber(int(issued.timestamp())), critical=False)
    for identity in revoked:
        entry = x509.RevokedCertificateBuilder(identity.certificate.serial_number, revoked_at or issued)
        if why is not None:
            entry = entry.add_extension(x509.CRLReason(why), critical=False)
        if invalid_since is not None:
            entry = entry.add_extension(x509.InvalidityDate(invalid_since), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    key = serialization.load_der_private_key(issuer.private_key.pkcs8_der, None)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def issue(
    name: str,
    issuer: Identity | None,
    *,
    is_ca: bool,
    usage: tuple[x509.ObjectIdentifier, ...],
    critical: bool,
    not_after: datetime.datetime,
) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    above = subject if issuer is None else x509.load_der_x509_certificate(issuer.certificate.der).subject
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=above, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - YEAR)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=critical)
    signer = key
    if issuer is not None:
        loaded = serialization.load_der_private_key(issuer.private_key.pkcs8_der, None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        signer = loaded
    certificate = builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    pkcs8 = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Identity(
        certificate=parse_certificate(certificate),
        private_key=parse_private_key(pkcs8),
        chain=() if issuer is None else (issuer.certificate,),
        friendly_name=name,
    )
