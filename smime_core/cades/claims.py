"""What a signer claims beside the signature: policy, commitment, media type (EN 319 122-1 sections 5.2.3 to 5.2.9).

All are read and shown, and none is made here: what a policy demands, its readers know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from smime_core import der
from smime_core.attributes import COMMITMENT_TYPE, MIME_TYPE, SIGNATURE_POLICY, Attributes, find_value
from smime_core.errors import MalformedMessage

_NULL: Final = 0x05
_UTF8_STRING: Final = 0x0C
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
    """What rules a signature is to be judged by; `oid` is "" where the content itself says so ("implied")."""

    oid: str


def parse_signature_policy(attributes: Attributes) -> SignaturePolicy | None:
    """The signature-policy-identifier attribute. Raises MalformedMessage."""
    where = "signature-policy-identifier"
    value = find_value(attributes, SIGNATURE_POLICY, where)
    if value is None:
        return None
    if value.tag == _NULL:
        return SignaturePolicy(oid="")
    fields = der.read_children(der.expect(value, der.SEQUENCE, where=where), where=where)
    if not fields:
        raise MalformedMessage("names no policy", where=where)
    return SignaturePolicy(oid=der.parse_oid(fields[0], where=where))


def parse_commitments(attributes: Attributes) -> tuple[str, ...]:
    """What the signer commits to, in words where the type is one of ETSI's, else dotted. Raises MalformedMessage."""
    where = "commitment-type-indication"
    found = []
    for value in attributes.get(COMMITMENT_TYPE, ()):
        fields = der.read_sequence(value, where=where)
        if not fields:
            raise MalformedMessage("names no commitment", where=where)
        oid = der.parse_oid(fields[0], where=where)
        found.append(_COMMITMENTS.get(oid, oid))
    return tuple(found)


def parse_mime_type(attributes: Attributes) -> str | None:
    """The mime-type attribute. Raises MalformedMessage."""
    where = "mime-type"
    value = find_value(attributes, MIME_TYPE, where)
    if value is None:
        return None
    return bytes(der.expect(value, _UTF8_STRING, where=where).content).decode("utf-8", "replace")
