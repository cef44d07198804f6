"""`sealwax encrypt`."""

from __future__ import annotations

import click

from smime_core import blocking
from smime_core.algorithms import AES_256_CBC, AES_256_GCM
from smime_core.cli.files import read_input, write_output
from smime_core.cli.options import (
    encoding_options,
    input_argument,
    load_recipient,
    output_option,
    write_cms,
)
from smime_core.cli.passphrases import load_passwords, password_file_option
from smime_core.mime import split_message
from smime_core.providers.native import NativeProvider


@click.command()
@input_argument
@output_option
@click.option("--to", "to", multiple=True, metavar="CERT", help="Recipient's certificate. Repeatable.")
@password_file_option
@click.option("--modern/--compatible", help="AES-256-GCM, or AES-256-CBC which every program reads (the default).")
@click.option("--raw", is_flag=True, help="IN is content, not a mail; the result is bare CMS.")
@encoding_options
def encrypt(
    source: str,
    target: str,
    to: tuple[str, ...],
    password_files: tuple[str, ...],
    modern: bool,
    raw: bool,
    encoding: str | None,
) -> None:
    """Encrypt a mail for the owners of certificates, or for whoever knows a password."""
    if not to and not password_files:
        raise click.UsageError("give --to or --password-file: for whom?")
    cipher = AES_256_GCM if modern else AES_256_CBC
    recipients = [load_recipient(name) for name in to]
    passwords = load_passwords(password_files)
    data = read_input(source)
    provider = NativeProvider()
    if raw or encoding:
        content = data if raw else split_message(data)[1]
        cms_der = blocking.seal_bytes(
            content, recipients=recipients, provider=provider, cipher=cipher, passwords=passwords
        )
        write_cms(target, cms_der, encoding)
        return
    message = blocking.encrypt_message(
        data, recipients=recipients, provider=provider, cipher=cipher, passwords=passwords
    )
    write_output(target, message)
