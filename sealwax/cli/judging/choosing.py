"""Choose a recipient's certificate, with look-ups of revocation and of missing intermediates."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from sealwax.cli.judging.looking_up import hint_at, look_up
from sealwax.cli.options.trust import TrustOptions
from sealwax.cli.provider import PROVIDER
from smime_core import blocking
from smime_core.pkix import PathTrail, TrustStore
from smime_core.trust import (
    NO_CONTACTS,
    CertificateSource,
    Contacts,
    FoundCertificate,
    Judging,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateJudge:
    """Judges candidate certificates for a recipient, with a trust store and the look-ups that the options allow."""

    store: TrustStore
    trust: TrustOptions
    at: datetime.datetime
    contacts: Contacts = NO_CONTACTS

    def choose(self, address: str, found: Sequence[FoundCertificate]) -> tuple[RecipientChoice, str]:
        """The choice among all candidates for an address, and a hint.

        If no candidate is usable, the hint names options that could help. Otherwise the hint is empty.
        """

        def choose(store: TrustStore) -> RecipientChoice:
            return blocking.run(choose_recipient(address, found, self._judging(store), PROVIDER))

        return self._look_up(choose, lambda choice: choice.checks)

    def check(self, found: FoundCertificate) -> tuple[RecipientCheck, str]:
        """The check of one certificate that the user has named, for any address, and a hint as in `choose`."""

        def check(store: TrustStore) -> RecipientCheck:
            return blocking.run(check_recipient(found, None, self._judging(store), PROVIDER))

        return self._look_up(check, lambda checked: (checked,))

    def _judging(self, store: TrustStore) -> Judging:
        return Judging(trust_store=store, at=self.at, contacts=self.contacts)

    def _look_up(
        self, examine: Callable[[TrustStore], Result], checks_of: Callable[[Result], Iterable[RecipientCheck]]
    ) -> tuple[Result, str]:
        def trails_of(result: Result) -> list[PathTrail]:
            return [check.trail for check in checks_of(result) if check.trail is not None]

        first = examine(self.store)
        if not any(trail.lookups for trail in trails_of(first)):
            return first, ""
        looked_up = look_up(first, examine, self.store, self.trust, trails_of)
        is_settled = any(check.is_usable for check in checks_of(looked_up.result))
        return looked_up.result, "" if is_settled else hint_at(looked_up.open_lookups, self.trust)


def source_text(found: FoundCertificate) -> str:
    """The place where a certificate was found, in words: "LDAP (ldap.example.org)"."""
    word = _SOURCES[found.source]
    return f"{word} ({found.detail})" if found.detail else word
