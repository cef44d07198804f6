"""Signed structures built by hand, so that a test can make each part wrong."""

from __future__ import annotations

import hashlib
from typing import Final

from smime_core.algorithms import (
    HashName,
    SignatureAlgorithm,
    SignatureScheme,
    build_hash_identifier,
    build_signature_identifier,
)
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.attributes import CONTENT_TYPE, MESSAGE_DIGEST, build_attribute
from smime_core.cms.certificate_id import build_issuer_and_serial
from smime_core.cms.content_info import ID_DATA, ID_SIGNED_DATA, build_content_info, parse_content_info
from smime_core.cms.signed_content import OctetsContent
from smime_core.cms.signed_data import SignedData, find_certificate, parse_signed_data
from smime_core.cms.signer_info import SignerInfo, verify_signer
from smime_core.errors import SmimeError
from smime_core.identity.identity import Identity
from smime_core.policy import Policy
from smime_core.x509.certificate import Certificate
from tests.support.people import PROVIDER, anchor, person

CONTENT: Final = b"Content-Type: text/plain\r\n\r\nhello\r\n"
DIGEST: Final = hashlib.sha256(CONTENT).digest()
RSA_SHA256: Final = SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA256)


def signed_attrs(digest: bytes = DIGEST, *more: bytes) -> list[bytes]:
    return [
        build_attribute(CONTENT_TYPE, der.oid(ID_DATA)),
        build_attribute(MESSAGE_DIGEST, der.octet_string(digest)),
        *more,
    ]


def signer_info(
    attributes: list[bytes] | None,
    *,
    identity: Identity | None = None,
    named: Identity | None = None,
    algorithm: SignatureAlgorithm = RSA_SHA256,
    digest: HashName | None = None,
    signed: bytes | None = None,
    sort: bool = True,
    unsigned: list[bytes] | None = None,
    digest_identifier: bytes | None = None,
    signature_identifier: bytes | None = None,
) -> bytes:
    """A SignerInfo by `identity`, or by Alice.

    The arguments replace single parts: `named` the identity that it names, `signed` the bytes that are signed.
    """
    identity = identity or person("alice")
    body = b"" if attributes is None else b"".join(sorted(attributes) if sort else attributes)
    covered = signed if signed is not None else CONTENT if attributes is None else der.element(der.SET, body)
    return der.sequence(
        der.integer(1),
        build_issuer_and_serial((named or identity).certificate),
        digest_identifier or build_hash_identifier(digest or algorithm.hash_name),
        b"" if attributes is None else der.element(0xA0, body),
        signature_identifier or build_signature_identifier(algorithm),
        der.octet_string(run(PROVIDER.sign(identity.private_key, algorithm, covered))),
        b"" if unsigned is None else der.set_of(unsigned, tag=0xA1),
    )


def signed_data(*infos: bytes, content: bytes = CONTENT, content_type: str = ID_DATA) -> bytes:
    certificates = [person(name).certificate.der for name in ("alice", "bob")]
    return build_content_info(
        ID_SIGNED_DATA,
        der.sequence(
            der.integer(1),
            der.set_of([build_hash_identifier(HashName.SHA256)]),
            der.sequence(der.oid(content_type), der.explicit(0, der.octet_string(content))),
            der.set_of([*certificates, anchor().der], tag=0xA0),
            der.set_of(list(infos)),
        ),
    )


def parse(cms: bytes) -> SignedData:
    return parse_signed_data(parse_content_info(cms).content)


def signer_of(signed: SignedData, number: int = 0) -> SignerInfo:
    info = signed.signer_infos[number]
    if isinstance(info, SmimeError):
        raise info
    return info


def verify(
    cms: bytes,
    *,
    number: int = 0,
    content: bytes | None = None,
    certificates: tuple[Certificate, ...] = (),
    policy: Policy = Policy.RECEIVE,
) -> SignatureAlgorithm:
    """Verify signer `number` of a SignedData with its content, or with detached `content`."""
    signed = parse(cms)
    info = signer_of(signed, number)
    certificate = find_certificate(info.sid, (*signed.certificates, *certificates))
    assert certificate is not None, "the signer's certificate is here"
    octets = content if signed.e_content is None else signed.e_content
    assert octets is not None, "the content is here"
    return run(
        verify_signer(
            info,
            OctetsContent(octets, provider=PROVIDER),
            content_type=signed.e_content_type,
            certificate=certificate,
            provider=PROVIDER,
            policy=policy,
        )
    )
