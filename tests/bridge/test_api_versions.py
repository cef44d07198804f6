"""Pages of earlier versions find in this bridge the requests and answers of their version of the API."""

from __future__ import annotations

import http.client
import json
import secrets
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.api_versions import ApiVersion, lacking
from tests.support.servers.bridge import upload
from webbridge.blueprints.json_values import base64_text
from webbridge.blueprints.settings import API_VERSION, OLDEST_PAGES
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

pytestmark = pytest.mark.server

MESSAGE = b"From: alice@example.test\r\nTo: bob@example.test\r\nMessage-ID: <v@example.test>\r\n\r\nHello\r\n"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    """The demonstration, whose pages are never asked for."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "index.html").write_text("")
    with DemoStack(pages_folder=folder) as stack:
        yield stack


class OldPages:
    """Pages of one version: they send what it says, and note what an answer lacks."""

    def __init__(self, demo: DemoStack, version: ApiVersion) -> None:
        self.demo, self.version = demo, version
        self.cookie = self.account = ""
        self.asked: set[str] = set()
        self.lacks: list[str] = []

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        route = self.version.find_route(method, path.partition("?")[0])
        assert route is not None, path
        self.asked.add(route)
        headers = {"Origin": self.demo.pages_url, "Cookie": self.cookie}
        if method != "GET":
            headers |= {"X-Sealwax": "1", "X-Sealwax-Account": self.account, "Content-Type": kind}
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        with closing(http.client.HTTPConnection(urlsplit(self.demo.api_url).netloc, timeout=60)) as connection:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            data = answer.read()
        assert answer.status < 300, (path, answer.status, data)
        if method == "POST" and path == "/api/session":
            self.cookie = "; ".join(cookie.partition(";")[0] for cookie in answer.headers.get_all("Set-Cookie", []))
        shape = self.version.routes[route]
        if shape == "bytes":
            return data
        if shape == "nothing":
            return None
        self.lacks += lacking(json.loads(data), shape, route)
        return json.loads(data)


def walk_with_version_2(pages: OldPages, alice: Account, bob: Account) -> None:
    """The requests of pages of version 2, each with the members that they send."""
    assert pages.ask("GET", "/api/config")["anchors"]
    pages.account = pages.ask("POST", "/api/session", {"address": alice.address, "password": alice.mail_password})[
        "address"
    ].replace("@", "%40")
    pages.ask("GET", "/api/session")
    inbox = next(folder["id"] for folder in pages.ask("GET", "/api/folders")["folders"] if folder["role"] == "inbox")
    page = pages.ask("GET", f"/api/folders/{inbox}/messages?limit=50")
    newest = page["messages"][0]["uid"]
    pages.ask("GET", f"/api/folders/{inbox}/messages?limit=50&before={newest + 1}&uidValidity={page['uidValidity']}")
    assert b"Subject" in pages.ask("GET", f"/api/folders/{inbox}/{page['uidValidity']}/{newest}/raw")
    pages.ask("PUT", f"/api/folders/{inbox}/{page['uidValidity']}/flags", {"uids": [newest], "add": ["\\Seen"]})
    key = secrets.token_hex(16)
    sent = pages.ask("POST", "/api/send", upload(MESSAGE, bob.address, key=key), "application/octet-stream")
    assert sent == pages.ask("GET", f"/api/send/{key}")
    assert pages.ask("POST", "/api/directory", {"address": bob.address})["found"]
    authority = pages.demo.people.authority_certificate
    path = [base64_text(certificate.der) for certificate in (alice.identity.certificate, authority)]
    (answer,) = pages.ask("POST", "/api/pki/status", {"paths": [path]})["answers"]
    assert answer["crls"]
    pages.ask("POST", "/api/enrolment", b"")
    pages.ask("DELETE", "/api/session")


WALKS = {2: walk_with_version_2}


def test_every_version_that_the_bridge_takes_is_walked() -> None:
    assert list(WALKS) == list(range(OLDEST_PAGES, API_VERSION + 1))
    # Pages of the version before work, but for those of 0.1, whose API was another one.
    assert max(2, API_VERSION - 1) >= OLDEST_PAGES


@pytest.mark.parametrize("number", WALKS)
def test_pages_of_each_version_find_what_they_need(demo: DemoStack, number: int) -> None:
    pages = OldPages(demo, ApiVersion(number))
    WALKS[number](pages, *demo.accounts)
    assert pages.lacks == []
    assert pages.asked == set(pages.version.routes)
