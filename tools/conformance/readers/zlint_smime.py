"""The certificates of zlint, with the result of each of its rules (Error, Warn, Pass, NA or NE)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.conformance.case import Case, Skip
from tools.conformance.checks.profile import CheckProfile
from tools.conformance.readers import corpora

SET: Final = "zlint-smime"
_OTHER_VALIDATION: Final = Skip(
    reason="about names of organisations and persons, which no certificate of ours has",
    link="https://cabforum.org/working-groups/smime/requirements/",
)
_OTHER_RULES: Final = frozenset(
    {"e_legal_entity_identifier", "e_registration_scheme_id_matches_subject_country", "e_subject_country_name"}
)


def read_cases(folder: Path) -> Iterator[Case]:
    """Every certificate is read, and our check of the profile agrees with every result of the linter."""
    yield from corpora.read_blocks(folder)
    for row in json.loads((folder / "expected.json").read_text()):
        task = CheckProfile(
            certificate=(folder / row["file"]).read_bytes(),
            rule=row["lint"],
            finds=row["expected"] in ("Error", "Warn"),
        )
        yield Case(
            set=SET,
            name=f"{row['file']} {row['lint']} {row['expected']}",
            task=task,
            source="expected.json",
            skip=_OTHER_VALIDATION if row["lint"] in _OTHER_RULES else None,
        )
