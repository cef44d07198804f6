"""Mail of any size signed, sealed and put together again (RFC 8551 sections 3.2 to 3.5): header blocks through `mime`.

What must be encoded anew for 7-bit transport has to fit into memory (`mime.seven_bit`): here the body passes as it is,
but for its line ends, and is refused when transport might alter it. Mail that large is base64 nearly always.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from smime_core.der import Buffer
from smime_core.errors import MalformedMessage
from smime_core.header_protection import HeaderScheme, ProtectionMode, find_scheme, protect_headers, unprotect_headers
from smime_core.limits import MAX_HEADER_BYTES
from smime_core.mime import (
    Entity,
    Headers,
    build_pkcs7_mime,
    build_signed,
    is_multipart_signed,
    join_message,
    micalg,
    outer_headers_of,
    parse_entity,
    split_message,
)
from smime_core.mime.canonical import has_crlf_only
from smime_core.mime.seven_bit import is_transport_safe
from smime_core.mime.transfer import encode_base64
from smime_core.stream.beside import Sink
from smime_core.stream.mail import StreamedEntity, find, read_entity_head
from smime_core.stream.octets import CrlfOctets, DerivedOctets, MemoryOctets, Octets, read_head
from smime_core.stream.writing import Signing, sign_detached, sign_opaque

_BASE64_LINES_BYTES: Final = 57 * 16_384  # whole lines of base64
_LONGEST_LINE_BYTES: Final = 4_194_304  # a line without an end is no mail
_BINARY_PART: Final = re.compile(rb"\ncontent-transfer-encoding:[ \t]*binary", re.IGNORECASE)


class JoinedOctets(DerivedOctets):
    """Octets one after the other."""

    def __init__(self, *parts: Octets) -> None:
        self._parts = parts

    def make_blocks(self) -> Iterator[memoryview]:
        """The blocks of each in turn."""
        for part in self._parts:
            yield from part.blocks()

    def length(self) -> int:
        """Theirs together."""
        return sum(part.length() for part in self._parts)


def split_mail(message: Octets, protection: ProtectionMode | None = None) -> tuple[bytes, Octets]:
    """(fields that stay outside, the canonical entity to sign or to seal), as `mime.split_message` does it.

    With `protection` the header fields stand inside too (RFC 9788).
    Raises MalformedMessage when the body would have to be encoded anew, LimitExceeded for an absurd header block.
    """
    entity = read_entity_head(message)
    outer_headers, head = split_message(entity.head.encoded)
    body = entity.body
    if not _all_lines(body, has_crlf_only):
        if find(body, _BINARY_PART, 0, longest=200) or entity.head.transfer_encoding == "binary":
            raise MalformedMessage("a message this large with binary parts has to have CRLF line ends", where="message")
        body = CrlfOctets(body)
    if not _all_lines(body, is_transport_safe):
        raise MalformedMessage(
            "a message this large has to be fit for transport: 7-bit, lines of at most 998 characters", where="message"
        )
    if protection is not None:
        outer_headers, head = protect_headers(outer_headers, head, mode=protection)
    return outer_headers, JoinedOctets(MemoryOctets(head), body)


async def sign_mail(
    message: Octets, target: Sink, signing: Signing, *, boundary: str, protection: ProtectionMode | None = None
) -> None:
    """Write the message as multipart/signed. Raises what `split_mail` raises."""
    outer_headers, entity = split_mail(message, protection)
    signature_der = await sign_detached(entity, signing)
    names = micalg(algorithm.hash_name for algorithm in signing.algorithms)
    # The boundary holds 128 random bits: nobody wrote it into the message.
    around = build_signed(outer_headers, b"", signature_der, names, boundary=boundary)
    content_start = around.index(f"--{boundary}\r\n".encode("ascii")) + len(boundary) + 4
    target.write(around[:content_start])
    for block in entity.blocks():
        target.write(block)
    target.write(around[content_start:])


async def sign_mail_opaque(
    message: Octets, target: Sink, signing: Signing, *, protection: ProtectionMode | None = None
) -> None:
    """Write the message with the content inside its signature. Raises what `split_mail` raises."""
    outer_headers, entity = split_mail(message, protection)
    with Pkcs7MimeWriter(target, outer_headers, "signed-data") as body:
        await sign_opaque(entity, body, signing)


def join_mail(outer: Entity | None, inside: Octets) -> Octets:
    """What was sealed, under the outer fields when it is mail, as `mime.join_message` does it."""
    if outer is None:
        return inside
    entity = read_entity_head(inside)
    shown = outer_headers_of(_shown_headers(outer, entity))
    return JoinedOctets(MemoryOctets(join_message(shown, entity.head.encoded)), entity.body)


def _shown_headers(outer: Entity, inside: StreamedEntity) -> Headers:
    # As in `message`: what a signature covers is handed out as it is, its protected fields outside.
    payload = _head_of_signed_part(inside)
    if payload is None or find_scheme(payload) in (HeaderScheme.NONE, HeaderScheme.WRAPPED):
        return outer.headers
    return unprotect_headers(outer.headers, payload, signed=False, encrypted=True).headers


def _head_of_signed_part(entity: StreamedEntity) -> Entity | None:
    # The first octets say it: to locate the whole part would decrypt everything once more.
    boundary = entity.head.content_type.parameters.get("boundary", "")
    if not is_multipart_signed(entity.head) or not boundary:
        return None
    head = read_head(entity.body, MAX_HEADER_BYTES)
    delimiter = re.compile(rb"(?:\A|\n)--" + re.escape(boundary.encode("utf-8", "replace")) + rb"[ \t]*+\r?\n")
    found = delimiter.search(head)
    return parse_entity(head[found.end() :]) if found else None


class Pkcs7MimeWriter:
    """The CMS octets written to it become an application/pkcs7-mime message in base64."""

    def __init__(self, target: Sink, outer_headers: bytes, smime_type: str) -> None:
        self._target = target
        self._rest = bytearray()
        target.write(build_pkcs7_mime(outer_headers, b"", smime_type))

    def __enter__(self) -> Pkcs7MimeWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._target.write(encode_base64(self._rest))

    def write(self, data: Buffer, /) -> None:
        """Encode what makes whole lines and keep the rest."""
        self._rest += data
        whole = len(self._rest) - len(self._rest) % _BASE64_LINES_BYTES
        if whole:
            self._target.write(encode_base64(self._rest[:whole]))
            del self._rest[:whole]


def _all_lines(body: Octets, holds: Callable[[bytes], bool]) -> bool:
    # Whole lines at a time, so that nothing hides on the border of two blocks.
    kept = b""
    for block in body.blocks():
        lines = kept + bytes(block)
        end = lines.rfind(b"\n") + 1
        if not end and len(lines) > _LONGEST_LINE_BYTES:
            return False
        if end and not holds(lines[:end]):
            return False
        kept = lines[end:]
    return not kept or holds(kept)
