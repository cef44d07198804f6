"""KEMRecipientInfo: the content-encryption key (CEK), wrapped with a key from a KEM (RFC 9629; RFC 9936 for ML-KEM).

KEMRecipientInfo is the value of an OtherRecipientInfo with id-ori-kem. The KDF is HKDF over CMSORIforKEMOtherInfo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from smime_core.algorithms import (
    AES_256_WRAP,
    HashName,
    Hkdf,
    check_absent,
    check_known,
    hash_label,
    parse_algorithm_identifier,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.cms.certificate_id import CertificateId, build_issuer_and_serial, parse_certificate_id
from smime_core.cms.recipients.key_wrap import build_key_wrap, parse_key_wrap, unwrap_cek
from smime_core.errors import DecryptionError, MalformedMessage
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider, KeyType, PrivateKey
from smime_core.x509.certificate import Certificate

_T = TypeVar("_T")

ORI: Final = 0xA4
ID_ORI_KEM: Final = "1.2.840.113549.1.9.16.13.3"

_KEM_OIDS: Final = {
    KeyType.ML_KEM_512: "2.16.840.1.101.3.4.4.1",
    KeyType.ML_KEM_768: "2.16.840.1.101.3.4.4.2",
    KeyType.ML_KEM_1024: "2.16.840.1.101.3.4.4.3",
}
_KEM_BY_OID: Final = {oid: key_type for key_type, oid in _KEM_OIDS.items()}
# RFC 8619: id-alg-hkdf-with-sha256 and so on.
_HKDF_HASHES: Final = {
    "1.2.840.113549.1.9.16.3.28": HashName.SHA256,
    "1.2.840.113549.1.9.16.3.29": HashName.SHA384,
    "1.2.840.113549.1.9.16.3.30": HashName.SHA512,
}
_HKDF_SHA256: Final = "1.2.840.113549.1.9.16.3.28"
_FIELDS: Final = 8  # the number of fields of a KEMRecipientInfo without the optional ukm


@dataclass(frozen=True, slots=True, kw_only=True)
class KemRecipient:
    """A `kemri`. Its algorithms are parsed on use, so that unknown algorithms do not affect other recipients."""

    rid: CertificateId
    kem_der: bytes
    ciphertext: bytes
    kdf_der: bytes
    kek_length: int
    ukm: bytes | None
    wrap_der: bytes
    encrypted_key: bytes

    kind = "kemri"

    def describe(self) -> str:
        """The KEM, KDF and key wrap in words for people. Raises UnsupportedAlgorithm or MalformedMessage."""
        kem = _parse_bare(self.kem_der, _KEM_BY_OID, "kem")
        wrap = parse_key_wrap(self.wrap_der, Policy.ARCHIVE)
        hash_name = _parse_bare(self.kdf_der, _HKDF_HASHES, "kdf")
        return f"{kem.upper()} with HKDF-{hash_label(hash_name)}, {wrap.name}"


def find_kem_value(tlv: Tlv) -> Tlv | None:
    """The KEMRecipientInfo inside an `ori`, or None for another kind of `ori`. Raises MalformedMessage."""
    where = "OtherRecipientInfo"
    fields = der.expect_count(der.read_children(tlv, where), where, 2)
    return fields[1] if der.parse_oid(fields[0], where) == ID_ORI_KEM else None


def parse_kemri(value: Tlv) -> KemRecipient:
    """Parse a KEMRecipientInfo (RFC 9629 section 3). Raises MalformedMessage."""
    where = "KEMRecipientInfo"
    fields = der.read_fields(value, where)
    ukm = None
    if len(fields) == _FIELDS + 1:
        tagged = der.expect(fields.pop(6), 0xA0, where="ukm")
        ukm = bytes(der.read_octets(der.read_one(tagged.content, where="ukm"), where="ukm"))
    if len(fields) != _FIELDS:
        raise MalformedMessage(f"{len(fields)} fields, expected {_FIELDS} and a ukm at most", where)
    return KemRecipient(
        rid=parse_certificate_id(fields[1], where),
        kem_der=der.to_definite(fields[2], where),
        ciphertext=bytes(der.read_octets(fields[3], where="kemct")),
        kdf_der=der.to_definite(fields[4], where),
        kek_length=der.parse_integer(fields[5], where="kekLength"),
        ukm=ukm,
        wrap_der=der.to_definite(fields[6], where),
        encrypted_key=bytes(der.read_octets(fields[7], where)),
    )


async def build_kemri(certificate: Certificate, cek: bytes, provider: CryptoProvider) -> bytes:
    """DER of an `ori` with a KEMRecipientInfo for an ML-KEM key: HKDF with SHA-256 (RFC 9936 section 2.2.1)."""
    ciphertext, shared = await provider.encapsulate(certificate.public_key)
    wrap_der, kek_length = build_key_wrap(AES_256_WRAP), AES_256_WRAP.kek_length
    kek = await _derive_kek(HashName.SHA256, shared, wrap_der, kek_length, None, provider)
    value = der.sequence(
        der.integer(0),
        build_issuer_and_serial(certificate),
        der.sequence(der.oid(_KEM_OIDS[certificate.public_key.key_type])),
        der.octet_string(ciphertext),
        der.sequence(der.oid(_HKDF_SHA256)),
        der.integer(kek_length),
        wrap_der,
        der.octet_string(await provider.wrap_key(kek, cek)),
    )
    return der.element(ORI, der.oid(ID_ORI_KEM), value)


async def unwrap_kemri(
    recipient: KemRecipient, key: PrivateKey, provider: CryptoProvider, *, cek_length: int, policy: Policy
) -> bytes:
    """The CEK of `cek_length` bytes. A wrong ciphertext gives a wrong KEK, so the unwrap fails (MUSTS 29).

    Raises DecryptionError, UnsupportedAlgorithm or MalformedMessage.
    """
    kem = _parse_bare(recipient.kem_der, _KEM_BY_OID, "kem")
    hash_name = _parse_bare(recipient.kdf_der, _HKDF_HASHES, "kdf")
    wrap = parse_key_wrap(recipient.wrap_der, policy)
    if recipient.kek_length != wrap.kek_length:
        raise MalformedMessage(f"{recipient.kek_length} does not fit {wrap.name}", where="kekLength")
    if key.key_type is not kem:
        raise DecryptionError
    shared = await provider.decapsulate(key, recipient.ciphertext)
    kek = await _derive_kek(hash_name, shared, recipient.wrap_der, wrap.kek_length, recipient.ukm, provider)
    return await unwrap_cek(wrap, kek, recipient.encrypted_key, provider, cek_length)


async def _derive_kek(
    hash_name: HashName, shared: bytes, wrap_der: bytes, kek_length: int, ukm: bytes | None, provider: CryptoProvider
) -> bytes:
    # RFC 9629 section 5: HKDF without a salt over CMSORIforKEMOtherInfo.
    other_info = der.sequence(
        wrap_der, der.integer(kek_length), der.explicit(0, der.octet_string(ukm)) if ukm is not None else b""
    )
    return await provider.derive_key(Hkdf(hash_name=hash_name, salt=b"", info=other_info), shared, kek_length)


def _parse_bare(identifier_der: bytes, known: Mapping[str, _T], role: str) -> _T:
    # The entry in `known` for an algorithm, whose parameters must be absent.
    oid, parameters = parse_algorithm_identifier(identifier_der)
    value = check_known(oid, known, role)
    check_absent(parameters, role)
    return value
