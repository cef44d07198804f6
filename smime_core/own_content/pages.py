"""Whole pages, signed or encrypted, with their address and media type.

A saved page is one file. Its content is a line of JSON, then the unchanged bytes of the page, so that the displayed
page is exactly the signed page. A published page stays unchanged and has a separate signature. This signature covers
the page's bytes, and has the line of JSON as a signed attribute.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from smime_core.asn1 import Buffer, der
from smime_core.cms import NO_KEYS, Encrypting, Keys, SignatureForm, Signing
from smime_core.cms.attributes import PAGE_HEAD, Attributes, build_attribute, find_value
from smime_core.cms.content_info import PAGE, PUBLISHED_PAGE, SIGNED_PAGE
from smime_core.cms.signed_data import build_signed_data
from smime_core.errors import MalformedMessage
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
from smime_core.report import MessageReport, State, reason
from smime_core.trust.judging import Judging

_KIND: Final = ContentKind(name="page", content_type=PAGE, encrypted_type=PAGE, encrypted_signed_type=SIGNED_PAGE)
_PUBLISHED: Final = ContentKind(name="page", content_type=PUBLISHED_PAGE)
_VERSION: Final = "1"
_UTF8_STRING: Final = 0x0C
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
_ADDRESS: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminedPage:
    """A page with its report. `address` and `media_type` are the writer's claims about the page.

    `address`, `media_type` and `page` are empty if the page was not decrypted, or if a separate signature does not fit
    the page.
    """

    report: MessageReport
    address: str
    media_type: str
    page: bytes


async def protect_page(
    page: bytes,
    provider: CryptoProvider,
    *,
    address: str,
    media_type: str,
    signing: Signing | None = None,
    encrypting: Encrypting | None = None,
) -> bytes:
    """DER of the page, which is signed, encrypted, or signed and then encrypted.

    Raises the errors of `protect_content`.
    """
    return await protect_content(_build_head(address, media_type) + b"\n" + page, _KIND, provider, signing, encrypting)


async def sign_published_page(
    page: Buffer, signing: Signing, provider: CryptoProvider, *, address: str, media_type: str
) -> bytes:
    """DER of a separate signature for a page that is published unchanged.

    `address` is the address of publication. If it is empty, the signature is valid for the page at any address.
    """
    head = der.element(_UTF8_STRING, _build_head(address, media_type))
    attributes = (*signing.options.further_attributes, build_attribute(PAGE_HEAD, head))
    signing = replace(
        signing,
        form=SignatureForm.DETACHED,
        options=replace(signing.options, further_attributes=attributes),
    )
    return await build_signed_data(page, signing, provider, PUBLISHED_PAGE)


async def examine_page(
    cms: Buffer,
    judging: Judging,
    provider: CryptoProvider,
    keys: Keys = NO_KEYS,
    *,
    published: bytes | None = None,
    found_at: str | None = None,
) -> ExaminedPage:
    """The page with its report, from one file, or from the `published` page and its separate signature.

    `found_at` is the address where the page was found. A page that was signed for another address does not get the
    state VERIFIED. Raises ContentTypeMismatch if the CMS is no page, and the errors of `examine_content`.
    """
    report = await examine_content(cms, _KIND if published is None else _PUBLISHED, judging, provider, keys, published)
    head, page = _split_content(report) if published is None else (_published_head(report), published)
    if head is None:
        return ExaminedPage(report=report, address="", media_type="", page=b"")
    members = parse_members(head, {"address", "mediaType", "version"}, where=_KIND.name, version=_VERSION)
    address = text_member(members, "address", where=_KIND.name)
    if found_at is not None and address and _canonical(address) != _canonical(found_at):
        report = _moved(report)
    return ExaminedPage(
        report=report.with_content(page),
        address=address,
        media_type=text_member(members, "mediaType", where=_KIND.name),
        page=page,
    )


def _build_head(address: str, media_type: str) -> bytes:
    return build_members(address=address, mediaType=media_type, version=_VERSION)


def _split_content(report: MessageReport) -> tuple[bytes | None, bytes]:
    if not was_opened(report):
        return None, b""
    head, line_feed, page = report.content.partition(b"\n")
    if not line_feed:
        raise MalformedMessage("the line about the page is missing", where=_KIND.name)
    return head, page


def _published_head(report: MessageReport) -> bytes | None:
    # Signatures that do not fit the page are ignored. All others must have the same line of JSON.
    fitting = [signer.signed_attributes for signer in report.signers if signer.state is not State.INVALID]
    heads = {_read_head(attributes) for attributes in fitting if attributes}
    if len(heads) > 1:
        raise MalformedMessage("its signers name different addresses", where=_KIND.name)
    return heads.pop() if heads else None


def _read_head(attributes: Attributes) -> bytes:
    value = find_value(attributes, PAGE_HEAD, "pageHead")
    if value is None:
        raise MalformedMessage("the signature does not say which page it is for", where=_KIND.name)
    return bytes(der.expect(value, _UTF8_STRING, where="pageHead").content)


def _moved(report: MessageReport) -> MessageReport:
    return replace(
        report,
        state=State.SIGNED_UNVERIFIED if report.state is State.VERIFIED else report.state,
        reasons=(reason("page-moved"), *report.reasons),
    )


def _canonical(address: str) -> tuple[str, ...]:
    # The fragment after "#" is dropped, because it never reaches a server (RFC 3986 section 3.5). The case of letters
    # and the default port are normalised by RFC 3986 section 6.2.
    match = _ADDRESS.fullmatch(address)
    if not match:
        return (address,)
    scheme, authority = match["scheme"].lower(), match["authority"].lower()
    authority = authority.removesuffix(_DEFAULT_PORTS.get(scheme, ":"))
    return scheme, authority, match["path"] or "/", match["query"] or ""
