"""The answers of authorities about certificates, for the pages.

The answers are not checked, and are cached for all sessions. Authorities are asked about revocation only for
certificates that lead to the operator's own anchors, at the URLs in these certificates. Issuers' certificates are
fetched for any certificate, but only from public addresses, and each address is asked only a limited number of times.
Nothing is logged, and no request names a user.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime

from sealwax.lookups.answers import REVOCATION_KINDS, AnswerSource
from sealwax.lookups.cache import AnswerCache
from sealwax.lookups.fetch import FetchPolicy
from sealwax.lookups.paths import IssuerAnswers, PathAnswers, look_up_issuers, look_up_paths
from sealwax.lookups.public_addresses import Address
from sealwax.roots import mozilla_anchors
from sealwax.service import Gate
from smime_core.pkix import LookupKind, TrustAnchor, TrustSource, TrustStore
from smime_core.provider import CryptoProvider
from smime_core.providers.native import NativeProvider
from smime_core.x509 import Certificate, parse_certificate
from webbridge.certificates.trust_list_file import TrustListFile
from webbridge.config import BridgeConfig

MAX_RUNNING = 8
"""The concurrent requests in one process. Each may wait for slow servers and keep several CRLs in memory."""
RETRY_SECONDS = 5
_REFUSAL = "Too many people ask about certificates at the moment. Try again in a moment."


class Authorities:
    """The servers of certification authorities, and one cache of their answers."""

    def __init__(
        self,
        config: BridgeConfig,
        anchors_der: Sequence[bytes],
        trust_list: TrustListFile,
        *,
        may_ask_for_issuer: Callable[[Address], bool],
    ) -> None:
        self._cache = AnswerCache(config.pki_cache)
        self._clock: Callable[[], datetime] = config.clock
        self._policy = FetchPolicy(
            allowed_hosts=frozenset(config.pki_allowed_hosts), allowed_networks=config.pki_allowed_networks
        )
        self._issuer_policy = dataclasses.replace(self._policy, may_connect=may_ask_for_issuer)
        self._may_fetch = config.pki_fetch
        self._has_mozilla_roots = config.mozilla_roots
        self._anchors = tuple(
            TrustAnchor(certificate=parse_certificate(anchor), source=TrustSource.OPERATOR) for anchor in anchors_der
        )
        self._trust_list = trust_list
        self._provider: CryptoProvider = NativeProvider()
        self._running = Gate(MAX_RUNNING, refusal=_REFUSAL, retry_seconds=RETRY_SECONDS)

    def ask_about(self, paths: Sequence[Sequence[Certificate]]) -> tuple[PathAnswers, ...]:
        """Return the evidence about the revocation of these paths. Raises TryLater while too many requests run."""
        with self._running.one():
            return look_up_paths(
                paths,
                trust_store=self._trust_store(),
                at=self._clock(),
                source=self._source(REVOCATION_KINDS, self._policy),
                provider=self._provider,
            )

    def find_issuers(self, certificates: Sequence[Certificate]) -> tuple[IssuerAnswers, ...]:
        """Return the certificates of these certificates' issuers. Raises TryLater while too many requests run."""
        with self._running.one():
            return look_up_issuers(
                certificates,
                source=self._source(frozenset({LookupKind.ISSUER}), self._issuer_policy),
                provider=self._provider,
            )

    def close(self) -> None:
        """Close the cache."""
        self._cache.close()

    def _trust_store(self) -> TrustStore:
        mozilla = mozilla_anchors() if self._has_mozilla_roots else ()
        return TrustStore(anchors=(*self._anchors, *self._trust_list.anchors, *mozilla))

    def _source(self, kinds: frozenset[LookupKind], policy: FetchPolicy) -> AnswerSource:
        allowed = kinds if self._may_fetch else frozenset[LookupKind]()
        return AnswerSource(cache=self._cache, clock=self._clock, kinds=allowed, policy=policy)
