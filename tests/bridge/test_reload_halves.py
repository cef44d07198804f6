"""`/api/reload-half`: the bridge's half of a key is given once, to its session, within its minutes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from sealwax.service import Database
from tests.support.clock import FakeClock
from tests.support.servers.bridge import API, FROM_PAGES, error_of, get, session_cookie_of, show_account, sign_in
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from webbridge import BridgeConfig, create_app
from webbridge.database.tables import SESSION
from webbridge.login.reload_halves import MAX_PER_SESSION
from webbridge.services import services_of

pytestmark = pytest.mark.server

PATH = "/api/reload-half"
NAME, OTHER = "0a" * 16, "0b" * 16
MINUTES = 5
GONE = (404, "half-gone")


def make(browser: FlaskClient, name: object = NAME, minutes: object = MINUTES) -> TestResponse:
    return browser.post(PATH, base_url=API, headers=FROM_PAGES, json={"name": name, "minutes": minutes})


def take(browser: FlaskClient, name: object = NAME) -> TestResponse:
    return browser.post(f"{PATH}/take", base_url=API, headers=FROM_PAGES, json={"name": name})


def note_use(browser: FlaskClient, name: object = NAME) -> TestResponse:
    return browser.put(PATH, base_url=API, headers=FROM_PAGES, json={"name": name})


def delete(browser: FlaskClient) -> TestResponse:
    return browser.delete(PATH, base_url=API, headers=FROM_PAGES)


def made_half(browser: FlaskClient, name: str = NAME) -> bytes:
    answer = make(browser, name)
    assert (answer.status_code, len(answer.data)) == (200, 32)
    half: bytes = answer.data
    return half


def kept_in(app: Flask) -> list[bytes | None]:
    with services_of(app).database.reading() as rows:
        return [row.reload_half for row in rows.execute(select(SESSION.c.reload_half))]


def test_a_half_is_given_once(alice: FlaskClient, app: Flask) -> None:
    half = made_half(alice)
    taken = take(alice)
    assert taken.data == half + bytes(4)
    assert taken.headers["Content-Type"] == "application/octet-stream"
    assert kept_in(app) == [None]
    assert error_of(take(alice)) == GONE


def test_each_half_is_new_and_takes_the_place_of_the_one_before(alice: FlaskClient) -> None:
    first, second = made_half(alice), made_half(alice, OTHER)
    assert first != second
    assert error_of(take(alice)) == GONE
    assert take(alice, OTHER).data[:32] == second


def test_another_name_gets_nothing_and_deletes_nothing(alice: FlaskClient) -> None:
    half = made_half(alice)
    assert error_of(take(alice, OTHER)) == GONE
    assert take(alice).data[:32] == half


def test_no_other_session_gets_a_half(alice: FlaskClient, app: Flask) -> None:
    made_half(alice)
    for address in (ALICE, BOB):
        other = app.test_client()
        assert sign_in(other, address, PASSWORDS[address]).status_code == 200
        assert error_of(take(other)) == GONE
    assert error_of(take(app.test_client())) == (401, "session-ended")
    assert take(alice).status_code == 200


def test_a_half_goes_when_its_minutes_are_over(alice: FlaskClient, clock: FakeClock, app: Flask) -> None:
    made_half(alice)
    clock.advance(seconds=MINUTES * 60)
    assert error_of(note_use(alice)) == GONE
    assert error_of(take(alice)) == GONE
    assert kept_in(app) == [None]


def test_a_use_lets_the_minutes_begin_again(alice: FlaskClient, clock: FakeClock) -> None:
    half = made_half(alice)
    clock.advance(seconds=MINUTES * 60 - 1)
    assert note_use(alice).status_code == 204
    clock.advance(seconds=MINUTES * 60 - 1)
    taken = take(alice).data
    assert taken[:32] == half
    assert int.from_bytes(taken[32:]) == MINUTES * 60 - 1


def test_a_lock_deletes_the_half(alice: FlaskClient, app: Flask) -> None:
    made_half(alice)
    assert delete(alice).status_code == 204
    assert kept_in(app) == [None]
    assert error_of(take(alice)) == GONE
    assert delete(alice).status_code == 204


def test_the_half_goes_with_its_session(alice: FlaskClient, app: Flask) -> None:
    made_half(alice)
    alice.delete("/api/session", base_url=API, headers=FROM_PAGES)
    assert kept_in(app) == []
    assert sign_in(alice).status_code == 200
    assert error_of(take(alice)) == GONE


def test_the_process_deletes_halves_whose_minutes_are_over(alice: FlaskClient, clock: FakeClock, app: Flask) -> None:
    made_half(alice)
    clock.advance(seconds=MINUTES * 60 - 1)
    services_of(app).reload_halves.delete_overdue()
    assert kept_in(app) != [None]
    clock.advance(seconds=1)
    services_of(app).reload_halves.delete_overdue()
    assert kept_in(app) == [None]


@pytest.mark.parametrize("minutes", [MINUTES + 1, 15, 10**30])
def test_no_more_minutes_than_the_operator_allows(config: BridgeConfig, minutes: int) -> None:
    with closing(services_of(app := create_app(replace(config, reload_minutes=MINUTES)))):
        browser = app.test_client()
        sign_in(browser)
        assert error_of(make(browser, minutes=minutes)) == (403, "reload-forbidden")
        assert get(browser, "/api/config").get_json()["reloadMinutes"] == MINUTES


def test_an_operator_who_forbids_it_takes_the_halves_away(config: BridgeConfig, tmp_path: Path) -> None:
    file_config = replace(config, database=str(tmp_path / "bridge.sqlite"))
    with closing(services_of(app := create_app(file_config))):
        browser = app.test_client()
        sign_in(browser)
        made_half(browser)
    with closing(services_of(app := create_app(replace(file_config, reload_minutes=0)))):
        later = app.test_client()
        cookie = session_cookie_of(browser)
        assert cookie is not None
        later.set_cookie(*cookie, domain="127.0.0.1")
        show_account(later, ALICE)
        assert error_of(make(later, minutes=1)) == (403, "reload-forbidden")
        assert error_of(take(later)) == (403, "reload-forbidden")
        assert kept_in(app) == [None]


@pytest.mark.parametrize("name", [None, 1, "", "0A" * 16, "0a" * 15, "0a" * 17, "0a" * 16 + "\n", ["0a" * 16]])
def test_a_name_that_is_none_is_refused(alice: FlaskClient, name: object) -> None:
    for call in (make, take, note_use):
        assert error_of(call(alice, name)) == (400, "bad-request")


@pytest.mark.parametrize("minutes", [None, 0, -1, True, 1.5, "5"])
def test_minutes_that_are_none_are_refused(alice: FlaskClient, minutes: object) -> None:
    assert error_of(make(alice, minutes=minutes)) == (400, "bad-request")


def test_a_session_cannot_ask_all_the_time(alice: FlaskClient, app: Flask, clock: FakeClock) -> None:
    for _ in range(MAX_PER_SESSION):
        assert error_of(take(alice)) == GONE
    for call in (make, take, note_use):
        assert error_of(call(alice)) == (429, "try-later")
    # A lock is heard all the same.
    assert delete(alice).status_code == 204
    clock.advance(seconds=60)
    assert make(alice).status_code == 200


def test_a_large_body_is_refused(alice: FlaskClient) -> None:
    assert make(alice, "0" * 5000).status_code == 413


@pytest.fixture
def filed(config: BridgeConfig, tmp_path: Path) -> Iterator[Flask]:
    """The bridge with its database in a file."""
    app = create_app(replace(config, database=str(tmp_path / "bridge.sqlite")))
    yield app
    services_of(app).close()


def files_with(half: bytes, folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if half in file.read_bytes()]


@pytest.mark.parametrize("end", [take, delete, lambda browser: make(browser, OTHER)], ids=["use", "lock", "new half"])
def test_no_file_has_a_half_that_was_deleted(filed: Flask, tmp_path: Path, end: object) -> None:
    browser = filed.test_client()
    sign_in(browser)
    half = made_half(browser)
    (kept_half,) = kept_in(filed)
    assert kept_half is not None
    assert files_with(kept_half, tmp_path)
    # The database alone does not have what the page got: that needs the cookie too.
    assert files_with(half, tmp_path) == []
    assert callable(end)
    end(browser)
    assert files_with(kept_half, tmp_path) == []


def test_a_half_in_the_database_is_of_no_use_with_another_cookie(alice: FlaskClient, app: Flask) -> None:
    half = made_half(alice)
    other = app.test_client()
    sign_in(other)
    made_half(other, OTHER)
    database: Database = services_of(app).database
    with database.transaction(durable=False) as rows:
        of_alice = select(SESSION.c.reload_half).where(SESSION.c.reload_name == NAME).scalar_subquery()
        rows.execute(update(SESSION).values(reload_half=of_alice))
    assert take(other, OTHER).data[:32] != half
    assert take(alice).data[:32] == half
