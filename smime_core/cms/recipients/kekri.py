"""KEKRecipientInfo: the content-encryption key (CEK), wrapped with a symmetric key that both sides already share.

RFC 5652 section 6.2.3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.cms.recipients.key_wrap import AES_WRAPS, build_key_wrap, parse_key_wrap, unwrap_cek
from smime_core.errors import MalformedMessage
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider

KEKRI: Final = 0xA2


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEncryptionKey:
    """A shared key, and the name that both sides use for it. The repr leaves out the key."""

    identifier: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KekIdentifier:
    """A KEKIdentifier. Its date and other attributes are not needed to tell keys apart here."""

    value: bytes

    def __str__(self) -> str:
        return f"shared key {self.value.hex()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KekRecipient:
    """A `kekri`. Its algorithm is parsed only on use, so that an unknown algorithm does not affect other recipients."""

    rid: KekIdentifier
    algorithm_der: bytes
    encrypted_key: bytes

    kind = "kekri"

    def names(self, kek: KeyEncryptionKey) -> bool:
        """Whether `kek` has the name of the recipient's key."""
        return self.rid.value == kek.identifier

    def describe(self) -> str:
        """The key wrap in words for people. Raises UnsupportedAlgorithm or MalformedMessage."""
        return f"{parse_key_wrap(self.algorithm_der, Policy.ARCHIVE).name} under a shared key"


def parse_kekri(tlv: Tlv) -> KekRecipient:
    """Parse a `kekri`. Raises MalformedMessage."""
    where = "KEKRecipientInfo"
    fields = der.expect_count(der.read_children(tlv, where), where, 4)
    identifier = der.read_fields(fields[1], "kekid", 1, 2, 3, expected="1 to 3")
    return KekRecipient(
        rid=KekIdentifier(value=bytes(der.read_octets(identifier[0], where="kekid"))),
        algorithm_der=der.to_definite(fields[2], where),
        encrypted_key=bytes(der.read_octets(fields[3], where)),
    )


async def build_kekri(kek: KeyEncryptionKey, cek: bytes, provider: CryptoProvider) -> bytes:
    """DER of a `kekri` with AES key wrap. Raises MalformedMessage if the key is no AES key or shorter than the CEK."""
    wrap = AES_WRAPS.get(len(kek.key))
    if wrap is None:
        raise MalformedMessage(f"a shared key of {len(kek.key)} bytes, expected 16, 24 or 32", where="kekri")
    # RFC 3565 section 2.3.2: a key-encryption key is at least as strong as the key that it wraps.
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
    recipient: KekRecipient, kek: KeyEncryptionKey, provider: CryptoProvider, *, cek_length: int, policy: Policy
) -> bytes:
    """The CEK of `cek_length` bytes. Raises DecryptionError, UnsupportedAlgorithm or MalformedMessage."""
    wrap = parse_key_wrap(recipient.algorithm_der, policy)
    return await unwrap_cek(wrap, kek.key, recipient.encrypted_key, provider, cek_length)
