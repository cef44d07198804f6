"""Parcels for people without keys: a MIME entity, encrypted with a password.

A parcel is standard CMS: `openssl cms -decrypt -pwri_password` decrypts it and writes the entity, or the SignedData
over the entity. Therefore the encrypted content has the type id-data: any other type needs authAttrs (RFC 5083 section
2.1), which OpenSSL 3.0 cannot read. Only the SignedData in a signed parcel has the parcel's own content type. An
unsigned parcel proves no author, like an unsigned encrypted mail.
"""

from __future__ import annotations

from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.cms.content_info import ID_DATA, PARCEL
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import NO_KEYS, Keys
from smime_core.cms.signing import Signing
from smime_core.own_content.own_content import ContentKind, examine_content, protect_content
from smime_core.provider import CryptoProvider
from smime_core.report.report import MessageReport
from smime_core.trust.judging import Judging

_KIND: Final = ContentKind(name="parcel", content_type=PARCEL, encrypted_type=ID_DATA, encrypted_signed_type=ID_DATA)


async def protect_parcel(
    entity: bytes,
    provider: CryptoProvider,
    *,
    encrypting: Encrypting,
    signing: Signing | None = None,
) -> bytes:
    """DER of a parcel for the people who know a password and the owners of the certificates in `encrypting`.

    Raises the errors of `protect_content`.
    """
    return await protect_content(entity, _KIND, provider, signing, encrypting)


async def examine_parcel(
    cms: Buffer, judging: Judging, provider: CryptoProvider, *, keys: Keys = NO_KEYS
) -> MessageReport:
    """The report on a parcel. Its `content` is the entity. Raises the errors of `own_content.examine_content`."""
    return await examine_content(cms, _KIND, judging, provider, keys)
