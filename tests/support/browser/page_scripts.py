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
_HEAD: Final = re.compile(r"export (?:async )?function\*? ?(\w+)\(")


@cache
def page_scripts(path: str) -> dict[str, str]:
    """The functions of a file by their names, each as an expression of JavaScript.

    An expression has empty lines before the function and names its file behind it. So the lines of breakpoints and of
    stack traces are those of the file.
    """
    lines = (ROOT / FOLDER / path).read_text(encoding="utf-8").split("\n")
    scripts = {}
    for first, line in enumerate(lines):
        if head := _HEAD.match(line):
            last = first if line.endswith("}") and line.count("{") == line.count("}") else lines.index("}", first)
            function = "\n".join(lines[first : last + 1]).removeprefix("export ")
            scripts[head[1]] = "\n" * first + f"{function}\n//# sourceURL={FOLDER}/{path}\n"
    return scripts


@cache
def page_program(path: str) -> str:
    """The text of a file that is a whole program."""
    return (ROOT / FOLDER / path).read_text(encoding="utf-8")
