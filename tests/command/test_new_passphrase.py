"""A new passphrase that is typed into the terminal: a weak one is taken, with a warning that does not quote it."""

from __future__ import annotations

import getpass

import click
import pytest

from sealwax.cli.options.passphrases import new_passphrase


@pytest.mark.parametrize(
    ("typed", "warning"),
    [
        ("password12", "a program guesses this passphrase soon (common)"),
        ("1qaz2wsx3edc", "a program guesses this passphrase soon"),
        ("correct horse battery staple", ""),
    ],
)
def test_a_weak_typed_passphrase_is_taken_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, warning: str
) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: typed)
    assert new_passphrase(None) == typed.encode()
    said = capsys.readouterr().err
    assert warning in said
    assert bool(said) is bool(warning)
    assert typed not in said


def test_a_short_passphrase_is_refused_before_it_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: "short")
    with pytest.raises(click.ClickException, match="fewer than 10 characters"):
        new_passphrase(None)
    assert capsys.readouterr().err == ""
