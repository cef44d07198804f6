"""The one error tree of the core.

    SmimeError(code)
    ├─ MalformedMessage(where) ── LimitExceeded(limit, actual) · EntrustProfile()
    ├─ UnsupportedAlgorithm(oid, role) ── AlgorithmForbidden(policy)
    ├─ VerificationError(report) ── SignatureMismatch · MessageDigestMismatch · SenderMismatch · ContentTypeMismatch
    │   │                             · FormMismatch(member) · TimestampMismatch · TrustListRefused
    │   │                             · TrustStateRefused ── TrustStateOlder
    │   └─ PathError(certificate, rfc5280_step) ── CertificateExpired · CertificateRevoked · UntrustedAnchor
    │                                               · RevocationUnknown
    ├─ TimestampRefused()
    ├─ DecisionRefused(why)
    ├─ NoMatchingRecipient(recipient_ids)
    ├─ DecryptionError()  ── WrongPassphrase()
    └─ ProviderError(operation) ── UnsupportedByProvider

Every error carries a `code`: a stable word for programs, the same in the command, the vault and the pages.
The text is for people: what was found, what was expected, where. No text ever holds a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from smime_core.pkix.trail import PathTrail
    from smime_core.report import MessageReport


class SmimeError(Exception):
    """Whatever goes wrong in the core."""

    code: ClassVar[str] = "smime-error"


class MalformedMessage(SmimeError):
    """The input does not have the structure that its kind demands; `where` names the field."""

    code = "malformed-message"

    def __init__(self, text: str, *, where: str = "") -> None:
        super().__init__(f"{where}: {text}" if where else text)
        self.where = where


class LimitExceeded(MalformedMessage):
    """The input is larger or deeper than the named limit of `smime_core.limits`."""

    code = "limit-exceeded"

    def __init__(self, limit: str, actual: int, allowed: int) -> None:
        super().__init__(f"{limit} is {actual}, at most {allowed} is read")
        self.limit = limit
        self.actual = actual


class EntrustProfile(MalformedMessage):
    """An Entrust profile (.epf) where a file of keys was expected; the text says how to get one."""

    code = "entrust-profile"

    def __init__(self) -> None:
        super().__init__(
            "this is an Entrust profile (.epf), which only Entrust's programs read: export your digital ID there as "
            "PKCS#12 (.p12 or .pfx), then use that file"
        )


class UnsupportedAlgorithm(SmimeError):
    """An algorithm that this core does not know; `role` says what it was for."""

    code = "unsupported-algorithm"

    def __init__(self, oid: str, role: str, *, text: str = "") -> None:
        super().__init__(text or f"{role}: {oid} is not supported")
        self.oid = oid
        self.role = role


class AlgorithmForbidden(UnsupportedAlgorithm):
    """An algorithm that is known and too weak for the policy in force."""

    code = "algorithm-forbidden"

    def __init__(self, oid: str, role: str, *, policy: str) -> None:
        super().__init__(oid, role, text=f"{role}: {oid} is forbidden by policy {policy}")
        self.policy = policy


class VerificationError(SmimeError):
    """A signature or its signer does not hold; `report` has the whole examination where there was one."""

    code = "verification-error"

    def __init__(self, text: str, *, report: MessageReport | None = None) -> None:
        super().__init__(text)
        self.report = report


class SignatureMismatch(VerificationError):
    code = "signature-mismatch"


class MessageDigestMismatch(VerificationError):
    code = "message-digest-mismatch"


class SenderMismatch(VerificationError):
    code = "sender-mismatch"


class ContentTypeMismatch(VerificationError):
    """Signed or sealed as one kind of content, presented as another (RFC 5652 section 11.1, and ours)."""

    code = "content-type-mismatch"


class FormMismatch(VerificationError):
    """A form signature that holds and says something else than what was submitted; `member` names what differs."""

    code = "form-mismatch"

    def __init__(self, member: str, text: str) -> None:
        super().__init__(f"{member}: {text}")
        self.member = member


class TimestampMismatch(VerificationError):
    """A timestamp of something else than what it is presented for: other octets, another request, another service."""

    code = "timestamp-mismatch"


class TrustListRefused(VerificationError):
    """An operator's list that does not count: another's signature, expired, or older than one that was seen."""

    code = "trust-list-refused"


class TrustStateRefused(VerificationError):
    """What was kept of a person's contacts and decisions does not count: another's, or of another account."""

    code = "trust-state-refused"


class TrustStateOlder(TrustStateRefused):
    """What was kept is older than what was seen already."""

    code = "trust-state-older"


class PathError(VerificationError):
    """The certification path does not hold; `rfc5280_step` names the check, as in "6.1.3 (a)(2)".

    `trail` is how far it was followed, None when no path was.
    """

    code = "path-error"

    def __init__(
        self, text: str, *, certificate: str = "", rfc5280_step: str = "", trail: PathTrail | None = None
    ) -> None:
        super().__init__(text)
        self.certificate = certificate
        self.rfc5280_step = rfc5280_step
        self.trail = trail


class CertificateExpired(PathError):
    """Outside its validity, before or after."""

    code = "certificate-expired"


class CertificateRevoked(PathError):
    code = "certificate-revoked"


class UntrustedAnchor(PathError):
    code = "untrusted-anchor"


class RevocationUnknown(PathError):
    code = "revocation-unknown"


class DecisionRefused(SmimeError):
    """A decision to trust that cannot be made; the text says why, and what can; `why` is a stable word for it."""

    code = "decision-refused"

    def __init__(self, text: str, *, why: str) -> None:
        super().__init__(text)
        self.why = why


class TimestampRefused(SmimeError):
    """The timestamp service answered without a timestamp; the text says why, in its words."""

    code = "timestamp-refused"


class NoMatchingRecipient(SmimeError):
    """The message is sealed for others; `recipient_ids` says for whom, as readable text."""

    code = "no-matching-recipient"

    def __init__(self, recipient_ids: tuple[str, ...] = ()) -> None:
        super().__init__("none of the given identities can open this message")
        self.recipient_ids = recipient_ids


class DecryptionError(SmimeError):
    """Decryption failed. One text for padding, unwrap, tag, MAC and what follows, so that nothing tells which."""

    code = "decryption-error"

    def __init__(self) -> None:
        super().__init__("the message could not be decrypted: it was altered on the way, or sealed for another key")


class WrongPassphrase(DecryptionError):
    """A PKCS#12 file or password recipient whose check value does not match what the passphrase gives."""

    code = "wrong-passphrase"

    def __init__(self) -> None:
        SmimeError.__init__(self, "the passphrase does not open this file, or the file is damaged")


class ProviderError(SmimeError):
    """The cryptographic provider refused; `operation` names its method."""

    code = "provider-error"

    def __init__(self, operation: str, text: str = "") -> None:
        super().__init__(f"{operation}: {text or 'the provider refused'}")
        self.operation = operation


class UnsupportedByProvider(ProviderError):
    code = "unsupported-by-provider"
