"""The error codes of each route of the key server (docs/contracts.md). Clients do not accept other codes."""

from __future__ import annotations

from typing import Final

from smime_core.text import AnswerCodes

_IN_SESSION: Final = "401 call-refused, 401 login-ended"
_FRESH: Final = f"{_IN_SESSION}, 403 log-in-again"
_RECORD: Final = "412 record-changed, 428 condition-missing"
_LOGIN: Final = "400 clock-wrong, 401 login-refused, 403 account-disabled, 409 login-too-late"
_TICKET: Final = "403 bad-ticket"
_RESET: Final = f"{_TICKET}, 403 account-disabled, 404 no-account"
_OF_STAFF: Final = "401 call-refused, 403 wrong-role"

KEY_SERVER_CODES: Final = AnswerCodes(
    common="400 bad-request, 400 limit-exceeded, 400 malformed-message, 404 not-found, 405 method-not-allowed,"
    " 408 too-slow, 413 too-large, 415 not-json, 429 try-later, 500 server-error, 503 database-unavailable",
    routes={
        "POST /parameters": "",
        "POST /register": f"{_TICKET}, 409 exists",
        "POST /login": _LOGIN,
        "POST /recover": _LOGIN,
        "GET /bundle": _IN_SESSION,
        "PUT /bundle": f"{_IN_SESSION}, {_RECORD}",
        "POST /passphrase": f"{_FRESH}, {_RECORD}",
        "POST /reset": _RESET,
        "POST /reset/find": _TICKET,
        "POST /reset/finish": f"{_RESET}, 409 reset-not-ready, 409 reset-outdated",
        "DELETE /reset": f"{_IN_SESSION}, 404 no-reset",
        "POST /reset/parameters": "",
        "POST /reset/undo": _LOGIN,
        "POST /reset/undo-by-code": _LOGIN,
        "GET /devices": _IN_SESSION,
        "DELETE /account": _FRESH,
        "POST /export": _IN_SESSION,
        "POST /factor": f"{_IN_SESSION}, 401 factor-refused, 403 account-disabled",
        "GET /factors": _IN_SESSION,
        "POST /factors": f"{_FRESH}, 400 factor-refused, 409 too-many-factors",
        "DELETE /factors/<id>": f"{_FRESH}, 404 no-such-factor",
        "GET /groups": _IN_SESSION,
        "GET /groups/<group>": f"{_IN_SESSION}, 404 no-such-group",
        "PUT /groups/<group>": f"{_IN_SESSION}, 404 no-such-group, 409 account-reset, 409 too-many-groups,"
        " 412 group-changed, 428 condition-missing",
        "DELETE /groups/<group>": f"{_FRESH}, 404 no-such-group, 409 account-reset",
        "GET /recovery": _IN_SESSION,
        "PUT /recovery": f"{_FRESH}, {_RECORD}",
        "POST /staff/users": f"{_OF_STAFF}, 409 exists",
        "POST /staff/users/list": _OF_STAFF,
        "POST /staff/user": f"{_OF_STAFF}, 404 no-such-account",
        "GET /staff/policy": _OF_STAFF,
        "PUT /staff/policy": f"{_OF_STAFF}, 409 no-such-officer, 409 policy-changed",
        "GET /staff/cases": _OF_STAFF,
        "POST /staff/cases": f"{_OF_STAFF}, 404 no-recovery-copy, 404 no-such-account, 409 too-many-cases",
        "POST /staff/case/share": f"{_OF_STAFF}, 403 not-your-case, 404 no-such-case",
        "POST /staff/case/approve": f"{_OF_STAFF}, 403 not-your-case, 404 no-such-case, 409 approved-before,"
        " 409 owner-has-time",
        "POST /staff/case/open": f"{_OF_STAFF}, 404 no-such-case, 409 approvals-missing, 409 owner-has-time",
        "POST /staff/audit": _OF_STAFF,
    },
)
