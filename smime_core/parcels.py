"""Parcels for people without keys: a MIME entity under a password (DESIGN, "Delivery").

Standard CMS: `openssl cms -decrypt -pwri_password` opens one and gives the entity, or the SignedData over it. Therefore
the seal holds id-data: any other type needs authAttrs (RFC 5083 section 2.1), which OpenSSL 3.0 cannot read. Only what
is signed has the parcel's own content type; what is not is nobody's word, as a sealed mail is.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Final

from smime_core.certificate import Certificate
from smime_core.content_info import ID_DATA, PARCEL
from smime_core.der import Buffer
from smime_core.key_management import KeyHolder
from smime_core.own_content import ContentKind, examine_content, protect_content
from smime_core.pkix import TrustStore
from smime_core.provider import CryptoProvider
from smime_core.report import MessageReport

_KIND: Final = ContentKind(name="parcel", content_type=PARCEL, sealed_type=ID_DATA, sealed_signed_type=ID_DATA)


async def seal_parcel(
    entity: bytes,
    *,
    provider: CryptoProvider,
    signing_time: datetime.datetime,
    passwords: Sequence[bytes],
    recipients: Sequence[Certificate] = (),
    identity: KeyHolder | None = None,
) -> bytes:
    """DER of a parcel for whoever knows one of the passwords (UTF-8) and for the owners of the certificates.

    Raises MalformedMessage without either, UnsupportedAlgorithm for a certificate that may not receive.
    """
    return await protect_content(
        entity,
        _KIND,
        provider=provider,
        signing_time=signing_time,
        recipients=recipients,
        passwords=passwords,
        identity=identity,
    )


async def open_parcel(
    cms: Buffer,
    *,
    provider: CryptoProvider,
    trust_store: TrustStore,
    at: datetime.datetime,
    passwords: Sequence[bytes] = (),
    identities: Sequence[KeyHolder] = (),
) -> MessageReport:
    """The report on a parcel, its `content` the entity. Raises what `own_content.examine_content` raises."""
    return await examine_content(
        cms, _KIND, provider=provider, trust_store=trust_store, at=at, identities=identities, passwords=passwords
    )
