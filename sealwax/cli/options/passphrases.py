"""Where passphrases come from: the terminal, a file, a file descriptor, the system keyring; never an argument.

Arguments stand in the process list and in the shell's history.
"""

from __future__ import annotations

import getpass
import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import click

from smime_core.cli.files import printable
from smime_core.limits import MAX_PASSPHRASE_BYTES, check_limit

KEYRING_SERVICE: Final = "sealwax"

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class PassphraseSource:
    """At most one of the three is given; without any, the terminal is asked for each file."""

    file: str | None
    descriptor: int | None
    keyring_entry: str | None

    def __post_init__(self) -> None:
        given = [choice for choice in (self.file, self.descriptor, self.keyring_entry) if choice is not None]
        if len(given) > 1:
            raise click.UsageError("give one of --passphrase-file, --passphrase-fd and --passphrase-keyring")

    def reader(self) -> Callable[[str], bytes]:
        """A function from the name of what is to be opened to its passphrase in UTF-8.

        A descriptor can be read only once, so that what it gave serves all files.
        """
        if self.file is not None:
            passphrase = read_first_line(self.file)
            return lambda _: passphrase
        if self.descriptor is not None:
            passphrase = _read_descriptor(self.descriptor)
            return lambda _: passphrase
        if self.keyring_entry is not None:
            passphrase = _read_keyring(self.keyring_entry)
            return lambda _: passphrase
        return _ask


def passphrase_options(function: Function) -> Function:
    """The three options of every verb that opens a private key."""
    for option in (
        click.option("--passphrase-keyring", "keyring_entry", metavar="ENTRY", help="Entry of the system keyring."),
        click.option("--passphrase-fd", "descriptor", type=int, metavar="N", help="Open file descriptor to read."),
        click.option(
            "--passphrase-file",
            "file",
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is the passphrase.",
        ),
    ):
        function = option(function)
    return function


def new_passphrase(file: str | None) -> bytes:
    """A passphrase for what is about to be written: from --new-passphrase-file, or asked for twice."""
    if file is not None:
        passphrase = read_first_line(file)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            try:
                text = getpass.getpass("New passphrase: ")
                repeated = getpass.getpass("The same again: ")
            except getpass.GetPassWarning:
                text = "there is no terminal to ask for the new passphrase: give --new-passphrase-file"
                raise click.ClickException(text) from None
        if text != repeated:
            raise click.ClickException("the two passphrases differ")
        passphrase = text.encode()
    if not passphrase:
        raise click.ClickException("the new passphrase is empty")
    return passphrase


password_file_option = click.option(
    "--password-file",
    "password_files",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    help="File whose first line is a password that opens the message. Repeatable.",
)


def load_passwords(names: Iterable[str]) -> list[bytes]:
    """The passwords of --password-file, in UTF-8. Raises OSError or LimitExceeded."""
    return [read_first_line(name) for name in names]


def read_first_line(name: str) -> bytes:
    """The first line of a file, without its end: a passphrase or a password. Raises OSError or LimitExceeded."""
    with Path(name).open("rb") as file:
        return _first_line(file)


def _first_line(file: BinaryIO) -> bytes:
    line = file.readline(MAX_PASSPHRASE_BYTES + 2).removesuffix(b"\n").removesuffix(b"\r")
    check_limit("bytes of a passphrase", len(line), MAX_PASSPHRASE_BYTES)
    return line


def _read_descriptor(descriptor: int) -> bytes:
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return _first_line(file)
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"file descriptor {descriptor}") from error


def _read_keyring(entry: str) -> bytes:
    # Imported here: the backends of some systems start a D-Bus connection.
    import keyring
    from keyring.errors import KeyringError

    try:
        passphrase = keyring.get_password(KEYRING_SERVICE, entry)
    except KeyringError as error:
        raise click.ClickException(f"the system keyring cannot be read: {type(error).__name__}") from error
    if passphrase is None:
        raise click.ClickException(f"the system keyring has no entry {entry} under {KEYRING_SERVICE}")
    return passphrase.encode()


def _ask(name: str) -> bytes:
    with warnings.catch_warnings():
        # Without a terminal getpass would echo, and read the message itself where that comes by standard input.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(f"Passphrase for {printable(name)}: ").encode()
        except getpass.GetPassWarning:
            text = f"there is no terminal to ask for the passphrase of {name}: give --passphrase-file"
            raise click.ClickException(text) from None
