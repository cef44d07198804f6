"""Errors as JSON `{code, message}`: a code for programs and a sentence for people, for every kind of error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from sealwax.service.metrics import count_event

_HTTP_ERRORS = {
    400: ("bad-request", "The server does not understand the request."),
    404: ("not-found", "There is nothing at this address."),
    405: ("method-not-allowed", "This address does not take this method."),
    413: ("message-too-large", "The request is larger than this server takes."),
    415: ("bad-request", "The request is not JSON."),
    500: ("server-error", "Something went wrong on this server."),
}
_OTHER_ERROR = ("request-refused", "The server refused the request.")


class ServiceError(Exception):
    """A request that is refused, with its HTTP status and the code for programs."""

    def __init__(self, status: int, code: str, message: str, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_seconds = retry_after_seconds


class TryLater(ServiceError):
    """A request that comes too soon: status 429, with the seconds to wait in `Retry-After`."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(429, "try-later", message, retry_after_seconds)


def install_error_handlers(app: Flask, codes: Mapping[int, str] | None = None) -> None:
    """Answer every error of this application as JSON. `codes` replaces the codes for some HTTP statuses."""
    app.register_error_handler(ServiceError, _service_error)
    app.register_error_handler(HTTPException, _http_error_handler(codes or {}))


def error_response(
    status: int,
    code: str,
    message: str,
    retry_after_seconds: int | None = None,
    further_members: Mapping[str, object] = MappingProxyType({}),
) -> Response:
    """Return an error as JSON, with the header Retry-After if the seconds are given."""
    response = jsonify(code=code, message=message, **further_members)
    response.status_code = status
    if retry_after_seconds is not None:
        response.headers["Retry-After"] = str(retry_after_seconds)
    return response


def _service_error(error: ServiceError) -> Response:
    if isinstance(error, TryLater):
        count_event("refusal", request.url_rule.rule if request.url_rule else "")
    return error_response(error.status, error.code, error.message, error.retry_after_seconds)


def _http_error_handler(codes: Mapping[int, str]) -> Callable[[HTTPException], Response]:
    def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        code, message = _HTTP_ERRORS.get(status, _OTHER_ERROR)
        response = error_response(status, codes.get(status, code), message)
        if "Allow" in (headers := dict(error.get_headers())):
            response.headers["Allow"] = headers["Allow"]
        return response

    return http_error
