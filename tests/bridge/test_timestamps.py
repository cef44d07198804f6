"""The timestamp service and the security labels of the operator: who may ask, and what the pages are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from smime_core.algorithms import HashName
from smime_core.blocking import run
from smime_core.timestamp import (
    QUERY_TYPE,
    MessageImprint,
    TimestampRequest,
    build_timestamp_request,
    parse_timestamp_response,
)
from tests.support.clock import FakeClock
from tests.support.command.timestamp_services import serve
from tests.support.servers.bridge import API, ENROLMENT_KEY, FROM_PAGES, KEYS, PAGES, error_of, get, sign_in
from tests.support.timestamp_service import answer
from webbridge import BridgeConfig, create_app
from webbridge.certificates.timestamp_counter import MAX_PER_SESSION
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.label_policy import read_label_policy
from webbridge.services import services_of

pytestmark = pytest.mark.server

POLICY = {"policy": "1.2.3.4", "name": "Example Ltd", "classifications": [{"value": 1, "name": "Internal"}]}
MakeBridge = Callable[..., FlaskClient]


@pytest.fixture
def bridge_with(memory_server: MemoryMailServer) -> Iterator[MakeBridge]:
    """A function that returns a client of a bridge with the given settings."""
    apps: list[Flask] = []

    def make(**settings: Any) -> FlaskClient:
        config = BridgeConfig(
            api_origin=API,
            pages_origin=PAGES,
            key_server_origin=KEYS,
            mail_server=memory_server.address,
            enrolment_key=ENROLMENT_KEY,
            **settings,
        )
        apps.append(create_app(config))
        return apps[-1].test_client()

    yield make
    for app in apps:
        services_of(app).close()


def new_query() -> bytes:
    imprint = MessageImprint(hash_name=HashName.SHA256, digest=bytes(32))
    return build_timestamp_request(TimestampRequest(imprint=imprint, nonce=7))


def ask(browser: FlaskClient, query: bytes, content_type: str = QUERY_TYPE) -> TestResponse:
    headers = FROM_PAGES | {"Content-Type": content_type}
    return browser.post("/api/timestamp", base_url=API, headers=headers, data=query)


def test_people_who_are_signed_in_get_the_answer_of_the_service(bridge_with: MakeBridge) -> None:
    with serve(lambda query: run(answer(query))) as url:
        browser = bridge_with(timestamp_service=url)
        assert error_of(ask(browser, new_query())) == (401, "session-ended")
        sign_in(browser)
        assert parse_timestamp_response(ask(browser, new_query()).data).info.nonce == 7


def test_an_answer_other_than_ok_is_no_timestamp(bridge_with: MakeBridge) -> None:
    with serve(lambda _: b"", status=500) as url:
        browser = bridge_with(timestamp_service=url)
        sign_in(browser)
        assert error_of(ask(browser, new_query())) == (502, "timestamp-failed")


def test_only_small_queries_reach_the_service(bridge_with: MakeBridge) -> None:
    queries: list[bytes] = []

    def note(query: bytes) -> bytes:
        queries.append(query)
        return b""

    with serve(note) as url:
        browser = bridge_with(timestamp_service=url)
        sign_in(browser)
        assert ask(browser, b"0" * 1025).status_code == 413
        assert error_of(ask(browser, new_query(), "text/plain")) == (400, "bad-request")
        assert error_of(ask(browser, b"")) == (400, "bad-request")
    assert queries == []


def test_nobody_floods_the_service(bridge_with: MakeBridge) -> None:
    browser = bridge_with(timestamp_service="http://127.0.0.1:9/tsa", clock=FakeClock())
    sign_in(browser)
    for _ in range(MAX_PER_SESSION):
        assert error_of(ask(browser, new_query()))[1] == "timestamp-failed"
    assert error_of(ask(browser, new_query())) == (429, "try-later")


def test_a_bridge_without_a_service_offers_none(bridge_with: MakeBridge) -> None:
    browser = bridge_with()
    config = get(browser, "/api/config").get_json()
    assert (config["timestampHost"], config["labelPolicy"]) == (None, None)
    sign_in(browser)
    assert error_of(ask(browser, new_query())) == (404, "not-found")


def test_the_pages_learn_the_host_and_the_labels(bridge_with: MakeBridge, tmp_path: Path) -> None:
    file = tmp_path / "labels.json"
    file.write_text(json.dumps(POLICY))
    browser = bridge_with(timestamp_service="https://tsa.example.org/path?secret=1", label_policy_file=file)
    config = get(browser, "/api/config").get_json()
    assert (config["timestampHost"], config["labelPolicy"]) == ("tsa.example.org", POLICY)


@pytest.mark.parametrize("address", ["tsa.example.org", "ftp://tsa.example.org/", "https://a b/", "https://user@host/"])
def test_the_address_of_a_service_is_checked(bridge_with: MakeBridge, address: str) -> None:
    with pytest.raises(ValueError, match="timestamp_service"):
        bridge_with(timestamp_service=address)


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {**POLICY, "more": 1},
        {**POLICY, "policy": "example"},
        {**POLICY, "name": " "},
        {**POLICY, "classifications": []},
        {**POLICY, "classifications": [{"value": 257, "name": "High"}]},
        {**POLICY, "classifications": [{"value": True, "name": "High"}]},
        {**POLICY, "classifications": [{"value": 1, "name": "High"}, {"value": 1, "name": "Low"}]},
        {**POLICY, "classifications": [{"value": 1, "name": "High"}, {"value": 2, "name": "High"}]},
    ],
)
def test_a_file_that_is_no_policy_of_labels_is_refused(wrong: object, tmp_path: Path) -> None:
    file = tmp_path / "labels.json"
    file.write_text(json.dumps(wrong))
    with pytest.raises(ValueError, match=r"."):
        read_label_policy(file)
