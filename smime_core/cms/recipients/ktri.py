"""KeyTransRecipientInfo: the content-encryption key (CEK), encrypted with an RSA key.

RFC 5652 section 6.2.1, RFC 3370 section 4.2, RFC 3560.
"""

from __future__ import annotations

from dataclasses import dataclass

from smime_core.algorithms import KeyTransport, build_transport_identifier, parse_transport_identifier
from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.cms.certificate_id import CertificateId, build_issuer_and_serial, parse_certificate_id
from smime_core.errors import DecryptionError
from smime_core.provider import CryptoProvider, KeyType, PrivateKey
from smime_core.x509.certificate import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTransRecipient:
    """A `ktri`. Its algorithm is parsed only on use, so that an unknown algorithm does not affect other recipients."""

    rid: CertificateId
    algorithm_der: bytes
    encrypted_key: bytes

    kind = "ktri"

    def describe(self) -> str:
        """The key transport in words for people. Raises UnsupportedAlgorithm or MalformedMessage."""
        return parse_transport_identifier(self.algorithm_der).label


def parse_ktri(tlv: Tlv) -> KeyTransRecipient:
    """Parse a `ktri`. Raises MalformedMessage."""
    where = "KeyTransRecipientInfo"
    fields = der.expect_count(der.read_children(tlv, where), where, 4)
    return KeyTransRecipient(
        rid=parse_certificate_id(fields[1], where),
        algorithm_der=der.to_definite(fields[2], where),
        encrypted_key=bytes(der.read_octets(fields[3], where="encryptedKey")),
    )


async def build_ktri(
    certificate: Certificate, cek: bytes, provider: CryptoProvider, *, transport: KeyTransport
) -> bytes:
    """DER of a `ktri` for an RSA key."""
    encrypted_key = await provider.transport_encrypt(certificate.public_key, transport, cek)
    return der.sequence(
        der.integer(0),
        build_issuer_and_serial(certificate),
        build_transport_identifier(transport),
        der.octet_string(encrypted_key),
    )


async def unwrap_ktri(
    recipient: KeyTransRecipient, key: PrivateKey, provider: CryptoProvider, *, cek_length: int
) -> bytes:
    """The CEK of `cek_length` bytes. For wrong RSA v1.5 padding, the CEK is random (MUSTS 23).

    Raises DecryptionError, UnsupportedAlgorithm or MalformedMessage.
    """
    transport = parse_transport_identifier(recipient.algorithm_der)
    if key.key_type is not KeyType.RSA:
        raise DecryptionError
    cek = await provider.transport_decrypt(key, transport, recipient.encrypted_key, cek_length)
    if len(cek) != cek_length:
        raise DecryptionError
    return cek
