"""The errors of mail servers as answers of the API."""

from __future__ import annotations

from flask import Flask, Response

from sealwax.service import error_response
from webbridge.gateway import GatewayCode, GatewayError, failure_of

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


def _gateway_error(error: GatewayError) -> Response:
    retry = BUSY_RETRY_SECONDS if error.code is GatewayCode.BUSY else None
    failure = failure_of(error.code)
    members = {} if failure is None else {"failure": failure.value}
    return error_response(_STATUS[error.code], error.code.value, error.message, retry, members)
