"""Claims of the signer in signed attributes: policy, commitment, media type (EN 319 122-1 sections 5.2.3 to 5.2.9).

These attributes are read and displayed, never written. Nothing here checks whether a signature meets its policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from smime_core.asn1 import der
from smime_core.cms.attributes import COMMITMENT_TYPE, MIME_TYPE, SIGNATURE_POLICY, Attributes, find_value
from smime_core.errors import MalformedMessage

_NULL: Final = 0x05
_COMMITMENTS: Final = {
    "1.2.840.113549.1.9.16.6.1": "proof of origin",
    "1.2.840.113549.1.9.16.6.2": "proof of receipt",
    "1.2.840.113549.1.9.16.6.3": "proof of delivery",
    "1.2.840.113549.1.9.16.6.4": "proof of sender",
    "1.2.840.113549.1.9.16.6.5": "proof of approval",
    "1.2.840.113549.1.9.16.6.6": "proof of creation",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignaturePolicy:
    """The rules for judging a signature. `oid` is "" if the policy follows from the content ("implied")."""

    oid: str


def parse_signature_policy(attributes: Attributes) -> SignaturePolicy | None:
    """Parse the signature-policy-identifier attribute, or return None if it is absent. Raises MalformedMessage."""
    where = "signature-policy-identifier"
    value = find_value(attributes, SIGNATURE_POLICY, where)
    if value is None:
        return None
    if value.tag == _NULL:
        return SignaturePolicy(oid="")
    fields = der.read_fields(value, where)
    if not fields:
        raise MalformedMessage("names no policy", where)
    return SignaturePolicy(oid=der.parse_oid(fields[0], where))


def parse_commitments(attributes: Attributes) -> tuple[str, ...]:
    """The signer's commitments: those of ETSI in words, others as dotted OIDs. Raises MalformedMessage."""
    where = "commitment-type-indication"
    commitments = []
    for value in attributes.get(COMMITMENT_TYPE, ()):
        fields = der.read_sequence(value, where)
        if not fields:
            raise MalformedMessage("names no commitment", where)
        oid = der.parse_oid(fields[0], where)
        commitments.append(_COMMITMENTS.get(oid, oid))
    return tuple(commitments)


def parse_mime_type(attributes: Attributes) -> str | None:
    """Parse the mime-type attribute, or return None if it is absent. Raises MalformedMessage."""
    where = "mime-type"
    value = find_value(attributes, MIME_TYPE, where)
    if value is None:
        return None
    return bytes(der.expect(value, der.UTF8_STRING, where).content).decode("utf-8", "replace")
