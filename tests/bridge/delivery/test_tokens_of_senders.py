"""Tokens of programs that send parcels: made and revoked by the account's session, kept as a hash, until their day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sealwax.service import ServiceError
from tests.support.clock import FakeClock
from tests.support.servers.bridge import API, FROM_PAGES, error_of, get, sign_in
from tests.support.servers.late_bodies import LateBody
from tests.support.servers.mailboxes import ALICE, PASSWORDS
from tests.support.servers.parcels import DAY, Draft, Rig, Sender, store_config
from webbridge import BridgeConfig, create_app
from webbridge.accounts.domains import MailDomain
from webbridge.database.tables import PARCEL_TOKEN
from webbridge.delivery.tokens import DAYS, NAME
from webbridge.services import services_of

pytestmark = pytest.mark.server

REFUSED = (401, "token-refused")


def test_a_token_sends_for_its_address(sender: Sender, rig: Rig) -> None:
    sender.send_whole(Draft())
    assert rig.rows()[0].sender == ALICE


def test_the_database_has_a_hash_of_the_token(sender: Sender, rig: Rig, tmp_path: Path) -> None:
    (row,) = rig.rows(PARCEL_TOKEN)
    assert len(bytes(row.token)) == 32
    assert not any(sender.token.encode() in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


@pytest.mark.parametrize("token", ["", "x", "swp_", "swp_" + "A" * 43, "x" * 10_000])
def test_a_token_that_was_never_made_is_refused(rig: Rig, token: str) -> None:
    stranger = Sender(rig.app.test_client(), token)
    draft = Draft()
    assert error_of(stranger.create(draft)) == REFUSED
    assert error_of(stranger.call(draft, "withdraw")) == REFUSED
    assert stranger.offset(draft, "0") is None


def test_a_token_ends_on_its_day(sender: Sender, rig: Rig) -> None:
    rig.clock.advance(seconds=30 * DAY - 1)
    assert sender.create(Draft()).status_code == 201
    rig.clock.advance(seconds=1)
    assert error_of(sender.create(Draft())) == REFUSED


def test_a_request_without_token_and_session_is_refused(rig: Rig) -> None:
    client = rig.app.test_client()
    answer = client.post("/api/parcels", base_url=API, headers=FROM_PAGES, data=Draft().body(whole=True))
    assert error_of(answer) == (401, "session-ended")
    assert error_of(client.post("/api/parcels", base_url=API)) == (403, "wrong-origin")


def test_a_token_sends_parcels_and_does_nothing_else(sender: Sender) -> None:
    for path in ("/api/folders", "/api/session", "/api/parcel-tokens"):
        answer = sender.client.get(path, base_url=API, headers=sender.headers)
        assert error_of(answer) == (401, "session-ended")
    made = sender.client.post("/api/parcel-tokens", base_url=API, headers=sender.headers, json={"name": "x", "days": 1})
    assert error_of(made) == (403, "wrong-origin")


def test_another_site_cannot_use_a_token(sender: Sender) -> None:
    headers = sender.headers | {"Origin": "https://elsewhere.example"}
    answer = sender.client.post("/api/parcels", base_url=API, headers=headers, data=Draft().body(whole=True))
    assert error_of(answer) == (403, "wrong-origin")


def test_any_extension_sends_by_a_token_and_not_by_its_origin(sender: Sender) -> None:
    origin = {"Origin": "moz-extension://11111111-2222-3333-4444-555555555555"}
    body = Draft().body(whole=True)
    sent = sender.client.post("/api/parcels", base_url=API, headers=sender.headers | origin, data=body)
    assert sent.status_code == 201
    assert "Access-Control-Allow-Origin" not in sent.headers
    # A token of a session, and a header without any token, are refused as before.
    for headers in (origin, origin | {"Authorization": "Sealwax x", "X-Sealwax": "1"}, origin | {"X-Sealwax": "1"}):
        answer = sender.client.post("/api/parcels", base_url=API, headers=headers, data=body)
        assert error_of(answer) == (403, "wrong-origin")
    made = sender.client.post(
        "/api/parcel-tokens", base_url=API, headers=sender.headers | origin, json={"name": "x", "days": 1}
    )
    assert error_of(made) == (403, "wrong-origin")


def test_a_list_says_for_whom_the_token_sends(sender: Sender) -> None:
    answer = sender.client.get("/api/parcels", base_url=API, headers=sender.headers)
    assert answer.get_json()["address"] == ALICE


def test_an_account_has_so_many_tokens(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbridge.delivery.tokens.MAX_TOKENS", 2)
    tokens = rig.delivery.tokens
    for name in ("one", "two"):
        tokens.make(ALICE, name, 1)
    with pytest.raises(ServiceError, match="Revoke one"):
        tokens.make(ALICE, "three", 1)
    rig.clock.advance(seconds=DAY)
    tokens.make(ALICE, "three", 1)
    assert [token.name for token in tokens.list(ALICE)] == ["three"]


@pytest.fixture
def config(config: BridgeConfig, store: Path, clock: FakeClock) -> BridgeConfig:
    """A bridge whose mail server answers, so that people sign in."""
    return replace(config, parcels=store_config(store))


@pytest.fixture
def app(config: BridgeConfig) -> Iterator[Flask]:
    app = create_app(config)
    yield app
    services_of(app).close()


def make(browser: FlaskClient, name: object = "laptop", days: object = 30) -> tuple[int, dict[str, str]]:
    answer = browser.post("/api/parcel-tokens", base_url=API, headers=FROM_PAGES, json={"name": name, "days": days})
    return answer.status_code, answer.get_json()


def test_the_session_makes_lists_and_revokes_tokens(app: Flask) -> None:
    browser = app.test_client()
    assert sign_in(browser).status_code == 200
    status, made = make(browser)
    assert (status, made["name"], made["address"]) == (201, "laptop", ALICE)
    assert make(browser)[1]["code"] == "name-used"
    program = Sender(app.test_client(), made["token"])
    program.send_whole(Draft())
    assert get(browser, "/api/parcel-tokens").get_json() == {
        "tokens": [{"name": "laptop", "created": "2026-11-20T12:00:00Z", "expires": "2026-12-20T12:00:00Z"}]
    }
    assert browser.delete("/api/parcel-tokens/laptop", base_url=API, headers=FROM_PAGES).status_code == 204
    assert error_of(program.create(Draft())) == REFUSED


def test_a_session_that_ends_while_a_token_is_asked_for_gets_none(app: Flask) -> None:
    browser = app.test_client()
    sign_in(browser)
    data = json.dumps({"name": "laptop", "days": 30}).encode()
    late = browser.post(
        "/api/parcel-tokens",
        base_url=API,
        headers=FROM_PAGES,
        input_stream=LateBody(data, lambda: browser.delete("/api/session", base_url=API, headers=FROM_PAGES)),
        content_length=len(data),
        content_type="application/json",
        buffered=True,
    )
    assert error_of(late) == (401, "session-ended")
    sign_in(browser)
    assert get(browser, "/api/parcel-tokens").get_json() == {"tokens": []}


@pytest.mark.parametrize("name", ["other", "%00", "laptop%00", "%ED%A0%80", "%FF", "x" * 5_000])
def test_a_name_that_no_token_has_revokes_none(app: Flask, name: str) -> None:
    browser = app.test_client()
    sign_in(browser)
    make(browser)
    answer = browser.delete(f"/api/parcel-tokens/{name}", base_url=API, headers=FROM_PAGES)
    assert answer.status_code == 204
    assert len(get(browser, "/api/parcel-tokens").get_json()["tokens"]) == 1


def test_a_token_of_a_domain_that_is_served_no_more_is_refused(
    parcels_bridge: BridgeConfig, sender: Sender, rig: Rig
) -> None:
    sender.send_whole(Draft())
    for domains, answer in (("example.net",), REFUSED), (("example.net", ALICE.rpartition("@")[2]), (200, None)):
        app = create_app(replace(parcels_bridge, domains=tuple(MailDomain(name=name) for name in domains)))
        program = Sender(app.test_client(), sender.token)
        listed = program.client.get("/api/parcels", base_url=API, headers=program.headers)
        assert (listed.status_code, listed.get_json().get("code")) == answer
        services_of(app).close()
    assert len(rig.rows(PARCEL_TOKEN)) == 1


def test_the_session_sends_parcels_too(app: Flask) -> None:
    browser = app.test_client()
    assert sign_in(browser).status_code == 200
    body = Draft().body(whole=True)
    answer = browser.post("/api/parcels", base_url=API, headers=FROM_PAGES, data=body)
    assert answer.status_code == 201
    assert len(get(browser, "/api/parcels").get_json()["parcels"]) == 1
    assert get(browser, "/api/config").get_json()["parcels"]["iterations"] == 600_000


@pytest.mark.parametrize(
    ("name", "days"),
    [
        *[("", 1), (" ", 1), (None, 1), (7, 1), ("x" * 101, 1), ("a\nb", 1), ("a/b", 1), (".", 1), ("..", 1)],
        *[("x", 0), ("x", 367), ("x", "1")],
    ],
)
def test_a_token_that_is_none_is_refused(name: object, days: object) -> None:
    with pytest.raises(ServiceError, match=r"is a"):
        [member.read({"name": name, "days": days}) for member in (NAME, DAYS)]


def test_the_extension_sends_parcels_by_its_session(config: BridgeConfig) -> None:
    origin = "chrome-extension://" + "a" * 32
    app = create_app(replace(config, extension_origins=(origin,)))
    client, headers = app.test_client(), {"Origin": origin, "X-Sealwax": "1"}
    login = {"address": ALICE, "password": PASSWORDS[ALICE]}
    token = client.post("/api/session", base_url=API, headers=headers, json=login).get_json()["token"]
    signed_in = headers | {"Authorization": f"Sealwax {token}"}
    sent = client.post("/api/parcels", base_url=API, headers=signed_in, data=Draft().body(whole=True))
    made = client.post("/api/parcel-tokens", base_url=API, headers=signed_in, json={"name": "x", "days": 1})
    assert (sent.status_code, error_of(made)) == (201, (403, "not-allowed"))
    services_of(app).close()
