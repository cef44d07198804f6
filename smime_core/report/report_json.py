"""A MessageReport as the JSON object of `report.schema.json`, for the command, the vault and the pages.

Each certificate is written once, in one list. Other members refer to it by its fingerprint. Member names are in
camelCase, because JavaScript reads them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from smime_core.mail.people import FieldPeople, MessagePeople
from smime_core.mime.addresses import Mailbox
from smime_core.pkix import Lookup, PathTrail, RevocationStatus, Step, TrustAnchor
from smime_core.report.answers import find_proved_author
from smime_core.report.certificate_text import key_label
from smime_core.report.path_tree import TreeNode, explain_signer
from smime_core.report.report import LayerReport, MessageReport, Reason, RecipientReport, SignerReport
from smime_core.text.times import utc_text
from smime_core.x509.certificate import Certificate


def report_to_json(report: MessageReport) -> dict[str, Any]:
    """The whole report as JSON values, without the content."""
    numbered = list(enumerate(report.layers))
    named = [signer.certificate for signer in report.signers if signer.certificate is not None]
    in_paths = [certificate for signer in report.signers for certificate in signer.path]
    in_trails = [
        trail_certificate
        for signer in report.signers
        if signer.trail
        for trail_certificate in _trail_certificates(signer.trail)
    ]
    return {
        "state": str(report.state),
        "reasons": reasons_to_json(report.reasons),
        "sender": report.sender,
        "proved": _mailbox_to_json(find_proved_author(report)),
        "fieldOrigin": report.field_origin,
        "headers": [list(header) for header in report.headers],
        "headerProtection": str(report.header_scheme),
        "headerProtections": [str(protection) for protection in report.header_protections],
        "people": _people_to_json(report.people),
        "date": _optional_time(report.date),
        "layers": [_layer_to_json(layer) for layer in report.layers],
        "signers": [_signer_to_json(number, signer) for number, layer in numbered for signer in layer.signers],
        "recipients": [
            recipient_to_json(number, recipient) for number, layer in numbered for recipient in layer.recipients
        ],
        "certificates": certificates_to_json([*report.certificates, *named, *in_paths, *in_trails]),
    }


def _mailbox_to_json(mailbox: Mailbox | None) -> dict[str, str] | None:
    return None if mailbox is None else {"name": mailbox.name, "address": mailbox.address}


def _people_to_json(people: MessagePeople) -> dict[str, Any]:
    fields = {
        "from": people.authors,
        "sender": people.sender,
        "replyTo": people.reply_to,
        "to": people.to,
        "cc": people.cc,
    }
    return {name: _field_people_to_json(field) for name, field in fields.items()}


def _field_people_to_json(people: FieldPeople) -> dict[str, Any]:
    mailboxes = [
        {"name": mailbox.name, "address": mailbox.address, "protection": str(mailbox.protection)}
        for mailbox in people.mailboxes
    ]
    return {"count": people.count, "mailboxes": mailboxes}


def reasons_to_json(reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    return [{"code": reason.code, "sentence": reason.sentence, "values": dict(reason.values)} for reason in reasons]


def certificate_to_json(certificate: Certificate) -> dict[str, Any]:
    """The facts by which people distinguish certificates, as JSON values."""
    return {
        "fingerprint": certificate.fingerprint,
        "name": certificate.common_name,
        "addresses": list(certificate.email_addresses),
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "serialNumber": f"{certificate.serial_number:x}",
        "notBefore": time_to_json(certificate.not_before),
        "notAfter": time_to_json(certificate.not_after),
        "key": key_label(certificate.public_key),
        "isCa": certificate.is_ca,
    }


def time_to_json(time: datetime.datetime) -> str:
    """A time with a time zone as text in UTC, in whole seconds, such as 2026-01-31T12:00:00Z."""
    return utc_text(time)


def _optional_time(time: datetime.datetime | None) -> str | None:
    return time_to_json(time) if time else None


def certificates_to_json(certificates: Iterable[Certificate]) -> list[dict[str, Any]]:
    """The certificates as JSON values, each once, in the given order."""
    return [certificate_to_json(certificate) for certificate in dict.fromkeys(certificates)]


def _layer_to_json(layer: LayerReport) -> dict[str, Any]:
    return {
        "kind": str(layer.kind),
        "depth": layer.depth,
        "algorithm": layer.algorithm,
        "coversWhole": layer.covers_whole,
        "detached": layer.detached,
        "path": layer.path,
    }


def _signer_to_json(number: int, signer: SignerReport) -> dict[str, Any]:
    explanation = explain_signer(signer)
    return {
        "layer": number,
        "state": str(signer.state),
        "reasons": reasons_to_json(signer.reasons),
        "sid": signer.sid,
        "algorithm": signer.algorithm,
        "certificate": signer.certificate.fingerprint if signer.certificate else None,
        "path": [certificate.fingerprint for certificate in signer.path],
        "signingTime": _optional_time(signer.signing_time),
        "addresses": list(signer.addresses),
        "sentence": explanation.sentence,
        "tree": [tree_node_to_json(node) for node in explanation.tree],
        "trail": trail_to_json(signer.trail) if signer.trail else None,
    }


def tree_node_to_json(node: TreeNode) -> dict[str, Any]:
    """One node of an explained path (`path_tree.explain_path`) as JSON values."""
    return {
        "role": str(node.role),
        "mark": str(node.mark),
        "name": node.name,
        "certificate": node.certificate.fingerprint if node.certificate else None,
        "trust": node.trust,
        "revocation": node.revocation,
        "problems": list(node.problems),
    }


def trail_to_json(trail: PathTrail) -> dict[str, Any]:
    """The record of the checks on a path as JSON values. Certificates are named by their fingerprints."""
    return {
        "certificates": _fingerprints(trail.certificates),
        "anchor": anchor_to_json(trail.anchor) if trail.anchor else None,
        "steps": [_step_to_json(step) for step in trail.steps],
        "revocation": [_revocation_to_json(status) for status in trail.revocation],
        "lookups": [_lookup_to_json(lookup) for lookup in trail.lookups],
    }


def _trail_certificates(trail: PathTrail) -> list[Certificate]:
    # All certificates in the trail, including those of the lookups.
    return [
        *trail.certificates,
        *(certificate for lookup in trail.lookups for certificate in (lookup.certificate, *lookup.path)),
    ]


def anchor_to_json(anchor: TrustAnchor) -> dict[str, Any]:
    """A trust anchor with its conditions as JSON values. The certificate is named by its fingerprint."""
    return {
        "certificate": anchor.certificate.fingerprint,
        "source": str(anchor.source),
        "addresses": list(anchor.addresses),
        "exact": anchor.is_exact,
        "distrustAfter": _optional_time(anchor.distrust_after),
        "acceptedAt": _optional_time(anchor.accepted_at),
    }


def _step_to_json(step: Step) -> dict[str, Any]:
    return {"label": step.label, "position": step.position, "outcome": str(step.outcome), "text": step.text}


def _revocation_to_json(status: RevocationStatus) -> dict[str, Any]:
    return {
        "certificate": status.certificate.fingerprint,
        "state": str(status.state),
        "why": status.why,
        "revokedAt": _optional_time(status.revoked_at),
        "reason": status.reason,
        "source": status.source,
        "thisUpdate": _optional_time(status.this_update),
        "nextUpdate": _optional_time(status.next_update),
    }


def _lookup_to_json(lookup: Lookup) -> dict[str, Any]:
    return {
        "kind": str(lookup.kind),
        "url": lookup.url,
        "certificate": lookup.certificate.fingerprint,
        "path": _fingerprints(lookup.path),
    }


def _fingerprints(certificates: Iterable[Certificate]) -> list[str]:
    return [certificate.fingerprint for certificate in certificates]


def recipient_to_json(number: int, recipient: RecipientReport) -> dict[str, Any]:
    """A recipient of the layer with this number, as JSON values."""
    return {
        "layer": number,
        "rid": recipient.rid,
        "kind": recipient.kind,
        "algorithm": recipient.algorithm,
        "opened": recipient.opened,
    }
