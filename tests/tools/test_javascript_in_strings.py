"""The count of JavaScript in Python strings, and the scripts in files that tests run in pages."""

from __future__ import annotations

import pytest

from tests.support.browser.page_scripts import FOLDER, page_scripts
from tests.support.project import ROOT
from tools.javascript_in_strings import javascript_lines


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ('page.js("() => document.title")', 1),
        ('LOOK = """() => {\n  const one = 1;\n  return one;\n}"""', 4),
        ('look = f"""async () => {{\n  return await fetch({url});\n}}"""', 3),
        ('"""A docstring about () => [] and\nits meaning."""', 0),
        ('TEXT = """Dear Bob,\nuntil then, Alice"""', 0),
        ('QUERY = """SELECT a FROM b\nWHERE c >= 1"""', 0),
        ('PHP = """<?php\n$map = [\'a\' => \'b\'];"""', 0),
        ('two("() => [1]", "() => [2]")', 1),
    ],
)
def test_counts_each_line_of_javascript(source: str, lines: int) -> None:
    assert javascript_lines(source) == lines


def test_each_script_for_pages_is_used() -> None:
    folder = ROOT / FOLDER
    modules = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")]
    for path in sorted(folder.rglob("*.js")):
        name = path.relative_to(folder).as_posix()
        users = [text for text in modules if f'"{name}"' in text]
        assert users, name
        for function in page_scripts(name) if any(f'page_scripts("{name}")' in text for text in users) else ():
            assert any(f'IN_PAGE["{function}"]' in text for text in users), f"{name}: {function}"
