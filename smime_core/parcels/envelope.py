"""The envelope of every object of a parcel: AuthEnvelopedData over id-data without authAttrs (RFC 5083).

OpenSSL 3.0 cannot read authAttrs, and content of another type than id-data needs them. The envelope therefore does not
say which kind of object it contains. A chunk is recognised by its hash in the manifest, the manifest by its content.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from smime_core.algorithms import AES_256_GCM
from smime_core.asn1.der import Buffer
from smime_core.cms import (
    ID_AUTH_ENVELOPED_DATA,
    ID_DATA,
    ID_ENVELOPED_DATA,
    Encrypting,
    KeyHolder,
    Keys,
    parse_content_info,
)
from smime_core.cms.enveloped_data import EnvelopedData, parse_enveloped_data
from smime_core.cms.recipients.pwri import PasswordRecipient, password_derivation
from smime_core.errors import (
    ContentTypeMismatch,
    DecryptionError,
    LimitExceeded,
    MalformedMessage,
    NoMatchingRecipient,
    ParcelDamaged,
    ParcelMixed,
    ParcelNotAuthenticated,
    SmimeError,
    WrongPassphrase,
)
from smime_core.keys.kdf import parse_pbkdf2
from smime_core.parcels.parcel_key import ParcelKey
from smime_core.x509.certificate import Certificate


def recipients_of(key: ParcelKey | None, certificates: Sequence[Certificate]) -> Encrypting:
    """The recipients of an object of a parcel. There are none if there is neither a key nor a certificate."""
    return Encrypting(
        recipients=certificates, password_keys=() if key is None else (key.password_key,), cipher=AES_256_GCM
    )


def keys_of(key: ParcelKey | None, identities: Sequence[KeyHolder]) -> Keys:
    """The keys for an object of a parcel. None of them needs a derivation."""
    return Keys(identities=identities, password_keys=() if key is None else (key.password_key,))


def parse_envelope(cms: Buffer, key: ParcelKey | None, *, what: str) -> EnvelopedData:
    """Parse an object of the parcel to which `key` belongs. `what` names the object in errors.

    Raises ParcelNotAuthenticated for EnvelopedData, which anybody could alter. Raises ParcelMixed for a password
    recipient with another key derivation than the parcel's. Raises ParcelDamaged, LimitExceeded or
    UnsupportedAlgorithm.
    """
    with damage(what):
        info = parse_content_info(cms)
        if info.content_type == ID_ENVELOPED_DATA:
            raise ParcelNotAuthenticated(f"{what} is encrypted without authentication")
        if info.content_type != ID_AUTH_ENVELOPED_DATA:
            raise MalformedMessage(f"content type {info.content_type}, expected AuthEnvelopedData")
        enveloped = parse_enveloped_data(info.content, content_type=info.content_type)
        if enveloped.content_type != ID_DATA:
            raise MalformedMessage(f"encrypted content of type {enveloped.content_type}, expected id-data")
    if key is not None:
        passwords = [recipient for recipient in enveloped.recipients if isinstance(recipient, PasswordRecipient)]
        if not all(password.is_derived_as(key.password_key) for password in passwords):
            raise ParcelMixed(f"{what} has another key derivation than this parcel")
    return enveloped


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


@contextlib.contextmanager
def damage(what: str) -> Iterator[None]:
    """Turn errors that the structure or the content causes into ParcelDamaged, except WrongPassphrase."""
    try:
        yield
    except (LimitExceeded, WrongPassphrase):
        raise
    except DecryptionError:
        # The cause is left out, because all failures of decryption must look alike.
        raise ParcelDamaged(f"{what} could not be decrypted: it was altered") from None
    except (MalformedMessage, ContentTypeMismatch) as error:
        raise ParcelDamaged(f"{what}: {error}") from error
