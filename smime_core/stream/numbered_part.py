"""The part of a mail that a number names, as a message of its own.

Numbers count the parts of the content inside all layers at the top, from 1 as IMAP does ("1.2"). The mail in a
message/rfc822 is its only part, and so is the one in a file with the name of a mail. The report, `inspect` and views
use the same numbers. Nothing is judged here.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

from smime_core.cms.layers import is_attached_mail
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_MIME_DEPTH, check_limit
from smime_core.mime import has_parts
from smime_core.mime.multipart import MAX_BOUNDARY_LENGTH, MAX_DELIMITER_BLANKS, delimiter_expression
from smime_core.provider import StreamingProvider
from smime_core.stream.examination import begin_walk, walk_inwards
from smime_core.stream.mail import StreamedEntity, decode_octets, open_mail_octets, read_entity_head
from smime_core.stream.octets import Octets, slice_octets
from smime_core.verdict.examiner import Decryptor

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}(?:\.[1-9][0-9]{0,8})*")
_LONGEST_DELIMITER: Final = MAX_BOUNDARY_LENGTH * 4 + MAX_DELIMITER_BLANKS + 16


async def locate_part(octets: Octets, number: str, provider: StreamingProvider, decryptor: Decryptor) -> Octets:
    """The part with this number: its entity, or the mail in it.

    Its signatures and its encryption are left as they are. Layers around the whole are opened, and their signatures not
    checked. Raises MalformedMessage without such a part, NoMatchingRecipient, DecryptionError, LimitExceeded or
    UnsupportedAlgorithm.
    """
    if not _NUMBER.fullmatch(number):
        raise MalformedMessage("the number of a part has the form 2 or 1.2", where="message")
    walk = await begin_walk(octets, decryptor, provider)
    async for _ in walk_inwards(walk):
        pass
    entity = walk.entity
    steps = number.split(".")
    check_limit("MIME depth", len(steps), MAX_MIME_DEPTH)
    for step in map(int, steps):
        entity = await _child(entity, step) if entity is not None else None
    if entity is None:
        raise MalformedMessage(f"there is no part {number}", where="message")
    return await _mail_in(entity) if is_attached_mail(entity.head) else entity.octets


async def _child(entity: StreamedEntity, wanted: int) -> StreamedEntity | None:
    if is_attached_mail(entity.head):
        return await read_entity_head(await _mail_in(entity)) if wanted == 1 else None
    found = await _find_part(entity, wanted) if has_parts(entity.head) else None
    if found is None:
        return None
    default_type = "message/rfc822" if entity.head.content_type.subtype == "digest" else "text/plain"
    return await read_entity_head(slice_octets(entity.body, *found), default_type)


async def _mail_in(entity: StreamedEntity) -> Octets:
    return await open_mail_octets(await decode_octets(entity))


async def _find_part(entity: StreamedEntity, wanted: int) -> tuple[int, int] | None:
    # Returns (start, end) in the body, as `mime.find_parts` finds them, in one reading and whatever their number.
    delimiter = re.compile(rb"\n" + delimiter_expression(entity.head) + rb"\r?\n")
    # Act as if a line feed came before the first byte, and after the last.
    position, window, start, passed = -1, b"\n", -1, 0
    async for block in _with_line_feed(entity.body):
        window += block
        after = 0
        while match := delimiter.search(window, after):
            if start >= 0:
                line_feed = match.start()
                end = position + line_feed - (window[line_feed - 1 : line_feed] == b"\r")
                return start, max(start, end)
            if match[1]:
                return None
            passed += 1
            # An empty part shares its line end with the next delimiter.
            after = match.end() - 1
            start = position + match.end() if passed == wanted else -1
        dropped = max(len(window) - _LONGEST_DELIMITER, after)
        position, window = position + dropped, window[dropped:]
    length = await entity.body.length()
    return (start, length) if 0 <= start < length else None


async def _with_line_feed(body: Octets) -> AsyncIterator[bytes]:
    async for block in body.blocks():
        yield bytes(block)
    yield b"\n"
