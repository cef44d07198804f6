"""The group of verbs and the one place where errors become one line and an exit code.

Verbs are imported when they are asked for; other rooms add theirs by the entry points `sealwax.commands`.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from smime_core.cli.files import JSON_WANTED, STANDARD_STREAM, write_error, write_output
from smime_core.cli.standard_streams import (
    STANDARD_OUTPUT,
    give_up_unwritten,
    naming_stream,
    open_closed_streams,
)
from smime_core.errors import MalformedMessage, NoMatchingRecipient, SmimeError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

DONE: Final = 0
NOT_AS_ASKED: Final = 1
UNUSABLE: Final = 2
INTERRUPTED: Final = 130  # 128 + SIGINT, as shells count

_VERBS: Final = {
    "sign": "smime_core.cli.sign:sign",
    "encrypt": "smime_core.cli.encrypt:encrypt",
    "decrypt": "smime_core.cli.decrypt:decrypt",
    "verify": "smime_core.cli.verify:verify",
    "inspect": "smime_core.cli.inspect_files:inspect",
    "compress": "smime_core.cli.packing:compress",
    "unpack": "smime_core.cli.packing:unpack",
    "certificates": "smime_core.cli.certificates:certificates",
    "countersign": "smime_core.cli.countersign:countersign",
    "add-signer": "smime_core.cli.countersign:add_signer",
    "add-recipients": "smime_core.cli.add_recipients:add_recipients",
    "receipt": "smime_core.cli.receipt:receipt",
    "page": "smime_core.cli.page:page",
    "timestamp": "smime_core.cli.timestamp:timestamp",
    "trust": "smime_core.cli.trust:trust",
    "find": "smime_core.cli.find:find",
    "identity": "smime_core.cli.identity:identity",
    "ca": "smime_core.cli.ca:ca",
    "completion": "smime_core.cli.completion:completion",
}


class _ReaderLeft(Exception):
    """Nobody reads what is written any more. click would end the process for a BrokenPipeError, with 1."""


@contextlib.contextmanager
def _noticing_a_reader_that_left() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise _ReaderLeft from None


class Verbs(click.Group):
    """The core's own verbs first, then those of the other rooms."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_VERBS, *sorted(set(_plugins()) - set(_VERBS))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _VERBS:
            module, _, name = _VERBS[cmd_name].partition(":")
            return _check_command(getattr(importlib.import_module(module), name), cmd_name)
        plugin = _plugins().get(cmd_name)
        if plugin is None:
            return None
        try:
            return _check_command(plugin.load(), cmd_name)
        except ImportError as error:
            raise click.ClickException(f"{cmd_name} needs packages that are not installed: {error}") from error

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Read the arguments, which also prints the help or the version where that was asked for."""
        with _noticing_a_reader_that_left():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> object:
        """Run the verb; with --json an error is also printed as a JSON object, beside the line for people."""
        with _noticing_a_reader_that_left():
            try:
                return super().invoke(ctx)
            except BrokenPipeError:
                raise
            except (SmimeError, OSError) as error:
                if ctx.meta.get(JSON_WANTED):
                    _write_json_error(error)
                raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line for each verb; a room whose packages are missing hides no other."""
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


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(package_name="sealwax", message="%(prog)s %(version)s")
def sealwax() -> None:
    """Sign, encrypt, decrypt and verify mail and files by S/MIME.

    IN and OUT are files or - for standard input and output. Formats are told by their content.
    """


def run() -> int:
    """The command with the process's arguments, every expected failure told in one line; the exit code."""
    open_closed_streams()
    # Ended from outside, it still removes what it has half written, plaintext perhaps.
    signal.signal(signal.SIGTERM, _leave)
    # `nohup` has it ignored: then the command outlives its terminal.
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
        return f"{error}: it is sealed for {'; '.join(error.recipient_ids)}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _write_json_error(error: SmimeError | OSError) -> None:
    code = error.code if isinstance(error, SmimeError) else "file-error"
    text = json.dumps({"error": {"code": code, "message": _describe(error)}}, indent=2)
    write_output(STANDARD_STREAM, f"{text}\n".encode("ascii"))


def _leave(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _plugins() -> dict[str, EntryPoint]:
    # Imported here: it brings the e-mail package of the standard library along, which no verb of ours needs.
    from importlib.metadata import entry_points

    return {plugin.name: plugin for plugin in entry_points(group="sealwax.commands")}


def _check_command(loaded: object, name: str) -> click.Command:
    if not isinstance(loaded, click.Command):
        raise click.ClickException(f"{name} is not a command")
    return loaded
