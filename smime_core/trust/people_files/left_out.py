"""The certificates of a file that are not imported, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from smime_core.report.report import Reason, build_reason
from smime_core.x509.certificate import Certificate

LEFT_OUT_REASONS: Final = {
    "no-address": "The certificate names no email address.",
    "other-address": "The certificate is for another address than its entry.",
    "not-read": "This is not a certificate, or it is damaged.",
    "link": "The entry names a link to the certificate, and links are not followed.",
    "too-many": "Too many certificates are kept for this address.",
}
"""The reasons for not importing a certificate, by code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A certificate that is not imported. `name` names its entry or owner. `certificate` is None if unreadable."""

    name: str
    reason: Reason
    certificate: Certificate | None = None


def leave_out(name: str, code: str, certificate: Certificate | None = None) -> LeftOut:
    """The record of a certificate that is not imported for a reason of LEFT_OUT_REASONS."""
    named = {"addresses": ", ".join(certificate.email_addresses)} if code == "other-address" and certificate else {}
    return LeftOut(name=name, reason=build_reason(code, LEFT_OUT_REASONS[code], named), certificate=certificate)
