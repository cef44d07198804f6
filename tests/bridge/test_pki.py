"""The bridge's requests to authorities: who may cause them, for which certificates, and to which addresses."""

from __future__ import annotations

import datetime
import ipaddress
import logging
import socket
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from smime_core import blocking
from smime_core.ca.demo import Details, create_authority, issue_identity
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import parse_certificate
from smime_core.x509.ocsp import CertificateStatus, parse_ocsp_response
from smime_core.x509.revocation_list import parse_revocation_list
from tests.support.clock import FakeClock
from tests.support.servers.bridge import API, ENROLMENT_KEY, FROM_PAGES, KEYS, PAGES, error_of, sign_in
from tests.support.servers.certomancer_authority import Authority, run_authority
from tests.support.servers.mailboxes import ALICE
from tests.support.servers.ports import free_port
from tests.support.servers.pretended_public import pretend_public
from webbridge import BridgeConfig, create_app
from webbridge.blueprints.pki import MAX_PATHS
from webbridge.certificates.lookup_counter import (
    MAX_ISSUERS_PER_ACCOUNT,
    MAX_ISSUERS_PER_SESSION,
    MAX_PER_SERVER,
    MAX_PER_SESSION,
)
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.services import services_of

pytestmark = pytest.mark.server

OCSP = "POST /mail/ocsp/inter"
INTER_LIST = "GET /mail/crls/inter-list/latest.crl"
ROOT_LIST = "GET /mail/crls/root-list/latest.crl"

MakeBrowser = Callable[..., FlaskClient]

NO_ISSUER = {
    "certificates": [],
    "problems": [
        {
            "code": "issuer-not-found",
            "message": "no issuer's certificate came from the addresses in the certificate",
        }
    ],
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with run_authority(tmp_path_factory.mktemp("authority")) as authority:
        yield authority


@pytest.fixture
def authority(served: Authority) -> Iterator[Authority]:
    served.asked.clear()
    good = served.app
    yield served
    served.app = good


@pytest.fixture
def browser_of(memory_server: MemoryMailServer, authority: Authority, tmp_path: Path) -> Iterator[MakeBrowser]:
    """A function that signs in to a bridge with the given settings and returns the browser."""
    apps: list[Flask] = []

    def make(**settings: Any) -> FlaskClient:
        config = BridgeConfig(
            api_origin=API,
            pages_origin=PAGES,
            key_server_origin=KEYS,
            mail_server=memory_server.address,
            enrolment_key=ENROLMENT_KEY,
            **{
                "anchors_file": authority.anchor,
                "pki_cache": tmp_path / "answers.sqlite",
                "pki_allowed_hosts": (authority.host,),
                **settings,
            },
        )
        apps.append(create_app(config))
        browser = apps[-1].test_client()
        assert sign_in(browser).status_code == 200
        return browser

    yield make
    for app in apps:
        services_of(app).close()


@pytest.fixture
def browser(browser_of: MakeBrowser) -> FlaskClient:
    return browser_of()


def post(browser: FlaskClient, path: str, **fields: object) -> TestResponse:
    return browser.post(f"/api/pki/{path}", base_url=API, headers=FROM_PAGES, json=fields)


def encoded(chain: list[bytes]) -> list[str]:
    return [b64encode(certificate).decode() for certificate in chain]


def status(browser: FlaskClient, *chains: list[bytes]) -> list[dict[str, Any]]:
    response = post(browser, "status", paths=[encoded(chain) for chain in chains])
    assert response.status_code == 200, response.get_json()
    answers: list[dict[str, Any]] = response.get_json()["answers"]
    assert len(answers) == len(chains)
    return answers


def test_answers_about_each_certificate_of_a_path_come_back_as_the_authority_gave_them(
    browser: FlaskClient, authority: Authority
) -> None:
    (answer,) = status(browser, authority.chain("alice"))
    assert answer["problems"] == []
    (response,) = (parse_ocsp_response(b64decode(text)) for text in answer["ocsp"])
    assert [single.status for single in response.responses] == [CertificateStatus.GOOD]
    (of_root,) = (parse_revocation_list(b64decode(text)) for text in answer["crls"])
    assert of_root.issuer_der == parse_certificate(authority.chain("alice")[2]).subject_der
    assert sorted(authority.asked) == [ROOT_LIST, OCSP]


def test_a_revocation_comes_back_by_response_and_by_list(browser: FlaskClient, authority: Authority) -> None:
    bob, dave = status(browser, authority.chain("bob"), authority.chain("dave"))
    (response,) = (parse_ocsp_response(b64decode(text)) for text in bob["ocsp"])
    assert [single.status for single in response.responses] == [CertificateStatus.REVOKED]
    serial = parse_certificate(authority.chain("dave")[0]).serial_number
    assert dave["ocsp"] == []
    lists = [parse_revocation_list(b64decode(text)) for text in dave["crls"]]
    assert any(list(revocation_list.find_entries(serial)) for revocation_list in lists)


def test_one_list_is_fetched_once_and_handed_out_once(browser: FlaskClient, authority: Authority) -> None:
    answers = status(browser, authority.chain("carol"), authority.chain("dave"))
    assert sorted(authority.asked) == sorted([INTER_LIST, ROOT_LIST])
    assert [len(answer["crls"]) for answer in answers] == [2, 0]


def test_kept_answers_are_used_without_another_question(
    browser: FlaskClient, browser_of: MakeBrowser, authority: Authority
) -> None:
    first = status(browser, authority.chain("alice"))
    authority.asked.clear()
    assert status(browser, authority.chain("alice")) == first
    assert status(browser_of(pki_fetch=False), authority.chain("alice")) == first
    assert authority.asked == []


def test_nobody_is_asked_where_fetching_is_off(browser_of: MakeBrowser, authority: Authority) -> None:
    (answer,) = status(browser_of(pki_fetch=False), authority.chain("alice"))
    assert answer == {"crls": [], "ocsp": [], "problems": []}
    assert authority.asked == []


def test_nothing_is_asked_about_a_path_to_another_anchor(browser_of: MakeBrowser, authority: Authority) -> None:
    """Otherwise anybody could make the bridge call an address by writing it into a certificate."""
    for settings in ({"anchors_file": None}, {"anchors_file": None, "mozilla_roots": True}):
        (answer,) = status(browser_of(**settings), authority.chain("alice"))
        assert [problem["code"] for problem in answer["problems"]] == ["untrusted-anchor"]
    assert authority.asked == []


def test_nothing_is_asked_about_a_certificate_with_a_forged_signature(
    browser: FlaskClient, authority: Authority
) -> None:
    leaf, *above = authority.chain("alice")
    forged = bytearray(leaf)
    forged[-1] ^= 1
    (answer,) = status(browser, [bytes(forged), *above])
    assert [problem["code"] for problem in answer["problems"]] == ["untrusted-anchor"]
    assert authority.asked == []


def test_the_anchor_that_the_request_brings_along_counts_for_nothing(
    browser_of: MakeBrowser, authority: Authority, tmp_path: Path
) -> None:
    provider = NativeProvider()
    at = datetime.datetime.now(datetime.UTC)
    own = blocking.run(create_authority("Another", provider=provider, at=at))
    person = blocking.run(issue_identity(own, ALICE, provider=provider, at=at))
    browser = browser_of()
    (answer,) = status(browser, [person.certificate.der, own.identity.certificate.der])
    assert [problem["code"] for problem in answer["problems"]] == ["untrusted-anchor"]


def test_private_addresses_are_refused_unless_the_operator_lists_them(
    browser_of: MakeBrowser, authority: Authority
) -> None:
    (answer,) = status(browser_of(pki_allowed_hosts=()), authority.chain("alice"))
    assert {problem["code"] for problem in answer["problems"]} == {"refused-port"}
    assert authority.asked == []


def test_a_service_that_is_down_is_a_problem_and_no_error(browser: FlaskClient, authority: Authority) -> None:
    def refuse(_environ: object, start_response: Callable[..., object]) -> list[bytes]:
        start_response("503 Service Unavailable", [("Content-Length", "0")])
        return []

    authority.app = refuse
    (answer,) = status(browser, authority.chain("alice"))
    assert (answer["crls"], answer["ocsp"]) == ([], [])
    assert {problem["code"] for problem in answer["problems"]} == {"http-status"}
    assert all(problem["message"] for problem in answer["problems"])


def test_a_list_of_fifty_megabytes_is_a_problem(browser: FlaskClient, authority: Authority) -> None:
    def pour(_environ: object, start_response: Callable[..., object]) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Length", "50000000")])
        return (bytes(1_000_000) for _ in range(50))

    authority.app = pour
    (answer,) = status(browser, authority.chain("carol"))
    assert {problem["code"] for problem in answer["problems"]} == {"too-large"}


def test_an_unreadable_answer_is_reported_as_a_problem(browser: FlaskClient, authority: Authority) -> None:
    def chat(_environ: object, start_response: Callable[..., object]) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "5")])
        return [b"hello"]

    authority.app = chat
    (answer,) = status(browser, authority.chain("alice"))
    assert (answer["crls"], answer["ocsp"]) == ([], [])
    assert {problem["code"] for problem in answer["problems"]} == {"malformed-message"}


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> None:
    """Let the bridge take the authority's address for a public one."""
    pretend_public(monkeypatch, authority.host)


@pytest.mark.usefixtures("public")
def test_issuers_come_from_where_the_certificate_says(browser: FlaskClient, authority: Authority) -> None:
    leaf, inter, _root = authority.chain("alice")
    response = post(browser, "issuers", certificates=encoded([leaf]))
    assert response.get_json() == {"answers": [{"certificates": encoded([inter]), "problems": []}]}
    assert authority.asked == ["GET /mail/certs/inter/ca.crt"]


@pytest.mark.usefixtures("public")
def test_a_certificate_that_has_not_signed_is_no_issuer(browser: FlaskClient, authority: Authority) -> None:
    leaf, _inter, root = authority.chain("alice")
    authority.app = reply_of("200 OK", root)
    assert issuers(browser, leaf) == NO_ISSUER


def test_issuers_are_not_asked_for_inside_the_operators_network(
    browser_of: MakeBrowser, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody who is signed in can write an address inside that network into a certificate of their own."""
    connected: list[object] = []
    monkeypatch.setattr(socket, "create_connection", lambda address, **_: connected.append(address))
    browser = browser_of(
        pki_allowed_hosts=(authority.host, "127.0.0.5", "127.0.0.5:80"),
        pki_allowed_networks=(ipaddress.ip_network("127.0.0.0/8"),),
    )
    for url in (f"http://{authority.host}/", "http://127.0.0.5/admin/reboot?now=1", "https://127.0.0.5/"):
        assert issuers(browser, made_up(url)) == NO_ISSUER
    assert (connected, authority.asked) == ([], [])


def test_nothing_of_an_answer_is_told_to_whoever_chose_the_address(
    browser_of: MakeBrowser, authority: Authority, public: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = authority.chain("alice")[2]
    closed = free_port()
    pretend_public(monkeypatch, f"127.0.0.1:{closed}")
    replies = [
        *(reply_of(status, b"hello") for status in ("200 OK", "302 Found", "403 Forbidden", "503 Service Unavailable")),
        reply_of("200 OK", root),
        reply_of("200 OK", root, length=50_000_000),
    ]
    answers = []
    browser = browser_of()
    for number, reply in enumerate(replies):
        authority.app = reply
        answers.append(issuers(browser, made_up(f"http://{authority.host}/{number}")))
        # The cached answer reveals no more.
        answers.append(issuers(browser, made_up(f"http://{authority.host}/{number}")))
    for url in (f"http://127.0.0.1:{closed}/", "http://10.0.0.1/", "http://name.invalid/"):
        answers.append(issuers(browser, made_up(url)))
    assert answers == [NO_ISSUER] * len(answers)
    assert len(authority.asked) >= len(replies)


def issuers(browser: FlaskClient, certificate: bytes) -> dict[str, Any]:
    response = post(browser, "issuers", certificates=encoded([certificate]))
    assert response.status_code == 200, response.get_json()
    (answer,) = response.get_json()["answers"]
    return dict(answer)


def reply_of(status: str, body: bytes, *, length: int | None = None) -> Callable[..., list[bytes]]:
    def reply(_environ: object, start_response: Callable[..., object]) -> list[bytes]:
        start_response(status, [("Content-Length", str(length or len(body)))])
        return [body]

    return reply


def made_up(issuer_url: str) -> bytes:
    """A certificate by an unknown authority that names `issuer_url` as the place of its issuer's certificate."""
    at = datetime.datetime.now(datetime.UTC)
    pointers = Details(issuer_urls=(issuer_url,))
    maker = blocking.run(create_authority("Nobody", provider=NativeProvider(), at=at, key=NewKey.P256))
    person = issue_identity(maker, ALICE, provider=NativeProvider(), at=at, key=NewKey.P256, details=pointers)
    return blocking.run(person).certificate.der


@pytest.mark.parametrize("path", ["status", "issuers"])
def test_only_those_who_are_signed_in_may_ask(browser: FlaskClient, authority: Authority, path: str) -> None:
    browser.delete("/api/session", base_url=API, headers=FROM_PAGES)
    assert error_of(post(browser, path, paths=[encoded(authority.chain("alice"))])) == (401, "session-ended")
    assert authority.asked == []


def test_another_site_may_not_ask(browser: FlaskClient, authority: Authority) -> None:
    fields = {"paths": [encoded(authority.chain("alice"))]}
    for headers in ({"Origin": PAGES}, {"Origin": "https://other.example", "X-Sealwax": "1"}):
        response = browser.post("/api/pki/status", base_url=API, headers=headers, json=fields)
        assert error_of(response) == (403, "wrong-origin")
    assert authority.asked == []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"paths": None},
        {"paths": []},
        {"paths": [[]]},
        {"paths": [None]},
        {"paths": ["text"]},
        {"paths": [[1]]},
        {"paths": [["?"]]},
        {"paths": [["AAAA"]]},
        {"paths": [["A" * 50_000]]},
        {"paths": [["AAAA"] * 11]},
        {"paths": [["AAAA"]] * (MAX_PATHS + 1)},
        {"paths": {"0": []}},
    ],
)
def test_other_requests_are_refused(browser: FlaskClient, fields: dict[str, object]) -> None:
    assert error_of(post(browser, "status", **fields)) == (400, "bad-request")


def test_a_request_that_is_too_large_is_refused(browser: FlaskClient) -> None:
    assert error_of(post(browser, "status", paths=["A" * 600_000])) == (413, "message-too-large")


def test_a_session_may_not_ask_without_end(browser_of: MakeBrowser, clock: FakeClock) -> None:
    browser = browser_of(clock=clock)
    for _ in range(MAX_PER_SESSION):
        assert post(browser, "status").status_code == 400
    response = post(browser, "status")
    assert error_of(response) == (429, "try-later")
    assert 0 < int(response.headers["Retry-After"]) <= 60


def test_a_session_may_not_look_for_issuers_without_end(browser_of: MakeBrowser, clock: FakeClock) -> None:
    browser = browser_of(clock=clock)
    certificates = encoded([made_up("http://10.0.0.1/")] * MAX_PATHS)
    for _ in range(MAX_ISSUERS_PER_SESSION // MAX_PATHS):
        assert post(browser, "issuers", certificates=certificates).status_code == 200
    response = post(browser, "issuers", certificates=certificates[:1])
    assert error_of(response) == (429, "try-later")
    assert 0 < int(response.headers["Retry-After"]) <= 60


def test_signing_in_again_lets_nobody_look_for_issuers_without_end(browser_of: MakeBrowser, clock: FakeClock) -> None:
    browser = browser_of(clock=clock)
    certificates = encoded([made_up("http://10.0.0.1/")] * MAX_PATHS)
    statuses = []
    for _ in range(MAX_ISSUERS_PER_ACCOUNT // MAX_PATHS + 1):
        assert sign_in(browser).status_code == 200
        statuses.append(post(browser, "issuers", certificates=certificates).status_code)
    assert statuses == [200] * (len(statuses) - 1) + [429]


def test_one_server_is_not_asked_for_issuers_without_end(
    browser_of: MakeBrowser, authority: Authority, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    """The bridge counts by the address, for all names and all sessions."""
    port = authority.host.rpartition(":")[2]
    hosts = [authority.host, f"localhost:{port}"]
    pretend_public(monkeypatch, *hosts)
    urls = [f"http://{hosts[number % 2]}/{number}" for number in range(MAX_PER_SERVER + 1)]
    browser = browser_of(clock=clock)
    for url in urls:
        assert issuers(browser, made_up(url)) == NO_ISSUER
    assert len(authority.asked) == MAX_PER_SERVER
    clock.advance(seconds=60)
    # The refusal is not kept as an answer of the server.
    assert issuers(browser, made_up(urls[-1])) == NO_ISSUER
    assert authority.asked[MAX_PER_SERVER:] == [f"GET /{MAX_PER_SERVER}"]


def test_nothing_of_it_is_in_the_logs_and_no_user_in_what_goes_out(
    browser: FlaskClient, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    headers: list[dict[str, str]] = []
    good = authority.app

    def note(environ: dict[str, Any], start_response: Callable[..., object]) -> Any:
        headers.append({name: str(value) for name, value in environ.items() if name.startswith("HTTP_")})
        return good(environ, start_response)

    authority.app = note
    with caplog.at_level(logging.DEBUG):
        status(browser, authority.chain("alice"))
    # The mail server and the authority of this test also log; their records are left out.
    assert [record for record in caplog.records if not record.name.startswith(("pymap", "werkzeug"))] == []
    assert headers
    for fields in headers:
        assert set(fields) == {
            "HTTP_HOST",
            "HTTP_ACCEPT",
            "HTTP_ACCEPT_ENCODING",
            "HTTP_CONNECTION",
            "HTTP_USER_AGENT",
        }
        assert fields["HTTP_USER_AGENT"] == "sealwax"
