"""Content of our own kinds, such as form fields and pages, signed, encrypted or both.

Each kind has content types of its own, and each reader requires them. Content that was signed or encrypted as one kind,
or as mail, is therefore not accepted as another kind. Encrypted content is always AuthEnvelopedData, which
authenticates its content type.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from smime_core.algorithms import AES_256_GCM
from smime_core.asn1.der import Buffer
from smime_core.cms import NO_KEYS, Encrypting, Keys, SignatureForm, Signing, unarmor
from smime_core.cms.enveloped_data import build_enveloped_data
from smime_core.cms.signed_data import build_signed_data
from smime_core.errors import ContentTypeMismatch, MalformedMessage, UnsupportedAlgorithm
from smime_core.limits import MAX_WHOLE_BYTES
from smime_core.provider import CryptoProvider
from smime_core.report.report import LayerKind, MessageReport
from smime_core.text.strict_json import parse_json
from smime_core.trust.judging import Judging
from smime_core.verdict import Claim, Examiner
from smime_core.verdict.walk import examine


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentKind:
    """One kind of content. `name` is for error texts, such as "the content of a form field".

    `content_type` is the type of signed content. `encrypted_type` is the type of encrypted content that is not signed,
    `encrypted_signed_type` is the type of encrypted SignedData. Each of these two is None if content of this kind is
    never encrypted in that way.
    """

    name: str
    content_type: str
    encrypted_type: str | None = None
    encrypted_signed_type: str | None = None


async def protect_content(
    content: bytes,
    kind: ContentKind,
    provider: CryptoProvider,
    signing: Signing | None = None,
    encrypting: Encrypting | None = None,
) -> bytes:
    """DER of the content signed, encrypted, or signed and then encrypted.

    Raises MalformedMessage without `signing` and `encrypting`, for a detached signature, and if content of this kind is
    never encrypted in this way. Raises UnsupportedAlgorithm for a certificate that may not be used for encryption, and
    for a cipher without authentication.
    """
    if signing is None and not encrypting:
        raise MalformedMessage("it has to be signed, encrypted or both", where=kind.name)
    if signing is not None and signing.form is SignatureForm.DETACHED:
        raise MalformedMessage("a detached signature would leave the content out", where=kind.name)
    encrypted_type = kind.encrypted_type
    if signing is not None:
        content = await build_signed_data(content, signing, provider, kind.content_type)
        encrypted_type = kind.encrypted_signed_type
    if not encrypting:
        return content
    if encrypted_type is None:
        raise MalformedMessage("it is never encrypted", where=kind.name)
    cipher = encrypting.cipher or AES_256_GCM
    if not cipher.is_authenticated:
        raise UnsupportedAlgorithm(cipher.oid, f"encryption of a {kind.name}")
    encrypting = replace(encrypting, cipher=cipher)
    return await build_enveloped_data(content, encrypting, provider, encrypted_type)


async def examine_content(
    cms: Buffer,
    kind: ContentKind,
    judging: Judging,
    provider: CryptoProvider,
    keys: Keys = NO_KEYS,
    detached_content: Buffer | None = None,
) -> MessageReport:
    """The report on content of this kind, from DER or PEM. `detached_content` is the content of a detached signature.

    Raises ContentTypeMismatch for another kind, MalformedMessage, NoMatchingRecipient or DecryptionError.
    """
    report = await examine(
        unarmor(cms),
        examiner=Examiner(
            keys=keys,
            judging=judging,
            provider=provider,
            signed_types=(kind.content_type,),
            encrypted_types=tuple(filter(None, (kind.encrypted_type, kind.encrypted_signed_type))),
        ),
        claim=Claim.NONE,
        detached_content=detached_content,
    )
    if not any(layer.kind in (LayerKind.SIGNED, LayerKind.ENCRYPTED) for layer in report.layers):
        raise ContentTypeMismatch(f"this is not the content of a {kind.name}")
    return report


def was_opened(report: MessageReport) -> bool:
    """Whether the content could be read. Encrypted content cannot be read if no key was given."""
    return not any(why.code == "not-opened" for why in report.reasons)


def parse_members(content: bytes, names: set[str], where: str, *, version: str) -> dict[str, object]:
    """The members of the JSON object in the content, which must have exactly these names and this version.

    Raises MalformedMessage.
    """
    members = parse_json(content, where, max_bytes=MAX_WHOLE_BYTES)
    if not isinstance(members, dict) or set(members) != names:
        listed = ", ".join(sorted(names))
        raise MalformedMessage(f"the content has other members than {listed}", where)
    if members["version"] != version:
        raise MalformedMessage("the content is of another version", where)
    return members


def text_member(members: dict[str, object], name: str, where: str) -> str:
    """The member `name`, which must be text. Raises MalformedMessage."""
    value = members[name]
    if not isinstance(value, str):
        raise MalformedMessage(f"{name} is not text", where)
    return value


def build_members(**members: object) -> bytes:
    """A JSON object without spaces, its members in this order. Raises MalformedMessage for an unpaired surrogate."""
    try:
        return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise MalformedMessage("a text holds half of a surrogate pair", where="JSON") from error
