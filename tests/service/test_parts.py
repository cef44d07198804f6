"""The parts that every web service shares: database, counters, settings, headers and errors."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest
from flask import Response

from sealwax.service import (
    CrossOrigin,
    Database,
    Gate,
    TryLater,
    WindowCounter,
    check_origin,
    create_application,
    install_cross_origin,
)
from tests.support.clock import FakeClock

ORIGIN = "http://127.0.0.1:8300"
PAGES = "http://127.0.0.1:8200"
SCHEMA = "CREATE TABLE IF NOT EXISTS event (name TEXT NOT NULL, at REAL NOT NULL);"


@pytest.fixture
def database() -> Database:
    return Database(":memory:", SCHEMA)


def counter(database: Database, clock: FakeClock) -> WindowCounter:
    return WindowCounter(database, clock, table="event", column="name", seconds=60, refusal="Wait a minute.")


def events(database: Database) -> list[str]:
    with database.transaction() as rows:
        return [name for (name,) in rows.execute("SELECT name FROM event ORDER BY name")]


def test_a_transaction_that_fails_leaves_nothing_and_blocks_no_later_one(database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as rows:
        rows.executemany("INSERT INTO event VALUES (?, 1)", [("half",), (None,)])
    assert events(database) == []
    database.close()


def test_an_event_that_one_limit_refuses_counts_under_no_name(database: Database, clock: FakeClock) -> None:
    counted = counter(database, clock)
    counted.start({"account": 1, "client": 5})
    with pytest.raises(TryLater, match="Wait a minute") as refused:
        counted.start({"client": 5, "account": 1})
    assert refused.value.retry_after_seconds == 60
    assert events(database) == ["account", "client"]
    database.close()


def test_only_the_latest_event_is_taken_back(database: Database, clock: FakeClock) -> None:
    counted = counter(database, clock)
    for _ in range(2):
        counted.start({"account": 2, "client": 2})
    counted.take_back(["account", "client"])
    counted.forget("client")
    assert events(database) == ["account"]
    clock.at += timedelta(seconds=60)
    counted.start({"client": 1})
    assert events(database) == ["client"]
    database.close()


def test_a_place_is_free_again_after_a_call_that_failed() -> None:
    gate = Gate(1, refusal="Try again in a moment.", retry_seconds=5)
    with pytest.raises(ZeroDivisionError), gate.one():
        1 / 0  # noqa: B018
    with gate.one(), pytest.raises(TryLater), gate.one():
        pass


def test_a_name_below_localhost_is_this_machine() -> None:
    check_origin("http://keys.localhost:8300")
    with pytest.raises(ValueError, match="HTTPS"):
        check_origin("http://localhost.example.org")


def test_only_the_allowed_origin_reads_answers_and_cookies_need_a_word() -> None:
    app = create_application("service", ORIGIN, proxies=0)
    pages = CrossOrigin(origins=(PAGES,), methods=("GET",), request_headers=(), answer_headers=("Retry-After",))
    install_cross_origin(app, pages)
    client = app.test_client()
    allowed = client.get("/", base_url=ORIGIN, headers={"Origin": PAGES})
    assert allowed.headers["Access-Control-Allow-Origin"] == PAGES
    assert "Access-Control-Allow-Credentials" not in allowed.headers
    foreign = client.get("/", base_url=ORIGIN, headers={"Origin": "http://127.0.0.1:8201"})
    assert "Access-Control-Allow-Origin" not in foreign.headers
    assert foreign.headers["Cache-Control"] == "no-store"
    assert foreign.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_redirect_is_no_error_and_a_service_has_words_of_its_own() -> None:
    app = create_application("service", ORIGIN, proxies=0, error_codes={404: "nothing-here"})

    @app.get("/folder/")
    def folder() -> Response:
        return Response("")

    client = app.test_client()
    assert client.get("/else", base_url=ORIGIN).get_json()["code"] == "nothing-here"
    moved = client.get("/folder", base_url=ORIGIN)
    assert (moved.status_code, moved.headers["Location"]) == (308, f"{ORIGIN}/folder/")
    refused = client.post("/folder/", base_url=ORIGIN)
    assert refused.status_code == 405
    assert "GET" in refused.headers["Allow"]
