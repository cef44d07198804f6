"""Options that several verbs share, and what is made of them."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from smime_core import blocking
from smime_core.certificate import Certificate, KeyUsage, parse_certificates
from smime_core.cli import operations
from smime_core.cli.files import JSON_WANTED, STANDARD_STREAM, open_output, read_input, write_output
from smime_core.cli.passphrases import PassphraseSource
from smime_core.entrust import check_no_entrust_profile
from smime_core.errors import WrongPassphrase
from smime_core.stream import ArmorWriter, Sink

if TYPE_CHECKING:
    # Its readers of key files are loaded when one is read.
    from smime_core.identity import Identity

Function = TypeVar("Function", bound=Callable[..., Any])

FILE = click.Path(allow_dash=True)
"""The name of a file: nothing is checked here, shells complete it."""

input_argument = click.argument("source", metavar="[IN]", default=STANDARD_STREAM, type=FILE)
output_option = click.option(
    "-o", "--output", "target", metavar="OUT", default=STANDARD_STREAM, type=FILE, help="Where the result goes."
)
identities_option = click.option(
    "--identity", "identity_files", multiple=True, metavar="P12", type=FILE, help="PKCS#12 or PEM file. Repeatable."
)
headers_option = click.option(
    "--plain-headers", is_flag=True, help="Leave the header fields unprotected: Subject and the others stay outside."
)


def note_json(context: click.Context, _: click.Parameter, value: bool) -> bool:
    """Note that --json was given, so that `group.Verbs` also prints an error as JSON."""
    context.meta[JSON_WANTED] = value
    return value


json_option = click.option(
    "--json", "as_json", is_flag=True, callback=note_json, help="Print one JSON object by report.schema.json."
)


class UtcTime(click.ParamType[datetime.datetime]):
    """A time with its zone, as 2026-01-31T12:00:00Z."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime.datetime:
        try:
            time = datetime.datetime.fromisoformat(str(value))
        except ValueError:
            self.fail("expected a time as 2026-01-31T12:00:00Z", param, ctx)
        if time.tzinfo is None:
            self.fail("expected a time with its zone, as 2026-01-31T12:00:00Z", param, ctx)
        return time


def encoding_options(function: Function) -> Function:
    """How a bare CMS structure is written."""
    for option in (
        click.option("--pem", "encoding", flag_value="pem", help="Write bare CMS as PEM, not a mail."),
        click.option("--der", "encoding", flag_value="der", help="Write bare CMS as DER, not a mail."),
    ):
        function = option(function)
    return function


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def load_recipient(name: str) -> Certificate:
    """The certificate of --to: the first that is no CA's, since files often bring the chain along."""
    certificates = parse_certificates(read_input(name))
    return next((certificate for certificate in certificates if not certificate.is_ca), certificates[0])


def load_all_identities(names: Iterable[str], source: PassphraseSource) -> tuple[Identity, ...]:
    """All identities of all PKCS#12 and PEM files; nobody is asked for the passphrase of a PEM file in clear."""
    passphrase_for = source.reader()
    return tuple(identity for name in names for identity in _load_identities(name, passphrase_for))


def _load_identities(name: str, passphrase_for: Callable[[str], bytes]) -> tuple[Identity, ...]:
    data = read_input(name)
    # Nobody is asked for a passphrase that cannot help.
    check_no_entrust_profile(data)
    if b"-----BEGIN " in data[:65_536]:
        with contextlib.suppress(WrongPassphrase):
            return blocking.load_identities(data, None, provider=operations.PROVIDER)
    return blocking.load_identities(data, passphrase_for(name), provider=operations.PROVIDER)


def load_signers(names: Iterable[str], source: PassphraseSource) -> tuple[Identity, ...]:
    """From each file the identity that signs."""
    passphrase_for = source.reader()
    return tuple(choose_signer(_load_identities(name, passphrase_for)) for name in names)


def choose_signer(identities: Sequence[Identity]) -> Identity:
    """The first identity whose certificate may sign (RFC 8550 section 4.4.2)."""
    signing = KeyUsage.DIGITAL_SIGNATURE | KeyUsage.NON_REPUDIATION
    for identity in identities:
        usage = identity.certificate.key_usage
        if usage is None or usage & signing:
            return identity
    raise click.ClickException("the identity file has no key whose certificate may sign")


@contextlib.contextmanager
def open_cms_output(target: str, encoding: str | None, *, mode: int) -> Iterator[Sink]:
    """Where to write bare CMS: what is written becomes PEM where that was asked for."""
    with open_output(target, mode=mode) as file:
        if encoding != "pem":
            yield file
            return
        with ArmorWriter(file) as armored:
            yield armored


def write_json(value: dict[str, Any]) -> None:
    write_output(STANDARD_STREAM, (json.dumps(value, indent=2) + "\n").encode("ascii"))
