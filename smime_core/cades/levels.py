"""The level of CAdES baseline signatures that a signature has by its structure (ETSI EN 319 122-1 section 6).

Nothing is verified here. The old attributes of ETSI TS 101 733 count like the new attributes of EN 319 122-1.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from smime_core.cms.attributes import (
    ARCHIVE_TIME_STAMP_V1,
    ARCHIVE_TIME_STAMP_V2,
    ARCHIVE_TIME_STAMP_V3,
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    REVOCATION_VALUES,
    SIGNATURE_TIME_STAMP,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
)
from smime_core.cms.signer_info import SignerInfo

_ARCHIVE: Final = (ARCHIVE_TIME_STAMP_V1, ARCHIVE_TIME_STAMP_V2, ARCHIVE_TIME_STAMP_V3)


class CadesLevel(StrEnum):
    """The baseline levels. Each level includes the requirements of the levels before it."""

    B = "B-B"
    """The signature names its signer's certificate and the signing time."""
    T = "B-T"
    """The signature has a timestamp."""
    LT = "B-LT"
    """The message has revocation data for the certificates."""
    LTA = "B-LTA"
    """An archive timestamp covers the signature and the revocation data. We report it but do not verify it."""


def cades_level(signer: SignerInfo, *, has_revocation_data: bool) -> CadesLevel | None:
    """The level of one signature, or None below B-B.

    `has_revocation_data` is True if SignedData has CRLs or OCSP responses.
    """
    signed, unsigned = signer.attributes, signer.unsigned_attributes
    names_certificate = bool({SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2} & signed.keys())
    if not names_certificate or not {CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME} <= signed.keys():
        return None
    if SIGNATURE_TIME_STAMP not in unsigned:
        return CadesLevel.B
    if not has_revocation_data and REVOCATION_VALUES not in unsigned:
        return CadesLevel.T
    return CadesLevel.LTA if any(kind in unsigned for kind in _ARCHIVE) else CadesLevel.LT
