"""Which level of CAdES baseline signatures a signature has by its structure (ETSI EN 319 122-1 section 6).

Nothing is verified here. Old attributes of ETSI TS 101 733 count as what they became.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from smime_core.attributes import (
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
from smime_core.signer_info import SignerInfo

_ARCHIVE: Final = (ARCHIVE_TIME_STAMP_V1, ARCHIVE_TIME_STAMP_V2, ARCHIVE_TIME_STAMP_V3)


class CadesLevel(StrEnum):
    """The baseline levels, each with what those before it have."""

    B = "B-B"
    """It says by which certificate, and when."""
    T = "B-T"
    """A timestamp of the signature."""
    LT = "B-LT"
    """Revocation data of the certificates."""
    LTA = "B-LTA"
    """A timestamp of all that, which is shown here and not judged."""


def cades_level(signer: SignerInfo, *, has_revocation_data: bool) -> CadesLevel | None:
    """The level of one signature, None below B-B. `has_revocation_data` says whether its SignedData carries any."""
    signed, unsigned = signer.attributes, signer.unsigned_attributes
    if not {CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME} <= signed.keys():
        return None
    if not {SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2} & signed.keys():
        return None
    if SIGNATURE_TIME_STAMP not in unsigned:
        return CadesLevel.B
    if not has_revocation_data and REVOCATION_VALUES not in unsigned:
        return CadesLevel.T
    return CadesLevel.LTA if any(kind in unsigned for kind in _ARCHIVE) else CadesLevel.LT
