"""Cases as pure data: the claims of a set, which can be checked natively or sent to a browser.

A `Case` names one claim of one set. Its `task` has all bytes for this claim, and checks the claim with a provider.
`pack_cases` makes one compressed file of many cases; `unpack_cases` is its reverse.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from smime_core.provider import CryptoProvider


class Disproved(Exception):
    """A claim of a set does not hold. The message says what was found and what was expected."""


class Task(Protocol):
    """The check of a claim: a frozen dataclass of bytes, texts, numbers and their tuples, registered with `@task`."""

    async def run(self, provider: CryptoProvider) -> int:
        """The number of facts that were compared with the set. Raises Disproved, or the SmimeError of the core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """The reason why a case is not expected to hold, in a sentence, and a link to the source of the reason."""

    reason: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One claim. `source` says where the set makes it. If the claim holds in spite of `skip`, the case fails."""

    set: str
    name: str
    task: Task
    source: str = ""
    skip: Skip | None = None


class Status(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of a case. `facts` counts the comparisons; `link` explains a skip."""

    set: str
    name: str
    status: Status
    facts: int = 0
    why: str = ""
    link: str = ""


T = TypeVar("T")
_TASKS: dict[str, type[Any]] = {}


def task(cls: type[T]) -> type[T]:
    """A decorator for each class that `pack_cases` may pack: tasks and their parts."""
    _TASKS[cls.__name__] = cls
    return cls


def pack_cases(cases: Iterable[Case]) -> bytes:
    """All cases as compressed JSON. Equal byte strings are written once, because most sets repeat their keys."""
    table: dict[bytes, int] = {}
    packed = [_pack_value(case, table) for case in cases]
    octets = [base64.b64encode(entry).decode("ascii") for entry in table]
    return zlib.compress(json.dumps({"octets": octets, "cases": packed}).encode("ascii"), 6)


def unpack_cases(packed: bytes) -> list[Case]:
    """The cases in the result of `pack_cases`. The modules that define the tasks must have been imported."""
    document = json.loads(zlib.decompress(packed))
    table = [base64.b64decode(text) for text in document["octets"]]
    return [_unpack_value(case, table) for case in document["cases"]]


def outcomes_to_json(outcomes: Sequence[Outcome]) -> str:
    return json.dumps([dataclasses.asdict(outcome) for outcome in outcomes])


def outcomes_from_json(text: str) -> list[Outcome]:
    return [Outcome(**{**entry, "status": Status(entry["status"])}) for entry in json.loads(text)]


def _pack_value(value: Any, table: dict[bytes, int]) -> Any:
    if isinstance(value, bytes):
        return {"octets": table.setdefault(value, len(table))}
    if isinstance(value, tuple):
        return [_pack_value(member, table) for member in value]
    if dataclasses.is_dataclass(value):
        fields = {field.name: _pack_value(getattr(value, field.name), table) for field in dataclasses.fields(value)}
        return {"class": type(value).__name__, "fields": fields}
    if value is None or isinstance(value, bool | int | str):
        return value
    raise TypeError(f"{type(value).__name__} cannot travel in a packed case")


def _unpack_value(value: Any, table: Sequence[bytes]) -> Any:
    if isinstance(value, list):
        return tuple(_unpack_value(member, table) for member in value)
    if not isinstance(value, dict):
        return value
    if "octets" in value:
        return table[value["octets"]]
    cls = _TASKS[value["class"]]
    return cls(**{name: _unpack_value(member, table) for name, member in value["fields"].items()})


task(Case)
task(Skip)
