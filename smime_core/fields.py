"""Form fields under content types of their own (DESIGN, "Content types of our own").

What is signed and sealed is JSON with the field's origin inside, so that the ciphertext of one site is refused on
another. A sealed field is always AuthEnvelopedData: its content type is authenticated.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import Final

from smime_core.algorithms import AES_256_GCM
from smime_core.certificate import Certificate
from smime_core.content_info import FIELD, SIGNED_FIELD, armor, unarmor
from smime_core.der import Buffer
from smime_core.enveloped_data import build_enveloped_data
from smime_core.errors import ContentTypeMismatch, MalformedMessage
from smime_core.examination import examine
from smime_core.judgement import Claim, Examiner
from smime_core.key_management import KeyHolder
from smime_core.pkix import TrustStore
from smime_core.provider import CryptoProvider
from smime_core.report import LayerKind, MessageReport
from smime_core.signed_data import build_signed_data

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
    if identity is None and not recipients:
        raise MalformedMessage("a field is signed, sealed or both", where="field")
    content = json.dumps(
        {"origin": origin, "text": text, "version": _VERSION}, ensure_ascii=False, separators=(",", ":")
    ).encode()
    content_type = FIELD
    if identity is not None:
        content = await build_signed_data(
            content,
            holders=[identity],
            content_type=FIELD,
            detached=False,
            signing_time=signing_time,
            provider=provider,
        )
        content_type = SIGNED_FIELD
    if recipients:
        content = await build_enveloped_data(
            content,
            recipients=recipients,
            content_type=content_type,
            cipher=AES_256_GCM,
            transport=None,
            provider=provider,
        )
    return armor(content)


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
    report = await examine(
        unarmor(armored),
        examiner=Examiner(
            identities=identities,
            trust_store=trust_store,
            at=at,
            provider=provider,
            content_types=(FIELD, SIGNED_FIELD),
        ),
        claim=Claim.NONE,
    )
    if not any(layer.kind in (LayerKind.SIGNED, LayerKind.ENCRYPTED) for layer in report.layers):
        raise ContentTypeMismatch("this is not the content of a form field")
    if any(why.code == "not-opened" for why in report.reasons):
        return report
    return report.with_content(_read_text(report.content, origin).encode())


def _read_text(content: bytes, origin: str) -> str:
    try:
        field = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage("the content is not JSON", where="field") from error
    if not isinstance(field, dict) or set(field) != {"origin", "text", "version"}:
        raise MalformedMessage("the content has other members than origin, text and version", where="field")
    if not all(isinstance(value, str) for value in field.values()) or field["version"] != _VERSION:
        raise MalformedMessage("the content is of another version", where="field")
    if field["origin"] != origin:
        raise ContentTypeMismatch(f"this field belongs to {field['origin']}, not to {origin}")
    return str(field["text"])
