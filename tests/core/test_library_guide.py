"""The examples of docs/library.md and README.md run as they are, and the reference lists every public name.

The blocks of a page run in order and in one namespace, as if a reader typed them in one after the other.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import smime_core
from smime_core import errors, ess, stream
from tests.support.code_blocks import code_blocks
from tests.support.project import ROOT

DOCS = ROOT / "docs"
_REFERENCE = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)


@pytest.mark.parametrize("page", [DOCS / "library.md", ROOT / "README.md"], ids=lambda page: page.name)
def test_the_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = [block for block in code_blocks(page.read_text()) if block.language == "python"]
    assert blocks, f"{page.name} shows no Python"
    namespace: dict[str, Any] = {"__name__": "example"}
    for block in blocks:
        # Empty lines before the block give a traceback the line numbers of the page.
        exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), namespace)  # noqa: S102


def test_the_examples_of_all_pages_call_what_there_is() -> None:
    """Most pages show a part of a program, which does not run alone. Its imports and calls are checked."""
    calls = 0
    for page in sorted(DOCS.rglob("*.md")):
        imported: dict[str, Any] = {}
        for block in code_blocks(page.read_text()):
            if block.language == "python":
                tree = ast.parse("\n" * (block.line - 1) + block.text, str(page))
                exec(compile(_imports_of(tree), str(page), "exec"), imported)  # noqa: S102
                calls += sum(_check_call(node, imported, page) for node in ast.walk(tree) if isinstance(node, ast.Call))
    assert calls > 0


def _imports_of(tree: ast.Module) -> ast.Module:
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return ast.Module(body=list[ast.stmt](imports), type_ignores=[])


def _check_call(node: ast.Call, imported: dict[str, Any], page: Path) -> bool:
    """Check the arguments of a call by the signature. Returns whether the called name is of our own packages."""
    path = ast.unparse(node.func).split(".")
    if path[0] not in imported or any(isinstance(argument, ast.Starred) for argument in node.args):
        return False
    called = imported[path[0]]
    for name in path[1:]:
        called = getattr(called, name)
    if not str(getattr(called, "__module__", "")).startswith(("smime_core", "sealwax", "webbridge", "roaming_keys")):
        return False
    keywords = {argument.arg: argument for argument in node.keywords if argument.arg}
    try:
        inspect.signature(called).bind(*node.args, **keywords)
    except TypeError as error:
        pytest.fail(f"{page.name}, line {node.lineno}: {ast.unparse(node.func)}: {error}")
    return True


@pytest.mark.parametrize("module", [smime_core, stream, ess], ids=lambda module: module.__name__)
def test_every_public_name_stands_in_the_reference(module: ModuleType) -> None:
    documented = documented_names()
    # A name that two modules export, such as `smime_core.SmimeError`, is documented once.
    objects = [find(name) for name in documented]
    missing = [
        name
        for name in module.__all__
        if f"{module.__name__}.{name}" not in documented
        and not any(
            member is getattr(module, name)
            for member in objects
            if inspect.isroutine(member) or inspect.isclass(member)
        )
    ]
    assert not missing


def test_every_error_stands_in_the_reference() -> None:
    classes = {name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)}
    assert {f"smime_core.errors.{name}" for name in classes} <= documented_names()


def test_the_reference_names_nothing_twice_and_nothing_that_is_gone() -> None:
    names = [name for page in reference_pages() for name in _REFERENCE.findall(page.read_text())]
    assert len(names) == len(set(names))
    for name in names:
        find(name)


def test_every_page_of_the_documentation_stands_in_its_contents() -> None:
    contents = (ROOT / "mkdocs.yml").read_text()
    for page in DOCS.rglob("*.md"):
        assert f" {page.relative_to(DOCS).as_posix()}\n" in contents, f"{page.name} is nowhere in mkdocs.yml"


def test_every_test_that_the_documentation_names_exists() -> None:
    """A page names a test of Python by its function, and one of JavaScript by its file and its sentence."""
    pages = {path.name: path.read_text() for path in DOCS.rglob("*.md")}
    functions, files = set[str](), set[str]()
    for path in (ROOT / "tests").rglob("test_*.py"):
        functions |= set(re.findall(r"^ *(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE))
        files.add(path.stem)
    sentences = {
        f"{path.name}: {sentence}"
        for path in (ROOT / "tests" / "js").rglob("*.test.js")
        for sentence in re.findall(r"^ *(?:test|describe)\(\s*[\"`]([^\"`]*)", path.read_text(), re.MULTILINE)
    }
    named = {name: page for page, text in pages.items() for name in re.findall(r"`(test_\w+)`", text)}
    quotations = {name: page for page, text in pages.items() for name in re.findall(r"`(\w+\.test\.js: [^`]+)`", text)}
    assert named
    assert quotations
    assert {name: page for name, page in named.items() if name not in functions | files} == {}
    assert {name: page for name, page in quotations.items() if name not in sentences} == {}


def reference_pages() -> list[Path]:
    return sorted((DOCS / "reference").glob("*.md"))


def documented_names() -> set[str]:
    return {name for page in reference_pages() for name in _REFERENCE.findall(page.read_text())}


def find(name: str) -> object:
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)
