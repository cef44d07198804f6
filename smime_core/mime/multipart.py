"""Multiparts: the exact bytes of their parts (RFC 2046 section 5.1.1), and multipart/signed (RFC 1847 section 2.1).

The line end before a boundary belongs to the boundary. All other bytes between two boundaries belong to the part, as
received. LF line ends, blanks after a boundary and a missing close boundary are accepted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.limits import MAX_MIME_PARTS, check_limit
from smime_core.mime.entity import Entity, is_octet_stream, looks_like_cms_part, parse_entity

MAX_BOUNDARY_LENGTH: Final = 300  # RFC 2046 section 5.1.1 allows 70; some programs write more
MAX_DELIMITER_BLANKS: Final = 1_000  # Blanks are added in transit. RFC 5322 section 2.1.1 allows lines of 998.
_CR: Final = 13
_LINE_END: Final = re.compile(rb"\r?\n")
_SIGNATURE_TYPE: Final = "application/pkcs7-signature"


def split_multipart(entity: Entity) -> list[memoryview]:
    """The bytes of each part as received; empty if the boundary does not occur in the body.

    Raises MalformedMessage if there is no usable boundary parameter, LimitExceeded for too many parts.
    """
    return [entity.body[start:end] for start, end in find_parts(entity)]


def parse_parts(entity: Entity) -> list[Entity]:
    """The parts as entities. In a digest, a part without a type is a message (RFC 2046 section 5.1.5).

    Raises the errors of `split_multipart`.
    """
    default = "message/rfc822" if entity.content_type.subtype == "digest" else "text/plain"
    return [parse_entity(part, default_type=default) for part in split_multipart(entity)]


def delimiter_expression(entity: Entity) -> bytes:
    """The regular expression for a delimiter of the multipart, from its first hyphen to the blanks at its end.

    Group 1 is the "--" of the closing delimiter. A match is a delimiter only at the start of a line, with a line end or
    the end of the body after it (RFC 2046 section 5.1.1). Raises MalformedMessage if there is no usable boundary
    parameter.
    """
    boundary = entity.content_type.parameters.get("boundary", "")
    if not 0 < len(boundary) <= MAX_BOUNDARY_LENGTH:
        raise MalformedMessage("a multipart without a usable boundary", where="Content-Type")
    return rb"--%b(--)?[ \t]{0,%d}+" % (re.escape(boundary.encode("utf-8", "replace")), MAX_DELIMITER_BLANKS)


def find_parts(entity: Entity) -> list[tuple[int, int]]:
    """Returns (start, end) of each part in the body. Raises the errors of `split_multipart`."""
    # The line end is not part of the match, because an empty part shares it with the next boundary.
    delimiter = delimiter_expression(entity) + rb"(?=\r?(?:\n|\Z))"
    body = entity.body
    first = re.compile(delimiter).match(body)
    later = re.compile(rb"\n" + delimiter).finditer(body)
    parts: list[tuple[int, int]] = []
    start = -1
    for match in [first, *later] if first else later:
        if start >= 0:
            parts.append((start, _part_end(body, start, match.start())))
            check_limit("parts of a multipart", len(parts), MAX_MIME_PARTS)
        if match[1]:
            return parts
        line_end = _LINE_END.match(body, match.end())
        start = line_end.end() if line_end else len(body)
    if 0 <= start < len(body):
        parts.append((start, len(body)))
    return parts


def is_multipart_signed(entity: Entity) -> bool:
    """Whether this is a multipart/signed of S/MIME by its own header (RFC 8551 section 3.5.3)."""
    protocol = _without_x(entity.content_type.parameters.get("protocol", _SIGNATURE_TYPE))
    return entity.content_type.media_type == "multipart/signed" and protocol == _SIGNATURE_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedParts:
    """The parts of a multipart/signed, as far as they can be found.

    `content` has the signed bytes, which are the first part with its headers, or the whole body if there is no part.
    `signature` is the second part, or None if it is not a signature; `problem` says why. `damage` names faults of the
    multipart that affect neither content nor signature. Without `has_content_part`, the content is the whole body.
    """

    content: memoryview
    signature: Entity | None
    problem: str = ""
    damage: tuple[str, ...] = ()
    has_content_part: bool = True


def find_signed_parts(entity: Entity) -> SignedParts:
    """The parts of a multipart/signed, which may be damaged. Raises LimitExceeded for too many parts.

    A signature with the type pkcs7-mime, or a missing last boundary, is no evidence against the signed bytes.
    """
    try:
        parts = find_parts(entity)
    except LimitExceeded:
        raise
    except MalformedMessage as error:
        return SignedParts(content=entity.body, signature=None, problem=str(error), has_content_part=False)
    content = entity.body[slice(*parts[0])] if parts else entity.body
    if len(parts) != 2:
        return _without_signature(entity, content, f"{len(parts)} parts were found, exactly two belong there")
    signature = parse_entity(entity.body[slice(*parts[1])])
    protocol = _without_x(entity.content_type.parameters.get("protocol", _SIGNATURE_TYPE))
    media_type = _without_x(signature.content_type.media_type)
    other_type = f"the second part is {media_type}, the protocol is {protocol}"
    # Outlook and gateways send a signature as application/octet-stream. Whether the part is a signature is checked when
    # it is parsed.
    if not is_octet_stream(signature) and not looks_like_cms_part(signature):
        return _without_signature(entity, content, other_type)
    unclosed = ("the closing boundary is missing",) if parts[1][1] == len(entity.body) else ()
    other = () if is_octet_stream(signature) or media_type == protocol else (other_type,)
    return SignedParts(content=content, signature=signature, damage=(*unclosed, *other))


def _without_signature(entity: Entity, content: memoryview, problem: str) -> SignedParts:
    if len(content) == len(entity.body) or begins_with_signature(parse_entity(content)):
        return SignedParts(content=entity.body, signature=None, problem=problem, has_content_part=False)
    return SignedParts(content=content, signature=None, problem=problem)


def begins_with_signature(part: Entity) -> bool:
    """Whether the first part of a multipart/signed is its signature.

    Then the boundary before the text is damaged, or the parts have changed places.
    """
    return _without_x(part.content_type.media_type) == _SIGNATURE_TYPE


def split_signed(entity: Entity) -> tuple[memoryview, Entity]:
    """Returns (the signed bytes, which are the first part with its headers; the entity of the signature).

    Raises MalformedMessage unless there are exactly two parts, the second is of the type in `protocol`, and the closing
    boundary is present. Use this function for messages that we have made ourselves, and for messages that will be
    rewritten.
    """
    parts = find_signed_parts(entity)
    problem = parts.problem or "; ".join(parts.damage)
    if parts.signature is None or problem:
        raise MalformedMessage(problem, where="multipart/signed")
    return parts.content, parts.signature


def _part_end(body: memoryview, start: int, line_feed: int) -> int:
    end = line_feed - 1 if line_feed > start and body[line_feed - 1] == _CR else line_feed
    return max(start, end)


def _without_x(media_type: str) -> str:
    return media_type.lower().replace("/x-pkcs7-", "/pkcs7-")
