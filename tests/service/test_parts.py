"""The parts that every web service shares: gates, settings, headers and errors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Response

from sealwax.service import (
    CrossOrigin,
    Gate,
    TryLater,
    check_origin,
    create_application,
    install_cross_origin,
)

ORIGIN = "http://127.0.0.1:8300"
PAGES = "http://127.0.0.1:8200"


def test_a_place_is_free_again_after_a_call_that_failed() -> None:
    gate = Gate(1, refusal="Try again in a moment.", retry_seconds=5)
    with pytest.raises(ZeroDivisionError), gate.one():
        1 / 0  # noqa: B018
    with gate.one(), pytest.raises(TryLater), gate.one():
        pass


def test_a_patient_call_waits_for_a_place() -> None:
    gate = Gate(2, max_calls_per_client=1, refusal="Try again in a moment.", retry_seconds=5)
    running: list[int] = []

    def call(number: int) -> None:
        with gate.one("alice", patience_seconds=60):
            running.append(number)
            assert len(running) == 1
            running.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(200)))
    with gate.one("alice"), pytest.raises(TryLater), gate.one("alice", patience_seconds=0.01):
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
