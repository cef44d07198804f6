"""A MessageReport as the JSON object of `cli/report.schema.json`: the same for the command, the vault and the pages.

Certificates stand once, in one list, and are named elsewhere by their fingerprint. Pure; names are in camelCase, since
JavaScript reads them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from smime_core.certificate import Certificate
from smime_core.certificate_text import key_label
from smime_core.errors import MalformedMessage
from smime_core.explanation import TreeNode, explain_signer
from smime_core.header_protection import HeaderScheme
from smime_core.pkix import Lookup, PathTrail, RevocationStatus, Step, TrustAnchor
from smime_core.report import Layer, MessageReport, Reason, RecipientReport, SignerReport
from smime_core.revocation_list import RevocationList
from smime_core.times import utc_text

if TYPE_CHECKING:
    from smime_core.attribute_description import AttributeDescription
    from smime_core.description import Description, LayerDescription, SignerDescription


def report_to_json(report: MessageReport) -> dict[str, Any]:
    """The whole report as JSON values; the content is not part of it."""
    numbered = list(enumerate(report.layers))
    named = [signer.certificate for signer in report.signers if signer.certificate is not None]
    in_paths = [certificate for signer in report.signers for certificate in signer.path]
    in_trails = [one for signer in report.signers if signer.trail for one in _trail_certificates(signer.trail)]
    return {
        "state": str(report.state),
        "reasons": reasons_to_json(report.reasons),
        "sender": report.sender,
        "headers": [list(header) for header in report.headers],
        "headerProtection": str(report.header_scheme),
        "headerProtections": [str(one) for one in report.header_protections],
        "layers": [_layer_to_json(layer) for layer in report.layers],
        "signers": [_signer_to_json(number, signer) for number, layer in numbered for signer in layer.signers],
        "recipients": [_recipient_to_json(number, one) for number, layer in numbered for one in layer.recipients],
        "certificates": _certificates_to_json([*report.certificates, *named, *in_paths, *in_trails]),
    }


def description_to_json(
    description: Description | None, *, certificates: Iterable[Certificate] = (), keys: Sequence[str] = ()
) -> dict[str, Any]:
    """The same object where nothing was examined: `state` and every signer's verdict are null.

    `certificates` and `keys` (labels for people) are those of a file that is no message, as a PKCS#12.
    """
    layers = description.layers if description else ()
    numbered = list(enumerate(layers))
    carried = [certificate for layer in layers for certificate in layer.certificates]
    return {
        "state": None,
        "reasons": [],
        "sender": None,
        "headers": [list(header) for header in description.headers] if description else [],
        "layers": [_described_layer_to_json(number, layer) for number, layer in numbered],
        "signers": [_described_signer_to_json(number, one) for number, layer in numbered for one in layer.signers],
        "recipients": [_recipient_to_json(number, one) for number, layer in numbered for one in layer.recipients],
        "certificates": _certificates_to_json([*certificates, *carried]),
        "keys": list(keys),
        "headerProtection": str(description.header_scheme) if description else str(HeaderScheme.NONE),
    }


def revocation_list_to_json(revocation_list: RevocationList) -> dict[str, Any]:
    """The object for an inspected CRL, with the list as its member `revocationList`."""
    return {**description_to_json(None), "revocationList": _revocation_list_to_json(revocation_list)}


def _revocation_list_to_json(revocation_list: RevocationList) -> dict[str, Any]:
    return {
        "issuer": revocation_list.issuer,
        "thisUpdate": time_to_json(revocation_list.this_update),
        "nextUpdate": time_to_json(revocation_list.next_update) if revocation_list.next_update else None,
        "algorithm": revocation_list.algorithm,
        "revoked": [f"{serial_number:x}" for serial_number in revocation_list.revoked],
    }


def reasons_to_json(reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    return [{"code": one.code, "sentence": one.sentence, "values": dict(one.values)} for one in reasons]


def certificate_to_json(certificate: Certificate) -> dict[str, Any]:
    """One certificate as people tell it from others."""
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
    """An aware time in UTC, in whole seconds: 2026-01-31T12:00:00Z."""
    return utc_text(time)


def _optional_time(time: datetime.datetime | None) -> str | None:
    return time_to_json(time) if time else None


def _certificates_to_json(certificates: Iterable[Certificate]) -> list[dict[str, Any]]:
    return [certificate_to_json(certificate) for certificate in dict.fromkeys(certificates)]


def _layer_to_json(layer: Layer) -> dict[str, Any]:
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
    """One node of an explained path (`explanation.explain_path`)."""
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
    """How a path was judged; certificates by their fingerprints."""
    return {
        "certificates": _fingerprints(trail.certificates),
        "anchor": anchor_to_json(trail.anchor) if trail.anchor else None,
        "steps": [_step_to_json(step) for step in trail.steps],
        "revocation": [_revocation_to_json(status) for status in trail.revocation],
        "lookups": [_lookup_to_json(lookup) for lookup in trail.lookups],
    }


def _trail_certificates(trail: PathTrail) -> list[Certificate]:
    # All that the trail names, those of the lookups too.
    return [*trail.certificates, *(one for lookup in trail.lookups for one in (lookup.certificate, *lookup.path))]


def anchor_to_json(anchor: TrustAnchor) -> dict[str, Any]:
    """A trust anchor with its conditions; its certificate by fingerprint."""
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


def _described_layer_to_json(number: int, layer: LayerDescription) -> dict[str, Any]:
    return {
        "kind": str(layer.kind),
        "depth": number,
        "algorithm": layer.algorithm,
        "coversWhole": not layer.path,
        "detached": layer.detached,
        "path": layer.path,
        "contentType": layer.content_type,
        "reasons": _problem_to_json(layer.problem),
        "authenticatedAttributes": _attributes_to_json(layer.authenticated_attributes),
        "unprotectedAttributes": _attributes_to_json(layer.unprotected_attributes),
        "revocationLists": [_revocation_list_to_json(one) for one in layer.revocation_lists],
    }


def _attributes_to_json(attributes: Sequence[AttributeDescription]) -> list[dict[str, Any]]:
    return [{"oid": one.oid, "name": one.name, "values": list(one.values)} for one in attributes]


def _problem_to_json(problem: str) -> list[dict[str, Any]]:
    return reasons_to_json((Reason(code=MalformedMessage.code, sentence=problem),) if problem else ())


def _described_signer_to_json(number: int, signer: SignerDescription) -> dict[str, Any]:
    return {
        "layer": number,
        **_signer_info_to_json(signer),
        "level": signer.level or None,
        "countersigners": [{"place": list(one.path), **_signer_info_to_json(one)} for one in signer.countersigners],
    }


def _signer_info_to_json(signer: SignerDescription) -> dict[str, Any]:
    return {
        "state": None,
        "reasons": _problem_to_json(signer.problem),
        "sid": signer.sid,
        "algorithm": signer.algorithm,
        "certificate": None,
        "path": [],
        "signingTime": time_to_json(signer.signing_time) if signer.signing_time else None,
        "signedAttributes": _attributes_to_json(signer.signed_attributes),
        "unsignedAttributes": _attributes_to_json(signer.unsigned_attributes),
    }


def _recipient_to_json(number: int, recipient: RecipientReport) -> dict[str, Any]:
    return {
        "layer": number,
        "rid": recipient.rid,
        "kind": recipient.kind,
        "algorithm": recipient.algorithm,
        "opened": recipient.opened,
    }
