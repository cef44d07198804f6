"""One line for people about a report: its state in words, then the technical reason."""

from __future__ import annotations

from typing import Final

from smime_core.report import MessageReport, SignerReport, State

WORDS: Final = {
    State.VERIFIED: "verified",
    State.SIGNED_UNVERIFIED: "signed, not verified",
    State.INVALID: "invalid",
    State.ENCRYPTED_ONLY: "encrypted, not signed: anybody could have written this",
    State.PLAIN: "plain: neither signed nor encrypted",
}


def verdict_line(report: MessageReport) -> str:
    """As in `signed, not verified: untrusted-anchor: CN=Example CA`."""
    words = WORDS[report.state]
    if report.state is State.ENCRYPTED_ONLY and not any(recipient.opened for recipient in report.recipients):
        # Nothing is said about what nobody has seen.
        return "encrypted, and not opened: sealwax decrypt opens it"
    if report.state is State.VERIFIED:
        verified = (signer for signer in report.deciding_signers if signer.state is State.VERIFIED)
        signers = ", ".join(dict.fromkeys(_who(signer) for signer in verified))
        words = f"{words}: signed by {signers}"
    if not report.reasons:
        return words
    reasons = "; ".join(f"{reason.code}: {reason.sentence}" for reason in report.reasons)
    return f"{words} ({reasons})" if report.state is State.VERIFIED else f"{words}: {reasons}"


def _who(signer: SignerReport) -> str:
    if signer.certificate is None:
        return signer.sid
    # Other addresses of the certificate are its own word: nobody who is trusted vouches for them.
    addresses = " ".join(signer.addresses)
    return f"{signer.certificate.subject} <{addresses}>" if addresses else signer.certificate.subject
