"""What authorities say about certificates, asked for the pages: handed out unchecked, kept for everybody alike.

Revocation is asked about only for certificates that chain to the operator's own anchors, at the addresses in them.
Issuers are fetched for any certificate, at public addresses only. Nothing is logged, and nothing that goes out names a
user.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from smime_core.certificate import Certificate, parse_certificate
from smime_core.lookups.answers import REVOCATION_KINDS, AnswerSource
from smime_core.lookups.cache import AnswerCache
from smime_core.lookups.fetch import FetchPolicy
from smime_core.lookups.paths import IssuerAnswers, PathAnswers, look_up_issuers, look_up_paths
from smime_core.pkix import LookupKind, TrustAnchor, TrustSource, TrustStore
from smime_core.provider import CryptoProvider
from smime_core.providers.native import NativeProvider
from smime_core.roots import mozilla_anchors
from webbridge.config import BridgeConfig
from webbridge.errors import ApiError
from webbridge.trust_list_file import TrustListFile

Result = TypeVar("Result")

MAX_RUNNING = 8
"""Requests at the same time, in one process: each may wait for slow servers and hold several lists."""
RETRY_SECONDS = 5


class Authorities:
    """The servers of those who issue certificates, behind one cache."""

    def __init__(self, config: BridgeConfig, anchors_der: Sequence[bytes], trust_list: TrustListFile) -> None:
        self._cache = AnswerCache(config.pki_cache)
        self._clock: Callable[[], datetime] = config.clock
        self._policy = FetchPolicy(
            allowed_hosts=frozenset(config.pki_allowed_hosts), allowed_networks=config.pki_allowed_networks
        )
        self._may_fetch = config.pki_fetch
        self._has_mozilla_roots = config.mozilla_roots
        self._anchors = tuple(
            TrustAnchor(certificate=parse_certificate(anchor), source=TrustSource.OPERATOR) for anchor in anchors_der
        )
        self._trust_list = trust_list
        self._provider: CryptoProvider = NativeProvider()
        self._running = threading.BoundedSemaphore(MAX_RUNNING)

    def ask_about(self, paths: Sequence[Sequence[Certificate]]) -> tuple[PathAnswers, ...]:
        """What bears on the revocation of these paths. Raises ApiError 429 while too many requests run."""
        return self._run(
            lambda: look_up_paths(
                paths,
                trust_store=self._trust_store(),
                at=self._clock(),
                source=self._source(REVOCATION_KINDS),
                provider=self._provider,
            )
        )

    def find_issuers(self, certificates: Sequence[Certificate]) -> tuple[IssuerAnswers, ...]:
        """Certificates that have signed these. Raises ApiError 429 while too many requests run."""
        source = self._source(frozenset({LookupKind.ISSUER}))
        return self._run(lambda: look_up_issuers(certificates, source=source, provider=self._provider))

    def close(self) -> None:
        """Close the cache."""
        self._cache.close()

    def _run(self, look_up: Callable[[], Result]) -> Result:
        if not self._running.acquire(blocking=False):
            text = "Too many people ask about certificates at the moment."
            raise ApiError(429, "try-later", text, retry_after_seconds=RETRY_SECONDS)
        try:
            return look_up()
        finally:
            self._running.release()

    def _trust_store(self) -> TrustStore:
        mozilla = mozilla_anchors() if self._has_mozilla_roots else ()
        return TrustStore(anchors=(*self._anchors, *self._trust_list.anchors, *mozilla))

    def _source(self, kinds: frozenset[LookupKind]) -> AnswerSource:
        allowed = kinds if self._may_fetch else frozenset[LookupKind]()
        return AnswerSource(cache=self._cache, clock=self._clock, kinds=allowed, policy=self._policy)
