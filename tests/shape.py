"""Measures of the code's structure: `python -m tests.shape` prints the table of docs/architecture.md.

Product code is the code in the packages in `ROOMS`. Files are listed by `git ls-files`, so that builds do not count.
"""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
ROOMS = ("smime_core", "sealwax", "wasm_build", "webbridge", "roaming_keys", "browser_ext")
PASSAGE_LINES = 6
LONG_FUNCTION_LINES = 40
MAX_ARGUMENTS = 7
DATA_LINES = 10
UNWANTED_BEGINNING = re.compile(r"(What|Who|Whoever|Whatever|One that|Everything that|None for)\b")


class Measure(NamedTuple):
    """A measure. `before`: its value before the code was restructured. `wanted`: the aim, in words."""

    name: str
    measured: Callable[[], int]
    before: int
    wanted: str


@cache
def files(suffix: str, *folders: str) -> tuple[Path, ...]:
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, check=True, capture_output=True, text=True)
    return tuple(Path(line) for line in listed.stdout.splitlines() if line.endswith(suffix))


@cache
def text_of(path: Path) -> str:
    return (ROOT / path).read_text()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def product() -> tuple[Path, ...]:
    return files(".py", *ROOMS)


def nodes(paths: Iterable[Path]) -> Iterator[tuple[Path, ast.AST]]:
    for path in paths:
        for node in ast.walk(tree_of(path)):
            yield path, node


@cache
def scripts() -> list[dict[str, Any]]:
    """The facts about each JavaScript file of the product, from tests/shape.mjs."""
    paths = [*map(str, files(".js", *ROOMS)), *map(str, files(".mjs", *ROOMS))]
    written = subprocess.run(["node", "tests/shape.mjs", *paths], cwd=ROOT, check=True, capture_output=True, text=True)
    described: list[dict[str, Any]] = json.loads(written.stdout)
    return described


def entries_of_the_core() -> int:
    return len({path.parts[1] for path in files("", "smime_core")})


def entries_of_the_extension() -> int:
    return len([path for path in files("", "browser_ext") if len(path.parts) == 2])


def import_circles() -> int:
    """The number of modules, in both languages, that import themselves indirectly.

    Imports for annotations and inside functions count too.
    """
    return sum(len(group) for group in circles(python_imports() | script_imports()))


def python_imports() -> dict[str, set[str]]:
    names = {module_name(path): path for path in product()}
    graph: dict[str, set[str]] = {name: set() for name in names}
    for name, path in names.items():
        for node in ast.walk(tree_of(path)):
            for wanted in imported_modules(node, names.keys()):
                graph[name].add(wanted)
        graph[name].discard(name)
    return graph


def module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def imported_modules(node: ast.AST, known: Iterable[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names if one.name in known)
    elif isinstance(node, ast.ImportFrom) and node.module:
        for one in node.names:
            inner = f"{node.module}.{one.name}"
            if inner in known:
                yield inner
            elif node.module in known:
                yield node.module


def script_imports() -> dict[str, set[str]]:
    known = {script["path"] for script in scripts()}
    return {
        script["path"]: {found for one in script["imports"] if (found := resolve(script["path"], one)) in known}
        for script in scripts()
    }


def resolve(importer: str, specifier: str) -> str:
    if not specifier.startswith("."):
        return specifier
    return str(((ROOT / importer).parent / specifier).resolve().relative_to(ROOT))


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """The strongly connected groups of at least two modules."""
    reach = {name: reachable(graph, name) for name in graph}
    groups: list[set[str]] = []
    for name in graph:
        group = {other for other in reach[name] if name in reach[other]}
        if len(group) > 1 and group not in groups:
            groups.append(group)
    return groups


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for other in graph[waiting.pop()] - found:
            found.add(other)
            waiting.append(other)
    return found


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
    return [one for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs) if one.arg != "self"]


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


def named_modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [one.name for one in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
    return []


def unwanted_beginnings() -> int:
    python = (text for path in files(".py", *ROOMS, "tests") for text in (*docstrings(path), *comments(path)))
    javascript = (text for script in scripts() for text in script_comments(script))
    return sum(bool(UNWANTED_BEGINNING.match(text)) for text in (*python, *javascript))


def docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            match statement:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield text.strip()


def comments(path: Path) -> Iterator[str]:
    """The comments of a file, without `#`. Of comments on consecutive lines, only the first line."""
    last = -1
    for token in tokenize.generate_tokens(io.StringIO(text_of(path)).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != last + 1 or token.line.split("#")[0].strip():
                yield token.string.lstrip("# ")
            last = token.start[0]


def script_comments(script: dict[str, Any]) -> Iterator[str]:
    last = -1
    for comment in script["comments"]:
        if comment["isBlock"] or comment["line"] != last + 1:
            yield comment["text"].lstrip("*\n ")
        last = -1 if comment["isBlock"] else comment["last"]


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


def code_lines(path: Path, *, with_imports: bool) -> Iterator[tuple[int, str]]:
    """The numbers and texts of code lines: without blank lines, comments, docstrings and tables of literals."""
    left_out = set(lines_left_out(tree_of(path), with_imports=with_imports))
    for number, line in enumerate(text_of(path).splitlines(), 1):
        text = line.strip()
        if text and not text.startswith("#") and number not in left_out:
            yield number, text


def lines_left_out(tree: ast.Module, *, with_imports: bool) -> Iterator[int]:
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_import = not with_imports and isinstance(node, ast.Import | ast.ImportFrom)
        if is_text or is_import or is_table(node):
            assert isinstance(node, ast.stmt)
            yield from range(node.lineno, (node.end_lineno or 0) + 1)


def is_table(node: ast.AST) -> bool:
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return False
    if (node.end_lineno or 0) - node.lineno + 1 <= DATA_LINES:
        return False
    return all(
        isinstance(
            inner, ast.Constant | ast.Tuple | ast.List | ast.Dict | ast.Set | ast.Load | ast.Name | ast.Attribute
        )
        for inner in ast.walk(node.value)
    )


MEASURES = (
    Measure("entries at the top of `smime_core`", entries_of_the_core, 113, "30 at most"),
    Measure("files at the top of `browser_ext`", entries_of_the_extension, 49, "12 at most"),
    Measure("modules in import circles", import_circles, 56, "0"),
    Measure("rows in `LAYERS`", rows_of_layers, 55, "15 at most"),
    Measure("names in the face", names_in_the_face, 170, "45 at most"),
    Measure("arguments `name=name`", repeated_keywords, 2095, "a third of before at most"),
    Measure("functions that pass on `**kwargs`", passed_on_keywords, 11, "0"),
    Measure("public functions of more than seven arguments", wide_functions, 50, "0"),
    Measure("functions over 40 lines", long_functions, 62, "10 at most"),
    Measure("`any` in the types of the extension", any_in_the_extension, 277, "39 at most"),
    Measure("tests that import a test", tests_that_import_tests, 56, "0"),
    Measure("comments that begin with an unwanted word", unwanted_beginnings, 790, "0"),
    Measure("equal passages of six lines in `smime_core`", equal_passages, 114, "half of before at most"),
    Measure("lines of product code", product_lines, 55932, "a tenth less"),
)


def main() -> None:
    sys.stdout.write("| measure | before | now | wanted |\n|---|---|---|---|\n")
    for name, measured, before, wanted in MEASURES:
        sys.stdout.write(f"| {name} | {before:,} | {measured():,} | {wanted} |\n")


if __name__ == "__main__":
    main()
