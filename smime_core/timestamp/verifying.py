"""Whether a timestamp holds: its signature, its authority's certificate, and what it is about (RFC 3161, RFC 5816).

It counts only while the authority's path does: leaves out archive timestamps, which would renew it.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.certificate import Certificate, names_match
from smime_core.errors import CertificateRevoked, MalformedMessage, TimestampMismatch, VerificationError
from smime_core.general_names import GeneralName
from smime_core.mail_address import addresses_match
from smime_core.pkix import (
    PathBudget,
    PathTrail,
    Purpose,
    RevocationState,
    TrustStore,
    check_end_entity,
    validate_path,
)
from smime_core.policy import Policy, check_hash
from smime_core.provider import CryptoProvider
from smime_core.signed_attributes import MAX_CLOCK_SKEW, parse_signing_certificate
from smime_core.signed_content import OctetsContent, SignedContent
from smime_core.signed_data import find_certificate, find_signer_certificates
from smime_core.signer_info import verify_signer
from smime_core.timestamp.request import TimestampRequest
from smime_core.timestamp.token import TimestampToken
from smime_core.timestamp.tst_info import ID_CT_TST_INFO, MessageImprint

# RFC 3161 section 4: after a revocation for one of these, and only when it is said, earlier timestamps remain valid. It
# has "unspecified" among them, which a list of today says by saying nothing (RFC 5280 section 5.3.1): not enough.
_HARMLESS_REASONS: Final = frozenset({"affiliationChanged", "superseded", "cessationOfOperation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """A timestamp that holds: what it is about existed at `latest`. Only `verify_timestamp` makes one.

    `accuracy` None is for the service's policy to say; `trail` is how the path of `certificate` was judged.
    """

    time: datetime.datetime
    accuracy: datetime.timedelta | None
    certificate: Certificate
    trail: PathTrail
    tsa_policy: str
    serial_number: int

    @property
    def latest(self) -> datetime.datetime:
        """The upper limit of the time at which it was made."""
        return self.time + (self.accuracy or datetime.timedelta(0))


async def verify_timestamp(
    token: TimestampToken,
    imprinted: SignedContent,
    *,
    trust_store: TrustStore,
    at: datetime.datetime,
    provider: CryptoProvider,
    known: Sequence[Certificate] = (),
    policy: Policy = Policy.RECEIVE,
    budget: PathBudget | None = None,
) -> Timestamp:
    """Check a token against what it is said to be about, as of `at`.

    `trust_store.anchors` are those of timestamp authorities; `known` are certificates beside those in the token. An
    `at` before the time of the token refuses it, but for clocks that go wrong.
    (0) everything of `check_token`; (1) the time is not in the future; (2) the path of the authority's certificate
    holds at the time of the token, as strictly as the store demands; (3) and at `at`, when its revocation since may be
    unknown, or known to be harmless (RFC 3161 section 4).
    The token's signature counts in `budget`, as that of a signer. Raises TimestampMismatch, SignatureMismatch,
    AlgorithmForbidden, PathError and those below it, or MalformedMessage.
    """
    budget = budget or PathBudget()
    budget.count_signer()
    # (0)
    certificate = await check_token(token, imprinted, provider=provider, known=known, policy=policy)
    # (1)
    time = token.info.gen_time
    if time > at + MAX_CLOCK_SKEW:
        raise TimestampMismatch(f"it was made at {time:%Y-%m-%d %H:%M}, which is later than the time of this check")
    # (2) and (3)
    path = _Path(
        certificate=certificate,
        intermediates=(*token.signed_data.certificates, *known),
        trust_store=trust_store.looking_back_from(at),
        provider=provider,
        budget=budget,
    )
    trail = await path.validate(min(time, at))
    await _check_since(path, time=token.info.latest, at=at)
    return Timestamp(
        time=time,
        accuracy=token.info.accuracy,
        certificate=certificate,
        trail=trail,
        tsa_policy=token.info.tsa_policy,
        serial_number=token.info.serial_number,
    )


async def check_token(
    token: TimestampToken,
    imprinted: SignedContent,
    *,
    provider: CryptoProvider,
    known: Sequence[Certificate] = (),
    policy: Policy = Policy.RECEIVE,
) -> Certificate:
    """The certificate of a token's signer, when all holds that needs no trust.

    (0) the imprint is the digest of `imprinted`, by a hash that proves something; (1) the signer names its certificate,
    which is here; (2) the signature holds; (3) the certificate is one for timestamps alone, and has the name that the
    token gives to the service.
    Raises TimestampMismatch, SignatureMismatch, AlgorithmForbidden, PathError, VerificationError or MalformedMessage.
    """
    # (0)
    imprint = token.info.imprint
    check_hash(imprint.hash_name, policy, role="messageImprint")
    found = MessageImprint(hash_name=imprint.hash_name, digest=await imprinted.digest(imprint.hash_name))
    if not found.matches(imprint):
        raise TimestampMismatch("this is a timestamp of something else")
    # (1) RFC 3161 section 2.4.2, RFC 5816 section 2.2.1
    if not parse_signing_certificate(token.signer.attributes):
        raise MalformedMessage("the signer names no certificate by its hash", where="TimeStampToken")
    certificate = _find_signer(token, (*token.signed_data.certificates, *known))
    # (2)
    await verify_signer(
        token.signer,
        OctetsContent(token.info_der, provider=provider),
        content_type=ID_CT_TST_INFO,
        certificate=certificate,
        provider=provider,
        policy=policy,
    )
    # (3)
    check_end_entity(certificate, Purpose.TIMESTAMP)
    if token.info.tsa is not None and not _is_named(certificate, token.info.tsa):
        raise TimestampMismatch("it names another service than its certificate does")
    return certificate


def check_answer(token: TimestampToken, request: TimestampRequest) -> None:
    """Raise TimestampMismatch unless a token is the answer to a request (RFC 3161 section 2.4.2)."""
    if not token.info.imprint.matches(request.imprint):
        raise TimestampMismatch("the answer is a timestamp of something else")
    if request.nonce is not None and token.info.nonce != request.nonce:
        raise TimestampMismatch("the answer is to another request: its nonce differs")
    if request.tsa_policy is not None and token.info.tsa_policy != request.tsa_policy:
        raise TimestampMismatch(f"the answer is by policy {token.info.tsa_policy}, asked was {request.tsa_policy}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Path:
    certificate: Certificate
    intermediates: tuple[Certificate, ...]
    trust_store: TrustStore
    provider: CryptoProvider
    budget: PathBudget

    async def validate(self, at: datetime.datetime) -> PathTrail:
        path = await validate_path(
            self.certificate,
            intermediates=self.intermediates,
            trust_store=self.trust_store,
            at=at,
            purpose=Purpose.TIMESTAMP,
            provider=self.provider,
            budget=self.budget,
        )
        return path.trail


async def _check_since(path: _Path, *, time: datetime.datetime, at: datetime.datetime) -> None:
    # What is not known today of a status that was known then does not undo it; what is known may.
    try:
        await dataclasses.replace(path, trust_store=path.trust_store.softened()).validate(at)
    except CertificateRevoked as error:
        if not _was_harmless(error, time):
            raise


def _was_harmless(error: CertificateRevoked, time: datetime.datetime) -> bool:
    statuses = error.trail.revocation if error.trail else ()
    revoked = [status for status in statuses if status.state is RevocationState.REVOKED]
    return bool(revoked) and all(
        status.revoked_at is not None and status.revoked_at > time and status.reason in _HARMLESS_REASONS
        for status in revoked
    )


def _find_signer(token: TimestampToken, certificates: Sequence[Certificate]) -> Certificate:
    found = find_signer_certificates(token.signer, certificates)[:1]
    # Where the hash names none of them, the one that sid names is refused for it.
    certificate = next(iter(found), None) or find_certificate(token.signer.sid, certificates)
    if certificate is None:
        raise VerificationError("the certificate of the timestamp service is not here")
    return certificate


def _is_named(certificate: Certificate, name: GeneralName) -> bool:
    # RFC 3161 section 2.4.2: one of the subject names. Only directory names and addresses are told apart here.
    if name.directory_name_der is not None:
        return names_match(name.directory_name_der, certificate.subject_der)
    return name.address is None or any(addresses_match(name.address, one) for one in certificate.email_addresses)
