"""S/MIME from file to file, of any size, in constant memory.

The functions take binary files and return when the work is done. Results and verdicts are the same as those of the
functions in `smime_core`, which work in memory. A source must be seekable, because it is read more than once. Fields
after the content decide how to read the content, and no plaintext is written before its tag or padding was checked. The
functions write only to `target`. The caller moves the target into place after the function has returned. A file that is
changed while it is read is refused (SourceChanged) before a changed byte is used. A layer at the top is around the
whole content of a message, not around one of its parts.
"""

from __future__ import annotations

from typing import BinaryIO

from smime_core.blocking import run
from smime_core.cms import ID_DATA, NO_KEYS, Encrypting, Keys, SignatureForm, Signing
from smime_core.mail.header_protection import ProtectionMode
from smime_core.mime import Preparation
from smime_core.policy import Policy
from smime_core.provider import StreamingProvider
from smime_core.stream.examination import StreamedReport, decrypt_octets, examine_octets
from smime_core.stream.mail_writing import encrypt_mail, join_mail, sign_mail, split_mail
from smime_core.stream.numbered_part import locate_part
from smime_core.stream.octets import FileOctets, Octets
from smime_core.stream.sinks import FileSink, Sink
from smime_core.stream.steady import BlockTags
from smime_core.stream.writing import ArmorWriter, StreamSigner, copy_octets, encrypt_octets, sign_detached, sign_opaque
from smime_core.trust.judging import Judging
from smime_core.verdict import Claim, Decryptor, Examiner

__all__ = [
    "ArmorWriter",
    "Sink",
    "StreamedReport",
    "copy_content",
    "decrypt_file",
    "decrypt_mail_file",
    "encrypt_file",
    "encrypt_mail_file",
    "entity_of",
    "examine_file",
    "part_of",
    "sign_file",
    "sign_mail_file",
]

Source = BinaryIO | Octets
"""A seekable binary file, or bytes that are made while they are read, as `entity_of` returns them."""


def sign_mail_file(
    source: Source,
    target: Sink,
    signing: Signing,
    provider: StreamingProvider,
    protection: ProtectionMode | None = None,
) -> SignatureForm:
    """Write the message signed by every identity, as `sign_message` does. Returns the form of the signature.

    Raises the errors of `sign_message`, and UnsupportedAlgorithm for signers without attributes.
    """
    signer = StreamSigner(signing=signing, provider=provider)
    boundary = f"sealwax-{provider.random_bytes(16).hex()}"
    return run(sign_mail(_open_source(source, provider), FileSink(target), signer, boundary, protection))


def sign_file(
    source: Source, target: Sink, signing: Signing, provider: StreamingProvider, *, content_type: str = ID_DATA
) -> None:
    """Write DER of SignedData over the content of `source`, as `sign_bytes` does. Raises the errors of `sign_bytes`."""
    signer = StreamSigner(signing=signing, provider=provider, content_type=content_type)
    if signing.form is SignatureForm.DETACHED:
        target.write(run(sign_detached(_open_source(source, provider), signer)))
    else:
        run(sign_opaque(_open_source(source, provider), FileSink(target), signer))


def encrypt_mail_file(
    source: Source,
    target: Sink,
    encrypting: Encrypting,
    provider: StreamingProvider,
    protection: ProtectionMode | None = None,
) -> None:
    """Write the message encrypted, as `encrypt_message` does. Raises the errors of `encrypt_message`."""
    run(encrypt_mail(_open_source(source, provider), FileSink(target), encrypting, provider, protection=protection))


def encrypt_file(
    source: Source, target: Sink, encrypting: Encrypting, provider: StreamingProvider, *, content_type: str = ID_DATA
) -> None:
    """Write DER of EnvelopedData or AuthEnvelopedData over the content of `source`, as `encrypt_bytes` does.

    Raises the errors of `encrypt_bytes`.
    """
    run(encrypt_octets(_open_source(source, provider), FileSink(target), encrypting, provider, content_type))


def decrypt_mail_file(
    source: Source, target: Sink, keys: Keys, provider: StreamingProvider, *, policy: Policy = Policy.RECEIVE
) -> None:
    """Write the outer headers and the inner entity, as `decrypt_message` does. For CMS without MIME, write its content.

    Every tag and padding is checked before the first byte is written. Raises NoMatchingRecipient, DecryptionError,
    ContentTypeMismatch, MalformedMessage or UnsupportedAlgorithm.
    """
    decryptor = Decryptor(keys=keys, provider=provider, policy=policy, other_types=True)
    outer, inside = run(decrypt_octets(_open_source(source, provider), provider, decryptor))
    run(copy_octets(run(join_mail(outer, inside)), FileSink(target)))


def decrypt_file(
    source: Source, target: Sink, keys: Keys, provider: StreamingProvider, *, policy: Policy = Policy.RECEIVE
) -> None:
    """Write the decrypted content as it is, without the outer headers. Raises the errors of `decrypt_mail_file`."""
    decryptor = Decryptor(keys=keys, provider=provider, policy=policy, other_types=True)
    _, inside = run(decrypt_octets(_open_source(source, provider), provider, decryptor))
    run(copy_octets(inside, FileSink(target)))


def examine_file(
    source: Source,
    judging: Judging,
    provider: StreamingProvider,
    keys: Keys = NO_KEYS,
    sender: str | None = None,
    *,
    detached_content: Source | None = None,
    policy: Policy = Policy.RECEIVE,
) -> StreamedReport:
    """The report on an .eml, a MIME entity, DER, BER or PEM, as `examine_message` returns it.

    `copy_content` writes the content. Protected parts below the top are judged only in messages of at most
    `limits.MAX_LOOKED_INSIDE_BYTES`. Raises MalformedMessage, ContentTypeMismatch, NoMatchingRecipient, DecryptionError
    or UnsupportedAlgorithm.
    """
    return run(
        examine_octets(
            _open_source(source, provider),
            provider,
            examiner=Examiner(keys=keys, judging=judging, provider=provider, policy=policy, other_types=True),
            claim=Claim.FROM_FIELD,
            sender=sender,
            detached_content=_open_source(detached_content, provider) if detached_content is not None else None,
        )
    )


def entity_of(source: BinaryIO, preparation: Preparation) -> Octets:
    """The entity of a mail, without the fields that stay outside: SEVEN_BIT to sign, CANONICAL to encrypt.

    Raises LimitExceeded.
    """
    return run(split_mail(FileOctets(source), preparation))[1]


def part_of(
    source: Source, number: str, provider: StreamingProvider, keys: Keys = NO_KEYS, *, policy: Policy = Policy.RECEIVE
) -> Octets:
    """The part of a mail with this number, such as "2" or "1.2", as a message of its own, to be examined or decrypted.

    The keys decrypt the layers around the whole; the part itself is not decrypted. Raises the errors of
    `decrypt_mail_file`, and MalformedMessage if there is no such part.
    """
    decryptor = Decryptor(keys=keys, provider=provider, policy=policy, other_types=True)
    return run(locate_part(_open_source(source, provider), number, provider, decryptor))


def copy_content(report: StreamedReport, target: Sink) -> None:
    """Write the content inside all layers that could be read. The source file must still be open.

    Raises SourceChanged if the source has changed since the examination, or MalformedMessage if it has shrunk.
    """
    run(copy_octets(report.content, FileSink(target)))


def _open_source(source: Source, provider: StreamingProvider) -> Octets:
    return source if isinstance(source, Octets) else FileOctets(source, tags=BlockTags(provider))
