"""The operations of the verbs: in memory for small inputs, streamed for large inputs, with the same results."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import BinaryIO

from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import open_input, open_output
from smime_core import blocking, stream
from smime_core.cms import NO_KEYS, Encrypting, Keys, SignatureForm, Signing
from smime_core.limits import MAX_WHOLE_BYTES, check_limit
from smime_core.mail import ProtectionMode
from smime_core.mime import (
    Entity,
    Preparation,
    is_multipart_signed,
    looks_like_cms_part,
    open_mail_file,
    parse_entity,
    split_message,
)
from smime_core.policy import Policy
from smime_core.report import MessageReport
from smime_core.stream import ArmorWriter, Sink
from smime_core.stream.mail import open_mail_octets, read_entity_head
from smime_core.stream.octets import FileOctets, Octets, read_head as read_octets
from smime_core.trust import Judging

Input = bytes | BinaryIO
Message = Input | Octets
"""An input, or a part of a large one."""


def take_part(data: Input, number: str, keys: Keys = NO_KEYS) -> Message:
    """The part of a mail with this number, as a separate message in the form of the input.

    The keys decrypt layers around the part. Raises MalformedMessage without such a part, and the errors of decryption.
    """
    part = stream.part_of(as_file(data), number, PROVIDER, keys, policy=Policy.ARCHIVE)
    # A small message is processed in memory, so its part is returned as bytes too.
    return read_whole(part) if isinstance(data, bytes) else part


def sign_mail(data: Input, target: Sink, signing: Signing, protection: ProtectionMode | None) -> SignatureForm:
    """Write the signed message, and return its form. With `protection` its header fields are signed too."""
    if not isinstance(data, bytes):
        return stream.sign_mail_file(data, target, signing, PROVIDER, protection)
    signed = blocking.sign_message(data, signing, PROVIDER, protection)
    target.write(signed)
    return SignatureForm.DETACHED if is_multipart_signed(parse_entity(signed)) else SignatureForm.OPAQUE


def sign_content(data: Input, target: Sink, signing: Signing, *, raw: bool) -> None:
    """Write bare CMS that signs the whole input if `raw`, otherwise the MIME entity of the mail in the input."""
    if isinstance(data, bytes):
        target.write(blocking.sign_bytes(data if raw else split_message(data)[1], signing, provider=PROVIDER))
    else:
        source = data if raw else stream.entity_of(data, Preparation.SEVEN_BIT)
        stream.sign_file(source, target, signing, provider=PROVIDER)


def encrypt_mail(data: Input, target: Sink, encrypting: Encrypting, protection: ProtectionMode | None) -> None:
    """Write the encrypted message. With `protection` its header fields are encrypted too."""
    if isinstance(data, bytes):
        target.write(blocking.encrypt_message(data, encrypting, PROVIDER, protection))
    else:
        stream.encrypt_mail_file(data, target, encrypting, PROVIDER, protection)


def encrypt_content(data: Input, target: Sink, encrypting: Encrypting, *, raw: bool) -> None:
    """Write bare CMS that encrypts the whole input if `raw`, otherwise the MIME entity of the mail in the input."""
    if isinstance(data, bytes):
        content = data if raw else split_message(data, Preparation.CANONICAL)[1]
        target.write(blocking.encrypt_bytes(content, encrypting, provider=PROVIDER))
    else:
        source = data if raw else stream.entity_of(data, Preparation.CANONICAL)
        stream.encrypt_file(source, target, encrypting, provider=PROVIDER)


class Examined:
    """The report on an input, and its content. The content can be written as long as the input is open."""

    def __init__(self, report: MessageReport, streamed: stream.StreamedReport | None) -> None:
        self.report = report
        self._streamed = streamed

    def write_content(self, target: Sink) -> None:
        """Write the content of all layers that were read."""
        if self._streamed is None:
            target.write(self.report.content)
        else:
            stream.copy_content(self._streamed, target)


def examine(
    data: Message, judging: Judging, *, sender: str | None, content: Input | None = None, keys: Keys = NO_KEYS
) -> Examined:
    """The report on the input, with policy ARCHIVE. `content` is the content of a detached signature."""
    if isinstance(data, bytes) and (content is None or isinstance(content, bytes)):
        report = blocking.examine_message(
            data, judging, PROVIDER, keys, sender, detached_content=content, policy=Policy.ARCHIVE
        )
        return Examined(report, None)
    streamed = stream.examine_file(
        data if isinstance(data, Octets) else as_file(data),
        judging,
        PROVIDER,
        keys,
        sender,
        detached_content=as_file(content) if content is not None else None,
        policy=Policy.ARCHIVE,
    )
    return Examined(streamed.report, streamed)


def choose_protection(data: Input, mode: ProtectionMode) -> ProtectionMode | None:
    """`mode`, or None for a mail that is signed or encrypted already, because signed bytes must not change."""
    return None if _is_protected(read_head(data)) else mode


def read_head(data: Input) -> Entity:
    """The entity with its header. The body of a large input is left out. Raises MalformedMessage or LimitExceeded."""
    return parse_entity(open_mail_file(data)) if isinstance(data, bytes) else blocking.run(_read_head(FileOctets(data)))


async def _read_head(octets: Octets) -> Entity:
    return (await read_entity_head(await open_mail_octets(octets))).head


def _is_protected(entity: Entity) -> bool:
    return entity.content_type.media_type in ("multipart/signed", "multipart/encrypted") or looks_like_cms_part(entity)


@contextlib.contextmanager
def open_cms_output(target: str, encoding: str | None, mode: int) -> Iterator[Sink]:
    """A sink for the DER of bare CMS. It writes PEM if `encoding` is "pem"."""
    with open_output(target, mode) as file:
        if encoding != "pem":
            yield file
            return
        with ArmorWriter(file) as armored:
            yield armored


def load_whole(name: str) -> bytes:
    """All bytes of a file or of standard input. Raises OSError or LimitExceeded."""
    with open_input(name) as data:
        return read_whole(data)


def read_whole(data: Message) -> bytes:
    """All bytes of an input, for operations that need them in memory. Raises LimitExceeded."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, Octets):
        whole = blocking.run(read_octets(data, MAX_WHOLE_BYTES + 1))
        check_limit("bytes taken into memory", len(whole), MAX_WHOLE_BYTES)
        return whole
    check_limit("bytes taken into memory", data.seek(0, io.SEEK_END), MAX_WHOLE_BYTES)
    data.seek(0)
    return data.read()


def as_file(data: Input) -> BinaryIO:
    """The input as a seekable file."""
    return io.BytesIO(data) if isinstance(data, bytes) else data
