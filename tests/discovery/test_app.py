"""The two routes of the discovery service, as requests from everybody meet them."""

from __future__ import annotations

import dataclasses

import pytest
from flask.testing import FlaskClient

from sealwax.discovery.app import create_app
from sealwax.discovery.config import DiscoveryConfig
from sealwax.discovery.publishing import DiscoveryKeyReplaced, Publisher, list_of
from smime_core.own_content import ServerKind
from tests.discovery.conftest import ORIGIN
from tests.support.clock import FakeClock
from tests.support.people import PROVIDER
from tests.support.server_lists import DOMAIN, key, move

WELL_KNOWN = "/.well-known/sealwax-discovery.json"
NEW = "https://keys2.example.test"


@pytest.fixture
def client(config: DiscoveryConfig) -> FlaskClient:
    return create_app(config, PROVIDER).test_client()


def post(client: FlaskClient, data: bytes, media_type: str = "application/json") -> tuple[int, dict[str, object]]:
    answer = client.post("/move", base_url=ORIGIN, data=data, content_type=media_type)
    return answer.status_code, answer.get_json()


def test_the_document_may_be_read_by_every_page_and_is_kept_by_no_cache(client: FlaskClient) -> None:
    answer = client.get(WELL_KNOWN, base_url=ORIGIN, headers={"Origin": "https://mail.example.net"})
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    assert list_of(answer.data).domain == DOMAIN


def test_it_answers_under_its_own_name_and_that_of_the_domain(client: FlaskClient) -> None:
    assert client.get(WELL_KNOWN, base_url=f"http://{DOMAIN}").status_code == 200
    assert client.get(WELL_KNOWN, base_url="http://mallory.test").status_code == 400


def test_a_move_is_in_the_next_answer(client: FlaskClient) -> None:
    status, answer = post(client, move(NEW, counter=1))
    listed = list_of(client.get(WELL_KNOWN, base_url=ORIGIN).data)
    assert (status, answer) == (200, {"number": listed.number, "moves": 1, "address": NEW})
    assert listed.of_kind(ServerKind.KEY_SERVER)[0].address == NEW


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (move(NEW, counter=1, owner=key(99)), 403, "move-refused"),
        (move(NEW, counter=1, domain="other.test"), 403, "move-refused"),
        (move("https://keys.mallory.test", counter=1), 403, "move-not-allowed"),
        (move(NEW, counter=2), 409, "move-not-next"),
        (b"{}", 400, "malformed-message"),
        (b'{"a":1,"a":1}', 400, "malformed-message"),
        (b"\xff", 400, "malformed-message"),
        (b" " * 5_000, 413, "too-large"),
    ],
)
def test_a_false_move_is_refused_with_a_code_and_changes_nothing(
    client: FlaskClient, data: bytes, status: int, code: str
) -> None:
    before = client.get(WELL_KNOWN, base_url=ORIGIN).data
    answer_status, answer = post(client, data)
    assert (answer_status, answer["code"]) == (status, code)
    assert client.get(WELL_KNOWN, base_url=ORIGIN).data == before


def test_a_foreign_page_cannot_send_a_move(client: FlaskClient) -> None:
    status, answer = post(client, move(NEW, counter=1), "text/plain")
    assert (status, answer["code"]) == (415, "not-json")
    preflight = client.options("/move", base_url=ORIGIN, headers={"Origin": "https://mallory.test"})
    assert "Access-Control-Allow-Origin" not in preflight.headers


def test_the_service_does_not_start_with_another_key(config: DiscoveryConfig) -> None:
    create_app(config, PROVIDER)
    with pytest.raises(DiscoveryKeyReplaced):
        create_app(dataclasses.replace(config, key=key(9), servers=()), PROVIDER)


def test_a_service_whose_key_was_replaced_sends_the_document_that_there_is(
    client: FlaskClient, config: DiscoveryConfig, clock: FakeClock
) -> None:
    document = Publisher(config, PROVIDER).succeed(key(2))
    clock.advance(seconds=13 * 3600)
    assert client.get(WELL_KNOWN, base_url=ORIGIN).data == document
    status, answer = post(client, move(NEW, counter=1, at=clock()))
    assert (status, answer["code"]) == (503, "discovery-unavailable")


def test_a_damaged_state_is_no_fault_of_the_client(client: FlaskClient, config: DiscoveryConfig) -> None:
    config.state_file.write_text("{")
    answer = client.get(WELL_KNOWN, base_url=ORIGIN)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "discovery-unavailable")
    assert str(config.state_file) not in answer.get_data(as_text=True)
