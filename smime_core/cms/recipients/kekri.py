"""KEKRecipientInfo: the CEK under a symmetric key that both sides already share (RFC 5652 section 6.2.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from smime_core import der
from smime_core.der import Tlv
from smime_core.errors import MalformedMessage
from smime_core.key_wrap import AES_WRAPS, build_key_wrap, parse_key_wrap, unwrap_cek
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider

KEKRI: Final = 0xA2


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEncryptionKey:
    """A shared key under the name that both sides know it by; its bytes never reach a repr."""

    identifier: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KekIdentifier:
    """A KEKIdentifier; its date and other attributes are not needed to tell keys apart here."""

    value: bytes

    def __str__(self) -> str:
        return f"shared key {self.value.hex()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KekRecipient:
    """A `kekri`. The algorithm is read when the key is used, so that an unknown one spoils no other recipient."""

    rid: KekIdentifier
    algorithm_der: bytes
    encrypted_key: bytes

    kind = "kekri"

    def names(self, kek: KeyEncryptionKey) -> bool:
        """Whether this is the key that the recipient means."""
        return self.rid.value == kek.identifier


def parse_kekri(tlv: Tlv) -> KekRecipient:
    """The structure of a `kekri`. Raises MalformedMessage."""
    where = "KEKRecipientInfo"
    fields = der.read_children(tlv, where=where)
    if len(fields) != 4:
        raise MalformedMessage(f"{len(fields)} fields, expected 4", where=where)
    identifier = der.read_children(der.expect(fields[1], der.SEQUENCE, where="kekid"), where="kekid")
    if not 1 <= len(identifier) <= 3:
        raise MalformedMessage(f"{len(identifier)} fields, expected 1 to 3", where="kekid")
    return KekRecipient(
        rid=KekIdentifier(value=bytes(der.read_octets(identifier[0], where="kekid"))),
        algorithm_der=der.to_definite(fields[2], where=where),
        encrypted_key=bytes(der.read_octets(fields[3], where=where)),
    )


def describe_kekri(recipient: KekRecipient) -> str:
    """How the key travels, in words for people. Raises UnsupportedAlgorithm or MalformedMessage."""
    return f"{parse_key_wrap(recipient.algorithm_der, policy=Policy.ARCHIVE).name} under a shared key"


async def build_kekri(kek: KeyEncryptionKey, cek: bytes, *, provider: CryptoProvider) -> bytes:
    """DER of a `kekri` by AES key wrap. Raises MalformedMessage for a key of no length that AES has."""
    wrap = AES_WRAPS.get(len(kek.key))
    if wrap is None:
        raise MalformedMessage(f"a shared key of {len(kek.key)} bytes, expected 16, 24 or 32", where="kekri")
    # RFC 3565 section 2.3.2: a KEK is at least as strong as the key under it.
    if len(kek.key) < len(cek):
        raise MalformedMessage(
            f"a shared key of {len(kek.key)} bytes is shorter than the {len(cek)} bytes to wrap", where="kekri"
        )
    return der.element(
        KEKRI,
        der.integer(4),
        der.sequence(der.octet_string(kek.identifier)),
        build_key_wrap(wrap),
        der.octet_string(await provider.wrap_key(kek.key, cek)),
    )


async def unwrap_kekri(
    recipient: KekRecipient, kek: KeyEncryptionKey, *, cek_length: int, provider: CryptoProvider, policy: Policy
) -> bytes:
    """The CEK of `cek_length` bytes. Raises DecryptionError, UnsupportedAlgorithm or MalformedMessage."""
    wrap = parse_key_wrap(recipient.algorithm_der, policy=policy)
    return await unwrap_cek(wrap, kek.key, recipient.encrypted_key, cek_length=cek_length, provider=provider)
