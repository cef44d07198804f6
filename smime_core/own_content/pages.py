"""Whole pages, signed or sealed, with their address and media type inside (DESIGN, "The extension").

A page that is kept is one file: its content is a line of JSON, then the page's bytes as they are, and what is shown is
exactly what was signed. A page that is published stays as it is, and its signature stands beside it: that covers the
page's bytes alone, and the same line as an attribute.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core import der
from smime_core.attributes import PAGE_HEAD, Attributes, build_attribute, find_value
from smime_core.certificate import Certificate
from smime_core.content_info import PAGE, PUBLISHED_PAGE, SIGNED_PAGE
from smime_core.der import Buffer
from smime_core.errors import MalformedMessage
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
from smime_core.reasons import reason
from smime_core.report import MessageReport, State
from smime_core.signed_data import build_signed_data
from smime_core.signer_info import SignerOptions

_KIND: Final = ContentKind(name="page", content_type=PAGE, sealed_type=PAGE, sealed_signed_type=SIGNED_PAGE)
_PUBLISHED: Final = ContentKind(name="page", content_type=PUBLISHED_PAGE)
_VERSION: Final = "1"
_UTF8_STRING: Final = 0x0C
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
_ADDRESS: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPage:
    """`address` and `media_type` are the writer's own words about the page; all are empty while it is sealed.

    All are empty, too, where a signature beside the page does not fit it: it says nothing about these bytes.
    """

    report: MessageReport
    address: str
    media_type: str
    page: bytes


async def seal_page(
    page: bytes,
    *,
    address: str,
    media_type: str,
    provider: CryptoProvider,
    signing_time: datetime.datetime,
    recipients: Sequence[Certificate] = (),
    passwords: Sequence[bytes] = (),
    identity: KeyHolder | None = None,
) -> bytes:
    """DER of the page: signed when `identity` is given, sealed when `recipients` or `passwords` are.

    Raises MalformedMessage when neither is, UnsupportedAlgorithm for a certificate that may not receive.
    """
    return await protect_content(
        _build_head(address, media_type) + b"\n" + page,
        _KIND,
        provider=provider,
        signing_time=signing_time,
        recipients=recipients,
        passwords=passwords,
        identity=identity,
    )


async def sign_published_page(
    page: Buffer,
    *,
    address: str,
    media_type: str,
    identity: KeyHolder,
    provider: CryptoProvider,
    signing_time: datetime.datetime,
) -> bytes:
    """DER of a signature that stands beside the page, which is published as it is.

    `address` is where it will stand; an empty one binds it to no place.
    """
    head = der.element(_UTF8_STRING, _build_head(address, media_type))
    return await build_signed_data(
        page,
        holders=[identity],
        content_type=PUBLISHED_PAGE,
        detached=True,
        signing_time=signing_time,
        provider=provider,
        options=SignerOptions(further_attributes=(build_attribute(PAGE_HEAD, head),)),
    )


async def open_page(
    cms: Buffer,
    *,
    provider: CryptoProvider,
    trust_store: TrustStore,
    at: datetime.datetime,
    identities: Sequence[KeyHolder] = (),
    passwords: Sequence[bytes] = (),
    published: bytes | None = None,
    standing_at: str | None = None,
) -> OpenedPage:
    """The page with its report, from one file, or from the `published` page with the signature beside it.

    `standing_at` is the address where it was found: signed for another one, the page is not verified.
    Raises ContentTypeMismatch when it is none, and what `examine_content` raises.
    """
    report = await examine_content(
        cms,
        _KIND if published is None else _PUBLISHED,
        provider=provider,
        trust_store=trust_store,
        at=at,
        identities=identities,
        passwords=passwords,
        detached_content=published,
    )
    head, page = _split_content(report) if published is None else (_published_head(report), published)
    if head is None:
        return OpenedPage(report=report, address="", media_type="", page=b"")
    members = parse_members(head, {"address", "mediaType", "version"}, where=_KIND.name, version=_VERSION)
    address = text_member(members, "address", where=_KIND.name)
    if standing_at is not None and address and not _is_same_address(address, standing_at):
        report = _moved(report)
    return OpenedPage(
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
    # Of signatures that do not fit nothing counts; the others have to say the same.
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
    state = State.SIGNED_UNVERIFIED if report.state is State.VERIFIED else report.state
    return dataclasses.replace(report, state=state, reasons=(reason("page-moved"), *report.reasons))


def _is_same_address(one: str, other: str) -> bool:
    return _canonical(one) == _canonical(other)


def _canonical(address: str) -> tuple[str, ...]:
    # What follows "#" never reaches a server (RFC 3986 section 3.5); case and default port by section 6.2.
    match = _ADDRESS.fullmatch(address)
    if not match:
        return (address,)
    scheme, authority = match["scheme"].lower(), match["authority"].lower()
    authority = authority.removesuffix(_DEFAULT_PORTS.get(scheme, ":"))
    return scheme, authority, match["path"] or "/", match["query"] or ""
