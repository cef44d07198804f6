"""RecipientInfo: whom a content is sealed for, read and made (RFC 5652 section 6.2).

The five choices stand in modules of their own: `ktri` (RSA), `kari` (ECDH, X25519, X448), `kekri` (a shared key),
`password_recipient` (`pwri`) and `kemri` (ML-KEM, inside `ori`). A choice that is unknown, or damaged, is listed and
left alone: it never spoils the others (MUSTS 45).
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core import der
from smime_core.algorithms import ContentCipher, HashName, KeyTransport, TransportScheme
from smime_core.certificate import Certificate, KeyUsage
from smime_core.der import Buffer, Tlv
from smime_core.errors import CertificateExpired, MalformedMessage, SmimeError, UnsupportedAlgorithm
from smime_core.kari import KARI, KeyAgreeRecipient, build_kari, describe_kari, parse_kari
from smime_core.kekri import KEKRI, KekRecipient, KeyEncryptionKey, build_kekri, describe_kekri, parse_kekri
from smime_core.kemri import ORI, KemRecipient, build_kemri, describe_kemri, find_kem_value, parse_kemri
from smime_core.ktri import KeyTransRecipient, build_ktri, describe_ktri, parse_ktri
from smime_core.limits import MAX_RECIPIENTS, check_limit
from smime_core.originator_info import OriginatorInfo
from smime_core.password_recipient import (
    PWRI,
    PasswordRecipient,
    build_password_recipient,
    describe_password_recipient,
    parse_password_recipient,
)
from smime_core.provider import CryptoProvider, KeyType

RSA_V15: Final = KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15)
RSA_OAEP: Final = KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=HashName.SHA256, mgf_hash=HashName.SHA256)
_KINDS: Final = {der.SEQUENCE: "ktri", KARI: "kari", KEKRI: "kekri", PWRI: "pwri", ORI: "ori"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRecipient:
    """A choice that this core does not open, or a damaged one; `problem` says why, for people."""

    kind: str
    problem: str

    @property
    def rid(self) -> str:
        return "another kind of key"


RecipientInfo = KeyTransRecipient | KeyAgreeRecipient | KekRecipient | PasswordRecipient | KemRecipient | OtherRecipient


def parse_recipient_infos(tlv: Tlv) -> tuple[RecipientInfo, ...]:
    """The SET OF RecipientInfo; a `kari` gives one for each of its encrypted keys.

    Raises MalformedMessage for a damaged set, or LimitExceeded.
    """
    where = "recipientInfos"
    members = der.read_children(der.expect(tlv, der.SET, where=where), where=where)
    recipients: list[RecipientInfo] = []
    for member in members:
        try:
            recipients += _parse_recipient(member)
        except MalformedMessage as error:
            recipients.append(OtherRecipient(kind=_KINDS.get(member.tag, "unknown"), problem=str(error)))
        check_limit("recipients", len(recipients), MAX_RECIPIENTS)
    return tuple(recipients)


def recipient_algorithm(recipient: RecipientInfo) -> str:
    """How the key travels, in words for people; what is wrong where that cannot be said."""
    try:
        match recipient:
            case KeyTransRecipient():
                return describe_ktri(recipient)
            case KeyAgreeRecipient():
                return describe_kari(recipient)
            case KekRecipient():
                return describe_kekri(recipient)
            case PasswordRecipient():
                return describe_password_recipient(recipient)
            case KemRecipient():
                return describe_kemri(recipient)
            case OtherRecipient(problem=problem):
                return problem
    except SmimeError as error:
        return str(error)


def check_recipient(certificate: Certificate) -> None:
    """Refuse a certificate whose key cannot receive or whose key usage forbids it.

    RFC 5652 sections 6.2.1 and 6.2.2; RFC 9935 section 4 for ML-KEM. Raises UnsupportedAlgorithm.
    """
    key = certificate.public_key
    if key.key_type.agrees:
        needed = KeyUsage.KEY_AGREEMENT
    elif key.key_type.is_kem or (key.key_type is KeyType.RSA and key.pss is None):
        needed = KeyUsage.KEY_ENCIPHERMENT
    else:
        text = f"the key of {certificate.common_name} can only sign: nothing can be sealed for it"
        raise UnsupportedAlgorithm(key.key_type, "recipient", text=text)
    if certificate.key_usage is not None and needed not in certificate.key_usage:
        text = f"the certificate of {certificate.common_name} may not be used for encryption"
        raise UnsupportedAlgorithm("2.5.29.15", "recipient", text=text)


def check_recipient_dates(certificate: Certificate, *, at: datetime.datetime) -> None:
    """Refuse a certificate outside its validity: who seals for it may seal for nobody. Raises CertificateExpired."""
    if not certificate.not_before <= at <= certificate.not_after:
        raise CertificateExpired(
            f"the certificate of {certificate.common_name} is valid from {certificate.not_before:%Y-%m-%d} "
            f"to {certificate.not_after:%Y-%m-%d} alone",
            certificate=certificate.fingerprint,
            rfc5280_step="6.1.3 (a)(2)",
        )


def is_sealed_for(recipients: Sequence[RecipientInfo], certificate: Certificate) -> bool:
    """Whether one of the recipients names the certificate."""
    named = (r.rid for r in recipients if isinstance(r, KeyTransRecipient | KeyAgreeRecipient | KemRecipient))
    return any(rid.matches(certificate) for rid in named)


async def build_recipient_infos(
    cek: bytes,
    *,
    recipients: Sequence[Certificate],
    provider: CryptoProvider,
    transport: KeyTransport,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
) -> list[bytes]:
    """DER of a RecipientInfo for each certificate (each once), password (in UTF-8) and shared key.

    Raises UnsupportedAlgorithm for a certificate that may not receive, MalformedMessage for an empty password.
    """
    infos = [
        await _build_recipient_info(certificate, cek, transport, provider) for certificate in dict.fromkeys(recipients)
    ]
    infos += [await build_password_recipient(password, cek, provider=provider) for password in passwords]
    infos += [await build_kekri(kek, cek, provider=provider) for kek in keks]
    return infos


def default_transport(cipher: ContentCipher) -> KeyTransport:
    """RSA v1.5 beside CBC, which every reader knows; OAEP with SHA-256 beside an AEAD cipher."""
    return RSA_OAEP if cipher.is_authenticated else RSA_V15


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
            # A ktri is version 0, or 2 when it names the key by its identifier.
            ktri_version = der.parse_integer(der.read_sequence(info)[0])
            version = max(version, 2 if ktri_version else 0)
        else:
            version = max(version, 2 if info[0] in (KARI, KEKRI) else 3)
    return version


async def _build_recipient_info(
    certificate: Certificate, cek: bytes, transport: KeyTransport, provider: CryptoProvider
) -> bytes:
    check_recipient(certificate)
    key_type = certificate.public_key.key_type
    if key_type.agrees:
        return await build_kari(certificate, cek, provider=provider)
    if key_type.is_kem:
        return await build_kemri(certificate, cek, provider=provider)
    return await build_ktri(certificate, cek, transport=transport, provider=provider)


def _parse_recipient(member: Tlv) -> Sequence[RecipientInfo]:
    if member.tag == der.SEQUENCE:
        return (parse_ktri(member),)
    if member.tag == KARI:
        return [
            OtherRecipient(kind="kari", problem=str(one)) if isinstance(one, MalformedMessage) else one
            for one in parse_kari(member)
        ]
    if member.tag == KEKRI:
        return (parse_kekri(member),)
    if member.tag == PWRI:
        return (parse_password_recipient(member),)
    value = find_kem_value(member) if member.tag == ORI else None
    if value is not None:
        return (parse_kemri(value),)
    return (OtherRecipient(kind=_KINDS.get(member.tag, "unknown"), problem="not supported"),)
