"""S/MIME from file to file, of any size, in constant memory (DESIGN, "Streaming").

The functions take binary files and block; they give what their namesakes of `smime_core` give in memory, and the same
verdicts. A source has to be seekable, because it is read more than once: what stands behind the content decides how it
is read, and no plaintext is given out before its tag or padding was checked. Nothing is written anywhere but to
`target`, which the caller moves into place when the function has returned.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import BinaryIO

from smime_core.algorithms import AES_256_CBC, ContentCipher, KeyTransport, SignatureScheme
from smime_core.blocking import run
from smime_core.certificate import Certificate
from smime_core.contacts import NO_CONTACTS, Contacts
from smime_core.content_info import ID_DATA
from smime_core.examiner import Examiner, Opener
from smime_core.header_protection import ProtectionMode
from smime_core.judgement import Claim
from smime_core.kekri import KeyEncryptionKey
from smime_core.key_management import KeyHolder
from smime_core.message import SignatureForm
from smime_core.pkix import TrustStore
from smime_core.policy import Policy
from smime_core.provider import StreamingProvider
from smime_core.signer_info import DEFAULT_OPTIONS, SignerOptions
from smime_core.stream.examination import StreamedReport, examine_octets, open_octets
from smime_core.stream.mail_writing import join_mail, seal_mail, sign_mail, sign_mail_opaque, split_mail
from smime_core.stream.octets import FileOctets, Octets
from smime_core.stream.sinks import FileSink, Sink
from smime_core.stream.writing import ArmorWriter, Signing, copy_octets, seal_octets, sign_detached, sign_opaque

__all__ = [
    "ArmorWriter",
    "Sink",
    "StreamedReport",
    "copy_content",
    "decrypt_file",
    "encrypt_mail_file",
    "entity_of",
    "examine_file",
    "open_file",
    "seal_file",
    "sign_file",
    "sign_mail_file",
]

Source = BinaryIO | Octets
"""A seekable binary file, or octets that are made on the way, as `entity_of` gives them."""


def sign_mail_file(
    source: Source,
    target: Sink,
    *,
    identities: Sequence[KeyHolder],
    provider: StreamingProvider,
    signing_time: datetime.datetime,
    form: SignatureForm = SignatureForm.DETACHED,
    scheme: SignatureScheme | None = None,
    options: SignerOptions = DEFAULT_OPTIONS,
    crls: Sequence[bytes] = (),
    protection: ProtectionMode | None = None,
) -> None:
    """Write the message signed by every identity, as `sign_message` does.

    Raises MalformedMessage for a body that transport might alter; it is not encoded anew here.
    """
    signing = Signing(
        holders=identities, provider=provider, signing_time=signing_time, scheme=scheme, options=options, crls=crls
    )
    if form is SignatureForm.OPAQUE:
        run(sign_mail_opaque(_octets(source), FileSink(target), signing, protection=protection))
    else:
        boundary = f"sealwax-{provider.random_bytes(16).hex()}"
        run(sign_mail(_octets(source), FileSink(target), signing, boundary=boundary, protection=protection))


def sign_file(
    source: Source,
    target: Sink,
    *,
    identities: Sequence[KeyHolder],
    provider: StreamingProvider,
    signing_time: datetime.datetime,
    content_type: str = ID_DATA,
    form: SignatureForm = SignatureForm.OPAQUE,
    scheme: SignatureScheme | None = None,
    options: SignerOptions = DEFAULT_OPTIONS,
    crls: Sequence[bytes] = (),
) -> None:
    """Write DER of SignedData over the content of `source`, as `sign_bytes` does. Raises what it raises."""
    signing = Signing(
        holders=identities,
        provider=provider,
        signing_time=signing_time,
        content_type=content_type,
        scheme=scheme,
        options=options,
        crls=crls,
    )
    if form is SignatureForm.OPAQUE:
        run(sign_opaque(_octets(source), FileSink(target), signing))
    else:
        target.write(run(sign_detached(_octets(source), signing)))


def encrypt_mail_file(
    source: Source,
    target: Sink,
    *,
    recipients: Sequence[Certificate],
    provider: StreamingProvider,
    cipher: ContentCipher = AES_256_CBC,
    transport: KeyTransport | None = None,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    protection: ProtectionMode | None = None,
) -> None:
    """Write the message sealed, as `encrypt_message` does. Raises what it raises."""
    run(
        seal_mail(
            _octets(source),
            FileSink(target),
            recipients=recipients,
            provider=provider,
            cipher=cipher,
            transport=transport,
            passwords=passwords,
            keks=keks,
            protection=protection,
        )
    )


def seal_file(
    source: Source,
    target: Sink,
    *,
    recipients: Sequence[Certificate],
    provider: StreamingProvider,
    content_type: str = ID_DATA,
    cipher: ContentCipher = AES_256_CBC,
    transport: KeyTransport | None = None,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
) -> None:
    """Write DER of EnvelopedData or AuthEnvelopedData over the content of `source`, as `seal_bytes` does.

    Raises what it raises.
    """
    run(
        seal_octets(
            _octets(source),
            FileSink(target),
            recipients=recipients,
            provider=provider,
            content_type=content_type,
            cipher=cipher,
            transport=transport,
            passwords=passwords,
            keks=keks,
        )
    )


def decrypt_file(
    source: Source,
    target: Sink,
    *,
    identities: Sequence[KeyHolder],
    provider: StreamingProvider,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    policy: Policy = Policy.RECEIVE,
) -> None:
    """Write the inner entity under the outer headers, as `decrypt_message` gives it; bare CMS gives its content.

    Every tag and padding was checked before the first octet is written.
    Raises NoMatchingRecipient, DecryptionError, ContentTypeMismatch, MalformedMessage or UnsupportedAlgorithm.
    """
    opener = Opener(identities=identities, passwords=passwords, keks=keks, provider=provider, policy=policy)
    outer, inside = run(open_octets(_octets(source), opener=opener, provider=provider))
    run(copy_octets(run(join_mail(outer, inside)), FileSink(target)))


def open_file(
    source: Source,
    target: Sink,
    *,
    identities: Sequence[KeyHolder],
    provider: StreamingProvider,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    policy: Policy = Policy.RECEIVE,
) -> None:
    """Write what was sealed as it is, without the outer headers. Raises what `decrypt_file` raises."""
    opener = Opener(identities=identities, passwords=passwords, keks=keks, provider=provider, policy=policy)
    _, inside = run(open_octets(_octets(source), opener=opener, provider=provider))
    run(copy_octets(inside, FileSink(target)))


def examine_file(
    source: Source,
    *,
    provider: StreamingProvider,
    trust_store: TrustStore,
    at: datetime.datetime,
    identities: Sequence[KeyHolder] = (),
    sender: str | None = None,
    detached_content: Source | None = None,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    policy: Policy = Policy.RECEIVE,
    contacts: Contacts = NO_CONTACTS,
) -> StreamedReport:
    """The report on an .eml, a MIME entity, DER, BER or PEM, as `examine_message` gives it; see `copy_content`.

    Protected parts inside something larger are looked for as long as it is small.
    Raises MalformedMessage, ContentTypeMismatch, NoMatchingRecipient, DecryptionError or UnsupportedAlgorithm.
    """
    examiner = Examiner(
        identities=identities,
        passwords=passwords,
        keks=keks,
        trust_store=trust_store,
        at=at,
        provider=provider,
        policy=policy,
        contacts=contacts,
    )
    return run(
        examine_octets(
            _octets(source),
            examiner=examiner,
            provider=provider,
            claim=Claim.FROM_FIELD,
            sender=sender,
            detached_content=_octets(detached_content) if detached_content is not None else None,
        )
    )


def entity_of(source: BinaryIO) -> Octets:
    """The canonical entity of a mail, without the fields that stay outside: what is signed or sealed of it.

    Raises MalformedMessage for a body that transport might alter.
    """
    return run(split_mail(FileOctets(source)))[1]


def copy_content(report: StreamedReport, target: Sink) -> None:
    """Write what stood inside all opened layers; `source` has to be open still.

    Raises MalformedMessage for a source that has shrunk since it was examined.
    """
    run(copy_octets(report.content, FileSink(target)))


def _octets(source: Source) -> Octets:
    return source if isinstance(source, Octets) else FileOctets(source)
