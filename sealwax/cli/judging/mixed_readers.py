"""Asks before it writes a mail that Thunderbird cannot decrypt because of the mix of its recipients' keys."""

from __future__ import annotations

import sys
from typing import Final

import click

ALLOW_MIXED: Final = click.Option(
    ["--allow-mixed", "allows_mixed"],
    is_flag=True,
    help="One mail for a password or an ML-KEM key beside other certificates, though Thunderbird cannot open it.",
)
_SENTENCE: Final = "Thunderbird opens no mail that has a password or an ML-KEM key beside its reader's certificate"


def confirm_mixed() -> None:
    """Ask on the terminal. Raises UsageError without a terminal, or ClickException if the answer is no."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"{_SENTENCE}: encrypt it once for each kind, or give --allow-mixed")
    if not click.confirm(f"{_SENTENCE}. Write one mail for all the same?", default=False):
        raise click.ClickException("nothing was written")
