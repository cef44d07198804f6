"""The JSON that the command prints, checked against its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

import smime_core
from tests.support.command.lab import Result

SCHEMA = json.loads((Path(smime_core.__file__).parent / "report" / "report.schema.json").read_text())


def parsed(result: Result) -> dict[str, Any]:
    """The JSON object on standard output, which must follow the schema."""
    report = json.loads(result.stdout)
    jsonschema.validate(report, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert isinstance(report, dict)
    return report
