"""The examination of a message: layer by layer, signer by signer, then one headline (DESIGN, "The report").

(1) walk the layers outermost first, opening what the identities open; (2) judge every signer: structure, signature,
path; (3) hold the signers against the displayed From; (4) draw the headline: never better than the worst doubt.
A verdict belongs to what it covers: a signed part inside an unsigned whole is not looked at, only mentioned.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from smime_core.certificate import Certificate
from smime_core.content_info import ID_COMPRESSED_DATA, ID_DATA
from smime_core.der import Buffer
from smime_core.enveloped_data import open_enveloped_data
from smime_core.errors import (
    ContentTypeMismatch,
    DecryptionError,
    MalformedMessage,
    PathError,
    ProviderError,
    SmimeError,
    UnsupportedAlgorithm,
)
from smime_core.key_management import KeyHolder
from smime_core.layers import EncryptedLayer, SignedLayer, find_layer, inner_node, parse_message
from smime_core.limits import MAX_MIME_DEPTH, check_limit
from smime_core.mime import (
    Entity,
    from_addresses,
    is_multipart_signed,
    looks_like_cms_part,
    parse_entity,
    split_multipart,
)
from smime_core.pkix import Purpose, RevocationPolicy, TrustStore, validate_path
from smime_core.provider import CryptoProvider
from smime_core.recipient_info import recipient_algorithm
from smime_core.report import Layer, LayerKind, MessageReport, Reason, RecipientReport, SignerReport, State
from smime_core.signed_content import OctetsContent, SignedContent
from smime_core.signed_data import find_certificate
from smime_core.signer_info import SignerInfo, verify_signer


class Claim(Enum):
    """Whose authorship is claimed beside the signature."""

    FROM_FIELD = "from"
    """The From field of the message; without one nothing is verified."""
    NONE = "none"
    """Nobody's: the signer is who the certificate says (fields, files)."""


REASONS: Final = {
    "no-sender": "The message does not say who it is from.",
    "several-senders": "The message names several senders, and a signature can prove only one.",
    "sender-mismatch": "The signature belongs to somebody other than the sender shown.",
    "no-address-in-certificate": "The signer's certificate names no mail address.",
    "signer-certificate-missing": "The message does not carry the signer's certificate.",
    "untrusted-anchor": "Signed by a certificate that nobody you trust vouches for.",
    "certificate-expired": "The signer's certificate was not valid at this time.",
    "revocation-unknown": "Nobody could say whether the signer's certificate was revoked.",
    "revocation-not-checked": "Whether the certificate was revoked was not checked.",
    "message-digest-mismatch": "The content was changed after it was signed.",
    "signature-mismatch": "The signature does not fit the content and the signer's key.",
    "content-type-mismatch": "This was signed as another kind of content.",
    "malformed-message": "The signature is damaged.",
    "unsupported-algorithm": "The signature uses an algorithm that is not supported.",
    "algorithm-forbidden": "The signature uses an algorithm that is too weak to prove anything.",
    "certificates-only": "The message only carries certificates; it is not signed.",
    "not-opened": "The message is sealed and was not opened.",
    "nested-protection": "A part of this message has a protection of its own, which says nothing about the rest.",
}


def reason(code: str, *, detail: str = "") -> Reason:
    """A Reason with its sentence; `detail` is put behind it."""
    sentence = REASONS.get(code, "The signer's certificate does not hold.")
    return Reason(code=code, sentence=f"{sentence} ({detail})" if detail else sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examiner:
    """What one examination works with."""

    identities: Sequence[KeyHolder]
    trust_store: TrustStore
    at: datetime.datetime
    provider: CryptoProvider
    content_types: tuple[str, ...] = (ID_DATA,)
    passwords: Sequence[bytes] = ()


async def examine(
    data: Buffer,
    *,
    examiner: Examiner,
    claim: Claim = Claim.FROM_FIELD,
    sender: str | None = None,
    detached_content: Buffer | None = None,
) -> MessageReport:
    """The report on a mail, a MIME entity or a bare CMS structure.

    `sender` stands in for the From field where the input has none. An encrypted layer is left closed when there are no
    identities at all. Raises MalformedMessage, ContentTypeMismatch, NoMatchingRecipient, DecryptionError or
    UnsupportedAlgorithm.
    """
    walk = _Walk(node=parse_message(data))
    try:
        await _walk_layers(walk, examiner, detached_content)
    except (MalformedMessage, UnsupportedAlgorithm, ContentTypeMismatch) as error:
        # Garbled plaintext shows itself as damage or as an unheard-of identifier further in: it must look like any
        # failed decryption, and no text may quote it (MUSTS 23). Compression is what honest mail may hold there.
        is_known = isinstance(error, UnsupportedAlgorithm) and error.oid == ID_COMPRESSED_DATA
        if walk.behind_unauthenticated and not is_known:
            raise DecryptionError from None
        raise
    layers, node = walk.layers, walk.node
    claimed = (sender,) if sender is not None else _senders(walk.displayed)
    state, reasons = _headline(layers, claim=claim, claimed=claimed, trust_store=examiner.trust_store)
    if layers and layers[-1].kind is LayerKind.ENCRYPTED and not any(r.opened for r in layers[-1].recipients):
        reasons = (*reasons, reason("not-opened"))
    if isinstance(node, Entity) and _has_nested_protection(node):
        reasons = (*reasons, reason("nested-protection"))
    return MessageReport(
        state=state,
        reasons=reasons,
        layers=tuple(layers),
        headers=_decoded_headers(walk.displayed),
        certificates=tuple(walk.certificates),
        content=bytes(node.encoded) if isinstance(node, Entity) else node,
        sender=claimed[0] if len(claimed) == 1 else None,
    )


@dataclass(slots=True, kw_only=True)
class _Walk:
    """Where the examination stands: what was passed, what comes next, and whose From a person will be shown.

    `behind_unauthenticated` is true once a layer without an authentication tag (CBC) was opened.
    """

    node: Entity | bytes
    displayed: Entity | bytes = b""
    layers: list[Layer] = field(default_factory=list)
    certificates: dict[Certificate, None] = field(default_factory=dict)
    behind_unauthenticated: bool = False


async def _walk_layers(walk: _Walk, examiner: Examiner, detached_content: Buffer | None) -> None:
    walk.displayed = walk.node
    while (found := find_layer(walk.node, detached_content=detached_content)) is not None:
        depth = len(walk.layers)
        check_limit("CMS layers", depth + 1, MAX_MIME_DEPTH)
        detached_content = None
        if isinstance(found, SignedLayer):
            walk.certificates |= dict.fromkeys(found.signed_data.certificates)
            layer, content = await _examine_signed(found, examiner, depth=depth, known=tuple(walk.certificates))
        else:
            layer, content = await _examine_encrypted(found, examiner, depth=depth)
            walk.behind_unauthenticated |= content is not None and not found.authenticated
        walk.layers.append(layer)
        walk.node = inner_node(content, walk.node) if content is not None else b""
        if not _senders(walk.displayed) and _senders(walk.node):
            # A whole mail inside bare CMS: its From is what a person will be shown.
            walk.displayed = walk.node


async def _examine_signed(
    found: SignedLayer, examiner: Examiner, *, depth: int, known: tuple[Certificate, ...]
) -> tuple[Layer, Buffer | None]:
    signed_data = found.signed_data
    if not signed_data.signer_infos:
        # RFC 5652 section 5.2: certificates only; never "signed" (MUSTS 7).
        return Layer(kind=LayerKind.CERTIFICATES, depth=depth, algorithm="", covers_whole=True), None
    if found.content is None:
        raise MalformedMessage("the signed content is not here: give it beside the signature", where="SignedData")
    if signed_data.e_content_type not in examiner.content_types:
        signers = tuple(
            _broken_signer(info, reason("content-type-mismatch", detail=signed_data.e_content_type))
            for info in signed_data.signer_infos
        )
    else:
        content = OctetsContent(found.content, provider=examiner.provider)
        signers = tuple(
            [await _judge_signer(info, found, content, examiner, known=known) for info in signed_data.signer_infos]
        )
    layer = Layer(
        kind=LayerKind.SIGNED,
        depth=depth,
        algorithm=signers[0].algorithm,
        covers_whole=True,
        signers=signers,
        detached=found.detached,
    )
    return layer, found.content


async def _examine_encrypted(found: EncryptedLayer, examiner: Examiner, *, depth: int) -> tuple[Layer, Buffer | None]:
    enveloped = found.enveloped
    if enveloped.content_type not in examiner.content_types:
        raise ContentTypeMismatch(f"sealed content of type {enveloped.content_type} does not belong here")
    if enveloped.content_type != ID_DATA and not found.authenticated:
        # Nothing binds the content type of EnvelopedData: anybody could rename a sealed mail.
        raise ContentTypeMismatch(f"content of type {enveloped.content_type} is sealed without authentication")
    opened = None
    if examiner.identities or examiner.passwords:
        opened = await open_enveloped_data(
            enveloped, holders=examiner.identities, provider=examiner.provider, passwords=examiner.passwords
        )
    layer = Layer(
        kind=LayerKind.ENCRYPTED,
        depth=depth,
        algorithm=enveloped.cipher.name,
        covers_whole=True,
        recipients=tuple(
            RecipientReport(
                rid=str(recipient.rid),
                kind=recipient.kind,
                algorithm=recipient_algorithm(recipient),
                opened=opened is not None and recipient is opened.recipient,
            )
            for recipient in enveloped.recipients
        ),
    )
    return layer, opened.content if opened else None


async def _judge_signer(
    info: SignerInfo | SmimeError,
    found: SignedLayer,
    content: SignedContent,
    examiner: Examiner,
    *,
    known: tuple[Certificate, ...],
) -> SignerReport:
    if isinstance(info, SmimeError):
        return _broken_signer(info, reason("malformed-message", detail=str(info)))
    certificate = find_certificate(info.sid, known)
    if certificate is None:
        missing = _broken_signer(info, reason("signer-certificate-missing"))
        return dataclasses.replace(missing, state=State.SIGNED_UNVERIFIED)
    try:
        signing_time = info.signing_time
        algorithm = await verify_signer(
            info,
            content,
            content_type=found.signed_data.e_content_type,
            certificate=certificate,
            provider=examiner.provider,
        )
    except (UnsupportedAlgorithm, ProviderError) as error:
        broken = _broken_signer(info, reason(error.code, detail=str(error)), certificate)
        return dataclasses.replace(broken, state=State.SIGNED_UNVERIFIED)
    except SmimeError as error:
        return _broken_signer(info, reason(error.code), certificate)
    state, reasons, path = await _judge_certificate(certificate, examiner, known=known)
    return SignerReport(
        state=state,
        reasons=reasons,
        sid=str(info.sid),
        algorithm=algorithm.label,
        certificate=certificate,
        path=path,
        signing_time=signing_time,
    )


async def _judge_certificate(
    certificate: Certificate, examiner: Examiner, *, known: tuple[Certificate, ...]
) -> tuple[State, tuple[Reason, ...], tuple[Certificate, ...]]:
    try:
        path = await validate_path(
            certificate,
            intermediates=known,
            trust_store=examiner.trust_store,
            at=examiner.at,
            purpose=Purpose.SIGN,
            provider=examiner.provider,
        )
    except PathError as error:
        return State.SIGNED_UNVERIFIED, (reason(error.code, detail=str(error)),), ()
    except SmimeError as error:
        return State.SIGNED_UNVERIFIED, (Reason(code=error.code, sentence=str(error)),), ()
    if examiner.trust_store.revocation is RevocationPolicy.REQUIRED:
        return State.SIGNED_UNVERIFIED, (reason("revocation-unknown"),), path.certificates
    return State.VERIFIED, (), path.certificates


def _broken_signer(info: SignerInfo | SmimeError, why: Reason, certificate: Certificate | None = None) -> SignerReport:
    return SignerReport(
        state=State.INVALID,
        reasons=(why,),
        sid=str(info.sid) if isinstance(info, SignerInfo) else "unreadable",
        algorithm="",
        certificate=certificate,
        path=(),
        signing_time=None,
    )


def _headline(
    layers: Sequence[Layer], *, claim: Claim, claimed: tuple[str, ...], trust_store: TrustStore
) -> tuple[State, tuple[Reason, ...]]:
    signers = [signer for layer in layers for signer in layer.signers]
    if not signers:
        if any(layer.kind is LayerKind.ENCRYPTED for layer in layers):
            return State.ENCRYPTED_ONLY, ()
        return State.PLAIN, (reason("certificates-only"),) if layers else ()
    invalid = [signer for signer in signers if signer.state is State.INVALID]
    if invalid:
        return State.INVALID, tuple(dict.fromkeys(why for signer in invalid for why in signer.reasons))
    mismatch = _author_mismatch(signers, claimed) if claim is Claim.FROM_FIELD else None
    doubts = [signer for signer in signers if signer.state is not State.VERIFIED]
    reasons = tuple(dict.fromkeys(why for signer in doubts for why in signer.reasons))
    if mismatch is not None:
        # A signer whom somebody vouches for, under another's name: "the signature is not the sender's".
        forged = mismatch.code == "sender-mismatch" and not doubts
        return State.INVALID if forged else State.SIGNED_UNVERIFIED, (mismatch, *reasons)
    if doubts:
        return State.SIGNED_UNVERIFIED, reasons
    unchecked = trust_store.revocation is RevocationPolicy.NOT_CHECKED
    return State.VERIFIED, (reason("revocation-not-checked"),) if unchecked else ()


def _author_mismatch(signers: Sequence[SignerReport], claimed: tuple[str, ...]) -> Reason | None:
    # RFC 8550 section 3; exactly one mailbox in From, and only From counts (MUSTS 37).
    if len(claimed) != 1:
        return reason("several-senders" if claimed else "no-sender")
    addresses = [a for signer in signers if signer.certificate for a in signer.certificate.email_addresses]
    if any(addresses_match(claimed[0], address) for address in addresses):
        return None
    return reason("sender-mismatch", detail=", ".join(addresses)) if addresses else reason("no-address-in-certificate")


def addresses_match(one: str, other: str) -> bool:
    """Whether two mail addresses are the same for the author check: case-insensitive (RFC 8550 section 3)."""
    return one.strip().casefold() == other.strip().casefold()


def _has_nested_protection(entity: Entity, depth: int = 1) -> bool:
    check_limit("MIME depth", depth, MAX_MIME_DEPTH)
    if entity.content_type.type != "multipart":
        return False
    try:
        parts = [parse_entity(part) for part in split_multipart(entity)]
    except MalformedMessage:
        return False
    return any(
        is_multipart_signed(part) or looks_like_cms_part(part) or _has_nested_protection(part, depth + 1)
        for part in parts
    )


def _senders(node: Entity | bytes) -> tuple[str, ...]:
    return tuple(mailbox.address for mailbox in from_addresses(node.headers)) if isinstance(node, Entity) else ()


def _decoded_headers(node: Entity | bytes) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, field.text) for field in node.headers.fields) if isinstance(node, Entity) else ()
