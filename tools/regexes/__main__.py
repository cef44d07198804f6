"""`python -m tools.regexes`: judges every regular expression in tracked Python and JavaScript files.

Ends with status 1 if an expression takes more than linear time, cannot be judged, or is built at run time without being
listed in `built.py` with its reason.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

from tests.support.project import ROOT
from tools.regexes.built import BUILT, BUILT_IN_JAVASCRIPT
from tools.regexes.growth import judge
from tools.regexes.javascript import JavaScriptJudge
from tools.regexes.python_source import FoundPattern, find_patterns


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the findings and the number of expressions that were judged. Returns the exit status."""
    argparse.ArgumentParser(prog="python -m tools.regexes", description=__doc__).parse_args(arguments)
    judge_of_javascript = JavaScriptJudge(ROOT, tracked("*.js", "*.mjs", "*.cjs"))
    patterns = find_patterns(ROOT, tracked("*.py"))
    findings = [*_judge_python(patterns), *_find_unused(patterns)]
    expressions = judge_of_javascript.verdicts()
    for regex in expressions:
        listed = BUILT_IN_JAVASCRIPT.get((regex["file"], regex["source"]))
        if regex["verdict"] != "safe" and not (regex["built"] and listed):
            findings.append(f"{regex['file']}:{regex['line']}: {regex['verdict']}: {regex['why']}: {regex['source']}")
    print(*findings, sep="\n" if findings else "")
    print(
        f"regular expressions: {len(patterns)} of Python and {len(expressions)} of JavaScript judged, "
        f"{len(findings)} superlinear, unknown or not listed"
    )
    return 1 if findings else 0


def tracked(*kinds: str) -> list[str]:
    """The files in git whose names match these patterns."""
    done = subprocess.run(["git", "ls-files", *kinds], capture_output=True, text=True, cwd=ROOT, check=True)
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def _judge_python(patterns: list[FoundPattern]) -> list[str]:
    findings: list[str] = []
    known: dict[tuple[str | bytes, int, frozenset[str]], str] = {}
    for pattern in patterns:
        listed = BUILT.get((pattern.file, pattern.written))
        if pattern.text is None and listed is None:
            findings.append(f"{pattern.file}:{pattern.line}: built at run time and not listed: {pattern.written}")
            continue
        for text in (pattern.text,) if pattern.text is not None else listed.examples if listed else ():
            key = text, pattern.flags, pattern.ways
            if key not in known:
                known[key] = judge(*key)
            if known[key]:
                findings.append(f"{pattern.file}:{pattern.line}: {known[key]}: {text!r}")
    return findings


def _find_unused(patterns: list[FoundPattern]) -> list[str]:
    used = {(pattern.file, pattern.written) for pattern in patterns}
    return [
        f"{file}: listed as built, and is no more: {written}" for file, written in BUILT if (file, written) not in used
    ]


if __name__ == "__main__":
    sys.exit(main())
