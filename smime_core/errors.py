"""All errors of the core, in one tree.

    SmimeError(code)
    ├─ MalformedMessage(where) ── LimitExceeded(limit, actual) · EntrustProfile() · OutlookMessage()
    │                             · PdfFile() · AsicContainer() · OpenPgpContent() · OnlyPartsEncrypted(parts)
    ├─ UnsupportedAlgorithm(oid, role) ── AlgorithmForbidden(policy)
    ├─ VerificationError(report) ── SignatureMismatch ── SigningCertificateMismatch · AlgorithmProtectionMismatch
    │   │                             · MessageDigestMismatch · ContentTypeMismatch · FormMismatch(member)
    │   │                             · TimestampMismatch · TrustListRefused
    │   │                             · ReleaseRefused ── ReleaseOfAnotherKey · ReleaseNotNewer
    │   │                             · GroupKeyRefused
    │   │                             · TrustStateRefused ── TrustStateOlder · DecisionNotSigned
    │   │                             · DiscoveryRefused ── DiscoveryUnsigned · DiscoveryOfAnotherDomain
    │   │                               · DiscoveryNotYetValid · DiscoveryExpired · DiscoveryOlder
    │   │                             · MoveRefused ── MoveNotNext
    │   │                             · ParcelRefused ── ParcelDamaged · ParcelCut · ParcelMixed
    │   │                               · ParcelMisaddressed · ParcelNotAuthenticated
    │   └─ PathError(certificate, rfc5280_step) ── CertificateExpired · CertificateRevoked · UntrustedAnchor
    │                                               · RevocationUnknown
    ├─ TimestampRefused()
    ├─ DecisionRefused(why)
    ├─ ParcelWordsRefused(why, word_number)
    ├─ NoUsableSigner(codes, why)
    ├─ NoMatchingRecipient(recipient_ids)
    ├─ DecryptionError()  ── WrongPassphrase()
    ├─ SourceChanged()
    └─ ProviderError(operation) ── UnsupportedByProvider

Every error has a `code`: a stable word for programs, the same in the command, the vault and the pages. The text is for
people: what was found, what was expected, where. No text ever contains a secret.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, TypeVar

_V = TypeVar("_V")
_T = TypeVar("_T")


class SmimeError(Exception):
    """The root of all errors of the core."""

    code: ClassVar[str] = "smime-error"


class MalformedMessage(SmimeError):
    """The input does not have the expected structure. `where` names the field."""

    code = "malformed-message"

    def __init__(self, text: str, where: str = "") -> None:
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
    """An Entrust profile (.epf), which is not read. The text says how to export its keys as PKCS#12."""

    code = "entrust-profile"

    def __init__(self) -> None:
        super().__init__(
            "this is an Entrust profile (.epf), which only Entrust's programs read: export your digital ID there as "
            "PKCS#12 (.p12 or .pfx), then use that file"
        )


class OutlookMessage(MalformedMessage):
    """An Outlook message (.msg), which is not read. The text says how to save it as .eml."""

    code = "outlook-message"

    def __init__(self) -> None:
        super().__init__(
            "this is an Outlook message (.msg), whose signature cannot be checked outside Outlook: save it as .eml in "
            "the new Outlook or in Outlook on the web, then use that file"
        )


class PdfFile(MalformedMessage):
    """A PDF, whose signatures are not read."""

    code = "pdf-file"

    def __init__(self) -> None:
        super().__init__(
            "this is a PDF, not a mail: a PDF reader shows the signatures inside it. To protect it here, attach it to "
            "a mail"
        )


class AsicContainer(MalformedMessage):
    """An ASiC container (ETSI EN 319 162), whose signatures are not read."""

    code = "asic-container"

    def __init__(self) -> None:
        super().__init__(
            "this is an ASiC container (.asice, .asics), not a mail: check it with the program or the website of the "
            "service that made it, such as the European Commission's DSS demonstration"
        )


class OpenPgpContent(MalformedMessage):
    """OpenPGP data (RFC 9580), which is not read. The text says which programs read it."""

    code = "openpgp-content"

    def __init__(self) -> None:
        super().__init__(
            "this is OpenPGP, which is not S/MIME: use a program for OpenPGP, such as GnuPG or Thunderbird, or ask the "
            "sender for S/MIME"
        )


class OnlyPartsEncrypted(MalformedMessage):
    """The message as a whole is not encrypted, but parts of it are. `parts` has their numbers."""

    code = "encrypted-part"

    def __init__(self, parts: tuple[str, ...]) -> None:
        self.parts = parts
        are = f"parts {', '.join(parts)} are" if len(parts) > 1 else f"part {parts[0]} is"
        super().__init__(f"{are} encrypted, and the message around is not")


class UnsupportedAlgorithm(SmimeError):
    """An algorithm that this core does not support. `role` is the purpose for which it was to be used."""

    code = "unsupported-algorithm"

    def __init__(self, oid: str, role: str, *, text: str = "") -> None:
        super().__init__(text or f"{role}: {oid} is not supported")
        self.oid = oid
        self.role = role


class AlgorithmForbidden(UnsupportedAlgorithm):
    """A supported algorithm that is too weak for the policy in force."""

    code = "algorithm-forbidden"

    def __init__(self, oid: str, role: str, *, policy: str) -> None:
        super().__init__(oid, role, text=f"{role}: {oid} is forbidden by policy {policy}")
        self.policy = policy


class VerificationError(SmimeError):
    """A signature or its signer does not verify.

    `report` is the MessageReport of the examination, or None. `smime_core.report.report_of` returns it with that type.
    """

    code = "verification-error"

    def __init__(self, text: str, *, report: object = None) -> None:
        super().__init__(text)
        self.report = report


class SignatureMismatch(VerificationError):
    code = "signature-mismatch"


class SigningCertificateMismatch(SignatureMismatch):
    """The signing-certificate attribute names another certificate than the signer's (RFC 5035 section 3)."""

    code = "signing-certificate-mismatch"


class AlgorithmProtectionMismatch(SignatureMismatch):
    """CMSAlgorithmProtection names other algorithms than the SignerInfo (RFC 6211 section 3)."""

    code = "algorithm-protection-mismatch"


class MessageDigestMismatch(VerificationError):
    code = "message-digest-mismatch"


class ContentTypeMismatch(VerificationError):
    """The content has another type than expected.

    For signed content, RFC 5652 section 11.1 requires this check. For encrypted content, it is our own rule.
    """

    code = "content-type-mismatch"


class FormMismatch(VerificationError):
    """A form's signature is valid but covers other data than was submitted. `member` names the part that differs."""

    code = "form-mismatch"

    def __init__(self, member: str, text: str) -> None:
        super().__init__(f"{member}: {text}")
        self.member = member


class TimestampMismatch(VerificationError):
    """A timestamp that does not belong to the given data, request or service."""

    code = "timestamp-mismatch"


class TrustListRefused(VerificationError):
    """An operator's list that is not accepted: signed by another certificate, expired, or older than a known list."""

    code = "trust-list-refused"


class ReleaseRefused(VerificationError):
    """A signed manifest of a release that is not accepted: it was altered, or its signature is not accepted."""

    code = "release-refused"


class ReleaseOfAnotherKey(ReleaseRefused):
    """A signed manifest whose signer is not one of the expected signers."""

    code = "release-of-another-key"


class ReleaseNotNewer(ReleaseRefused):
    """A signed manifest that is older than a known manifest, or has a known version with other files."""

    code = "release-not-newer"


class DiscoveryRefused(VerificationError):
    """A discovery document that is not accepted. The subclasses say why."""

    code = "discovery-refused"


class DiscoveryUnsigned(DiscoveryRefused):
    """A discovery document that neither the pinned key nor its successor has signed."""

    code = "discovery-unsigned"


class DiscoveryOfAnotherDomain(DiscoveryRefused):
    """A discovery document that is signed for another domain."""

    code = "discovery-of-another-domain"


class DiscoveryNotYetValid(DiscoveryRefused):
    """A discovery document whose time of issue is in the future: the issuer's clock or ours is wrong."""

    code = "discovery-not-yet-valid"


class DiscoveryExpired(DiscoveryRefused):
    """A discovery document that has expired."""

    code = "discovery-expired"


class DiscoveryOlder(DiscoveryRefused):
    """A discovery document that is older than a known document, or has a known number with other content."""

    code = "discovery-older"


class MoveRefused(VerificationError):
    """A refused move of a server: no server of the discovery document signed it, or its domain or time is wrong."""

    code = "move-refused"


class MoveNotNext(MoveRefused):
    """A move whose counter is not the next number: this move was sent before, or another move came in between."""

    code = "move-not-next"


class TrustStateRefused(VerificationError):
    """A stored trust state that is not accepted: another person signed it, or it belongs to another account."""

    code = "trust-state-refused"


class TrustStateOlder(TrustStateRefused):
    """A stored trust state that is older than a known state."""

    code = "trust-state-older"


class DecisionNotSigned(VerificationError):
    """A decision from another device that none of the person's keys has signed."""

    code = "decision-not-signed"


class GroupKeyRefused(VerificationError):
    """A group key that is not accepted: not signed by the owner, or for another group, member or version."""

    code = "group-key-refused"


class ParcelRefused(VerificationError):
    """A parcel, or a chunk of it, that is not shown or saved. The subclasses say why."""

    code = "parcel-refused"


class ParcelDamaged(ParcelRefused):
    """An object of a parcel that differs from the object that was sent: altered, or in another form."""

    code = "parcel-damaged"


class ParcelCut(ParcelRefused):
    """An object of a parcel that has fewer bytes than its manifest says."""

    code = "parcel-cut"


class ParcelMixed(ParcelRefused):
    """An object from another parcel, or from another place in this parcel."""

    code = "parcel-mixed"


class ParcelMisaddressed(ParcelRefused):
    """A parcel that its sender has made for other people, not for the reader."""

    code = "parcel-misaddressed"


class ParcelNotAuthenticated(ParcelRefused):
    """An object that is encrypted without authentication, such as the password form of `openssl cms`."""

    code = "parcel-not-authenticated"


class PathError(VerificationError):
    """The certification path is not valid. `rfc5280_step` names the check, such as "6.1.3 (a)(2)".

    `trail` is the PathTrail as far as the search followed the path, or None. `pkix.trail_of` returns it with that type.
    """

    code = "path-error"

    def __init__(self, text: str, *, certificate: str = "", rfc5280_step: str = "", trail: object = None) -> None:
        super().__init__(text)
        self.certificate = certificate
        self.rfc5280_step = rfc5280_step
        self.trail = trail


class CertificateExpired(PathError):
    """A certificate used before or after its validity period."""

    code = "certificate-expired"


class CertificateRevoked(PathError):
    code = "certificate-revoked"


class UntrustedAnchor(PathError):
    code = "untrusted-anchor"


class RevocationUnknown(PathError):
    code = "revocation-unknown"


class DecisionRefused(SmimeError):
    """A user's decision to trust is refused. The text gives reason and remedy; `why` is the reason in a stable word."""

    code = "decision-refused"

    def __init__(self, text: str, *, why: str) -> None:
        super().__init__(text)
        self.why = why


class NoUsableSigner(SmimeError):
    """Every reader would doubt a signature by any of the given keys. The text has the reasons that readers would get.

    `codes` are the codes of these reasons (`report.reasons`), and `why` is the first of them.
    """

    code = "no-usable-signer"

    def __init__(self, text: str, *, codes: tuple[str, ...]) -> None:
        super().__init__(text)
        self.codes = codes
        self.why = codes[0]


class ParcelWordsRefused(SmimeError):
    """Typed words that are not the secret words of a parcel. `why` is the reason in a stable word.

    `word_number` is the number of the first unknown word, counted from 1. No error text contains the word.
    """

    code = "parcel-words-refused"

    def __init__(self, why: str, text: str, *, word_number: int | None = None) -> None:
        super().__init__(text)
        self.why = why
        self.word_number = word_number


class TimestampRefused(SmimeError):
    """The timestamp service answered without a timestamp. The text quotes the reasons that the service gave."""

    code = "timestamp-refused"


class NoMatchingRecipient(SmimeError):
    """The message is encrypted for others. `recipient_ids` names them as readable text."""

    code = "no-matching-recipient"

    def __init__(self, recipient_ids: tuple[str, ...] = ()) -> None:
        super().__init__("none of the given identities can decrypt this message")
        self.recipient_ids = recipient_ids


class DecryptionError(SmimeError):
    """Decryption failed. All checks (padding, unwrap, tag, MAC and later ones) share one text, to hide which failed."""

    code = "decryption-error"

    def __init__(self) -> None:
        super().__init__("the message could not be decrypted: it was changed in transit, or encrypted for another key")


class WrongPassphrase(DecryptionError):
    """The passphrase does not match the check value of a PKCS#12 file or of a password recipient."""

    code = "wrong-passphrase"

    def __init__(self) -> None:
        SmimeError.__init__(self, "the passphrase does not open this file, or the file is damaged")


class SourceChanged(SmimeError):
    """Somebody changed the input while it was read, so the judged content cannot be written out."""

    code = "source-changed"

    def __init__(self) -> None:
        super().__init__(
            "the input changed while it was read, so nothing in it counts: try again when it stays as it is"
        )


class ProviderError(SmimeError):
    """The cryptographic provider refused. `operation` names its method."""

    code = "provider-error"

    def __init__(self, operation: str, text: str = "") -> None:
        super().__init__(f"{operation}: {text or 'the provider refused'}")
        self.operation = operation


class UnsupportedByProvider(ProviderError):
    code = "unsupported-by-provider"


def parse_readable(parse: Callable[[_V], _T], values: Iterable[_V]) -> Iterator[_T]:
    """The values as parsed. Values that cannot be read are skipped, so that they do not hide the others."""
    for value in values:
        with contextlib.suppress(SmimeError):
            yield parse(value)


def parse_or_error(parse: Callable[[_V], _T], value: _V) -> _T | SmimeError:
    """The value as parsed, or the error if it cannot be read."""
    try:
        return parse(value)
    except SmimeError as error:
        return error
