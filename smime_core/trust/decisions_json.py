"""The user's decisions as JSON: one form for the command's file, the extension's database and the pages.

    {"version": "sealwax-decisions-1", "decisions": [{"certificate": base64 DER, "kind": "exact" or "authority",
    "addresses": [...], "acceptedAt"}]}

Parsing is strict. A text that has a decision without addresses is refused, because an anchor without addresses would
count for all addresses.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_DECISION_ADDRESSES, MAX_DECISIONS, MAX_DECISIONS_BYTES
from smime_core.text import JsonObject, utc_text
from smime_core.text.mail_address import is_condition
from smime_core.trust.certificate_member import certificate_text, read_certificate
from smime_core.trust.decisions import Decision, DecisionKind

VERSION: Final = "sealwax-decisions-1"

_WHERE: Final = "decisions"


def build_decisions(decisions: Sequence[Decision]) -> bytes:
    """The JSON text, indented so that people can read it."""
    members = {"version": VERSION, "decisions": [_to_json(decision) for decision in decisions]}
    return (json.dumps(members, indent=1) + "\n").encode("ascii")


def parse_decisions(data: bytes) -> tuple[Decision, ...]:
    """Parse the JSON text of `build_decisions`. Raises SmimeError if it is damaged or too large."""
    members = JsonObject.of_version(data, ("version", "decisions"), VERSION, _WHERE, max_bytes=MAX_DECISIONS_BYTES)
    decisions = tuple(map(_from_json, members.values("decisions", limit=MAX_DECISIONS)))
    if len({decision.certificate for decision in decisions}) != len(decisions):
        raise MalformedMessage("a certificate appears twice", where=_WHERE)
    return decisions


def _to_json(decision: Decision) -> dict[str, object]:
    return {
        "certificate": certificate_text(decision.certificate),
        "kind": str(decision.kind),
        "addresses": list(decision.addresses),
        "acceptedAt": utc_text(decision.accepted_at),
    }


def _from_json(value: object) -> Decision:
    members = JsonObject.of(value, ("certificate", "kind", "addresses", "acceptedAt"), where=_WHERE)
    addresses = members.texts("addresses", limit=MAX_DECISION_ADDRESSES)
    if not addresses or not all(map(is_condition, addresses)):
        raise MalformedMessage("addresses are no addresses or domains, at least one", where=_WHERE)
    return Decision(
        certificate=read_certificate(members, "certificate"),
        kind=_kind(members.text("kind")),
        addresses=addresses,
        accepted_at=members.time("acceptedAt"),
    )


def _kind(text: str) -> DecisionKind:
    try:
        return DecisionKind(text)
    except ValueError as error:
        raise MalformedMessage("kind is neither exact nor authority", where=_WHERE) from error
