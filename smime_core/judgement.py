"""The verdict on signers, and the headline over all layers (DESIGN, "The report"; RFC 5652 section 5.6, RFC 8550).

(1) each SignerInfo is judged by itself: structure, signature, certification path; (2) the signers are held against the
displayed From; (3) the headline is never better than the worst doubt. The same code judges messages in memory and in
streams. A verdict belongs to what it covers: layers that cover only a part never lift the whole.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from smime_core.certificate import Certificate
from smime_core.content_info import ID_DATA
from smime_core.errors import CertificateExpired, PathError, ProviderError, SmimeError, UnsupportedAlgorithm
from smime_core.kekri import KeyEncryptionKey
from smime_core.key_management import KeyHolder
from smime_core.limits import MAX_SIGNER_CERTIFICATES
from smime_core.mail_address import addresses_match
from smime_core.pkix import Purpose, RevocationPolicy, TrustStore, validate_path
from smime_core.pkix.dsa_parameters import complete_dsa_key
from smime_core.policy import Policy, is_weak_signature
from smime_core.provider import CryptoProvider
from smime_core.report import Layer, LayerKind, Reason, SignerReport, State
from smime_core.signed_content import SignedContent
from smime_core.signed_data import SignedData, find_certificate, find_signer_certificates
from smime_core.signer_info import SignerInfo, verify_signer


class Claim(Enum):
    """Whose authorship is claimed beside the signature."""

    FROM_FIELD = "from"
    """The From field of the message; without one nothing is verified."""
    NONE = "none"
    """Nobody's: the signer is who the certificate says (fields, files)."""


REASONS: Final = {
    "no-sender": "The message does not say who it is from.",
    "several-senders": "The message names several senders, and a signature can prove only one.",
    "sender-mismatch": "The signature belongs to somebody other than the sender shown.",
    "no-address-in-certificate": "The signer's certificate names no mail address.",
    "signer-certificate-missing": "The message does not carry the signer's certificate.",
    "untrusted-anchor": "Signed by a certificate that nobody you trust vouches for.",
    "certificate-expired": "The signer's certificate was not valid at this time.",
    "revocation-unknown": "Nobody could say whether the signer's certificate was revoked.",
    "revocation-not-checked": "Whether the certificate was revoked was not checked.",
    "message-digest-mismatch": "The content was changed after it was signed.",
    "signature-mismatch": "The signature does not fit the content and the signer's key.",
    "content-type-mismatch": "This was signed as another kind of content.",
    "malformed-message": "The signature is damaged.",
    "unsupported-algorithm": "The signature uses an algorithm that is not supported.",
    "algorithm-forbidden": "The signature uses an algorithm that is too weak to prove anything.",
    "certificates-only": "The message only carries certificates; it is not signed.",
    "not-opened": "The message is sealed and was not opened.",
    "nested-protection": "A part of this message has a protection of its own, which says nothing about the rest.",
    "certificate-expired-since": "The signer's certificate was valid when it says this was signed, and has expired.",
    "signing-time-outside-validity": "This says it was signed at a time when the signer's certificate was not valid.",
    "weak-signature": "The signature uses an algorithm of old that proves little today.",
    "signed-by-sender-field": "The signature belongs to whom the Sender field names, not to the author shown.",
    "signed-attributes-resorted": "The signed attributes stood in an order that no signer should write.",
    "outer-sender-differs": "The sender named outside the protected message is another one.",
    "headers-altered-outside": "On the way, somebody changed header fields outside the protected message.",
    "weak-encryption": "The message is sealed by an algorithm of old that can be broken.",
    "too-large-to-look-inside": "The message is too large to look for protected parts inside it.",
}


def reason(code: str, *, detail: str = "") -> Reason:
    """A Reason with its sentence; `detail` is put behind it."""
    sentence = REASONS.get(code, "The signer's certificate does not hold.")
    return Reason(code=code, sentence=f"{sentence} ({detail})" if detail else sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """What encrypted layers are opened with, and what content types may stand inside them."""

    provider: CryptoProvider
    identities: Sequence[KeyHolder] = ()
    passwords: Sequence[bytes] = ()
    keks: Sequence[KeyEncryptionKey] = ()
    policy: Policy = Policy.RECEIVE
    sealed_types: tuple[str, ...] = (ID_DATA,)

    @property
    def has_keys(self) -> bool:
        """Whether there is anything to open an encrypted layer with."""
        return bool(self.identities or self.passwords or self.keks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examiner(Opener):
    """What one examination works with; `signed_types` are the content types that signatures may cover."""

    signed_types: tuple[str, ...] = (ID_DATA,)
    trust_store: TrustStore
    at: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Authors:
    """Whom the displayed header fields name: the addresses in From, and the one in Sender."""

    authors: tuple[str, ...] = ()
    sender: str | None = None


async def judge_signers(
    signed_data: SignedData, content: SignedContent, examiner: Examiner, *, known: tuple[Certificate, ...]
) -> tuple[SignerReport, ...]:
    """The verdict on each SignerInfo; `known` are all certificates that the message carried so far."""
    if signed_data.e_content_type not in examiner.signed_types:
        why = reason("content-type-mismatch", detail=signed_data.e_content_type)
        return tuple(broken_signer(info, why) for info in signed_data.signer_infos)
    return tuple(
        [
            await _judge_signer(info, signed_data.e_content_type, content, examiner, known=known)
            for info in signed_data.signer_infos
        ]
    )


async def _judge_signer(
    info: SignerInfo | SmimeError,
    content_type: str,
    content: SignedContent,
    examiner: Examiner,
    *,
    known: tuple[Certificate, ...],
) -> SignerReport:
    if isinstance(info, SmimeError):
        return broken_signer(info, reason("malformed-message", detail=str(info)))
    try:
        # When a signing-certificate attribute names none of them, the one that sid names is refused for it (MUSTS 17).
        certificates = find_signer_certificates(info, known) or tuple(filter(None, [find_certificate(info.sid, known)]))
    except SmimeError as error:
        return broken_signer(info, reason(error.code))
    if not certificates:
        missing = broken_signer(info, reason("signer-certificate-missing"))
        return dataclasses.replace(missing, state=State.SIGNED_UNVERIFIED)
    # One key may have been certified several times: the best of what the certificates lead to counts.
    reports = [
        await _judge_by(info, certificate, content_type, content, examiner, known=known)
        for certificate in certificates[:MAX_SIGNER_CERTIFICATES]
    ]
    return min(reports, key=lambda report: list(State).index(report.state))


async def _judge_by(
    info: SignerInfo,
    certificate: Certificate,
    content_type: str,
    content: SignedContent,
    examiner: Examiner,
    *,
    known: tuple[Certificate, ...],
) -> SignerReport:
    try:
        certificate = await complete_dsa_key(certificate, known, provider=examiner.provider)
        signing_time = info.signing_time
        algorithm = await verify_signer(
            info,
            content,
            content_type=content_type,
            certificate=certificate,
            provider=examiner.provider,
            policy=examiner.policy,
        )
    except (UnsupportedAlgorithm, ProviderError) as error:
        broken = broken_signer(info, reason(error.code, detail=str(error)), certificate)
        return dataclasses.replace(broken, state=State.SIGNED_UNVERIFIED)
    except SmimeError as error:
        return broken_signer(info, reason(error.code), certificate)
    reasons, path = await _judge_certificate(certificate, examiner, known=known, signing_time=signing_time)
    if is_weak_signature(algorithm):
        reasons = (reason("weak-signature", detail=algorithm.label), *reasons)
    return SignerReport(
        state=State.SIGNED_UNVERIFIED if reasons else State.VERIFIED,
        reasons=reasons or tuple(map(reason, info.tolerances)),
        sid=str(info.sid),
        algorithm=algorithm.label,
        certificate=certificate,
        path=path,
        signing_time=signing_time,
        signed_attributes=info.attributes,
    )


async def _judge_certificate(
    certificate: Certificate,
    examiner: Examiner,
    *,
    known: tuple[Certificate, ...],
    signing_time: datetime.datetime | None,
) -> tuple[tuple[Reason, ...], tuple[Certificate, ...]]:
    # The reasons against the certificate, none when it holds, and its path.
    try:
        path = await _find_path(certificate, examiner, known, examiner.at)
    except CertificateExpired as error:
        if signing_time is not None and await _held_at(certificate, examiner, known, signing_time):
            return (reason("certificate-expired-since", detail=str(error)),), ()
        return (reason(error.code, detail=str(error)),), ()
    except PathError as error:
        return (reason(error.code, detail=str(error)),), ()
    except SmimeError as error:
        return (Reason(code=error.code, sentence=str(error)),), ()
    if signing_time is not None and not certificate.not_before <= signing_time <= certificate.not_after:
        return (reason("signing-time-outside-validity", detail=f"{signing_time:%Y-%m-%d}"),), path
    if examiner.trust_store.revocation is RevocationPolicy.REQUIRED:
        return (reason("revocation-unknown"),), path
    return (), path


async def _find_path(
    certificate: Certificate, examiner: Examiner, known: tuple[Certificate, ...], at: datetime.datetime
) -> tuple[Certificate, ...]:
    path = await validate_path(
        certificate,
        intermediates=known,
        trust_store=examiner.trust_store,
        at=at,
        purpose=Purpose.SIGN,
        provider=examiner.provider,
    )
    return path.certificates


async def _held_at(
    certificate: Certificate, examiner: Examiner, known: tuple[Certificate, ...], signing_time: datetime.datetime
) -> bool:
    # The signer's own claim of when: good for words, never for a better state (MUSTS 15).
    try:
        await _find_path(certificate, examiner, known, signing_time)
    except SmimeError:
        return False
    return signing_time <= examiner.at


def broken_signer(info: SignerInfo | SmimeError, why: Reason, certificate: Certificate | None = None) -> SignerReport:
    """The verdict `invalid` for this reason."""
    return SignerReport(
        state=State.INVALID,
        reasons=(why,),
        sid=str(info.sid) if isinstance(info, SignerInfo) else "unreadable",
        algorithm="",
        certificate=certificate,
        path=(),
        signing_time=None,
    )


def draw_headline(
    layers: Sequence[Layer], *, claim: Claim, claimed: Authors, trust_store: TrustStore
) -> tuple[State, tuple[Reason, ...]]:
    """One state of five and its reasons, from the layers that cover the whole."""
    layers = [layer for layer in layers if layer.covers_whole]
    signers = [signer for layer in layers for signer in layer.signers]
    if not signers:
        if any(layer.kind is LayerKind.ENCRYPTED for layer in layers):
            return State.ENCRYPTED_ONLY, ()
        is_bag = any(layer.kind is LayerKind.CERTIFICATES for layer in layers)
        return State.PLAIN, (reason("certificates-only"),) if is_bag else ()
    invalid = [signer for signer in signers if signer.state is State.INVALID]
    if invalid:
        return State.INVALID, tuple(dict.fromkeys(why for signer in invalid for why in signer.reasons))
    doubts = _doubts(signers)
    reasons = tuple(dict.fromkeys(why for signer in doubts for why in signer.reasons))
    mismatch = _author_mismatch(signers, claimed) if claim is Claim.FROM_FIELD else None
    if mismatch is not None:
        # A signer whom somebody vouches for, under another's name: "the signature is not the sender's".
        forged = mismatch.code == "sender-mismatch" and not doubts
        return State.INVALID if forged else State.SIGNED_UNVERIFIED, (mismatch, *reasons)
    if doubts:
        return State.SIGNED_UNVERIFIED, reasons
    noted = dict.fromkeys(why for signer in signers for why in signer.reasons)
    unchecked = trust_store.revocation is RevocationPolicy.NOT_CHECKED
    return State.VERIFIED, (*noted, *((reason("revocation-not-checked"),) if unchecked else ()))


def _doubts(signers: Sequence[SignerReport]) -> list[SignerReport]:
    # A second signature of the same person by an algorithm that is unknown here spoils nothing (MUSTS 45): that is how
    # people sign for readers of today and of tomorrow.
    verified = {a for signer in signers if signer.state is State.VERIFIED for a in _addresses(signer)}
    return [
        signer
        for signer in signers
        if signer.state is not State.VERIFIED
        and not (
            verified.intersection(_addresses(signer))
            and all(why.code in ("unsupported-algorithm", "unsupported-by-provider") for why in signer.reasons)
        )
    ]


def _author_mismatch(signers: Sequence[SignerReport], claimed: Authors) -> Reason | None:
    # RFC 8550 section 3; exactly one mailbox in From, and only From counts (MUSTS 37).
    if len(claimed.authors) != 1:
        return reason("several-senders" if claimed.authors else "no-sender")
    # What a verified signer is called counts; only when there is none, what the others are called explains the doubt.
    trusted = [signer for signer in signers if signer.state is State.VERIFIED]
    addresses = list(dict.fromkeys(a for signer in trusted or signers for a in _addresses(signer)))
    if any(addresses_match(claimed.authors[0], address) for address in addresses):
        return None
    if claimed.sender and any(addresses_match(claimed.sender, address) for address in addresses):
        return reason("signed-by-sender-field", detail=claimed.sender)
    return reason("sender-mismatch", detail=", ".join(addresses)) if addresses else reason("no-address-in-certificate")


def _addresses(signer: SignerReport) -> tuple[str, ...]:
    return signer.certificate.email_addresses if signer.certificate else ()
