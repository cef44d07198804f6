"""Verify a timestamp: its signature, its authority's certificate, and the data that it covers (RFC 3161, RFC 5816).

A timestamp counts only as long as its authority's path is valid. Archive timestamps, with which a timestamp would count
longer, are not supported.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.asn1.general_names import GeneralName
from smime_core.cms.signed_attributes import MAX_CLOCK_SKEW, parse_signing_certificate
from smime_core.cms.signed_content import OctetsContent, SignedContent
from smime_core.cms.signed_data import find_certificate, find_signer_certificates
from smime_core.cms.signer_info import verify_signer
from smime_core.errors import CertificateRevoked, MalformedMessage, TimestampMismatch, VerificationError
from smime_core.pkix import (
    PathBudget,
    PathRules,
    PathTrail,
    Purpose,
    RevocationState,
    check_end_entity,
    trail_of,
    validate_path,
)
from smime_core.policy import Policy, check_hash
from smime_core.provider import CryptoProvider
from smime_core.text.mail_address import addresses_match
from smime_core.timestamp.request import TimestampRequest
from smime_core.timestamp.token import TimestampToken
from smime_core.timestamp.tst_info import ID_CT_TST_INFO, MessageImprint
from smime_core.x509.certificate import Certificate, names_match

# RFC 3161 section 4: timestamps from before a revocation remain valid if the revocation gives one of these reasons. The
# RFC also names "unspecified". "unspecified" is not accepted here, because CRLs now express it by giving no reason (RFC
# 5280 section 5.3.1).
_HARMLESS_REASONS: Final = frozenset({"affiliationChanged", "superseded", "cessationOfOperation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """A verified timestamp: its data existed at `latest`. Only `verify_timestamp` makes one.

    `accuracy` is None if the token does not state it. `trail` is the record of the checks on the path of `certificate`.
    """

    time: datetime.datetime
    accuracy: datetime.timedelta | None
    certificate: Certificate
    trail: PathTrail
    tsa_policy: str
    serial_number: int

    @property
    def latest(self) -> datetime.datetime:
        """The latest time at which the timestamp can have been made."""
        return self.time + (self.accuracy or datetime.timedelta(0))


async def verify_timestamp(
    token: TimestampToken,
    imprinted: SignedContent,
    rules: PathRules,
    provider: CryptoProvider,
    *,
    budget: PathBudget | None = None,
) -> Timestamp:
    """Verify a token for the data `imprinted`, as of `rules.at`.

    The anchors of the rules are anchors of timestamp authorities; `rules.known` are certificates besides those in the
    token.

    (0) All checks of `check_token` pass. (1) The token's time is not after `rules.at`, with a tolerance for wrong
    clocks. (2) The path of the authority's certificate was valid at the token's time, under the store's policy on
    revocation. (3) The path is also valid at `rules.at`; for that time, an unknown revocation status and a harmless
    revocation after the token's time are accepted (RFC 3161 section 4).

    The token's signature counts in `budget` like a signer's. Raises TimestampMismatch, SignatureMismatch,
    AlgorithmForbidden, PathError and its subclasses, or MalformedMessage.
    """
    budget = budget or PathBudget()
    budget.count_signer()
    # (0) All checks that need no trust.
    certificate = await check_token(token, imprinted, provider, known=rules.known, policy=rules.policy)
    # (1) The time.
    time = token.info.gen_time
    if time > rules.at + MAX_CLOCK_SKEW:
        raise TimestampMismatch(f"it was made at {time:%Y-%m-%d %H:%M}, which is later than the time of this check")
    # (2) and (3): the path.
    trail = await _follow_path(certificate, token, rules, provider, budget)
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
    provider: CryptoProvider,
    *,
    known: Sequence[Certificate] = (),
    policy: Policy = Policy.RECEIVE,
) -> Certificate:
    """The certificate of a token's signer, after all checks that need no trust.

    (0) The imprint is the digest of `imprinted`, made with a hash that is strong enough. (1) The signer names its
    certificate by hash, and the certificate is in the token or in `known`. (2) The signature verifies. (3) The
    certificate is for timestamps only, and has the name that the token gives for the service.

    Raises TimestampMismatch, SignatureMismatch, AlgorithmForbidden, PathError, VerificationError or MalformedMessage.
    """
    # (0) The imprint.
    imprint = token.info.imprint
    check_hash(imprint.hash_name, policy, role="messageImprint")
    actual_imprint = MessageImprint(hash_name=imprint.hash_name, digest=await imprinted.digest(imprint.hash_name))
    if not actual_imprint.matches(imprint):
        raise TimestampMismatch("this is a timestamp of something else")
    # (1) The signer's certificate (RFC 3161 section 2.4.2, RFC 5816 section 2.2.1).
    if not parse_signing_certificate(token.signer.attributes):
        raise MalformedMessage("the signer names no certificate by its hash", where="TimeStampToken")
    certificate = _find_signer(token, (*token.signed_data.certificates, *known))
    # (2) The signature.
    await verify_signer(
        token.signer, OctetsContent(token.info_der, provider), provider, certificate, ID_CT_TST_INFO, policy
    )
    # (3) The use and the name of the certificate.
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


async def _follow_path(
    certificate: Certificate, token: TimestampToken, rules: PathRules, provider: CryptoProvider, budget: PathBudget
) -> PathTrail:
    # Returns the path at the token's time. Signatures with old algorithms do not count in this path, even under
    # ARCHIVE.
    store, time = rules.trust_store.looking_back_from(rules.at), token.info.gen_time
    then = PathRules(store, min(time, rules.at), known=(*token.signed_data.certificates, *rules.known))
    path = await validate_path(certificate, Purpose.TIMESTAMP, then, provider, budget=budget)
    # At `rules.at`, an unknown revocation status does not invalidate the timestamp. A revocation does, unless it is
    # harmless.
    since = dataclasses.replace(then, trust_store=store.softened(), at=rules.at)
    try:
        await validate_path(certificate, Purpose.TIMESTAMP, since, provider, budget=budget)
    except CertificateRevoked as error:
        if not _was_harmless(error, token.info.latest):
            raise
    return path.trail


def _was_harmless(error: CertificateRevoked, time: datetime.datetime) -> bool:
    trail = trail_of(error)
    statuses = trail.revocation if trail else ()
    revoked = [status for status in statuses if status.state is RevocationState.REVOKED]
    return bool(revoked) and all(
        status.revoked_at is not None and status.revoked_at > time and status.reason in _HARMLESS_REASONS
        for status in revoked
    )


def _find_signer(token: TimestampToken, certificates: Sequence[Certificate]) -> Certificate:
    matches = find_signer_certificates(token.signer, certificates)[:1]
    # If the hash matches no certificate, the certificate that sid names is used. The verification with this certificate
    # then fails with the right error.
    certificate = next(iter(matches), None) or find_certificate(token.signer.sid, certificates)
    if certificate is None:
        raise VerificationError("the certificate of the timestamp service is not here")
    return certificate


def _is_named(certificate: Certificate, name: GeneralName) -> bool:
    # RFC 3161 section 2.4.2: `tsa` must be one of the certificate's subject names. Only directory names and mail
    # addresses are compared.
    if name.directory_name_der is not None:
        return names_match(name.directory_name_der, certificate.subject_der)
    return name.address is None or any(
        addresses_match(name.address, address) for address in certificate.email_addresses
    )
