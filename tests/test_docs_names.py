"""The documentation names only modules, files, links, make targets, commands and verbs that exist."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sealwax.cli.group import sealwax
from tests.support.project import ROOT

# The changelog also names files of earlier versions.
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *(path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md")])
_PATH = re.compile(
    r"(?<![\w./-])(?:smime_core|sealwax|wasm_build|browser_ext|webbridge|roaming_keys|tests|docs)"
    r"/[\w./*-]*[\w*/]"
)
_DOTTED = re.compile(
    r"(?<![\w./-])(?:smime_core|sealwax|wasm_build|browser_ext|webbridge|roaming_keys|tests|docs)"
    r"(?:\.[A-Za-z_]\w*)+"
)
_LINK = re.compile(r"\]\(([^)#\s]+)")
_SPAN = re.compile(r"`([^`\n]+)`")
_MAKE = re.compile(r"make ([a-z-]+)")
_COMMAND = re.compile(r"sealwax ([a-z][a-z-]*)")
_TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
_VERBS = set(sealwax.list_commands(click.Context(sealwax)))
# The endings of file names in the documentation that look like dotted names of Python.
_ENDINGS = (".js", ".d.ts", ".br", ".json", ".snapshot", ".example")


def is_there(path: str) -> bool:
    return any(ROOT.glob(path.rstrip("/"))) if "*" in path else (ROOT / path).exists()


def is_importable(name: str) -> bool:
    """True for a module, and for an attribute of a module or of its class."""
    module, _, attributes = name, "", list[str]()
    while module:
        try:
            value: object = importlib.import_module(module)
        except ModuleNotFoundError:
            module, _, last = module.rpartition(".")
            attributes.insert(0, last)
            continue
        for attribute in attributes:
            if not hasattr(value, attribute):
                return False
            value = getattr(value, attribute)
        return True
    return False


def gone(page: Path) -> Iterator[str]:
    text = page.read_text(encoding="utf-8")
    yield from (path for path in _PATH.findall(text) if not is_there(path))
    yield from (name for name in _DOTTED.findall(text) if not name.endswith(_ENDINGS) and not is_importable(name))
    links = (link for link in _LINK.findall(text) if ":" not in link)
    yield from (link for link in links if not (page.parent / link).exists())
    for span in _SPAN.findall(text):
        if (match := _MAKE.match(span)) and match[1] not in _TARGETS:
            yield span
        if (match := _COMMAND.match(span)) and match[1] not in _VERBS:
            yield span


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_name_exists(page: Path) -> None:
    assert not list(gone(page))


@pytest.mark.parametrize(
    "text",
    [
        "see smime_core/smime.py",
        "see tests/browser/*.py",
        "see smime_core.smime",
        "see `smime_core.Opened`",
        "[the guide](guide.md)",
        "python -m tests.nothing",
        "`make everything`",
        "`sealwax seal letter.eml`",
    ],
)
def test_notices_a_name_that_is_gone(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    assert len(list(gone(page))) == 1
