"""The vault's check of requests against its schema agrees with a second implementation of the check in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hypothesis import HealthCheck, given, settings, strategies as st

from tests.support.node_tests import check_in_node
from tests.support.vault.request_fields import request_fields

# The same as the schema in JavaScript, which `test_requests.py` compares.
TABLE: Final = request_fields()


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
        return isinstance(value, list) and all(fits(kind[0], item) for item in value)
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


def requests(*, junk: bool) -> st.SearchStrategy[list[tuple[str, Any]]]:
    """Fifty requests, so that node starts seldom."""

    def of_verb(verb: str) -> st.SearchStrategy[tuple[str, Any]]:
        args = values(TABLE[verb], junk=junk)
        return st.tuples(st.just(verb), args | JUNK if junk else args)

    return st.lists(st.sampled_from(sorted(TABLE)).flatmap(of_verb), min_size=50, max_size=50)


EXAMPLES = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@EXAMPLES
@given(asked=requests(junk=False))
def test_arguments_that_fit_the_table_pass(asked: list[tuple[str, Any]]) -> None:
    check_in_node("schema", "arguments that fit the table pass", [(verb, args, "ok") for verb, args in asked])


@EXAMPLES
@given(asked=requests(junk=True))
def test_arguments_that_do_not_fit_the_table_are_refused(asked: list[tuple[str, Any]]) -> None:
    judged = [(verb, args, "ok" if fits(TABLE[verb], args) else "bad-request") for verb, args in asked]
    check_in_node("schema", "arguments that do not fit the table are refused", judged)


@settings(max_examples=4, deadline=None)
@given(drawn=st.lists(st.text(max_size=30), min_size=25, max_size=25))
def test_an_unknown_verb_is_refused(drawn: list[str]) -> None:
    verbs = ["__proto__", "constructor", "toString", "hasOwnProperty", *(verb for verb in drawn if verb not in TABLE)]
    check_in_node("schema", "an unknown verb is refused", [(verb, {}, "bad-request") for verb in verbs])


def test_names_of_every_object_are_no_fields() -> None:
    args = {"cms": {"bytes": 1}, "trust": {"anchors": []}, "at": ""}
    odd = [{**args, name: 1} for name in ("constructor", "toString", "valueOf")]
    judged = [("bytes.verify", args, "ok"), *(("bytes.verify", variant, "bad-request") for variant in odd)]
    check_in_node("schema", "names of every object are no fields", judged)
