"""Whole pages, signed or sealed, with their address and media type inside (DESIGN, "The extension").

The content is a line of JSON, then the page's bytes as they are: what is shown is exactly what was signed.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.certificate import Certificate
from smime_core.content_info import PAGE, SIGNED_PAGE
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
from smime_core.report import MessageReport

_KIND: Final = ContentKind(name="page", content_type=PAGE, sealed_type=PAGE, sealed_signed_type=SIGNED_PAGE)
_VERSION: Final = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPage:
    """`address` and `media_type` are the writer's own words about the page; all are empty while it is sealed."""

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
    head = build_members(address=address, mediaType=media_type, version=_VERSION)
    return await protect_content(
        head + b"\n" + page,
        _KIND,
        provider=provider,
        signing_time=signing_time,
        recipients=recipients,
        passwords=passwords,
        identity=identity,
    )


async def open_page(
    cms: Buffer,
    *,
    provider: CryptoProvider,
    trust_store: TrustStore,
    at: datetime.datetime,
    identities: Sequence[KeyHolder] = (),
    passwords: Sequence[bytes] = (),
) -> OpenedPage:
    """The page with its report. Raises ContentTypeMismatch when it is none, and what `examine_content` raises."""
    report = await examine_content(
        cms, _KIND, provider=provider, trust_store=trust_store, at=at, identities=identities, passwords=passwords
    )
    if not was_opened(report):
        return OpenedPage(report=report, address="", media_type="", page=b"")
    head, line_feed, page = report.content.partition(b"\n")
    if not line_feed:
        raise MalformedMessage("the line about the page is missing", where=_KIND.name)
    members = parse_members(head, {"address", "mediaType", "version"}, where=_KIND.name, version=_VERSION)
    return OpenedPage(
        report=report.with_content(page),
        address=text_member(members, "address", where=_KIND.name),
        media_type=text_member(members, "mediaType", where=_KIND.name),
        page=page,
    )
