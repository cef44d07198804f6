"""The protected parts below the top of a message, with their numbers.

A number counts parts from 1 as IMAP does ("1.2"), inside all layers at the top. The mail in a message/rfc822, or in a
file with the name of a mail, is the only part of that entity.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from smime_core.cms.layers import EncryptedLayer, find_any_layer, is_cms_part
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.limits import MAX_MIME_DEPTH, MAX_MIME_PARTS, check_limit
from smime_core.mime import (
    EMBEDDED_MESSAGES,
    Entity,
    decode_body,
    has_parts,
    is_multipart_signed,
    parse_entity,
    parse_parts,
)

_MAIL_FILE: Final = ".eml"


class NestedPart(NamedTuple):
    """A protected part below the top level. `path` counts parts from 1 as IMAP does ("1.2")."""

    path: str
    entity: Entity


def find_nested_layers(entity: Entity) -> Iterator[NestedPart]:
    """Every multipart/signed and CMS part below the top level. Parts inside such a part are left out.

    Multiparts of every kind and embedded messages are searched. A message/partial or message/external-body is not
    followed, because it refers to data outside this message. Raises LimitExceeded.
    """
    # A list instead of recursion, because hostile nesting must not exhaust the stack of Python.
    waiting = [NestedPart("", entity)]
    seen = 0
    while waiting:
        path, node = waiting.pop()
        check_limit("MIME parts", seen := seen + 1, MAX_MIME_PARTS)
        if is_multipart_signed(node) or is_cms_part(node):
            if path:
                yield NestedPart(path, node)
            continue
        check_limit("MIME depth", len(path.split(".")) if path else 0, MAX_MIME_DEPTH)
        prefix = f"{path}." if path else ""
        children = [NestedPart(f"{prefix}{number}", child) for number, child in enumerate(_children(node), start=1)]
        waiting += reversed(children)


def find_encrypted_parts(entity: Entity) -> tuple[str, ...]:
    """The numbers of the encrypted parts below the top. Parts that cannot be read are left out.

    Raises MalformedMessage or LimitExceeded.
    """
    return tuple(path for path, part in find_nested_layers(entity) if _is_encrypted(part))


def _is_encrypted(part: Entity) -> bool:
    try:
        return isinstance(find_any_layer(part), EncryptedLayer)
    except (MalformedMessage, UnsupportedAlgorithm):
        return False


def is_attached_mail(entity: Entity) -> bool:
    """Whether a part is a whole mail, by its type or its file name."""
    content_type = entity.content_type
    is_file = content_type.type == "application" and entity.filename.lower().endswith(_MAIL_FILE)
    return content_type.media_type in EMBEDDED_MESSAGES or is_file


def may_hold_parts(entity: Entity) -> bool:
    """Whether `find_nested_layers` looks inside this entity."""
    return has_parts(entity) or is_attached_mail(entity)


def _children(entity: Entity) -> list[Entity]:
    if is_attached_mail(entity):
        return [parse_entity(decode_body(entity))]
    return parse_parts(entity) if has_parts(entity) else []
