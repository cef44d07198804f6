"""Counts the lines of JavaScript in Python strings: `python -m tools.javascript_in_strings --help`."""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
from collections.abc import Iterator, Sequence
from typing import Final

from tests.support.project import ROOT

# Passages that occur in JavaScript, but not in English, HTML, SQL, PHP or mails.
_JAVASCRIPT: Final = re.compile(
    r"""=>\s*[({\[\w"'`!-]            # an arrow function
    | ^[ ]*(?:const|let|var)\s[^\n]*= # a declaration
    | \bfunction\b[ ]?\w*[ ]?\([\w\s,{}.]*\)[ ]?\{
    | \bawait\s+(?:import|new|window|document|chrome|navigator|caches|fetch)\b
    | ^[ ]*import[ ][^\n]*[ ]from[ ]
    | \b(?:document|window|globalThis|console|JSON|chrome)\.\w+
    """,
    re.MULTILINE | re.VERBOSE,
)
_NO_JAVASCRIPT: Final = re.compile(r"<\?php|^from __future__|^def \w+\(|^import \w+$", re.MULTILINE)


def javascript_lines(source: str) -> int:
    """The number of lines that a Python source spends on strings of JavaScript.

    A string counts if it has a passage of JavaScript. Each line counts, also those of its quotes, but a line with two
    strings counts once. Docstrings do not count.
    """
    lines = set[int]()
    # Most sources have nothing like JavaScript at all, and need not be parsed.
    if not _JAVASCRIPT.search(source):
        return 0
    for first, last, text in _strings(ast.parse(source)):
        if _JAVASCRIPT.search(text) and not _NO_JAVASCRIPT.search(text):
            lines.update(range(first, last + 1))
    return len(lines)


def _strings(tree: ast.Module) -> Iterator[tuple[int, int, str]]:
    """The strings and f-strings with their first and last line. Docstrings and the parts of f-strings are left out."""
    left_out = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            left_out.add(id(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            text = node.value
        else:
            continue
        yield node.lineno, node.end_lineno or node.lineno, text


def main(arguments: Sequence[str] | None = None) -> None:
    """Print each file's count, the largest first, and their sum."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.javascript_in_strings",
        description="Counts the lines of JavaScript in Python strings, also in strings of a single line. "
        "Docstrings do not count. Files are listed by `git ls-files`.",
    )
    parser.add_argument("folders", nargs="*", help="only the files in these folders")
    options = parser.parse_args(arguments)
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *options.folders]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    paths = [path for path in listed if path.endswith(".py") and (ROOT / path).exists()]
    counts = {path: javascript_lines((ROOT / path).read_text(encoding="utf-8")) for path in paths}
    for path, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if count:
            print(f"{count:6} {path}")
    print(f"{sum(counts.values()):6} lines of JavaScript in Python strings")


if __name__ == "__main__":
    main()
