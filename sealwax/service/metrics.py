"""The metrics of a service for Prometheus. No label names a person, a folder or an address.

prometheus_client is imported at the first use. When imported, it reads PROMETHEUS_MULTIPROC_DIR to see whether several
processes share the values. The command sets that variable earlier. Without the variable, nothing is counted.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge, Histogram

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
MULTIPROCESS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
CountedKind = Literal["send", "login", "refusal", "notice", "parcel", "opening"]
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The metrics of one process."""

    requests: Histogram
    calls: Histogram
    connections: Gauge
    streams: Gauge
    events: dict[CountedKind, Counter]


@cache
def metrics() -> Metrics:
    """Return the metrics, which the first call makes.

    That call comes before there are threads, which could make them twice.
    """
    from prometheus_client import Counter, Gauge, Histogram

    return Metrics(
        requests=Histogram(
            "sealwax_request_seconds", "Requests by route", ["method", "route", "status"], buckets=_SECONDS
        ),
        calls=Histogram("sealwax_gateway_call_seconds", "Calls to mail servers", ["kind", "outcome"], buckets=_SECONDS),
        connections=Gauge("sealwax_imap_connections", "IMAP connections in use", multiprocess_mode="livesum"),
        streams=Gauge("sealwax_event_streams", "Open streams of events", multiprocess_mode="livesum"),
        events={
            "send": Counter("sealwax_sends", "Messages given to the submission server", ["outcome"]),
            "login": Counter("sealwax_logins", "Attempts to sign in", ["outcome"]),
            "refusal": Counter("sealwax_refusals", "Requests refused because they came too soon", ["route"]),
            "notice": Counter("sealwax_notices", "Tries to send notices by mail", ["outcome"]),
            "parcel": Counter("sealwax_parcels", "Requests of senders about parcels", ["outcome"]),
            "opening": Counter("sealwax_parcel_openings", "Proofs of recipients of parcels", ["outcome"]),
        },
    )


def are_counted() -> bool:
    """Whether the metrics of this process are counted."""
    return MULTIPROCESS_FOLDER in os.environ


def count_request(method: str, route: str, status: str, seconds: float) -> None:
    """Count one request."""
    if are_counted():
        metrics().requests.labels(method, route, status).observe(seconds)


def count_call(kind: str, outcome: str, seconds: float) -> None:
    """Count one call to a mail server. `kind` is a name from the code, `outcome` is "ok" or an error code."""
    if are_counted():
        metrics().calls.labels(kind, outcome).observe(seconds)


def count_event(kind: CountedKind, label: str) -> None:
    """Count one event of a kind. `label` is its outcome, or the route of a refusal."""
    if are_counted():
        metrics().events[kind].labels(label).inc()


def add_connections(change: int) -> None:
    """Count IMAP connections that come into use. A negative number counts those that are no longer in use."""
    if are_counted():
        metrics().connections.inc(change)


def add_streams(change: int) -> None:
    """Count event streams that open. A negative number counts streams that close."""
    if are_counted():
        metrics().streams.inc(change)


def render() -> tuple[bytes, str]:
    """Return the metrics of all processes of this service, and their media type."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess

    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST
