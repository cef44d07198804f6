"""`sealwax sign`."""

from __future__ import annotations

import click

from smime_core.cli import operations
from smime_core.cli.files import open_input, open_output
from smime_core.cli.options import (
    choose_signer,
    encoding_options,
    input_argument,
    load_all_identities,
    now,
    open_cms_output,
    output_option,
)
from smime_core.cli.passphrases import PassphraseSource, passphrase_options
from smime_core.cli.progress import show_progress
from smime_core.message import SignatureForm


@click.command()
@input_argument
@output_option
@click.option("--identity", "identity_file", required=True, metavar="P12", help="PKCS#12 or PEM file of the signer.")
@click.option("--opaque", is_flag=True, help="The content inside the signature, not beside it.")
@click.option("--raw", is_flag=True, help="IN is content, not a mail; the result is bare CMS.")
@encoding_options
@passphrase_options
def sign(
    source: str,
    target: str,
    identity_file: str,
    opaque: bool,
    raw: bool,
    encoding: str | None,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Sign a mail: multipart/signed, or one opaque part."""
    if encoding and not raw and not opaque:
        raise click.UsageError(
            "a detached signature of a mail stands in the mail: give --opaque or --raw with --der or --pem"
        )
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    form = SignatureForm.OPAQUE if opaque else SignatureForm.DETACHED
    with open_input(source) as data, show_progress(data, "Signing") as watched:
        identity = choose_signer(load_all_identities([identity_file], passphrases))
        if raw or encoding:
            with open_cms_output(target, encoding) as output:
                operations.sign_content(watched, output, identity=identity, at=now(), form=form, raw=raw)
        else:
            with open_output(target) as output:
                operations.sign_mail(watched, output, identity=identity, at=now(), form=form)
