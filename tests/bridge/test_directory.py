"""The bridge's directory: folder, LDAP and DNS as configured, the source of each certificate, and limits."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from sealwax.lookups.ldap import LdapSecurity, parse_ldap_url
from sealwax.lookups.smimea import NameServer, owner_name
from tests.support.people import anchor, person
from tests.support.servers.bridge import API, error_of, look_up, sign_in
from tests.support.servers.directory_servers import (
    BASE,
    HOST,
    Zone,
    ldap_done,
    ldap_entry,
    run_dns,
    run_lying_ldap,
    smimea,
)
from tests.support.servers.mailboxes import BOB
from webbridge import BridgeConfig, create_app
from webbridge.certificates.people import MAX_SEARCHES
from webbridge.demo.accounts import certificate_pem
from webbridge.services import services_of

pytestmark = pytest.mark.server

Browser = Callable[..., FlaskClient]


@pytest.fixture
def signed_in(config: BridgeConfig) -> Iterator[Browser]:
    """A function that signs in to a bridge with the given directories and returns the browser."""
    apps = []

    def start(**directories: Any) -> FlaskClient:
        apps.append(create_app(replace(config, **directories)))
        browser: FlaskClient = apps[-1].test_client()
        sign_in(browser)
        return browser

    yield start
    for app in apps:
        services_of(app).close()


def ask(browser: FlaskClient) -> dict[str, Any]:
    answer: dict[str, Any] = look_up(browser, BOB).get_json()
    return answer


def test_each_certificate_comes_with_its_source(signed_in: Browser, tmp_path: Path) -> None:
    pytest.importorskip("bonsai", reason="bonsai is not installed", exc_type=ImportError)
    (tmp_path / "bob.pem").write_text(certificate_pem(person("bob").certificate))

    def answers(message_id: int) -> Iterator[bytes]:
        yield ldap_entry(message_id, 1, [person("alice").certificate.der, anchor().der])
        yield ldap_done(message_id)

    record = smimea(3, 0, 0, person("carol").certificate.der)
    with run_lying_ldap(answers) as port, run_dns(Zone(records={owner_name(BOB): [record]})) as zone:
        url = f"ldap://{HOST}:{port}/{BASE}"
        answer = ask(
            signed_in(
                directory_folder=tmp_path,
                directory_ldap=(parse_ldap_url(url, security=LdapSecurity.PLAIN_ALLOWED),),
                directory_name_servers=(NameServer(address=HOST, port=zone.port),),
            )
        )
    assert [(candidate["source"], candidate["detail"]) for candidate in answer["found"]] == [
        ("bridge", ""),
        ("ldap", HOST),
        ("smimea", "example.test, not signed"),
    ]
    names = ("bob", "alice", "carol")
    assert [b64decode(text) for text in answer["certificates"]] == [person(name).certificate.der for name in names]
    assert [b64decode(intermediate) for intermediate in answer["found"][1]["intermediates"]] == [anchor().der]
    assert answer["problems"] == []


def test_a_directory_that_fails_is_told_and_the_others_answer(signed_in: Browser, tmp_path: Path) -> None:
    (tmp_path / "bob.pem").write_text(certificate_pem(person("bob").certificate))
    with run_dns(Zone(bogus=True, extended_error=6)) as zone:
        answer = ask(
            signed_in(directory_folder=tmp_path, directory_name_servers=(NameServer(address=HOST, port=zone.port),))
        )
    assert len(answer["certificates"]) == 1
    (problem,) = answer["problems"]
    assert (problem["source"], problem["code"]) == ("smimea", "not-authentic")
    assert problem["message"]


@pytest.mark.parametrize("address", ["bob@bücher.example", "bób@bücher.example", "bob@xn--bcher-kva.example"])
def test_an_address_beyond_ascii_is_found_by_the_a_labels_of_its_domain(signed_in: Browser, address: str) -> None:
    record = smimea(3, 0, 0, person("bob").certificate.der)
    names = [owner_name(f"{local_part}@xn--bcher-kva.example") for local_part in ("bob", "bób")]
    with run_dns(Zone(records={name: [record] for name in names})) as zone:
        browser = signed_in(directory_name_servers=(NameServer(address=HOST, port=zone.port),))
        answer = look_up(browser, address).get_json()
    assert [b64decode(text) for text in answer["certificates"]] == [person("bob").certificate.der]
    assert answer["problems"] == []


@pytest.mark.parametrize("address", ["nobody@bücher.example", "nöbody@example.test"])
def test_an_unknown_address_beyond_ascii_has_no_certificates(signed_in: Browser, tmp_path: Path, address: str) -> None:
    (tmp_path / "bob.pem").write_text(certificate_pem(person("bob").certificate))
    with run_dns(Zone()) as zone:
        name_servers = (NameServer(address=HOST, port=zone.port),)
        answer = look_up(signed_in(directory_folder=tmp_path, directory_name_servers=name_servers), address)
    assert answer.get_json() == {"certificates": [], "found": [], "problems": []}


@pytest.mark.parametrize("address", ["bób@bü cher.example", "bób", "bób@\u202eexample.test", "bób@", "@bücher.example"])
def test_a_text_beyond_ascii_that_is_no_address_is_refused(signed_in: Browser, address: str) -> None:
    assert error_of(look_up(signed_in(), address)) == (400, "bad-argument")


def test_the_dns_is_not_asked_unless_the_operator_says_so(signed_in: Browser) -> None:
    assert ask(signed_in()) == {"certificates": [], "found": [], "problems": []}


@pytest.mark.parametrize("origin", ["chrome-extension://hekiagllngklklfhfadpbeeibecophpk", "moz-extension://c2c4d154"])
def test_a_browser_extension_may_look_up_and_nothing_else(signed_in: Browser, tmp_path: Path, origin: str) -> None:
    (tmp_path / "bob.pem").write_text(certificate_pem(person("bob").certificate))
    browser, headers = signed_in(directory_folder=tmp_path), {"Origin": origin, "X-Sealwax": "1"}
    answer = browser.post("/api/directory", base_url=API, headers=headers, json={"address": BOB})
    assert [candidate["source"] for candidate in answer.get_json()["found"]] == ["bridge"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert error_of(browser.get("/api/session", base_url=API, headers=headers)) == (403, "wrong-origin")
    bare = browser.post("/api/directory", base_url=API, headers={"Origin": origin}, json={"address": BOB})
    assert error_of(bare) == (403, "wrong-origin")


def test_only_so_many_searches_run_at_once(signed_in: Browser) -> None:
    browser = signed_in()
    with ExitStack() as running:
        for _ in range(MAX_SEARCHES):
            running.enter_context(services_of(browser.application).people.running.one())
        response = look_up(browser, BOB)
    assert error_of(response) == (429, "try-later")
    assert response.headers["Retry-After"] == "2"
    assert ask(browser)["found"] == []
