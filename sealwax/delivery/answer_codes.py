"""The error codes that the routes for parcels may answer (docs/contracts.md). The client accepts no other codes."""

from __future__ import annotations

from typing import Final

from smime_core.text import AnswerCodes

_SESSION: Final = "401 session-ended"
_SENDER: Final = f"{_SESSION}, 401 token-refused, 403 domain-not-served"
_OVER: Final = "410 expired, 410 withdrawn"
_OWN: Final = f"{_SENDER}, 404 no-such-parcel"
_TICKET: Final = f"401 ticket-ended, {_OVER}"
_STORE: Final = "503 store-unavailable, 507 store-full"
_ROOM: Final = f"409 id-used, 413 parcel-too-large, 507 quota-exceeded, {_STORE}"
_UPLOAD: Final = f"409 submitted, 412 wrong-version, 423 upload-busy, {_STORE}"
_OBJECT: Final = "413 parcel-too-large"
_NOT_AT_OFFSET: Final = "409 wrong-offset"
_KEY: Final = f"{_TICKET}, 404 no-keys"
_FILE: Final = f"{_SESSION}, 404 no-such-file"

PARCEL_CODES: Final = AnswerCodes(
    common="400 bad-request, 403 not-allowed, 403 wrong-origin, 404 not-found, 405 method-not-allowed,"
    " 408 too-slow, 413 message-too-large, 415 bad-request, 429 try-later, 500 server-error, 503 database-unavailable",
    routes={
        "GET /api/parcels": f"{_SENDER}, 404 no-such-parcel",
        "POST /api/parcels": f"{_SENDER}, {_ROOM}, 403 look-alike-domain, 403 sender-blocked, 422 recipient-refused,"
        " 422 too-many-recipients, 422 address-unusable, 422 list-address, 422 not-an-address, 422 own-address",
        "GET /api/parcels/<parcel_id>": _OWN,
        "POST /api/parcels/<parcel_id>/submit": f"{_OWN}, {_OVER}, {_STORE}, 409 incomplete",
        "POST /api/parcels/<parcel_id>/withdraw": f"{_OWN}, {_OVER}",
        "POST /api/parcels/<parcel_id>/extend": f"{_OWN}, {_OVER}",
        "POST /api/parcels/<parcel_id>/tries": f"{_OWN}, {_OVER}",
        "POST /api/parcels/<parcel_id>/downloads": f"{_OWN}, {_OVER}",
        "POST /api/parcels/<parcel_id>/objects": f"{_OWN}, {_OVER}, {_UPLOAD}, {_OBJECT}, {_NOT_AT_OFFSET}",
        "HEAD /api/parcels/<parcel_id>/objects/<name>": f"{_OWN}, {_OVER}, {_UPLOAD}",
        "PATCH /api/parcels/<parcel_id>/objects/<name>": f"{_OWN}, {_OVER}, {_UPLOAD}, {_OBJECT}, {_NOT_AT_OFFSET}",
        "DELETE /api/parcels/<parcel_id>/objects/<name>": f"{_OWN}, {_OVER}, {_UPLOAD}",
        "GET /api/parcel-tokens": _SESSION,
        "POST /api/parcel-tokens": f"{_SESSION}, 409 name-used, 409 too-many-tokens",
        "DELETE /api/parcel-tokens/<name>": _SESSION,
        "GET /api/openapi.json": "",
        "GET /api/refusals/<token>": "",
        "POST /api/refusals/<token>": "",
        "POST /api/open/start": "",
        "POST /api/open/challenge": "",
        "POST /api/open": f"403 wrong-secret, {_OVER}, 410 used-up, 429 too-many-tries",
        "GET /api/open/objects/<name>": f"{_TICKET}, {_STORE}",
        "HEAD /api/open/objects/<name>": f"{_TICKET}, {_STORE}",
        "POST /api/open/status": _TICKET,
        "POST /api/open/claims": _TICKET,
        "POST /api/open/receipt": f"{_TICKET}, 422 receipt-refused",
        "POST /api/open/answer": f"{_TICKET}, 404 no-answers, 409 id-used, 409 too-many-answers, 413 answer-too-large,"
        " 422 answer-refused",
        "POST /api/open/complaints": "",
        "POST /api/open/key": f"{_KEY}, 422 request-unusable",
        "POST /api/open/key/confirm": f"{_KEY}, 403 wrong-code, 410 code-ended, 422 not-certified,"
        " 503 authority-unavailable",
        "POST /api/files": f"{_SESSION}, {_ROOM}, 507 too-many-files",
        "DELETE /api/files/<file_id>": _FILE,
        "POST /api/files/<file_id>/finish": f"{_FILE}, {_STORE}, 409 id-used, 409 incomplete",
        "POST /api/files/<file_id>/objects": f"{_FILE}, {_UPLOAD}, {_OBJECT}, {_NOT_AT_OFFSET}",
        "HEAD /api/files/<file_id>/objects/<name>": f"{_FILE}, {_UPLOAD}",
        "PATCH /api/files/<file_id>/objects/<name>": f"{_FILE}, {_UPLOAD}, {_OBJECT}, {_NOT_AT_OFFSET}",
        "DELETE /api/files/<file_id>/objects/<name>": f"{_FILE}, {_UPLOAD}",
        "GET /api/files/<file_id>/bytes/<name>": f"{_FILE}, {_STORE}",
        "GET /api/files/index": f"{_SESSION}, {_STORE}",
        "PUT /api/files/index": f"{_SESSION}, {_STORE}, 404 no-such-file, 409 incomplete, 409 index-changed,"
        " 413 parcel-too-large, 507 quota-exceeded, 507 too-many-files",
    },
)
