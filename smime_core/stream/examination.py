"""The examination of a message that does not fit into memory, with the steps of `smime_core.verdict.walk`.

Each layer is located. Then its signers are judged, or it is decrypted or decompressed. The content of a layer is a new
sequence of bytes, which is decrypted or decoded while it is read. The content of an encrypted layer is first read to
its end, to check its tag or padding. Only then is the content examined.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from smime_core.algorithms import ContentCipher, HashName, parse_digest_identifier, parse_hash_identifier
from smime_core.asn1 import der
from smime_core.cms.compressed_data import parse_compressed_data
from smime_core.cms.content_info import (
    ID_AUTH_ENVELOPED_DATA,
    ID_COMPRESSED_DATA,
    ID_ENVELOPED_DATA,
    ID_SIGNED_DATA,
    PROTECTING_TYPES,
    ContentInfo,
    is_content_info,
    missing_header,
)
from smime_core.cms.enveloped_data import EnvelopedData, parse_enveloped_data, use_content_key
from smime_core.cms.guessed_content import GUESSED_HEAD_BYTES
from smime_core.cms.layers import HEAD_BYTES, begins_as_header, is_protected_entity
from smime_core.cms.nested_parts import may_hold_parts
from smime_core.cms.recipients.content_keys import Decrypted, is_single_try
from smime_core.cms.recipients.decryption_budget import DecryptionBudget
from smime_core.cms.signed_data import SignedData, parse_signed_data
from smime_core.cms.signed_frame import is_frame, is_framed_kind
from smime_core.errors import (
    ContentTypeMismatch,
    MalformedMessage,
    NoMatchingRecipient,
    OpenPgpContent,
    SmimeError,
    UnsupportedAlgorithm,
    UnsupportedByProvider,
)
from smime_core.limits import MAX_HEADER_BYTES, MAX_LOOKED_INSIDE_BYTES, MAX_MIME_DEPTH
from smime_core.mail.header_protection import HeaderScheme, find_scheme
from smime_core.message import nothing_encrypted
from smime_core.mime import OPENPGP_HEAD_BYTES, Entity, find_openpgp
from smime_core.provider import StreamingProvider
from smime_core.report.report import MessageReport, Reason, SignerReport
from smime_core.stream.content import MOST_ANNOUNCED_HASHES, DecryptedOctets, InflatedOctets, StreamedContent
from smime_core.stream.mail import (
    StreamedEntity,
    StreamedSignedParts,
    decode_octets,
    locate_cms,
    locate_cms_part,
    locate_signed,
    open_mail_octets,
    read_entity_head,
)
from smime_core.stream.octets import JoinedOctets, MemoryOctets, Octets, TransformedOctets, read_head, slice_octets
from smime_core.stream.part_search import find_part, find_part_start
from smime_core.stream.structure import BegunStructure, begin_structure
from smime_core.verdict.examiner import Decryptor, Examiner
from smime_core.verdict.line_forms import LINE_FORMS, judge_line_form, may_fit_otherwise
from smime_core.verdict.signers import Claim, judge_signers
from smime_core.verdict.walk import (
    Walk,
    add_nested_layers,
    certificates_layer,
    compressed_layer,
    signed_layer,
)

_CMS: Final = "CMS"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedReport:
    """The report, in which `content` is empty, and the content inside all layers that could be read."""

    report: MessageReport
    content: Octets = field(repr=False)


async def examine_octets(
    octets: Octets,
    provider: StreamingProvider,
    *,
    examiner: Examiner,
    claim: Claim = Claim.FROM_FIELD,
    sender: str | None = None,
    detached_content: Octets | None = None,
) -> StreamedReport:
    """The report on a mail, a MIME entity or a bare CMS structure, as `verdict.walk.examine` returns it.

    Protected parts below the top are judged only in messages of at most MAX_LOOKED_INSIDE_BYTES. Raises the errors of
    `examine`.
    """
    walk = await begin_walk(octets, examiner, provider)
    try:
        while (layer := await walk.locate(detached_content)) is not None:
            if walk.state.layers and await layer.lacks_content():
                break  # As in `verdict.walk`, such a signature is the content itself.
            detached_content = None
            inside = await (walk.judge(layer, examiner) if layer.is_signed else walk.open(layer))
            if inside is None:
                walk.stop()
                break
            await walk.enter(inside, layer)
        further = await walk.look_inside(examiner)
    except (MalformedMessage, UnsupportedAlgorithm, ContentTypeMismatch) as error:
        raise walk.state.disguise(error) from None
    return StreamedReport(
        report=await walk.report(examiner, claim=claim, sender=sender, further=further), content=walk.octets
    )


async def decrypt_octets(
    octets: Octets, provider: StreamingProvider, decryptor: Decryptor, *, on_last_walk: Callable[[], None] | None = None
) -> tuple[Entity | None, Octets]:
    """Returns (outermost header block, or None for bare CMS; the content inside all encrypted layers at the top).

    `on_last_walk` is called before `octets` are read for the last time, if it is certain that they are not read again.
    When this function returns, the tag or padding of each layer has been checked. Raises NoMatchingRecipient,
    DecryptionError, ContentTypeMismatch, MalformedMessage (also if nothing is encrypted) or UnsupportedAlgorithm.
    """
    walk = await begin_walk(octets, decryptor, provider)
    outer = walk.entity.head if walk.entity else None
    opened: Octets | None = None
    try:
        async for was_encrypted in walk_inwards(walk, on_last_walk):
            opened = walk.octets if was_encrypted else opened
    except SmimeError:
        # If an encrypted layer was decrypted, a layer inside it that cannot be read is left to the examination, as in
        # `smime_core.message`.
        if opened is None:
            raise
    if opened is None:
        if walk.entity is not None and find_openpgp(await walk.entity.with_body(OPENPGP_HEAD_BYTES)) is not None:
            raise OpenPgpContent
        innermost = await walk.entity.with_body(MAX_LOOKED_INSIDE_BYTES + 1) if walk.entity is not None else b""
        raise nothing_encrypted(innermost)
    return outer, opened


async def walk_inwards(walk: StreamedWalk, on_last_walk: Callable[[], None] | None = None) -> AsyncIterator[bool]:
    """Enter the layers at the top in turn, as `smime_core.message` does.

    Yields True for each layer that was encrypted, or compressed inside an encrypted layer, and otherwise False. A
    signature is read to its end if another layer is inside it.
    """
    was_encrypted = False
    passed: _Found | None = None
    for depth in range(MAX_MIME_DEPTH):
        layer = await walk.locate()
        if layer is None or (passed is not None and not await _has_signers(passed)):
            return
        passed = layer if layer.is_signed else None
        was_encrypted = not layer.is_signed and (was_encrypted or layer.is_encrypted)
        if passed is None:
            inside = await walk.open(layer, on_last_walk=on_last_walk if depth == 0 else None)
            if inside is None:
                raise NoMatchingRecipient
        elif layer.content is None:
            return
        else:
            inside = layer.content
        await walk.enter(inside, layer)
        yield was_encrypted


async def _has_signers(layer: _Found) -> bool:
    return bool((await layer.signed_data()).signer_infos)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A located layer. `begun` is its structure, read up to the content, or in multipart/signed the parsed parts."""

    begun: BegunStructure | StreamedSignedParts
    content: Octets | None
    detached: bool
    digests: Mapping[HashName, bytes] = field(default_factory=dict)

    @property
    def content_type(self) -> str:
        return self.begun.content_type if isinstance(self.begun, BegunStructure) else ID_SIGNED_DATA

    @property
    def is_signed(self) -> bool:
        return self.content_type == ID_SIGNED_DATA

    @property
    def is_encrypted(self) -> bool:
        return self.content_type in (ID_ENVELOPED_DATA, ID_AUTH_ENVELOPED_DATA)

    @property
    def reads_ahead(self) -> bool:
        return isinstance(self.begun, BegunStructure) and self.begun.reads_ahead

    def walk(self) -> AsyncIterator[memoryview] | None:
        """The first reading of the content, or None if the content is outside the structure."""
        return self.begun.first_walk() if isinstance(self.begun, BegunStructure) and not self.detached else None

    @property
    def structure(self) -> BegunStructure:
        """The structure of a layer that is not multipart/signed."""
        if isinstance(self.begun, StreamedSignedParts):
            raise MalformedMessage("a multipart/signed is not decrypted", where="CMS")
        return self.begun

    async def finish(self) -> ContentInfo:
        """The structure without its content, after all of the structure was read."""
        return (await self.structure.finish()).skeleton

    def type_inside(self) -> str:
        """The content type of the content. Raises MalformedMessage."""
        if isinstance(self.begun, StreamedSignedParts):
            return self.begun.signed_data.e_content_type
        # The content is in the first SEQUENCE of each structure except CompressedData, where it is in the second.
        holders = [child for child in der.read_children(self.begun.head.content, _CMS) if child.tag == der.SEQUENCE]
        holder = der.read_children(holders[-1], _CMS)
        return der.parse_oid(holder[0], _CMS)

    async def lacks_content(self) -> bool:
        """Whether the layer is a signature with signers, and nothing that they signed."""
        return self.is_signed and self.content is None and await _has_signers(self)

    async def signed_data(self) -> SignedData:
        """The SignedData without its content, after all of it was read. Raises MalformedMessage or LimitExceeded."""
        if isinstance(self.begun, StreamedSignedParts):
            return self.begun.signed_data
        return parse_signed_data((await self.finish()).content)


class StreamedWalk:
    """The state of an examination. `octets` are to be examined next; `entity` is their parsed form if they are mail."""

    def __init__(
        self,
        octets: Octets,
        decryptor: Decryptor,
        provider: StreamingProvider,
        *,
        cms: Octets | None,
        entity: StreamedEntity | None,
    ) -> None:
        self._opener = decryptor
        self._provider = provider
        # The bare CMS structure in the bytes, or None if they are mail.
        self._cms = cms
        self.octets = entity.octets if entity else octets
        self.entity = entity
        node = self.entity.head if self.entity else b""
        self.state = Walk(node=node, outermost=node, displayed=node)

    async def report(
        self, examiner: Examiner, *, claim: Claim, sender: str | None, further: Sequence[Reason]
    ) -> MessageReport:
        """The report on all layers. A wrapped message is unwrapped first (RFC 8551 section 3.1)."""
        if self.state.protects_headers and self.entity and find_scheme(self.entity.head) is HeaderScheme.WRAPPED:
            decoded = await decode_octets(self.entity)
            wrapped = await read_entity_head(decoded)
            # The body of this node is decoded already, so unwrapping must not decode it again.
            head = memoryview(await read_head(decoded, MAX_HEADER_BYTES + 4))
            self.state.node = replace(self.entity.head, body=head, transfer_encoding="binary")
            self.octets = wrapped.octets
        if self.entity is not None:
            self.state.openpgp = find_openpgp(await self.entity.with_body(OPENPGP_HEAD_BYTES))
        return self.state.report(examiner, claim=claim, sender=sender, further=further).with_content(b"")

    async def look_inside(self, examiner: Examiner) -> tuple[Reason, ...]:
        """Judge protected parts below the top, as `verdict.walk.examine` does.

        A body of more than MAX_LOOKED_INSIDE_BYTES is not searched; a reason that says so is returned instead. Raises
        MalformedMessage or LimitExceeded.
        """
        if self.entity is None or not may_hold_parts(self.entity.head):
            return ()
        # One byte beyond the limit shows that the message is too large.
        whole = await self.entity.with_body(MAX_LOOKED_INSIDE_BYTES + 1)
        return await add_nested_layers(whole, self.state, examiner)

    async def locate(self, detached_content: Octets | None = None) -> _Found | None:
        """The layer at the current position, or None if there is none."""
        if (
            self.entity is not None
            and (signed := await locate_signed(self.entity, provider=self._provider)) is not None
        ):
            return _Found(begun=signed, content=signed.content, detached=True, digests=signed.digests)
        cms = await locate_cms_part(self.entity) if self.entity is not None else self._cms
        if cms is None:
            return None
        begun = await begin_structure(cms)
        # Detached content belongs only to a signature.
        detached_content = detached_content if begun.content_type == ID_SIGNED_DATA else None
        if begun.content is not None and detached_content is not None:
            raise MalformedMessage("the content is both inside the signature and given apart", where="SignedData")
        return _Found(begun=begun, content=begun.content or detached_content, detached=begun.content is None)

    async def judge(self, found: _Found, examiner: Examiner) -> Octets | None:
        """Judge the signers of a signed layer. Returns the signed content, or None for a certificates-only message."""
        octets = found.content
        content = (
            StreamedContent(octets, _announced_hashes(found), self._provider, digests=found.digests) if octets else None
        )
        if content is not None and (walk := found.walk()) is not None:
            with contextlib.suppress(UnsupportedByProvider):
                await content.digest_in(walk, reads_ahead=found.reads_ahead)
        signed_data = await found.signed_data()
        self.state.certificates |= dict.fromkeys(signed_data.certificates)
        depth = len(self.state.layers)
        if not signed_data.signer_infos:
            self.state.add(certificates_layer(depth))
            return None
        if content is None:
            raise MalformedMessage("the signed content is missing: give its file too", where="SignedData")
        if isinstance(found.begun, StreamedSignedParts):
            self.state.note_frame(found.begun.fault, found.begun.damage)
        examiner.check_signed_type(signed_data.e_content_type)
        content.announce(_used_hashes(signed_data))
        signers = await judge_signers(signed_data, content, examiner, tuple(self.state.certificates))
        if octets is not None and found.detached and may_fit_otherwise(signers):
            signers, octets = await self._judge_other_forms(signers, octets, signed_data, examiner)
        self.state.add(signed_layer(signers, depth, detached=found.detached))
        return octets

    async def _judge_other_forms(
        self, signers: tuple[SignerReport, ...], received: Octets, signed_data: SignedData, examiner: Examiner
    ) -> tuple[tuple[SignerReport, ...], Octets]:
        # Returns the verdict on the signers, and the bytes that they signed.
        for make_form in LINE_FORMS:
            octets = TransformedOctets(received, make_form)
            form = StreamedContent(octets, _used_hashes(signed_data), provider=self._provider)
            known = tuple(self.state.certificates)
            others = await judge_line_form(form, signed_data, examiner, known, received.blocks())
            if others is not None:
                return others, octets
        return signers, received

    async def open(self, found: _Found, *, on_last_walk: Callable[[], None] | None = None) -> Octets | None:
        """Decrypt or decompress a layer. Returns its content, or None if it is encrypted and there are no keys.

        Raises the errors of `use_content_key` if no key decrypts it.
        """
        if found.content is None:
            raise MalformedMessage("this content is never detached", where="CMS")
        if found.content_type == ID_COMPRESSED_DATA:
            skeleton = await found.finish()
            content_type = parse_compressed_data(skeleton.content).e_content_type
            self._opener.check_compressed_type(content_type)
            self.state.add(compressed_layer(len(self.state.layers)))
            self.state.note_type(content_type, self._opener)
            return InflatedOctets(found.content)
        # In AuthEnvelopedData the tag and the attributes that it covers follow the content. So only EnvelopedData can
        # be decrypted while the content is read for the first time.
        walk = found.walk() if found.content_type == ID_ENVELOPED_DATA else None
        skeleton = found.structure.head if walk is not None else await found.finish()
        enveloped = parse_enveloped_data(skeleton.content, content_type=skeleton.content_type)
        self._opener.check_encrypted_type(enveloped)
        last = on_last_walk if is_single_try(enveloped.recipients, self._opener.keys) else None
        try:
            opened = await self._decrypt(enveloped, found.content, walk, last) if self._opener.keys else None
        finally:
            if walk is not None:
                # The error for a damaged structure must not depend on the decrypted content (MUSTS 23).
                skeleton = await found.finish()
        if walk is not None:
            parse_enveloped_data(skeleton.content, content_type=skeleton.content_type)
        self.state.add_encrypted(enveloped, opened, self._opener)
        return opened.content if opened else None

    async def _decrypt(
        self,
        enveloped: EnvelopedData,
        encrypted: Octets,
        walk: AsyncIterator[memoryview] | None,
        on_last_walk: Callable[[], None] | None,
    ) -> Decrypted[Octets]:
        # The first content key that is tried reads `walk`. Only the blocks of further tries count in `budget`.
        walks, budget = [walk], self._opener.decryption_budget

        async def use(cek: bytes) -> Octets:
            decrypted = DecryptedOctets(encrypted, enveloped, cek, self._provider)
            blocks = walks.pop() if walks else _count_blocks(encrypted.blocks(), enveloped.cipher, budget)
            return await decrypted.checked(blocks, on_last_walk)

        async def head_of(opened: Octets) -> bytes:
            return await read_head(opened, GUESSED_HEAD_BYTES)

        keys, policy = self._opener.keys, self._opener.policy
        return await use_content_key(enveloped, use, keys, self._provider, policy, budget, head_of)

    def stop(self) -> None:
        """Stop at a layer whose content is not read."""
        self.octets, self.entity = MemoryOctets(b""), None
        self.state.enter(b"")

    async def enter(self, inside: Octets, found: _Found) -> None:
        """Continue with the content of a layer, as `cms.signed_frame.node_inside` does."""
        content_type = found.type_inside()
        is_structure = content_type in PROTECTING_TYPES
        is_bare = self.entity is None or is_structure
        head = await read_head(inside, HEAD_BYTES) if is_bare else b""
        if is_structure and (header := missing_header(content_type, head, await inside.length())):
            inside, head = JoinedOctets(MemoryOctets(header), inside), header
        self.octets, self.entity, self._cms = inside, None, None
        if is_content_info(head):
            self._cms = inside
        elif not is_bare or begins_as_header(head):
            entity = await read_entity_head(inside)
            if not is_bare or is_protected_entity(entity.head) or await locate_cms_part(entity) is not None:
                self.octets, self.entity = entity.octets, entity
        if found.is_signed and self.entity is not None:
            self.entity = await _without_frame(self.entity)
            self.octets = self.entity.octets
        self.state.enter(self.entity.head if self.entity else b"")


async def _without_frame(entity: StreamedEntity) -> StreamedEntity:
    # As `cms.signed_frame.find_framed` does. The first bytes of nearly every part show that it is not framed.
    if not is_frame(entity.head):
        return entity
    with contextlib.suppress(MalformedMessage):
        first = await find_part_start(entity)
        part = None if first is None else await read_entity_head(slice_octets(entity.body, first))
        if part is None or not is_framed_kind(await part.with_body(MAX_HEADER_BYTES)):
            return entity
        bounds = await find_part(entity, 1)
        if bounds is not None and await find_part(entity, 2) is None:
            return await read_entity_head(slice_octets(entity.body, *bounds))
    return entity


async def _count_blocks(
    blocks: AsyncIterator[memoryview], cipher: ContentCipher, budget: DecryptionBudget
) -> AsyncIterator[memoryview]:
    async for block in blocks:
        budget.count_content(cipher.work(len(block)))
        yield block


async def begin_walk(octets: Octets, decryptor: Decryptor, provider: StreamingProvider) -> StreamedWalk:
    """The walk at the outermost layer of a mail, in a file of any form, or of bare CMS."""
    octets = await open_mail_octets(octets)
    cms = await locate_cms(octets)
    return StreamedWalk(
        octets, decryptor, provider, cms=cms, entity=await read_entity_head(octets) if cms is None else None
    )


def _announced_hashes(layer: _Found) -> list[HashName]:
    # digestAlgorithms come before the content (RFC 5652 section 5.1). The announced algorithms may be missing or wrong.
    if isinstance(layer.begun, StreamedSignedParts):
        return list(_used_hashes(layer.begun.signed_data))[:MOST_ANNOUNCED_HASHES]
    fields = der.read_children(layer.begun.head.content)
    names: dict[HashName, None] = {}
    for identifier in der.read_children(fields[1]) if len(fields) > 1 else ():
        with contextlib.suppress(SmimeError):
            names[parse_hash_identifier(identifier.encoded)] = None
    return list(names)[:MOST_ANNOUNCED_HASHES]


def _used_hashes(signed_data: SignedData) -> set[HashName]:
    # The hashes that the SignerInfos need, so that one reading computes all of them.
    names: set[HashName] = set()
    for info in signed_data.signer_infos:
        if not isinstance(info, SmimeError):
            with contextlib.suppress(SmimeError):
                names.add(parse_digest_identifier(info.digest_algorithm_der))
    return names
