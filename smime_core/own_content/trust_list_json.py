"""An operator's list as JSON, for whoever shows it: whose it is, how long it counts, and whom it trusts how far."""

from __future__ import annotations

from typing import Any

from smime_core.certificate import Certificate
from smime_core.report_json import anchor_to_json, certificate_to_json, time_to_json
from smime_core.trust_list import TrustList


def trust_list_to_json(trust_list: TrustList, operator: Certificate) -> dict[str, Any]:
    """All that a list says; certificates as their facts, without their octets."""
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
