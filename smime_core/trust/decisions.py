"""The user's own decisions. Each accepts one certificate or one untrusted authority for given addresses.

Decisions are meant for another organisation's PKI without cross-certificates. Only the user makes a decision, and can
remove it. The decision has a time, and the addresses for which it counts. A decision is refused if an anchor vouches
for the certificate already, if the certificate has expired or was revoked, or if the certificate is not for mail. A
decision must not hide these facts. `decisions_json` stores decisions.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from smime_core.errors import CertificateRevoked, DecisionRefused, PathError, SmimeError, UntrustedAnchor
from smime_core.limits import MAX_DECISION_ADDRESSES, MAX_DECISIONS, check_limit
from smime_core.pkix import (
    CertificateUse,
    PathRules,
    Purpose,
    RevocationPolicy,
    TrustAnchor,
    TrustSource,
    TrustStore,
    check_end_entity,
    trail_of,
    validate_path,
)
from smime_core.provider import CryptoProvider
from smime_core.text.mail_address import condition_key, is_covered
from smime_core.x509.certificate import (
    ANY_EXTENDED_KEY_USAGE,
    EMAIL_PROTECTION,
    Certificate,
    KeyUsage,
)

_AUTHORITY_USE: Final = CertificateUse(
    name="issuing certificates",
    extended_key_usages=frozenset({EMAIL_PROTECTION, ANY_EXTENDED_KEY_USAGE}),
    key_usages=KeyUsage.KEY_CERT_SIGN,
)


class DecisionKind(StrEnum):
    """The kind of certificate that a decision is about."""

    EXACT = "exact"
    """A person's certificate, and no other."""
    AUTHORITY = "authority"
    """An authority's certificate, and the certificates that it issues for the addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One certificate that the user accepted. `addresses` are as in `TrustAnchor`, at least one."""

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
            # A private authority often has no revocation service, so an unknown status is accepted. A certificate that
            # is known to be revoked still fails.
            revocation=RevocationPolicy.IF_KNOWN,
        )


async def make_decision(
    certificate: Certificate,
    provider: CryptoProvider,
    *,
    kind: DecisionKind,
    addresses: Sequence[str],
    at: datetime.datetime,
    trust_store: TrustStore,
    intermediates: Sequence[Certificate] = (),
) -> Decision:
    """Returns the decision to accept a certificate. Raises DecisionRefused if a condition is not met.

    (1) There is at least one address. (2) The certificate is of the kind `kind`, for mail, and valid. (3) A person's
    certificate has the addresses. (4) No anchor of the store vouches for the certificate, apart from an earlier
    decision on the same certificate.
    """
    # (1) The addresses.
    conditions = _check_conditions(addresses)
    # (2) The certificate by itself.
    _check_certificate(certificate, kind, at)
    # (3) The addresses in the certificate.
    if kind is DecisionKind.EXACT:
        _check_own_addresses(certificate, conditions)
    # (4) The anchors.
    others = tuple(anchor for anchor in trust_store.anchors if not _is_same_decision(anchor, certificate))
    rules = PathRules(replace(trust_store, anchors=others), at, known=intermediates)
    await _check_stranger(certificate, kind, rules, provider)
    return Decision(certificate=certificate, kind=kind, addresses=conditions, accepted_at=at.replace(microsecond=0))


def add_decision(decisions: Sequence[Decision], decision: Decision) -> tuple[Decision, ...]:
    """The decisions with one more, which replaces an earlier one on the same certificate. Raises LimitExceeded."""
    others = tuple(other for other in decisions if other.certificate != decision.certificate)
    check_limit("decisions", len(others) + 1, MAX_DECISIONS)
    return (*others, decision)


def find_decision(decisions: Sequence[Decision], fingerprint: str) -> Decision:
    """The decision on the certificate whose SHA-256 fingerprint begins with `fingerprint`, with or without colons.

    Raises DecisionRefused if there is no such decision or more than one.
    """
    prefix = re.sub(r"[:\s]", "", fingerprint).lower()
    matches = [decision for decision in decisions if prefix and decision.certificate.fingerprint.startswith(prefix)]
    if len(matches) != 1:
        text = "several decisions begin so" if matches else "there is no such decision"
        raise DecisionRefused(f"{text}: {fingerprint}", why="no-such")
    return matches[0]


def decision_anchors(decisions: Sequence[Decision]) -> tuple[TrustAnchor, ...]:
    """The decisions as trust anchors."""
    return tuple(decision.anchor for decision in decisions)


def _check_conditions(addresses: Sequence[str]) -> tuple[str, ...]:
    if not addresses:
        raise DecisionRefused(
            "say for which address it is accepted, or for which domain, as @partner.example", why="no-address"
        )
    conditions: dict[tuple[str, str], str] = {}
    for condition in map(str.strip, addresses):
        key = condition_key(condition)
        if key is None:
            raise DecisionRefused(
                f"{condition} is neither an address nor a domain, as @partner.example", why="bad-address"
            )
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
    # The uses that the certificate permits: some certificates of people are for signing only, others for receiving.
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
    # An authority that the user has imported has the source USER too, but counts for all addresses.
    return anchor.source is TrustSource.USER and bool(anchor.addresses) and anchor.certificate == certificate


async def _check_stranger(
    certificate: Certificate, kind: DecisionKind, rules: PathRules, provider: CryptoProvider
) -> None:
    for use in _uses(certificate, kind):
        try:
            path = await validate_path(certificate, use, rules, provider)
        except UntrustedAnchor as error:
            # The path leads to an anchor whose conditions exclude the certificate. The user's decision must not
            # override these conditions.
            if (trail := trail_of(error)) is not None and trail.anchor is not None:
                raise DecisionRefused(f"this was decided otherwise: {error}", why="decided-otherwise") from error
        except SmimeError as error:
            # The path leads to an anchor but is not valid, for example because a certificate was revoked or has
            # expired. A decision must not hide that.
            why = "revoked" if isinstance(error, CertificateRevoked) else "does-not-hold"
            raise DecisionRefused(f"it cannot be accepted: {error}", why=why) from error
        else:
            top = path.certificates[-1].common_name
            raise DecisionRefused(f"it need not be accepted: {top}, which you trust, vouches for it", why="not-needed")
