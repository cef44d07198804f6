"""Requests for filters, and a fake ManageSieve server's healthy answers."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.servers.bridge import API, FROM_PAGES, get
from tests.support.servers.lying_server import Close, Script, TakeLine

EMPTY: dict[str, Any] = {"rules": [], "vacation": None, "include": None}
SIEVE: Script = {
    "": [b'NO "what?"\r\n'],
    "GREETING": [b'"IMPLEMENTATION" "x"\r\n"SIEVE" "fileinto"\r\n"SASL" "PLAIN"\r\nOK "ready"\r\n'],
    "CAPABILITY": [b'"SIEVE" "fileinto copy imap4flags vacation"\r\n"SASL" "PLAIN"\r\n"VERSION" "1.0"\r\nOK\r\n'],
    "AUTHENTICATE": [TakeLine(), b"OK\r\n"],
    "LISTSCRIPTS": [b'"other"\r\nOK\r\n'],
    "LOGOUT": [b"OK\r\n", Close()],
}


def rule_of(**members: object) -> dict[str, Any]:
    """A rule that moves nothing and marks messages from Bob as read, but for these members."""
    return {
        "name": "Bob",
        "on": True,
        "all": True,
        "conditions": [{"field": "from", "match": "contains", "text": "bob@"}],
        "moveTo": None,
        "copyTo": None,
        "read": True,
        "flagged": False,
        "stop": False,
        **members,
    }


def vacation_of(**members: object) -> dict[str, Any]:
    """A vacation answer, but for these members."""
    fields = {"on": True, "subject": "Away", "text": "Back soon.", "days": 7, "first": None, "last": None}
    return {**fields, "addresses": [], **members}


def filters_of(browser: FlaskClient) -> dict[str, Any]:
    """The answer with the filters of the account."""
    response = get(browser, "/api/filters")
    assert response.status_code == 200, response.get_json()
    members: dict[str, Any] = response.get_json()
    return members


def put_filters(browser: FlaskClient, version: str | None = None, **members: object) -> TestResponse:
    """Save filters, as the pages do that have just loaded them, or with another version."""
    seen = filters_of(browser)["version"] if version is None else version
    body = {**EMPTY, "version": seen, "replace": False, **members}
    return browser.put("/api/filters", base_url=API, headers=FROM_PAGES, json=body)
