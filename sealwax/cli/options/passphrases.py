"""Passphrases from the terminal, a file, a file descriptor or the system keyring, never from an argument.

Arguments are visible in the process list and in the shell's history.
"""

from __future__ import annotations

import getpass
import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import click

from sealwax.cli.options.named_files import DESCRIPTOR
from sealwax.cli.options.request import given_by
from sealwax.cli.streams.files import printable, write_error
from smime_core.limits import MAX_PASSPHRASE_BYTES, check_limit

KEYRING_SERVICE: Final = "sealwax"
MIN_NEW_PASSPHRASE_CHARACTERS: Final = 10
"""The fewest code points of a new passphrase. `wasm_build/ui/new_passphrase.js` has the same number."""

_LEAST_FAIR_SCORE: Final = 2

PASSWORDS: Final = click.Option(
    ["--password-file", "password_files"],
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    help="File whose first line is a password that opens the message. Repeatable.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassphraseSource:
    """The source of the passphrase of private keys: one of these three options, or else the terminal."""

    file: str | None = given_by(
        click.Option(
            ["--passphrase-file", "file"],
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is the passphrase.",
        )
    )
    descriptor: int | None = given_by(
        click.Option(
            ["--passphrase-fd", "descriptor"],
            type=DESCRIPTOR,
            metavar="N",
            help="Open file descriptor to read.",
        )
    )
    keyring_entry: str | None = given_by(
        click.Option(["--passphrase-keyring", "keyring_entry"], metavar="ENTRY", help="Entry of the system keyring.")
    )

    def __post_init__(self) -> None:
        sources = [choice for choice in (self.file, self.descriptor, self.keyring_entry) if choice is not None]
        if len(sources) > 1:
            raise click.UsageError("give one of --passphrase-file, --passphrase-fd and --passphrase-keyring")

    @property
    def is_given(self) -> bool:
        """Whether an option names a source."""
        return (self.file, self.descriptor, self.keyring_entry) != (None, None, None)

    def reader(self) -> Callable[[str], bytes]:
        """A function from the name of a file to the passphrase of its keys, in UTF-8.

        A descriptor can be read only once, so its passphrase serves all files.
        """
        if self.file is not None:
            passphrase = read_first_line(self.file)
        elif self.descriptor is not None:
            passphrase = _read_descriptor(self.descriptor)
        elif self.keyring_entry is not None:
            passphrase = _read_keyring(self.keyring_entry)
        else:
            return _ask
        return lambda _: passphrase


def new_passphrase(file: str | None) -> bytes:
    """A passphrase for new files or for an account: from --new-passphrase-file, or typed twice.

    The minimum length is only for new passphrases. Shorter passphrases still decrypt older files. A typed passphrase
    that a program guesses soon is taken, with a warning.
    """
    passphrase = new_password(file)
    if len(passphrase.decode(errors="replace")) < MIN_NEW_PASSPHRASE_CHARACTERS:
        raise click.ClickException(
            f"the new passphrase has fewer than {MIN_NEW_PASSPHRASE_CHARACTERS} characters: choose a longer one"
        )
    if file is None:
        _warn_of_weak(passphrase)
    return passphrase


def new_password(file: str | None) -> bytes:
    """A new password from a file, or typed twice. Its length is left to the program that gets the password."""
    password = read_first_line(file) if file is not None else _ask_twice()
    if not password:
        raise click.ClickException("the new passphrase is empty")
    return password


def load_passwords(names: Iterable[str]) -> list[bytes]:
    """The passwords of --password-file, in UTF-8. Raises OSError or LimitExceeded."""
    return [read_first_line(name) for name in names]


def read_first_line(name: str) -> bytes:
    """The first line of a file, without its end: a passphrase or a password. Raises OSError or LimitExceeded."""
    with Path(name).open("rb") as file:
        return _first_line(file)


def ask_terminal(prompt: str, asked: str, option: str) -> bytes:
    """A secret that the user types. Without a terminal, the error names `option`, which can give it instead."""
    with warnings.catch_warnings():
        # Without a terminal, getpass would echo the passphrase, or read a line of the message on standard input.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt).encode()
        except getpass.GetPassWarning:
            raise click.ClickException(f"there is no terminal to ask for {asked}: give {option}") from None
        except UnicodeError:
            # The text of this error quotes a byte of the passphrase.
            raise click.ClickException(
                f"{asked} was typed in another charset than the locale's: give {option}"
            ) from None


def _first_line(file: BinaryIO) -> bytes:
    line = file.readline(MAX_PASSPHRASE_BYTES + 2).removesuffix(b"\n").removesuffix(b"\r")
    check_limit("bytes of a passphrase", len(line), MAX_PASSPHRASE_BYTES)
    return line


def _read_descriptor(descriptor: int) -> bytes:
    try:
        # From a non-blocking pipe, a read would return only the part of the line that has arrived.
        os.set_blocking(descriptor, True)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return _first_line(file)
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"file descriptor {descriptor}") from error


def _read_keyring(entry: str) -> bytes:
    # Imported here: the backends of some systems start a D-Bus connection.
    import keyring.errors

    try:
        passphrase = keyring.get_password(KEYRING_SERVICE, entry)
    except keyring.errors.KeyringError as error:
        raise click.ClickException(f"the system keyring cannot be read: {type(error).__name__}") from error
    if passphrase is None:
        raise click.ClickException(f"the system keyring has no entry {entry} under {KEYRING_SERVICE}")
    try:
        return passphrase.encode()
    except UnicodeEncodeError:
        # The text of this error quotes a character of the passphrase.
        raise click.ClickException(f"the passphrase of entry {entry} in the system keyring is not text") from None


def _ask(name: str) -> bytes:
    return ask_terminal(f"Passphrase for {printable(name)}: ", f"the passphrase of {name}", "--passphrase-file")


def _warn_of_weak(passphrase: bytes) -> None:
    # Imported here: a command without a new passphrase loads neither the measure nor its lists.
    from smime_core.identity import measure_passphrase

    strength = measure_passphrase(passphrase.decode(errors="replace"))
    if strength.score < _LEAST_FAIR_SCORE:
        reason = f" ({strength.warning})" if strength.warning else ""
        write_error(f"a program guesses this passphrase soon{reason}: a longer one of several words protects better")


def _ask_twice() -> bytes:
    names = ("the new passphrase", "--new-passphrase-file")
    passphrase = ask_terminal("New passphrase: ", *names)
    if passphrase != ask_terminal("The same again: ", *names):
        raise click.ClickException("the two passphrases differ")
    return passphrase
