"""Mail of any size signed, sealed and put together again (RFC 8551 sections 3.2 to 3.5): header blocks through `mime`.

What must be encoded anew for 7-bit transport has to fit into memory (`mime.seven_bit`): here the body passes as it is,
but for its line ends, and is refused when transport might alter it. Mail that large is base64 nearly always.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from smime_core.algorithms import AES_256_CBC, CipherMode, ContentCipher, KeyTransport
from smime_core.certificate import Certificate
from smime_core.content_info import ID_DATA, ID_SIGNED_DATA
from smime_core.der import Buffer
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.header_protection import HeaderScheme, ProtectionMode, find_scheme, protect_headers, unprotect_headers
from smime_core.kekri import KeyEncryptionKey
from smime_core.limits import MAX_HEADER_BYTES
from smime_core.mime import (
    Entity,
    Headers,
    build_pkcs7_mime,
    build_signed,
    has_parts,
    is_multipart_signed,
    join_message,
    micalg,
    outer_headers_of,
    parse_entity,
    split_message,
)
from smime_core.mime.canonical import has_crlf_only
from smime_core.mime.multipart import delimiter_expression
from smime_core.mime.seven_bit import is_transport_safe
from smime_core.mime.transfer import encode_base64
from smime_core.provider import StreamingProvider
from smime_core.stream.mail import StreamedEntity, find, locate_cms_part, read_entity_head
from smime_core.stream.octets import CrlfOctets, DerivedOctets, MemoryOctets, Octets, read_head
from smime_core.stream.sinks import StreamSink
from smime_core.stream.structure import begin_structure
from smime_core.stream.writing import Signing, copy_octets, seal_octets, sign_detached, sign_opaque

_BASE64_LINES_BYTES: Final = 57 * 16_384  # whole lines of base64
_LONGEST_LINE_BYTES: Final = 4_194_304  # a line without an end is no mail
_BINARY_PART: Final = re.compile(rb"\ncontent-transfer-encoding:[ \t]*binary", re.IGNORECASE)


class JoinedOctets(DerivedOctets):
    """Octets one after the other."""

    def __init__(self, *parts: Octets) -> None:
        self._parts = parts

    async def make_blocks(self) -> AsyncIterator[memoryview]:
        """The blocks of each in turn."""
        for part in self._parts:
            async for block in part.blocks():
                yield block

    async def length(self) -> int:
        """Theirs together."""
        return sum([await part.length() for part in self._parts])


async def split_mail(message: Octets, protection: ProtectionMode | None = None) -> tuple[bytes, Octets]:
    """(fields that stay outside, the canonical entity to sign or to seal), as `mime.split_message` does it.

    With `protection` the header fields stand inside too (RFC 9788).
    Raises MalformedMessage when the body would have to be encoded anew, LimitExceeded for an absurd header block.
    """
    entity = await read_entity_head(message)
    outer_headers, head = split_message(entity.head.encoded)
    body = entity.body
    if not await _all_lines(body, is_transport_safe):
        body = await _with_crlf(entity)
    if protection is not None:
        outer_headers, head = protect_headers(outer_headers, head, mode=protection)
    return outer_headers, JoinedOctets(MemoryOctets(head), body)


async def _with_crlf(entity: StreamedEntity) -> Octets:
    # The body once its line ends are CRLF, which is all that may be wrong with it.
    has_crlf = await _all_lines(entity.body, has_crlf_only)
    is_binary = entity.head.transfer_encoding == "binary"
    if not has_crlf and (is_binary or await find(entity.body, _BINARY_PART, 0, longest=200)):
        raise MalformedMessage("a message this large with binary parts has to have CRLF line ends", where="message")
    body = CrlfOctets(entity.body)
    if has_crlf or not await _all_lines(body, is_transport_safe):
        raise MalformedMessage(
            "a message this large has to be fit for transport: 7-bit, lines of at most 998 characters", where="message"
        )
    return body


async def sign_mail(
    message: Octets, target: StreamSink, signing: Signing, *, boundary: str, protection: ProtectionMode | None = None
) -> None:
    """Write the message as multipart/signed. Raises what `split_mail` raises."""
    outer_headers, entity = await split_mail(message, protection)
    signature_der = await sign_detached(entity, signing)
    names = micalg(algorithm.hash_name for algorithm in signing.algorithms)
    # The boundary holds 128 random bits: nobody wrote it into the message.
    around = build_signed(outer_headers, b"", signature_der, names, boundary=boundary)
    content_start = around.index(f"--{boundary}\r\n".encode("ascii")) + len(boundary) + 4
    await target.write(around[:content_start])
    await copy_octets(entity, target)
    await target.write(around[content_start:])


async def sign_mail_opaque(
    message: Octets, target: StreamSink, signing: Signing, *, protection: ProtectionMode | None = None
) -> None:
    """Write the message with the content inside its signature. Raises what `split_mail` raises."""
    outer_headers, entity = await split_mail(message, protection)
    async with Pkcs7MimeWriter(target, outer_headers, "signed-data") as body:
        await sign_opaque(entity, body, signing)


async def seal_mail(
    message: Octets,
    target: StreamSink,
    *,
    recipients: Sequence[Certificate],
    provider: StreamingProvider,
    cipher: ContentCipher = AES_256_CBC,
    transport: KeyTransport | None = None,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    protection: ProtectionMode | None = None,
) -> None:
    """Write the message sealed. Raises what `split_mail` and `enveloped_data.start_envelope` raise."""
    outer_headers, entity = await split_mail(message, protection)
    smime_type = "enveloped-data" if cipher.mode is CipherMode.CBC else "authEnveloped-data"
    async with Pkcs7MimeWriter(target, outer_headers, smime_type) as body:
        await seal_octets(
            entity,
            body,
            recipients=recipients,
            provider=provider,
            content_type=ID_DATA,
            cipher=cipher,
            transport=transport,
            passwords=passwords,
            keks=keks,
        )


async def join_mail(outer: Entity | None, inside: Octets) -> Octets:
    """What was sealed, under the outer fields when it is mail, as `mime.join_message` does it."""
    if outer is None:
        return inside
    entity = await read_entity_head(inside)
    shown = outer_headers_of(await _shown_headers(outer, entity))
    return JoinedOctets(MemoryOctets(join_message(shown, entity.head.encoded)), entity.body)


async def _shown_headers(outer: Entity, inside: StreamedEntity) -> Headers:
    # As in `message`: what a signature covers is handed out as it is, its protected fields outside.
    payload = await _head_of_signed_part(inside)
    if payload is None or find_scheme(payload) in (HeaderScheme.NONE, HeaderScheme.WRAPPED):
        return outer.headers
    return unprotect_headers(outer.headers, payload, signed=False, encrypted=True).headers


async def _head_of_signed_part(entity: StreamedEntity) -> Entity | None:
    # The first octets say it: to locate the whole part would decrypt everything once more.
    if not is_multipart_signed(entity.head) or not has_parts(entity.head):
        return await _head_of_opaque_part(entity)
    head = await read_head(entity.body, MAX_HEADER_BYTES)
    found = re.compile(rb"(?:\A|\n)" + delimiter_expression(entity.head) + rb"\r?\n").search(head)
    return parse_entity(head[found.end() :]) if found and not found[1] else None


async def _head_of_opaque_part(entity: StreamedEntity) -> Entity | None:
    # A part that cannot be read is handed out as it is, and judged by whoever examines it.
    with contextlib.suppress(SmimeError):
        cms = await locate_cms_part(entity)
        begun = await begin_structure(cms) if cms is not None else None
        if begun is not None and begun.content_type == ID_SIGNED_DATA and begun.content is not None:
            return (await read_entity_head(begun.content)).head
    return None


class Pkcs7MimeWriter:
    """The CMS octets written to it become an application/pkcs7-mime message in base64."""

    def __init__(self, target: StreamSink, outer_headers: bytes, smime_type: str) -> None:
        self._target = target
        self._head = build_pkcs7_mime(outer_headers, b"", smime_type)
        self._rest = bytearray()

    async def __aenter__(self) -> Pkcs7MimeWriter:
        await self._target.write(self._head)
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        if kind is None:
            await self._target.write(encode_base64(self._rest))

    async def write(self, data: Buffer, /) -> None:
        """Encode what makes whole lines and keep the rest."""
        self._rest += data
        whole = len(self._rest) - len(self._rest) % _BASE64_LINES_BYTES
        if whole:
            await self._target.write(encode_base64(self._rest[:whole]))
            del self._rest[:whole]


async def _all_lines(body: Octets, holds: Callable[[bytes], bool]) -> bool:
    # Whole lines at a time, so that nothing hides on the border of two blocks.
    kept = b""
    async for block in body.blocks():
        lines = kept + bytes(block)
        end = lines.rfind(b"\n") + 1
        if not end and len(lines) > _LONGEST_LINE_BYTES:
            return False
        if end and not holds(lines[:end]):
            return False
        kept = lines[end:]
    return not kept or holds(kept)
