"""Members of replies: what an answer takes over (RFC 9788 section 6.1), and what could still be looked up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from smime_core.compose import find_message_ids
from smime_core.header_replies import HiddenField, reply_headers
from smime_core.pkix import LookupKind, PathTrail
from smime_core.report import MessageReport
from wasm_build.trust import lookup_id


def describe_reply(report: MessageReport) -> dict[str, Any]:
    """What the draft of an answer holds, so that it joins the thread and gives nothing away that this message hid."""
    in_reply_to, references, hidden = _thread(report)
    return {
        "inReplyTo": next(iter(find_message_ids(in_reply_to)), None),
        "references": list(find_message_ids(references)),
        "hidden": [{"name": one.name, "value": one.value, "outside": one.outside} for one in hidden],
    }


def parse_hidden(draft: dict[str, Any]) -> list[HiddenField]:
    """What came back of `describe_reply`."""
    fields = draft.get("hidden") or ()
    return [HiddenField(name=one["name"], value=one["value"], outside=one.get("outside")) for one in fields]


def describe_lookups(trails: Iterable[PathTrail | None]) -> list[dict[str, Any]]:
    """What could still change the verdict on these paths, each once; `id` tells one from another.

    Issuers' certificates are left out: whoever made a message chose their addresses, and would learn who reads it.
    """
    named = [lookup for trail in trails if trail is not None for lookup in trail.lookups]
    asked = [lookup for lookup in named if lookup.kind is not LookupKind.ISSUER]
    described = {lookup_id(one): one for one in asked}
    return [
        {
            "id": name,
            "kind": str(lookup.kind),
            "url": lookup.url,
            "body": lookup.body,
            "path": [certificate.der for certificate in lookup.path],
        }
        for name, lookup in described.items()
    ]


def describe_certificates(report: MessageReport) -> list[dict[str, Any]]:
    """`[{fingerprint, certificate}]`: the octets of what the report names, for a closer look or a decision."""
    named = [signer.certificate for signer in report.signers if signer.certificate is not None]
    judged = [one for signer in report.signers if signer.trail is not None for one in signer.trail.certificates]
    certificates = dict.fromkeys([*report.certificates, *named, *judged])
    return [{"fingerprint": one.fingerprint, "certificate": one.der} for one in certificates]


def _thread(report: MessageReport) -> tuple[str, str, Sequence[HiddenField]]:
    if report.protected_headers is not None:
        reply = reply_headers(report.protected_headers)
        return reply.in_reply_to, reply.references, reply.hidden
    headers = {name.lower(): value for name, value in report.headers}
    message_id = headers.get("message-id", "")
    return message_id, f"{headers.get('references', '')} {message_id}", ()
