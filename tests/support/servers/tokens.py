"""Bearer tokens that the tests' Dovecot takes, and signing in by one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Final

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.servers.bridge import API, FROM_PAGES, show_account
from tests.support.servers.mailboxes import ALICE

KEY: Final = secrets.token_bytes(32)


def jwt(user: str = ALICE, *, expires_in: int = 3600, key: bytes = KEY, padding: int = 0) -> str:
    """A token as Dovecot takes it."""
    now = int(time.time())
    claims = {"sub": user, "iat": now - 10, "nbf": now - 10, "exp": now + expires_in, "note": "x" * padding}
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_base64url(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign_in_by(browser: FlaskClient, token: object, address: str = ALICE, **more: object) -> TestResponse:
    members = {"address": address, "token": token, **more}
    response = browser.post("/api/session", base_url=API, headers=FROM_PAGES, json=members)
    if response.status_code == 200:
        show_account(browser, address)
    return response
