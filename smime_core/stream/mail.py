"""MIME around CMS for messages that do not fit into memory: where the protected octets begin and end.

Header blocks and the second part of a multipart/signed are small and go through `mime`; the rest is only located.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from smime_core.algorithms import HashName
from smime_core.content_info import is_content_info, unarmor
from smime_core.errors import MalformedMessage, UnsupportedByProvider
from smime_core.layers import HEAD_BYTES, is_bare_base64, is_cms_part, is_pem
from smime_core.limits import MAX_HEADER_BYTES, MAX_WHOLE_BYTES, check_limit
from smime_core.mime import Entity, decode_body, is_multipart_signed, parse_entity, split_signed
from smime_core.mime.micalg import parse_micalg
from smime_core.mime.multipart import MAX_BOUNDARY_LENGTH
from smime_core.provider import StreamingProvider
from smime_core.stream.content import MOST_ANNOUNCED_HASHES, digest_blocks
from smime_core.stream.octets import Base64Octets, CrlfOctets, MemoryOctets, Octets, read_head, slice_octets
from smime_core.stream.part_walk import PartWalk

# As `content_info.unarmor` reads it, behind what `layers.is_pem` passes over.
_PEM_BEGIN: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*-----BEGIN (?:CMS|PKCS7|PKCS #7 SIGNED DATA|SIGNED MESSAGE|ENCRYPTED MESSAGE)-----"
)
_PEM_END: Final = re.compile(rb"\n-----END ")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedEntity:
    """A MIME entity: its header block, parsed, and the octets of its body as they stand."""

    head: Entity
    octets: Octets
    body: Octets


async def locate_cms(octets: Octets) -> Octets | None:
    """The octets of the bare CMS structure, DER, BER, PEM or base64, that these are; None when they are something else.

    Raises MalformedMessage for PEM of another kind.
    """
    head = await read_head(octets, HEAD_BYTES)
    if is_content_info(head):
        return octets
    if is_bare_base64(head):
        return Base64Octets(octets)
    if not is_pem(head):
        return None
    begin = _PEM_BEGIN.match(head)
    if begin is None:
        raise MalformedMessage("found neither DER, PEM nor base64 of a CMS structure", where="CMS")
    end = await find(octets, _PEM_END, begin.end(), longest=10)
    return Base64Octets(slice_octets(octets, begin.end(), end[0] if end else None))


async def read_entity_head(octets: Octets) -> StreamedEntity:
    """The entity whose header block stands at the start. Raises LimitExceeded for a header block of absurd size."""
    head = await read_head(octets, MAX_HEADER_BYTES + 4)
    entity = parse_entity(head)
    body_start = len(head) - len(entity.body)
    body = slice_octets(octets, body_start)
    return StreamedEntity(head=parse_entity(head[:body_start]), octets=octets, body=body)


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
    parameters = entity.head.content_type.parameters
    boundary = parameters.get("boundary", "")
    if not 0 < len(boundary) <= MAX_BOUNDARY_LENGTH:
        raise MalformedMessage("a multipart without a usable boundary", where="Content-Type")
    delimiter = b"--" + boundary.encode("utf-8", "replace")
    # RFC 2046 section 5.1.1: at the start of a line, with nothing behind it but "--" and blanks.
    pattern, longest = re.compile(rb"\n" + re.escape(delimiter) + rb"(?:--)?[ \t]{0,78}\r?\n"), len(delimiter) + 90
    first = await find(entity.body, pattern, 0, longest=longest)
    if first is None:
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


async def locate_cms_part(entity: StreamedEntity) -> Octets | None:
    """The CMS octets of an entity, decoded; None when neither its type, its name nor its first octets announce any.

    Raises MalformedMessage or LimitExceeded.
    """
    beginning = parse_entity(bytes(entity.head.encoded) + await read_head(entity.body, MAX_HEADER_BYTES))
    if not is_cms_part(beginning):
        return None
    encoding = entity.head.transfer_encoding
    if encoding == "base64":
        return Base64Octets(entity.body)
    if encoding in ("7bit", "8bit", "binary"):
        found = await locate_cms(entity.body)
        return Base64Octets(entity.body) if found is None else found
    # Encodings that nobody chooses for CMS are undone in memory.
    length = await entity.body.length()
    check_limit("bytes of CMS in a text encoding", length, MAX_WHOLE_BYTES)
    whole = parse_entity(bytes(entity.head.encoded) + await read_head(entity.body, length))
    return MemoryOctets(unarmor(decode_body(whole)))


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
    _, signature = split_signed(parse_entity(bytes(entity.head.encoded) + delimiter + b"\r\n\r\n\r\n" + rest))
    return bytes(decode_body(signature))
