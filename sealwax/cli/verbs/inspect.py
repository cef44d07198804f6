"""`sealwax inspect`: the structure of a file, without a verdict. Only PKCS#12 and encrypted keys need a passphrase."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwax.cli.options.parameters import INPUT, REPORT_JSON
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import open_input, write_json
from sealwax.cli.streams.progress import show_progress
from sealwax.cli.verbs.inspect_further import ATTRIBUTE_CERTIFICATE, further_parts
from sealwax.cli.verbs.inspect_large import describe_file
from smime_core.blocking import run
from smime_core.describe import Description, Findings, KeysAndCertificates, findings_to_json, inspect_file
from smime_core.errors import MalformedMessage
from smime_core.x509 import RevocationList

if TYPE_CHECKING:
    from rich.tree import Tree

PIPE_WIDTH: Final = 4_096  # The longest line, in characters, if the output is a pipe.


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectRequest:
    """A file, and the passphrase of its keys."""

    source: str = given_by(INPUT)
    as_json: bool = given_by(REPORT_JSON)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@verb(InspectRequest)
def inspect(request: InspectRequest) -> None:
    """Show what a file is made of.

    It may be a message, a PKCS#12 file, certificates, attribute certificates, a CRL, a key, a request or a timestamp.
    Nothing is verified. Only PKCS#12 files and encrypted keys need their passphrase.
    """

    def read_passphrase() -> bytes:
        return request.passphrases.reader()(request.source)

    with open_input(request.source) as data, show_progress(data, "Reading") as watched:
        findings: Findings
        further: tuple[str, ...] = ()
        if isinstance(watched, bytes):
            further = further_parts(watched)
            findings = _inspect(watched, read_passphrase, further)
        else:
            findings = describe_file(watched)
    if request.as_json:
        write_json({**findings_to_json(findings), **({"furtherParts": list(further)} if further else {})})
        return
    # Imported here because importing rich takes longer than reading most files.
    from rich.console import Console

    from sealwax.cli.verbs.inspect_tree import add_further_parts

    # A terminal folds long lines inside the tree. In a pipe each entry stays on one line, for grep.
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    console = Console(highlight=False, width=width)
    with console.capture() as captured:
        tree = _draw(findings)
        add_further_parts(tree, further)
        console.print(tree)
    # The text is written here because rich ends the process when the reader of the output has closed the pipe.
    sys.stdout.write(captured.get())


def _inspect(data: bytes, read_passphrase: Callable[[], bytes], further: tuple[str, ...]) -> Findings:
    """The findings of the core, or only a title for an attribute certificate, which the core does not read."""
    try:
        return run(inspect_file(data, provider=PROVIDER, passphrase=read_passphrase))
    except MalformedMessage:
        if not any(line.startswith(ATTRIBUTE_CERTIFICATE) for line in further):
            raise
        return KeysAndCertificates(title=ATTRIBUTE_CERTIFICATE, keys=(), certificates=())


def _draw(findings: Findings) -> Tree:
    from sealwax.cli.verbs.inspect_tree import draw_keys_and_certificates, draw_message, draw_revocation_list

    match findings:
        case Description():
            return draw_message(findings)
        case RevocationList():
            return draw_revocation_list(findings)
        case KeysAndCertificates():
            return draw_keys_and_certificates(findings)
