"""Files that another program has encrypted for a recipient of ours, such as one object of `openssl cms -encrypt`.

Such files have no manifest, so nothing states who made them, or whether a file is missing. OpenSSL 3.0 encrypts for a
password only with CBC, which has no authentication. `decrypt_unauthenticated` reads such files for the command, which
warns its user. Pages use only `decrypt_authenticated`, because they show no text that anybody could alter.
"""

from __future__ import annotations

from smime_core.asn1.der import Buffer
from smime_core.cms import ID_AUTH_ENVELOPED_DATA, ID_DATA, ID_ENVELOPED_DATA, Keys, parse_content_info, unarmor
from smime_core.cms.enveloped_data import EnvelopedData, decrypt_enveloped_data, parse_enveloped_data
from smime_core.errors import ContentTypeMismatch, ParcelNotAuthenticated
from smime_core.provider import CryptoProvider


async def decrypt_authenticated(cms: Buffer, keys: Keys, provider: CryptoProvider) -> bytes:
    """The content of AuthEnvelopedData over id-data, from DER, BER or PEM.

    Raises ParcelNotAuthenticated for EnvelopedData, ContentTypeMismatch, MalformedMessage, and the errors of
    `decrypt_enveloped_data`.
    """
    enveloped = _parse(cms)
    if not enveloped.is_authenticated:
        raise ParcelNotAuthenticated("this is encrypted without authentication: anybody could have altered it")
    return (await decrypt_enveloped_data(enveloped, keys, provider)).content


async def decrypt_unauthenticated(cms: Buffer, keys: Keys, provider: CryptoProvider) -> bytes:
    """The content of EnvelopedData over id-data, which anybody could have altered. The caller must warn people of this.

    Raises ContentTypeMismatch for AuthEnvelopedData, MalformedMessage, and the errors of `decrypt_enveloped_data`.
    """
    enveloped = _parse(cms)
    if enveloped.is_authenticated:
        raise ContentTypeMismatch("this is encrypted with authentication")
    return (await decrypt_enveloped_data(enveloped, keys, provider)).content


def _parse(cms: Buffer) -> EnvelopedData:
    info = parse_content_info(unarmor(cms))
    if info.content_type not in (ID_ENVELOPED_DATA, ID_AUTH_ENVELOPED_DATA):
        raise ContentTypeMismatch(f"content type {info.content_type}, expected encrypted content")
    enveloped = parse_enveloped_data(info.content, content_type=info.content_type)
    if enveloped.content_type != ID_DATA:
        raise ContentTypeMismatch(f"encrypted content of type {enveloped.content_type}, expected id-data")
    return enveloped
