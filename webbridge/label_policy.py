"""The operator's policy of security labels (RFC 2634 section 3): its OID and its classifications, from a JSON file.

The extension reads the same file:

    {"policy": "1.2.3.4", "name": "Example Ltd", "classifications": [{"value": 1, "name": "Internal"}]}
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealwax.files.small import read_small
from smime_core.errors import LimitExceeded

MAX_FILE_BYTES: Final = 65_536
MAX_NAME_CHARACTERS: Final = 100
MAX_CLASSIFICATIONS: Final = 50
MAX_VALUE: Final = 256  # The bound ub-integer-options of RFC 2634
_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,9})){1,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """One classification of a policy."""

    value: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPolicy:
    """A policy of security labels. `policy` is its OID."""

    policy: str
    name: str
    classifications: tuple[Classification, ...]


def read_label_policy(file: Path) -> LabelPolicy:
    """Return the policy in a file. Raises OSError, or ValueError if the file has no policy."""
    try:
        document = json.loads(read_small(file, max_bytes=MAX_FILE_BYTES))
    except LimitExceeded as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("nested too deep") from None
    members = _members(document, "policy", "name", "classifications")
    oid, listed = members["policy"], members["classifications"]
    if not isinstance(oid, str) or not _OID.fullmatch(oid):
        raise ValueError("policy is no OID")
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_CLASSIFICATIONS:
        raise ValueError(f"classifications has not between 1 and {MAX_CLASSIFICATIONS} members")
    classifications = tuple(_classification(member) for member in listed)
    for distinct in (
        {classification.value for classification in classifications},
        {classification.name for classification in classifications},
    ):
        if len(distinct) < len(classifications):
            raise ValueError("two classifications have the same value or name")
    return LabelPolicy(policy=oid, name=_name(members["name"]), classifications=classifications)


def _classification(member: object) -> Classification:
    members = _members(member, "value", "name")
    value = members["value"]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_VALUE:
        raise ValueError(f"the value of a classification is no number from 0 to {MAX_VALUE}")
    return Classification(value=value, name=_name(members["name"]))


def _name(text: object) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_NAME_CHARACTERS:
        raise ValueError(f"a name is no text of at most {MAX_NAME_CHARACTERS} characters")
    return text


def _members(value: object, *names: str) -> dict[str, object]:
    if not isinstance(value, dict) or set(value) != set(names):
        raise ValueError(f"an object with the members {', '.join(names)} is expected")
    return value
