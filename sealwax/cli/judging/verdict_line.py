"""One line for people about a report: its state in words, then the technical reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from smime_core.report import LayerKind, MessageReport, Reason, SignerReport, State, holder_name
from smime_core.text import addresses_match, clean_name, write_proved

WORDS: Final = {
    State.VERIFIED: "verified",
    State.SIGNED_UNVERIFIED: "signed, not verified",
    State.INVALID: "invalid",
    State.ENCRYPTED_ONLY: "encrypted, not signed: anyone could have written this",
    State.PLAIN: "plain: neither signed nor encrypted",
}

_OPENPGP: Final = "openpgp-"
_PLAIN_AROUND: Final = "plain around an encrypted part"

_SENT_BY: Final = {
    "sent-by": ", sent by {person} as this signature says",
    "sent-by-proved": ", sent by {person}, who has signed it too",
}


def verdict_line(report: MessageReport) -> str:
    """The verdict in one line: the state in words, then each reason as `code: sentence (values)`."""
    words = WORDS[report.state]
    if any(reason.code.startswith(_OPENPGP) for reason in report.reasons):
        words = "OpenPGP, not S/MIME"
    if report.state is State.PLAIN and (parts := _encrypted_parts(report)):
        words = f"{_PLAIN_AROUND}: use sealwax decrypt --part {parts[0]}"
    if report.state is State.ENCRYPTED_ONLY and not any(recipient.opened for recipient in report.recipients):
        # The content was not decrypted, so nothing is said about its author.
        return "encrypted, and not decrypted: use sealwax decrypt"
    if report.state is State.VERIFIED:
        words = f"{words}: signed by {_signers(report)}{_sent_by(report.reasons)}"
    reasons = "; ".join(f"{reason.code}: {reason.sentence}" for reason in report.reasons if reason.code not in _SENT_BY)
    if not reasons:
        return words
    return f"{words} ({reasons})" if report.state is State.VERIFIED else f"{words}: {reasons}"


def _encrypted_parts(report: MessageReport) -> list[str]:
    return [layer.path for layer in report.layers if layer.kind is LayerKind.ENCRYPTED and not layer.covers_whole]


def _sent_by(reasons: Sequence[Reason]) -> str:
    return "".join(_SENT_BY[reason.code].format(**dict(reason.values)) for reason in reasons if reason.code in _SENT_BY)


def _signers(report: MessageReport) -> str:
    # The signer whose address is in From comes first, because the order of signers in a message has no meaning.
    verified = [signer for signer in report.deciding_signers if signer.state is State.VERIFIED]
    authors = [
        signer for signer in verified if any(addresses_match(report.sender or "", each) for each in signer.addresses)
    ]
    others = dict.fromkeys(_signer_name(signer, signer.addresses) for signer in verified if signer not in authors)
    if not authors:
        return ", ".join(others)
    author = _signer_name(authors[0], (report.sender or "",))
    return f"the author {author}; also signed by {', '.join(others)}" if others else author


def _signer_name(signer: SignerReport, addresses: Sequence[str]) -> str:
    if signer.certificate is None:
        return signer.sid
    # Only proved addresses are shown. No trusted authority vouches for the other addresses of the certificate.
    return write_proved(holder_name(signer.certificate), " ".join(addresses)) or clean_name(signer.certificate.subject)
