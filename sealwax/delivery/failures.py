"""The failures of an exchange with a delivery service, and the sentences for failures that people see."""

from __future__ import annotations

import http.client
from typing import Final

from smime_core.errors import SmimeError

_SENTENCES: Final = {
    "wrong-secret": "the words do not open this parcel: ask the sender for them again",
    "too-many-tries": "the words were wrong too often: ask the sender, who can give you five more tries",
    "expired": "the parcel has expired: ask the sender to send it again",
    "withdrawn": "the sender has withdrawn the parcel",
    "used-up": "the parcel was downloaded as often as its sender allows: ask the sender",
    "quota-exceeded": "the service has no room for this parcel: withdraw old ones, or ask its operator",
    "parcel-too-large": "the parcel is larger than the service takes",
    "id-used": "the service has another parcel under this id",
}

# The statuses that do not change within a minute.
_PASSING_STATUSES: Final = frozenset({http.client.REQUEST_TIMEOUT, http.client.TOO_MANY_REQUESTS})
_LASTING_STATUSES: Final = frozenset({http.client.NOT_IMPLEMENTED, http.client.INSUFFICIENT_STORAGE})


class DeliveryFailed(SmimeError):
    """The service refused a request, or cannot be reached.

    `code` is the code in the service's error, or a code of this package: `delivery-unreachable`, `delivery-error` for
    an error answer without a code of the service, `delivery-lies` for an answer that cannot be right. `status` is the
    HTTP status, 0 if no answer came. `is_passing` says whether the same request may succeed later, after
    `retry_after_seconds` if the service says so.
    """

    def __init__(
        self,
        code: str,
        text: str,
        *,
        status: int = 0,
        is_passing: bool = False,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(text)
        self.code = code  # type: ignore[misc]  # here the code comes from the service
        self.status = status
        self.is_passing = is_passing
        self.retry_after_seconds = retry_after_seconds


def unreachable(text: str) -> DeliveryFailed:
    """The failure of an exchange that brought no whole answer."""
    return DeliveryFailed("delivery-unreachable", text, is_passing=True)


def lie(text: str) -> DeliveryFailed:
    """The failure of an answer that no honest service gives."""
    return DeliveryFailed("delivery-lies", f"the service gives an answer that cannot be right: {text}")


def refusal(code: str, message: str, *, status: int, retry_after_seconds: int | None) -> DeliveryFailed:
    """The failure of a request that the service refused, with a sentence of this module if there is one."""
    text = _SENTENCES.get(code) or f"the service refuses: {message or code}"
    is_passing = (status in _PASSING_STATUSES or status >= 500) and status not in _LASTING_STATUSES
    is_passing = is_passing and code != "too-many-tries"
    return DeliveryFailed(code, text, status=status, is_passing=is_passing, retry_after_seconds=retry_after_seconds)
