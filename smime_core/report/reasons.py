"""The reasons why the state of a message is not better, and other notes: every code with its sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from smime_core.report.report import NO_VALUES, Reason, build_reason

REASONS: Final = {
    "no-sender": "The message does not say who it is from.",
    "several-senders": "The message names several senders, and a signature can prove only one.",
    "sender-mismatch": "The signature belongs to someone other than the sender shown.",
    "no-address-in-certificate": "The signer's certificate names no mail address.",
    "signer-certificate-missing": "The message does not carry the signer's certificate.",
    "certificate-unreadable": "The signer's certificate is in the message, but it cannot be read.",
    "untrusted-anchor": "No authority that you trust vouches for this certificate.",
    "certificate-expired": "The signer's certificate was not valid at this time.",
    "path-error": "The signer's certificate is not valid.",
    "address-not-covered": (
        "The issuer is trusted only for other addresses. Ask the sender which certificate is theirs."
    ),
    "path-not-followed": "The message carries too many certificates, so the signer's issuer was not looked for.",
    "certificate-revoked": "The signer's certificate, or one above it, was revoked.",
    "certificate-revoked-since": "The signer's certificate was revoked after the stated signing time.",
    "certificate-changed": "This sender used another certificate before.",
    "certificate-renewed": "The sender's certificate was renewed.",
    "revocation-unknown": "No authority said whether the signer's certificate was revoked.",
    "revocation-not-checked": "The revocation of the certificate was not checked.",
    "message-digest-mismatch": "The content was changed after it was signed.",
    "signature-mismatch": "The signature does not match the content and the signer's key.",
    "signing-certificate-mismatch": "The signature names another certificate as the signer's.",
    "algorithm-protection-mismatch": "The signature names other algorithms than the signer chose.",
    "content-type-mismatch": "The signature is for another kind of content.",
    "malformed-message": "The signature is damaged.",
    "unsupported-algorithm": "The signature uses an algorithm that is not supported.",
    "algorithm-forbidden": "The signature uses an algorithm that is too weak to prove anything.",
    "certificates-only": "The message carries only certificates; it is not signed.",
    "openpgp-encrypted": (
        "The message is encrypted with OpenPGP, which is not S/MIME and is not read here. "
        "Use a program for OpenPGP, such as Thunderbird or GnuPG, or ask the sender for S/MIME."
    ),
    "openpgp-signed": (
        "The message is signed with OpenPGP, which is not S/MIME and is not checked here. "
        "Use a program for OpenPGP, such as Thunderbird or GnuPG, or ask the sender for S/MIME."
    ),
    "page-moved": "The page was signed for another address than the one where it was found.",
    "unknown-content-type": "The encrypted or compressed content is of a type that is not known here.",
    "not-opened": "The message is encrypted and was not decrypted.",
    "encrypted-part": (
        "A part of this message is encrypted. It has to be opened by itself, "
        "and what is in it says nothing about the rest."
    ),
    "nested-protection": "A part of this message has a protection of its own, which says nothing about the rest.",
    "certificate-expired-since": "The signer's certificate was valid at the stated signing time and has expired since.",
    "signing-time-outside-validity": "The signer's certificate was not valid at the stated signing time.",
    "proved-by-timestamp": "A timestamp proves that this was signed in time.",
    "timestamped": "A timestamp proves when this was signed at the latest.",
    "timestamp-not-counted": "The timestamp on the signature proves nothing here.",
    "weak-signature": "The signature uses an old algorithm that proves little today.",
    "weak-key": "The signer's key is too short to prove much today.",
    "signed-by-sender-field": "The signature belongs to the person in the Sender field, not to the author shown.",
    "display-name-differs": "The sender's name contains an address that is not the sender's own.",
    "sender-read-otherwise": (
        "Other programs may show another sender for this message, because its From field is not written as usual."
    ),
    "sender-field-differs": "The message says that someone else sent it for its author.",
    "sent-by": "The signed message names the person who sent it for its author.",
    "sent-by-proved": "The person who sent it for its author has signed it too.",
    "signed-attributes-resorted": "The signed attributes are in an order that no signer should write.",
    "signed-with-other-line-ends": "The text was signed with other line ends than those it came with.",
    "signed-other-bytes": (
        "The signature fits only if line ends are replaced, and the content is no text, so it may have been damaged."
    ),
    "frame-damaged": "The frame around the signed text is damaged.",
    "signing-time-with-offset": "The signing time is written with a time zone, which no signer should do.",
    "signing-time-loose": "The signing time is written in a form that no signer should use.",
    "signing-time-unreadable": "The stated signing time cannot be read.",
    "signed-outside-encryption": "The message was signed after it was encrypted, so the signer may never have read it.",
    "outer-sender-differs": "The unprotected header names another sender.",
    "headers-altered-outside": "Header fields outside the protected message were changed in transit.",
    "weak-encryption": "The message is encrypted with an old algorithm that can be broken.",
    "too-large-to-look-inside": "The message is too large to look for protected parts inside it.",
    "limit-exceeded": "The message contains more than this program looks through.",
    "provider-error": "This device could not check the signature.",
    "receipt-unknown": "This receipt is for no message that was sent from here with a request for it.",
    "receipt-mismatch": "This receipt is for another version of the message than the one that was sent.",
    "receipt-not-recipient": "The person who signed this receipt was not a recipient of the message.",
    "receipt-repeated": "A receipt from this person for this message has arrived before.",
    "unsupported-by-provider": "The signature uses an algorithm that this device does not have.",
}


def reason(code: str, values: Mapping[str, str] = NO_VALUES, detail: str = "") -> Reason:
    """A Reason with the sentence of its code. `detail`, or else the values, follow the sentence in brackets."""
    return build_reason(code, REASONS.get(code, REASONS["path-error"]), values, detail)
