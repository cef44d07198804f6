"""`sealwax sign`."""

from __future__ import annotations

import click

from smime_core import blocking
from smime_core.cli.files import read_input, write_output
from smime_core.cli.options import (
    choose_signer,
    encoding_options,
    input_argument,
    load_all_identities,
    now,
    output_option,
    write_cms,
)
from smime_core.cli.passphrases import PassphraseSource, passphrase_options
from smime_core.message import SignatureForm
from smime_core.mime import split_message
from smime_core.providers.native import NativeProvider


@click.command()
@input_argument
@output_option
@click.option("--identity", "identity_file", required=True, metavar="P12", help="PKCS#12 file of the signer.")
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
    data = read_input(source)
    provider = NativeProvider()
    identity = choose_signer(load_all_identities([identity_file], passphrases, provider=provider))
    form = SignatureForm.OPAQUE if opaque else SignatureForm.DETACHED
    if raw or encoding:
        content = data if raw else split_message(data)[1]
        cms_der = blocking.sign_bytes(content, identity=identity, provider=provider, signing_time=now(), form=form)
        write_cms(target, cms_der, encoding)
        return
    message = blocking.sign_message(data, identity=identity, provider=provider, signing_time=now(), form=form)
    write_output(target, message)
