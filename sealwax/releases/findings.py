"""The comparison of files with a signed list: one finding for each file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from smime_core.own_content import ReleasedFile, integrity_of


class Outcome(StrEnum):
    """The result of the comparison of one file."""

    EQUAL = "equal"
    DIFFERS = "differs"
    MISSING = "missing"
    NOT_READ = "not-read"
    """The file could not be read, for example not in time."""
    ADDITIONAL = "additional"
    """The file is there, and the list does not name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The outcome for one file. `detail` says more, and may be empty."""

    path: str
    outcome: Outcome
    detail: str = ""


def compare(file: ReleasedFile, data: bytes) -> Finding:
    """The finding on the bytes that were read for `file`."""
    if len(data) != file.bytes:
        return differs_in_size(file, len(data))
    outcome = Outcome.EQUAL if integrity_of(data) == file.integrity else Outcome.DIFFERS
    return Finding(path=file.path, outcome=outcome)


def differs_in_size(file: ReleasedFile, size: int) -> Finding:
    """The finding on a file of another size than the signed one."""
    return Finding(path=file.path, outcome=Outcome.DIFFERS, detail=f"{size} bytes instead of {file.bytes}")


def are_all_equal(findings: Sequence[Finding]) -> bool:
    """Whether every file is there and equal to the signed one."""
    return all(finding.outcome is Outcome.EQUAL for finding in findings)


def describe_counts(findings: Sequence[Finding]) -> str:
    """A line such as "39 files: 38 equal, 1 differs"."""
    counts = Counter(finding.outcome for finding in findings)
    words = [f"{counts[outcome]} {outcome.replace('-', ' ')}" for outcome in Outcome if counts[outcome]]
    return f"{len(findings)} files: {', '.join(words)}"
