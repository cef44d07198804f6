"""The text of form fields, signed, encrypted or both.

The content is JSON with the field's text and the origin of its site, so that a field of one site is refused on another.
"""

from __future__ import annotations

from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.cms.content_info import FIELD, SIGNED_FIELD, armor
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import NO_KEYS, Keys
from smime_core.cms.signing import Signing
from smime_core.errors import ContentTypeMismatch
from smime_core.own_content.own_content import (
    ContentKind,
    build_members,
    examine_content,
    parse_members,
    protect_content,
    text_member,
    was_opened,
)
from smime_core.provider import CryptoProvider
from smime_core.report.report import MessageReport
from smime_core.trust.judging import Judging

_KIND: Final = ContentKind(
    name="form field", content_type=FIELD, encrypted_type=FIELD, encrypted_signed_type=SIGNED_FIELD
)
_VERSION: Final = "1"


async def protect_field(
    text: str,
    provider: CryptoProvider,
    *,
    origin: str,
    signing: Signing | None = None,
    encrypting: Encrypting | None = None,
) -> str:
    """PEM of a field's CMS, which is signed, encrypted, or signed and then encrypted.

    Raises the errors of `protect_content`.
    """
    cms_der = await protect_content(
        build_members(origin=origin, text=text, version=_VERSION), _KIND, provider, signing, encrypting
    )
    return armor(cms_der)


async def examine_field(
    armored: Buffer,
    judging: Judging,
    provider: CryptoProvider,
    *,
    origin: str,
    keys: Keys = NO_KEYS,
) -> MessageReport:
    """The report on a field. Its `content` is the text in UTF-8.

    Raises ContentTypeMismatch if it is no field or belongs to another origin, MalformedMessage, NoMatchingRecipient or
    DecryptionError.
    """
    report = await examine_content(armored, _KIND, judging, provider, keys)
    return report.with_content(_read_text(report.content, origin).encode()) if was_opened(report) else report


def _read_text(content: bytes, origin: str) -> str:
    where = _KIND.name
    members = parse_members(content, {"origin", "text", "version"}, where, version=_VERSION)
    text, owner = (text_member(members, name, where) for name in ("text", "origin"))
    if owner != origin:
        raise ContentTypeMismatch(f"this field belongs to {owner}, not to {origin}")
    return text
