"""Errors as JSON `{code, message}`, whatever raised them: our own, the gateway's, Flask's."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, jsonify
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from webbridge.gateway import GatewayCode, GatewayError

BUSY_RETRY_SECONDS = 60

_log = logging.getLogger(__name__)

_GATEWAY_STATUS = {
    GatewayCode.UNREACHABLE: 502,
    GatewayCode.SERVER_REFUSED: 502,
    GatewayCode.UNREADABLE: 502,
    GatewayCode.BUSY: 503,
    GatewayCode.LOGIN_REFUSED: 401,
    GatewayCode.MESSAGE_REFUSED: 422,
    GatewayCode.MESSAGE_TOO_LARGE: 413,
    GatewayCode.NO_SUCH_FOLDER: 404,
    GatewayCode.NO_SUCH_MESSAGE: 404,
    GatewayCode.BAD_ARGUMENT: 400,
}
_HTTP_CODES = {
    400: ("bad-request", "The request is not understood."),
    404: ("not-found", "There is nothing at this address."),
    405: ("method-not-allowed", "This address does not take this method."),
    413: ("message-too-large", "The request is larger than this server takes."),
    415: ("bad-request", "The request is not JSON."),
}


class ShallowJsonProvider(DefaultJSONProvider):
    """JSON that is nested deeper than Python reads is malformed, and no error of the server's."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Return what the text says. Raises ValueError."""
        try:
            return super().loads(s, **kwargs)
        except RecursionError:
            raise ValueError("nested too deep") from None


class ApiError(Exception):
    """A request that is refused, with its HTTP status and the code for programs."""

    def __init__(self, status: int, code: str, message: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_seconds = retry_after_seconds


def install_error_handlers(app: Flask) -> None:
    """Answer every error of this application in one form, JSON that nobody can read among them."""
    app.json = ShallowJsonProvider(app)
    app.register_error_handler(ApiError, _api_error)
    app.register_error_handler(GatewayError, _gateway_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(500, _server_error)


def error_response(status: int, code: str, message: str) -> Response:
    """Return the one form of an error."""
    response = jsonify(code=code, message=message)
    response.status_code = status
    return response


def _api_error(error: ApiError) -> Response:
    response = error_response(error.status, error.code, error.message)
    if error.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def _gateway_error(error: GatewayError) -> Response:
    response = error_response(_GATEWAY_STATUS[error.code], error.code.value, error.message)
    if error.code is GatewayCode.BUSY:
        response.headers["Retry-After"] = str(BUSY_RETRY_SECONDS)
    return response


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:  # a redirect is an exception to Flask and no error to anybody
        return Response(error.get_body(), status, error.get_headers())
    code, message = _HTTP_CODES.get(status, ("request-refused", "The request was refused."))
    response = error_response(status, code, message)
    if "Allow" in (headers := dict(error.get_headers())):
        response.headers["Allow"] = headers["Allow"]
    return response


def _server_error(_error: Exception) -> Response:
    return error_response(500, "server-error", "Something went wrong on this server.")
