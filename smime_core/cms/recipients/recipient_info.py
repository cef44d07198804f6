"""RecipientInfo: the recipients of encrypted content, parsed and built (RFC 5652 section 6.2).

Each of the five choices has a module: `ktri` (RSA), `kari` (ECDH, X25519, X448), `kekri` (a shared key), `pwri` (a
password) and `kemri` (ML-KEM, inside `ori`). An unknown or damaged choice is listed and otherwise ignored, so that it
does not affect the others (MUSTS 45).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import ContentCipher, HashName, KeyTransport, TransportScheme
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.cms.originator_info import OriginatorInfo
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kari import KARI, KeyAgreeRecipient, build_kari, parse_kari
from smime_core.cms.recipients.kekri import (
    KEKRI,
    KekRecipient,
    build_kekri,
    parse_kekri,
)
from smime_core.cms.recipients.kemri import ORI, KemRecipient, build_kemri, find_kem_value, parse_kemri
from smime_core.cms.recipients.ktri import KeyTransRecipient, build_ktri, parse_ktri
from smime_core.cms.recipients.pwri import (
    PWRI,
    PasswordRecipient,
    build_pwri,
    build_pwri_under,
    parse_password_recipient,
)
from smime_core.cms.recipients.unwrapping import HeldRecipient, is_recipient
from smime_core.errors import MalformedMessage, SmimeError, UnsupportedAlgorithm
from smime_core.limits import MAX_RECIPIENTS, check_limit
from smime_core.provider import CryptoProvider, KeyType, PublicKey
from smime_core.x509.certificate import Certificate, KeyUsage

RSA_V15: Final = KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15)
_KINDS: Final = {der.SEQUENCE: "ktri", KARI: "kari", KEKRI: "kekri", PWRI: "pwri", ORI: "ori"}


def rsa_oaep(hash_name: HashName) -> KeyTransport:
    """RSAES-OAEP with one hash for label and mask (RFC 8017 section 7.1)."""
    return KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=hash_name, mgf_hash=hash_name)


RSA_OAEP: Final = rsa_oaep(HashName.SHA256)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRecipient:
    """A choice that is not supported, or damaged. `problem` is the reason in words for people."""

    kind: str
    problem: str

    @property
    def rid(self) -> str:
        return "another kind of key"

    def describe(self) -> str:
        """The problem."""
        return self.problem


RecipientInfo = KeyTransRecipient | KeyAgreeRecipient | KekRecipient | PasswordRecipient | KemRecipient | OtherRecipient
_PARSERS: Final[dict[int, Callable[[Tlv], RecipientInfo]]] = {
    der.SEQUENCE: parse_ktri,
    KEKRI: parse_kekri,
    PWRI: parse_password_recipient,
}


def parse_recipient_infos(tlv: Tlv) -> tuple[RecipientInfo, ...]:
    """Parse the SET OF RecipientInfo. A `kari` gives one recipient for each of its encrypted keys.

    Raises MalformedMessage for a damaged set, or LimitExceeded.
    """
    where = "recipientInfos"
    members = der.read_children(der.expect(tlv, der.SET, where), where)
    recipients: list[RecipientInfo] = []
    for member in members:
        try:
            recipients += _parse_recipient(member)
        except MalformedMessage as error:
            recipients.append(OtherRecipient(kind=_KINDS.get(member.tag, "unknown"), problem=str(error)))
        check_limit("recipients", len(recipients), MAX_RECIPIENTS)
    return tuple(recipients)


def recipient_algorithm(recipient: RecipientInfo) -> str:
    """The key management in words for people, or the problem if it cannot be read."""
    try:
        return recipient.describe()
    except SmimeError as error:
        return str(error)


def check_recipient(certificate: Certificate) -> None:
    """Raise UnsupportedAlgorithm for a certificate whose key can only sign, or whose key usage forbids encryption.

    RFC 5652 sections 6.2.1 and 6.2.2; RFC 9935 section 4 for ML-KEM.
    """
    key = certificate.public_key
    if key.agrees:
        needed = KeyUsage.KEY_AGREEMENT
    elif key.key_type.is_kem or (key.key_type is KeyType.RSA and key.pss is None):
        needed = KeyUsage.KEY_ENCIPHERMENT
    else:
        text = f"the key of {certificate.common_name} can only sign: nothing can be encrypted for it"
        raise UnsupportedAlgorithm(key.key_type, "recipient", text=text)
    if certificate.key_usage is not None and needed not in certificate.key_usage:
        text = f"the certificate of {certificate.common_name} may not be used for encryption"
        raise UnsupportedAlgorithm("2.5.29.15", "recipient", text=text)


def is_encrypted_for(recipients: Sequence[RecipientInfo], certificate: Certificate) -> bool:
    """Whether one of the recipients names the certificate."""
    named = (r.rid for r in recipients if isinstance(r, HeldRecipient))
    return any(is_recipient(rid, certificate) for rid in named)


async def build_recipient_infos(
    cek: bytes, encrypting: Encrypting, provider: CryptoProvider, *, cipher: ContentCipher
) -> list[bytes]:
    """DER of a RecipientInfo for each certificate (each once), password, password key and shared key.

    `cipher` encrypts the content. Raises UnsupportedAlgorithm for a certificate that must not be used for encryption,
    MalformedMessage for an empty password or an unsuitable shared key.
    """
    # With CBC the default is RSA v1.5, which every mail program supports.
    transport = encrypting.transport or (RSA_OAEP if cipher.is_authenticated else RSA_V15)
    certificates = dict.fromkeys(encrypting.recipients)
    return [
        *[await _build_recipient_info(certificate, cek, transport, provider) for certificate in certificates],
        *[await build_pwri(password, cek, provider) for password in encrypting.passwords],
        *[await build_pwri_under(key, cek, provider) for key in encrypting.password_keys],
        *[await build_kekri(kek, cek, provider) for kek in encrypting.keks],
    ]


def enveloped_version(
    recipient_infos: Sequence[Buffer],
    *,
    originator_info: OriginatorInfo | None = None,
    has_unprotected_attrs: bool = False,
) -> int:
    """The version of EnvelopedData (RFC 5652 section 6.1). AuthEnvelopedData is always 0 (RFC 5083 section 2.1)."""
    version = originator_info.version if originator_info else 0
    if has_unprotected_attrs:
        version = max(version, 2)
    for info in recipient_infos:
        if info[0] == der.SEQUENCE:
            # A ktri has version 0, or 2 if it names the certificate by its key identifier.
            members = der.read_sequence(info, where="recipientInfos")
            if not members:
                raise MalformedMessage("a KeyTransRecipientInfo without a version", where="recipientInfos")
            version = max(version, 2 if der.parse_integer(members[0]) else 0)
        else:
            version = max(version, 2 if info[0] in (KARI, KEKRI) else 3)
    return version


async def _build_recipient_info(
    certificate: Certificate, cek: bytes, transport: KeyTransport, provider: CryptoProvider
) -> bytes:
    check_recipient(certificate)
    if certificate.public_key.agrees:
        return await build_kari(certificate, cek, provider)
    if certificate.public_key.key_type.is_kem:
        return await build_kemri(certificate, cek, provider)
    return await build_ktri(certificate, cek, provider, transport=_transport_for(certificate.public_key, transport))


def _transport_for(key: PublicKey, transport: KeyTransport) -> KeyTransport:
    # A key of id-RSAES-OAEP allows only OAEP, and only with the key's parameters if it has any (RFC 4055 section 4.1).
    if not key.receives_only or transport.scheme is TransportScheme.RSA_OAEP:
        return key.transport or transport
    return key.transport or RSA_OAEP


def _parse_recipient(member: Tlv) -> Sequence[RecipientInfo]:
    if member.tag in _PARSERS:
        return (_PARSERS[member.tag](member),)
    if member.tag == KARI:
        return [
            OtherRecipient(kind="kari", problem=str(recipient))
            if isinstance(recipient, MalformedMessage)
            else recipient
            for recipient in parse_kari(member)
        ]
    value = find_kem_value(member) if member.tag == ORI else None
    if value is not None:
        return (parse_kemri(value),)
    return (OtherRecipient(kind=_KINDS.get(member.tag, "unknown"), problem="not supported"),)
