"""The salt of a parcel, for readers who have its objects but no server to ask."""

from __future__ import annotations

from smime_core.asn1.der import Buffer
from smime_core.cms.recipients.pwri import PasswordRecipient, password_derivation
from smime_core.errors import NoMatchingRecipient, ParcelDamaged, SmimeError
from smime_core.keys.kdf import parse_pbkdf2
from smime_core.parcels.envelope import parse_envelope


def salt_of(cms: Buffer) -> bytes:
    """The salt in the password recipient of an object of a parcel. Nothing is derived.

    Raises NoMatchingRecipient if there is no such recipient, ParcelDamaged for a key derivation other than the
    format's, and the errors of `parse_envelope`.
    """
    enveloped = parse_envelope(cms, None, what="the manifest")
    passwords = [recipient for recipient in enveloped.recipients if isinstance(recipient, PasswordRecipient)]
    if not passwords:
        raise NoMatchingRecipient
    try:
        kdf = parse_pbkdf2(passwords[0].derivation_der).kdf
    except SmimeError as error:
        raise ParcelDamaged(f"the manifest: {error}") from error
    if kdf != password_derivation(kdf.salt):
        raise ParcelDamaged("the manifest has another key derivation than parcels have")
    return kdf.salt
