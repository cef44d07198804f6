"""`sealwax encrypt`."""

from __future__ import annotations

import click

from smime_core.algorithms import AES_256_CBC, AES_256_GCM
from smime_core.cli import operations
from smime_core.cli.files import open_input, open_output
from smime_core.cli.options import encoding_options, input_argument, load_recipient, open_cms_output, output_option
from smime_core.cli.passphrases import load_passwords, password_file_option
from smime_core.cli.progress import show_progress


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
    with open_input(source) as data, show_progress(data, "Encrypting") as watched:
        if raw or encoding:
            with open_cms_output(target, encoding) as file:
                operations.seal_content(
                    watched, file, recipients=recipients, passwords=passwords, cipher=cipher, raw=raw
                )
        else:
            with open_output(target) as file:
                operations.encrypt_mail(watched, file, recipients=recipients, passwords=passwords, cipher=cipher)
