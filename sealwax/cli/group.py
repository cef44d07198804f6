"""The group of verbs. Only this module turns errors into one line and an exit code.

Other packages add their verbs through the entry points `sealwax.commands`.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import signal
import sys
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from sealwax.cli.streams.files import JSON_WANTED, STANDARD_STREAM, write_error, write_output
from sealwax.cli.streams.standard import (
    STANDARD_OUTPUT,
    give_up_unwritten,
    naming_stream,
    open_standard_streams,
)
from smime_core.errors import MalformedMessage, NoMatchingRecipient, OnlyPartsEncrypted, SmimeError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

DONE: Final = 0
NOT_AS_ASKED: Final = 1
UNUSABLE: Final = 2
INTERRUPTED: Final = 130  # 128 + SIGINT, as shells count

_VERBS: Final = {
    "sign": "sealwax.cli.verbs.sign:sign",
    "encrypt": "sealwax.cli.verbs.encrypt:encrypt",
    "decrypt": "sealwax.cli.verbs.decrypt:decrypt",
    "verify": "sealwax.cli.verbs.verify:verify",
    "inspect": "sealwax.cli.verbs.inspect:inspect",
    "compress": "sealwax.cli.verbs.compress:compress",
    "unpack": "sealwax.cli.verbs.compress:unpack",
    "certificates": "sealwax.cli.verbs.certificates:certificates",
    "countersign": "sealwax.cli.verbs.countersign:countersign",
    "add-signer": "sealwax.cli.verbs.countersign:add_signer",
    "add-recipients": "sealwax.cli.verbs.add_recipients:add_recipients",
    "receipt": "sealwax.cli.verbs.receipt:receipt",
    "page": "sealwax.cli.verbs.page:page",
    "timestamp": "sealwax.cli.verbs.timestamp:timestamp",
    "trust": "sealwax.cli.verbs.trust:trust",
    "find": "sealwax.cli.verbs.find:find",
    "contacts": "sealwax.cli.verbs.contacts:contacts",
    "import-thunderbird": "sealwax.cli.verbs.import_thunderbird:import_thunderbird",
    "verify-pages": "sealwax.cli.verbs.releases:verify_pages",
    "verify-release": "sealwax.cli.verbs.releases:verify_release",
    "sign-pages": "sealwax.cli.verbs.releases:sign_pages",
    "sign-release": "sealwax.cli.verbs.releases:sign_release",
    "deliver": "sealwax.cli.verbs.deliver:deliver",
    "identity": "sealwax.cli.verbs.identity:identity",
    "ca": "sealwax.cli.verbs.ca:ca",
    "discovery": "sealwax.discovery.operation.commands:discovery",
    "completion": "sealwax.cli.verbs.completion:completion",
}


class _ReaderLeft(Exception):
    """The program that reads the output has closed the pipe.

    This exception replaces BrokenPipeError, for which click would exit with 1.
    """


@contextlib.contextmanager
def _noticing_a_reader_that_left() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise _ReaderLeft from None


class Verbs(click.Group):
    """Verbs that are imported when they are used: first Sealwax's own, then those that other packages add.

    `own` maps each verb to `module:name`, in the order of the help. `entry_points` is the name of the group of
    entry points through which other packages add verbs.
    """

    def __init__(self, *, own: Mapping[str, str], entry_points: str, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.own = own
        self.entry_points = entry_points

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.own, *sorted(set(self.find_plugins()) - set(self.own))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        try:
            if cmd_name in self.own:
                module, _, name = self.own[cmd_name].partition(":")
                return _check_command(getattr(importlib.import_module(module), name), cmd_name)
            plugin = self.find_plugins().get(cmd_name)
            return None if plugin is None else _check_command(plugin.load(), cmd_name)
        except ImportError as error:
            raise click.ClickException(f"{cmd_name} needs packages that are not installed: {error}") from error

    def find_plugins(self) -> dict[str, EntryPoint]:
        """The verbs of other packages."""
        # Imported here because importlib.metadata imports the standard library's e-mail package, which no verb needs.
        from importlib.metadata import entry_points

        return {plugin.name: plugin for plugin in entry_points(group=self.entry_points)}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, and print the help or the version if requested."""
        with _noticing_a_reader_that_left():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the verb. With --json an error is also printed as a JSON object, besides the line for people."""
        with _noticing_a_reader_that_left():
            try:
                return super().invoke(ctx)
            except BrokenPipeError:
                raise
            except (SmimeError, OSError) as error:
                # An error in a group inside a group is caught here twice, and printed at the first `pop`.
                if ctx.meta.pop(JSON_WANTED, False):
                    _write_json_error(error)
                raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one line for each verb. The line of a verb whose packages are missing says so."""
        rows = []
        for name in self.list_commands(ctx):
            try:
                command = self.get_command(ctx, name)
            except click.ClickException as error:
                rows.append((name, error.message))
            else:
                rows.append((name, command.get_short_help_str(limit=formatter.width - 12) if command else ""))
        with formatter.section("Verbs"):
            formatter.write_dl(rows)


@click.group(
    cls=Verbs,
    own=_VERBS,
    entry_points="sealwax.commands",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=False,
)
@click.version_option(package_name="sealwax", message="%(prog)s %(version)s")
def sealwax() -> None:
    """Sign, encrypt, decrypt and verify mail and files with S/MIME.

    IN and OUT are names of files. The name - means standard input or standard output. Formats are recognised
    by the content.
    """


def run() -> int:
    """Run the command with the process's arguments and return its exit code. Expected failures become one line each."""
    open_standard_streams()
    # With `_leave`, a command still removes its unfinished output, which may be plaintext, when a signal ends it.
    signal.signal(signal.SIGTERM, _leave)
    # Under `nohup` the signal stays ignored, so that the command outlives its terminal.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _leave)
    try:
        return _run_verb()
    finally:
        give_up_unwritten()


def _run_verb() -> int:
    try:
        code = sealwax.main(prog_name="sealwax", standalone_mode=False)
        with naming_stream(STANDARD_OUTPUT):
            sys.stdout.flush()
    except click.Abort:
        write_error("stopped")
        return INTERRUPTED
    except click.ClickException as error:
        write_error(error.format_message())
        return UNUSABLE
    except SmimeError as error:
        write_error(_describe(error))
        return UNUSABLE if isinstance(error, MalformedMessage) else NOT_AS_ASKED
    except (_ReaderLeft, BrokenPipeError):
        return UNUSABLE
    except OSError as error:
        write_error(_describe(error))
        return UNUSABLE
    return code if isinstance(code, int) else DONE


def _describe(error: SmimeError | OSError) -> str:
    if isinstance(error, NoMatchingRecipient) and error.recipient_ids:
        return f"{error}: it is encrypted for {'; '.join(error.recipient_ids)}"
    if isinstance(error, OnlyPartsEncrypted):
        return f"{error}: use --part {error.parts[0]}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _write_json_error(error: SmimeError | OSError) -> None:
    code = error.code if isinstance(error, SmimeError) else "file-error"
    text = json.dumps({"error": {"code": code, "message": _describe(error)}}, indent=2)
    write_output(STANDARD_STREAM, f"{text}\n".encode("ascii"))


def _leave(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _check_command(loaded: object, name: str) -> click.Command:
    if not isinstance(loaded, click.Command):
        raise click.ClickException(f"{name} is not a command")
    return loaded
