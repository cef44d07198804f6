"""OriginatorInfo: certificates that a recipient may need to agree on a key (RFC 5652 section 6.1)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.cms.recipients.keys import Keys
from smime_core.errors import parse_readable
from smime_core.limits import MAX_CERTIFICATES, check_limit
from smime_core.x509.certificate import Certificate, parse_certificate

ORIGINATOR_INFO: Final = 0xA0
_CERTIFICATES: Final = 0xA0
_CRLS: Final = 0xA1
_V2_ATTRIBUTE_CERTIFICATE: Final = 0xA2
_OTHER_CERTIFICATE: Final = 0xA3
_OTHER_REVOCATION: Final = 0xA1


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginatorInfo:
    """`certificates` leaves out damaged ones. `version` is the version of EnvelopedData that this field requires."""

    certificates: tuple[Certificate, ...]
    version: int


def parse_originator_info(tlv: Tlv) -> OriginatorInfo:
    """Parse an originatorInfo [0]. Raises MalformedMessage or LimitExceeded."""
    where = "originatorInfo"
    certificates: list[Certificate] = []
    version = 2  # RFC 5652 section 6.1: version 0 is for structures without originatorInfo.
    for field in der.read_children(tlv, where):
        members = der.read_children(field, where)
        if field.tag == _CRLS:
            if any(member.tag == _OTHER_REVOCATION for member in members):
                version = 4
            continue
        der.expect(field, _CERTIFICATES, where)
        check_limit("certificates", len(members), MAX_CERTIFICATES)
        tags = {member.tag for member in members}
        if _OTHER_CERTIFICATE in tags:
            version = 4
        elif _V2_ATTRIBUTE_CERTIFICATE in tags:
            version = max(version, 3)
        encodings = (member.encoded for member in members if member.tag == der.SEQUENCE)
        certificates += parse_readable(parse_certificate, encodings)
    return OriginatorInfo(certificates=tuple(certificates), version=version)


def with_originators(keys: Keys, originator_info: OriginatorInfo | None) -> Keys:
    """`keys`, with the certificates of a message's originatorInfo added for static key agreement."""
    if originator_info is None:
        return keys
    return dataclasses.replace(keys, originators=(*originator_info.certificates, *keys.originators))
