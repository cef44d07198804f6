"""A MessageReport as the JSON object of `cli/report.schema.json`: the same for the command, the vault and the pages.

Certificates stand once, in one list, and are named elsewhere by their fingerprint. Pure; names are in camelCase, since
JavaScript reads them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from smime_core.certificate import Certificate
from smime_core.report import Layer, MessageReport, Reason, RecipientReport, SignerReport, State


def report_to_json(report: MessageReport) -> dict[str, Any]:
    """The whole report as JSON values; the content is not part of it."""
    return build_report(
        state=report.state,
        reasons=report.reasons,
        layers=report.layers,
        certificates=report.certificates,
        headers=report.headers,
        sender=report.sender,
    )


def build_report(
    *,
    state: State | None,
    reasons: Sequence[Reason] = (),
    layers: Sequence[Layer] = (),
    certificates: Iterable[Certificate] = (),
    headers: Sequence[tuple[str, str]] = (),
    sender: str | None = None,
) -> dict[str, Any]:
    """The object from its parts; `state` is None where something was described and not examined."""
    numbered = list(enumerate(layers))
    signers = [(number, signer) for number, layer in numbered for signer in layer.signers]
    recipients = [(number, recipient) for number, layer in numbered for recipient in layer.recipients]
    named = [signer.certificate for _, signer in signers if signer.certificate is not None]
    in_paths = [certificate for _, signer in signers for certificate in signer.path]
    return {
        "state": None if state is None else str(state),
        "reasons": reasons_to_json(reasons),
        "sender": sender,
        "headers": [list(header) for header in headers],
        "layers": [_layer_to_json(layer) for layer in layers],
        "signers": [_signer_to_json(number, signer) for number, signer in signers],
        "recipients": [_recipient_to_json(number, recipient) for number, recipient in recipients],
        "certificates": [
            certificate_to_json(certificate) for certificate in dict.fromkeys([*certificates, *named, *in_paths])
        ],
    }


def reasons_to_json(reasons: Sequence[Reason]) -> list[dict[str, str]]:
    return [{"code": reason.code, "sentence": reason.sentence} for reason in reasons]


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
        "key": key_label(certificate),
        "isCa": certificate.is_ca,
    }


def key_label(certificate: Certificate) -> str:
    """The kind and size of a key for people: "RSA 2048", "EC P-256"."""
    key = certificate.public_key
    return f"{key.key_type.upper()} {key.curve or key.bits}"


def time_to_json(time: datetime.datetime) -> str:
    """An aware time in UTC, in whole seconds: 2026-01-31T12:00:00Z."""
    return time.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _layer_to_json(layer: Layer) -> dict[str, Any]:
    return {
        "kind": str(layer.kind),
        "depth": layer.depth,
        "algorithm": layer.algorithm,
        "coversWhole": layer.covers_whole,
        "detached": layer.detached,
    }


def _signer_to_json(number: int, signer: SignerReport) -> dict[str, Any]:
    return {
        "layer": number,
        "state": str(signer.state),
        "reasons": reasons_to_json(signer.reasons),
        "sid": signer.sid,
        "algorithm": signer.algorithm,
        "certificate": signer.certificate.fingerprint if signer.certificate else None,
        "path": [certificate.fingerprint for certificate in signer.path],
        "signingTime": time_to_json(signer.signing_time) if signer.signing_time else None,
    }


def _recipient_to_json(number: int, recipient: RecipientReport) -> dict[str, Any]:
    return {
        "layer": number,
        "rid": recipient.rid,
        "kind": recipient.kind,
        "algorithm": recipient.algorithm,
        "opened": recipient.opened,
    }
