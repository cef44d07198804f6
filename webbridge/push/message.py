"""One message to one push service (RFC 8030 section 5). The message is empty, so nothing is encrypted."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Final

from sealwax.lookups.fetch import FetchPolicy, FetchRequest, LookupFailed, fetch_answer
from webbridge.push.endpoints import EndpointRefused, read_endpoint
from webbridge.push.settings import PushConfig
from webbridge.push.vapid import authorization

TOPIC: Final = "new-mail"
"""A push service keeps only the last message of a topic for a browser that is away (RFC 8030 section 5.4)."""
MAX_WAIT_SECONDS: Final = 24 * 60 * 60
_TIMEOUT_SECONDS: Final = 10.0
_MAX_BODY_BYTES: Final = 16 * 1024
_TAKEN: Final = frozenset({200, 201, 202, 204})
_GONE: Final = frozenset({404, 410})  # RFC 8030 section 7.3
_LATER: Final = frozenset({429, 503})  # RFC 8030 section 8.4, RFC 9110 section 15.6.4
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_log = logging.getLogger("sealwax.push")


class Outcome(Enum):
    """The outcome of a message."""

    TAKEN = "taken"
    GONE = "gone"
    """The subscription has ended, or may not be used. It is unusable from now on."""
    LATER = "later"
    """The service asks for a pause."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The outcome of a message. For `wait_seconds`, no other message may go to this subscription."""

    outcome: Outcome
    wait_seconds: float = 0.0


def send_message(url: str, config: PushConfig, *, ttl_seconds: int, at: datetime) -> Sent:
    """Send one message to a subscription. The log has the origin and the status of a failure, never the whole URL."""
    try:
        endpoint = read_endpoint(url, config.hosts)
    except EndpointRefused:
        return Sent(outcome=Outcome.GONE)
    token = authorization(config.key, audience=endpoint.origin, contact=config.contact, at=at)
    request = FetchRequest(
        url=endpoint.url,
        method="POST",
        headers=(
            ("Authorization", token),
            ("TTL", str(ttl_seconds)),
            ("Topic", TOPIC),
            ("Urgency", "normal"),
        ),
        taken=_TAKEN,
    )
    try:
        fetch_answer(request, _policy(config))
    except LookupFailed as failure:
        _log.info(
            "a push service took no message",
            extra={"service": endpoint.origin, "failure": str(failure.failure), "status": failure.status},
        )
        return _outcome_of(failure, at)
    return Sent(outcome=Outcome.TAKEN)


def _policy(config: PushConfig) -> FetchPolicy:
    # A host that the operator names exactly may have an address inside the operator's network.
    exact = frozenset(host for host in config.hosts if not host.startswith("*."))
    return FetchPolicy(
        allowed_hosts=exact, timeout_seconds=_TIMEOUT_SECONDS, max_body_bytes=_MAX_BODY_BYTES, ca_file=config.ca_file
    )


def _outcome_of(failure: LookupFailed, at: datetime) -> Sent:
    if failure.status in _GONE:
        return Sent(outcome=Outcome.GONE)
    wait_seconds = _retry_after(failure.fields, at)
    if failure.status in _LATER and wait_seconds:
        return Sent(outcome=Outcome.LATER, wait_seconds=wait_seconds)
    return Sent(outcome=Outcome.FAILED, wait_seconds=wait_seconds)


def _retry_after(fields: Iterable[tuple[str, str]], at: datetime) -> float:
    """Return the seconds in Retry-After, whose value is a number or a date (RFC 9110 section 10.2.3)."""
    text = next((value.strip() for name, value in fields if name.lower() == "retry-after"), "")
    if _SECONDS.fullmatch(text):
        return min(float(text), MAX_WAIT_SECONDS)
    try:
        seconds = (parsedate_to_datetime(text) - at).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), MAX_WAIT_SECONDS)
