"""The reader's keys that a recipient names, and how one of them unwraps the content-encryption key (CEK)."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Sequence

from smime_core.algorithms import HashName, digest_data
from smime_core.asn1 import der
from smime_core.cms.certificate_id import CertificateId, KeyIdentifier
from smime_core.cms.key_holder import KeyHolder
from smime_core.cms.recipients.kari import KeyAgreeRecipient, unwrap_kari
from smime_core.cms.recipients.kemri import KemRecipient, unwrap_kemri
from smime_core.cms.recipients.ktri import KeyTransRecipient, unwrap_ktri
from smime_core.policy import Policy
from smime_core.x509.certificate import Certificate

Unwrap = Callable[..., Awaitable[bytes]]
HeldRecipient = KeyTransRecipient | KeyAgreeRecipient | KemRecipient
"""A recipient who is named by a certificate."""


def is_recipient(rid: CertificateId, certificate: Certificate) -> bool:
    """Whether `rid` names the certificate, or names its key by an identifier that the sender has computed.

    RFC 5280 section 4.2.1.2 computes this identifier as SHA-1 of the bits of the public key, other programs as SHA-1 of
    the SubjectPublicKeyInfo. The certificate may have another identifier, or no identifier.
    """
    if rid.matches(certificate):
        return True
    return isinstance(rid, KeyIdentifier) and rid.value in _computed_identifiers(certificate.public_key.spki_der)


@functools.lru_cache(maxsize=256)
def _computed_identifiers(spki_der: bytes) -> tuple[bytes, bytes]:
    bits = bytes(der.read_sequence(spki_der, where="SubjectPublicKeyInfo")[1].content[1:])
    return digest_data(HashName.SHA1, bits), digest_data(HashName.SHA1, spki_der)


def unwrap_with(
    recipient: HeldRecipient, holder: KeyHolder, originators: Sequence[Certificate], policy: Policy
) -> Unwrap:
    """The function that unwraps the CEK with the holder's key; its arguments are `provider` and `cek_length`."""
    match recipient:
        case KeyTransRecipient():
            return functools.partial(unwrap_ktri, recipient, holder.private_key)
        case KeyAgreeRecipient():
            return functools.partial(unwrap_kari, recipient, holder.private_key, originators=originators, policy=policy)
        case KemRecipient():
            return functools.partial(unwrap_kemri, recipient, holder.private_key, policy=policy)
