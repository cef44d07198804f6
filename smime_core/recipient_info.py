"""RecipientInfo: parsing, building, and unwrapping the CEK (RFC 5652 section 6.2; RFC 5753 for ECDH).

KeyTransRecipientInfo (`ktri`) for RSA and KeyAgreeRecipientInfo (`kari`) for EC keys here, PasswordRecipientInfo in
`password_recipient`; other choices are listed and left alone (MUSTS 45).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core import der
from smime_core.algorithms import (
    AES_256_WRAP,
    EC_PUBLIC_KEY,
    ECDH_SHA256,
    ECDH_SHA384,
    KEY_AGREEMENTS,
    KEY_WRAPS,
    HashName,
    KeyTransport,
    KeyWrap,
    build_transport_identifier,
    hash_length,
    parse_algorithm_identifier,
    parse_transport_identifier,
)
from smime_core.certificate import Certificate, KeyUsage
from smime_core.der import Tlv
from smime_core.errors import DecryptionError, MalformedMessage, SmimeError, UnsupportedAlgorithm
from smime_core.key_management import (
    CertificateId,
    KeyHolder,
    KeyIdentifier,
    build_issuer_and_serial,
    parse_certificate_id,
    parse_issuer_and_serial,
)
from smime_core.limits import MAX_RECIPIENTS, check_limit
from smime_core.password_recipient import PWRI, PasswordRecipient, parse_password_recipient
from smime_core.provider import CryptoProvider, KeyType

_KARI: Final = 0xA1
_OTHER_KINDS: Final = {0xA2: "kekri", 0xA4: "ori"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTransRecipient:
    """A `ktri`. The algorithm is read when the key is used, so that an unknown one spoils no other recipient."""

    rid: CertificateId
    algorithm_der: bytes
    encrypted_key: bytes

    kind = "ktri"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAgreeRecipient:
    """One RecipientEncryptedKey of a `kari`, with what the whole `kari` says."""

    rid: CertificateId
    algorithm_der: bytes
    encrypted_key: bytes
    originator_point: bytes | None
    ukm: bytes | None

    kind = "kari"


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRecipient:
    """A choice that this core does not open."""

    kind: str

    @property
    def rid(self) -> str:
        return "a shared key" if self.kind == "kekri" else "another kind of key"


RecipientInfo = KeyTransRecipient | KeyAgreeRecipient | PasswordRecipient | OtherRecipient


def parse_recipient_infos(tlv: Tlv) -> tuple[RecipientInfo, ...]:
    """All recipients; a `kari` gives one for each of its keys. Raises MalformedMessage or LimitExceeded."""
    where = "recipientInfos"
    members = der.read_children(der.expect(tlv, der.SET, where=where), where=where)
    check_limit("recipients", len(members), MAX_RECIPIENTS)
    recipients: list[RecipientInfo] = []
    for member in members:
        if member.tag == der.SEQUENCE:
            recipients.append(_parse_ktri(member))
        elif member.tag == _KARI:
            recipients.extend(_parse_kari(member))
        elif member.tag == PWRI:
            recipients.append(parse_password_recipient(member))
        else:
            recipients.append(OtherRecipient(kind=_OTHER_KINDS.get(member.tag, "unknown")))
        check_limit("recipients", len(recipients), MAX_RECIPIENTS)
    return tuple(recipients)


def recipient_algorithm(recipient: RecipientInfo) -> str:
    """How the key travels, in words for people."""
    if isinstance(recipient, OtherRecipient):
        return "not supported"
    if isinstance(recipient, PasswordRecipient):
        return "key wrap under a password"
    try:
        if isinstance(recipient, KeyTransRecipient):
            return parse_transport_identifier(recipient.algorithm_der).label
        kdf_hash, wrap = _parse_agreement(recipient.algorithm_der)[:2]
    except SmimeError as error:
        return str(error)
    return f"ECDH with {kdf_hash.upper()}, AES-{wrap.kek_length * 8} key wrap"


def check_recipient(certificate: Certificate) -> None:
    """Refuse a certificate whose key usage forbids sealing to it (RFC 5652 sections 6.2.1 and 6.2.2).

    Raises UnsupportedAlgorithm.
    """
    rsa = certificate.public_key.key_type is KeyType.RSA
    needed = KeyUsage.KEY_ENCIPHERMENT if rsa else KeyUsage.KEY_AGREEMENT
    if certificate.key_usage is not None and needed not in certificate.key_usage:
        raise UnsupportedAlgorithm(
            "2.5.29.15",
            "recipient",
            text=f"the certificate of {certificate.common_name} may not be used for encryption",
        )


async def build_recipient_info(
    certificate: Certificate, cek: bytes, *, transport: KeyTransport, provider: CryptoProvider
) -> bytes:
    """DER of a RecipientInfo: `ktri` by `transport` for an RSA key, `kari` for an EC key."""
    check_recipient(certificate)
    rid = build_issuer_and_serial(certificate)
    if certificate.public_key.key_type is KeyType.RSA:
        encrypted_key = await provider.transport_encrypt(certificate.public_key, transport, cek)
        return der.sequence(der.integer(0), rid, build_transport_identifier(transport), der.octet_string(encrypted_key))
    # RFC 5753 section 3.1.1: an ephemeral key on the recipient's own curve; section 7.1: the KDF's hash fits its size.
    agreement = ECDH_SHA256 if certificate.public_key.bits <= 256 else ECDH_SHA384
    point, shared = await provider.agree_ephemeral(certificate.public_key)
    wrap_der = der.sequence(der.oid(AES_256_WRAP.oid))
    kek = derive_kek(shared, agreement.kdf_hash, wrap_der, kek_length=AES_256_WRAP.kek_length, ukm=None)
    originator = der.element(0xA1, der.sequence(der.oid(EC_PUBLIC_KEY)), der.element(0x03, b"\x00", point))
    return der.element(
        _KARI,
        der.integer(3),
        der.explicit(0, originator),
        der.sequence(der.oid(agreement.oid), wrap_der),
        der.sequence(der.sequence(rid, der.octet_string(await provider.wrap_key(kek, cek)))),
    )


def find_holders(recipient: RecipientInfo, holders: Sequence[KeyHolder]) -> list[KeyHolder]:
    """Which of the holders this recipient may be; nobody means "not mine". Several after a renewal (MUSTS 31)."""
    if not isinstance(recipient, KeyTransRecipient | KeyAgreeRecipient):
        return []
    return [holder for holder in holders if recipient.rid.matches(holder.certificate)]


async def unwrap_cek(
    recipient: RecipientInfo, holder: KeyHolder, *, cek_length: int, provider: CryptoProvider
) -> bytes:
    """The CEK of `cek_length` bytes. Raises DecryptionError, UnsupportedAlgorithm or MalformedMessage."""
    if isinstance(recipient, KeyTransRecipient):
        transport = parse_transport_identifier(recipient.algorithm_der)
        return await provider.transport_decrypt(
            holder.private_key, transport, recipient.encrypted_key, cek_length=cek_length
        )
    if not isinstance(recipient, KeyAgreeRecipient):
        raise UnsupportedAlgorithm(recipient.kind, "recipient")
    kdf_hash, wrap, wrap_der = _parse_agreement(recipient.algorithm_der)
    if recipient.originator_point is None:
        raise UnsupportedAlgorithm(EC_PUBLIC_KEY, "originator", text="only ephemeral originator keys are supported")
    shared = await provider.agree(holder.private_key, recipient.originator_point)
    kek = derive_kek(shared, kdf_hash, wrap_der, kek_length=wrap.kek_length, ukm=recipient.ukm)
    cek = await provider.unwrap_key(kek, recipient.encrypted_key)
    if len(cek) != cek_length:
        raise DecryptionError
    return cek


def derive_kek(shared: bytes, kdf_hash: HashName, wrap_der: bytes, *, kek_length: int, ukm: bytes | None) -> bytes:
    """The X9.63 KDF over ECC-CMS-SharedInfo in DER (RFC 5753 sections 7.1 and 7.2).

    `wrap_der` is the key-wrap AlgorithmIdentifier as it stands in the message.
    """
    shared_info = der.sequence(
        wrap_der,
        der.explicit(0, der.octet_string(ukm)) if ukm is not None else b"",
        der.explicit(2, der.octet_string((kek_length * 8).to_bytes(4, "big"))),
    )
    rounds = -(-kek_length // hash_length(kdf_hash))
    return b"".join(
        hashlib.new(kdf_hash, shared + counter.to_bytes(4, "big") + shared_info).digest()
        for counter in range(1, rounds + 1)
    )[:kek_length]


def _parse_ktri(tlv: Tlv) -> KeyTransRecipient:
    where = "KeyTransRecipientInfo"
    fields = der.read_children(tlv, where=where)
    if len(fields) != 4:
        raise MalformedMessage(f"{len(fields)} fields, expected 4", where=where)
    return KeyTransRecipient(
        rid=parse_certificate_id(fields[1], where=where),
        algorithm_der=der.to_definite(fields[2], where=where),
        encrypted_key=bytes(der.read_octets(fields[3], where="encryptedKey")),
    )


def _parse_kari(tlv: Tlv) -> list[KeyAgreeRecipient]:
    where = "KeyAgreeRecipientInfo"
    fields = der.read_children(tlv, where=where)
    if len(fields) not in (4, 5) or fields[1].tag != 0xA0:
        raise MalformedMessage("expected version, originator, algorithm and keys", where=where)
    ukm = None
    if len(fields) == 5:
        ukm_tlv = der.read_one(der.expect(fields[2], 0xA1, where=where).content, where="ukm")
        ukm = bytes(der.read_octets(ukm_tlv, where="ukm"))
    algorithm_der = der.to_definite(fields[-2], where=where)
    point = _parse_originator(der.read_one(fields[1].content, where="originator"))
    return [
        KeyAgreeRecipient(
            rid=rid, algorithm_der=algorithm_der, encrypted_key=encrypted_key, originator_point=point, ukm=ukm
        )
        for rid, encrypted_key in map(_parse_encrypted_key, der.read_children(fields[-1], where=where))
    ]


def _parse_originator(tlv: Tlv) -> bytes | None:
    # RFC 5753 section 3.1.1: originatorKey [1]; its parameters absent, a named curve, or the old NULL, and not needed:
    # the ephemeral key is on the recipient's curve.
    if tlv.tag != 0xA1:
        return None
    where = "originatorKey"
    fields = der.read_children(tlv, where=where)
    if len(fields) != 2:
        raise MalformedMessage(f"{len(fields)} fields, expected 2", where=where)
    oid, _ = parse_algorithm_identifier(fields[0].encoded)
    bits = bytes(der.expect(fields[1], 0x03, where=where).content)
    if oid != EC_PUBLIC_KEY or not bits or bits[0]:
        return None
    return bits[1:]


def _parse_encrypted_key(tlv: Tlv) -> tuple[CertificateId, bytes]:
    where = "RecipientEncryptedKey"
    fields = der.read_children(tlv, where=where)
    if len(fields) != 2:
        raise MalformedMessage(f"{len(fields)} fields, expected 2", where=where)
    encrypted_key = bytes(der.read_octets(fields[1], where=where))
    if fields[0].tag != 0xA0:
        return parse_issuer_and_serial(fields[0], where=where), encrypted_key
    identifier = der.read_children(fields[0], where="rKeyId")  # [0] IMPLICIT RecipientKeyIdentifier
    if not identifier:
        raise MalformedMessage("names no key", where="rKeyId")
    return KeyIdentifier(value=bytes(der.read_octets(identifier[0], where="rKeyId"))), encrypted_key


def _parse_agreement(algorithm_der: bytes) -> tuple[HashName, KeyWrap, bytes]:
    # The parameters of the agreement are the key-wrap AlgorithmIdentifier (RFC 5753 section 3.1.1).
    oid, wrap_der = parse_algorithm_identifier(algorithm_der)
    if oid not in KEY_AGREEMENTS:
        raise UnsupportedAlgorithm(oid, "keyEncryptionAlgorithm")
    if wrap_der is None:
        raise MalformedMessage("the key-wrap algorithm is absent", where="keyEncryptionAlgorithm")
    wrap_oid, _ = parse_algorithm_identifier(wrap_der)
    if wrap_oid not in KEY_WRAPS:
        raise UnsupportedAlgorithm(wrap_oid, "key wrap")
    return KEY_AGREEMENTS[oid].kdf_hash, KEY_WRAPS[wrap_oid], wrap_der
