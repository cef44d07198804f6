"""The text of form fields, signed, encrypted or both.

The content is JSON with the field's text and the origin of its site, so that a field of one site is refused on another
site. The text can also be read outside a page, for example from a file. A field is never read as a mail, and a mail is
never read as the text of a field.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.cms import NO_KEYS, Encrypting, Keys, Signing
from smime_core.cms.content_info import FIELD, SIGNED_FIELD, armor
from smime_core.cms.layers import EncryptedLayer, SignedLayer, find_any_layer, find_cms, parse_message
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
# A web origin as browsers write it: in ASCII, with the host in lower case (HTML, "serialization of an origin").
_WEB_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_MAX_ORIGIN_CHARACTERS: Final = len("https://") + 253 + len(":65535")  # RFC 1035 section 2.3.4: 253 for a host


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
    """The report on a field in a page of `origin`. Its `content` is the text in UTF-8.

    Raises ContentTypeMismatch if it is no field or belongs to another origin, MalformedMessage, NoMatchingRecipient or
    DecryptionError.
    """
    report = await _examine(armored, judging, provider, keys)
    if report.field_origin not in (None, origin):
        raise ContentTypeMismatch(f"this field belongs to {report.field_origin}, not to {origin}")
    return report


async def examine_field_outside_page(
    message: Buffer, judging: Judging, provider: CryptoProvider, *, keys: Keys = NO_KEYS
) -> MessageReport:
    """The report on a field's text that is in a file, or under the header of a mail. The header is left out.

    The caller shows `field_origin`, the site of the field, beside the text. Raises ContentTypeMismatch if it is no
    field or its site is no web origin, MalformedMessage, NoMatchingRecipient or DecryptionError.
    """
    cms = _find_field(message)
    if cms is None:
        raise ContentTypeMismatch(f"this is not the content of a {_KIND.name}")
    report = await _examine(cms, judging, provider, keys)
    if report.field_origin is not None and not _is_web_origin(report.field_origin):
        raise ContentTypeMismatch("the text names no web site as its place")
    return report


def _find_field(message: Buffer) -> Buffer | None:
    # The CMS structure of a field, or None for anything else. Nothing is verified or decrypted.
    node = parse_message(message)
    layer = find_any_layer(node)
    if isinstance(layer, SignedLayer):
        content_type = layer.signed_data.e_content_type
    elif isinstance(layer, EncryptedLayer):
        content_type = layer.enveloped.content_type
    else:
        return None
    return find_cms(node) if content_type in (FIELD, SIGNED_FIELD) else None


async def _examine(cms: Buffer, judging: Judging, provider: CryptoProvider, keys: Keys) -> MessageReport:
    # The report on a field of any origin.
    report = await examine_content(cms, _KIND, judging, provider, keys)
    if any(why.code == ContentTypeMismatch.code for why in report.reasons):
        # Content that was signed as something else, such as a mail, must not be shown as the text of a field at all.
        raise ContentTypeMismatch(f"this was not signed as the content of a {_KIND.name}")
    if not was_opened(report):
        return report
    members = parse_members(report.content, {"origin", "text", "version"}, _KIND.name, version=_VERSION)
    text, origin = (text_member(members, name, _KIND.name) for name in ("text", "origin"))
    return dataclasses.replace(report, content=text.encode(), field_origin=origin)


def _is_web_origin(text: str) -> bool:
    return len(text) <= _MAX_ORIGIN_CHARACTERS and _WEB_ORIGIN.fullmatch(text) is not None
