"""`sealwax compress` and `sealwax unpack`: compress content, and extract content from layers that need no key."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import click

from sealwax.cli.messages.operations import Input, as_file, open_cms_output
from sealwax.cli.options.parameters import ENCODING, RAW_INPUT, InputToOutput
from sealwax.cli.options.request import given_by, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import PRIVATE_MODE, mode_like, open_input, open_output
from sealwax.cli.streams.progress import show_progress
from smime_core import blocking
from smime_core.asn1 import der
from smime_core.cms import (
    ID_COMPRESSED_DATA,
    ID_DATA,
    ID_DIGESTED_DATA,
    ZLIB_COMPRESS,
    CompressedLayer,
    build_content_info,
    check_digested_data,
    parse_any_layer,
    parse_content_info,
    parse_digested_data,
)
from smime_core.errors import ContentTypeMismatch, MalformedMessage, UnsupportedAlgorithm
from smime_core.mime import Preparation, split_message
from smime_core.stream.content import InflatedOctets
from smime_core.stream.mail import locate_cms, locate_cms_part, open_mail_octets, read_entity_head
from smime_core.stream.mail_writing import Pkcs7MimeWriter, join_mail, split_mail
from smime_core.stream.octets import DerivedOctets, FileOctets, MemoryOctets, Octets, read_head
from smime_core.stream.sinks import FileSink, StreamSink
from smime_core.stream.structure import split_structure
from smime_core.stream.writing import copy_octets


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressRequest(InputToOutput):
    """A mail or other content, and the form of the result."""

    raw: bool = given_by(RAW_INPUT)
    encoding: str | None = given_by(*ENCODING)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackRequest(InputToOutput):
    """A message that needs no key, and where its content goes."""

    raw: bool = given_by(
        click.Option(["--raw"], is_flag=True, help="Write the content as it is, without the mail's headers.")
    )


@verb(CompressRequest)
def compress(request: CompressRequest) -> None:
    """Compress a mail or a file.

    Do this before you sign or encrypt it (RFC 3274). Old programs do not read compressed mail.
    """
    with open_input(request.source) as data, show_progress(data, "Compressing") as watched:
        outer_headers, content = (b"", FileOctets(as_file(watched))) if request.raw else _split(watched)
        mode = mode_like(request.source)
        if request.raw or request.encoding:
            with open_cms_output(request.target, request.encoding, mode) as output:
                blocking.run(_write_compressed(content, FileSink(output)))
        else:
            with open_output(request.target, mode) as file:
                blocking.run(_write_compressed_mail(outer_headers, content, FileSink(file)))


@verb(UnpackRequest)
def unpack(request: UnpackRequest) -> None:
    """Extract compressed content.

    Content with only a digest is extracted too. The digest is checked; it proves nothing about the author.
    """
    with open_input(request.source) as data, show_progress(data, "Unpacking") as watched:
        content = blocking.run(_unpacked(FileOctets(as_file(watched)), raw=request.raw))
        with open_output(request.target, PRIVATE_MODE) as file:
            blocking.run(copy_octets(content, FileSink(file)))


class _DeflatedOctets(DerivedOctets):
    """Content that is compressed while it is read. Each time it is read, it gives the same bytes."""

    def __init__(self, content: Octets) -> None:
        self._content = content

    async def make_blocks(self) -> AsyncIterator[memoryview]:
        """Yield the content as one zlib stream, in blocks."""
        running = zlib.compressobj()
        async for block in self._content.blocks():
            yield memoryview(running.compress(block))
        yield memoryview(running.flush())


def _split(data: Input) -> tuple[bytes, Octets]:
    if isinstance(data, bytes):
        outer_headers, entity = split_message(data)
        return outer_headers, MemoryOctets(entity)
    return blocking.run(split_mail(FileOctets(data), Preparation.SEVEN_BIT))


async def _write_compressed_mail(outer_headers: bytes, content: Octets, target: StreamSink) -> None:
    async with Pkcs7MimeWriter(target, outer_headers, "compressed-data") as body:
        await _write_compressed(content, body)


async def _write_compressed(content: Octets, target: StreamSink) -> None:
    # The content is compressed twice, because its compressed length has to be written before it. A temporary copy on
    # the disk would save the second compression, but would be plaintext.
    compressed = _DeflatedOctets(content)
    before, behind = der.frame(
        await compressed.length(),
        (der.OCTET_STRING, b"", b""),
        (0xA0, b"", b""),
        (der.SEQUENCE, der.oid(ID_DATA), b""),
        (der.SEQUENCE, der.integer(0) + der.sequence(der.oid(ZLIB_COMPRESS)), b""),
        (0xA0, b"", b""),
        (der.SEQUENCE, der.oid(ID_COMPRESSED_DATA), b""),
    )
    await target.write(before)
    await copy_octets(compressed, target)
    await target.write(behind)


async def _unpacked(octets: Octets, *, raw: bool) -> Octets:
    octets = await open_mail_octets(octets)
    entity = None if await locate_cms(octets) is not None else await read_entity_head(octets)
    cms = await (locate_cms_part(entity) if entity is not None else locate_cms(octets))
    if cms is None:
        raise MalformedMessage("found nothing compressed", where="message")
    return await join_mail(entity.head if entity is not None and not raw else None, await _content_of(cms))


async def _content_of(cms: Octets) -> Octets:
    try:
        structure = await split_structure(cms)
    except UnsupportedAlgorithm as error:
        if error.oid != ID_DIGESTED_DATA:
            raise
        return await _checked_content(cms)
    kind = structure.skeleton.content_type
    if kind != ID_COMPRESSED_DATA or structure.content is None:
        raise MalformedMessage("found nothing compressed", where="message")
    skeleton = build_content_info(kind, der.to_definite(structure.skeleton.content, where="CompressedData"))
    layer = parse_any_layer(skeleton)
    if isinstance(layer, CompressedLayer):
        _check_type(layer.compressed.e_content_type)
    inside = InflatedOctets(structure.content)
    # `length` reads the whole content first, so that damage is found before anything is written.
    await inside.length()
    return inside


async def _checked_content(cms: Octets) -> Octets:
    whole = await read_head(cms, await cms.length())
    digested = parse_digested_data(parse_content_info(whole).content)
    _check_type(digested.e_content_type)
    return MemoryOctets(await check_digested_data(digested, provider=PROVIDER))


def _check_type(content_type: str) -> None:
    if content_type != ID_DATA:
        raise ContentTypeMismatch(f"content of type {content_type} does not belong here")
