"""Content of our own kinds, signed, sealed or both (DESIGN, "Content types of our own").

Each kind has content types of its own, which are demanded by whoever opens it, so that nothing that was signed or
sealed as one kind, or as mail, passes as another. What is sealed is always AuthEnvelopedData: its content type is
authenticated.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass

from smime_core.algorithms import AES_256_GCM
from smime_core.certificate import Certificate
from smime_core.content_info import unarmor
from smime_core.der import Buffer
from smime_core.enveloped_data import build_enveloped_data
from smime_core.errors import ContentTypeMismatch, MalformedMessage
from smime_core.examination import examine
from smime_core.examiner import Examiner
from smime_core.judgement import Claim
from smime_core.key_management import KeyHolder
from smime_core.limits import MAX_WHOLE_BYTES
from smime_core.pkix import TrustStore
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.report import LayerKind, MessageReport
from smime_core.signed_data import build_signed_data
from smime_core.strict_json import parse_json


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentKind:
    """`name` as in "the content of a form field".

    `content_type` is what a signature covers; `sealed_type` stands in a seal around the bare content, and
    `sealed_signed_type` in one around SignedData over it. A kind without these two is never sealed.
    """

    name: str
    content_type: str
    sealed_type: str | None = None
    sealed_signed_type: str | None = None


async def protect_content(
    content: bytes,
    kind: ContentKind,
    *,
    provider: CryptoProvider,
    signing_time: datetime.datetime,
    recipients: Sequence[Certificate] = (),
    passwords: Sequence[bytes] = (),
    identity: KeyHolder | None = None,
) -> bytes:
    """DER of the content signed when `identity` is given, sealed when `recipients` or `passwords` are.

    Raises MalformedMessage when neither is, UnsupportedAlgorithm for a certificate that may not receive.
    """
    if identity is None and not recipients and not passwords:
        raise MalformedMessage("it has to be signed, sealed or both", where=kind.name)
    sealed_type = kind.sealed_type
    if identity is not None:
        content = await build_signed_data(
            content,
            holders=[identity],
            content_type=kind.content_type,
            detached=False,
            signing_time=signing_time,
            provider=provider,
        )
        sealed_type = kind.sealed_signed_type
    if not recipients and not passwords:
        return content
    if sealed_type is None:
        raise MalformedMessage("it is never sealed", where=kind.name)
    return await build_enveloped_data(
        content,
        recipients=recipients,
        passwords=passwords,
        content_type=sealed_type,
        cipher=AES_256_GCM,
        transport=None,
        provider=provider,
    )


async def examine_content(
    cms: Buffer,
    kind: ContentKind,
    *,
    provider: CryptoProvider,
    trust_store: TrustStore,
    at: datetime.datetime,
    identities: Sequence[KeyHolder] = (),
    passwords: Sequence[bytes] = (),
    detached_content: Buffer | None = None,
) -> MessageReport:
    """The report on content of this kind, from DER or PEM; `detached_content` is what a signature stands beside.

    Raises ContentTypeMismatch when it is of another kind, MalformedMessage, NoMatchingRecipient or DecryptionError.
    """
    report = await examine(
        unarmor(cms),
        examiner=Examiner(
            identities=identities,
            passwords=passwords,
            trust_store=trust_store,
            at=at,
            provider=provider,
            policy=Policy.RECEIVE,
            signed_types=(kind.content_type,),
            sealed_types=tuple(filter(None, (kind.sealed_type, kind.sealed_signed_type))),
        ),
        claim=Claim.NONE,
        detached_content=detached_content,
    )
    if not any(layer.kind in (LayerKind.SIGNED, LayerKind.ENCRYPTED) for layer in report.layers):
        raise ContentTypeMismatch(f"this is not the content of a {kind.name}")
    return report


def was_opened(report: MessageReport) -> bool:
    """Whether the content can be read: false for what is sealed and for which no key was given."""
    return not any(why.code == "not-opened" for why in report.reasons)


def parse_members(content: bytes, names: set[str], *, where: str, version: str) -> dict[str, object]:
    """The members of the JSON object that the content is: these names, no others, and this version.

    Raises MalformedMessage.
    """
    members = parse_json(content, where=where, max_bytes=MAX_WHOLE_BYTES)
    if not isinstance(members, dict) or set(members) != names:
        listed = ", ".join(sorted(names))
        raise MalformedMessage(f"the content has other members than {listed}", where=where)
    if members["version"] != version:
        raise MalformedMessage("the content is of another version", where=where)
    return members


def text_member(members: dict[str, object], name: str, *, where: str) -> str:
    """A member that is text. Raises MalformedMessage."""
    value = members[name]
    if not isinstance(value, str):
        raise MalformedMessage(f"{name} is not text", where=where)
    return value


def build_members(**members: object) -> bytes:
    """The JSON object without spaces, its members in this order. Raises MalformedMessage for half a character."""
    try:
        return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise MalformedMessage("a text holds half of a surrogate pair", where="JSON") from error
