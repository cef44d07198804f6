"""KeyAgreeRecipientInfo: the content-encryption key (CEK), wrapped with an agreed key (RFC 5652 section 6.2.2).

RFC 5753 is for ECDH, RFC 8418 for X25519 and X448. Reading supports ephemeral originator keys, and static keys that are
named by their certificate, with the X9.63 KDF and HKDF. Writing uses an ephemeral key on the recipient's own curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import (
    AES_256_WRAP,
    CURVE_OIDS,
    EC_PUBLIC_KEY,
    ECDH_HKDF_SHA256,
    ECDH_HKDF_SHA512,
    ECDH_SHA256,
    ECDH_SHA384,
    KEY_AGREEMENTS,
    NULL,
    AgreementKdf,
    Hkdf,
    KeyAgreement,
    check_absent,
    check_known,
    digest_data,
    hash_label,
    hash_length,
    parse_algorithm_identifier,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.cms.certificate_id import (
    CertificateId,
    KeyIdentifier,
    build_issuer_and_serial,
    parse_certificate_id,
    parse_issuer_and_serial,
)
from smime_core.cms.recipients.key_wrap import WrapAlgorithm, build_key_wrap, parse_key_wrap, unwrap_cek
from smime_core.errors import DecryptionError, MalformedMessage, UnsupportedAlgorithm
from smime_core.keys import public_point
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider, KeyType, PrivateKey, PublicKey
from smime_core.x509.certificate import Certificate

KARI: Final = 0xA1
_MONTGOMERY_OIDS: Final = {KeyType.X25519: "1.3.101.110", KeyType.X448: "1.3.101.111"}  # RFC 8410 section 3
_POINT_FORMS: Final = (b"\x02", b"\x03", b"\x04")  # RFC 5753 section 7.2 forbids the hybrid forms


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginatorKey:
    """An ephemeral public key: its AlgorithmIdentifier as received, and the bytes of its BIT STRING."""

    algorithm_der: bytes
    point: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAgreeRecipient:
    """One RecipientEncryptedKey of a `kari`, with the fields of the whole `kari`."""

    rid: CertificateId
    algorithm_der: bytes
    encrypted_key: bytes
    originator: OriginatorKey | CertificateId
    ukm: bytes | None

    kind = "kari"

    def describe(self) -> str:
        """The key agreement in words for people. Raises UnsupportedAlgorithm or MalformedMessage."""
        agreement, wrap, _ = _parse_agreement(self.algorithm_der, Policy.ARCHIVE)
        return f"ECDH with {hash_label(agreement.kdf_hash)}, {wrap.name}"


def parse_kari(tlv: Tlv) -> list[KeyAgreeRecipient | MalformedMessage]:
    """One recipient for each RecipientEncryptedKey. A damaged key is replaced by its error (MUSTS 45).

    Raises MalformedMessage if the whole `kari` is damaged.
    """
    where = "KeyAgreeRecipientInfo"
    fields = der.read_children(tlv, where)
    if len(fields) not in (4, 5) or fields[1].tag != 0xA0:
        raise MalformedMessage("expected version, originator, algorithm and keys", where)
    ukm = None
    if len(fields) == 5:
        ukm_tlv = der.read_one(der.expect(fields[2], 0xA1, where).content, where="ukm")
        ukm = bytes(der.read_octets(ukm_tlv, where="ukm"))
    algorithm_der = der.to_definite(fields[-2], where)
    originator = _parse_originator(der.read_one(fields[1].content, where="originator"))
    recipients: list[KeyAgreeRecipient | MalformedMessage] = []
    for member in der.read_children(der.expect(fields[-1], der.SEQUENCE, where), where):
        try:
            rid, encrypted_key = _parse_encrypted_key(member)
        except MalformedMessage as error:
            recipients.append(error)
            continue
        recipients.append(
            KeyAgreeRecipient(
                rid=rid, algorithm_der=algorithm_der, encrypted_key=encrypted_key, originator=originator, ukm=ukm
            )
        )
    return recipients


async def build_kari(certificate: Certificate, cek: bytes, provider: CryptoProvider) -> bytes:
    """DER of a `kari` for an EC, X25519 or X448 key, with an ephemeral key on the recipient's own curve."""
    key = certificate.public_key
    agreement = _choose_agreement(key)
    point, shared = await provider.agree_ephemeral(key)
    wrap_der = build_key_wrap(AES_256_WRAP)
    kek = await derive_kek(agreement, shared, wrap_der, provider, kek_length=AES_256_WRAP.kek_length, ukm=None)
    # RFC 5753 section 3.1.1 and RFC 8418 section 3.2: the ephemeral key's algorithm has no parameters.
    key_oid = _MONTGOMERY_OIDS.get(key.key_type, EC_PUBLIC_KEY)
    originator = der.element(0xA1, der.sequence(der.oid(key_oid)), der.element(der.BIT_STRING, b"\x00", point))
    wrapped = der.octet_string(await provider.wrap_key(kek, cek))
    return der.element(
        KARI,
        der.integer(3),
        der.explicit(0, originator),
        der.sequence(der.oid(agreement.oid), wrap_der),
        der.sequence(der.sequence(build_issuer_and_serial(certificate), wrapped)),
    )


async def unwrap_kari(
    recipient: KeyAgreeRecipient,
    key: PrivateKey,
    provider: CryptoProvider,
    *,
    originators: Sequence[Certificate],
    cek_length: int,
    policy: Policy,
) -> bytes:
    """The CEK of `cek_length` bytes. The originator's certificate is looked up in `originators`.

    Raises DecryptionError, UnsupportedAlgorithm or MalformedMessage.
    """
    agreement, wrap, wrap_der = _parse_agreement(recipient.algorithm_der, policy)
    if not key.agrees:
        raise DecryptionError
    point = _originator_point(recipient.originator, key, originators)
    shared = await provider.agree(key, point)
    kek = await derive_kek(agreement, shared, wrap_der, provider, kek_length=wrap.kek_length, ukm=recipient.ukm)
    return await unwrap_cek(wrap, kek, recipient.encrypted_key, provider, cek_length)


async def derive_kek(
    agreement: KeyAgreement,
    shared: bytes,
    wrap_der: bytes,
    provider: CryptoProvider,
    *,
    kek_length: int,
    ukm: bytes | None,
) -> bytes:
    """The KEK of `kek_length` bytes from the shared secret, with ECC-CMS-SharedInfo in DER (RFC 5753 section 7.2).

    `wrap_der` is the key-wrap AlgorithmIdentifier exactly as in the message.
    """
    shared_info = der.sequence(
        wrap_der,
        der.explicit(0, der.octet_string(ukm)) if ukm is not None else b"",
        der.explicit(2, der.octet_string((kek_length * 8).to_bytes(4, "big"))),
    )
    if agreement.kdf is AgreementKdf.HKDF:
        # RFC 8418 section 2.2: the ukm is also the salt.
        kdf = Hkdf(hash_name=agreement.kdf_hash, salt=ukm or b"", info=shared_info)
        return await provider.derive_key(kdf, shared, kek_length)
    # RFC 5753 section 7.1: the KDF of X9.63.
    rounds = -(-kek_length // hash_length(agreement.kdf_hash))
    return b"".join(
        digest_data(agreement.kdf_hash, shared + counter.to_bytes(4, "big") + shared_info)
        for counter in range(1, rounds + 1)
    )[:kek_length]


def _choose_agreement(key: PublicKey) -> KeyAgreement:
    # RFC 8418 section 2 recommends HKDF. The hash of the KDF is as strong as the curve (RFC 5753 section 8).
    if key.key_type is KeyType.X25519:
        return ECDH_HKDF_SHA256
    if key.key_type is KeyType.X448:
        return ECDH_HKDF_SHA512
    return ECDH_SHA256 if key.bits <= 256 else ECDH_SHA384


def _parse_originator(tlv: Tlv) -> OriginatorKey | CertificateId:
    # RFC 5652 section 6.2.2: the choices are issuerAndSerialNumber, subjectKeyIdentifier [0] and originatorKey [1].
    if tlv.tag != 0xA1:
        return parse_certificate_id(tlv, where="originator")
    where = "originatorKey"
    fields = der.expect_count(der.read_children(tlv, where), where, 2)
    bits = bytes(der.expect(fields[1], der.BIT_STRING, where).content)
    if len(bits) < 2 or bits[0]:
        raise MalformedMessage("a BIT STRING that is not whole bytes", where)
    return OriginatorKey(algorithm_der=der.to_definite(fields[0], where), point=bits[1:])


def _parse_encrypted_key(tlv: Tlv) -> tuple[CertificateId, bytes]:
    where = "RecipientEncryptedKey"
    fields = der.read_fields(tlv, where, 2)
    encrypted_key = bytes(der.read_octets(fields[1], where))
    if fields[0].tag != 0xA0:
        return parse_issuer_and_serial(fields[0], where), encrypted_key
    identifier = der.read_children(fields[0], where="rKeyId")  # [0] IMPLICIT RecipientKeyIdentifier
    if not identifier:
        raise MalformedMessage("names no key", where="rKeyId")
    return KeyIdentifier(value=bytes(der.read_octets(identifier[0], where="rKeyId"))), encrypted_key


def _parse_agreement(algorithm_der: bytes, policy: Policy) -> tuple[KeyAgreement, WrapAlgorithm, bytes]:
    # The parameters of the agreement are the key-wrap AlgorithmIdentifier (RFC 5753 section 3.1.1).
    oid, wrap_der = parse_algorithm_identifier(algorithm_der)
    agreement = check_known(oid, KEY_AGREEMENTS, "keyEncryptionAlgorithm")
    if wrap_der is None:
        raise MalformedMessage("the key-wrap algorithm is absent", where="keyEncryptionAlgorithm")
    return agreement, parse_key_wrap(wrap_der, policy), wrap_der


def _originator_point(
    originator: OriginatorKey | CertificateId, key: PrivateKey, originators: Sequence[Certificate]
) -> bytes:
    if isinstance(originator, OriginatorKey):
        _check_originator_key(originator, key)
        return originator.point
    certificate = next((c for c in originators if originator.matches(c)), None)
    if certificate is None:
        text = f"originator: the certificate of {originator} is needed and not at hand"
        raise UnsupportedAlgorithm(EC_PUBLIC_KEY, "originator", text=text)
    public_key = certificate.public_key
    if public_key.key_type is not key.key_type or public_key.curve is not key.curve:
        raise DecryptionError
    return public_point(public_key)


def _check_originator_key(originator: OriginatorKey, key: PrivateKey) -> None:
    # MUSTS 26 and 28: the key must be on the recipient's own curve. The provider validates the point.
    oid, parameters = parse_algorithm_identifier(originator.algorithm_der)
    if key.key_type in _MONTGOMERY_OIDS:
        check_absent(parameters, where="originatorKey")
        if oid != _MONTGOMERY_OIDS[key.key_type]:
            raise DecryptionError
        return
    # RFC 5753 section 3.1.1: the parameters are absent or name the curve. Older writers use NULL.
    curve = der.oid(CURVE_OIDS[key.curve] if key.curve else EC_PUBLIC_KEY)
    if parameters not in (None, NULL, curve) or oid != EC_PUBLIC_KEY or originator.point[:1] not in _POINT_FORMS:
        raise DecryptionError
