"""What the verbs do, in memory for small inputs and streamed for large ones: the same results either way."""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from smime_core import blocking, stream
from smime_core.algorithms import ContentCipher, KeyTransport, SignatureScheme
from smime_core.certificate import Certificate
from smime_core.cli.shared_keys import NO_SHARED_KEYS, SharedKeys
from smime_core.contacts import NO_CONTACTS, Contacts
from smime_core.header_protection import ProtectionMode
from smime_core.limits import MAX_WHOLE_BYTES, check_limit
from smime_core.message import SignatureForm
from smime_core.mime import Entity, looks_like_cms_part, parse_entity, split_message
from smime_core.pkix import TrustStore
from smime_core.policy import Policy
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report import MessageReport
from smime_core.signer_info import DEFAULT_OPTIONS, SignerOptions
from smime_core.stream import Sink
from smime_core.stream.mail import read_entity_head
from smime_core.stream.octets import FileOctets

if TYPE_CHECKING:
    from smime_core.identity import Identity

Input = bytes | BinaryIO
PROVIDER = NativeStreamingProvider()


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningOrder:
    """By whom and how something is signed; `scheme` None is what each key signs with by itself."""

    identities: Sequence[Identity]
    at: datetime.datetime
    form: SignatureForm
    scheme: SignatureScheme | None = None
    options: SignerOptions = DEFAULT_OPTIONS
    crls: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingOrder:
    """For whom and how something is sealed; `transport` None is what goes with the cipher."""

    recipients: Sequence[Certificate]
    passwords: Sequence[bytes]
    shared_keys: SharedKeys
    cipher: ContentCipher
    transport: KeyTransport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What sealed content is opened with."""

    identities: Sequence[Identity] = ()
    passwords: Sequence[bytes] = ()
    shared_keys: SharedKeys = NO_SHARED_KEYS


NO_KEYS = Keys()


def sign_mail(data: Input, target: Sink, order: SigningOrder, *, protection: ProtectionMode | None) -> None:
    """Write the message signed, its header fields too where `protection` is given."""
    if isinstance(data, bytes):
        first, *others = order.identities
        signed = blocking.sign_message(
            data,
            identity=first,
            co_signers=others,
            provider=PROVIDER,
            signing_time=order.at,
            form=order.form,
            scheme=order.scheme,
            options=order.options,
            crls=order.crls,
            protection=protection,
        )
        target.write(signed)
    else:
        stream.sign_mail_file(
            data,
            target,
            identities=order.identities,
            provider=PROVIDER,
            signing_time=order.at,
            form=order.form,
            scheme=order.scheme,
            options=order.options,
            crls=order.crls,
            protection=protection,
        )


def sign_content(data: Input, target: Sink, order: SigningOrder, *, raw: bool) -> None:
    """Write bare CMS over the input as it is, or over the entity of a mail."""
    if isinstance(data, bytes):
        first, *others = order.identities
        signed = blocking.sign_bytes(
            data if raw else split_message(data)[1],
            identity=first,
            co_signers=others,
            provider=PROVIDER,
            signing_time=order.at,
            form=order.form,
            scheme=order.scheme,
            options=order.options,
            crls=order.crls,
        )
        target.write(signed)
    else:
        stream.sign_file(
            data if raw else stream.entity_of(data),
            target,
            identities=order.identities,
            provider=PROVIDER,
            signing_time=order.at,
            form=order.form,
            scheme=order.scheme,
            options=order.options,
            crls=order.crls,
        )


def encrypt_mail(data: Input, target: Sink, order: SealingOrder, *, protection: ProtectionMode | None) -> None:
    """Write the message sealed, its header fields too where `protection` is given."""
    if isinstance(data, bytes):
        sealed = blocking.encrypt_message(
            data,
            recipients=order.recipients,
            passwords=order.passwords,
            keks=order.shared_keys.named,
            cipher=order.cipher,
            transport=order.transport,
            provider=PROVIDER,
            protection=protection,
        )
        target.write(sealed)
    else:
        stream.encrypt_mail_file(
            data,
            target,
            recipients=order.recipients,
            passwords=order.passwords,
            keks=order.shared_keys.named,
            cipher=order.cipher,
            transport=order.transport,
            provider=PROVIDER,
            protection=protection,
        )


def seal_content(data: Input, target: Sink, order: SealingOrder, *, raw: bool) -> None:
    """Write bare CMS that seals the input as it is, or the entity of a mail."""
    if isinstance(data, bytes):
        sealed = blocking.seal_bytes(
            data if raw else split_message(data)[1],
            recipients=order.recipients,
            passwords=order.passwords,
            keks=order.shared_keys.named,
            cipher=order.cipher,
            transport=order.transport,
            provider=PROVIDER,
        )
        target.write(sealed)
    else:
        stream.seal_file(
            data if raw else stream.entity_of(data),
            target,
            recipients=order.recipients,
            passwords=order.passwords,
            keks=order.shared_keys.named,
            cipher=order.cipher,
            transport=order.transport,
            provider=PROVIDER,
        )


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
    keys: Keys = NO_KEYS,
    contacts: Contacts = NO_CONTACTS,
) -> Examined:
    """The report on the input; `content` is that of a detached signature. Old algorithms are read and shown as weak.

    A changed certificate of one of the `contacts` is told.
    """
    if isinstance(data, bytes) and (content is None or isinstance(content, bytes)):
        report = blocking.examine_message(
            data,
            provider=PROVIDER,
            trust_store=trust_store,
            at=at,
            sender=sender,
            detached_content=content,
            identities=keys.identities,
            passwords=keys.passwords,
            keks=keys.shared_keys.named,
            policy=Policy.ARCHIVE,
            contacts=contacts,
        )
        return Examined(report, None)
    streamed = stream.examine_file(
        as_file(data),
        provider=PROVIDER,
        trust_store=trust_store,
        at=at,
        sender=sender,
        detached_content=as_file(content) if content is not None else None,
        identities=keys.identities,
        passwords=keys.passwords,
        keks=keys.shared_keys.named,
        policy=Policy.ARCHIVE,
        contacts=contacts,
    )
    return Examined(streamed.report, streamed)


def choose_protection(data: Input, mode: ProtectionMode) -> ProtectionMode | None:
    """`mode`, or None for a mail that is signed or sealed already: what a signature covers is not altered."""
    entity = parse_entity(data) if isinstance(data, bytes) else blocking.run(read_entity_head(FileOctets(data))).head
    return None if _is_protected(entity) else mode


def _is_protected(entity: Entity) -> bool:
    return entity.content_type.media_type in ("multipart/signed", "multipart/encrypted") or looks_like_cms_part(entity)


def read_whole(data: Input) -> bytes:
    """All octets, where an operation leaves no other way. Raises LimitExceeded."""
    if isinstance(data, bytes):
        return data
    check_limit("bytes taken into memory", data.seek(0, io.SEEK_END), MAX_WHOLE_BYTES)
    data.seek(0)
    return data.read()


def as_file(data: Input) -> BinaryIO:
    """The input as a seekable file."""
    return io.BytesIO(data) if isinstance(data, bytes) else data
