"""The part of a mail that a number names, as a message of its own.

Numbers count the parts of the content inside all layers at the top, from 1 as IMAP does ("1.2"). The mail in a
message/rfc822 is its only part, and so is the mail in a file that is named like a mail. The report, `inspect` and views
use the same numbers. Nothing is judged here.
"""

from __future__ import annotations

import re
from typing import Final

from smime_core.cms.nested_parts import is_attached_mail
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_MIME_DEPTH, check_limit
from smime_core.mime import has_parts
from smime_core.provider import StreamingProvider
from smime_core.stream.examination import begin_walk, walk_inwards
from smime_core.stream.mail import StreamedEntity, decode_octets, open_mail_octets, read_entity_head
from smime_core.stream.octets import Octets, slice_octets
from smime_core.stream.part_search import find_part
from smime_core.verdict.examiner import Decryptor

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}(?:\.[1-9][0-9]{0,8})*")


async def locate_part(octets: Octets, number: str, provider: StreamingProvider, decryptor: Decryptor) -> Octets:
    """The part with this number: its entity, or the mail in it.

    Its signatures and its encryption are left as they are. Layers around the whole are decrypted, and their signatures
    are not checked. Raises MalformedMessage without such a part, NoMatchingRecipient, DecryptionError, LimitExceeded or
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


async def _child(entity: StreamedEntity, number: int) -> StreamedEntity | None:
    if is_attached_mail(entity.head):
        return await read_entity_head(await _mail_in(entity)) if number == 1 else None
    bounds = await find_part(entity, number) if has_parts(entity.head) else None
    if bounds is None:
        return None
    default_type = "message/rfc822" if entity.head.content_type.subtype == "digest" else "text/plain"
    return await read_entity_head(slice_octets(entity.body, *bounds), default_type)


async def _mail_in(entity: StreamedEntity) -> Octets:
    return await open_mail_octets(await decode_octets(entity))
