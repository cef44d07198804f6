"""The scripts of tests/js/in_pages, which tests run in pages and in Workers.

Most files hold the functions of one module of tests. They stand at the top level, each with its closing brace at the
beginning of a line. Other files are whole programs, such as a Worker's. TypeScript checks that all can be parsed.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from tests.support.project import ROOT

FOLDER: Final = "tests/js/in_pages"
_FUNCTION: Final = re.compile(r"^export ((?:async )?function\*? ?(\w+)\(.*?^\})$", re.MULTILINE | re.DOTALL)


@cache
def page_scripts(path: str) -> dict[str, str]:
    """The functions of a file by their names, each as an expression of JavaScript.

    An expression has empty lines before the function and names its file behind it. So the lines of breakpoints and of
    stack traces are those of the file.
    """
    text = (ROOT / FOLDER / path).read_text(encoding="utf-8")
    return {
        found[2]: "\n" * text.count("\n", 0, found.start()) + f"{found[1]}\n//# sourceURL={FOLDER}/{path}\n"
        for found in _FUNCTION.finditer(text)
    }


@cache
def page_program(path: str) -> str:
    """The text of a file that is a whole program."""
    return (ROOT / FOLDER / path).read_text(encoding="utf-8")
