"""Sign, encrypt and decrypt mail of any size (RFC 8551 sections 3.2 to 3.5). `mime` parses the headers.

Only line ends are converted here, and a body that transport might alter is refused: to be encoded anew for 7-bit
transport, a body has to fit into memory (`mime.seven_bit`). Large mail is nearly always base64 already.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Callable
from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.cms.content_info import ID_DATA, ID_SIGNED_DATA
from smime_core.cms.enveloped_data import enveloped_smime_type
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.limits import MAX_HEADER_BYTES
from smime_core.mail.header_protection import (
    HeaderScheme,
    ProtectionMode,
    find_scheme,
    protect_headers,
    unprotect_headers,
)
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
from smime_core.stream.writing import StreamSigner, copy_octets, encrypt_octets, sign_detached, sign_opaque

_BASE64_LINES_BYTES: Final = 57 * 16_384  # Whole lines of base64.
_LONGEST_LINE_BYTES: Final = 4_194_304  # No mail has longer lines.
_BINARY_PART: Final = re.compile(rb"\ncontent-transfer-encoding:[ \t]*binary", re.IGNORECASE)


class JoinedOctets(DerivedOctets):
    """Several sequences of bytes, one after the other."""

    def __init__(self, *parts: Octets) -> None:
        self._parts = parts

    async def make_blocks(self) -> AsyncIterator[memoryview]:
        """The blocks of each part in turn."""
        for part in self._parts:
            async for block in part.blocks():
                yield block

    async def length(self) -> int:
        """The total length."""
        return sum([await part.length() for part in self._parts])


async def split_mail(message: Octets, protection: ProtectionMode | None = None) -> tuple[bytes, Octets]:
    """Returns (fields that stay outside, canonical entity to sign or encrypt), as `mime.split_message` does.

    With `protection` the entity includes the header fields (RFC 9788). Raises MalformedMessage if the body would have
    to be encoded anew, LimitExceeded for a header block that is too large.
    """
    entity = await read_entity_head(message)
    outer_headers, head = split_message(entity.head.encoded)
    body = entity.body
    if not await _all_lines(body, is_transport_safe):
        body = await _with_crlf(entity)
    if protection is not None:
        outer_headers, head = protect_headers(outer_headers, head, protection)
    return outer_headers, JoinedOctets(MemoryOctets(head), body)


async def _with_crlf(entity: StreamedEntity) -> Octets:
    # The body with CRLF line ends, if nothing else in it needs a change.
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
    message: Octets, target: StreamSink, signer: StreamSigner, boundary: str, protection: ProtectionMode | None = None
) -> None:
    """Write the message as multipart/signed. Raises the errors of `split_mail`."""
    outer_headers, entity = await split_mail(message, protection)
    signature_der = await sign_detached(entity, signer)
    names = micalg(algorithm.hash_name for algorithm in signer.signing.algorithms)
    # The boundary has 128 random bits, so it cannot occur in the message.
    around = build_signed(outer_headers, b"", signature_der, names, boundary)
    content_start = around.index(f"--{boundary}\r\n".encode("ascii")) + len(boundary) + 4
    await target.write(around[:content_start])
    await copy_octets(entity, target)
    await target.write(around[content_start:])


async def sign_mail_opaque(
    message: Octets, target: StreamSink, signer: StreamSigner, protection: ProtectionMode | None = None
) -> None:
    """Write the message with the content inside its signature. Raises the errors of `split_mail`."""
    outer_headers, entity = await split_mail(message, protection)
    async with Pkcs7MimeWriter(target, outer_headers, "signed-data") as body:
        await sign_opaque(entity, body, signer)


async def encrypt_mail(
    message: Octets,
    target: StreamSink,
    encrypting: Encrypting,
    provider: StreamingProvider,
    protection: ProtectionMode | None = None,
) -> None:
    """Write the message encrypted. Raises the errors of `split_mail` and `enveloped_data.start_envelope`."""
    outer_headers, entity = await split_mail(message, protection)
    async with Pkcs7MimeWriter(target, outer_headers, enveloped_smime_type(encrypting)) as body:
        await encrypt_octets(entity, body, encrypting, provider, ID_DATA)


async def join_mail(outer: Entity | None, inside: Octets) -> Octets:
    """The decrypted content. Mail gets its outer header fields again, as `mime.join_message` does it."""
    if outer is None:
        return inside
    entity = await read_entity_head(inside)
    shown = outer_headers_of(await _shown_headers(outer, entity))
    return JoinedOctets(MemoryOctets(join_message(shown, entity.head.encoded)), entity.body)


async def _shown_headers(outer: Entity, inside: StreamedEntity) -> Headers:
    # As in `smime_core.message`, signed content stays unchanged, and its protected fields are repeated outside.
    payload = await _head_of_signed_part(inside)
    if payload is None or find_scheme(payload) in (HeaderScheme.NONE, HeaderScheme.WRAPPED):
        return outer.headers
    return unprotect_headers(outer.headers, payload, signed=False, encrypted=True).headers


async def _head_of_signed_part(entity: StreamedEntity) -> Entity | None:
    # Only the first bytes are read, because locating the whole part would decrypt everything once more.
    if not is_multipart_signed(entity.head) or not has_parts(entity.head):
        return await _head_of_opaque_part(entity)
    head = await read_head(entity.body, MAX_HEADER_BYTES)
    found = re.compile(rb"(?:\A|\n)" + delimiter_expression(entity.head) + rb"\r?\n").search(head)
    return parse_entity(head[found.end() :]) if found and not found[1] else None


async def _head_of_opaque_part(entity: StreamedEntity) -> Entity | None:
    # Returns None for a part that cannot be read. Such a part is left to the examination.
    with contextlib.suppress(SmimeError):
        cms = await locate_cms_part(entity)
        begun = await begin_structure(cms) if cms is not None else None
        if begun is not None and begun.content_type == ID_SIGNED_DATA and begun.content is not None:
            return (await read_entity_head(begun.content)).head
    return None


class Pkcs7MimeWriter:
    """Writes the CMS bytes that it receives as an application/pkcs7-mime message in base64."""

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
        """Encode whole lines and keep the rest for later."""
        self._rest += data
        whole = len(self._rest) - len(self._rest) % _BASE64_LINES_BYTES
        if whole:
            await self._target.write(encode_base64(self._rest[:whole]))
            del self._rest[:whole]


async def _all_lines(body: Octets, holds: Callable[[bytes], bool]) -> bool:
    # `holds` is called with whole lines, so that no match is missed at the border of two blocks.
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
