"""`sealwax encrypt`."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast

import click

from sealwax.cli.judging.recipients import ALLOW_MIXED, RecipientOptions, Recipients, confirm_mixed
from sealwax.cli.messages import operations
from sealwax.cli.messages.operations import Input
from sealwax.cli.options.parameters import (
    ENCODING,
    IDENTITIES,
    PLAIN_HEADERS,
    RAW_INPUT,
    SHA2_HASHES,
    InputToOutput,
    ValueChoice,
    now,
)
from sealwax.cli.options.passphrases import PASSWORDS, PassphraseSource, load_passwords
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.options.shared_keys import SHARED_KEYS, SharedKeys, load_shared_keys
from sealwax.cli.options.signers import HOLDER, load_signers, warn_of_author, warn_of_date
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import mode_like, open_input, open_output, write_error
from sealwax.cli.streams.progress import show_progress
from smime_core import blocking
from smime_core.algorithms import (
    AES_128_CBC,
    AES_128_GCM,
    AES_192_CBC,
    AES_192_GCM,
    AES_256_CBC,
    AES_256_GCM,
    CHACHA20_POLY1305,
    HashName,
)
from smime_core.cms import ID_DATA, Encrypting, SignatureForm, Signing, build_encrypted_data, mixes_readers, rsa_oaep
from smime_core.mail import ProtectionMode
from smime_core.mime import Headers, addresses
from smime_core.stream import Sink
from smime_core.text import address_key

_CIPHERS: Final = {
    cipher.name.lower(): cipher
    for cipher in (AES_128_CBC, AES_192_CBC, AES_256_CBC, AES_128_GCM, AES_192_GCM, AES_256_GCM, CHACHA20_POLY1305)
}
_MAX_UNCOVERED_SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptRequest(InputToOutput):
    """A mail or content, its recipients, and how it is encrypted."""

    recipients: RecipientOptions = group_of(RecipientOptions)
    password_files: tuple[str, ...] = given_by(PASSWORDS)
    allows_mixed: bool = given_by(ALLOW_MIXED)
    shared_keys: tuple[str, ...] = given_by(SHARED_KEYS)
    identity_files: tuple[str, ...] = given_by(IDENTITIES)
    holder: str | None = given_by(HOLDER)
    modern: bool | None = given_by(
        click.Option(
            ["--modern/--compatible"],
            default=None,
            help="AES-256-GCM, or AES-256-CBC which every program reads. "
            "By itself GCM only where all contacts read it.",
        )
    )
    cipher_name: str | None = given_by(
        click.Option(["--cipher", "cipher_name"], type=click.Choice(list(_CIPHERS)), help="Another content cipher.")
    )
    oaep: bool = given_by(click.Option(["--oaep"], is_flag=True, help="RSA keys receive by OAEP with CBC too."))
    oaep_hash: HashName | None = given_by(
        click.Option(["--oaep-hash"], type=ValueChoice(SHA2_HASHES), help="RSA keys receive by OAEP with this hash.")
    )
    plain_headers: bool = given_by(PLAIN_HEADERS)
    raw: bool = given_by(RAW_INPUT)
    encoding: str | None = given_by(*ENCODING)
    passphrases: PassphraseSource = group_of(PassphraseSource)

    def __post_init__(self) -> None:
        if not (self.recipients.to or self.password_files or self.shared_keys):
            raise click.UsageError("give --to, --password-file or --shared-key: for whom?")

    @property
    def is_bare(self) -> bool:
        """Whether the result is bare CMS."""
        return bool(self.raw or self.encoding)

    def load_encrypting(self, recipients: Recipients, shared: SharedKeys) -> Encrypting:
        """The recipients and the cipher. Raises OSError or MalformedMessage."""
        modern = self.modern
        if modern is None:
            # The capabilities of programs that decrypt with a password or a shared key are unknown.
            modern = recipients.all_read(AES_256_GCM) and not (self.password_files or self.shared_keys)
        return Encrypting(
            recipients=recipients.certificates,
            passwords=load_passwords(self.password_files),
            keks=shared.named,
            cipher=_CIPHERS[self.cipher_name] if self.cipher_name else AES_256_GCM if modern else AES_256_CBC,
            transport=rsa_oaep(self.oaep_hash or HashName.SHA256) if self.oaep or self.oaep_hash else None,
        )


@verb(EncryptRequest)
def encrypt(request: EncryptRequest) -> None:
    """Encrypt a mail and its Subject.

    The owners of the certificates, and people who know a password or have a key that you share, can read it.
    With --identity it is signed first. The Subject of a mail that was signed before stays outside. Give your own
    certificate too if you want to read it again. A --shared-key without a name encrypts the content itself: then
    only people who have that key can read it.
    """
    # Each file of keys is read only once, because it may be a pipe.
    shared = load_shared_keys(request.shared_keys)
    recipients = request.recipients.load()
    encrypting = request.load_encrypting(recipients, shared)
    if mixes_readers(encrypting) and not (request.is_bare or request.allows_mixed):
        confirm_mixed()
    with contextlib.ExitStack() as opened:
        data: Input = opened.enter_context(open_input(request.source))
        data = opened.enter_context(show_progress(data, "Encrypting"))
        if not request.raw and encrypting.recipients:
            _name_uncovered(operations.read_head(data).headers, encrypting)
        protection = _choose_protection(request, data, recipients)
        if request.identity_files:
            data = opened.enter_context(_signed(request, data, protection))
            # The header fields are protected inside the signature now.
            protection = None
        if shared.nameless:
            _write_for_nobody(request, data, encrypting, shared.nameless)
        else:
            _write_encrypted(request, data, encrypting, protection)


def _name_uncovered(headers: Headers, encrypting: Encrypting) -> None:
    """Name the people in To, Cc and Bcc for whom nothing was given: they would get a mail that they cannot read."""
    if (
        encrypting.passwords
        or encrypting.keks
        or not all(recipient.email_addresses for recipient in encrypting.recipients)
    ):
        # A password, a shared key, or a certificate that names nobody may belong to any of these people.
        return
    covered = {address_key(address) for recipient in encrypting.recipients for address in recipient.email_addresses}
    fields = [field for name in ("To", "Cc", "Bcc") for field in headers.find(name)]
    named = (mailbox.address for field in fields for mailbox in addresses(field.unfolded) if mailbox.address)
    missing = [address for address in dict.fromkeys(named) if address_key(address) not in covered]
    if missing:
        further = len(missing) - _MAX_UNCOVERED_SHOWN
        shown = ", ".join(missing[:_MAX_UNCOVERED_SHOWN]) + (f" and {further} more" if further > 0 else "")
        write_error(f"{shown}: no certificate was given by --to, so that they cannot read this")


def _choose_protection(request: EncryptRequest, data: Input, recipients: Recipients) -> ProtectionMode | None:
    if request.plain_headers or request.is_bare:
        return None
    is_known = recipients.all_read_header_protection and not (request.password_files or request.shared_keys)
    mode = ProtectionMode.CIPHER if is_known else ProtectionMode.CIPHER_WITH_COPY
    return operations.choose_protection(data, mode)


def _write_encrypted(
    request: EncryptRequest, data: Input, encrypting: Encrypting, protection: ProtectionMode | None
) -> None:
    mode = mode_like(request.source)
    if request.is_bare:
        with operations.open_cms_output(request.target, request.encoding, mode) as output:
            operations.encrypt_content(data, output, encrypting, raw=request.raw)
    else:
        with open_output(request.target, mode) as output:
            operations.encrypt_mail(data, output, encrypting, protection)


def _write_for_nobody(
    request: EncryptRequest, data: Input, encrypting: Encrypting, content_keys: Sequence[bytes]
) -> None:
    """Write EncryptedData, which has no recipients (RFC 5652 section 8)."""
    if len(content_keys) != 1 or encrypting or not request.is_bare:
        raise click.UsageError(
            "a --shared-key without a name needs --raw and allows no other recipient: "
            "give NAME=FILE to encrypt for others too"
        )
    encrypted = build_encrypted_data(
        operations.read_whole(data),
        content_keys[0],
        content_type=ID_DATA,
        cipher=encrypting.cipher or AES_256_CBC,
        provider=PROVIDER,
    )
    with operations.open_cms_output(request.target, request.encoding, mode_like(request.source)) as output:
        output.write(blocking.run(encrypted))


@contextlib.contextmanager
def _signed(request: EncryptRequest, data: Input, protection: ProtectionMode | None) -> Iterator[Input]:
    # Signed content that is not yet encrypted is plaintext. If it is large, it waits in an encrypted file.
    from sealwax.cli.streams.spool import Spool

    at = now()
    choice = request.recipients.signer_choice(request.holder)
    headers = None if request.raw else operations.read_head(data).headers
    warn_of_date(headers, at)
    warn_of_author(headers)
    rules = choice.rules(at, headers)
    signing = Signing(
        identities=load_signers(request.identity_files, request.passphrases, rules),
        signing_time=at,
        form=SignatureForm.OPAQUE if request.raw else None,
    )
    with contextlib.closing(io.BytesIO() if isinstance(data, bytes) else Spool()) as signed:
        if request.raw:
            operations.sign_content(data, cast(Sink, signed), signing, raw=True)
        else:
            operations.sign_mail(data, cast(Sink, signed), signing, protection)
        yield signed.getvalue() if isinstance(signed, io.BytesIO) else cast(Input, signed)
