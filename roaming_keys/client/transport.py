"""HTTP requests to a key server, for native programs. In browsers, the pages and the extension use fetch()."""

from __future__ import annotations

import ssl
from typing import Final

from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.key_account import normalise_origin
from roaming_keys.protocol.messages.accounts import MAX_ANSWER_BYTES, Refusal, Registration
from roaming_keys.protocol.messages.resets import ResetAnswer, ResetRequest
from roaming_keys.protocol.session import Transport
from roaming_keys.protocol.steps import KeyServerError, known_refusal
from sealwax.http_client import HttpAnswer, HttpCall, HttpClient, NoAnswer, ServiceAddress
from smime_core.errors import SmimeError

TOTAL_SECONDS = 90.0  # Enough for three megabytes at 300 kbit/s.
_NOT_MODIFIED: Final = 304
DONE: Final = range(200, 300)


class HttpTransport:
    """Sends the requests of a session to one server. Its methods block, although they are coroutines."""

    def __init__(self, server: str, tls: ssl.SSLContext | None = None) -> None:
        # normalise_origin allows only https, and http on loopback.
        self._place = ServiceAddress.of(normalise_origin(server))
        self._tls = tls

    async def send(self, call: Call, authorization: str | None = None) -> bytes:
        """Return the body of the answer; empty if nothing has changed (304). Raises KeyServerError."""
        headers = {"Authorization": authorization} if authorization else {}
        if call.condition:
            headers["If-None-Match" if call.method == "GET" else "If-Match"] = call.condition
        if call.body:
            headers["Content-Type"] = "application/json"
        prepared = HttpCall(method=call.method, path=call.path, headers=headers, body=call.body)
        try:
            with HttpClient(self._place, tls=self._tls, uses_proxy=True) as client:
                answer = client.exchange(prepared, seconds=TOTAL_SECONDS, max_bytes=MAX_ANSWER_BYTES)
        except NoAnswer as error:
            raise KeyServerError("key-server-unreachable", f"the key server does not answer: {error}") from error
        if answer.status in DONE or answer.status == _NOT_MODIFIED:
            return answer.body
        raise known_refusal(call, _refusal(answer))


async def register_account(transport: Transport, registration: Registration) -> None:
    """Send a registration to the key server. Raises KeyServerError."""
    await transport.send(Call(method="POST", path="/register", body=registration.to_json()))


async def start_reset(transport: Transport, user: str, ticket: str) -> ResetAnswer:
    """Start a reset of the account of `user`, or return the reset that was started before. Raises KeyServerError."""
    body = ResetRequest(user=user, ticket=ticket).to_json()
    return ResetAnswer.from_json(await transport.send(Call(method="POST", path="/reset", body=body)))


async def finish_reset(transport: Transport, registration: Registration) -> None:
    """Finish a reset: a new account replaces the account whose passphrase is forgotten. Raises KeyServerError."""
    await transport.send(Call(method="POST", path="/reset/finish", body=registration.to_json()))


def _refusal(answer: HttpAnswer) -> KeyServerError:
    try:
        refusal = Refusal.from_json(answer.body)
    except SmimeError:
        text = f"the key server answers with status {answer.status}"
        return KeyServerError("key-server-error", text, answer.retry_after_seconds)
    return KeyServerError(refusal.code, refusal.message, answer.retry_after_seconds, refusal.record)
