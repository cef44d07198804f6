"""The user's own decisions: one certificate, or one authority that nobody vouches for, accepted for given addresses.

For an unrelated PKI that nobody cross-certified. A decision is made by hand, names the addresses that it counts for and
when it was made, and can be removed. It is refused where it would hide something: for a certificate that an anchor
vouches for already, that has expired or been revoked, or that is not for mail. Pure; `decisions_json` keeps them.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core.certificate import (
    ANY_EXTENDED_KEY_USAGE,
    EMAIL_PROTECTION,
    Certificate,
    KeyUsage,
)
from smime_core.errors import CertificateRevoked, DecisionRefused, PathError, SmimeError, UntrustedAnchor
from smime_core.limits import MAX_DECISION_ADDRESSES, MAX_DECISIONS, check_limit
from smime_core.mail_address import condition_key, is_covered
from smime_core.pkix import (
    CertificateUse,
    Purpose,
    RevocationPolicy,
    TrustAnchor,
    TrustSource,
    TrustStore,
    check_end_entity,
    validate_path,
)
from smime_core.provider import CryptoProvider

_AUTHORITY_USE: Final = CertificateUse(
    name="issuing certificates",
    extended_key_usages=frozenset({EMAIL_PROTECTION, ANY_EXTENDED_KEY_USAGE}),
    key_usages=KeyUsage.KEY_CERT_SIGN,
)


class DecisionKind(StrEnum):
    """What was accepted."""

    EXACT = "exact"
    """This very certificate, a person's."""
    AUTHORITY = "authority"
    """This authority and what it issues for the addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One certificate that the user accepted; `addresses` as in `TrustAnchor`, at least one."""

    certificate: Certificate
    kind: DecisionKind
    addresses: tuple[str, ...]
    accepted_at: datetime.datetime

    @property
    def anchor(self) -> TrustAnchor:
        """The decision as a trust anchor."""
        return TrustAnchor(
            certificate=self.certificate,
            source=TrustSource.USER,
            addresses=self.addresses,
            is_exact=self.kind is DecisionKind.EXACT,
            accepted_at=self.accepted_at,
            # An authority that nobody else knows often has no service to ask; what is known to be revoked still fails.
            revocation=RevocationPolicy.IF_KNOWN,
        )


async def make_decision(
    certificate: Certificate,
    *,
    kind: DecisionKind,
    addresses: Sequence[str],
    at: datetime.datetime,
    trust_store: TrustStore,
    provider: CryptoProvider,
    intermediates: Sequence[Certificate] = (),
) -> Decision:
    """The decision to accept a certificate, when it is one that can be made.

    (1) what it counts for is said; (2) the certificate is of the kind, for mail, and valid; (3) a person's names the
    addresses; (4) no anchor of the store, apart from an earlier decision on the same certificate, leads to it.
    Raises DecisionRefused.
    """
    # (1)
    conditions = _check_conditions(addresses)
    # (2)
    _check_certificate(certificate, kind, at)
    # (3)
    if kind is DecisionKind.EXACT:
        _check_own_addresses(certificate, conditions)
    # (4)
    others = tuple(anchor for anchor in trust_store.anchors if not _is_same_decision(anchor, certificate))
    store = dataclasses.replace(trust_store, anchors=others)
    await _check_stranger(certificate, kind, at=at, trust_store=store, provider=provider, intermediates=intermediates)
    return Decision(certificate=certificate, kind=kind, addresses=conditions, accepted_at=at.replace(microsecond=0))


def add_decision(decisions: Sequence[Decision], decision: Decision) -> tuple[Decision, ...]:
    """The decisions with one more, in the place of an earlier one on the same certificate. Raises LimitExceeded."""
    kept = tuple(one for one in decisions if one.certificate != decision.certificate)
    check_limit("decisions", len(kept) + 1, MAX_DECISIONS)
    return (*kept, decision)


def find_decision(decisions: Sequence[Decision], fingerprint: str) -> Decision:
    """The decision on the certificate of this SHA-256 fingerprint, or its beginning, with or without colons.

    Raises DecisionRefused where there is none, or more than one begins so.
    """
    wanted = re.sub(r"[:\s]", "", fingerprint).lower()
    found = [one for one in decisions if wanted and one.certificate.fingerprint.startswith(wanted)]
    if len(found) != 1:
        text = "several decisions begin so" if found else "there is no such decision"
        raise DecisionRefused(f"{text}: {fingerprint}", why="no-such")
    return found[0]


def decision_anchors(decisions: Sequence[Decision]) -> tuple[TrustAnchor, ...]:
    """The decisions as trust anchors."""
    return tuple(decision.anchor for decision in decisions)


def _check_conditions(addresses: Sequence[str]) -> tuple[str, ...]:
    if not addresses:
        text = "say for which address it is accepted, or for which domain, as @partner.example"
        raise DecisionRefused(text, why="no-address")
    conditions: dict[tuple[str, str], str] = {}
    for condition in map(str.strip, addresses):
        key = condition_key(condition)
        if key is None:
            text = f"{condition} is neither an address nor a domain, as @partner.example"
            raise DecisionRefused(text, why="bad-address")
        conditions[key] = condition
    check_limit("addresses of one decision", len(conditions), MAX_DECISION_ADDRESSES)
    return tuple(conditions.values())


def _check_certificate(certificate: Certificate, kind: DecisionKind, at: datetime.datetime) -> None:
    whose = f"the certificate of {certificate.common_name}"
    if kind is DecisionKind.AUTHORITY and not certificate.is_ca:
        raise DecisionRefused(f"{whose} is no authority's: accept it by itself", why="no-authority")
    if kind is DecisionKind.EXACT and certificate.is_ca:
        raise DecisionRefused(f"{whose} is an authority's: accept it as one", why="is-authority")
    if at > certificate.not_after:
        raise DecisionRefused(f"{whose} expired on {certificate.not_after:%Y-%m-%d}", why="expired")
    if at < certificate.not_before:
        raise DecisionRefused(f"{whose} is not valid before {certificate.not_before:%Y-%m-%d}", why="not-yet-valid")
    if not _uses(certificate, kind):
        raise DecisionRefused(f"{whose} is not for mail", why="not-for-mail")


def _uses(certificate: Certificate, kind: DecisionKind) -> tuple[Purpose | CertificateUse, ...]:
    # What of the kind's uses the certificate is for: some people's sign only, others' receive only.
    possible = (_AUTHORITY_USE,) if kind is DecisionKind.AUTHORITY else (Purpose.SIGN, Purpose.ENCRYPT)
    return tuple(use for use in possible if _is_for(certificate, use))


def _is_for(certificate: Certificate, use: Purpose | CertificateUse) -> bool:
    try:
        check_end_entity(certificate, use)
    except PathError:
        return False
    return True


def _check_own_addresses(certificate: Certificate, conditions: Sequence[str]) -> None:
    own = certificate.email_addresses
    for condition in conditions:
        if not any(is_covered(address, (condition,)) for address in own):
            named = f"it names {', '.join(own)}" if own else "it names none"
            raise DecisionRefused(f"the certificate is not for {condition}: {named}", why="other-address")


def _is_same_decision(anchor: TrustAnchor, certificate: Certificate) -> bool:
    # An authority that the user has imported is theirs too, and counts for everybody.
    return anchor.source is TrustSource.USER and bool(anchor.addresses) and anchor.certificate == certificate


async def _check_stranger(
    certificate: Certificate,
    kind: DecisionKind,
    *,
    at: datetime.datetime,
    trust_store: TrustStore,
    provider: CryptoProvider,
    intermediates: Sequence[Certificate],
) -> None:
    for use in _uses(certificate, kind):
        try:
            path = await validate_path(
                certificate,
                intermediates=intermediates,
                trust_store=trust_store,
                at=at,
                purpose=use,
                provider=provider,
            )
        except UntrustedAnchor as error:
            # A path that reaches an anchor and is not covered by it is somebody's decision, too.
            if error.trail is not None and error.trail.anchor is not None:
                raise DecisionRefused(f"this was decided otherwise: {error}", why="decided-otherwise") from error
        except SmimeError as error:
            # It leads to an anchor and does not hold: revoked, expired above, not permitted. No decision hides that.
            why = "revoked" if isinstance(error, CertificateRevoked) else "does-not-hold"
            raise DecisionRefused(f"it cannot be accepted: {error}", why=why) from error
        else:
            top = path.certificates[-1].common_name
            raise DecisionRefused(f"it need not be accepted: {top}, which you trust, vouches for it", why="not-needed")
