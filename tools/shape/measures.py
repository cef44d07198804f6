"""The measures of docs/architecture.md, each with the ceiling that a test holds.

Product code is the code in the packages in `ROOMS`.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tools.javascript_in_strings import javascript_lines
from tools.shape.imports import circles, named_modules, python_imports, script_imports
from tools.shape.sources import (
    ROOMS,
    code_lines,
    comments,
    docstrings,
    files,
    nodes,
    product,
    script_comments,
    scripts,
    text_of,
    tree_of,
)

PASSAGE_LINES: Final = 6
LONG_FUNCTION_LINES: Final = 40
MAX_ARGUMENTS: Final = 7
_DEFINED: Final = re.compile(r"\b(?:function|const|let|class) (\w+)")
EMPTY_WORDS: Final = frozenset({"desk", "hand", "heart", "house", "stand"})
UNWANTED_BEGINNING: Final = re.compile(r"(What|Who|Whoever|Whatever|One that|Everything that|None for)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A count of the source. `before` is its value in the tree of version 0.1, or where counting began.

    `ceiling` is the greatest value that a test allows, and `reason` says why the ceiling is not the `wanted` value.
    """

    name: str
    count: Callable[[], int]
    before: int
    ceiling: int
    wanted: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """A measure with its value now."""

    measure: Measure
    now: int

    def row(self) -> str:
        """The row of the table."""
        measure = self.measure
        limit = f"{measure.ceiling:,}"
        if measure.ceiling > measure.wanted:
            limit += f", and {measure.wanted:,} wanted: {measure.reason}"
        return f"| {measure.name} | {measure.before:,} | {self.now:,} | {limit} |"


def count_all() -> list[Counted]:
    """All measures with their values."""
    return [Counted(measure, measure.count()) for measure in MEASURES]


def draw(counted: Iterable[Counted]) -> str:
    """The table of docs/architecture.md."""
    return "\n".join(
        ["| measure | before | now | at most |", "|---|---|---|---|", *(count.row() for count in counted), ""]
    )


def entries_at_the_top(folder: str) -> int:
    """The number of files and folders that a person sees when they open the folder."""
    depth = len(Path(folder).parts)
    return len({path.parts[depth] for path in files("", folder)})


def files_of_the_extension() -> int:
    return len([path for path in files("", "browser_ext") if len(path.parts) == 2])


def import_circles() -> int:
    """The number of Python and JavaScript modules that import themselves indirectly.

    In Python, imports for annotations and inside functions count too. In JavaScript, types in comments do not.
    """
    return sum(len(group) for group in circles(python_imports() | script_imports()))


def rows_of_layers() -> int:
    (path,) = (path for path in files(".py", "tests") if path.name == "test_architecture.py")
    for node in tree_of(path).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LAYERS":
            assert isinstance(node.value, ast.Tuple)
            return len(node.value.elts)
    raise AssertionError("no LAYERS")


def names_in_the_face() -> int:
    import smime_core

    return len(smime_core.__all__)


def repeated_keywords() -> int:
    """The number of arguments written `name=name`."""
    return sum(
        isinstance(node, ast.keyword) and isinstance(node.value, ast.Name) and node.arg == node.value.id
        for _, node in nodes(product())
    )


def passed_on_keywords() -> int:
    """The number of functions that take `**kwargs` and pass them on to another function."""
    count = 0
    for _, node in nodes(product()):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.args.kwarg:
            name = node.args.kwarg.arg
            count += any(
                isinstance(inner, ast.keyword) and inner.arg is None and ast.unparse(inner.value) == name
                for inner in ast.walk(node)
            )
    return count


def long_functions() -> int:
    python = (
        (node.end_lineno or 0) - node.lineno + 1
        for _, node in nodes(product())
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    lengths = [*python, *(lines for script in scripts() for lines in script["functions"])]
    return sum(lines > LONG_FUNCTION_LINES for lines in lengths)


def wide_functions() -> int:
    """The number of public functions and methods with more than seven arguments, without `self`."""
    return sum(
        not node.name.startswith("_") and len(arguments_of(node)) > MAX_ARGUMENTS
        for _, node in nodes(product())
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def arguments_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    return [
        argument
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        if argument.arg != "self"
    ]


def any_in_the_extension() -> int:
    """The number of times that JSDoc types of the extension contain the word `any`."""
    return sum(
        len(re.findall(r"\bany\b", type_text))
        for script in scripts()
        if script["path"].startswith("browser_ext/")
        for comment in script["comments"]
        if comment["isBlock"]
        for part in comment["text"].split("@")
        for type_text in [part[part.find("{") : part.rfind("}") + 1]]
    )


def tests_that_import_tests() -> int:
    return sum(
        any(
            name.rpartition(".")[2].startswith("test_")
            for node in ast.walk(tree_of(path))
            for name in named_modules(node)
        )
        for path in files(".py", "tests")
        if path.name.startswith("test_")
    )


def empty_names() -> int:
    """The number of definitions in tests and tools whose name, or a class name's last word, says nothing."""
    defined = [name for path in files(".js", "tests", "tools") for name in _DEFINED.findall(text_of(path))]
    count = sum(name.lower() in EMPTY_WORDS for name in defined)
    for _, node in nodes(files(".py", "tests", "tools")):
        match node:
            case ast.ClassDef():
                count += re.findall("[A-Z][a-z]*", node.name)[-1:] in [[word.capitalize()] for word in EMPTY_WORDS]
            case ast.FunctionDef(name=name) | ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                count += name.strip("_") in EMPTY_WORDS
    return count


def lists_of_names_in_tests() -> int:
    """The number of `__all__` in tests."""
    return sum(
        isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        for path in files(".py", "tests")
        for node in tree_of(path).body
    )


def unwanted_beginnings() -> int:
    python = (text for path in files(".py", *ROOMS, "tests", "tools") for text in (*docstrings(path), *comments(path)))
    javascript = (text for script in scripts((*ROOMS, "tests", "tools")) for text in script_comments(script))
    return sum(bool(UNWANTED_BEGINNING.match(text)) for text in (*python, *javascript))


def equal_passages() -> int:
    """The number of passages of six lines in the core that repeat an earlier passage. Imports do not count."""
    seen: Counter[tuple[str, ...]] = Counter()
    for path in files(".py", "smime_core"):
        lines = [text for _, text in code_lines(path, with_imports=False)]
        seen.update(tuple(lines[at : at + PASSAGE_LINES]) for at in range(len(lines) - PASSAGE_LINES + 1))
    return sum(count - 1 for count in seen.values())


def product_lines() -> int:
    python = sum(1 for path in product() for _ in code_lines(path, with_imports=True))
    javascript = sum(int(script["codeLines"]) for script in scripts())
    return python + javascript


def product_statements() -> int:
    """The number of statements in Python and JavaScript, without docstrings."""
    python = sum(
        isinstance(node, ast.stmt) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for _, node in nodes(product())
    )
    return python + sum(int(script["statements"]) for script in scripts())


def parameters_of_app() -> int:
    """The number of functions of the pages that take the whole application."""
    pages = files(".js", "webbridge/pages")
    return sum(len(re.findall(r"@param \{App\}", text_of(path))) for path in pages)


def longest_class_of_the_pages() -> int:
    """The number of lines of the longest class in the pages."""
    own = (script for script in scripts() if script["path"].startswith("webbridge/pages/"))
    return max(int(lines) for script in own for lines in script["classes"])


def javascript_in_strings() -> int:
    """The number of lines of JavaScript in Python strings."""
    return sum(javascript_lines(text_of(path)) for path in files(".py"))


MEASURES: Final = (
    Measure(
        name="files and folders at the top of `smime_core`",
        count=partial(entries_at_the_top, "smime_core"),
        before=113,
        ceiling=31,
        wanted=30,
        reason="`parcels` came, a subject of its own",
    ),
    Measure(name="files at the top of `browser_ext`", count=files_of_the_extension, before=49, ceiling=12, wanted=12),
    Measure(
        name="files and folders at the top of `webbridge/pages`",
        count=partial(entries_at_the_top, "webbridge/pages"),
        before=108,
        ceiling=16,
        wanted=16,
    ),
    Measure(
        name="files and folders at the top of `roaming_keys`",
        count=partial(entries_at_the_top, "roaming_keys"),
        before=48,
        ceiling=14,
        wanted=14,
    ),
    Measure(
        name="modules in import circles",
        count=import_circles,
        before=56,
        ceiling=0,
        wanted=0,
    ),
    Measure(name="rows in `LAYERS`", count=rows_of_layers, before=55, ceiling=15, wanted=15),
    Measure(
        name="names in the face",
        count=names_in_the_face,
        before=170,
        ceiling=47,
        wanted=45,
        reason="two kinds of content of our own have joined",
    ),
    Measure(
        name="arguments `name=name`",
        count=repeated_keywords,
        before=2095,
        ceiling=1575,
        wanted=698,
        reason="the code has doubled since; frozen values hold what goes through several layers",
    ),
    Measure(
        name="functions that pass on `**kwargs`",
        count=passed_on_keywords,
        before=11,
        ceiling=2,
        wanted=0,
        reason="the decorator of `blocking`, whose ParamSpec keeps the types; `Verbs`, whose rest is click's",
    ),
    Measure(name="public functions of more than seven arguments", count=wide_functions, before=50, ceiling=0, wanted=0),
    Measure(
        name="functions over 40 lines",
        count=long_functions,
        before=62,
        ceiling=34,
        wanted=10,
        reason="most put the parts of a view or a table of handlers together, line by line",
    ),
    Measure(name="`any` in the types of the extension", count=any_in_the_extension, before=277, ceiling=23, wanted=39),
    Measure(
        name="`@param {App}` in the pages",
        count=parameters_of_app,
        before=182,
        ceiling=0,
        wanted=20,
    ),
    Measure(
        name="lines of the longest class in the pages",
        count=longest_class_of_the_pages,
        before=616,
        ceiling=300,
        wanted=300,
    ),
    Measure(
        name="lines of JavaScript in Python strings",
        count=javascript_in_strings,
        before=9167,
        ceiling=4000,
        wanted=4000,
    ),
    Measure(name="tests that import a test", count=tests_that_import_tests, before=56, ceiling=0, wanted=0),
    Measure(name="`__all__` in tests", count=lists_of_names_in_tests, before=53, ceiling=0, wanted=0),
    Measure(name="names like house, stand or desk in tests", count=empty_names, before=549, ceiling=0, wanted=0),
    Measure(
        name="comments that begin with an unwanted word", count=unwanted_beginnings, before=790, ceiling=0, wanted=0
    ),
    Measure(
        name="equal passages of six lines in `smime_core`", count=equal_passages, before=114, ceiling=14, wanted=57
    ),
    Measure(
        name="lines of product code",
        count=product_lines,
        before=55932,
        ceiling=132_000,
        wanted=50_000,
        reason="version 0.2 does several times as much; filters have joined; each line has a caller",
    ),
    Measure(
        name="statements of product code",
        count=product_statements,
        before=98_575,
        ceiling=98_900,
        wanted=92_575,
        reason="sendings have two ways; the rest are parts of 0.2, filters, and the mail program has begun",
    ),
)
