"""MIME around CMS for messages that do not fit into memory: where the protected bytes begin and end.

Header blocks and the second part of a multipart/signed are small and parsed by `mime`. The rest is only located.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from smime_core.algorithms import HashName
from smime_core.asn1.pem import END_LINE
from smime_core.cms.content_info import is_content_info, unarmor
from smime_core.cms.layers import (
    HEAD_BYTES,
    PEM_HEAD_BYTES,
    find_pem_start,
    is_bare_base64,
    is_cms_part,
    read_detached_signature,
)
from smime_core.cms.signed_data import SignedData
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm, UnsupportedByProvider
from smime_core.limits import MAX_HEADER_BYTES, MAX_WHOLE_BYTES, check_limit
from smime_core.mime import (
    Entity,
    decode_body,
    find_signed_parts,
    is_multipart_signed,
    looks_like_cms_part,
    parse_entity,
    parse_micalg,
)
from smime_core.mime.entity import TEXT_ENCODINGS
from smime_core.mime.mail_file import MAIL_HEAD_BYTES, check_emlx, find_mail_form
from smime_core.mime.multipart import (
    MAX_DELIMITER_BLANKS,
    begins_with_signature,
    delimiter_expression,
)
from smime_core.provider import StreamingProvider
from smime_core.stream.content import MOST_ANNOUNCED_HASHES, digest_blocks
from smime_core.stream.octets import (
    CrlfOctets,
    MemoryOctets,
    Octets,
    TransformedOctets,
    Utf8Octets,
    read_head,
    slice_octets,
)
from smime_core.stream.part_walk import PartWalk
from smime_core.text.base64 import Base64BeforeFooter, ExactBase64, LenientBase64

_HYPHEN: Final = re.compile(rb"-")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedEntity:
    """A MIME entity: its parsed header block, and the bytes of its body before decoding."""

    head: Entity
    octets: Octets
    body: Octets

    async def with_body(self, length: int) -> Entity:
        """The entity with the first `length` bytes of its body.

        The header block is not parsed again, because a line in it that resembles the first line of an mbox would be
        lost.
        """
        return replace(self.head, body=memoryview(await read_head(self.body, length)))


async def open_mail_octets(octets: Octets) -> Octets:
    """The mail in a file of any form, as `mime.mail_file.open_mail_file` finds it. Raises the same errors."""
    head = await read_head(octets, MAIL_HEAD_BYTES)
    if is_content_info(head):
        return octets
    form = find_mail_form(head)
    if form.encoding is not None:
        return Utf8Octets(octets, form.encoding)
    if form.length is None:
        return slice_octets(octets, form.start) if form.start else octets
    end = form.start + form.length
    available = await octets.length() - form.start
    check_emlx(
        form.length, available, await read_head(slice_octets(octets, min(end, form.start + available)), MAIL_HEAD_BYTES)
    )
    return slice_octets(octets, form.start, end)


async def locate_cms(octets: Octets) -> Octets | None:
    """The bytes of a bare CMS structure in DER, BER, PEM or base64. Returns None if the bytes are something else.

    Raises MalformedMessage for PEM of another kind.
    """
    head = await read_head(octets, PEM_HEAD_BYTES)
    if is_content_info(head):
        return octets
    if is_bare_base64(head):
        decoded = TransformedOctets(octets, ExactBase64)
        return decoded if is_content_info(await read_head(decoded, HEAD_BYTES)) else await locate_cms(decoded)
    text = find_pem_start(head)
    if text is None:
        return None
    if b"\\" in head[text:]:
        # PEM in settings has the two characters "\n" in place of a line end. Such a block is decoded in memory.
        return MemoryOctets(unarmor(await read_head(octets, MAX_WHOLE_BYTES + 1)))
    end = await find(octets, _HYPHEN, text, longest=1)
    if end is None or not END_LINE.match(await read_head(slice_octets(octets, end[0]), HEAD_BYTES)):
        raise MalformedMessage("the block is cut short", where="PEM")
    return TransformedOctets(slice_octets(octets, text, end[0]), ExactBase64)


async def read_entity_head(octets: Octets, default_type: str = "text/plain") -> StreamedEntity:
    """The entity in `octets`, with its header block parsed. Raises LimitExceeded if the header block is too large."""
    head = await read_head(octets, MAX_HEADER_BYTES + 4)
    entity = parse_entity(head, default_type=default_type)
    # The mbox line before the header section is no part of the entity.
    start, body_start = len(head) - len(entity.encoded), len(head) - len(entity.body)
    fields = replace(entity, body=entity.body[:0], encoded=entity.encoded[: body_start - start])
    whole = slice_octets(octets, start) if start else octets
    return StreamedEntity(head=fields, octets=whole, body=slice_octets(octets, body_start))


class StreamedSignedParts(NamedTuple):
    """The content that a multipart/signed covers, its signature, and the digests that were computed already.

    `fault` says why there is no readable signature, or is None. `damage` names other faults of the multipart (see
    `cms.layers.SignedLayer`).
    """

    content: Octets
    signed_data: SignedData
    digests: dict[HashName, bytes]
    fault: MalformedMessage | UnsupportedAlgorithm | None
    damage: tuple[str, ...]


async def locate_signed(
    entity: StreamedEntity, provider: StreamingProvider | None = None
) -> StreamedSignedParts | None:
    """The parts of a multipart/signed, decoded. Returns None for another entity.

    With a `provider`, the digests that micalg announces are computed during the search for the end of the content.
    Damage is treated as in `cms.layers`. Raises LimitExceeded.
    """
    if not is_multipart_signed(entity.head):
        return None
    try:
        expression = delimiter_expression(entity.head)
    except MalformedMessage:
        return _signed_parts(entity.body, entity.head, {})
    parameters = entity.head.content_type.parameters
    delimiter = b"--" + parameters["boundary"].encode("utf-8", "replace")
    pattern = re.compile(rb"\n" + expression + rb"\r?\n")
    longest = len(delimiter) + MAX_DELIMITER_BLANKS + 8
    first = await find(entity.body, pattern, 0, longest=longest)
    # As in `mime.find_signed_parts`, a multipart that begins with its closing delimiter has no parts.
    if first is None or await _closes(entity.body, first[0] + 1, delimiter):
        return _signed_parts(entity.body, entity.head, {})
    walk = PartWalk(entity.body, first[1], pattern, longest=longest)
    # Content is hashed as received (MUSTS 33). Content with LF only, as mail stores keep it, first gets CRLF line ends.
    # The first bytes suggest the kind of line ends. If a CRLF comes only later, the digests are wrong and are dropped.
    has_crlf = b"\r\n" in await read_head(slice_octets(entity.body, first[1]), MAX_HEADER_BYTES)
    names = [name for name in parse_micalg(parameters.get("micalg", "")) if name is not None]
    passing = walk if has_crlf else CrlfOctets(walk)
    digests = await _digest(passing, names[:MOST_ANNOUNCED_HASHES], provider)
    octets = slice_octets(entity.body, first[1], walk.end)
    # `rest`, the text after the content, is put after an empty first part, so that `mime` can parse it.
    whole = replace(entity.head, body=memoryview(delimiter + b"\r\n\r\n\r\n" + bytes(walk.rest)))
    if walk.end is None:
        if not await read_head(octets, 1):
            return _signed_parts(entity.body, entity.head, {})
        whole = replace(entity.head, body=memoryview(delimiter + b"\r\n\r\n"))
    if begins_with_signature((await read_entity_head(octets)).head) and find_signed_parts(whole).signature is None:
        return _signed_parts(entity.body, whole, {})
    content = octets if walk.has_crlf else CrlfOctets(octets)
    return _signed_parts(content, whole, digests if has_crlf == walk.has_crlf else {})


def _signed_parts(content: Octets, whole: Entity, digests: dict[HashName, bytes]) -> StreamedSignedParts:
    parts = find_signed_parts(whole)
    signed_data, fault = read_detached_signature(parts)
    return StreamedSignedParts(content, signed_data, digests, fault, parts.damage)


async def _closes(body: Octets, start: int, delimiter: bytes) -> bool:
    return (await read_head(slice_octets(body, start), len(delimiter) + 2)).endswith(b"--")


async def locate_cms_part(entity: StreamedEntity) -> Octets | None:
    """The CMS bytes of an entity, decoded. Returns None if its type, its name and its first bytes announce no CMS.

    Raises MalformedMessage or LimitExceeded.
    """
    if not is_cms_part(await entity.with_body(MAX_HEADER_BYTES)):
        return None
    decoded = await decode_octets(entity)
    structure = await locate_cms(decoded)
    # PEM with text around it, and base64 inside base64, are rare. Both are decoded in memory, as in `cms.layers`.
    if structure is not None:
        return structure
    whole = await read_head(decoded, MAX_WHOLE_BYTES + 1)
    check_limit("bytes of CMS in a text encoding", len(whole), MAX_WHOLE_BYTES)
    return MemoryOctets(unarmor(whole))


async def decode_octets(entity: StreamedEntity) -> Octets:
    """The body without its transfer encoding, as `mime.decode_body` does. Raises MalformedMessage or LimitExceeded."""
    encoding = entity.head.transfer_encoding
    if encoding == "base64":
        return TransformedOctets(entity.body, Base64BeforeFooter if looks_like_cms_part(entity.head) else LenientBase64)
    if encoding in TEXT_ENCODINGS:
        # Text encodings are rare for large content, so they are decoded in memory.
        whole = await entity.with_body(MAX_WHOLE_BYTES + 1)
        check_limit("bytes of a body in a text encoding", len(whole.body), MAX_WHOLE_BYTES)
        return MemoryOctets(decode_body(whole))
    return entity.body


async def find(octets: Octets, pattern: re.Pattern[bytes], start: int, *, longest: int) -> tuple[int, int] | None:
    """The (start, end) of the first match of `pattern` from `start` on, or None.

    A match has at most `longest` bytes. The search acts as if a line feed came before the first byte and after the
    last.
    """
    position, tail = start - 1, b"\n"
    async for block in octets.blocks(start):
        window = tail + bytes(block)
        if match := pattern.search(window):
            return position + match.start(), position + match.end()
        dropped = max(len(window) - longest, 0)
        position, tail = position + dropped, window[dropped:]
    match = pattern.search(tail + b"\n")
    return (position + match.start(), position + min(match.end(), len(tail))) if match else None


async def _digest(
    content: Octets, names: Sequence[HashName], provider: StreamingProvider | None
) -> dict[HashName, bytes]:
    # The content is read even if no digest is needed, because the reading finds the end of the content.
    try:
        running = {name: provider.begin_digest(name) for name in names} if provider is not None else {}
    except UnsupportedByProvider:
        running = {}
    if provider is None or not running:
        async for _ in content.blocks():
            pass
        return {}
    return await digest_blocks(content.blocks(), running, provider, reads_ahead=True)
