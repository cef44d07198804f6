"""The errors of mail servers as answers of the API."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Response

from sealwax.service import error_response
from webbridge.gateway import GatewayCode, GatewayError, failure_of
from webbridge.gateway.door import Busy
from webbridge.gateway.smtp_refusals import RecipientsRefused

BUSY_RETRY_SECONDS = 60

_STATUS = {
    GatewayCode.UNREACHABLE: 502,
    GatewayCode.SERVER_REFUSED: 502,
    GatewayCode.MISCONFIGURED: 502,
    GatewayCode.UNREADABLE: 502,
    GatewayCode.BUSY: 503,
    GatewayCode.LOGIN_REFUSED: 401,
    GatewayCode.MESSAGE_REFUSED: 422,
    GatewayCode.MESSAGE_TOO_LARGE: 413,
    GatewayCode.NO_SUCH_FOLDER: 404,
    GatewayCode.NO_SUCH_MESSAGE: 404,
    GatewayCode.FOLDER_CHANGED: 409,
    GatewayCode.MAILBOX_FULL: 507,
    GatewayCode.FOLDER_READ_ONLY: 403,
    GatewayCode.NOT_OFFERED: 422,
    GatewayCode.FOLDER_EXISTS: 409,
    GatewayCode.FOLDER_NOT_EMPTY: 409,
    GatewayCode.IN_TRASH: 409,
    GatewayCode.NOT_IN_TRASH: 409,
    GatewayCode.BAD_ARGUMENT: 400,
}


def install_gateway_errors(app: Flask) -> None:
    """Answer errors of mail servers with their own codes and texts."""
    app.register_error_handler(GatewayError, _gateway_error)


def gateway_response(
    code: GatewayCode, message: str, members: Mapping[str, object], retry_seconds: int | None = None
) -> Response:
    """Return the answer for an error of a mail server. `retry_seconds` is the wait that the server asks for, if any."""
    retry = (retry_seconds or BUSY_RETRY_SECONDS) if code is GatewayCode.BUSY else None
    return error_response(_STATUS[code], code.value, message, retry, members)


def members_of(error: GatewayError) -> dict[str, object]:
    """Return the members of an error's answer besides its code and message."""
    failure = failure_of(error.code)
    members: dict[str, object] = {} if failure is None else {"failure": failure.value}
    if isinstance(error, RecipientsRefused):
        members["refused"] = [
            {"address": refusal.address, "temporary": refusal.is_temporary, "text": refusal.text}
            for refusal in error.refusals
        ]
    return members


def _gateway_error(error: GatewayError) -> Response:
    retry_seconds = error.retry_seconds if isinstance(error, Busy) else None
    return gateway_response(error.code, error.message, members_of(error), retry_seconds)
