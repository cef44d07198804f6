"""`sealwax countersign` and `sealwax add-signer`: further signatures on what is signed already."""

from __future__ import annotations

import click

from smime_core import blocking
from smime_core.cli.files import mode_like, write_output
from smime_core.cli.operations import PROVIDER
from smime_core.cli.options import FILE, input_argument, load_signers, now, output_option
from smime_core.cli.passphrases import PassphraseSource, passphrase_options
from smime_core.cli.rewriting import load_wrapped

_signer_option = click.option(
    "--identity",
    "identity_files",
    multiple=True,
    required=True,
    metavar="P12",
    type=FILE,
    help="PKCS#12 or PEM file of a signer. Repeatable.",
)


@click.command()
@input_argument
@output_option
@_signer_option
@click.option("--signer", "number", type=click.IntRange(min=1), default=1, help="Whose signature, as inspect counts.")
@passphrase_options
def countersign(
    source: str,
    target: str,
    identity_files: tuple[str, ...],
    number: int,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Sign somebody's signature: that it had been made by now.

    The content and the other signatures stay as they are. Nothing says here that they hold: verify them first.
    """
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    wrapped, at = load_wrapped(source), now()
    cms = wrapped.cms
    for signer in load_signers(identity_files, passphrases):
        cms = blocking.add_countersignature(cms, signer, signing_time=at, provider=PROVIDER, path=(number - 1,))
    write_output(target, wrapped.wrap(cms), mode=mode_like(source))


@click.command("add-signer")
@input_argument
@output_option
@_signer_option
@click.option("--content", "content_file", metavar="FILE", type=FILE, help="The content of a detached signature.")
@passphrase_options
def add_signer(
    source: str,
    target: str,
    identity_files: tuple[str, ...],
    content_file: str | None,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Sign the same content beside those who signed it already.

    Nothing says here that the other signatures hold: verify them first.
    """
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    wrapped, at = load_wrapped(source, content_file=content_file), now()
    cms = wrapped.cms
    for signer in load_signers(identity_files, passphrases):
        cms = blocking.add_signer(cms, signer, signing_time=at, provider=PROVIDER, detached_content=wrapped.content)
    write_output(target, wrapped.wrap(cms), mode=mode_like(source))
