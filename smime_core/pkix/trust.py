"""What is trusted: anchors, and what their operator demands about revocation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from smime_core.certificate import Certificate


class RevocationPolicy(StrEnum):
    """REQUIRED: an unknown status leaves a signature unverified. NOT_CHECKED: said in the details, no more."""

    REQUIRED = "required"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """Trust anchors and the policy that goes with them; no default weakens it."""

    anchors: tuple[Certificate, ...]
    revocation: RevocationPolicy = RevocationPolicy.REQUIRED
