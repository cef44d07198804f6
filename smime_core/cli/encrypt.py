"""`sealwax encrypt`."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Final, cast

import click

from smime_core import blocking
from smime_core.algorithms import (
    AES_128_CBC,
    AES_128_GCM,
    AES_192_CBC,
    AES_192_GCM,
    AES_256_CBC,
    AES_256_GCM,
    CHACHA20_POLY1305,
    ContentCipher,
)
from smime_core.cli import operations
from smime_core.cli.files import mode_like, open_input, open_output
from smime_core.cli.operations import PROVIDER, Input, SealingOrder, SigningOrder
from smime_core.cli.options import (
    encoding_options,
    headers_option,
    identities_option,
    input_argument,
    load_signers,
    now,
    open_cms_output,
    output_option,
)
from smime_core.cli.passphrases import PassphraseSource, load_passwords, passphrase_options, password_file_option
from smime_core.cli.progress import show_progress
from smime_core.cli.recipients import RecipientOptions, recipient_options
from smime_core.cli.shared_keys import SharedKeys, load_shared_keys, shared_key_option
from smime_core.content_info import ID_DATA
from smime_core.encrypted_data import build_encrypted_data
from smime_core.header_protection import ProtectionMode
from smime_core.message import SignatureForm
from smime_core.recipient_info import RSA_OAEP
from smime_core.stream import Sink

_CIPHERS: Final = {
    cipher.name.lower(): cipher
    for cipher in (AES_128_CBC, AES_192_CBC, AES_256_CBC, AES_128_GCM, AES_192_GCM, AES_256_GCM, CHACHA20_POLY1305)
}


@click.command()
@input_argument
@output_option
@recipient_options
@password_file_option
@shared_key_option
@identities_option
@click.option(
    "--modern/--compatible",
    default=None,
    help="AES-256-GCM, or AES-256-CBC which every program reads. By itself GCM only where all contacts read it.",
)
@click.option("--cipher", "cipher_name", type=click.Choice(list(_CIPHERS)), help="Another content cipher.")
@click.option("--oaep", is_flag=True, help="RSA keys receive by OAEP beside CBC too.")
@headers_option
@click.option("--raw", is_flag=True, help="IN is content, not a mail; the result is bare CMS.")
@encoding_options
@passphrase_options
def encrypt(
    source: str,
    target: str,
    readers: RecipientOptions,
    password_files: tuple[str, ...],
    shared_keys: tuple[str, ...],
    identity_files: tuple[str, ...],
    modern: bool | None,
    cipher_name: str | None,
    oaep: bool,
    plain_headers: bool,
    raw: bool,
    encoding: str | None,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Encrypt a mail and its Subject.

    It is for the owners of certificates, and whoever knows a password or has a key that you share.
    With --identity it is signed first; a mail that was signed before keeps its Subject outside. Give your own
    certificate too if you want to read it again. A --shared-key without a name encrypts the content itself, for
    nobody else.
    """
    if not (readers.to or password_files or shared_keys):
        raise click.UsageError("give --to, --password-file or --shared-key: for whom?")
    loaded = readers.load()
    if modern is None:
        # Nobody knows what programs those have who read by a password or a shared key.
        modern = loaded.all_read(AES_256_GCM) and not (password_files or shared_keys)
    order = SealingOrder(
        recipients=loaded.certificates,
        passwords=load_passwords(password_files),
        shared_keys=load_shared_keys(shared_keys),
        cipher=_CIPHERS[cipher_name] if cipher_name else AES_256_GCM if modern else AES_256_CBC,
        transport=RSA_OAEP if oaep else None,
    )
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    with contextlib.ExitStack() as opened:
        data: Input = opened.enter_context(open_input(source))
        data = opened.enter_context(show_progress(data, "Encrypting"))
        protection = None
        if not (plain_headers or raw or encoding):
            protection = operations.choose_protection(data, ProtectionMode.CIPHER)
        if identity_files:
            signing = SigningOrder(
                identities=load_signers(identity_files, passphrases),
                at=now(),
                form=SignatureForm.OPAQUE if raw else SignatureForm.DETACHED,
            )
            data = opened.enter_context(_signed(data, signing, raw=raw, protection=protection))
            protection = None
        _seal(data, target, order, mode=mode_like(source), raw=raw, encoding=encoding, protection=protection)


def _seal(
    data: Input,
    target: str,
    order: SealingOrder,
    *,
    mode: int,
    raw: bool,
    encoding: str | None,
    protection: ProtectionMode | None,
) -> None:
    if order.shared_keys.nameless:
        with open_cms_output(target, encoding, mode=mode) as output:
            _encrypt_for_nobody(data, output, order, raw=raw or bool(encoding))
    elif raw or encoding:
        with open_cms_output(target, encoding, mode=mode) as output:
            operations.seal_content(data, output, order, raw=raw)
    else:
        with open_output(target, mode=mode) as output:
            operations.encrypt_mail(data, output, order, protection=protection)


@contextlib.contextmanager
def _signed(data: Input, order: SigningOrder, *, raw: bool, protection: ProtectionMode | None) -> Iterator[Input]:
    # What is signed and not yet sealed is plaintext: a large one stands on no disk in clear.
    from smime_core.cli.spool import Spool

    with contextlib.closing(io.BytesIO() if isinstance(data, bytes) else Spool()) as signed:
        if raw:
            operations.sign_content(data, cast(Sink, signed), order, raw=True)
        else:
            operations.sign_mail(data, cast(Sink, signed), order, protection=protection)
        yield signed.getvalue() if isinstance(signed, io.BytesIO) else cast(Input, signed)


def _encrypt_for_nobody(data: Input, output: Sink, order: SealingOrder, *, raw: bool) -> None:
    keys: SharedKeys = order.shared_keys
    if len(keys.nameless) != 1 or keys.named or order.recipients or order.passwords or not raw:
        text = "a --shared-key without a name stands alone, with --raw: give NAME=FILE to seal for others beside it"
        raise click.UsageError(text)
    cipher: ContentCipher = order.cipher
    sealed = build_encrypted_data(
        operations.read_whole(data), keys.nameless[0], content_type=ID_DATA, cipher=cipher, provider=PROVIDER
    )
    output.write(blocking.run(sealed))
