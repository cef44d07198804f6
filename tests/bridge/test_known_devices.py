"""Known devices: a lane of their own for the login, however many others fail."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sealwax.service import TryLater
from tests.support.clock import FakeClock
from tests.support.servers.bridge import error_of, sign_in
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from webbridge.login.cookies import HTTPS_COOKIE, LOOPBACK_COOKIE
from webbridge.login.counter import MAX_AT_ONCE, MAX_PER_ACCOUNT, MAX_PER_DEVICE, Attempt
from webbridge.login.devices import KEPT_SECONDS, MAX_PER_ACCOUNT as MAX_DEVICES, KnownDevices
from webbridge.services import services_of

pytestmark = pytest.mark.server

COOKIE = LOOPBACK_COOKIE.device_name
WRONG = (401, "login-refused")
LATER = (429, "try-later")


@pytest.fixture
def devices(app: Flask) -> KnownDevices:
    return services_of(app).devices


def token_of(browser: FlaskClient) -> str:
    cookie = browser.get_cookie(COOKIE, domain="127.0.0.1")
    assert cookie is not None
    return cookie.value


def fail_elsewhere(app: Flask, times: int = 1_000) -> None:
    """Count failed logins to Alice's account, each from another network."""
    logins = services_of(app).logins
    for number in range(times):
        try:
            logins.start(Attempt(account=ALICE, client=f"network {number}"))
        except TryLater:
            assert number >= MAX_PER_ACCOUNT


def test_foreign_failures_keep_a_known_device_not_out(app: Flask, alice: FlaskClient) -> None:
    fail_elsewhere(app)
    stranger = app.test_client()
    assert error_of(sign_in(stranger)) == LATER
    assert sign_in(alice).status_code == 200


def test_full_places_keep_a_known_device_not_out(app: Flask, alice: FlaskClient) -> None:
    gate = services_of(app).login_gate
    with contextlib.ExitStack() as places:
        for number in range(MAX_AT_ONCE):
            places.enter_context(gate.one(f"network {number}"))
        assert error_of(sign_in(app.test_client())) == LATER
        assert sign_in(alice).status_code == 200


def test_slow_logins_of_other_devices_keep_a_known_device_not_out(app: Flask, alice: FlaskClient) -> None:
    gate = services_of(app).device_gate
    with gate.one("a device of Bob's"):
        with pytest.raises(TryLater), gate.one("a device of Bob's"):
            pass
        with gate.one("another device of Bob's"):
            assert sign_in(alice).status_code == 200


def test_a_known_device_that_guesses_waits_and_hinders_nobody(app: Flask, alice: FlaskClient) -> None:
    answers = [error_of(sign_in(alice, password="wrong")) for _ in range(MAX_PER_DEVICE + 1)]
    assert answers == [WRONG] * MAX_PER_DEVICE + [LATER]
    assert sign_in(app.test_client()).status_code == 200


def test_a_token_counts_for_the_accounts_that_were_signed_in_to(
    app: Flask, alice: FlaskClient, devices: KnownDevices
) -> None:
    token = token_of(alice)
    assert devices.knows(token, ALICE.upper())
    assert not devices.knows(token, BOB)
    assert sign_in(alice, BOB, PASSWORDS[BOB]).status_code == 200
    assert token_of(alice) == token
    assert devices.knows(token, BOB)


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "\u00e9" * 43, "A" * 4_000])
def test_an_invented_token_buys_nothing(app: Flask, devices: KnownDevices, token: str) -> None:
    assert not devices.knows(token, ALICE)
    fail_elsewhere(app)
    browser = app.test_client()
    if token.isascii():
        browser.set_cookie(COOKIE, token, domain="127.0.0.1")
    assert error_of(sign_in(browser)) == LATER


def test_a_device_is_forgotten_after_half_a_year_without_use(
    alice: FlaskClient, devices: KnownDevices, clock: FakeClock
) -> None:
    token = token_of(alice)
    clock.advance(seconds=KEPT_SECONDS - 1)
    assert devices.knows(token, ALICE)
    clock.advance(seconds=1)
    assert not devices.knows(token, ALICE)


def test_the_device_that_was_used_longest_ago_goes_first(devices: KnownDevices, clock: FakeClock) -> None:
    tokens = []
    for _ in range(MAX_DEVICES + 1):
        clock.advance(seconds=timedelta(days=1).total_seconds())
        tokens.append(devices.remember("", ALICE))
    assert [devices.knows(token, ALICE) for token in tokens] == [False] + [True] * MAX_DEVICES


def test_the_cookie_is_kept_for_long_and_hidden_from_scripts(app: Flask) -> None:
    answer = sign_in(app.test_client())
    (header,) = (field for field in answer.headers.getlist("Set-Cookie") if field.startswith(COOKIE))
    attributes = {f"Max-Age={KEPT_SECONDS}", "HttpOnly", "SameSite=Strict", "Path=/"}
    assert attributes <= {part.strip() for part in header.split(";")}
    assert HTTPS_COOKIE.device_name == "__Host-sealwax-device"


def test_a_refused_login_makes_no_device_known(app: Flask) -> None:
    answer = sign_in(app.test_client(), password="wrong")
    assert [cookie for cookie in answer.headers.getlist("Set-Cookie") if COOKIE in cookie] == []
