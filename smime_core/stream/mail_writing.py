"""Sign, encrypt and decrypt mail of any size (RFC 8551 sections 3.2 to 3.5). `mime` parses the headers."""

from __future__ import annotations

import contextlib
import re
from typing import NamedTuple

from smime_core.asn1.der import Buffer
from smime_core.cms import ID_DATA, ID_SIGNED_DATA, Encrypting, SignatureForm
from smime_core.cms.enveloped_data import enveloped_smime_type
from smime_core.cms.signed_frame import build_frame, needs_frame, new_boundary
from smime_core.errors import SmimeError
from smime_core.limits import MAX_HEADER_BYTES
from smime_core.mail.header_protection import (
    HeaderScheme,
    ProtectionMode,
    find_scheme,
    protect_headers,
    unprotect_headers,
)
from smime_core.mail.legacy_display_writing import MAX_SEARCHED_BYTES
from smime_core.mime import (
    Entity,
    Headers,
    Preparation,
    build_pkcs7_mime,
    build_signed,
    has_parts,
    is_multipart_signed,
    join_message,
    micalg,
    outer_headers_of,
    parse_entity,
)
from smime_core.mime.assemble import inner_headers_of, names_type
from smime_core.mime.multipart import delimiter_expression
from smime_core.mime.piecewise import Base64Encoder
from smime_core.mime.preparation_scan import cut_field_bytes
from smime_core.provider import StreamingProvider
from smime_core.stream.mail import StreamedEntity, locate_cms_part, open_mail_octets, read_entity_head
from smime_core.stream.octets import JoinedOctets, MemoryOctets, Octets, read_head, slice_octets
from smime_core.stream.preparing import prepare_mail
from smime_core.stream.sinks import FileSink, StreamSink
from smime_core.stream.structure import begin_structure
from smime_core.stream.writing import StreamSigner, copy_octets, encrypt_octets, sign_detached, sign_opaque


class _SplitMail(NamedTuple):
    outer_headers: bytes
    entity: Octets
    cut_field_bytes: int


async def split_mail(
    message: Octets, preparation: Preparation, protection: ProtectionMode | None = None
) -> tuple[bytes, Octets]:
    """Returns (fields that stay outside, entity to sign or encrypt), as `mime.split_message` does.

    With `protection` the entity includes the header fields (RFC 9788). Raises the errors of `prepare_mail`.
    """
    outer_headers, entity, _ = await _split(message, preparation, protection)
    return outer_headers, entity


async def _split(
    message: Octets, preparation: Preparation, protection: ProtectionMode | None, signer: StreamSigner | None = None
) -> _SplitMail:
    entity = await read_entity_head(await open_mail_octets(message))
    headers = entity.head.headers
    is_ascii = names_type(headers) or await _is_ascii(entity.body)
    head = inner_headers_of(headers, body_is_ascii=is_ascii) + b"\r\n"
    outer_headers, prepared = outer_headers_of(headers), await prepare_mail(head, entity.body, preparation)
    head, body = prepared.head, prepared.body
    longest = max(prepared.cut_field_bytes, cut_field_bytes(head))
    if signer is not None and signer.signing.mail_form(longest) is SignatureForm.DETACHED:
        head, body = await _framed(head, body, signer.provider, protection)
    start = b""
    if protection is ProtectionMode.CIPHER_WITH_COPY:
        # The copy of the hidden fields goes to the beginning of the body.
        start, body = await _cut(body, MAX_SEARCHED_BYTES + 1)
    if protection is not None:
        outer_headers, head = protect_headers(outer_headers, head + start, protection)
    longest = max(longest, cut_field_bytes(parse_entity(head).headers.raw + b"\r\n"))
    return _SplitMail(outer_headers, JoinedOctets(MemoryOctets(head), body), longest)


async def _cut(body: Octets, length: int) -> tuple[bytes, Octets]:
    start = await read_head(body, length)
    return start, slice_octets(body, length) if len(start) == length else MemoryOctets(b"")


async def _framed(
    head: bytes, body: Octets, provider: StreamingProvider, protection: ProtectionMode | None
) -> tuple[bytes, Octets]:
    # As in `smime_core.message`.
    parsed = parse_entity(head + await read_head(body, MAX_HEADER_BYTES))
    if not needs_frame(parsed, protects=protection is not None):
        return head, body
    frame_head, before, behind = build_frame(new_boundary(provider))
    return frame_head, JoinedOctets(MemoryOctets(before + head), body, MemoryOctets(behind))


async def sign_mail(
    message: Octets, target: StreamSink, signer: StreamSigner, boundary: str, protection: ProtectionMode | None = None
) -> SignatureForm:
    """Write the signed message, and return its form. Raises the errors of `split_mail` and `Signing.mail_form`.

    The content is read once if `target` is a seekable file. Otherwise nothing is written before the signatures are
    made, so the content is read twice: for hashing and for writing.
    """
    outer_headers, entity, longest = await _split(message, Preparation.SEVEN_BIT, protection, signer)
    form = signer.signing.mail_form(longest)
    if form is SignatureForm.OPAQUE:
        async with Pkcs7MimeWriter(target, outer_headers, "signed-data") as body:
            await sign_opaque(entity, body, signer)
    else:
        await _sign_in_clear(outer_headers, entity, target, signer, boundary)
    return form


async def _sign_in_clear(
    outer_headers: bytes, entity: Octets, target: StreamSink, signer: StreamSigner, boundary: str
) -> None:
    names = micalg(algorithm.hash_name for algorithm in signer.signing.algorithms)
    # The boundary has 128 random bits, so it cannot occur in the message.
    before, delimiter, _ = build_signed(outer_headers, b"", b"", names, boundary).partition(
        b"--%b\r\n" % boundary.encode()
    )
    if isinstance(target, FileSink) and target.is_seekable:
        await target.write(before + delimiter)
        signature_der = await sign_detached(entity, signer, copy_to=target)
    else:
        signature_der = await sign_detached(entity, signer)
        await target.write(before + delimiter)
        await copy_octets(entity, target)
    signed = build_signed(outer_headers, b"", signature_der, names, boundary)
    await target.write(signed[len(before + delimiter) :])


async def encrypt_mail(
    message: Octets,
    target: StreamSink,
    encrypting: Encrypting,
    provider: StreamingProvider,
    protection: ProtectionMode | None = None,
) -> None:
    """Write the message encrypted. Raises the errors of `split_mail` and `enveloped_data.start_envelope`."""
    outer_headers, entity = await split_mail(message, Preparation.CANONICAL, protection)
    async with Pkcs7MimeWriter(target, outer_headers, enveloped_smime_type(encrypting)) as body:
        await encrypt_octets(entity, body, encrypting, provider, ID_DATA)


async def join_mail(outer: Entity | None, inside: Octets) -> Octets:
    """The decrypted content. Mail gets its outer header fields again, as in `mime.join_message`."""
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
    delimiter = re.compile(rb"(?:\A|\n)" + delimiter_expression(entity.head) + rb"\r?\n").search(head)
    return parse_entity(head[delimiter.end() :]) if delimiter and not delimiter[1] else None


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
        self._encoder = Base64Encoder()

    async def __aenter__(self) -> Pkcs7MimeWriter:
        await self._target.write(self._head)
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        if kind is None:
            await self._target.write(self._encoder.finish())

    async def write(self, data: Buffer, /) -> None:
        """Encode whole lines and keep the rest for later."""
        if encoded := self._encoder.feed(data):
            await self._target.write(encoded)


async def _is_ascii(body: Octets) -> bool:
    async for block in body.blocks():
        if not bytes(block).isascii():
            return False
    return True
