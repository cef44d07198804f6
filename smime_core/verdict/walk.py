"""The examination of a message in memory: layer by layer, outermost first, opening what the keys open.

What is found is judged by `judgement`. A part with a protection of its own inside something larger is mentioned and
never lifts the whole.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

from smime_core.authors import read_authors
from smime_core.certificate import Certificate
from smime_core.compressed_data import decompress
from smime_core.content_info import ID_DATA
from smime_core.der import Buffer
from smime_core.enveloped_data import EnvelopedData, open_enveloped_data
from smime_core.errors import (
    ContentTypeMismatch,
    DecryptionError,
    MalformedMessage,
    SmimeError,
    UnsupportedAlgorithm,
)
from smime_core.examiner import Examiner, Opener
from smime_core.header_protection import HeaderScheme, ProtectedHeaders, unprotect_headers
from smime_core.judgement import (
    Claim,
    broken_signer,
    draw_headline,
    judge_signers,
)
from smime_core.layers import (
    CompressedLayer,
    DescribedLayer,
    EncryptedLayer,
    SignedLayer,
    find_any_layer,
    find_nested_layers,
    inner_node,
    may_hold_parts,
    parse_message,
)
from smime_core.limits import MAX_LOOKED_INSIDE_BYTES, MAX_MIME_DEPTH, MAX_NESTED_LAYERS, check_limit
from smime_core.mime import Entity, Headers, from_addresses
from smime_core.reasons import reason
from smime_core.recipient_info import RecipientInfo, recipient_algorithm
from smime_core.report import (
    Layer,
    LayerKind,
    MessageReport,
    Reason,
    RecipientReport,
    SignerReport,
    State,
    find_deciding_signers,
)
from smime_core.signed_content import OctetsContent


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
    node = parse_message(data)
    walk = Walk(node=node, outermost=node, displayed=node)
    try:
        await _walk_layers(walk, examiner, detached_content)
        further = await add_nested_layers(walk.node, walk, examiner) if isinstance(walk.node, Entity) else ()
    except (MalformedMessage, UnsupportedAlgorithm, ContentTypeMismatch) as error:
        raise walk.disguise(error) from None
    return walk.report(examiner, claim=claim, sender=sender, further=further)


@dataclass(slots=True, kw_only=True)
class Walk:
    """Where an examination stands: what was passed, what comes next, and whose From a person will be shown.

    `behind_unauthenticated` is true once a layer without an authentication tag (CBC) was opened. `notes` are what a
    person should know and what leaves the state as it is.
    """

    node: Entity | bytes = b""
    outermost: Entity | bytes = b""
    displayed: Entity | bytes = b""
    layers: list[Layer] = field(default_factory=list)
    certificates: dict[Certificate, None] = field(default_factory=dict)
    behind_unauthenticated: bool = False
    notes: dict[Reason, None] = field(default_factory=dict)

    def add(self, layer: Layer) -> None:
        """One layer more. Raises LimitExceeded."""
        check_limit("CMS layers", len(self.layers) + 1, MAX_MIME_DEPTH)
        self.layers.append(layer)

    def add_encrypted(self, enveloped: EnvelopedData, opened_by: RecipientInfo | None) -> None:
        """An encrypted layer more; `opened_by` is the recipient whose key opened it. Raises LimitExceeded."""
        self.add(encrypted_layer(enveloped, opened_by, depth=len(self.layers)))
        self.behind_unauthenticated |= opened_by is not None and not enveloped.is_authenticated
        if enveloped.cipher.is_weak:
            self.notes[reason("weak-encryption", algorithm=enveloped.cipher.name)] = None

    def enter(self, node: Entity | bytes) -> None:
        """Go on inside the layer that was added last."""
        self.node = node
        if not _names_author(self.displayed) and _names_author(node):
            # A whole mail inside bare CMS: its From is what a person will be shown.
            self.displayed = node

    def disguise(self, error: MalformedMessage | UnsupportedAlgorithm | ContentTypeMismatch) -> Exception:
        """`error` itself, or DecryptionError when telling it would tell about unauthenticated plaintext.

        Garbled plaintext shows itself as damage or as an unheard-of identifier further in: it must look like any failed
        decryption, and no text may quote it (MUSTS 23).
        """
        return DecryptionError() if self.behind_unauthenticated else error

    def report(
        self, examiner: Examiner, *, claim: Claim, sender: str | None, further: Sequence[Reason]
    ) -> MessageReport:
        """What was found, with its headline."""
        protected = self._protected_headers()
        headers = (
            protected.headers if protected else self.displayed.headers if isinstance(self.displayed, Entity) else None
        )
        claimed = read_authors(headers, given=sender)
        state, reasons = draw_headline(self.layers, claim=claim, claimed=claimed, trust_store=examiner.trust_store)
        if protected is not None:
            state, reasons = _hold_against_outside(state, reasons, protected)
        if claim is Claim.FROM_FIELD and state is not State.PLAIN:
            reasons = _with_notes(reasons, claimed.notes)
        # A part that stays closed is told at the part.
        last = next((layer for layer in reversed(self.layers) if layer.covers_whole), None)
        if last and last.kind is LayerKind.ENCRYPTED and not any(one.opened for one in last.recipients):
            reasons = (*reasons, reason("not-opened"))
        return MessageReport(
            state=state,
            reasons=(*reasons, *self.notes, *further),
            layers=tuple(self.layers),
            headers=tuple((field.name, field.text) for field in headers.fields) if headers else (),
            header_scheme=protected.scheme if protected else HeaderScheme.NONE,
            header_protections=tuple(one.protection for one in protected.fields) if protected else (),
            protected_headers=protected,
            certificates=tuple(self.certificates),
            content=_octets_of(protected.content if protected else self.node),
            sender=claimed.authors[0] if len(claimed.authors) == 1 else None,
        )

    def _protected_headers(self) -> ProtectedHeaders | None:
        # RFC 9788 section 4: the payload inside all layers at the top says how its header fields are protected.
        whole = [layer for layer in self.layers if layer.covers_whole]
        if not isinstance(self.node, Entity) or not isinstance(self.outermost, Entity) or not whole:
            return None
        signers = find_deciding_signers(whole)
        protected = unprotect_headers(
            self.outermost.headers,
            self.node,
            signed=bool(signers) and all(signer.state is not State.INVALID for signer in signers),
            encrypted=any(layer.kind is LayerKind.ENCRYPTED for layer in whole),
        )
        return protected if protected.scheme is not HeaderScheme.NONE else None


async def _walk_layers(walk: Walk, examiner: Examiner, detached_content: Buffer | None) -> None:
    while (found := find_any_layer(walk.node, detached_content=detached_content)) is not None:
        detached_content = None
        content: Buffer | None
        if isinstance(found, SignedLayer):
            content = await _examine_signed(walk, found, examiner)
        elif isinstance(found, EncryptedLayer):
            content = await _examine_encrypted(walk, found, examiner)
        elif isinstance(found, CompressedLayer):
            content = _inflate(walk, found, examiner)
        else:
            raise UnsupportedAlgorithm(found.content_type, "content type")
        walk.enter(inner_node(content, walk.node) if content is not None else b"")


async def _examine_signed(walk: Walk, found: SignedLayer, examiner: Examiner) -> Buffer | None:
    signed_data = found.signed_data
    walk.certificates |= dict.fromkeys(signed_data.certificates)
    if not signed_data.signer_infos:
        walk.add(certificates_layer(depth=len(walk.layers)))
        return None
    if found.content is None:
        raise MalformedMessage("the signed content is not here: give it beside the signature", where="SignedData")
    content = OctetsContent(found.content, provider=examiner.provider)
    signers = await judge_signers(signed_data, content, examiner, known=tuple(walk.certificates))
    walk.add(signed_layer(signers, depth=len(walk.layers), detached=found.detached))
    return found.content


async def _examine_encrypted(walk: Walk, found: EncryptedLayer, examiner: Examiner) -> Buffer | None:
    enveloped = found.enveloped
    check_sealed_type(enveloped, examiner)
    opened = None
    if examiner.has_keys:
        opened = await open_enveloped_data(
            enveloped,
            holders=examiner.identities,
            provider=examiner.provider,
            passwords=examiner.passwords,
            keks=examiner.keks,
            policy=examiner.policy,
        )
    walk.add_encrypted(enveloped, opened.recipient if opened else None)
    return opened.content if opened else None


def _inflate(walk: Walk, found: CompressedLayer, examiner: Examiner) -> bytes:
    check_compressed_type(found.compressed.e_content_type, examiner)
    walk.add(compressed_layer(depth=len(walk.layers)))
    return decompress(found.compressed)


def check_compressed_type(content_type: str, opener: Opener) -> None:
    """Raise ContentTypeMismatch for compressed content of a type that does not belong here."""
    if content_type not in opener.sealed_types:
        raise ContentTypeMismatch(f"compressed content of type {content_type} does not belong here")


def compressed_layer(*, depth: int) -> Layer:
    """A compressed layer: anybody's, it says nothing about the content (RFC 3274)."""
    return Layer(kind=LayerKind.COMPRESSED, depth=depth, algorithm="zlib", covers_whole=True)


def check_sealed_type(enveloped: EnvelopedData, opener: Opener) -> None:
    """Raise ContentTypeMismatch for sealed content of a type that does not belong here, or that nothing binds."""
    if enveloped.content_type not in opener.sealed_types:
        raise ContentTypeMismatch(f"sealed content of type {enveloped.content_type} does not belong here")
    if enveloped.content_type != ID_DATA and not enveloped.is_authenticated:
        # Nothing binds the content type of EnvelopedData: anybody could rename a sealed mail.
        raise ContentTypeMismatch(f"content of type {enveloped.content_type} is sealed without authentication")


def certificates_layer(*, depth: int) -> Layer:
    """Certificates only: never "signed" (RFC 5652 section 5.2, MUSTS 7)."""
    return Layer(kind=LayerKind.CERTIFICATES, depth=depth, algorithm="", covers_whole=True)


def signed_layer(signers: tuple[SignerReport, ...], *, depth: int, detached: bool) -> Layer:
    """A signed layer that covers the whole."""
    return Layer(
        kind=LayerKind.SIGNED,
        depth=depth,
        algorithm=signers[0].algorithm,
        covers_whole=True,
        signers=signers,
        detached=detached,
    )


def encrypted_layer(enveloped: EnvelopedData, opened_by: RecipientInfo | None, *, depth: int) -> Layer:
    """An encrypted layer; `opened_by` is the recipient whose key opened it."""
    recipients = tuple(
        RecipientReport(
            rid=str(recipient.rid),
            kind=recipient.kind,
            algorithm=recipient_algorithm(recipient),
            opened=recipient is opened_by,
        )
        for recipient in enveloped.recipients
    )
    return Layer(
        kind=LayerKind.ENCRYPTED,
        depth=depth,
        algorithm=enveloped.cipher.name,
        covers_whole=True,
        recipients=recipients,
    )


def _headers_of(node: Entity | bytes) -> Headers | None:
    return node.headers if isinstance(node, Entity) else None


def _names_author(node: Entity | bytes) -> bool:
    return isinstance(node, Entity) and bool(from_addresses(node.headers))


def _hold_against_outside(
    state: State, reasons: tuple[Reason, ...], protected: ProtectedHeaders
) -> tuple[State, tuple[Reason, ...]]:
    # RFC 9788 section 4.4, MUSTS 36: what a mail server showed in its list was another sender.
    if protected.outer_from_differs:
        state = State.SIGNED_UNVERIFIED if state is State.VERIFIED else state
        reasons = (reason("outer-sender-differs"), *reasons)
    if protected.altered_outside:
        reasons = (*reasons, reason("headers-altered-outside", fields=", ".join(protected.altered_outside)))
    return state, reasons


def _with_notes(reasons: tuple[Reason, ...], notes: tuple[Reason, ...]) -> tuple[Reason, ...]:
    # That the Sender field is the signer's says already that it differs from the author.
    is_senders = any(one.code == "signed-by-sender-field" for one in reasons)
    return (*reasons, *(one for one in notes if not (is_senders and one.code == "sender-field-differs")))


def _octets_of(node: Entity | bytes) -> bytes:
    return bytes(node.encoded) if isinstance(node, Entity) else node


async def add_nested_layers(entity: Entity, walk: Walk, examiner: Examiner) -> tuple[Reason, ...]:
    """Add the verdicts on protected parts below the top of `entity`; what is to be said of them beside the state.

    Nothing is looked for in an entity of more than `limits.MAX_LOOKED_INSIDE_BYTES`, in memory and in streams alike.
    Raises MalformedMessage or LimitExceeded.
    """
    if len(entity.body) > MAX_LOOKED_INSIDE_BYTES and may_hold_parts(entity):
        return (reason("too-large-to-look-inside"),)
    nested = await _examine_nested(entity, walk, examiner)
    walk.layers += nested
    return (reason("nested-protection"),) if nested else ()


async def _examine_nested(entity: Entity, walk: Walk, examiner: Examiner) -> list[Layer]:
    """The verdicts on protected parts below the top: each on what it covers, none on the whole, none opened."""
    layers: list[Layer] = []
    for path, part in find_nested_layers(entity):
        check_limit("nested layers", len(layers) + 1, MAX_NESTED_LAYERS)
        try:
            layer = await _examine_part(part, walk, examiner)
        except UnsupportedAlgorithm:
            continue  # no kind of protection that is known here
        except SmimeError as error:
            # Damage below the top is that part's own: it is told there and spoils nothing else.
            signers = (broken_signer(error, reason("malformed-message", text=str(error))),)
            layer = signed_layer(signers, depth=len(walk.layers), detached=False)
        layers.append(dataclasses.replace(layer, covers_whole=False, path=path))
    return layers


async def _examine_part(part: Entity, walk: Walk, examiner: Examiner) -> Layer:
    found, depth = find_any_layer(part), len(walk.layers)
    if isinstance(found, EncryptedLayer):
        return encrypted_layer(found.enveloped, None, depth=depth)
    if isinstance(found, CompressedLayer):
        return compressed_layer(depth=depth)
    if isinstance(found, DescribedLayer):
        raise UnsupportedAlgorithm(found.content_type, "content type")
    if not isinstance(found, SignedLayer) or not found.signed_data.signer_infos:
        return certificates_layer(depth=depth)
    if found.content is None:
        raise MalformedMessage("the signed content is not here", where="SignedData")
    content = OctetsContent(found.content, provider=examiner.provider)
    known = (*walk.certificates, *found.signed_data.certificates)
    return signed_layer(
        await judge_signers(found.signed_data, content, examiner, known=known), depth=depth, detached=found.detached
    )
