"""Choosing a recipient's certificate with what can be looked up about it: revocation, and missing intermediates."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from smime_core import blocking
from smime_core.cli.looking_up import hint_at, look_up
from smime_core.cli.operations import PROVIDER
from smime_core.cli.verdict_options import TrustOptions
from smime_core.contacts import CertificateSource, Contacts
from smime_core.pkix import PathTrail, TrustStore
from smime_core.recipient_choice import (
    FoundCertificate,
    RecipientCheck,
    RecipientChoice,
    check_recipient,
    choose_recipient,
)

Result = TypeVar("Result")

_SOURCES: Final = {
    CertificateSource.GIVEN: "file",
    CertificateSource.CONTACTS: "contacts",
    CertificateSource.HARVEST: "verified mail",
    CertificateSource.BRIDGE: "bridge",
    CertificateSource.LDAP: "LDAP",
    CertificateSource.SMIMEA: "DNS",
    CertificateSource.URL: "web",
}


def choose_certificate(
    address: str,
    found: Sequence[FoundCertificate],
    *,
    store: TrustStore,
    trust: TrustOptions,
    at: datetime.datetime,
    contacts: Contacts,
) -> tuple[RecipientChoice, str]:
    """All candidates for an address, judged by the store and by what the options let be looked up.

    The text says what other options would do where none may be used.
    """

    def choose(store: TrustStore) -> RecipientChoice:
        choice = choose_recipient(address, found, trust_store=store, at=at, provider=PROVIDER, contacts=contacts)
        return blocking.run(choice)

    return _look_up(choose, store, trust, lambda choice: choice.checks)


def check_certificate(
    found: FoundCertificate, *, store: TrustStore, trust: TrustOptions, at: datetime.datetime
) -> tuple[RecipientCheck, str]:
    """One certificate that was given, for whatever address, in the same way."""

    def check(store: TrustStore) -> RecipientCheck:
        return blocking.run(check_recipient(found, None, trust_store=store, at=at, provider=PROVIDER))

    return _look_up(check, store, trust, lambda checked: (checked,))


def place_of(found: FoundCertificate) -> str:
    """Where a certificate was found, in words: "LDAP (ldap.example.org)"."""
    word = _SOURCES[found.source]
    return f"{word} ({found.detail})" if found.detail else word


def _look_up(
    examine: Callable[[TrustStore], Result],
    store: TrustStore,
    trust: TrustOptions,
    checks_of: Callable[[Result], Iterable[RecipientCheck]],
) -> tuple[Result, str]:
    def trails_of(result: Result) -> list[PathTrail]:
        return [check.trail for check in checks_of(result) if check.trail is not None]

    first = examine(store)
    if not any(trail.lookups for trail in trails_of(first)):
        return first, ""
    looked_up = look_up(first, examine, store, trust, trails_of=trails_of)
    is_settled = any(check.is_usable for check in checks_of(looked_up.result))
    return looked_up.result, "" if is_settled else hint_at(looked_up.left, trust)
