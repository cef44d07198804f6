"""`sealwax inspect`: what a file is made of, without a verdict, and without keys where it needs none."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from smime_core.blocking import run
from smime_core.cli.files import open_input
from smime_core.cli.inspect_large import describe_file
from smime_core.cli.operations import PROVIDER
from smime_core.cli.options import input_argument, json_option, write_json
from smime_core.cli.passphrases import PassphraseSource, passphrase_options
from smime_core.cli.progress import show_progress
from smime_core.description import Description
from smime_core.inspection import Findings, KeysAndCertificates, findings_to_json, inspect_file
from smime_core.revocation_list import RevocationList

if TYPE_CHECKING:
    from rich.tree import Tree

PIPE_WIDTH: Final = 4_096  # columns


@click.command()
@input_argument
@json_option
@passphrase_options
def inspect(source: str, as_json: bool, file: str | None, descriptor: int | None, keyring_entry: str | None) -> None:
    """Show what a file is made of.

    It may be a message, a PKCS#12 file, certificates, a CRL, a key or a timestamp. Nothing is verified. Only PKCS#12
    files and encrypted keys need their passphrase.
    """
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    with open_input(source) as data, show_progress(data, "Reading") as watched:
        findings: Findings
        if isinstance(watched, bytes):
            findings = run(inspect_file(watched, provider=PROVIDER, passphrase=lambda: passphrases.reader()(source)))
        else:
            findings = describe_file(watched)
    if as_json:
        write_json(findings_to_json(findings))
        return
    # Imported here: it takes longer than to read most files.
    from rich.console import Console

    # A terminal folds long lines inside the tree; in a pipe each entry stays on one line, for grep.
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    console = Console(highlight=False, width=width)
    with console.capture() as captured:
        console.print(_draw(findings))
    # Written here: rich ends the process when nobody reads it any more.
    sys.stdout.write(captured.get())


def _draw(findings: Findings) -> Tree:
    from smime_core.cli.inspect_tree import draw_keys_and_certificates, draw_message, draw_revocation_list

    match findings:
        case Description():
            return draw_message(findings)
        case RevocationList():
            return draw_revocation_list(findings)
        case KeysAndCertificates():
            return draw_keys_and_certificates(findings.title, keys=findings.keys, certificates=findings.certificates)
