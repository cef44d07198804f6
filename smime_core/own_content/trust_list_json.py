"""A trust list as JSON for display: its operator, its validity, and its anchors with their limits."""

from __future__ import annotations

from typing import Any

from smime_core.own_content.trust_list import TrustList
from smime_core.report.report_json import anchor_to_json, certificate_to_json, time_to_json
from smime_core.x509.certificate import Certificate


def trust_list_to_json(trust_list: TrustList, operator: Certificate) -> dict[str, Any]:
    """All members of a list, with the facts of each certificate instead of its bytes."""
    return {
        "name": trust_list.name,
        "operator": certificate_to_json(operator),
        "serialNumber": trust_list.serial_number,
        "issued": time_to_json(trust_list.issued),
        "expires": time_to_json(trust_list.expires),
        "revocation": str(trust_list.revocation),
        "directories": list(trust_list.directories),
        "anchors": [
            {**anchor_to_json(anchor), "certificate": certificate_to_json(anchor.certificate)}
            for anchor in trust_list.anchors
        ],
    }
