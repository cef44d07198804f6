"""The folders in which the command keeps its own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealwax.user_folders import user_folder


def test_the_variable_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/somewhere")
    assert user_folder("XDG_CONFIG_HOME", ".config") == Path("/somewhere/sealwax")


@pytest.mark.parametrize("value", [None, "", "relative/folder"])
def test_without_it_or_with_a_relative_one_it_is_below_home(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    if value is not None:
        monkeypatch.setenv("XDG_DATA_HOME", value)
    assert user_folder("XDG_DATA_HOME", ".local/share") == Path("/home/alice/.local/share/sealwax")


def test_without_a_home_folder_there_are_no_user_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert not user_folder("XDG_CONFIG_HOME", ".config").exists()
