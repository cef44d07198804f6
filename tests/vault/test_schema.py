"""The vault's check of requests against its schema agrees with a second implementation of the check in Python."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if shutil.which("node") is None:
    pytest.skip("not installed: node", allow_module_level=True)

JUDGE = Path(__file__).with_name("schema_judge.mjs")


@dataclass(frozen=True)
class Judge:
    table: dict[str, Any]
    requests: IO[str]
    verdicts: IO[str]

    def ask(self, verb: str, args: object) -> str:
        self.requests.write(json.dumps([verb, args]) + "\n")
        self.requests.flush()
        return self.verdicts.readline().strip()


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with subprocess.Popen(["node", JUDGE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Judge(json.loads(process.stdout.readline()), process.stdin, process.stdout)


def is_bytes(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"bytes"}


def holds_bytes(value: Any) -> bool:
    if is_bytes(value):
        return True
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, list) and any(map(holds_bytes, value))


def is_secret(value: Any) -> bool:
    # Further fields are allowed, because no code reads them.
    if not isinstance(value, dict) or not is_bytes(value.get("buffer")):
        return False
    length = value.get("length")
    return type(length) is int and 0 <= length <= value["buffer"]["bytes"]


def fits(kind: Any, value: Any) -> bool:
    """Whether a value is of a kind, by the definition at the start of `schema.js`."""
    if isinstance(kind, list):
        return isinstance(value, list) and all(fits(kind[0], one) for one in value)
    if isinstance(kind, dict):
        if not isinstance(value, dict) or is_bytes(value):
            return False
        fields = {name.removesuffix("?"): (name.endswith("?"), inner) for name, inner in kind.items()}
        return value.keys() <= fields.keys() and all(
            (optional and value.get(name) is None) or (name in value and fits(inner, value[name]))
            for name, (optional, inner) in fields.items()
        )
    return IS_KIND[kind](value)


IS_KIND: dict[str, Callable[[Any], bool]] = {
    "bytes": is_bytes,
    "secret": is_secret,
    "text": lambda it: isinstance(it, str),
    "flag": lambda it: isinstance(it, bool),
    "number": lambda it: isinstance(it, int) and not isinstance(it, bool),
    "json": lambda it: isinstance(it, dict | list) and not holds_bytes(it),
}
# No random field has the name "bytes": the judge would turn it into a buffer, whose length may be negative or huge.
# Hypothesis would find this name, because it also tries the words of this file.
NAMES = st.text(max_size=8).filter(lambda name: name != "bytes")
BYTES = st.integers(0, 100).map(lambda length: {"bytes": length})
SECRETS = st.fixed_dictionaries({"buffer": BYTES, "length": st.integers(-1, 101)})
LEAVES = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(max_size=10) | BYTES | SECRETS
JUNK = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
OF_KIND = {
    "bytes": BYTES,
    "secret": st.integers(0, 100).map(lambda length: {"buffer": {"bytes": length}, "length": length}),
    "text": st.text(max_size=10),
    "flag": st.booleans(),
    "number": st.integers(0, 1000),
    "json": st.dictionaries(NAMES, st.integers() | st.text(max_size=5), max_size=3),
}


def values(kind: Any, *, junk: bool) -> st.SearchStrategy[Any]:
    """Values of a kind; with `junk` any part of them may be something else, or have a field too many or too few."""
    if isinstance(kind, list):
        right: st.SearchStrategy[Any] = st.lists(values(kind[0], junk=junk), max_size=2)
    elif isinstance(kind, dict):
        fields = {name.removesuffix("?"): values(inner, junk=junk) for name, inner in kind.items()}
        needed = {name: fields[name] for name in kind if not name.endswith("?")} if not junk else {}
        further = {name: inner for name, inner in fields.items() if name not in needed}
        right = st.fixed_dictionaries(needed, optional={**further, **({"further": JUNK} if junk else {})})
    else:
        right = OF_KIND[kind]
    return st.integers(0, 9).flatmap(lambda dice: JUNK if dice == 0 else right) if junk else right


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_arguments_that_fit_the_table_pass(judge: Judge, data: st.DataObject) -> None:
    verb = data.draw(st.sampled_from(sorted(judge.table)))
    args = data.draw(values(judge.table[verb], junk=False))
    assert judge.ask(verb, args) == "ok"


@settings(max_examples=600, deadline=None)
@given(data=st.data())
def test_arguments_that_do_not_fit_the_table_are_refused(judge: Judge, data: st.DataObject) -> None:
    verb = data.draw(st.sampled_from(sorted(judge.table)))
    args = data.draw(values(judge.table[verb], junk=True) | JUNK)
    assert judge.ask(verb, args) == ("ok" if fits(judge.table[verb], args) else "bad-request")


@given(verb=st.text(max_size=30) | st.sampled_from(["__proto__", "constructor", "toString", "hasOwnProperty"]))
def test_an_unknown_verb_is_refused(judge: Judge, verb: str) -> None:
    if verb not in judge.table:
        assert judge.ask(verb, {}) == "bad-request"


def test_names_of_every_object_are_no_fields(judge: Judge) -> None:
    args = {"cms": {"bytes": 1}, "trust": {"anchors": []}, "at": ""}
    assert judge.ask("bytes.verify", args) == "ok"
    for name in ("constructor", "toString", "valueOf"):
        assert judge.ask("bytes.verify", {**args, name: 1}) == "bad-request"
