"""Why the state of a message is not better, or what else is to be known: every code with its sentence for people."""

from __future__ import annotations

from typing import Final

from smime_core.report import Reason, build_reason

REASONS: Final = {
    "no-sender": "The message does not say who it is from.",
    "several-senders": "The message names several senders, and a signature can prove only one.",
    "sender-mismatch": "The signature belongs to somebody other than the sender shown.",
    "no-address-in-certificate": "The signer's certificate names no mail address.",
    "signer-certificate-missing": "The message does not carry the signer's certificate.",
    "untrusted-anchor": "Signed by a certificate that nobody you trust vouches for.",
    "certificate-expired": "The signer's certificate was not valid at this time.",
    "path-error": "The signer's certificate does not hold.",
    "address-not-covered": "Whoever vouches for the signer is trusted for other addresses than the sender's.",
    "path-not-followed": "Who vouches for the signer was not looked for: the message brings too many certificates.",
    "certificate-revoked": "A certificate that this signature rests on was revoked.",
    "certificate-revoked-since": "The signer's certificate was revoked after the time when this says it was signed.",
    "certificate-changed": "This sender used another certificate before.",
    "certificate-renewed": "The sender's certificate was renewed.",
    "revocation-unknown": "Nobody could say whether the signer's certificate was revoked.",
    "revocation-not-checked": "Whether the certificate was revoked was not checked.",
    "message-digest-mismatch": "The content was changed after it was signed.",
    "signature-mismatch": "The signature does not fit the content and the signer's key.",
    "content-type-mismatch": "This was signed as another kind of content.",
    "malformed-message": "The signature is damaged.",
    "unsupported-algorithm": "The signature uses an algorithm that is not supported.",
    "algorithm-forbidden": "The signature uses an algorithm that is too weak to prove anything.",
    "certificates-only": "The message only carries certificates; it is not signed.",
    "page-moved": "The page was signed for another address than the one where it stands.",
    "not-opened": "The message is sealed and was not opened.",
    "nested-protection": "A part of this message has a protection of its own, which says nothing about the rest.",
    "certificate-expired-since": "The signer's certificate was valid when it says this was signed, and has expired.",
    "signing-time-outside-validity": "This says it was signed at a time when the signer's certificate was not valid.",
    "proved-by-timestamp": "A timestamp proves that this was signed in time.",
    "timestamped": "A timestamp proves when this was signed at the latest.",
    "timestamp-not-counted": "There is a timestamp on the signature, and it proves nothing here.",
    "weak-signature": "The signature uses an algorithm of old that proves little today.",
    "signed-by-sender-field": "The signature belongs to whom the Sender field names, not to the author shown.",
    "display-name-differs": "The sender's name contains an address that is not the sender's own.",
    "sender-field-differs": "The message says that somebody else sent it for its author.",
    "signed-attributes-resorted": "The signed attributes stood in an order that no signer should write.",
    "signed-outside-encryption": "The message was signed after it was encrypted, so the signer may never have read it.",
    "outer-sender-differs": "The sender named outside the protected message is another one.",
    "headers-altered-outside": "On the way, somebody changed header fields outside the protected message.",
    "weak-encryption": "The message is sealed by an algorithm of old that can be broken.",
    "too-large-to-look-inside": "The message is too large to look for protected parts inside it.",
    "limit-exceeded": "The message brings more than is looked through.",
    "provider-error": "This device could not check the signature.",
    "unsupported-by-provider": "The signature uses an algorithm that this device does not have.",
}


def reason(code: str, *, detail: str = "", **values: str) -> Reason:
    """A Reason with its sentence, and behind it `detail`, or else the values themselves."""
    return build_reason(code, REASONS.get(code, REASONS["path-error"]), detail=detail, **values)
