"""The examination of a message in memory: layer by layer, outermost first, decrypted with the given keys.

`signers` judges the signatures. A protected part inside a larger message is reported, but it never improves the verdict
on the whole.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from smime_core.asn1.der import Buffer
from smime_core.cms.compressed_data import decompress
from smime_core.cms.content_info import PROTECTING_TYPES
from smime_core.cms.enveloped_data import EnvelopedData
from smime_core.cms.layers import CompressedLayer, EncryptedLayer, RareLayer, SignedLayer, find_any_layer, parse_message
from smime_core.cms.nested_parts import find_nested_layers, may_hold_parts
from smime_core.cms.recipients.content_keys import Decrypted
from smime_core.cms.recipients.recipient_info import RecipientInfo, recipient_algorithm
from smime_core.cms.signed_content import OctetsContent
from smime_core.cms.signed_frame import node_inside
from smime_core.errors import (
    ContentTypeMismatch,
    MalformedMessage,
    SmimeError,
    UnsupportedAlgorithm,
)
from smime_core.limits import MAX_LOOKED_INSIDE_BYTES, MAX_MIME_DEPTH, MAX_NESTED_LAYERS, check_limit
from smime_core.mail.header_protection import (
    FieldProtection,
    HeaderScheme,
    ProtectedHeaders,
    ShownField,
    unprotect_headers,
)
from smime_core.mail.people import read_people
from smime_core.mime import Entity, Headers, OpenPgp, find_openpgp, read_date
from smime_core.report.reasons import reason
from smime_core.report.report import (
    LayerKind,
    LayerReport,
    MessageReport,
    Reason,
    RecipientReport,
    SignerReport,
    State,
    find_deciding_signers,
)
from smime_core.verdict.authors import Authors, name_sender, names_somebody, read_authors
from smime_core.verdict.examiner import Decryptor, Examiner
from smime_core.verdict.line_forms import LINE_FORMS, judge_line_form, may_fit_otherwise
from smime_core.verdict.signers import (
    UNREADABLE,
    Claim,
    draw_headline,
    judge_signers,
    unread_signer,
)
from smime_core.x509.certificate import Certificate

_SIGNED = (FieldProtection.SIGNED, FieldProtection.SIGNED_AND_ENCRYPTED)


async def examine(
    data: Buffer,
    *,
    examiner: Examiner,
    claim: Claim = Claim.FROM_FIELD,
    sender: str | None = None,
    detached_content: Buffer | None = None,
) -> MessageReport:
    """The report on a mail, a MIME entity or a bare CMS structure.

    `sender` is the author if the input has no From and no Sender field. Without keys in `examiner`, encrypted layers
    are not decrypted. Raises MalformedMessage, ContentTypeMismatch, NoMatchingRecipient, DecryptionError or
    UnsupportedAlgorithm.
    """
    node = parse_message(data)
    walk = Walk(node=node, outermost=node, displayed=node)
    try:
        await _walk_layers(walk, examiner, detached_content)
        further = await add_nested_layers(walk.node, walk, examiner) if isinstance(walk.node, Entity) else ()
    except (MalformedMessage, UnsupportedAlgorithm, ContentTypeMismatch) as error:
        raise walk.disguise(error) from None
    walk.openpgp = find_openpgp(walk.node) if isinstance(walk.node, Entity) else None
    return walk.report(examiner, claim=claim, sender=sender, further=further)


@dataclass(slots=True, kw_only=True)
class Walk:
    """The state of an examination: the layers so far, the node to examine next, and the entity whose From is displayed.

    After a layer without an authentication tag (CBC) was decrypted, `garbled` is the error to raise for damage inside
    that layer. `notes` are reasons that are reported to people but do not change the state; `doubts` keep the message
    from being verified. `openpgp` is the OpenPGP protection of the innermost node, reported if there is no other
    protection.
    """

    node: Entity | bytes = b""
    outermost: Entity | bytes = b""
    displayed: Entity | bytes = b""
    layers: list[LayerReport] = field(default_factory=list)
    certificates: dict[Certificate, None] = field(default_factory=dict)
    garbled: SmimeError | None = None
    notes: dict[Reason, None] = field(default_factory=dict)
    doubts: dict[Reason, None] = field(default_factory=dict)
    openpgp: OpenPgp | None = None

    def add(self, layer: LayerReport) -> None:
        """Add a layer. Raises LimitExceeded."""
        check_limit("CMS layers", len(self.layers) + 1, MAX_MIME_DEPTH)
        self.layers.append(layer)

    def add_encrypted(self, enveloped: EnvelopedData, opened: Decrypted[object] | None, examiner: Decryptor) -> None:
        """Add an encrypted layer; `opened` is None if it was not decrypted. Raises LimitExceeded."""
        self.add(encrypted_layer(enveloped, opened.recipient if opened else None, len(self.layers)))
        if opened is not None and not enveloped.is_authenticated:
            self.garbled = self.garbled or opened.garbled
        if enveloped.cipher.is_weak:
            self.notes[reason("weak-encryption", {"algorithm": enveloped.cipher.name})] = None
        self.note_type(enveloped.content_type, examiner)

    def note_type(self, content_type: str, examiner: Decryptor) -> None:
        """Note content of an unknown type. A signature inside it is never verified."""
        if content_type not in (*examiner.encrypted_types, *PROTECTING_TYPES):
            self.doubts[reason("unknown-content-type", {"oid": content_type})] = None

    def note_frame(self, fault: MalformedMessage | UnsupportedAlgorithm | None, damage: Sequence[str]) -> None:
        """Note the `damage` of a multipart/signed.

        In unauthenticated plaintext, an attacker may have caused the damage. Then the damage raises an error, which the
        caller makes look like a failed decryption.
        """
        if self.garbled is not None and (fault is not None or damage):
            raise fault or MalformedMessage("; ".join(damage), where="multipart/signed")
        if damage:
            self.notes[reason("frame-damaged", {"text": "; ".join(damage)})] = None

    def enter(self, node: Entity | bytes) -> None:
        """Continue with `node`, the content of the layer that was added last."""
        self.node = node
        if not _names_somebody(self.displayed) and _names_somebody(node):
            # The input names nobody, as in bare CMS, but contains a whole mail. The From of that mail is displayed.
            self.displayed = node

    def disguise(self, error: MalformedMessage | UnsupportedAlgorithm | ContentTypeMismatch) -> Exception:
        """`error`, or the error of a failed decryption if `error` would reveal unauthenticated plaintext.

        Garbled plaintext causes errors further inside, such as damage or an unknown identifier. These errors must look
        like any failed decryption, and no text may quote the plaintext (MUSTS 23).
        """
        return self.garbled or error

    def report(
        self, examiner: Examiner, *, claim: Claim, sender: str | None, further: Sequence[Reason]
    ) -> MessageReport:
        """The report with its headline."""
        protected = self._protected_headers()
        headers = (
            protected.headers if protected else self.displayed.headers if isinstance(self.displayed, Entity) else None
        )
        claimed = read_authors(headers, given=sender)
        shown = (
            protected.fields
            if protected
            else tuple(
                ShownField(header, FieldProtection.UNPROTECTED) for header in (headers.fields if headers else ())
            )
        )
        state, reasons = draw_headline(self.layers, claim, claimed, examiner.judging.trust_store)
        if state is State.PLAIN and self.openpgp is not None:
            is_encrypted = self.openpgp is OpenPgp.ENCRYPTED
            reasons = (reason("openpgp-encrypted") if is_encrypted else reason("openpgp-signed"), *reasons)
        if protected is not None:
            state, reasons = _hold_against_outside(state, reasons, protected)
        if self.doubts:
            state, reasons = State.SIGNED_UNVERIFIED if state is State.VERIFIED else state, (*self.doubts, *reasons)
        if claim is Claim.FROM_FIELD and state is not State.PLAIN:
            reasons = _with_notes(reasons, self._notes_on(claimed, state, protected))
        elif claim is Claim.FROM_FIELD:
            # Any field of an unprotected message may be false. Readers must still know that other programs may show
            # another sender.
            reasons = (*reasons, *(note for note in claimed.notes if note.code == "sender-read-otherwise"))
        # Only layers around the whole message count here. A nested part that is not decrypted is reported with that
        # part.
        last = next((layer for layer in reversed(self.layers) if layer.covers_whole), None)
        if last and last.kind is LayerKind.ENCRYPTED and not any(recipient.opened for recipient in last.recipients):
            reasons = (*reasons, reason("not-opened"))
        return MessageReport(
            state=state,
            reasons=(*reasons, *self.notes, *further),
            layers=tuple(self.layers),
            headers=tuple((field.name, field.text) for field in headers.fields) if headers else (),
            header_scheme=protected.scheme if protected else HeaderScheme.NONE,
            header_protections=tuple(shown_field.protection for shown_field in protected.fields) if protected else (),
            people=read_people(shown),
            date=read_date(headers),
            protected_headers=protected,
            certificates=tuple(self.certificates),
            content=bytes_of(protected.content if protected else self.node),
            sender=claimed.authors[0] if len(claimed.authors) == 1 else None,
        )

    @property
    def protects_headers(self) -> bool:
        """Whether header fields may be protected: layers cover the whole of a mail (RFC 9788 section 4).

        The mail may be bare CMS, without its own header section. Layers of a part protect no header fields.
        """
        return isinstance(self.node, Entity) and any(layer.covers_whole for layer in self.layers)

    def _notes_on(self, claimed: Authors, state: State, protected: ProtectedHeaders | None) -> tuple[Reason, ...]:
        # The Sender field of a verified message names the person who sent it, if the signature covers the field.
        shown = (
            [shown_field for shown_field in protected.fields if shown_field.field.name.lower() == "sender"]
            if protected
            else []
        )
        is_signed = len(shown) == 1 and shown[0].protection in _SIGNED
        if state is not State.VERIFIED or claimed.sent_by is None or not is_signed:
            return claimed.notes
        proved = {
            address: "" if signer.certificate is None else signer.certificate.common_name
            for signer in find_deciding_signers(self.layers)
            if signer.state is State.VERIFIED
            for address in signer.addresses
        }
        others = tuple(note for note in claimed.notes if note.code != "sender-field-differs")
        return (*others, name_sender(claimed.sent_by, proved=proved))

    def _protected_headers(self) -> ProtectedHeaders | None:
        # RFC 9788 section 4: the payload, inside all layers that cover the whole message, states how its header fields
        # are protected.
        if not isinstance(self.node, Entity) or not self.protects_headers:
            return None
        outer = self.outermost.headers if isinstance(self.outermost, Entity) else Headers((), b"")
        whole = [layer for layer in self.layers if layer.covers_whole]
        signers = find_deciding_signers(whole)
        protected = unprotect_headers(
            outer,
            self.node,
            signed=bool(signers)
            and all(signer.state is not State.INVALID and signer.sid != UNREADABLE for signer in signers),
            encrypted=any(layer.kind is LayerKind.ENCRYPTED for layer in whole),
        )
        return protected if protected.scheme is not HeaderScheme.NONE else None


async def _walk_layers(walk: Walk, examiner: Examiner, detached_content: Buffer | None) -> None:
    while (layer := find_any_layer(walk.node, detached_content)) is not None:
        if walk.layers and isinstance(layer, SignedLayer) and layer.lacks_content:
            return  # Inside another layer, a detached signature without its content is shown as content.
        detached_content = None
        content: Buffer | None
        if isinstance(layer, SignedLayer):
            content = await _examine_signed(walk, layer, examiner)
        elif isinstance(layer, EncryptedLayer):
            content = await _examine_encrypted(walk, layer, examiner)
        elif isinstance(layer, CompressedLayer):
            content = _inflate(walk, layer, examiner)
        else:
            raise UnsupportedAlgorithm(layer.content_type, "content type")
        walk.enter(node_inside(layer, content, walk.node) if content is not None else b"")


async def _examine_signed(walk: Walk, layer: SignedLayer, examiner: Examiner) -> Buffer | None:
    signed_data = layer.signed_data
    walk.certificates |= dict.fromkeys(signed_data.certificates)
    if not signed_data.signer_infos:
        walk.add(certificates_layer(len(walk.layers)))
        return None
    if layer.content is None:
        raise MalformedMessage("the signed content is missing: give its file too", where="SignedData")
    walk.note_frame(layer.fault, layer.damage)
    examiner.check_signed_type(signed_data.e_content_type)
    signers, content = await _judge_in_any_form(layer, layer.content, examiner, tuple(walk.certificates))
    walk.add(signed_layer(signers, len(walk.layers), detached=layer.detached))
    return content


async def _judge_in_any_form(
    layer: SignedLayer, received: Buffer, examiner: Examiner, known: tuple[Certificate, ...]
) -> tuple[tuple[SignerReport, ...], Buffer]:
    # Returns the verdict on the signers, and the bytes that they signed.
    content = OctetsContent(received, provider=examiner.provider)
    signers = await judge_signers(layer.signed_data, content, examiner, known)
    if not layer.detached or not may_fit_otherwise(signers):
        return signers, received
    for make_form in LINE_FORMS:
        octets = make_form().replace(received)
        form = OctetsContent(octets, provider=examiner.provider)
        others = await judge_line_form(form, layer.signed_data, examiner, known, _as_blocks(received))
        if others is not None:
            return others, octets
    return signers, received


async def _as_blocks(octets: Buffer) -> AsyncIterator[memoryview]:
    yield memoryview(octets)


async def _examine_encrypted(walk: Walk, layer: EncryptedLayer, examiner: Examiner) -> Buffer | None:
    examiner.check_encrypted_type(layer.enveloped)
    opened = await examiner.decrypt(layer.enveloped) if examiner.keys else None
    walk.add_encrypted(layer.enveloped, opened, examiner)
    return opened.content if opened else None


def _inflate(walk: Walk, layer: CompressedLayer, examiner: Examiner) -> bytes:
    examiner.check_compressed_type(layer.compressed.e_content_type)
    walk.add(compressed_layer(len(walk.layers)))
    walk.note_type(layer.compressed.e_content_type, examiner)
    return decompress(layer.compressed)


def compressed_layer(depth: int) -> LayerReport:
    """A compressed layer. Anybody can compress, so the layer proves nothing (RFC 3274)."""
    return LayerReport(kind=LayerKind.COMPRESSED, depth=depth, algorithm="zlib", covers_whole=True)


def certificates_layer(depth: int) -> LayerReport:
    """A layer of certificates only. It never counts as signed (RFC 5652 section 5.2, MUSTS 7)."""
    return LayerReport(kind=LayerKind.CERTIFICATES, depth=depth, algorithm="", covers_whole=True)


def signed_layer(signers: tuple[SignerReport, ...], depth: int, *, detached: bool) -> LayerReport:
    """A signed layer that covers the whole message."""
    return LayerReport(
        kind=LayerKind.SIGNED,
        depth=depth,
        algorithm=signers[0].algorithm,
        covers_whole=True,
        signers=signers,
        detached=detached,
    )


def encrypted_layer(enveloped: EnvelopedData, opened_by: RecipientInfo | None, depth: int) -> LayerReport:
    """An encrypted layer; `opened_by` is the recipient whose key decrypted it."""
    recipients = tuple(
        RecipientReport(
            rid=str(recipient.rid),
            kind=recipient.kind,
            algorithm=recipient_algorithm(recipient),
            opened=recipient is opened_by,
        )
        for recipient in enveloped.recipients
    )
    return LayerReport(
        kind=LayerKind.ENCRYPTED,
        depth=depth,
        algorithm=enveloped.cipher.name,
        covers_whole=True,
        recipients=recipients,
    )


def _names_somebody(node: Entity | bytes) -> bool:
    return isinstance(node, Entity) and names_somebody(node.headers)


def _hold_against_outside(
    state: State, reasons: tuple[Reason, ...], protected: ProtectedHeaders
) -> tuple[State, tuple[Reason, ...]]:
    # RFC 9788 section 4.4, MUSTS 36: if the outer From differs, the mail program's list of messages showed another
    # sender.
    if protected.outer_from_differs:
        state = State.SIGNED_UNVERIFIED if state is State.VERIFIED else state
        reasons = (reason("outer-sender-differs"), *reasons)
    if protected.altered_outside:
        reasons = (*reasons, reason("headers-altered-outside", {"fields": ", ".join(protected.altered_outside)}))
    return state, reasons


def _with_notes(reasons: tuple[Reason, ...], notes: tuple[Reason, ...]) -> tuple[Reason, ...]:
    # "signed-by-sender-field" implies that the Sender field differs from the author.
    is_senders = any(finding.code == "signed-by-sender-field" for finding in reasons)
    return (*reasons, *(note for note in notes if not (is_senders and note.code == "sender-field-differs")))


def bytes_of(node: Entity | bytes) -> bytes:
    """The bytes of a node, unchanged."""
    return bytes(node.encoded) if isinstance(node, Entity) else node


async def add_nested_layers(entity: Entity, walk: Walk, examiner: Examiner) -> tuple[Reason, ...]:
    """Add the verdicts on protected parts below the top of `entity`. Returns reasons that do not change the state.

    An entity of more than `limits.MAX_LOOKED_INSIDE_BYTES` is not searched, in memory and in streams alike. Raises
    MalformedMessage or LimitExceeded.
    """
    if len(entity.body) > MAX_LOOKED_INSIDE_BYTES and may_hold_parts(entity):
        return (reason("too-large-to-look-inside"),)
    nested, are_all = await _examine_nested(entity, walk, examiner)
    walk.layers += nested
    encrypted = ", ".join(layer.path for layer in nested if layer.kind is LayerKind.ENCRYPTED)
    others = any(layer.kind is not LayerKind.ENCRYPTED for layer in nested)
    return (
        *((reason("encrypted-part", {"part": encrypted}),) if encrypted else ()),
        *((reason("nested-protection"),) if others else ()),
        *(() if are_all else (reason("too-large-to-look-inside", detail=f"more than {MAX_NESTED_LAYERS} such parts"),)),
    )


async def _examine_nested(entity: Entity, walk: Walk, examiner: Examiner) -> tuple[list[LayerReport], bool]:
    """Returns at most MAX_NESTED_LAYERS verdicts on protected parts below the top, and whether these are all.

    Each verdict covers only one part. No part is decrypted.
    """
    layers: list[LayerReport] = []
    for path, part in find_nested_layers(entity):
        if len(layers) == MAX_NESTED_LAYERS:
            return layers, False
        try:
            layer = await _examine_part(part, walk, examiner)
        except UnsupportedAlgorithm:
            continue  # A kind of protection that is not supported is not reported.
        except SmimeError as error:
            # Damage in a part below the top affects only that part, and is reported with it.
            layer = signed_layer((unread_signer(error),), len(walk.layers), detached=False)
        layers.append(dataclasses.replace(layer, covers_whole=False, path=path))
    return layers, True


async def _examine_part(part: Entity, walk: Walk, examiner: Examiner) -> LayerReport:
    layer, depth = find_any_layer(part), len(walk.layers)
    if isinstance(layer, EncryptedLayer):
        return encrypted_layer(layer.enveloped, None, depth)
    if isinstance(layer, CompressedLayer):
        return compressed_layer(depth)
    if isinstance(layer, RareLayer):
        raise UnsupportedAlgorithm(layer.content_type, "content type")
    if not isinstance(layer, SignedLayer) or not layer.signed_data.signer_infos:
        return certificates_layer(depth)
    if layer.content is None:
        raise MalformedMessage("the signed content is not here", where="SignedData")
    known = (*walk.certificates, *layer.signed_data.certificates)
    signers, _ = await _judge_in_any_form(layer, layer.content, examiner, known)
    return signed_layer(signers, depth, detached=layer.detached)
