"""The judge of regular expressions catches bad ones and lets good ones pass, in Python and in JavaScript."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.project import ROOT
from tools.regexes.growth import judge
from tools.regexes.javascript import JavaScriptJudge
from tools.regexes.python_source import find_in_source


@pytest.mark.thorough(after=4)
@pytest.mark.parametrize(
    ("pattern", "way"),
    [
        (r"(a+)+$", "match"),
        (r"(a|a)*b", "fullmatch"),
        (r"\s*;\s*$", "search"),
        (r" *=? *$", "match"),
        (rb"=[ \t\r\n]*=?[ \t]*(?=\r?\n|\Z)", "match"),
        (rb"[ \t]++(?=\r?\n|\Z)", "finditer"),
        (r"<([^>]*)>", "finditer"),
        (r"^```sh\n(.*?)^```$", "finditer"),
        (r"\d+\d+x", "match"),
        (r"(?:x(?=(a*))\1)*y|.*,.*,z", "match"),
    ],
)
def test_finds_superlinear_patterns(pattern: str | bytes, way: str) -> None:
    flags = 24 if isinstance(pattern, str) and pattern.startswith("^") else 0  # MULTILINE, DOTALL
    assert judge(pattern, flags, frozenset((way,))).startswith("superlinear")


@pytest.mark.parametrize(
    ("pattern", "way"),
    [
        (r"[a-z]++\d", "match"),
        (rb"(?<![ \t])[ \t]++(?=\r?\n|\Z)", "finditer"),
        (r"<([^<>]*)>", "finditer"),
        (r"(?:\"[^\"\\]*+(?>(?:\\.[^\"\\]*+)*)\")", "fullmatch"),
        (r"\s*+(?:[A-Za-z]{3},\s*+)?(\d{1,2})", "fullmatch"),
        (r"[!-9;-~]{1,76}:", "match"),
    ],
)
def test_lets_linear_patterns_pass(pattern: str | bytes, way: str) -> None:
    assert judge(pattern, 0, frozenset((way,))) == ""


@pytest.mark.parametrize("pattern", [r"(?:a|<b>)++", rb"(?:\n[ \t][^\n]*+)*+", r"(=(\d*+)?+)?+"])
def test_refuses_possessive_groups(pattern: str | bytes) -> None:
    assert judge(pattern, 0, frozenset(("match",))).startswith("a group with a possessive quantifier")


def test_a_pattern_that_no_text_reaches_is_unknown() -> None:
    assert judge(r"a(?!b)b+c", 0, frozenset(("match",))).startswith("unknown")


def test_finds_patterns_under_other_names_and_puts_constants_together() -> None:
    source = (
        "import re as r\nfrom re import compile as c, MULTILINE\n_A = 'x'\n_B = c(rf'{_A}+' + 'y', MULTILINE)\n"
        "_B.match('')\ndef f(t):\n    r.sub(t, '', '')\n    c('z').split('')\nOTHER = r.compile(b'q')\n"
    )
    patterns = [(pattern.text, pattern.flags, sorted(pattern.ways)) for pattern in find_in_source(source, "example.py")]
    every = ["finditer", "fullmatch", "match", "search"]
    assert sorted(patterns, key=str) == sorted(
        [("x+y", 8, ["match"]), (None, 0, ["finditer"]), ("z", 0, ["finditer"]), (b"q", 0, every)], key=str
    )


@pytest.mark.skipif(shutil.which("node") is None, reason="JavaScript is judged by a program for Node")
def test_judges_javascript(tmp_path: Path) -> None:
    file = tmp_path / "example.js"
    file.write_text(
        "const A = 'x';\nexport const all = [/(a+)+$/, /\\s*;\\s*$/u, / *=? *$/, /^[a-z]+$/, new RegExp(`${A}+y`), "
        "(name) => new RegExp(name), 'b'.match('a.*a.*b')];\n"
    )
    verdicts = [(verdict["source"], verdict["verdict"]) for verdict in JavaScriptJudge(ROOT, [str(file)]).verdicts()]
    assert verdicts == [
        ("(a+)+$", "vulnerable"),
        ("\\s*;\\s*$", "vulnerable"),
        (" *=? *$", "vulnerable"),
        ("^[a-z]+$", "safe"),
        ("x+y", "vulnerable"),
        ("new RegExp(name)", "built"),
        ("a.*a.*b", "vulnerable"),
    ]
