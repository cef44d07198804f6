"""Form fields: their text under content types of their own (DESIGN, "Content types of our own").

What is signed and sealed is JSON with the field's origin inside, so that the ciphertext of one site is refused on
another.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Final

from smime_core.certificate import Certificate
from smime_core.content_info import FIELD, SIGNED_FIELD, armor
from smime_core.der import Buffer
from smime_core.errors import ContentTypeMismatch
from smime_core.key_management import KeyHolder
from smime_core.own_content import (
    ContentKind,
    build_members,
    examine_content,
    parse_members,
    protect_content,
    text_member,
    was_opened,
)
from smime_core.pkix import TrustStore
from smime_core.provider import CryptoProvider
from smime_core.report import MessageReport

_KIND: Final = ContentKind(name="form field", content_type=FIELD, sealed_type=FIELD, sealed_signed_type=SIGNED_FIELD)
_VERSION: Final = "1"


async def seal_field(
    text: str,
    *,
    origin: str,
    provider: CryptoProvider,
    signing_time: datetime.datetime,
    recipients: Sequence[Certificate] = (),
    identity: KeyHolder | None = None,
) -> str:
    """The armored CMS of a field: signed when `identity` is given, sealed when `recipients` are.

    Raises MalformedMessage when neither is, UnsupportedAlgorithm for a certificate that may not receive.
    """
    cms_der = await protect_content(
        build_members(origin=origin, text=text, version=_VERSION),
        _KIND,
        provider=provider,
        signing_time=signing_time,
        recipients=recipients,
        identity=identity,
    )
    return armor(cms_der)


async def open_field(
    armored: Buffer,
    *,
    origin: str,
    provider: CryptoProvider,
    trust_store: TrustStore,
    at: datetime.datetime,
    identities: Sequence[KeyHolder] = (),
) -> MessageReport:
    """The report on a field, its `content` the text in UTF-8.

    Raises ContentTypeMismatch when it is no field or another origin's, MalformedMessage, NoMatchingRecipient or
    DecryptionError.
    """
    report = await examine_content(
        armored, _KIND, provider=provider, trust_store=trust_store, at=at, identities=identities
    )
    return report.with_content(_read_text(report.content, origin).encode()) if was_opened(report) else report


def _read_text(content: bytes, origin: str) -> str:
    where = _KIND.name
    members = parse_members(content, {"origin", "text", "version"}, where=where, version=_VERSION)
    text, owner = (text_member(members, name, where=where) for name in ("text", "origin"))
    if owner != origin:
        raise ContentTypeMismatch(f"this field belongs to {owner}, not to {origin}")
    return text
