"""The errors that the routes of the bridge may answer, except those for parcels (docs/contracts.md)."""

from __future__ import annotations

from typing import Final

from smime_core.text import AnswerCodes

_SESSION: Final = "401 session-ended"
# Such a route asks the mail server again, which may by now refuse the session's password.
_MAIL: Final = (
    f"{_SESSION}, 401 login-refused, 403 domain-not-served, 502 mail-server-misconfigured, 502 mail-server-refused,"
    " 502 mail-server-unreachable, 502 mail-server-unreadable, 503 mail-server-busy, 507 mailbox-full"
)
_FOLDER: Final = f"{_MAIL}, 404 no-such-folder, 409 folder-changed, 422 not-offered"
_CHANGE: Final = f"{_FOLDER}, 403 folder-read-only, 404 no-such-message"
_MESSAGES: Final = "/api/folders/<folder_id>/<uid_validity>"
_SEND: Final = (
    f"{_MAIL}, 403 folder-read-only, 404 no-such-folder, 409 already-sending, 422 key-used, 422 message-refused,"
    " 422 not-offered"
)
_FILTERS: Final = (
    f"{_SESSION}, 403 domain-not-served, 422 not-offered, 502 mail-server-misconfigured, 502 mail-server-refused,"
    " 502 mail-server-unreachable, 502 mail-server-unreadable, 503 mail-server-busy"
)
_HALF: Final = f"{_SESSION}, 403 reload-forbidden, 404 half-gone"

BRIDGE_CODES: Final = AnswerCodes(
    common="400 bad-argument, 400 bad-request, 403 not-allowed, 403 wrong-origin, 404 not-found,"
    " 405 method-not-allowed, 408 too-slow, 413 message-too-large, 415 bad-request, 429 try-later, 500 server-error,"
    " 503 database-unavailable",
    routes={
        "GET /api/config": "",
        "GET /api/health": "",
        "GET /api/ready": "",
        "GET /api/session": _SESSION,
        "POST /api/session": f"{_MAIL}, 409 too-many-accounts, 422 not-offered",
        "DELETE /api/session": "",
        "GET /api/accounts": "",
        "DELETE /api/accounts": "",
        "GET /api/sessions": _SESSION,
        "DELETE /api/sessions": _SESSION,
        "DELETE /api/sessions/<session_id>": f"{_SESSION}, 404 no-such-session",
        "POST /api/reload-half": _HALF,
        "POST /api/reload-half/take": _HALF,
        "PUT /api/reload-half": _HALF,
        "DELETE /api/reload-half": _HALF,
        "GET /api/events": _SESSION,
        "PUT /api/push": f"{_SESSION}, 409 too-many-browsers, 422 not-offered, 422 push-service-refused",
        "DELETE /api/push": _SESSION,
        "GET /api/folders": _MAIL,
        "POST /api/folders": f"{_CHANGE}, 409 folder-exists",
        "PUT /api/folders/<folder_id>": f"{_CHANGE}, 409 folder-exists",
        "DELETE /api/folders/<folder_id>": f"{_CHANGE}, 409 folder-not-empty",
        "PUT /api/folders/<folder_id>/use": _FOLDER,
        "PUT /api/folders/<folder_id>/subscription": _FOLDER,
        "DELETE /api/folders/<folder_id>/subscription": _FOLDER,
        "GET /api/folders/<folder_id>/access": _FOLDER,
        "PUT /api/folders/<folder_id>/access": _CHANGE,
        "DELETE /api/folders/<folder_id>/access": _CHANGE,
        "GET /api/folders/<folder_id>/messages": _FOLDER,
        "GET /api/folders/<folder_id>/threads": _FOLDER,
        "POST /api/folders/<folder_id>/search": _FOLDER,
        f"GET {_MESSAGES}/<uid>/raw": f"{_FOLDER}, 404 no-such-message",
        f"PUT {_MESSAGES}/flags": _CHANGE,
        f"POST {_MESSAGES}/move": _CHANGE,
        f"POST {_MESSAGES}/copy": _CHANGE,
        f"POST {_MESSAGES}/delete": f"{_CHANGE}, 409 in-trash, 409 not-in-trash",
        f"POST {_MESSAGES}/retrieved": _CHANGE,
        "POST /api/undo": _CHANGE,
        "GET /api/send": _MAIL,
        "POST /api/send": f"{_SEND}, 503 try-later",
        "GET /api/send/<key>": _SEND,
        "DELETE /api/send/<key>": _SEND,
        "POST /api/send/<key>/look": _SEND,
        "GET /api/copies": _SESSION,
        "PUT /api/copies": f"{_MAIL}, 422 not-offered",
        "POST /api/drafts": _CHANGE,
        "DELETE /api/drafts": _CHANGE,
        "GET /api/filters": _FILTERS,
        "PUT /api/filters": f"{_FILTERS}, 404 no-such-folder, 409 filters-changed, 409 filters-of-others",
        "POST /api/directory": _SESSION,
        "POST /api/pki/status": _SESSION,
        "POST /api/pki/issuers": _SESSION,
        "POST /api/timestamp": f"{_SESSION}, 502 timestamp-failed",
        "POST /api/enrolment": _MAIL,
        "POST /api/enrolment/reset": _MAIL,
    },
)
