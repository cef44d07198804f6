"""MIME around CMS for messages that do not fit into memory: where the protected octets begin and end.

Header blocks and the second part of a multipart/signed are small and go through `mime`; the rest is only located.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from smime_core.algorithms import HashName
from smime_core.base64_text import Base64BeforeFooter, ExactBase64, LenientBase64
from smime_core.content_info import find_pem_text, is_content_info, unarmor
from smime_core.errors import MalformedMessage, UnsupportedByProvider
from smime_core.layers import HEAD_BYTES, is_bare_base64, is_cms_part, is_pem, mark_bytes
from smime_core.limits import MAX_HEADER_BYTES, MAX_WHOLE_BYTES, check_limit
from smime_core.mime import Entity, decode_body, is_multipart_signed, looks_like_cms_part, parse_entity, split_signed
from smime_core.mime.entity import TEXT_ENCODINGS
from smime_core.mime.micalg import parse_micalg
from smime_core.mime.multipart import MAX_DELIMITER_BLANKS, delimiter_expression
from smime_core.provider import StreamingProvider
from smime_core.stream.content import MOST_ANNOUNCED_HASHES, digest_blocks
from smime_core.stream.octets import Base64Octets, CrlfOctets, MemoryOctets, Octets, read_head, slice_octets
from smime_core.stream.part_walk import PartWalk

_HYPHEN: Final = re.compile(rb"-")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedEntity:
    """A MIME entity: its header block, parsed, and the octets of its body as they stand."""

    head: Entity
    octets: Octets
    body: Octets

    async def with_body(self, length: int) -> Entity:
        """The entity with the first `length` octets of its body. The header block is not read a second time, because
        a line of it that resembles the one of an mbox file would be lost."""
        return dataclasses.replace(self.head, body=memoryview(await read_head(self.body, length)))


async def locate_cms(octets: Octets) -> Octets | None:
    """The octets of the bare CMS structure, DER, BER, PEM or base64, that these are; None when they are something else.

    Raises MalformedMessage for PEM of another kind.
    """
    head = await read_head(octets, HEAD_BYTES)
    if is_content_info(head):
        return octets
    if is_bare_base64(head):
        return Base64Octets(slice_octets(octets, mark_bytes(head)), ExactBase64)
    if not is_pem(head):
        return None
    text, label = find_pem_text(await read_head(octets, 2 * HEAD_BYTES))
    end = await find(octets, _HYPHEN, text, longest=1)
    footer = b"-----END " + label + b"-----"
    if end is None or await read_head(slice_octets(octets, end[0]), len(footer)) != footer:
        raise MalformedMessage("found neither DER, PEM nor base64 of a CMS structure", where="CMS")
    return Base64Octets(slice_octets(octets, text, end[0]), ExactBase64)


async def read_entity_head(octets: Octets) -> StreamedEntity:
    """The entity whose header block stands at the start. Raises LimitExceeded for a header block of absurd size."""
    head = await read_head(octets, MAX_HEADER_BYTES + 4)
    entity = parse_entity(head)
    # The line of an mbox file before the header section is no part of the entity.
    start, body_start = len(head) - len(entity.encoded), len(head) - len(entity.body)
    fields = dataclasses.replace(entity, body=entity.body[:0], encoded=entity.encoded[: body_start - start])
    whole = slice_octets(octets, start) if start else octets
    return StreamedEntity(head=fields, octets=whole, body=slice_octets(octets, body_start))


class SignedParts(NamedTuple):
    """The octets that a multipart/signed covers, those of its signature, and digests that are known already."""

    content: Octets
    signature: bytes
    digests: dict[HashName, bytes]


async def locate_signed(entity: StreamedEntity, *, provider: StreamingProvider | None = None) -> SignedParts | None:
    """The parts of a multipart/signed, decoded; None when the entity is none.

    With a `provider` the digests that micalg announces are made while the end of the content is looked for.
    Raises MalformedMessage or LimitExceeded.
    """
    if not is_multipart_signed(entity.head):
        return None
    expression = delimiter_expression(entity.head)
    parameters = entity.head.content_type.parameters
    delimiter = b"--" + parameters["boundary"].encode("utf-8", "replace")
    pattern = re.compile(rb"\n" + expression + rb"\r?\n")
    longest = len(delimiter) + MAX_DELIMITER_BLANKS + 8
    first = await find(entity.body, pattern, 0, longest=longest)
    # As `mime.split_signed`: a multipart that begins with its end has no parts.
    if first is None or await _closes(entity.body, first[0] + 1, delimiter):
        raise MalformedMessage("exactly two parts belong there", where="multipart/signed")
    walk = PartWalk(entity.body, first[1], pattern, longest=longest)
    # Hashed as received (MUSTS 33); a copy stored with bare LF throughout is put back into transport form first, as
    # every mail store does with it. Whether a CRLF comes later is known when the walk is over.
    has_crlf = b"\r\n" in await read_head(slice_octets(entity.body, first[1]), MAX_HEADER_BYTES)
    names = [name for name in parse_micalg(parameters.get("micalg", "")) if name is not None]
    passing = walk if has_crlf else CrlfOctets(walk)
    digests = await _digest(passing, names[:MOST_ANNOUNCED_HASHES], provider)
    if walk.end is None:
        raise MalformedMessage("exactly two parts belong there", where="multipart/signed")
    found = slice_octets(entity.body, first[1], walk.end)
    content = found if walk.has_crlf else CrlfOctets(found)
    known = digests if has_crlf == walk.has_crlf else {}
    signature = _read_signature(entity, delimiter, bytes(walk.rest))
    return SignedParts(content, signature, known)


async def _closes(body: Octets, start: int, delimiter: bytes) -> bool:
    return (await read_head(slice_octets(body, start), len(delimiter) + 2)).endswith(b"--")


async def locate_cms_part(entity: StreamedEntity) -> Octets | None:
    """The CMS octets of an entity, decoded; None when neither its type, its name nor its first octets announce any.

    Raises MalformedMessage or LimitExceeded.
    """
    if not is_cms_part(await entity.with_body(MAX_HEADER_BYTES)):
        return None
    decoded = await decode_octets(entity)
    found = await locate_cms(decoded)
    # Text around PEM, and base64 in base64: what nobody chooses is undone in memory, as `layers` does it.
    if found is not None:
        return found
    whole = await read_head(decoded, MAX_WHOLE_BYTES + 1)
    check_limit("bytes of CMS in a text encoding", len(whole), MAX_WHOLE_BYTES)
    return MemoryOctets(unarmor(whole))


async def decode_octets(entity: StreamedEntity) -> Octets:
    """The body without its transfer encoding, as `mime.decode_body` does. Raises MalformedMessage or LimitExceeded."""
    encoding = entity.head.transfer_encoding
    if encoding == "base64":
        return Base64Octets(entity.body, Base64BeforeFooter if looks_like_cms_part(entity.head) else LenientBase64)
    if encoding in TEXT_ENCODINGS:
        # Encodings that nobody chooses for what is large are undone in memory.
        whole = await entity.with_body(MAX_WHOLE_BYTES + 1)
        check_limit("bytes of a body in a text encoding", len(whole.body), MAX_WHOLE_BYTES)
        return MemoryOctets(decode_body(whole))
    return entity.body


async def find(octets: Octets, pattern: re.Pattern[bytes], start: int, *, longest: int) -> tuple[int, int] | None:
    """Where `pattern`, whose matches have at most `longest` octets, first starts and ends from `start` on.

    A line feed is thought before the first octet and behind the last.
    """
    position, kept = start - 1, b"\n"
    async for block in octets.blocks(start):
        window = kept + bytes(block)
        if match := pattern.search(window):
            return position + match.start(), position + match.end()
        dropped = max(len(window) - longest, 0)
        position, kept = position + dropped, window[dropped:]
    match = pattern.search(kept + b"\n")
    return (position + match.start(), position + min(match.end(), len(kept))) if match else None


async def _digest(
    content: Octets, names: Sequence[HashName], provider: StreamingProvider | None
) -> dict[HashName, bytes]:
    # One walk in any case: it finds the end.
    try:
        running = {name: provider.begin_digest(name) for name in names} if provider is not None else {}
    except UnsupportedByProvider:
        running = {}
    if provider is None or not running:
        async for _ in content.blocks():
            pass
        return {}
    return await digest_blocks(content.blocks(), running, reads_ahead=True, provider=provider)


def _read_signature(entity: StreamedEntity, delimiter: bytes, rest: bytes) -> bytes:
    # What follows the content, behind an empty part in its place, is a small message that `mime` judges as any other.
    body = memoryview(delimiter + b"\r\n\r\n\r\n" + rest)
    _, signature = split_signed(dataclasses.replace(entity.head, body=body))
    return bytes(decode_body(signature))
