"""Parameters that several verbs share."""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import click

from sealwax.cli.options.named_files import OutputPath
from sealwax.cli.options.request import given_by
from sealwax.cli.streams.files import JSON_WANTED, STANDARD_STREAM
from smime_core.algorithms import HashName

Value = TypeVar("Value", bound=enum.Enum)

FILE: Final = click.Path(allow_dash=True)
"""The name of a file. Nothing is checked here; shells complete the name."""
OUTPUT_FILE: Final = OutputPath(allow_dash=True)
"""The name of a file that the verb writes."""


class UtcTime(click.ParamType[datetime.datetime]):
    """A time with its zone, such as 2026-01-31T12:00:00Z."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime.datetime:
        try:
            time = datetime.datetime.fromisoformat(str(value))
        except ValueError:
            self.fail("expected a time as 2026-01-31T12:00:00Z", param, ctx)
        if time.tzinfo is None:
            self.fail("expected a time with its zone, as 2026-01-31T12:00:00Z", param, ctx)
        return time


class ValueChoice(click.Choice[Value]):
    """One of the values of an Enum."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        return str(choice.value if isinstance(choice, enum.Enum) else choice)


SHA2_HASHES: Final = (HashName.SHA256, HashName.SHA384, HashName.SHA512)
"""The hashes that options offer."""


def note_json(context: click.Context, _: click.Parameter, value: bool) -> bool:
    """Note that --json was given, so that `group.Verbs` also prints an error as JSON."""
    context.meta[JSON_WANTED] = value
    return value


INPUT: Final = click.Argument(["source"], metavar="[IN]", default=STANDARD_STREAM, type=FILE)
OUTPUT: Final = click.Option(
    ["-o", "--output", "target"],
    metavar="OUT",
    default=STANDARD_STREAM,
    type=OUTPUT_FILE,
    help="Where the result goes.",
)
CONTENT: Final = click.Option(
    ["--content", "content_file"], metavar="FILE", type=FILE, help="The content of a detached signature."
)
RAW_INPUT: Final = click.Option(["--raw"], is_flag=True, help="IN is content, not a mail; the result is bare CMS.")
ENCODING: Final = (
    click.Option(["--der", "encoding"], flag_value="der", help="Write bare CMS as DER, not a mail."),
    click.Option(["--pem", "encoding"], flag_value="pem", help="Write bare CMS as PEM, not a mail."),
)
PLAIN_HEADERS: Final = click.Option(
    ["--plain-headers"], is_flag=True, help="Leave the header fields unprotected: Subject and the others stay outside."
)
IDENTITIES: Final = click.Option(
    ["--identity", "identity_files"], multiple=True, metavar="P12", type=FILE, help="PKCS#12 or PEM file. Repeatable."
)
SIGNERS: Final = click.Option(
    ["--identity", "identity_files"],
    multiple=True,
    required=True,
    metavar="P12",
    type=FILE,
    help="PKCS#12 or PEM file of a signer. Repeatable.",
)
SIGNER: Final = click.Option(
    ["--identity", "identity_file"], required=True, metavar="P12", type=FILE, help="PKCS#12 or PEM file."
)
SIGNER_NUMBER: Final = click.Option(
    ["--signer", "number"], type=click.IntRange(min=1), default=1, help="Whose signature, as inspect counts."
)
PART: Final = click.Option(
    ["--part"],
    metavar="N",
    help="Take the part with this number, such as 2 or 1.2, by itself, as inspect counts.",
)
SENDER: Final = click.Option(
    ["--from", "sender"], metavar="ADDRESS", help="The sender, where the message does not say."
)
AT: Final = click.Option(["--at"], type=UtcTime(), metavar="TIME", help="Judge as of this time: 2026-01-31T12:00:00Z.")
REPORT_JSON: Final = click.Option(
    ["--json", "as_json"], is_flag=True, callback=note_json, help="Print one JSON object by report.schema.json."
)
JSON: Final = click.Option(["--json", "as_json"], is_flag=True, callback=note_json, help="Print one JSON object.")
CONTACTS: Final = click.Option(
    ["--contacts", "contacts_file"], metavar="FILE", type=click.Path(), help="Another file of contacts."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputToOutput:
    """The base of the requests of verbs that read IN and write OUT. The other options follow these two."""

    source: str = given_by(INPUT)
    target: str = given_by(OUTPUT)


def now() -> datetime.datetime:
    """The time of the machine, in whole seconds."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)
