"""A description as the JSON object of `report.report_json`, without a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from smime_core.describe.attributes import AttributeDescription
from smime_core.describe.message import Description, LayerDescription, SignerDescription
from smime_core.errors import MalformedMessage
from smime_core.mail.header_protection import HeaderScheme
from smime_core.mime import OpenPgp
from smime_core.report import Reason, reason
from smime_core.report.report_json import certificates_to_json, reasons_to_json, recipient_to_json, time_to_json
from smime_core.x509 import Certificate, RevocationList


def description_to_json(
    description: Description | None, *, certificates: Iterable[Certificate] = (), keys: Sequence[str] = ()
) -> dict[str, Any]:
    """A description as the JSON object of a report. `state` and every signer's verdict are null.

    `certificates` and `keys` (labels for people) are for a file that is no message, such as a PKCS#12.
    """
    layers = description.layers if description else ()
    numbered = list(enumerate(layers))
    carried = [certificate for layer in layers for certificate in layer.certificates]
    return {
        "state": None,
        "reasons": _openpgp_to_json(description),
        "sender": None,
        "headers": [list(header) for header in description.headers] if description else [],
        "layers": [_described_layer_to_json(number, layer) for number, layer in numbered],
        "signers": [
            _described_signer_to_json(number, signer) for number, layer in numbered for signer in layer.signers
        ],
        "recipients": [
            recipient_to_json(number, recipient) for number, layer in numbered for recipient in layer.recipients
        ],
        "certificates": certificates_to_json([*certificates, *carried]),
        "keys": list(keys),
        "headerProtection": str(description.header_scheme) if description else str(HeaderScheme.NONE),
    }


def _openpgp_to_json(description: Description | None) -> list[dict[str, Any]]:
    openpgp = description.openpgp if description else None
    if openpgp is None:
        return []
    is_encrypted = openpgp is OpenPgp.ENCRYPTED
    return reasons_to_json((reason("openpgp-encrypted") if is_encrypted else reason("openpgp-signed"),))


def revocation_list_to_json(revocation_list: RevocationList) -> dict[str, Any]:
    """A CRL as the JSON object of a report. The list is the member `revocationList` of the object."""
    return {**description_to_json(None), "revocationList": _revocation_list_to_json(revocation_list)}


def _revocation_list_to_json(revocation_list: RevocationList) -> dict[str, Any]:
    return {
        "issuer": revocation_list.issuer,
        "thisUpdate": time_to_json(revocation_list.this_update),
        "nextUpdate": time_to_json(revocation_list.next_update) if revocation_list.next_update else None,
        "algorithm": revocation_list.algorithm,
        "revoked": [f"{serial_number:x}" for serial_number in revocation_list.revoked],
    }


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
        "unreadableCertificates": list(layer.unreadable_certificates),
        "revocationLists": [_revocation_list_to_json(revocation_list) for revocation_list in layer.revocation_lists],
    }


def _attributes_to_json(attributes: Sequence[AttributeDescription]) -> list[dict[str, Any]]:
    return [
        {"oid": attribute.oid, "name": attribute.name, "values": list(attribute.values)} for attribute in attributes
    ]


def _problem_to_json(problem: str) -> list[dict[str, Any]]:
    return reasons_to_json((Reason(code=MalformedMessage.code, sentence=problem),) if problem else ())


def _described_signer_to_json(number: int, signer: SignerDescription) -> dict[str, Any]:
    return {
        "layer": number,
        **_signer_info_to_json(signer),
        "level": signer.level or None,
        "countersigners": [
            {"place": list(countersigner.path), **_signer_info_to_json(countersigner)}
            for countersigner in signer.countersigners
        ],
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
