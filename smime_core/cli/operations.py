"""What the verbs do, in memory for small inputs and streamed for large ones: the same results either way."""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from typing import BinaryIO

from smime_core import blocking, stream
from smime_core.algorithms import ContentCipher
from smime_core.certificate import Certificate
from smime_core.errors import MalformedMessage
from smime_core.identity import Identity
from smime_core.layers import parse_message
from smime_core.message import SignatureForm
from smime_core.mime import Entity, decode_body, looks_like_cms_part, split_message
from smime_core.pkix import TrustStore
from smime_core.policy import Policy
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report import MessageReport
from smime_core.stream import Sink

Input = bytes | BinaryIO
PROVIDER = NativeStreamingProvider()


def sign_mail(data: Input, target: Sink, *, identity: Identity, at: datetime.datetime, form: SignatureForm) -> None:
    """Write the message signed."""
    if isinstance(data, bytes):
        target.write(blocking.sign_message(data, identity=identity, provider=PROVIDER, signing_time=at, form=form))
    else:
        stream.sign_mail_file(data, target, identities=[identity], provider=PROVIDER, signing_time=at, form=form)


def sign_content(
    data: Input, target: Sink, *, identity: Identity, at: datetime.datetime, form: SignatureForm, raw: bool
) -> None:
    """Write bare CMS over the input as it is, or over the entity of a mail."""
    if isinstance(data, bytes):
        content = data if raw else split_message(data)[1]
        target.write(blocking.sign_bytes(content, identity=identity, provider=PROVIDER, signing_time=at, form=form))
    else:
        source = data if raw else stream.entity_of(data)
        stream.sign_file(source, target, identities=[identity], provider=PROVIDER, signing_time=at, form=form)


def encrypt_mail(
    data: Input,
    target: Sink,
    *,
    recipients: Sequence[Certificate],
    passwords: Sequence[bytes],
    cipher: ContentCipher,
) -> None:
    """Write the message sealed."""
    if isinstance(data, bytes):
        target.write(
            blocking.encrypt_message(data, recipients=recipients, passwords=passwords, cipher=cipher, provider=PROVIDER)
        )
    else:
        stream.encrypt_mail_file(
            data, target, recipients=recipients, passwords=passwords, cipher=cipher, provider=PROVIDER
        )


def seal_content(
    data: Input,
    target: Sink,
    *,
    recipients: Sequence[Certificate],
    passwords: Sequence[bytes],
    cipher: ContentCipher,
    raw: bool,
) -> None:
    """Write bare CMS that seals the input as it is, or the entity of a mail."""
    if isinstance(data, bytes):
        content = data if raw else split_message(data)[1]
        target.write(
            blocking.seal_bytes(content, recipients=recipients, passwords=passwords, cipher=cipher, provider=PROVIDER)
        )
    else:
        source = data if raw else stream.entity_of(data)
        stream.seal_file(source, target, recipients=recipients, passwords=passwords, cipher=cipher, provider=PROVIDER)


def decrypt(
    data: Input, target: Sink, *, identities: Sequence[Identity], passwords: Sequence[bytes], raw: bool
) -> None:
    """Write what was sealed: `raw` as it is, else under the outer headers when it is mail."""
    if not isinstance(data, bytes):
        write = stream.open_file if raw else stream.decrypt_file
        write(data, target, identities=identities, passwords=passwords, provider=PROVIDER, policy=Policy.ARCHIVE)
        return
    node = parse_message(data)
    if isinstance(node, Entity) and not raw:
        target.write(
            blocking.decrypt_message(
                data, identities=identities, passwords=passwords, provider=PROVIDER, policy=Policy.ARCHIVE
            )
        )
        return
    if isinstance(node, Entity) and not looks_like_cms_part(node):
        raise MalformedMessage("found nothing encrypted", where="message")
    cms = decode_body(node) if isinstance(node, Entity) else node
    opened = blocking.open_bytes(
        cms, identities=identities, passwords=passwords, provider=PROVIDER, policy=Policy.ARCHIVE
    )
    target.write(opened.content)


class Examined:
    """A report, and what stood inside for as long as the input is open."""

    def __init__(self, report: MessageReport, streamed: stream.StreamedReport | None) -> None:
        self.report = report
        self._streamed = streamed

    def write_content(self, target: Sink) -> None:
        """Write what stood inside all opened layers."""
        if self._streamed is None:
            target.write(self.report.content)
        else:
            stream.copy_content(self._streamed, target)


def examine(
    data: Input,
    *,
    trust_store: TrustStore,
    at: datetime.datetime,
    sender: str | None,
    content: Input | None = None,
    identities: Sequence[Identity] = (),
    passwords: Sequence[bytes] = (),
) -> Examined:
    """The report on the input; `content` is that of a detached signature. Old algorithms are read and shown as weak."""
    if isinstance(data, bytes) and (content is None or isinstance(content, bytes)):
        report = blocking.examine_message(
            data,
            provider=PROVIDER,
            trust_store=trust_store,
            at=at,
            sender=sender,
            detached_content=content,
            identities=identities,
            passwords=passwords,
            policy=Policy.ARCHIVE,
        )
        return Examined(report, None)
    streamed = stream.examine_file(
        _as_file(data),
        provider=PROVIDER,
        trust_store=trust_store,
        at=at,
        sender=sender,
        detached_content=_as_file(content) if content is not None else None,
        identities=identities,
        passwords=passwords,
        policy=Policy.ARCHIVE,
    )
    return Examined(streamed.report, streamed)


def _as_file(data: Input) -> BinaryIO:
    return io.BytesIO(data) if isinstance(data, bytes) else data
