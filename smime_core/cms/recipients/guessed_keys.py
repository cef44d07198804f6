"""Keys of the reader that no recipient names. They are tried after all keys that a recipient names.

A renewed certificate has another serial number, and often the same key. A recipient may also be named by an identifier
that only the sender's program computes. So each key is tried on the recipients of its type, for at most
MAX_GUESSED_KEYS pairs.

All pairs are tried, even after one fits. Only then is one content-encryption key (CEK) used. With RSA v1.5 a key fits
if the padding and the length of the CEK are right. Neither this module nor `transport_decrypt_any` of the provider says
whether a key fits (RFC 3218 section 2.3.2). For other kinds of recipients, a wrong key raises an error.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from smime_core.algorithms import TransportScheme, parse_transport_identifier
from smime_core.cms.key_holder import KeyHolder
from smime_core.cms.recipients.kari import KeyAgreeRecipient
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.ktri import KeyTransRecipient
from smime_core.cms.recipients.recipient_info import RecipientInfo
from smime_core.cms.recipients.unwrapping import HeldRecipient, is_recipient, unwrap_with
from smime_core.errors import SmimeError
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider, KeyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A recipient, and the holder of a key of the recipient's type that the recipient does not name."""

    recipient: HeldRecipient
    holder: KeyHolder


def find_attempts(recipients: Sequence[RecipientInfo], keys: Keys) -> list[Attempt]:
    """The pairs to try, in the order of the recipients. A key with several certificates counts once."""
    return list(itertools.islice(_find_attempts(recipients, keys.identities), keys.most_guesses))


def _find_attempts(recipients: Sequence[RecipientInfo], identities: Sequence[KeyHolder]) -> Iterator[Attempt]:
    holders = {holder.certificate.public_key.spki_der: holder for holder in identities}
    for recipient in recipients if holders else ():
        if isinstance(recipient, HeldRecipient):
            named = {
                holder.certificate.public_key.spki_der
                for holder in identities
                if is_recipient(recipient.rid, holder.certificate)
            }
            for spki_der, holder in holders.items():
                if spki_der not in named and _is_of_type(recipient, holder):
                    yield Attempt(recipient=recipient, holder=holder)


def _is_of_type(recipient: HeldRecipient, holder: KeyHolder) -> bool:
    key = holder.private_key
    if isinstance(recipient, KeyTransRecipient):
        modulus_bytes = (holder.certificate.public_key.bits + 7) // 8
        return key.key_type is KeyType.RSA and len(recipient.encrypted_key) == modulus_bytes
    return key.agrees if isinstance(recipient, KeyAgreeRecipient) else key.key_type.is_kem


async def guess_content_key(
    attempts: Sequence[Attempt], keys: Keys, provider: CryptoProvider, cek_length: int, policy: Policy
) -> tuple[HeldRecipient, bytes] | None:
    """The recipient and the CEK of an attempt that fits. All attempts are made.

    If no attempt fits, the result is None; but if an attempt used RSA v1.5, it is a random recipient and a random CEK.
    """
    recipient_and_cek: tuple[HeldRecipient, bytes] | None = None
    padded: list[tuple[KeyTransRecipient, KeyHolder]] = []
    for attempt in attempts:
        recipient, holder = attempt.recipient, attempt.holder
        try:
            if isinstance(recipient, KeyTransRecipient) and _is_v15(recipient):
                padded.append((recipient, holder))
                continue
            unwrap = unwrap_with(recipient, holder, keys.originators, policy)
            cek = await unwrap(cek_length=cek_length, provider=provider)
        except SmimeError:
            continue
        recipient_and_cek = recipient_and_cek or (recipient, cek)
    if padded:
        tried = [(holder.private_key, recipient.encrypted_key) for recipient, holder in padded]
        position, cek = await provider.transport_decrypt_any(tried, cek_length)
        recipient_and_cek = recipient_and_cek or (padded[position][0], cek)
    return recipient_and_cek


def _is_v15(recipient: KeyTransRecipient) -> bool:
    return parse_transport_identifier(recipient.algorithm_der).scheme is TransportScheme.RSA_PKCS1_V15
