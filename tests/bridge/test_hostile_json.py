"""The bridge answers or refuses any JSON that pages send about certificates, and never breaks."""

from __future__ import annotations

import json
import random
from base64 import b64encode

import pytest
from flask.testing import FlaskClient

from tests.support import revocations
from tests.support.people import person
from tests.support.servers.bridge import API, FROM_PAGES
from tools.fuzz.alterations import alter
from webbridge.certificates.lookup_counter import LookupCounter

pytestmark = pytest.mark.server

ROUNDS = 150
CHAIN = [revocations.leaf().der, revocations.authority().der, person("alice").certificate.der]
ENCODED = [b64encode(der).decode() for der in CHAIN]
PATHS = json.dumps({"paths": [ENCODED[:2], ENCODED[2:]]}).encode()
CERTIFICATES = json.dumps({"certificates": ENCODED}).encode()


@pytest.mark.parametrize(("path", "body"), [("status", PATHS), ("issuers", CERTIFICATES)])
def test_altered_questions_about_certificates_are_answered_or_refused(
    alice: FlaskClient, monkeypatch: pytest.MonkeyPatch, path: str, body: bytes
) -> None:
    monkeypatch.setattr(LookupCounter, "start", lambda *_: None)
    monkeypatch.setattr(LookupCounter, "start_issuers", lambda *_: None)
    dice = random.Random(path)  # noqa: S311 (the same every time)
    seen = set()
    for number in range(ROUNDS):
        altered = alter(body, dice, [PATHS, CERTIFICATES]) if number else body
        response = alice.post(
            f"/api/pki/{path}", base_url=API, headers=FROM_PAGES, data=altered, content_type="application/json"
        )
        seen.add(response.status_code)
        assert response.status_code in (200, 400, 413), altered
        assert response.is_json
    assert {200, 400} <= seen


@pytest.mark.parametrize("position", range(3))
def test_damaged_certificates_in_questions_are_answered_or_refused(
    alice: FlaskClient, monkeypatch: pytest.MonkeyPatch, position: int
) -> None:
    monkeypatch.setattr(LookupCounter, "start", lambda *_: None)
    monkeypatch.setattr(LookupCounter, "start_issuers", lambda *_: None)
    dice = random.Random(position)  # noqa: S311 (the same every time)
    for _ in range(ROUNDS):
        encoded = [*ENCODED]
        encoded[position] = b64encode(alter(CHAIN[position], dice, CHAIN)).decode()
        for path, fields in (("status", {"paths": [encoded]}), ("issuers", {"certificates": encoded})):
            response = alice.post(f"/api/pki/{path}", base_url=API, headers=FROM_PAGES, json=fields)
            assert response.status_code in (200, 400), encoded


@pytest.mark.parametrize("path", ["session", "directory", "pki/status", "pki/issuers"])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_json_that_is_nested_too_deep_is_refused(alice: FlaskClient, path: str, opening: str) -> None:
    body = opening * (4000 // len(opening))
    response = alice.post(f"/api/{path}", base_url=API, headers=FROM_PAGES, data=body, content_type="application/json")
    assert (response.status_code, response.get_json()["code"]) == (400, "bad-request")
