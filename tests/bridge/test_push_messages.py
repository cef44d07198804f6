"""One push message: to whom it may go, how it is signed, and what the answers of a push service mean."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event

import pytest
from cryptography.exceptions import InvalidSignature

from tests.support.servers.push_service import CONTACT, PUSH_KEY, PushService, claims_of, run_push_service
from tests.support.servers.web_servers import run_web_server
from webbridge.push import message
from webbridge.push.endpoints import (
    MAX_ENDPOINT_CHARACTERS,
    PUSH_HOSTS,
    EndpointRefused,
    check_push_host,
    read_endpoint,
)
from webbridge.push.message import MAX_WAIT_SECONDS, Outcome, Sent, send_message
from webbridge.push.settings import PushConfig
from webbridge.push.vapid import authorization, make_key, public_key_text

pytestmark = pytest.mark.server

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture
def service(tls_folder: Path) -> Iterator[PushService]:
    with run_push_service(tls_folder) as service:
        yield service


def sent_to(service: PushService, url: str = "") -> Sent:
    return send_message(url or service.endpoint, service.config, ttl_seconds=900, at=AT)


@pytest.mark.parametrize(
    "url",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
        "https://web.push.apple.com/QABC",
        "https://wns2-par02p.notify.windows.com/w/?token=BQY%2f",
        "https://fcm.googleapis.com:443/fcm/send/abc",
        "https://FCM.googleapis.com/fcm/send/abc",
    ],
)
def test_takes_the_addresses_of_the_known_push_services(url: str) -> None:
    endpoint = read_endpoint(url, PUSH_HOSTS)
    assert endpoint.url == url
    assert endpoint.origin in ("https://" + url.split("/")[2].lower().removesuffix(":443"),)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "fcm.googleapis.com/x",
        "http://fcm.googleapis.com/x",
        "ftp://fcm.googleapis.com/x",
        "https://elsewhere.example/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://localhost/x",
        "https://fcm.googleapis.com.elsewhere.example/x",
        "https://elsewhere.example/fcm.googleapis.com",
        "https://elsewhere.example#@fcm.googleapis.com/x",
        "https://fcm.googleapis.com@elsewhere.example/x",
        "https://user:password@fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com:0/x",
        "https://fcm.googleapis.com:99999/x",
        "https://fcm.googleapis.com./x",
        "https://xfcm.googleapis.com/x",
        "https://push.apple.com/x",
        "https://.push.apple.com/x",
        "https://evilpush.apple.com/x",
        "https://a%2fb.push.apple.com/x",
        "https://fcm.googleapis.com/x#y",
        "https://fcm.googleapis.com\\@elsewhere.example/x",
        "https://fcm.googleapis.com\\.elsewhere.example/x",
        "https://fcm.googleapis.com/x\r\nHost: elsewhere.example",
        "https://fcm.google\tapis.com/x",
        " https://fcm.googleapis.com/x",
        "https://fcm.googleapis.com/\N{SNOWMAN}",
        "https://fcm\N{FULLWIDTH FULL STOP}googleapis.com/x",
        "https://[fcm.googleapis.com/x",
        "https://fcm.googleapis.com/" + "x" * MAX_ENDPOINT_CHARACTERS,
    ],
)
def test_refuses_every_other_address(url: str) -> None:
    with pytest.raises(EndpointRefused):
        read_endpoint(url, PUSH_HOSTS)


def test_a_host_with_a_port_is_allowed_on_this_port_only() -> None:
    hosts = ("push.example.test:8443",)
    assert read_endpoint("https://push.example.test:8443/x", hosts).origin == "https://push.example.test:8443"
    for url in ("https://push.example.test/x", "https://push.example.test:8444/x"):
        with pytest.raises(EndpointRefused):
            read_endpoint(url, hosts)


@pytest.mark.parametrize(
    "host", ["", "*", "*.", "https://push.example", "Push.example", "push.example:0", "a b", "a*b"]
)
def test_refuses_a_text_of_the_list_that_is_no_host(host: str) -> None:
    with pytest.raises(ValueError, match="a host in small letters is expected"):
        check_push_host(host)


def test_each_known_host_may_be_in_the_list() -> None:
    for host in (*PUSH_HOSTS, "push.example.org:8443", "127.0.0.1:8443", "x"):
        check_push_host(host)


@pytest.mark.parametrize("key", [b"", bytes(32), bytes(31), ORDER.to_bytes(32), b"\xff" * 32])
def test_refuses_a_key_that_is_none_of_the_curve(key: bytes) -> None:
    with pytest.raises(ValueError, match="push_key is no key of the curve P-256"):
        PushConfig(key=key, contact=CONTACT)


@pytest.mark.parametrize(
    "contact", ["", "postmaster@example.org", "mailto:", "mailto:a b@c", "http://x", 'https://a"\n']
)
def test_refuses_a_contact_that_reaches_nobody(contact: str) -> None:
    with pytest.raises(ValueError, match="an address of yours is expected"):
        PushConfig(key=PUSH_KEY, contact=contact)


def test_a_new_key_is_one_of_the_curve_and_is_in_no_repr() -> None:
    key = make_key()
    config = PushConfig(key=key, contact=CONTACT)
    assert repr(key) not in repr(config)
    assert key.hex() not in repr(config)
    assert config.public_key == public_key_text(key)


def test_the_token_names_service_and_operator_and_ends_within_an_hour() -> None:
    claims = claims_of(authorization(PUSH_KEY, audience="https://push.example", contact=CONTACT, at=AT))
    assert claims == {
        "aud": "https://push.example",
        "exp": int((AT + timedelta(hours=1)).timestamp()),
        "sub": CONTACT,
    }


def test_the_token_is_not_valid_under_another_key() -> None:
    token = authorization(PUSH_KEY, audience="https://push.example", contact=CONTACT, at=AT)
    other = token.partition(", k=")[0] + ", k=" + public_key_text(make_key())
    with pytest.raises(InvalidSignature):
        claims_of(other)


def test_a_message_is_empty_and_replaces_the_one_before(service: PushService) -> None:
    assert sent_to(service) == Sent(outcome=Outcome.TAKEN)
    ((request, fields, body),) = service.server.asked
    assert request == "POST /push/secret-of-one-browser HTTP/1.1"
    assert body == b""
    token = fields.pop("Authorization")
    assert claims_of(token)["aud"] == f"https://{service.server.host}"
    assert fields == {
        "Host": service.server.host,
        "Accept-Encoding": "identity",
        "Content-Length": "0",
        "Accept": "*/*",
        "Connection": "close",
        "User-Agent": "sealwax",
        "TTL": "900",
        "Topic": "new-mail",
        "Urgency": "normal",
    }


@pytest.mark.parametrize(
    ("status", "fields", "expected"),
    [
        (200, {}, Sent(outcome=Outcome.TAKEN)),
        (202, {}, Sent(outcome=Outcome.TAKEN)),
        (404, {}, Sent(outcome=Outcome.GONE)),
        (410, {"Retry-After": "5"}, Sent(outcome=Outcome.GONE)),
        (429, {"Retry-After": "120"}, Sent(outcome=Outcome.LATER, wait_seconds=120)),
        (429, {"retry-after": "Fri, 20 Nov 2026 12:01:00 GMT"}, Sent(outcome=Outcome.LATER, wait_seconds=60)),
        (503, {"Retry-After": "999999999"}, Sent(outcome=Outcome.LATER, wait_seconds=MAX_WAIT_SECONDS)),
        (429, {}, Sent(outcome=Outcome.FAILED)),
        (429, {"Retry-After": "Fri, 20 Nov 2020 12:00:00 GMT"}, Sent(outcome=Outcome.FAILED)),
        (429, {"Retry-After": "-1"}, Sent(outcome=Outcome.FAILED)),
        (429, {"Retry-After": "9" * 5000}, Sent(outcome=Outcome.FAILED)),
        (429, {"Retry-After": "soon"}, Sent(outcome=Outcome.FAILED)),
        (500, {"Retry-After": "30"}, Sent(outcome=Outcome.FAILED, wait_seconds=30)),
        (403, {}, Sent(outcome=Outcome.FAILED)),
        (100, {}, Sent(outcome=Outcome.FAILED)),
    ],
)
def test_the_answer_of_the_service_decides(
    service: PushService, status: int, fields: dict[str, str], expected: Sent
) -> None:
    service.answers = [(status, fields)]
    assert sent_to(service) == expected


def test_another_place_that_the_service_names_is_not_asked(service: PushService, tls_folder: Path) -> None:
    with run_push_service(tls_folder) as other:
        for status in (301, 302, 307, 308):
            service.answers = [(status, {"Location": other.endpoint})]
            assert sent_to(service).outcome is Outcome.FAILED
        assert (service.messages, other.messages) == (4, 0)


def test_an_address_that_the_operator_allows_no_longer_is_not_asked(service: PushService, tls_folder: Path) -> None:
    with run_push_service(tls_folder) as other:
        assert sent_to(service, other.endpoint) == Sent(outcome=Outcome.GONE)
        assert other.messages == 0


def test_a_service_without_a_trusted_certificate_gets_nothing(service: PushService) -> None:
    config = PushConfig(key=PUSH_KEY, contact=CONTACT, hosts=(service.server.host,))
    assert send_message(service.endpoint, config, ttl_seconds=900, at=AT).outcome is Outcome.FAILED
    assert service.messages == 0


def test_a_service_that_does_not_answer_is_left_after_a_time(tls_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message, "_TIMEOUT_SECONDS", 0.3)
    over = Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        while not over.wait(0.05):
            handler.wfile.write(b"x")

    with run_web_server(drip, tls_folder=tls_folder) as server:
        config = PushConfig(key=PUSH_KEY, contact=CONTACT, hosts=(server.host,), ca_file=tls_folder / "tls_ca.pem")
        sent = send_message(server.url("/x"), config, ttl_seconds=900, at=AT)
        over.set()
    assert sent.outcome is Outcome.FAILED


def test_the_log_has_no_address_of_a_browser_and_no_token(
    service: PushService, caplog: pytest.LogCaptureFixture
) -> None:
    service.answers = [(403, {}), (302, {"Location": "/secret-of-one-browser"})]
    with caplog.at_level(logging.DEBUG):
        sent_to(service)
        sent_to(service)
    lines = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    assert any("403" in line for line in lines)
    assert not any("secret-of-one-browser" in line or "vapid" in line for line in lines)
