"""The client of the CA's signing service (`sealwax ca certify`), at a Unix socket of this machine.

The bridge never has the CA's key. The service does not trust the bridge. It limits which certificates the bridge may
get.
"""

from __future__ import annotations

import binascii
import json
import logging
from base64 import b64decode, b64encode
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from sealwax.http_client import HttpCall, HttpClient, LocalSocket, NoAnswer
from sealwax.service import Gate, TryLater
from webbridge.delivery.fixed_error import FixedError

WAIT_SECONDS: Final = 20.0
MAX_AT_ONCE: Final = 4
_RETRY_SECONDS: Final = 60
_MAX_ANSWER_BYTES: Final = 256 * 1024
_MAX_CERTIFICATES: Final = 5
_PATH: Final = "/certificates"
_log = logging.getLogger(__name__)


class CertifierUnavailable(
    FixedError,
    status=503,
    code="authority-unavailable",
    text="No certificate can be made at the moment. Try again later.",
    retry_seconds=_RETRY_SECONDS,
):
    """The signing service does not answer. The recipient's code still counts, so they can try again."""


class NotCertified(
    FixedError,
    status=422,
    code="not-certified",
    text="The authority makes no certificate for this address. Ask the administrator of the service.",
):
    """The CA does not certify this address or key."""


class Certifier:
    """The signing service behind one socket."""

    def __init__(self, path: Path) -> None:
        self._place = LocalSocket(path=path)
        self._gate = Gate(MAX_AT_ONCE, refusal="Too many keys are being certified.", retry_seconds=_RETRY_SECONDS)

    def certify(self, address: str, request_der: bytes) -> tuple[bytes, ...]:
        """Return the certificate for a request (DER), and the certificates of the CAs above it.

        A repeated request returns the same certificate. Raises CertifierUnavailable, NotCertified or TryLater.
        """
        order = {"address": address, "request": b64encode(request_der).decode("ascii")}
        with self._gate.one():
            status, retry_seconds, members = self._ask(json.dumps(order).encode())
        if status == HTTPStatus.OK:
            return _certificates_in(members)
        code = members.get("code")
        _log.warning("the signing service refused a request: %s", code)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise TryLater("The authority makes no more certificates at the moment. Try again later.", retry_seconds)
        if status in (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT):
            raise NotCertified
        raise CertifierUnavailable

    def check(self) -> None:
        """Check that the service listens. Raises CertifierUnavailable."""
        try:
            with HttpClient(self._place) as client:
                client.connect(WAIT_SECONDS)
        except NoAnswer:
            raise CertifierUnavailable from None

    def _ask(self, body: bytes) -> tuple[int, int, dict[str, Any]]:
        """Return the status of an answer, the value of Retry-After, and the members."""
        call = HttpCall(method="POST", path=_PATH, headers={"Content-Type": "application/json"}, body=body)
        try:
            with HttpClient(self._place) as client:
                answer = client.exchange(call, seconds=WAIT_SECONDS, max_bytes=_MAX_ANSWER_BYTES)
            members = json.loads(answer.body)
        except (NoAnswer, ValueError, RecursionError) as error:
            _log.warning("the signing service does not answer: %s", type(error).__name__)
            raise CertifierUnavailable from None
        if not isinstance(members, dict):
            raise CertifierUnavailable
        return answer.status, answer.retry_after_seconds or _RETRY_SECONDS, members


def _certificates_in(members: dict[str, Any]) -> tuple[bytes, ...]:
    encoded = members.get("certificates")
    if not isinstance(encoded, list) or not 1 <= len(encoded) <= _MAX_CERTIFICATES:
        raise CertifierUnavailable
    try:
        return tuple(b64decode(certificate, validate=True) for certificate in encoded)
    except (TypeError, ValueError, binascii.Error):
        raise CertifierUnavailable from None
