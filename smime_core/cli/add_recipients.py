"""`sealwax add-recipients`."""

from __future__ import annotations

import click

from smime_core import blocking
from smime_core.cli.files import mode_like, write_output
from smime_core.cli.operations import PROVIDER
from smime_core.cli.options import (
    identities_option,
    input_argument,
    load_all_identities,
    output_option,
)
from smime_core.cli.passphrases import PassphraseSource, load_passwords, passphrase_options, password_file_option
from smime_core.cli.recipients import RecipientOptions, recipient_options
from smime_core.cli.rewriting import load_wrapped
from smime_core.cli.shared_keys import load_shared_keys, shared_key_option
from smime_core.policy import Policy


@click.command("add-recipients")
@input_argument
@output_option
@recipient_options
@click.option(
    "--new-password-file",
    "new_password_files",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    help="File whose first line is a password to add. Repeatable.",
)
@identities_option
@password_file_option
@shared_key_option
@passphrase_options
def add_recipients(
    source: str,
    target: str,
    readers: RecipientOptions,
    new_password_files: tuple[str, ...],
    identity_files: tuple[str, ...],
    password_files: tuple[str, ...],
    shared_keys: tuple[str, ...],
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Seal a message for further people, its content untouched.

    --to and --new-password-file say for whom; --identity, --password-file or --shared-key open it.
    """
    if not (readers.to or new_password_files):
        raise click.UsageError("give --to or --new-password-file: for whom?")
    if not (identity_files or password_files or shared_keys):
        raise click.UsageError("give --identity, --password-file or --shared-key to open it")
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    wrapped = load_wrapped(source)
    cms = blocking.add_recipients(
        wrapped.cms,
        recipients=readers.load().certificates,
        new_passwords=load_passwords(new_password_files),
        holders=load_all_identities(identity_files, passphrases),
        passwords=load_passwords(password_files),
        keks=load_shared_keys(shared_keys).named,
        provider=PROVIDER,
        policy=Policy.ARCHIVE,
    )
    write_output(target, wrapped.wrap(cms), mode=mode_like(source))
